"""Denied requests: what a denial leaves alone, and when there has to be one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import answer, records, state
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumplink import codes

LOCKOUT_MS = 2 * HOUR_MS  # of BolusText()
DURATION_MS = 600_000
FAST = "12 mL/day"  # packets of 20 steps
STALLED_S = 150  # until the alarm: the stretch of a minute in which it begins may end well


def _locked(treatment: Treatment) -> None:
    treatment.bolus()
    treatment.run_for(hours=1)


def _used_up(treatment: Treatment) -> None:
    for _ in range(2):
        treatment.bolus()
        treatment.run_for(hours=3)


def _busy(treatment: Treatment) -> None:
    treatment.bolus()
    treatment.run_for(seconds=100)


def _low(treatment: Treatment) -> None:
    treatment.refill(3_000_000)


def _stopped(treatment: Treatment) -> None:
    treatment.stop()


def _disabled(treatment: Treatment) -> None:
    treatment.program(continuous("0.960 mL/day"))


@pytest.mark.requirement("BOL-06")
@pytest.mark.parametrize(
    "reason, condition",
    [("LOCKOUT", _locked), ("MAX_COUNT", _used_up), ("BUSY", _busy), ("LOW_RESERVOIR", _low), ("STOPPED", _stopped),
     ("DISABLED", _disabled)],
    ids=["lockout", "maximum", "busy", "low reservoir", "stopped", "disabled"],
)  # fmt: skip
def test_bolus_denial_changes_nothing(
    treatment: Treatment, record: HilRecord, reason: str, condition: Callable[[Treatment], None]
) -> None:
    """Condition: one that denies. Action: thirty requests. Then state, packets and journal."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(max_per_24h=2)))
    treatment.run_for(hours=1)
    condition(treatment)
    before, packets = state(treatment.programmer), len(treatment.rig.packets)
    requests = [treatment.bolus() for _ in range(30)]
    changed = [name for name, value in state(treatment.programmer).items() if value != before[name]]
    record.expect(f"parts of the state changed by denials: {changed}", "1", error=len(changed), limit=0)
    record.expect("packets commanded by denials", "1", error=len(treatment.rig.packets) - packets, limit=0)
    journalled = [codes.STATUS[r.b][0] for r in records(treatment, codes.REC_BOLUS_DENIED)]
    answers = {"answers": [r.reason for r in requests], "journal": journalled}
    judge_answers(record, f"30 requests denied for {reason}", answers, dict.fromkeys(answers, [reason] * 30))
    treatment.run_for(days=1)
    record.against_oracle(treatment)


def _without_clock(treatment: Treatment) -> None:
    treatment.program(continuous(FAST, bolus=True))  # no time of day: the medium-priority clock alarm
    treatment.start()


def _set_clock(treatment: Treatment) -> None:
    treatment.set_clock(8 * HOUR_MS)


def _before_start(treatment: Treatment) -> None:
    treatment.program(continuous(FAST, bolus=True), local_ms_of_day=0)


def _stopped_again(treatment: Treatment) -> None:
    treatment.begin(continuous(FAST, bolus=True))
    treatment.stop()


def _fault(treatment: Treatment) -> None:
    treatment.begin(continuous(FAST, bolus=True))
    treatment.run_for(seconds=60)
    now_us = treatment.rig.now_us
    treatment.rig.plant.stall(now_us, now_us + STALLED_S * 1_000_000)
    treatment.rig.run_for(seconds=STALLED_S)
    ((t_ms, name),) = treatment.alarms()
    treatment.prescription.alarm(t_ms, name, stops=True)


def _acknowledged(treatment: Treatment) -> None:
    treatment.programmer.acknowledge(codes.ALARM_STALL)
    treatment.prescription.clear_alarm(treatment.now_ms, "motor-stall")
    assert not treatment.bolus().granted  # acknowledged is not started
    treatment.start()


@pytest.mark.requirement("BOL-07")
@pytest.mark.short
@pytest.mark.needs("plant-faults")
@pytest.mark.parametrize(
    "bad, good, denied",
    [
        (_before_start, Treatment.start, ("STOPPED", codes.STOP_MODE)),
        (_stopped_again, Treatment.start, ("STOPPED", codes.STOP_MODE)),
        (_fault, _acknowledged, ("STOPPED", codes.FAULT)),
        (_without_clock, _set_clock, ("ALARM_ACTIVE", codes.ALARM_CLOCK)),
    ],
    ids=["before the first start", "stopped", "motor stall", "clock untrusted"],
)
def test_bolus_denied_while_unsafe(
    treatment: Treatment,
    record: HilRecord,
    bad: Callable[[Treatment], None],
    good: Callable[[Treatment], None],
    denied: tuple[str, int],
) -> None:
    """Condition: stopped, in fault or under a medium alarm. Action: requests there and after. Then both answers."""
    bad(treatment)
    answers: dict[str, object] = {"while unsafe": answer(treatment)}
    packets = len(treatment.rig.packets)
    treatment.idle_for(seconds=600)
    answers["later"] = answer(treatment)
    if denied[0] == "STOPPED":
        record.expect("packets meanwhile", "1", error=len(treatment.rig.packets) - packets, limit=0)
    good(treatment)
    answers["afterwards"] = answer(treatment)
    judge_answers(record, "requests", answers, {"while unsafe": denied, "later": denied, "afterwards": None})
    treatment.idle_for(hours=1)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-12")
def test_bolus_while_one_runs_is_busy_and_not_queued(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus runs. Action: requests all along it. Then the answers, and that nothing follows it."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(hours=1)
    first = treatment.bolus()
    order = treatment.programmer.status().last_order
    answers: dict[str, object] = {}
    for after_ms in (0, 1, 300_000, DURATION_MS - 1, DURATION_MS):
        treatment.run_until(first.t_ms + after_ms)
        answers[f"{after_ms} ms after its start"] = answer(treatment)
    required: dict[str, object] = dict.fromkeys(answers, ("BUSY", order))
    required[f"{DURATION_MS} ms after its start"] = ("LOCKOUT", LOCKOUT_MS - DURATION_MS)
    judge_answers(record, "requests while a bolus runs", answers, required)
    treatment.run_for(hours=6)
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect("boluses started, less the one granted", "1", error=started - 1, limit=0)
    record.against_oracle(treatment)
