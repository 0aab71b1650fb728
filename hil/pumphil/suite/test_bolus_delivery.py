"""What a granted bolus delivers: its volume, on top of the schedule, at once, and nothing once it was cut."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from pumphil.curves import budget_of
from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import lose_packet, records, refusal, steps_from
from pumphil.suite.measures import HOUR_MS, MINUTE_MS, nl_per_step, run_into_packet, steps_between
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import DAY_MS, Treatment
from pumplink import codes, messages

BOLUSES = 20  # BOL-08


@pytest.mark.requirement("BOL-08")
@pytest.mark.parametrize(
    "bolus, volume_nl, every_ms",
    [
        (BolusText("1 uL", "00:05", "00:06", 24), 1_000, 6 * MINUTE_MS),
        (BolusText("500 uL", "01:00", "01:00", 24), 500_000, HOUR_MS),
    ],
    ids=["smallest", "largest"],
)
def test_bolus_volume(treatment: Treatment, record: HilRecord, bolus: BolusText, volume_nl: int, every_ms: int) -> None:
    """Condition: lowest basal, weighed alone. Action: twenty boluses in as long a time. Then volumes, by balance too.

    The mean extra volume is judged by the requirement and, where that leaves more room, by the budget of the balance.
    """
    rig = treatment.rig
    treatment.begin(continuous("0.048 mL/day", fill="19 mL", bolus=bolus))
    window_ms = BOLUSES * every_ms + 2 * MINUTE_MS
    treatment.run_for(seconds=window_ms / 1000)
    middle = treatment.sample()
    starts_ms, orders = [], []
    for n in range(BOLUSES):
        treatment.run_until(middle.t_ms + n * every_ms)
        starts_ms.append(treatment.bolus().t_ms)
        orders.append(treatment.programmer.status().last_order)
    treatment.run_until(middle.t_ms + window_ms)
    end = treatment.sample()

    quantum_nl = treatment.quantum_nl()
    duration_ms = treatment.requests[0].duration_ms or 0
    basal_nl = 48_000 * duration_ms / DAY_MS
    commanded = [steps_between(rig, t, t + duration_ms + 1) * nl_per_step(rig) - basal_nl for t in starts_ms]
    worst_nl = max((nl - volume_nl for nl in commanded), key=abs)
    record.expect("commanded for one bolus, worst of 20", "nL", error=worst_nl, limit=quantum_nl, oracle=volume_nl,
                  budget={"quantisation": quantum_nl}, bound=True)  # fmt: skip
    told = {treatment.programmer.order(order).delivered_nl for order in orders}
    judge_answers(record, "volume of the orders, as told", {"of 20": told}, {"of 20": {volume_nl}})

    weigh = rig.balance.volume_nl
    alone, both = weigh(treatment.samples[0].balance, middle.balance), weigh(middle.balance, end.balance)
    mean_nl = float(both.value - alone.value) / BOLUSES
    # the two windows are as long, so basal and the mean evaporation cancel; both readings of each do not
    uncertainty_nl = math.hypot(*(float(reading.expanded_uncertainty) for reading in (alone, both))) / BOLUSES
    record.expect(
        "mean measured extra volume of 20 boluses", "nL", error=mean_nl - volume_nl, uncertainty=uncertainty_nl,
        limit=max(0.05 * volume_nl, 2 * quantum_nl), oracle=volume_nl, instrument=mean_nl,
        budget={"5 %": 0.05 * volume_nl, "two quanta": 2 * quantum_nl},
    )  # fmt: skip
    hours = window_ms / HOUR_MS
    budgets = [budget_of(treatment, nl, hours) for nl in (48_000 * hours / 24, 48_000 * hours / 24 + 20 * volume_nl)]
    terms = {term: sum(b.terms[term] for b in budgets) / BOLUSES for term in budgets[0].terms}
    record.expect(
        "the same within the budget of the balance", "nL", error=mean_nl - volume_nl, uncertainty=uncertainty_nl,
        limit=sum(b.tolerance_nl for b in budgets) / BOLUSES, oracle=volume_nl, instrument=mean_nl, budget=terms,
    )  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-09")
def test_bolus_leaves_the_schedule_alone(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a step at 08:00. Action: a bolus from 07:55 to 08:05. Then rates around it, program, later steps."""
    therapy = day([("00:00", "0.480 mL/day"), ("08:00", "4.800 mL/day"), ("20:00", "0.960 mL/day")], bolus=True)
    treatment.begin(therapy)
    program = treatment.programmer.read_program()
    midnight_ms = records(treatment, codes.REC_CLOCK)[0].uptime_ms
    rates: dict[str, object] = {}
    for name, hour, minute in (("07:54", 7, 54), ("07:55", 7, 55), ("07:59", 7, 59), ("08:00", 8, 0), ("08:06", 8, 6)):
        treatment.run_until(midnight_ms + hour * HOUR_MS + minute * MINUTE_MS)
        if name == "07:55":
            treatment.bolus()
        rates[name] = treatment.programmer.status().rate_nl_per_day
    # 20 000 nL in 10 min of the 1440 of a day: 2 880 000 nL/day on top
    required: dict[str, object] = {
        "07:54": 480_000, "07:55": 3_360_000, "07:59": 3_360_000, "08:00": 7_680_000, "08:06": 4_800_000,
    }  # fmt: skip
    judge_answers(record, "commanded rate in nL/day", rates, required)
    treatment.run_until(midnight_ms + 2 * DAY_MS)
    changes = [((r.uptime_ms - midnight_ms) / HOUR_MS, r.a) for r in records(treatment, codes.REC_RATE)]
    steps = [(0, 480_000), (8, 4_800_000), (20, 960_000), (24, 480_000), (32, 4_800_000), (44, 960_000), (48, 480_000)]
    after = {"program read back": treatment.programmer.read_program(), "(hour, rate) of every change": changes}
    required = {"program read back": program, "(hour, rate) of every change": steps}
    judge_answers(record, "after two days", after, required)
    # twice 480 000/3 + 4 800 000/2 + 960 000/6, and one bolus
    by_hand_nl = 2 * (160_000 + 2_400_000 + 160_000) + 20_000
    error_nl = treatment.commanded_nl() - by_hand_nl
    record.expect("commanded in two days", "nL", error=error_nl, limit=treatment.quantum_nl(), oracle=by_hand_nl,
                  budget={"quantisation": treatment.quantum_nl()}, bound=True)  # fmt: skip
    record.volumes(treatment)


