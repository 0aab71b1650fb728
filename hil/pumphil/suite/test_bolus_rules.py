"""When a patient bolus is given: on request only, after the lockout, within the maximum, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import answer, records
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import DAY_MS, Treatment
from pumplink import codes

DURATION_MS = 600_000


@pytest.mark.requirement("BOL-01")
def test_bolus_only_on_request(treatment: Treatment, record: HilRecord) -> None:
    """Condition: boluses allowed. Action: a week without a request, then one. Then what started, and all volumes."""
    treatment.begin(continuous("0.960 mL/day", bolus=True))
    treatment.run_for(days=7)
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect("boluses started without a request", "1", error=started, limit=0)
    assert treatment.bolus().granted
    treatment.run_for(days=1)
    started = len(records(treatment, codes.REC_BOLUS_START))
    record.expect("boluses started by one request, less one", "1", error=started - 1, limit=0)
    # eight days of 960 000 nL and one bolus
    error_nl = treatment.commanded_nl() - (8 * 960_000 + 20_000)
    record.expect("commanded against hand computation", "nL", error=error_nl, limit=treatment.quantum_nl(), bound=True)
    record.volumes(treatment)


@pytest.mark.requirement("BOL-02")
@pytest.mark.parametrize("lockout, lockout_ms", [("00:05", 300_000), ("02:00", 7_200_000), ("24:00", 86_400_000)])
def test_bolus_lockout_to_the_millisecond(
    treatment: Treatment, record: HilRecord, lockout: str, lockout_ms: int
) -> None:
    """Condition: a bolus was given. Action: requests around the end of its lockout. Then answers and ms left."""
    bolus = BolusText(volume="5 uL", duration="00:01", lockout=lockout, max_per_24h=24)
    treatment.begin(continuous("0.960 mL/day", bolus=bolus))
    treatment.run_for(hours=1)
    answers: dict[str, object] = {}
    start_ms = treatment.bolus().t_ms
    for name, after_ms in (("after 61 s", 61_000), ("1 ms before", lockout_ms - 1), ("at its end", lockout_ms)):
        treatment.run_until(start_ms + after_ms)
        answers[name] = answer(treatment)
    start_ms = treatment.now_ms
    treatment.run_until(start_ms + lockout_ms + 1)
    answers["1 ms after"] = answer(treatment)
    required = {
        "after 61 s": ("LOCKOUT", lockout_ms - 61_000),
        "1 ms before": ("LOCKOUT", 1),
        "at its end": None,
        "1 ms after": None,
    }
    judge_answers(record, f"requests around the end of a lockout of {lockout}", answers, required)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-03")
def test_bolus_maximum_in_any_24_hours(treatment: Treatment, record: HilRecord) -> None:
    """Condition: three boluses, the first at 20:00. Action: more requests, past midnight. Then each answer."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(lockout="00:10", max_per_24h=3)))
    treatment.run_until(20 * HOUR_MS)
    starts_ms = []
    for _ in range(3):
        starts_ms.append(treatment.bolus().t_ms)
        treatment.run_for(hours=1)
    first_ms, second_ms, _ = starts_ms
    answers: dict[str, object] = {}
    for name, t_ms in (
        ("midnight", DAY_MS), ("1 ms before 24 h", first_ms + DAY_MS - 1), ("24 h after the first", first_ms + DAY_MS),
        ("10 min later", first_ms + DAY_MS + DURATION_MS), ("24 h after the second", second_ms + DAY_MS),
    ):  # fmt: skip
        treatment.run_until(t_ms)
        answers[name] = answer(treatment)
    required = {
        "midnight": ("MAX_COUNT", 20 * HOUR_MS), "1 ms before 24 h": ("MAX_COUNT", 1), "24 h after the first": None,
        "10 min later": ("MAX_COUNT", HOUR_MS - DURATION_MS), "24 h after the second": None,
    }  # fmt: skip
    judge_answers(record, "requests past the third bolus of 24 h", answers, required)
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-03")
def test_bolus_maximum_of_zero_disables(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a maximum of 0. Action: requests on three days. Then the answers, and that only basal flowed."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(max_per_24h=0)))
    answers = {}
    for hour in (1, 25, 49):
        treatment.run_until(hour * HOUR_MS)
        answers[f"hour {hour}"] = answer(treatment)
    judge_answers(record, "requests with a maximum of 0", answers, dict.fromkeys(answers, ("DISABLED", 0)))
    record.against_oracle(treatment)


def _clock_ahead(treatment: Treatment) -> None:
    treatment.set_clock(23 * HOUR_MS)


def _refilled(treatment: Treatment) -> None:
    treatment.refill(18_000_000)


def _restarted(treatment: Treatment) -> None:
    treatment.stop()
    treatment.start()


def _shorter_lockout(treatment: Treatment) -> None:
    treatment.program(continuous("0.960 mL/day", bolus=BolusText(lockout="00:30", max_per_24h=2)))


@pytest.mark.requirement("BOL-16")
@pytest.mark.parametrize(
    "event",
    [_clock_ahead, _refilled, _restarted, _shorter_lockout],
    ids=["clock set ahead", "refill", "stop and start", "shorter lockout"],
)
def test_bolus_history_outlives(treatment: Treatment, record: HilRecord, event: Callable[[Treatment], None]) -> None:
    """Condition: a bolus an hour ago. Action: clock, refill, restart or program. Then lockout and count as before.

    What reset and power loss do to the history is not asked here: it waits for the durable journal.
    """
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText(lockout="04:00", max_per_24h=2)))
    treatment.run_for(hours=1)
    first_ms = treatment.bolus().t_ms
    treatment.run_for(hours=1)
    event(treatment)
    status = treatment.programmer.status()
    record.expect("boluses left, less one", "1", error=status.boluses_left - 1, limit=0)
    left_ms = first_ms + 4 * HOUR_MS - treatment.now_ms
    record.expect("lockout left", "ms", error=status.lockout_left_ms - left_ms, limit=0, oracle=left_ms)
    answers: dict[str, object] = {"at once": answer(treatment)}
    treatment.run_until(first_ms + 4 * HOUR_MS)
    answers["after the lockout"] = answer(treatment)
    treatment.run_until(first_ms + DAY_MS - 1)
    answers["1 ms before 24 h"] = answer(treatment)
    required = {"at once": ("LOCKOUT", left_ms), "after the lockout": None, "1 ms before 24 h": ("MAX_COUNT", 1)}
    judge_answers(record, "requests", answers, required)
    record.against_oracle(treatment)
