"""Resets and power cuts: their cause, what goes on, what does not, what is counted, and when the pump stays stopped."""

from __future__ import annotations

import random

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal
from pumphil.suite.measures import HOUR_MS, LOOK_S, last_motion_ms, nl_per_step, run_into_packet
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import Treatment
from pumplink import codes

RESUME_S = 30  # PWR-06
BOLUS = BolusText(volume="60 uL", duration="00:30", lockout="04:00", max_per_24h=3)


@pytest.mark.requirement("PWR-05", "LOG-01")
@pytest.mark.needs("power-cuts", "hangs")
def test_power_cause_of_every_reset(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: five resets, as the platform calls them. Then the cause on record, by own marker."""
    faults.running(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    causes = (codes.RESET_POWER_ON, codes.RESET_WATCHDOG, codes.RESET_BROWN_OUT, codes.RESET_UNKNOWN)
    for cause in (*causes, codes.RESET_COMMANDED):
        rig.run_for(seconds=700)
        rig.power_cut()
        rig.power_on(0, cause)
        rig.run_for(seconds=1)
    found = [codes.RESETS[entry.a] for entry in faults.log(programmer, codes.REC_BOOT)]
    counted = [entry.b for entry in faults.log(programmer, codes.REC_BOOT)]
    # the pump has no order that resets it and left no marker: the word of the platform alone does not count
    wanted = ["power-on", *(codes.RESETS[cause] for cause in causes), "unknown"]
    judge_answers(record, "resets", {"causes": found, "counted": counted},
                  {"causes": wanted, "counted": [1, 2, 3, 4, 5, 6]})  # fmt: skip


@pytest.mark.requirement("PWR-06", "FLOW-14", "TIME-07")
@pytest.mark.needs("power-cuts")
@pytest.mark.parametrize("off_s", [0, 5, 7_200])
def test_power_basal_resumes_a_bolus_does_not(treatment: Treatment, record: HilRecord, off_s: int) -> None:
    """Condition: two steps, a bolus runs. Action: power off for a while. Then the lowest rate, no bolus, one alarm."""
    treatment.begin(day([("00:00", "4.800 mL/day"), ("12:00", "1.200 mL/day")], bolus=BOLUS))
    rig, programmer = treatment.rig, treatment.programmer
    treatment.run_for(hours=1)
    assert treatment.bolus().granted
    treatment.run_for(seconds=600)
    rig.power_cut()
    rig.power_on(off_s * 1_000_000)
    on_ms, first = rig.now_us // 1_000, len(rig.packets)
    rig.run_for(seconds=RESUME_S)
    status = programmer.status()
    rig.run_for(hours=2)
    resumed = rig.packets[first:]
    got: Answers = {
        "mode": status.mode_name, "rate": status.rate_nl_per_day, "order": programmer.order(status.last_order).state,
        "alarms": [alarm.name for alarm in programmer.alarms()], "light": rig.light,
        "later": programmer.status().rate_nl_per_day,
    }  # fmt: skip
    judge_answers(record, f"after {off_s} s without power", got, {
        "mode": "schedule", "rate": 1_200_000, "order": codes.INTERRUPTED,
        "alarms": ["unexpected-reset", "bolus-interrupted", "clock-untrusted"], "light": 3, "later": 1_200_000,
    })  # fmt: skip
    # a packet of 30 s comes when it is full
    record.expect("first packet after power-on", "ms", error=resumed[0][0] - on_ms, limit=1_000 * (RESUME_S + 30))
    volume_nl = sum(steps for _, steps in resumed) * nl_per_step(rig)
    by_hand_nl = 1_200_000 * (2 * HOUR_MS + 1_000 * RESUME_S) / 86_400_000
    quantum_nl = treatment.quantum_nl()
    record.expect(
        "volume of two hours after it", "nL", error=float(volume_nl) - by_hand_nl, limit=quantum_nl, oracle=by_hand_nl,
        pump=volume_nl, budget={"quantisation": quantum_nl}, bound=True,
    )  # fmt: skip


@pytest.mark.requirement("PWR-07", "ALM-06", "FLOW-11")
@pytest.mark.needs("power-cuts")
def test_power_four_resets_in_10_min_stay_stopped(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: a reset every 4 min for half an hour, then four in 9 min. Then stopped, latched."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    seldom = []
    for _ in range(7):
        rig.run_for(seconds=240)
        rig.reset()
        rig.run_for(seconds=1)
        seldom.append(programmer.status().mode_name)
    rig.run_for(seconds=601)
    often = []
    for _ in range(4):
        rig.run_for(seconds=178)
        rig.reset()
        rig.run_for(seconds=1)
        often.append(programmer.status().mode_name)
    steps = rig.plant.steps_done(rig.now_us)
    alarm = faults.shown(programmer, codes.ALARM_RESTARTS)
    got: Answers = {"seldom": seldom, "often": often, "alarm": alarm and alarm.priority, "light": rig.light,
                    "start": hand.answer(programmer.start)}  # fmt: skip
    rig.run_for(seconds=1_200)
    rig.reset()
    rig.run_for(hours=1)
    got["after one more"] = (faults.shown(programmer, codes.ALARM_RESTARTS) is not None, programmer.status().delivering)
    got["steps"] = rig.plant.steps_done(rig.now_us) - steps
    got["acknowledge"] = hand.answer(lambda: programmer.acknowledge(codes.ALARM_RESTARTS))
    got["start at last"] = hand.answer(programmer.start)
    judge_answers(record, "resets", got, {
        "seldom": ["schedule"] * 7, "often": ["schedule"] * 3 + ["fault"], "alarm": 3, "light": 3,
        "start": ("ALARM_ACTIVE", 0), "after one more": (True, False), "steps": 0, "acknowledge": OK,
        "start at last": OK,
    })  # fmt: skip


@pytest.mark.requirement("PWR-04", "FLOW-03")
@pytest.mark.needs("plant-faults")
def test_power_halted_processor_starves_the_motor(treatment: Treatment, record: HilRecord) -> None:
    """Condition: 24 mL/day, the longest packets. Action: the processor halts inside one. Then the motor starves."""
    faults.running(treatment, "24 mL/day", bolus=False)
    rig = treatment.rig
    run_into_packet(treatment)
    rig._wake_us = 1 << 62
    moved_ms = last_motion_ms(rig, watch_s=120)
    record.expect("motion without the processor", "ms", error=moved_ms, limit=1_000, uncertainty=1_000 * LOOK_S)
    longest_nl = max(steps for _, steps in rig.packets) * nl_per_step(rig)
    record.expect("volume that is left to the step generator", "nL", error=longest_nl, limit=10_000, bound=True)


@pytest.mark.requirement("PWR-08", "PWR-09", "FLOW-14", "RES-09")
@pytest.mark.needs("power-cuts", "store-faults")
@pytest.mark.parametrize("rate", ["24 mL/day", "0.960 mL/day"])
def test_power_cut_at_any_instant_counts_what_moved(treatment: Treatment, record: HilRecord, rate: str) -> None:
    """Condition: running. Action: eight cuts, at any instant and inside writes. Then accounted against pumped."""
    treatment.begin(continuous(rate))
    rig, programmer = treatment.rig, treatment.programmer
    chance = random.Random(f"{rig.seed}:cuts")
    before_nl = 0
    most_nl = least_nl = 0
    lost = 0
    for cut in range(8):
        rig.run_for(seconds=250 + chance.random() * 100)
        if cut % 2:
            rig.store.cut_after(chance.randrange(3), chance.randrange(40))
            for _ in range(1_000):  # until the store is written
                rig.run_for(seconds=1)
                if not rig.powered:
                    break
        rig.power_cut()
        pumped_nl = int(rig.plant.steps_done(rig.now_us) * nl_per_step(rig))
        rig.store.restore(rig.store.snapshot())
        rig.power_on(chance.randrange(10_000_000))
        rig.run_for(seconds=0.001)
        beyond_nl = programmer.status().delivered_nl - pumped_nl
        most_nl, least_nl = max(most_nl, beyond_nl - before_nl), min(least_nl, beyond_nl)
        before_nl = beyond_nl
        lost += faults.shown(programmer, codes.ALARM_MEMORY) is not None
    ledger = programmer.reservoir()
    off_nl = ledger.fill_nl - ledger.remaining_nl - programmer.status().delivered_nl
    record.expect("fill less remaining against the account", "nL", error=abs(off_nl), limit=0)
    record.expect("accounted for less than pumped", "nL", error=-least_nl, limit=0)
    record.expect(
        "accounted for beyond what was pumped, one cut", "nL", error=most_nl, limit=2 * treatment.quantum_nl(),
        bound=True,
    )  # fmt: skip
    record.expect("cuts that lost the state", "1", error=lost, limit=0)


@pytest.mark.requirement("TIME-08", "PWR-06")
@pytest.mark.needs("power-cuts")
def test_power_time_without_power_is_no_time(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus was given. Action: a day without power, in two parts. Then lockout, count and 24 h volume."""
    treatment.begin(continuous("2.400 mL/day", bolus=BOLUS))
    rig, programmer = treatment.rig, treatment.programmer
    treatment.run_for(hours=6)
    assert treatment.bolus().granted
    treatment.run_for(hours=1)
    treatment.stop()
    treatment.run_for(seconds=10)
    before = programmer.status()
    for _ in range(2):
        rig.power_cut()
        rig.power_on(43_200_000_000)
        rig.run_for(seconds=1)
    after = programmer.status()
    # a time that was not written down counts as no time: the lockout may only be longer
    record.expect(
        "lockout after a day without power", "ms", error=max(0, before.lockout_left_ms - after.lockout_left_ms),
        limit=2_000, oracle=before.lockout_left_ms, pump=after.lockout_left_ms,
    )  # fmt: skip
    record.expect("uptime", "ms", error=max(0, after.uptime_ms - before.uptime_ms), limit=3_000)
    in_24h = after.last_24h_nl - before.last_24h_nl
    record.expect("volume of 24 h that is gone", "nL", error=max(0, -in_24h), limit=0)
    got: Answers = {"boluses left": after.boluses_left, "lockout": (refusal(programmer.bolus) or ("",))[0]}
    judge_answers(record, "counts", got, {"boluses left": before.boluses_left, "lockout": "STOPPED"})


@pytest.mark.requirement("PWR-16")
@pytest.mark.needs("real-interpreter")
def test_power_heap_does_not_grow(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a day schedule has run for 2 h. Action: 6 h more, with alarms. Then the heap in use, collected."""
    faults.running(treatment, "2 mL/day", bolus=False)
    rig = treatment.rig

    def hours() -> int:
        for _ in range(2):
            treatment.run_for(hours=1)
            rig.set_input(codes.SENSE_SUPPLY, 4_400)
            rig.set_input(codes.SENSE_SUPPLY, 5_000)
        treatment.programmer.alarms()
        return rig.heap()[0]

    first = hours()
    last = [hours() for _ in range(3)][-1]
    record.expect("growth of the heap", "B", error=max(0, last - first), limit=0, pump=last)
