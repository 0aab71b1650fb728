"""`simulate`: the therapy of the manual as it stands, faults that must not pass, and a result that repeats."""

import json

import pytest
from bench_cases import BUSY, THERAPY, needs_micropython
from typer.testing import CliRunner

from pumphil.rigs import open_rig
from pumphil.simulate import simulate
from pumphost.cli import app

KEYS = {
    "rig", "interpreter", "firmware_digest", "seed", "simulated_s", "wall_s", "wakes", "scheduled_nl", "commanded_nl",
    "delivered_nl", "max_abs_error_nl", "quantum_nl", "boluses", "alarms", "verdict",
}  # fmt: skip
DAY_S = 86_400


@pytest.fixture
def therapy(tmp_path):
    path = tmp_path / "therapy.toml"
    path.write_text(THERAPY)
    return path


def scenario(tmp_path, text):
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return path


def outcome(result, name):
    return next(check.outcome for check in result.checks if check.name.startswith(name))


@needs_micropython
def test_the_therapy_of_the_manual_runs_as_it_stands(therapy):
    """0.48 mL/day for 8 h and 0.96 for 16: 800 uL a day. One step is 215.5 nL, 0.96 mL/day brings 333 nL in 30 s:
    packets of 2 steps, a quantum of 431 + 1 nL."""
    data = simulate(therapy, 2 * DAY_S, rig="vm", seed=1).to_dict()
    assert data.keys() >= KEYS
    assert (data["rig"], data["seed"], data["simulated_s"]) == ("vm", 1, 2 * DAY_S)
    assert "micropython" in data["interpreter"]
    assert data["scheduled_nl"] == 1_600_000
    assert data["quantum_nl"] == 432
    assert data["max_abs_error_nl"] <= 432
    assert abs(data["commanded_nl"] - 1_600_000) <= 432
    assert data["delivered_nl"] == pytest.approx(1_600_000, rel=0.026)  # calibrated to 2.5 %
    assert (data["verdict"], data["alarms"], data["boluses"]) == ("accept", [], [])
    json.dumps(data)


def test_a_busy_day_is_accounted_for(therapy, tmp_path):
    """Two boluses of 20 uL are granted, one is denied inside the lockout, one is cut after 4 of 10 min: 8 uL."""
    data = simulate(therapy, 2 * DAY_S, rig="sim", scenario_path=scenario(tmp_path, BUSY)).to_dict()
    assert [bolus["granted"] for bolus in data["boluses"]] == [True, False, True]
    assert data["boluses"][1]["reason"] == "LOCKOUT"
    assert data["boluses"][1]["left"] == 85 * 60_000
    # The clock jumps from 02:00 to 03:00 on the second day: an hour less of the night before the faster step, and at
    # the end an hour of the next night, both at 0.48 mL/day, so the two days stay 1600 uL.
    stopped_nl = (57 + 1) * 960_000 / 1440
    expected_nl = 1_600_000 + 28_000 - stopped_nl
    assert data["scheduled_nl"] == pytest.approx(expected_nl, abs=0.001)
    assert data["verdict"] == "accept"


def test_the_same_seed_gives_the_same_result(therapy, tmp_path):
    def once():
        data = simulate(therapy, DAY_S, rig="sim", seed=9, scenario_path=scenario(tmp_path, BUSY)).to_dict()
        del data["wall_s"]
        return json.dumps(data, sort_keys=True)

    assert once() == once()


STALL = '[[event]]\nat = "06:00"\ndo = "motor_stall"\nfor = "06:00"\n'


def test_a_stalled_motor_stops_the_pump_until_it_is_started(therapy, tmp_path):
    """From 06:00 on nothing moves; at 12:00 it would again. 0.48 mL/day until 08:00, then 0.96: 40 + 160 uL of the
    hours before the start at 12:00 are withheld, less what went out before the pump noticed."""
    start = '[[event]]\nat = "12:00"\ndo = "start"\n'
    result = simulate(therapy, DAY_S, rig="sim", scenario_path=scenario(tmp_path, STALL + start))
    data = result.to_dict()
    assert data["alarms"][0]["name"] == "motor-stall"
    assert data["withheld_nl"] == pytest.approx(200_000, abs=3_000)  # ten steps and two packets
    assert result.verdict == "accept"


def test_a_stalled_motor_that_no_sensor_sees_is_rejected_by_the_balance_alone(therapy, tmp_path, monkeypatch):
    """Pulses go out and nothing moves: without a rotor sensor only the instrument can know."""
    monkeypatch.setattr("pumphil.rigs.inputs.Inputs.rotor", lambda self, plant, t_us: -1)
    result = simulate(therapy, DAY_S, rig="sim", scenario_path=scenario(tmp_path, STALL))
    assert result.verdict == "reject"
    assert outcome(result, "balance") == "reject"
    assert outcome(result, "pump against oracle") == "accept"


PLANT_FAULT = '[[event]]\nat = "02:00"\ndo = "plant_fault"\nfault = '


def test_an_occluded_outlet_stops_the_pump_as_it_should(therapy, tmp_path):
    text = PLANT_FAULT + '"occlusion"\nfor = "02:00"\n'
    result = simulate(therapy, DAY_S / 4, rig="sim", scenario_path=scenario(tmp_path, text))
    data = result.to_dict()
    assert [alarm["name"] for alarm in data["alarms"]] == ["downstream-occlusion"]
    # 16 uL to 70 kPa in 229 nL/kPa, at 0.48 mL/day: 48 min after 02:00, and a little more as the head fades
    assert 2.75 < data["alarms"][0]["t_s"] / 3600 < 3.1
    assert data["notes"][0].startswith("outlet occluded after 0 d 2.")
    assert result.verdict == "accept"


