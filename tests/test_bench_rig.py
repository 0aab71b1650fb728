"""The rig of a real bench, on one that is simulated as a whole: what it measures, and what it says of what is wrong.

    python -m pytest tests/test_bench_rig.py

Pump and probe run their own firmware (bench_world.py); what came out of the simulated pump is the plant's own account,
which the rig never sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_world import World, options

from pumphil.hil_record import HilRecord
from pumphil.metrology.calibration import Calibration, write
from pumphil.records import Recorder
from pumphil.rigs import RigBroken, RigMissing, capabilities, open_rig
from pumphil.rigs.bench.rig import BenchRig
from pumphil.suite import test_smoke as smoke
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.programmer import Programmer
from pumplink import codes

HEAD = '[rig]\nkind = "bench"\n[pump]\nport = "/dev/none-pump"\n[probe]\nport = "/dev/none-probe"\n'


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def rig(world: World) -> Iterator[BenchRig]:
    with BenchRig(0, options(), world) as opened:
        yield opened


def recorder() -> Recorder:
    return Recorder(rig="bench", interpreter="", firmware_digest="", seed=0, pumpbench_version="")


# -- the suite on it


@pytest.mark.timeout(240)
def test_the_smoke_test_of_the_suite_passes_on_a_bench(rig: BenchRig, world: World) -> None:
    """A day of therapy, oracle against pump against balance, by way of USB link, probe and balance."""
    notes = recorder()
    smoke.test_smoke_a_day_of_therapy(Treatment(rig), HilRecord(notes, "smoke", ("FLOW-03",)))
    weighed = next(m for m in notes.run.measurements if m.name == "balance against pump")
    assert weighed.outcome == "accept"
    assert rig.pulses == sum(steps for _, steps in world.sim.packets) > 4_000


def test_pulses_that_the_pump_claims_and_nobody_saw_are_found() -> None:
    """The pump's own account is right by its own lights; the probe has seen less."""
    with BenchRig(0, options(), World(0, "every tenth pulse is lost")) as rig:
        treatment = Treatment(rig)
        treatment.begin(smoke.loads(smoke.THERAPY))
        treatment.run_for(hours=3)
        with pytest.raises(AssertionError, match="pump against oracle"):
            HilRecord(recorder(), "lost", ()).against_oracle(treatment)


@pytest.mark.parametrize(
    "wrong,hours,sound",
    [("wakes are 90 ms late and the clock 100 ppm slow", 3, True), ("wakes are 150 ms late", 0.03, False)],
)
def test_a_pump_may_be_late_by_what_is_allowed(wrong: str, hours: float, sound: bool) -> None:
    """TIME-09 and TIME-05: after three hours at 24 mL/day 90 ms and 1.08 s are 325 nL."""
    with BenchRig(0, options(), World(0, wrong)) as rig:
        treatment = Treatment(rig)
        treatment.begin(continuous("24 mL/day"))
        treatment.run_for(hours=hours)
        found = treatment.pump_against_oracle()
        assert found.packets > 2
        assert (found.max_abs_nl <= treatment.quantum_nl(), found.worst_ratio <= 1) == (sound, sound)


def test_packets_have_the_time_and_size_that_left_the_motor_port(rig: BenchRig, world: World) -> None:
    treatment = Treatment(rig)
    treatment.begin(continuous("12 mL/day"))
    treatment.run_for(seconds=100)
    started_ms = 3_000  # the world has run for so long when the rig starts the pump anew
    assert len(rig.packets) >= 3
    assert rig.packets == [(t_ms - started_ms, steps) for t_ms, steps in world.sim.packets[: len(rig.packets)]]
    assert rig.plant.steps_done(rig.now_us) == rig.pulses == sum(steps for _, steps in rig.packets)
    assert rig.plant.enabled == world.sim.plant.enabled


def test_edges_that_were_pushed_out_are_told_and_break_nothing(rig: BenchRig, world: World) -> None:
    """A hundred and more wakes between two looks: AWAKE alone fills the probe's log of 256 edges."""
    world.sim.plant.enable(True, world.sim.now_us)
    for _ in range(300):
        world.board.chip.set(8, 1)
        world.board.chip.set(8, 0)
        world.board.loop()
    rig.look()
    assert any(line == "edges" and words.endswith("lost") for _, line, words in rig.trace)
    assert rig.plant.enabled


