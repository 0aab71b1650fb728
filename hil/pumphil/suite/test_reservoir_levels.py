"""A reservoir that runs low and empty: when the pump says so, when it stops, and what it takes to start again."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import ledger_nl, passed_at_ms, records, refusal
from pumphil.suite.measures import HOUR_MS, TWO_TONES
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumplink import codes

LOW_NL = 3_000_000
EMPTY_NL = 500_000


@pytest.mark.requirement("RES-03")
@pytest.mark.parametrize(
    "rate, fill_nl, hours", [("0.048 mL/day", 3_010_000, 6), ("2.4 mL/day", 3_200_000, 3), ("24 mL/day", 4_000_000, 2)]
)
def test_reservoir_low_while_running(
    treatment: Treatment, record: HilRecord, rate: str, fill_nl: int, hours: int
) -> None:
    """Condition: a little above 3 mL. Action: delivery. Then when the alarm came, against ledger and therapy."""
    treatment.begin(continuous(rate, fill=f"{fill_nl / 1_000_000} mL"))
    treatment.run_for(hours=hours)
    alarms = treatment.alarms()
    judge_answers(record, "alarms", {"names": [name for _, name in alarms]}, {"names": ["low-reservoir"]})
    ((alarm_ms, _),) = alarms
    reached_ms = passed_at_ms(treatment.rig, fill_nl, LOW_NL)
    record.expect("alarm after the ledger reached 3 mL", "ms", error=alarm_ms - reached_ms, limit=60_000)
    allowed = treatment.prescription.low_interval_ms(treatment.quantum_nl())
    judge_answers(record, f"alarm at {alarm_ms} ms, by the therapy {allowed}", {"within": allowed.holds(alarm_ms)},
                  {"within": True})  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("RES-03")
@pytest.mark.short
def test_reservoir_low_while_stopped(treatment: Treatment, record: HilRecord) -> None:
    """Condition: stopped. Action: refills of one nanolitre above 3 mL, 3 mL, 10 mL. Then the alarm after each."""
    treatment.begin(continuous("0.960 mL/day"))
    treatment.idle_for(hours=1)
    treatment.stop()
    shown: dict[str, object] = {}
    for volume_nl in (LOW_NL + 1, LOW_NL, 10_000_000, 2_000_000):
        treatment.refill(volume_nl)
        treatment.run_for(seconds=60)
        shown[f"{volume_nl} nL"] = treatment.programmer.status().alarms
    low = ["low-reservoir"]
    judge_answers(record, "alarms 60 s after a refill", shown, {
        "3000001 nL": [], "3000000 nL": low, "10000000 nL": [], "2000000 nL": low})  # fmt: skip


@pytest.mark.requirement("RES-04")
def test_reservoir_low_denies_a_bolus(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: requests right after refills around 3 mL. Then answers."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(hours=1)
    answers: dict[str, object] = {}
    for volume_nl in (LOW_NL, 2_999_999, 600_000, LOW_NL + 1):
        treatment.refill(volume_nl)
        request = treatment.bolus()
        answers[f"{volume_nl} nL"] = (request.reason, request.left)
    judge_answers(record, "requests", answers, {
        "3000000 nL": ("LOW_RESERVOIR", 3_000_000), "2999999 nL": ("LOW_RESERVOIR", 2_999_999),
        "600000 nL": ("LOW_RESERVOIR", 600_000), "3000001 nL": (None, None),
    })  # fmt: skip
    treatment.run_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("RES-04")
def test_reservoir_bolus_that_would_run_it_empty(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 21.6 mL/day, which stretches 0.5 mL to five hours. Action: requests around 5.5 mL. Then answers.

    By the end of the bolus 4.5 mL of basal and 0.5 mL of bolus have gone: 5.5 mL just leave the empty threshold.
    """
    treatment.begin(continuous("21.6 mL/day", bolus=BolusText("500 uL", "01:00", "06:00", 4)))
    treatment.run_for(seconds=600)
    answers: dict[str, object] = {}
    for volume_nl in (5_499_999, 5_500_000):
        treatment.refill(volume_nl)
        request = treatment.bolus()
        answers[f"{volume_nl} nL"] = (request.reason, request.left, request.duration_ms)
    judge_answers(record, "requests", answers, {
        "5499999 nL": ("LOW_RESERVOIR", 5_499_999, None), "5500000 nL": (None, None, 5 * HOUR_MS)})  # fmt: skip
    treatment.run_for(hours=4.9)
    record.against_oracle(treatment)