def test_a_leak_is_rejected_by_the_balance_alone(therapy, tmp_path):
    text = PLANT_FAULT + '"leak"\nwith = { share = 0.5 }\n'
    result = simulate(therapy, DAY_S / 4, rig="sim", scenario_path=scenario(tmp_path, text))
    assert result.verdict == "reject"
    assert outcome(result, "balance") == "reject"
    assert outcome(result, "pump against oracle") == "accept"
    assert result.to_dict()["balance_nl"] == pytest.approx(40_000 + 40_000, rel=0.05)  # 2 h whole, 4 h half


@pytest.mark.parametrize(("error", "verdict"), [(-0.04, "reject"), (0.04, "reject"), (0.0, "accept")])
def test_a_pump_out_of_calibration_is_not_accepted(therapy, tmp_path, error, verdict):
    rig = tmp_path / "rig.toml"
    rig.write_text(f'[rig]\nkind = "sim"\n[plant]\ncalibration_error = {error}\n')
    assert simulate(therapy, 5 * DAY_S, rig=str(rig)).verdict == verdict


def test_a_single_missing_packet_is_rejected(therapy, monkeypatch):
    """The judge counts what reached the motor, not what the pump says."""
    from pumphil.rigs.lockstep import LockstepRig

    exchange = LockstepRig.exchange

    def forgetful(self, t_us, to_pump=b""):
        answer = exchange(self, t_us, to_pump)
        if len(self.packets) == 500:
            self.packets.pop()
        return answer

    monkeypatch.setattr(LockstepRig, "exchange", forgetful)
    result = simulate(therapy, DAY_S, rig="sim")
    assert result.verdict == "reject"
    assert outcome(result, "pump against oracle") == "reject"


def test_running_empty_is_accepted_with_a_note(therapy):
    """18 mL less 0.5 mL at 0.8 mL/day: empty after 21.875 days (21:00 of the 22nd day less what nights hold back)."""
    data = simulate(therapy, 24 * DAY_S, rig="sim").to_dict()
    assert [alarm["name"] for alarm in data["alarms"]] == ["low-reservoir", "reservoir-empty"]
    # 21 whole days are 16.8 mL; 700 uL of the 22nd: 160 until 08:00, then 540 uL at 40 uL/h = 13.5 h -> 21:30
    assert data["alarms"][1]["t_s"] == pytest.approx(21 * DAY_S + 21.5 * 3600, abs=60)
    assert data["remaining_nl"] == pytest.approx(500_000, abs=432)
    assert data["withheld_nl"] == pytest.approx(24 * 800_000 - 17_500_000, abs=434)
    assert data["verdict"] == "accept"
    assert len(data["notes"]) == 1


def test_junk_on_the_link_is_counted_and_changes_nothing(therapy, tmp_path):
    noise = scenario(tmp_path, '[[event]]\nat = "06:00"\ndo = "link_noise"\nbytes = 10000\n')
    clean, noisy = (simulate(therapy, DAY_S, rig="sim", scenario_path=path).to_dict() for path in (None, noise))
    for key in ("commanded_nl", "delivered_nl", "alarms", "remaining_nl", "max_abs_error_nl"):
        assert clean[key] == noisy[key], key


def test_each_refill_says_what_was_used_of_the_commanded_volume(tmp_path):
    """A day each at 2.4 mL/day; a pump that gives 2 % too much uses 102 % of it, but for a packet and the ripple."""
    rig = tmp_path / "rig.toml"
    rig.write_text('[rig]\nkind = "sim"\n[plant]\ncalibration_error = 0.02\n')
    path = tmp_path / "t.toml"
    path.write_text(THERAPY.partition("[program]")[0] + '[program]\nmode = "continuous"\nrate = "0.1 mL/h"\n')
    refills = "".join(f'[[event]]\nat = "{day}d 00:00"\ndo = "refill"\nvolume = "18 mL"\n' for day in (1, 2))
    series = simulate(path, 2.5 * DAY_S, rig=str(rig), scenario_path=scenario(tmp_path, refills)).series
    assert [round(t_h) for t_h, _, _ in series.refills] == [24, 48]
    for _, commanded_nl, used_nl in series.refills:
        assert commanded_nl == pytest.approx(2_400_000, abs=863)
        assert used_nl == pytest.approx(1.02 * commanded_nl, abs=863 + 500)


def test_pictures_are_written_whole(therapy, tmp_path):
    result = simulate(therapy, DAY_S, rig="sim")
    for ending, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        path = tmp_path / f"run{ending}"
        result.save_plot(path)
        assert path.read_bytes().startswith(start)
        assert path.stat().st_size > 10_000


def test_the_command_writes_json_and_says_the_verdict(therapy, tmp_path):
    out = tmp_path / "out.json"
    arguments = ["simulate", str(therapy), "--hours", "6", "--rig", "sim", "--seed", "2", "--json", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    data = json.loads(out.read_text())
    assert (data["simulated_s"], data["seed"], data["verdict"]) == (6 * 3600, 2, "accept")
    assert "accept" in result.stdout


def test_a_rig_that_is_closed_can_be_opened_again(therapy):
    for _ in range(2):
        with open_rig("sim") as rig:
            rig.run_for(hours=1)
            assert rig.now_us == 3_600_000_000