@pytest.mark.parametrize("red, yellow, pattern", [(0, 0, 0), (0, 1, 1), (1, 0, 3), (1, 1, 3)])
def test_lamps_that_stay(rig: BenchRig, world: World, red: int, yellow: int, pattern: int) -> None:
    world.board.chip.set(20, red)
    world.board.chip.set(21, yellow)
    before_us = rig.now_us
    assert rig.light == pattern
    assert rig.now_us >= before_us + 1_100_000


@pytest.mark.parametrize("tones, pattern", [((2_400,), 1), ((2_400, 1_800), 2)])
def test_a_burst_of_one_tone_or_of_two(rig: BenchRig, world: World, tones: tuple[int, ...], pattern: int) -> None:
    """By `Annunciator`: 1 s of 2 400 Hz, or 3 s in which 2 400 and 1 800 Hz take turns every 250 ms."""
    chip = world.board.chip
    world.sleep(1)
    rig.look()
    began_us = chip.now_us
    for note in range(8):
        hertz = tones[note % len(tones)]
        for _ in range(hertz // 4):
            world.board.pulse(chip.now_us + 1_000_000 // hertz - 50, pin=12, width_us=50)
            world.board.loop()
    world.sim.run_until(chip.now_us - world._origin_us)
    heard = rig.bursts()
    assert [found for _, found in heard] == [pattern]
    assert abs(heard[0][0] - (began_us - rig._zero_us) // 1_000) <= 60
    assert rig.bursts(from_ms=heard[0][0] + 1) == []


# -- power and inputs


def test_a_power_cut_ends_the_pump_and_it_comes_back(rig: BenchRig, world: World) -> None:
    treatment = Treatment(rig)
    treatment.begin(continuous("12 mL/day"))
    treatment.run_for(seconds=60)
    before_us = rig.now_us
    rig.power_cut()
    assert not world.sim.powered
    rig.power_on(after_us=30_000_000)
    assert world.sim.powered
    assert rig.now_us >= before_us + 30_000_000
    status = Programmer(rig.transport(), keys=lambda uid: rig.keys).status()
    assert status.delivered_nl > 0
    with pytest.raises(ValueError, match="the power is on"):
        rig.power_on()


@pytest.mark.parametrize(
    "channel", [codes.SENSE_BUTTON, codes.SENSE_STOP, codes.SENSE_COVER, codes.SENSE_JUMPER, codes.SENSE_PRESENCE]
)
def test_inputs_that_the_probe_plays_reach_the_pump(rig: BenchRig, world: World, channel: int) -> None:
    for value in (1, 0):
        rig.set_input(channel, value)
        assert world.sim._inputs.values[channel] == value


def test_an_input_that_nobody_plays_is_refused(rig: BenchRig) -> None:
    with pytest.raises(ValueError, match="does not play outlet"):
        rig.set_input(codes.SENSE_OUTLET, 70_000)


def test_the_end_stops_the_pump_and_takes_every_fault_back(world: World) -> None:
    with BenchRig(0, options(), world) as rig:
        treatment = Treatment(rig)
        treatment.begin(continuous("12 mL/day"))
        treatment.run_for(seconds=60)
        world.probe.drive("valve-shut")
        pressed: list[int] = []
        world.sim.set_input = lambda channel, value: pressed.append(channel)  # type: ignore[method-assign]
    assert codes.SENSE_STOP in pressed
    assert world.board.chip.driven[13] == 0
    assert world.closed


# -- what is missing


@pytest.mark.parametrize(
    "wrong, words",
    [
        ("pump stays dead", "the probe did not see the pump start within 20 s"),
        ("silent probe", "the probe did not answer"),
        ("no keys", "no keys of pump"),
        ("no balance", "no balance, and without one nothing is weighed"),
    ],
)
def test_what_is_missing_is_told_and_everything_is_closed(wrong: str, words: str) -> None:
    world = World(0, wrong)
    with pytest.raises(RigMissing, match=words):
        BenchRig(0, options(), world)
    assert world.closed


def test_a_probe_that_goes_away_breaks_the_rig(rig: BenchRig, world: World) -> None:
    world.wrong = ("silent probe",)
    with pytest.raises(RigBroken, match="the probe did not answer"):
        rig.run_for(seconds=1)


def test_a_reservoir_that_the_board_has_not_is_missing() -> None:
    with pytest.raises(RigMissing, match="not 40000000; use --rig vm"):
        BenchRig(0, options(reservoir_nl=40_000_000), World())


def test_without_devices_the_ports_are_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(HEAD)
    with pytest.raises(RigMissing, match=r"cannot open /dev/none-probe.*it is probe\.port in the rig file"):
        open_rig(str(file))
    with pytest.raises(RigMissing, match=r"PROBE-SERIAL-NUMBER.*it is probe\.port in the rig file"):
        open_rig("bench")
    assert "power-cuts" in capabilities("bench")


# -- the rig file


@pytest.mark.parametrize(
    "text, said",
    [
        ('[pump]\nport = "x"\n', ["probe.port is missing", "usb:SERIAL-NUMBER"]),
        ('[probe]\nport = "x"\n', ["pump.port is missing", "usb:SERIAL-NUMBER"]),
        (HEAD[20:] + "[lamps]\n", ["unknown section [lamps]", "rig, pump, probe, calibration"]),
        (
            HEAD[20:] + '[calibration]\nfile = "none.toml"\n',
            ["no calibration file", "none.toml", "pumpbench calibrate"],
        ),
        (HEAD[20:] + "[calibration]\nmax_age_days = 0\n", ["calibration.max_age_days is 0", "1 or more"]),
        (HEAD[20:] + "[plant]\nwheels = 3\n", ["unknown key plant.wheels", "rollers"]),
        (HEAD[20:] + '[plant]\nrollers = "8"\n', ["plant.rollers is '8'", "a number"]),
        (HEAD[20:] + "[plant]\nrollers = 0\n", ["plant parameter rollers refused"]),
        (HEAD[20:] + '[instruments.flow]\nport = "x"\n', ["unknown section [instruments.flow]"]),
        ('[pump]\nport = "x"\nfirmware = "new"\n[probe]\nport = "y"\n', ["pump.firmware is 'new'", "this, any"]),
        ('[pump]\nport = 3\n[probe]\nport = "y"\n', ["pump.port is 3", "a text"]),
        ('[pump]\nport = "x"\nbaud = 3\n[probe]\nport = "y"\n', ["unknown key pump.baud", "port, firmware, erase"]),
        ('pump = 3\n[probe]\nport = "y"\n', ["pump is 3: it is a section"]),
    ],
)
def test_a_wrong_rig_file_is_named_with_the_key(tmp_path: Path, text: str, said: list[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('rig = { kind = "bench" }\n' + text)
    with pytest.raises(RigBroken) as broken:
        open_rig(str(file))
    assert not isinstance(broken.value, RigMissing)
    assert [part for part in said if part not in str(broken.value)] == []


def test_a_calibration_is_given_to_the_pump_and_to_the_judge(tmp_path: Path) -> None:
    """In force with the next program; the pump then makes fewer steps for the same volume."""
    from datetime import UTC, datetime

    from pumphil.rigs.bench import bench_options

    told = Calibration(
        date=datetime(2026, 11, 20, tzinfo=UTC), tube="B04", temperature_c=22.0, runs=5, revolutions=12,
        nl_per_rev=47_410.0, sd_nl=120.0, standard_uncertainty_nl=60.0,
    )  # fmt: skip
    write(tmp_path / "cal.toml", told)
    content = {"rig": {"kind": "bench"}, "pump": {"port": "a"}, "probe": {"port": "b"}}
    chosen = bench_options({**content, "calibration": {"file": "cal.toml"}}, tmp_path)
    assert (chosen.plant.nl_per_rev, chosen.calibration) == (47_410, told)
    assert chosen.plant.calibration_limit == pytest.approx(2 * 60 / 47_410)
    with BenchRig(0, options(plant=chosen.plant, calibration=told), World()) as rig:
        treatment = Treatment(rig)
        treatment.begin(continuous("12 mL/day"))
        assert treatment.programmer.limits().nl_per_rev == 47_410
        treatment.run_for(seconds=600)
        HilRecord(recorder(), "calibrated", ()).against_oracle(treatment)