@pytest.mark.requirement("BOL-10")
@pytest.mark.parametrize("rate", ["0 mL/day", "0.048 mL/day", "20 mL/day"])
def test_bolus_first_step_at_once(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: a motor at rest, or in a packet. Action: a bolus. Then the time to its first step.

    That its journal record is durable before is not asked here: it waits for the durable journal.
    """
    treatment.begin(continuous(rate, bolus=True))
    if rate == "20 mL/day":  # 33 steps, 330 ms: the first step of a bolus has to wait for the last of the packet
        run_into_packet(treatment)
    else:
        treatment.run_for(hours=1)
    packets = len(treatment.rig.packets)
    start_ms = treatment.bolus().t_ms
    treatment.run_for(seconds=60)
    first_ms = treatment.rig.packets[packets][0] - start_ms
    record.expect("time to the first step", "ms", error=first_ms, limit=500)
    (started,) = records(treatment, codes.REC_BOLUS_START)
    record.expect("journal record against the request", "ms", error=started.uptime_ms - start_ms, limit=0)
    record.against_oracle(treatment)


def _stop(treatment: Treatment) -> None:
    treatment.stop()


def _start(treatment: Treatment) -> None:
    treatment.start()


def _fault(treatment: Treatment) -> None:
    lose_packet(treatment)
    treatment.rig.run_for(seconds=60)
    ((t_ms, name),) = [row for row in treatment.alarms() if row[1] == "motor-stall"]
    treatment.prescription.alarm(t_ms, name, stops=True)


def _acknowledge(treatment: Treatment) -> None:
    treatment.programmer.acknowledge(codes.ALARM_STALL)
    treatment.prescription.clear_alarm(treatment.now_ms, "motor-stall")
    treatment.start()


@pytest.mark.requirement("BOL-15")
@pytest.mark.needs("plant-faults")
@pytest.mark.parametrize(
    "cut, go_on, order_state",
    [(_stop, _start, codes.CANCELLED), (_fault, _acknowledge, codes.INTERRUPTED)],
    ids=["stop", "motor stall"],
)
def test_bolus_that_is_cut_is_counted_and_never_resumed(
    treatment: Treatment,
    record: HilRecord,
    cut: Callable[[Treatment], None],
    go_on: Callable[[Treatment], None],
    order_state: int,
) -> None:
    """Condition: a bolus of 0.5 mL in an hour. Action: an end after 15 min, a restart later. Then what flowed."""
    treatment.begin(continuous("0.960 mL/day", bolus=BolusText("500 uL", "01:00", "02:00", 2)))
    treatment.run_for(hours=1)
    start_ms = treatment.bolus().t_ms
    order = treatment.programmer.status().last_order
    treatment.run_for(seconds=900)
    cut(treatment)
    (ended,) = records(treatment, codes.REC_BOLUS_END)
    packets = len(treatment.rig.packets)
    treatment.run_until(start_ms + HOUR_MS)
    record.expect("packets between end and restart", "1", error=len(treatment.rig.packets) - packets, limit=0)
    go_on(treatment)
    restart_ms = treatment.now_ms

    # 500 000 nL an hour until it was cut; a fraction of a nanolitre counts as given
    due_nl = -(-500_000 * (ended.uptime_ms - start_ms) // HOUR_MS)
    told = treatment.programmer.order(order)
    status = treatment.programmer.status()
    got = {"order": (told.state, told.delivered_nl), "journal": (ended.a, ended.b), "boluses left": status.boluses_left,
           "lockout left": status.lockout_left_ms, "mode": status.mode}  # fmt: skip
    judge_answers(record, "the part that was given", got, {
        "order": (order_state, due_nl), "journal": (order, due_nl), "boluses left": 1,
        "lockout left": start_ms + 2 * HOUR_MS - restart_ms, "mode": codes.SCHEDULE,
    })  # fmt: skip

    until_ms = status.uptime_ms + 5_000
    again = {
        "same order": refusal(lambda: treatment.programmer.bolus(order)),
        "abort": refusal(lambda: treatment.programmer.session.request(messages.ABORT_BOLUS, (order, until_ms))),
    }
    judge_answers(record, "attempts to go on with it", again, {
        "same order": ("DUPLICATE_ORDER", order_state), "abort": ("WRONG_MODE", codes.SCHEDULE)})  # fmt: skip
    packets = len(treatment.rig.packets)
    treatment.run_for(hours=3)
    # three hours of 40 000 nL, and the remainder of a packet that the bolus had left
    after_nl = steps_from(treatment.rig, packets) * nl_per_step(treatment.rig) - 3 * 40_000
    record.expect("commanded after the restart, above basal", "nL", error=after_nl, limit=treatment.quantum_nl(),
                  budget={"quantisation": treatment.quantum_nl()}, bound=True)  # fmt: skip
    record.against_oracle(treatment)


@pytest.mark.requirement("BOL-02", "BOL-03")
def test_bolus_day_of_an_eager_patient(treatment: Treatment, record: HilRecord) -> None:
    """Condition: lockout 2 h, five in 24 h. Action: a request each 50 min for 27 h. Then answers and volumes."""
    steps = [("00:00", "0.480 mL/day"), ("07:00", "1.200 mL/day"), ("22:00", "0.480 mL/day")]
    treatment.begin(day(steps, bolus=BolusText(max_per_24h=5)))
    # from 01:00 on every third request finds the lockout of 120 min over: 60, 210, 360, 510, 660 min;
    # then the maximum until the first is 24 h old, at 1500 min
    granted_min = (60, 210, 360, 510, 660, 1510)
    answers: dict[str, object] = {}
    required: dict[str, object] = {}
    for minute in range(60, 1600, 50):
        treatment.run_until(minute * MINUTE_MS)
        treatment.sample()
        answers[f"minute {minute}"] = treatment.bolus().reason
        in_lockout = any(start < minute < start + 120 for start in granted_min)
        denied = "LOCKOUT" if in_lockout else "MAX_COUNT"
        required[f"minute {minute}"] = None if minute in granted_min else denied
    judge_answers(record, "requests of an eager patient", answers, required)
    treatment.run_for(hours=1)
    record.volumes(treatment)
    record.curves(treatment, "bolus: a day of an eager patient")


@pytest.mark.requirement("ALM-12")
def test_bolus_three_days_without_an_alarm(treatment: Treatment, record: HilRecord) -> None:
    """Condition: no fault. Action: 72 h with four steps a day and a bolus each six hours. Then alarms and signals."""
    steps = [("00:00", "0.480 mL/day"), ("06:30", "1.920 mL/day"), ("12:00", "0.048 mL/day"), ("21:45", "3.600 mL/day")]
    treatment.begin(day(steps, bolus=BolusText(volume="100 uL", lockout="06:00", max_per_24h=4)))
    for hour in range(1, 72, 6):
        treatment.run_until(hour * HOUR_MS)
        assert treatment.bolus().granted
    treatment.run_until(3 * DAY_MS)
    alarms = [name for _, name in treatment.alarms()]
    record.expect(f"alarms in 72 h: {alarms}", "1", error=len(alarms), limit=0)
    signals = [words for _, kind, words in treatment.rig.trace if kind == "signal"]
    record.expect(f"changes of light and sound: {signals}", "1", error=len(signals), limit=0)
    record.volumes(treatment)
