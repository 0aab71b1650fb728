"""What the pump tells, and that telling changes nothing: status, message table, and days without any link."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.by_hand import canonical, digest, judge_answers
from pumphil.suite.looks import ledger_nl, steps_from, twin
from pumphil.suite.measures import HOUR_MS, MINUTE_MS
from pumphil.suite.therapies import BolusText, day
from pumphil.treatment import Treatment
from pumplink import codes, messages

SHOWN = ("delivered_nl", "remaining_nl", "lockout_left_ms", "boluses_left", "mode", "rate_nl_per_day", "alarm_bits")
SILENCE_MIN = 2 * 1440


@pytest.mark.requirement("LINK-06")
def test_link_absent_for_days(treatment: Treatment, record: HilRecord) -> None:
    """Condition: two pumps alike. Action: two days, one asked each minute, one not at all. Then both did the same."""
    steps = [("00:00", "0.480 mL/day"), ("08:00", "1.920 mL/day"), ("21:30", "0.960 mL/day")]
    therapy = day(steps, fill="5 mL", bolus=BolusText(lockout="23:00", max_per_24h=2))  # low on the second day
    seen = {}
    with twin(treatment.rig) as other:
        for name, one in (("silent", treatment), ("asked each minute", Treatment(other))):
            one.begin(therapy)
            one.run_for(hours=1)
            one.bolus()
            start_ms = one.now_ms
            for minute in range(1, SILENCE_MIN) if one is not treatment else ():
                one.rig.run_until((start_ms + minute * MINUTE_MS) * 1000)
                one.programmer.status()
            one.rig.run_until((start_ms + SILENCE_MIN * MINUTE_MS) * 1000)
            status = one.programmer.status()
            shown = {field: getattr(status, field) for field in SHOWN}
            seen[name] = {**shown, "packets": one.rig.packets, "log": one.programmer.log(),
                          "signals": [row for row in one.rig.trace if row[1] == "signal"]}  # fmt: skip
    asked = seen["asked each minute"]
    same = {what: value == asked[what] for what, value in seen["silent"].items()}
    judge_answers(record, "silent pump as the one that was asked", same, dict.fromkeys(same, True))
    record.volumes(treatment)


@pytest.mark.requirement("LINK-08")
def test_link_status_tells_all(treatment: Treatment, record: HilRecord) -> None:
    """Condition: stopped, delivering, in a bolus. Action: STATUS. Then every field by hand, and how long it took."""
    steps = [("00:00", "0.480 mL/day"), ("08:00", "2.400 mL/day")]
    programmer, rig = treatment.programmer, treatment.rig
    treatment.program(day(steps, bolus=True), local_ms_of_day=7 * HOUR_MS)
    program = digest(canonical([(0, 480_000), (480, 2_400_000)]))
    firmware = bytes.fromhex(rig.firmware_digest)[:8]
    got: dict[str, object] = {}
    wanted: dict[str, object] = {}
    slowest_ms = 0

    def look(name: str, mode: int, rate: int, lockout_ms: int, boluses: int) -> None:
        nonlocal slowest_ms
        asked_ms = treatment.now_ms
        s = programmer.status()
        slowest_ms = max(slowest_ms, treatment.now_ms - asked_ms)
        got[name] = (s.mode, s.rate_nl_per_day, s.delivered_nl, s.remaining_nl, s.lockout_left_ms, s.boluses_left,
                     s.alarm_bits, s.program_digest, s.fw_digest, s.uptime_ms)  # fmt: skip
        delivered_nl = -(-steps_from(rig) * 43_100 // 200)
        wanted[name] = (mode, rate, delivered_nl, ledger_nl(rig, 18_000_000), lockout_ms, boluses, 0, program, firmware,
                        asked_ms)  # fmt: skip

    look("stopped", codes.STOP_MODE, 0, 0, 6)
    treatment.start()
    treatment.run_for(seconds=60)
    look("at 07:01", codes.SCHEDULE, 480_000, 0, 6)
    treatment.run_for(hours=2)
    look("at 09:01", codes.SCHEDULE, 2_400_000, 0, 6)
    treatment.bolus()
    treatment.run_for(seconds=60)
    # 20 000 nL in 10 min: 2 880 000 nL/day on top
    look("in a bolus", codes.PATIENT_BOLUS, 5_280_000, 7_200_000 - 60_000, 5)
    treatment.run_for(hours=1)
    look("in its lockout", codes.SCHEDULE, 2_400_000, 3_600_000 - 60_000, 5)
    judge_answers(record, "status", got, wanted)
    record.expect("slowest answer", "ms", error=slowest_ms, limit=200)


@pytest.mark.requirement("LINK-09")
@pytest.mark.short
def test_link_table_holds_integers_in_three_units(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a pump with this message table. Action: read the table. Then kinds, units and ranges of all fields."""
    same_table = treatment.programmer.identify().schema == messages.SCHEMA
    judge_answers(record, "table of the pump", {"same": same_table}, {"same": True})
    fields = [(m.name, f) for m in messages.TABLE for layout in (m.request, m.reply) for f in layout.fields]
    numbers = [(name, f) for name, f in fields if f.kind[0] in "ui"]
    others = {f.kind for _, f in fields if f.kind[0] not in "ui"}
    # neither volume, rate nor duration: offset of the clock from UTC, concentration, longest body, a soft limit. And
    # durations in minutes and seconds: those that may be longer than the 12 days which 30 bits of ms hold
    foreign = {(name, f.name, f.unit) for name, f in numbers if f.unit not in ("nL", "nL/day", "ms", "")}
    unlimited = [f"{name} {f.name}" for name, f in numbers if f.low is None or f.high is None]
    got = {"kinds that are not integers": others, "other units": foreign, "numbers without a range": unlimited}
    judge_answers(record, "fields of the message table", got, {
        "kinds that are not integers": {"tail", "b3", "b4", "b8", "b16"},
        "other units": {
            ("PREPARE_CLOCK", "offset", "min"), ("PREPARE_CLOCK", "next_offset", "min"), ("IDENTIFY", "max_body", "B"),
            ("PREPARE_REFILL", "concentration", "ng/mL"), ("GET_RESERVOIR", "concentration", "ng/mL"),
            ("GET_LIMITS", "soft_change", "%"), ("GET_LIMITS", "fill_age", "s"), ("GET_RESERVOIR", "fill_age", "s"),
            ("GET_RESERVOIR", "to_low", "min"), ("AUTH", "idle", "s"), ("GET_RESERVOIR", "to_low_worst", "min"),
        },
        "numbers without a range": [],
    })  # fmt: skip