@pytest.mark.requirement("RES-05", "RES-03")
def test_reservoir_low_empty_refilled_restarted(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 3.4 mL at 9.6 mL/day. Action: a day of it, a refill, a restart. Then alarms, stop and starts."""
    rig, programmer = treatment.rig, treatment.programmer
    treatment.begin(continuous("9.6 mL/day", fill="3.4 mL", bolus=True))
    _run_with_samples(treatment, hours=12)
    packets = len(rig.packets)
    alarms = dict(reversed([(name, t_ms) for t_ms, name in treatment.alarms()]))
    judge_answers(record, "alarms", {"names": sorted(alarms)}, {"names": ["low-reservoir", "reservoir-empty"]})
    # 0.4 mL and 2.9 mL at 0.4 mL an hour
    for name, level_nl, by_hand_ms, limit_ms in (
        ("low-reservoir", LOW_NL, HOUR_MS, 60_000), ("reservoir-empty", EMPTY_NL, 7.25 * HOUR_MS, 10_000),
    ):  # fmt: skip
        after_ms = alarms[name] - passed_at_ms(rig, 3_400_000, level_nl)
        record.expect(f"{name} after the ledger got there", "ms", error=after_ms, limit=limit_ms)
        off_nl = (alarms[name] - by_hand_ms) * 9_600_000 / 86_400_000
        record.expect(f"{name} against hand computation", "nL", error=off_nl, limit=treatment.quantum_nl(),
                      budget={"quantisation": treatment.quantum_nl()}, bound=True)  # fmt: skip
    record.expect("packets after the empty alarm", "1", limit=0,
                  error=sum(t_ms > alarms["reservoir-empty"] for t_ms, _ in rig.packets))  # fmt: skip
    left_nl = ledger_nl(rig, 3_400_000)
    record.expect("below the empty threshold", "nL", error=max(0, EMPTY_NL - left_nl), limit=treatment.quantum_nl(),
                  budget={"quantisation": treatment.quantum_nl()}, bound=True)  # fmt: skip
    judge_answers(record, "empty", {"mode": programmer.status().mode, "light and sound": (rig.light, rig.sound)},
                  {"mode": codes.STOP_MODE, "light and sound": (codes.HIGH, TWO_TONES)})  # fmt: skip

    acknowledge = lambda: programmer.acknowledge(codes.ALARM_EMPTY)  # noqa: E731 - one more action of the list
    got: dict[str, object] = {}
    for name, action in (
        ("start", programmer.start), ("acknowledge", acknowledge), ("start then", programmer.start),
        ("bolus", programmer.bolus), ("stop", programmer.stop), ("start after stop", programmer.start),
    ):  # fmt: skip
        got[name] = refusal(action)
        _run_with_samples(treatment, hours=0.5)
    denied = ("ALARM_ACTIVE", codes.ALARM_EMPTY)
    judge_answers(record, "attempts before a refill", got, {
        "start": denied, "acknowledge": denied, "start then": denied, "bolus": ("STOPPED", codes.STOP_MODE),
        "stop": None, "start after stop": denied,
    })  # fmt: skip
    treatment.refill(10_000_000)
    got = {"refilled, not acknowledged": refusal(programmer.start)}
    _run_with_samples(treatment, hours=1)
    record.expect("packets from the alarm to the restart", "1", error=len(rig.packets) - packets, limit=0)
    treatment.restart_after_empty()
    got["acknowledged"] = None if programmer.status().delivering else "not delivering"
    judge_answers(record, "starts after the refill", got, {"refilled, not acknowledged": denied, "acknowledged": None})
    _run_with_samples(treatment, hours=6)
    cleared = [codes.ALARMS[r.a][0] for r in records(treatment, codes.REC_ALARM_CLEAR)]
    # the reminder is of the stop by hand, an hour and a half of it
    names = ["low-reservoir", "reservoir-empty", "stopped-reminder"]
    judge_answers(record, "alarms cleared", {"names": sorted(cleared)}, {"names": names})
    record.volumes(treatment)
    record.curves(treatment, "reservoir: low, empty, refilled, restarted")


def _run_with_samples(treatment: Treatment, hours: float) -> None:
    """Run, with a look at the instruments each quarter of an hour."""
    for _ in range(round(hours * 4)):
        treatment.run_for(seconds=900)
        treatment.sample()
