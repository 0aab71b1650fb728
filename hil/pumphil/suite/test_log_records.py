"""The journal: numbers without gaps, stamps of both clocks, and a cause for every alarm in it."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import lose_packet, passed_at_ms, records, refusal
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous, day
from pumphil.treatment import EPOCH_UNIX_MS, Treatment
from pumphost.therapy import Periodic
from pumplink import codes


@pytest.mark.requirement("LOG-02")
def test_log_numbers_and_stamps(treatment: Treatment, record: HilRecord) -> None:
    """Condition: no clock yet. Action: 200 events, two settings of the clock. Then numbers and stamps."""
    programmer = treatment.programmer
    treatment.program(day([(f"{hour:02}:00", f"{hour % 2 + 1}.200 mL/day") for hour in range(24)], fill="18 mL"))
    treatment.start()
    treatment.run_for(hours=5)
    programmer.set_clock(EPOCH_UNIX_MS, 120, accept_warnings=True)
    first_set_ms = treatment.now_ms
    treatment.run_for(hours=70)
    programmer.set_clock(EPOCH_UNIX_MS, -60, accept_warnings=True)  # backwards: pump time must not follow
    second_set_ms = treatment.now_ms
    treatment.run_for(hours=110)
    records(treatment)
    log = treatment.records
    assert len(log) > 180, "a record an hour at least, or this test means nothing"
    clocks = [r.number for r in log if r.kind == codes.REC_CLOCK]
    wrong: list[str] = []
    for index, r in enumerate(log):
        # the record of a clock change is written before it: it carries the stamps of the old clock
        set_ms = None if r.number <= clocks[0] else first_set_ms if r.number <= clocks[1] else second_set_ms
        wall_ms = r.uptime_ms if set_ms is None else EPOCH_UNIX_MS + r.uptime_ms - set_ms
        earlier_ms = log[index - 1].uptime_ms if index else 0
        wrong += [
            f"{what} of record {r.number}"
            for what, right in (
                ("number", r.number == index), ("time", earlier_ms <= r.uptime_ms <= treatment.now_ms),
                ("wall time", r.wall_ms == wall_ms), ("trust", r.clock_trusted == (set_ms is not None)),
            )
            if not right
        ]  # fmt: skip
    record.expect(f"numbers and stamps not as they should be: {wrong[:5]}", "1", error=len(wrong), limit=0)
    kept = [r.number for r in programmer.log()]
    end = programmer.status().log_next
    judge_answers(record, "records kept", {"numbers": kept}, {"numbers": list(range(end))})
    # a rate change each hour with a clock; the instants are those of the wall clock set last
    instants = {(r.uptime_ms - second_set_ms - 60 * 60_000) % HOUR_MS for r in log if r.kind == codes.REC_RATE
                and r.uptime_ms > second_set_ms}  # fmt: skip
    judge_answers(record, "rate changes, ms past the hour", {"instants": instants}, {"instants": {0}})


@pytest.mark.requirement("ALM-07")
@pytest.mark.needs("plant-faults")
def test_log_every_alarm_has_its_cause(treatment: Treatment, record: HilRecord) -> None:
    """Condition: none. Action: no clock, a lost packet, a run to empty. Then alarms, each at its cause."""
    rig, programmer = treatment.rig, treatment.programmer
    treatment.program(continuous("12 mL/day", fill="3.5 mL", bolus=BolusText(max_per_24h=1)))
    programmed_ms = treatment.now_ms
    treatment.start()
    treatment.run_for(hours=0.5)
    treatment.set_clock(0)
    clock_set_ms = treatment.now_ms
    treatment.run_for(seconds=60)
    lose_packet(treatment)
    lost = len(rig.packets)
    lost_ms, steps = rig.packets[-1]
    programmer_saw = len(treatment.alarms())
    treatment.run_for(seconds=60)
    programmer.acknowledge(codes.ALARM_STALL)
    acknowledged_ms = treatment.now_ms
    programmer.start()
    treatment.run_for(hours=7)
    found = {(codes.RECORDS[r.kind][0], codes.ALARMS[r.a][0]): r.uptime_ms for r in treatment.records
             if r.kind in (codes.REC_ALARM, codes.REC_ALARM_CLEAR, codes.REC_ACK)}  # fmt: skip
    next_ms = lost_ms + round(steps * 215.5 * 86_400_000 / 12_000_000)
    causes = {
        ("alarm", "clock-untrusted"): programmed_ms, ("alarm-clear", "clock-untrusted"): clock_set_ms,
        ("alarm", "motor-stall"): next_ms, ("alarm-clear", "motor-stall"): next_ms,
        ("acknowledge", "motor-stall"): acknowledged_ms,
        ("alarm", "low-reservoir"): passed_at_ms(rig, 3_500_000, 3_000_000),
        ("alarm", "reservoir-empty"): passed_at_ms(rig, 3_500_000, 500_000),
    }  # fmt: skip
    judge_answers(
        record, "alarms, their ends and acknowledgements", {"which": sorted(found)}, {"which": sorted(causes)}
    )
    worst_ms = max((abs(found[event] - causes[event]) for event in causes), default=0)
    record.expect("record against its cause", "ms", error=worst_ms, limit=2, budget={"one wake": 1, "rounding": 1})
    run = {"alarms before the fault": programmer_saw, "packets after it": len(rig.packets) > lost}
    judge_answers(record, "the run", run, {"alarms before the fault": 1, "packets after it": True})


@pytest.mark.requirement("LOG-01", "BOL-06")
def test_log_every_command_and_its_outcome(treatment: Treatment, record: HilRecord) -> None:
    """Condition: programmed. Action: each command once, some refused. Then the records of each, in order."""
    treatment.program(continuous("0.960 mL/day", bolus=True), local_ms_of_day=0)
    programmer = treatment.programmer
    first = programmer.status().log_next
    treatment.start(delay_ms=60_000)
    treatment.run_for(hours=1)
    patient = programmer.bolus().order
    refusal(programmer.bolus)
    refusal(programmer.start)
    programmer.abort_bolus(patient)
    clinician = programmer.clinician_bolus(1_000, 60_000)
    treatment.rig.run_for(seconds=60)
    periodic = programmer.set_periodic(Periodic(10_000, 60_000, 3_600_000))
    programmer.stop("imaging")
    prime = programmer.prime(1_000)
    treatment.rig.run_for(seconds=60)
    bridge = programmer.bridge(10_000, 480_000)
    programmer.bridge(0)
    programmer.start(minimum=True)
    clock = programmer.set_clock(EPOCH_UNIX_MS, -60, accept_warnings=True)
    programmer.acknowledge(codes.ALARM_BRIDGE_CUT)
    refill = programmer.refill(17_000_000, "saline", 1_000_000, withdrawn_nl=17_958_000)
    calibration = programmer.calibrate(43_200)
    programmer.silence(1_000)
    kinds = {number: name for number, (name, _, _) in codes.RECORDS.items()}
    left_out = (codes.REC_RATE, codes.REC_MODE, codes.REC_ALARM, codes.REC_ALARM_CLEAR, codes.REC_SESSION)
    got = [(kinds[r.kind], r.a, r.b) for r in programmer.log(first) if r.kind not in left_out]
    # 20 uL in 10 min were cut at once; the prepare of a second start is message 0x2B
    required = [
        ("delayed-start", got[0][1], 60_000), ("bolus-start", patient, 20_000), ("bolus-denied", got[2][1], codes.BUSY),
        ("refused", 0x2B, codes.WRONG_MODE), ("bolus-end", patient, 0), ("bolus-start", clinician, 1_000),
        ("bolus-end", clinician, 1_000), ("periodic-bolus", periodic, 10_000), ("stop", codes.STOP_IMAGING, 0),
        ("bolus-start", prime, 1_000), ("bolus-end", prime, 1_000), ("bridge", bridge, 10_000),
        ("bridge", got[12][1], 0), ("bridge-end", bridge, got[13][2]), ("delayed-start", got[14][1], 0),
        ("clock", clock, (1 << 32) - 60),
        ("acknowledge", codes.ALARM_BRIDGE_CUT, 0), ("refill", refill, 17_000_000),
        ("withdrawn", 17_958_000, got[18][2]), ("calibration", calibration, 43_200), ("silence", 1_000, 0),
    ]  # fmt: skip
    judge_answers(record, "journal", {"records": got}, {"records": required})
