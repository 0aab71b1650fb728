"""The journal: every kind of event is in it, it holds what it should, and damage is found."""

from __future__ import annotations

import pytest

from pumpfw.core.journal import Journal
from pumpfw.core.ports import EVENT_AREA, EVENT_SEGMENTS, FAULT_AREA, FAULT_SEGMENTS
from pumpfw.core.wallclock import WallClock
from pumphil.hil_record import HilRecord
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite import faults
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumphost.logbook import EVENTS, FAULTS, broken
from pumplink import codes, messages

EVENTS_KEPT, FAULTS_KEPT = 5_000, 1_000  # LOG-06
RECORD = codes.RECORD_SIZE + 8


@pytest.mark.requirement("LOG-01")
@pytest.mark.needs("sensor-inputs", "power-cuts", "store-faults")
def test_journal_holds_every_kind_of_event(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: each kind of event, one by one. Then the record that each of them left."""
    faults.running(treatment, bolus=BolusText(lockout="00:10"))
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    got: Answers = {}
    wanted: Answers = {}

    def event(name: str, action: object, *kinds: int) -> None:
        first = programmer.status().log_next
        assert callable(action)
        action()
        treatment.run_for(seconds=1)
        found = {entry.kind for entry in programmer.log(first)}
        got[name] = sorted(codes.RECORDS[kind][0] for kind in kinds if kind in found)
        wanted[name] = sorted(codes.RECORDS[kind][0] for kind in kinds)

    def again() -> None:
        treatment.run_for(seconds=700)

    event("bolus", treatment.bolus, codes.REC_BOLUS_START, codes.REC_MODE)
    event("denial", treatment.bolus, codes.REC_BOLUS_DENIED)
    event("end of the bolus", again, codes.REC_BOLUS_END, codes.REC_MODE)
    event("clock", lambda: programmer.set_clock(1_800_000_000_000, 60, accept_warnings=True), codes.REC_CLOCK)
    event("alarm", lambda: rig.set_input(codes.SENSE_COVER, 1), codes.REC_ALARM, codes.REC_MODE, codes.REC_RATE)
    event("silence", programmer.silence, codes.REC_SILENCE)
    event("refused command", lambda: hand.answer(programmer.start), codes.REC_REFUSED)
    event("alarm gone", lambda: rig.set_input(codes.SENSE_COVER, 0), codes.REC_ALARM_CLEAR)
    event("acknowledgement", lambda: programmer.acknowledge(codes.ALARM_COVER), codes.REC_ACK, codes.REC_MODE)
    event("refill", lambda: programmer.refill(15_000_000, "saline", 1_000_000), codes.REC_REFILL)
    event("start", programmer.start, codes.REC_MODE, codes.REC_RATE)
    event("stop", programmer.stop, codes.REC_STOP, codes.REC_MODE, codes.REC_RATE)
    event("program", lambda: programmer.program(continuous("3 mL/day"), accept_warnings=True), codes.REC_PROGRAM,
          codes.REC_BOLUS_SETTINGS)  # fmt: skip
    event("calibration", lambda: programmer.calibrate(43_500), codes.REC_CALIBRATION)
    event("reset", rig.reset, codes.REC_BOOT, codes.REC_ALARM)

    def rotten() -> None:
        rig.power_cut()
        faults.rot(rig, 1)
        rig.power_on(0)

    event("corrected fault", rotten, codes.REC_REPAIRED)
    judge_answers(record, "records", got, wanted)
    record.expect("records that do not follow", "1", error=len(broken(programmer.log())), limit=0)


def _fill_rings(rig: LockstepRig, events: int, faults_of_them: int) -> None:
    """The life of a pump before the test, written with the pump's own journal: over the link it would take minutes."""
    journal = Journal(WallClock(), rig.store)
    journal.boot()
    for count in range(events):
        journal.add(count, codes.REC_ALARM if count % (events // faults_of_them) == 0 else codes.REC_SILENCE)


def _add_events(treatment: Treatment, count: int) -> None:
    """Records without any effect, straight over the link."""
    session = treatment.programmer.session
    until_ms = treatment.programmer.status().uptime_ms + 5_000
    for _ in range(count):
        session.request(messages.SILENCE, (0, until_ms))


@pytest.mark.requirement("LOG-06", "LOG-03")
@pytest.mark.needs("sensor-inputs", "power-cuts")
def test_journal_holds_what_it_should(treatment: Treatment, record: HilRecord) -> None:
    """Condition: rings filled twice. Action: 150 alarms, 150 events, 1 000 h without power. Then what is kept."""
    rig, programmer = treatment.rig, treatment.programmer
    rig.power_cut()
    _fill_rings(rig, 2 * EVENTS_KEPT, 2 * FAULTS_KEPT)
    rig.power_on(0)
    for _ in range(150):
        rig.set_input(codes.SENSE_SUPPLY, 4_400)
        rig.set_input(codes.SENSE_SUPPLY, 5_000)
    _add_events(treatment, 150)
    end = programmer.status().log_next
    rig.power_cut()
    rig.power_on(1_000 * HOUR_MS * 1_000)
    rig.run_for(seconds=0.001)
    events, lost = programmer.log(ring=EVENTS), programmer.log(ring=FAULTS)
    numbers = [entry.number for entry in events]
    record.expect(
        "events kept less than 5 000", "1", error=max(0, EVENTS_KEPT - len(events)), limit=0, pump=len(events)
    )
    record.expect("faults kept less than 1 000", "1", error=max(0, FAULTS_KEPT - len(lost)), limit=0, pump=len(lost))
    got: Answers = {
        "the oldest are gone": numbers[0] > 0 and lost[0].number > 0,
        "no gap": numbers == [*range(numbers[0], numbers[-1] + 1)],
        "the newest": numbers[-1] >= end - 1, "faults": {entry.kind for entry in lost} <= set(codes.FAULT_RECORDS),
        "broken": (len(broken(events)), len(broken(lost))),
    }  # fmt: skip
    judge_answers(record, "rings", got, {
        "the oldest are gone": True, "no gap": True, "the newest": True, "faults": True, "broken": (0, 0),
    })  # fmt: skip


def _area_of(rig: LockstepRig, area: int, segments: int) -> int:
    """The newest segment of a ring that holds records."""
    return max((k for k in range(area, area + segments) if rig.store.size(k)), default=area)


def _torn(content: bytearray) -> None:
    del content[-7:]


def _altered(content: bytearray) -> None:
    content[-10 * RECORD + 20] ^= 4


def _reordered(content: bytearray) -> None:
    one, two = content[-10 * RECORD : -9 * RECORD], content[-9 * RECORD : -8 * RECORD]
    content[-10 * RECORD : -8 * RECORD] = two + one


def _missing(content: bytearray) -> None:
    del content[-10 * RECORD : -9 * RECORD]


DAMAGE = {"torn": _torn, "altered": _altered, "reordered": _reordered, "missing": _missing}


@pytest.mark.requirement("LOG-03", "LOG-02")
@pytest.mark.needs("power-cuts", "store-faults")
@pytest.mark.parametrize("ring", [EVENTS, FAULTS], ids=["events", "faults"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_journal_damage_is_found(treatment: Treatment, record: HilRecord, damage: str, ring: int) -> None:
    """Condition: 60 records. Action: one of them is damaged while the power is off. Then boot and export tell."""
    rig, programmer = treatment.rig, treatment.programmer
    for _ in range(20):
        rig.set_input(codes.SENSE_SUPPLY, 4_400)
        rig.set_input(codes.SENSE_SUPPLY, 5_000)
    before = programmer.log(ring=ring)
    rig.power_cut()
    area, segments = ((EVENT_AREA, EVENT_SEGMENTS), (FAULT_AREA, FAULT_SEGMENTS))[ring]
    DAMAGE[damage](rig.store.areas[_area_of(rig, area, segments)])
    rig.power_on(0)
    rig.run_for(seconds=1)
    told = [entry.b for entry in faults.log(programmer, codes.REC_REPAIRED)]
    after = programmer.log(ring=ring)
    readable = [entry for entry in after if entry in before[:-11]]
    got: Answers = {
        "at boot": len(told) == 1 and told[0] >= 1,
        "alarm": faults.shown(programmer, codes.ALARM_MEMORY_REPAIRED) is not None,
        "on export": bool(broken(after)) or damage == "torn", "earlier ones": len(readable) == len(before) - 11,
        "it goes on": after[-1].number > before[-1].number or after[-1].kind in (codes.REC_ALARM, codes.REC_REPAIRED),
    }  # fmt: skip
    judge_answers(record, f"one record {damage}", got, dict.fromkeys(got, True))
