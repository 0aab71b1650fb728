"""The virtual rigs around the firmware: store, inputs, second clock, rotor, power cuts and resets.

    python -m pytest tests/test_rigs_power.py

A stand-in takes the place of the pump and does what it is told (standin.py), on `sim` and in a real MicroPython.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench_cases import needs_micropython
from standin import StandinRig, standin_rig

from pumpfw.core.ports import ABSENT
from pumphil.plant import PlantParameters
from pumphil.rigs.lockstep import RigOptions
from pumplink import codes

SECOND_US = 1_000_000
MASK = (1 << 30) - 1
OPTIONS = RigOptions(provisioned=False, plant=PlantParameters(start_step=50, calibration_error=0.0))


@pytest.fixture(params=["sim", pytest.param("vm", marks=needs_micropython)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandinRig]:
    with standin_rig(kind, monkeypatch, tmp_path, options=OPTIONS) as made:
        yield made


# -- store: the contract as in test_port_contracts.py, through the pipes as well


def test_the_store_is_called_in_the_middle_of_a_poll(bench: StandinRig) -> None:
    assert bench.ask("read(2, 0, 10)") == b""
    assert bench.ask("[store.append(2, b'abc'), store.append(2, b'def'), read(2, 1, 4)]") == [True, True, b"bcde"]
    assert bench.ask("read(2, 4, 99)") == b"ef"
    assert bench.ask("[store.erase(2), read(2, 0, 9), store.erase(3)]") == [True, b"", True]
    assert bench.rig.wakes == 4, "one exchange a wake, whatever the store does"


@pytest.mark.parametrize("size", [1, 17, 18, 33, 34, 35, 48, 49, 50, 4_000, 9_000])
def test_appends_of_any_size_arrive_whole(bench: StandinRig, size: int) -> None:
    made = f"(bytes(range(256)) * 36)[:{size}]"
    assert bench.ask(f"[store.append(0, {made}), store.append(1, memoryview({made}))]") == [True, True]
    assert bench.rig.store.snapshot() == dict.fromkeys((0, 1), (bytes(range(256)) * 36)[:size])
    assert bench.ask(f"read(0, 0, {size}) == {made}") is True


def test_small_pieces_are_read_as_they_are_stored_now(bench: StandinRig) -> None:
    """However much of it the board has read ahead."""
    assert bench.ask("[store.append(2, bytes(range(250)) * 5), store.append(3, b'other')]") == [True, True]
    for size in (7, 160, 479, 480, 481, 1_250):
        parts = "+".join(f"read(2, {at}, {size})" for at in range(0, 1_300, size))
        assert bench.ask(f"{parts} == bytes(range(250)) * 5") is True
    assert bench.ask("[read(2, 0, 3), read(3, 0, 9), read(2, 478, 4), read(2, 1248, 9), read(2, 1250, 1)]") == [
        b"\0\1\2", b"other", b"\xe4\xe5\xe6\xe7", b"\xf8\xf9", b"",
    ]  # fmt: skip
    assert bench.ask("[read(3, 0, 9), store.append(3, b's'), read(3, 3, 9), store.erase(3), read(3, 0, 9)]") == [
        b"other", True, b"ers", True, b"",
    ]  # fmt: skip
    assert bench.ask("read(2, 0, 3)") == b"\0\1\2"
    bench.rig.store.flip(2, 1, 7)
    assert bench.ask("read(2, 0, 3)") == b"\0\x81\2"


def test_a_store_that_fails_says_so_and_keeps_what_it_has(bench: StandinRig) -> None:
    bench.ask("store.append(0, b'kept')")
    bench.rig.store.fail_writes = True
    assert bench.ask("[store.append(0, b'lost'), store.erase(0), read(0, 0, 9)]") == [False, False, b"kept"]


# -- inputs


def test_every_sensor_shows_what_the_rig_says_from_the_first_wake_on(bench: StandinRig) -> None:
    shown = bench.ask("[sensors.read(channel) for channel in range(12)]")
    assert shown[1:4] == [0, 0, 0]
    assert shown[codes.SENSE_LEVEL] == ABSENT
    assert shown[5:10] == [5_000, 25_000, 0, 0, 0]
    assert shown[codes.SENSE_TEST] == 0


def test_an_input_that_changes_wakes_the_firmware_at_once(bench: StandinRig) -> None:
    bench.ask("at.update({'do': 'at.update({\"seen\": (now, sensors.read(1))})'})")
    asked_at = bench.ask("now")
    bench.rig.run_for(seconds=12)
    bench.rig.set_input(codes.SENSE_OUTLET, -7)
    assert bench.ask("at['seen']") == (asked_at + 12_000, -7)
    bench.rig.set_input(codes.SENSE_LEVEL, 18_000_000)
    assert bench.ask("[sensors.read(1), sensors.read(4)]") == [-7, 18_000_000]
    bench.rig.set_input(codes.SENSE_LEVEL, ABSENT)
    assert bench.ask("sensors.read(4)") == ABSENT
    with pytest.raises(ValueError, match="no sensor 14"):
        bench.rig.set_input(14, 0)
    with pytest.raises(ValueError, match="cannot show"):
        bench.rig.set_input(1, 1 << 30)


def test_the_rotor_sensor_follows_the_plant_and_not_the_pulses(bench: StandinRig) -> None:
    """200 steps are 4 096 counts; step 50 is a quarter turn."""
    count = f"sensors.read({codes.SENSE_ROTOR})"
    assert bench.ask(count) == 1_024
    bench.ask("[motor.enable(True), motor.queue(25, 10000)]")
    bench.rig.run_for(seconds=1)
    assert bench.ask(count) == 1_024 + 512
    bench.rig.plant.stall(bench.rig.now_us, bench.rig.now_us + 10 * SECOND_US)
    bench.ask("motor.queue(25, 10000)")
    bench.rig.run_for(seconds=1)
    assert bench.ask(f"[motor.done(), {count}]") == [50, 1_536]
    bench.rig.rotor_extra(100)
    assert bench.ask(count) == 1_636
    bench.rig.rotor_extra(-1_637)
    assert bench.ask(count) == MASK, "modulo 2^30"
    bench.rig.set_input(codes.SENSE_ROTOR, ABSENT)
    assert bench.ask(count) == ABSENT


def test_the_second_clock_runs_as_fast_as_it_is_told(bench: StandinRig) -> None:
    ticks = f"sensors.read({codes.SENSE_TICKS})"
    last = bench.ask(ticks)
    for ppm, after_ms in [(0, 1_000_000), (1_000, 1_001_000), (-20_000, 980_000), (-1_000_000, 0), (0, 1_000_000)]:
        bench.rig.second_clock_ppm = ppm
        bench.rig.run_for(seconds=1_000)
        now = bench.ask(ticks)
        assert (now - last) & MASK == after_ms
        last = now
    for _ in range(4):
        bench.rig.run_for(days=5)
        assert 0 <= bench.ask(ticks) <= MASK, "it wraps every 12.4 days"
    bench.rig.set_input(codes.SENSE_TICKS, ABSENT)
    assert bench.ask(ticks) == ABSENT


def test_a_rig_may_lack_any_sensor(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with standin_rig(kind, monkeypatch, tmp_path, options=replace(OPTIONS, inputs={})) as bench:
        assert bench.ask("[sensors.read(channel) for channel in range(12)]") == [ABSENT] * 12


# -- signals


def test_light_and_bursts_of_sound_are_traced(bench: StandinRig) -> None:
    bench.ask("annunciator.light(2)")
    bench.ask("annunciator.sound(1)")
    bench.ask("now")
    bench.ask("annunciator.sound(1)")
    bench.ask("annunciator.sound(0)")
    bench.ask("annunciator.sound(0)")
    assert [words for _, what, words in bench.rig.trace if what == "signal"] == [
        "light 2 sound 0", "light 2 sound 1", "light 2 sound 1", "light 2 sound 0",
    ]  # fmt: skip
    assert (bench.rig.light, bench.rig.sound) == (2, 0)


# -- power


def test_a_reset_starts_a_new_firmware_over_the_same_store(bench: StandinRig) -> None:
    """PWR-05: with its cause; counters of the board begin anew, store, plant and inputs stay."""
    assert bench.ask("config['reset_cause']") == codes.RESET_POWER_ON
    bench.ask("[motor.enable(True), motor.queue(25, 10000), store.append(0, b'kept'), at.update({'here': 1})]")
    bench.rig.set_input(codes.SENSE_OUTLET, 77)
    bench.rig.run_for(seconds=1)
    for cause in codes.RESETS:
        bench.rig.reset(cause)
        assert bench.rig.powered
        assert bench.ask("[config['reset_cause'], motor.done(), sensors.read(1), 'here' in at]") == [
            cause,
            0,
            77,
            False,
        ]
    assert bench.ask("read(0, 0, 9)") == b"kept"
    assert bench.rig.plant.rotor_steps(bench.rig.now_us) == 25
    bench.ask("motor.enable(True)")
    bench.rig.reset()
    bench.ask("[motor.enable(True), motor.queue(5, 10000)]")
    bench.rig.run_for(seconds=1)
    assert bench.rig.plant.rotor_steps(bench.rig.now_us) == 25 + 5, "on in the first wake after a reset"


def test_the_power_ends_a_packet_at_once(bench: StandinRig) -> None:
    """PWR-01: pulses starve, the driver is off while there is no power and after it until it is switched on."""
    bench.ask("[motor.enable(True), motor.queue(25, 10000)]")
    bench.rig.run_for(seconds=0.105)
    bench.rig.power_cut()
    assert not bench.rig.plant.enabled
    bench.rig.run_for(seconds=10)
    assert bench.rig.plant.steps_done(bench.rig.now_us) == 10
    bench.rig.power_on()
    assert bench.ask("[motor.queue(5, 10000), motor.done()]") == [None, 0]
    bench.rig.run_for(seconds=1)
    assert bench.ask("motor.done()") == 5
    assert bench.rig.plant.rotor_steps(bench.rig.now_us) == 10


def test_without_power_nothing_answers_and_nothing_wakes(bench: StandinRig) -> None:
    bench.ask("now")
    bench.rig.power_cut()
    bench.rig.power_cut()
    wakes = bench.rig.wakes
    assert bench.ask("now") is None
    bench.rig.set_input(codes.SENSE_OUTLET, 5)
    bench.rig.run_for(hours=1)
    assert bench.rig.wakes == wakes
    assert bench.rig.exchange(bench.rig.now_us) == b""
    bench.rig.power_on(after_us=30 * SECOND_US, cause=codes.RESET_BROWN_OUT)
    assert bench.rig.now_us == 3_630 * SECOND_US
    assert bench.ask("[sensors.read(1), config['reset_cause']]") == [5, codes.RESET_BROWN_OUT]
    with pytest.raises(ValueError, match="the power is on"):
        bench.rig.power_on()
    assert [words for _, what, words in bench.rig.trace if what == "power"] == ["off", "on, brown-out"]


def test_pump_time_goes_on_from_what_the_firmware_restores(bench: StandinRig) -> None:
    """The stand-in keeps its start in area 40, in seconds. The tick counter itself starts anywhere."""
    assert bench.ask("[now, store.append(40, bytes([7]))]") == [0, True]
    bench.rig.run_for(seconds=50)
    bench.rig.reset()
    assert bench.ask("now") == 7_000
    bench.rig.run_for(seconds=2)
    assert bench.ask("now") == 9_000


def test_a_cut_in_the_middle_of_a_write_leaves_a_part_of_it_and_no_command(bench: StandinRig) -> None:
    """What the firmware wanted in that wake never reaches the plant."""
    bench.ask("motor.enable(True)")
    bench.rig.store.cut_after(1, 3)
    assert (
        bench.ask("[motor.queue(5, 10000), store.append(0, b'one'), store.append(0, b'two'), store.erase(0)]") is None
    )
    assert not bench.rig.powered
    assert bench.rig.store.snapshot() == {0: b"onetwo"}
    bench.rig.run_for(seconds=1)
    assert bench.rig.packets == []
    assert bench.rig.plant.steps_done(bench.rig.now_us) == 0
    bench.rig.power_on()
    assert bench.ask("[read(0, 0, 9), store.append(0, b'!')]") == [b"onetwo", True]


def test_a_cut_while_time_runs_stops_the_firmware_there(bench: StandinRig) -> None:
    bench.ask("at.update({'every': 1000, 'do': 'store.append(5, b\"x\")'})")
    bench.rig.store.cut_after(10, 0)
    bench.rig.run_for(seconds=60)
    assert not bench.rig.powered
    assert bench.rig.now_us == 60 * SECOND_US
    assert bench.rig.store.size(5) == 10
    assert (11_000, "power", "off") in bench.rig.trace


def test_a_cut_while_the_firmware_starts(bench: StandinRig) -> None:
    """The first wake reads the store already; a write of it can be cut as any other."""
    bench.ask("store.append(40, bytes([1]))")
    bench.rig.reset()
    bench.rig.store.cut_after(0, 0)
    assert bench.ask("store.append(40, bytes([2]))") is None
    bench.rig.power_on()
    assert bench.ask("read(40, 0, 9)") == b"\1"


@needs_micropython
def test_sim_and_vm_agree_to_the_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []
    for name in ("sim", "vm"):
        with standin_rig(name, monkeypatch, tmp_path, seed=5, options=OPTIONS) as bench:
            rig = bench.rig
            bench.ask("at.update({'every': 700, 'do': 'store.append(now // 7000, repr(sensors.read(10)).encode())'})")
            rig.run_for(seconds=20)
            rig.second_clock_ppm = 900
            rig.reset()
            bench.ask("at.update({'every': 300, 'do': 'store.append(9, repr(sensors.read(10)).encode())'})")
            rig.run_for(seconds=20)
            seen.append((rig.store.snapshot(), rig.wakes, rig.trace))
    assert seen[0] == seen[1]


@needs_micropython
def test_every_child_is_gone_when_the_rig_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with standin_rig("vm", monkeypatch, tmp_path) as bench:
        first = bench.rig._process  # type: ignore[attr-defined]
        bench.rig.reset()
        second = bench.rig._process  # type: ignore[attr-defined]
        assert first.poll() is not None
        assert second.poll() is None
    assert second.poll() is not None
