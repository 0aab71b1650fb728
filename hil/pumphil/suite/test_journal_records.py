"""The journal under load and under faults: what is in it, what it holds, what happens when it cannot be written."""

from __future__ import annotations

import contextlib

import pytest

from pumpfw.core.journal import Journal
from pumpfw.core.ports import EVENT_AREA, EVENT_SEGMENTS, FAULT_AREA, FAULT_SEGMENTS
from pumpfw.core.wallclock import WallClock
from pumphil.hil_record import HilRecord
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite import faults
from pumphil.suite.by_hand import Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal, twin
from pumphil.suite.measures import HOUR_MS
from pumphil.suite.therapies import BolusText, continuous
from pumphil.treatment import Treatment
from pumphost.errors import PumpError
from pumphost.logbook import EVENTS, FAULTS, broken
from pumplink import codes, frame, messages

EVENTS_KEPT, FAULTS_KEPT = 5_000, 1_000  # LOG-06
RECORD = codes.RECORD_SIZE + 8


@pytest.mark.requirement("LOG-01")
@pytest.mark.needs("virtual-time", "sensor-inputs", "power-cuts", "store-faults")
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
@pytest.mark.needs("sensor-inputs", "power-cuts", "virtual-time")
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


@pytest.mark.requirement("LOG-04", "BOL-03", "PWR-09")
@pytest.mark.needs("power-cuts", "store-faults")
def test_journal_bolus_is_on_record_before_it_moves(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: a request, the power goes at every third write. Then what is on record counts."""
    faults.running(
        treatment, "2 mL/day", bolus=BolusText(volume="60 uL", duration="00:10", lockout="02:00", max_per_24h=3)
    )
    rig, programmer = treatment.rig, treatment.programmer
    before = rig.store.snapshot()
    wrong: list[str] = []
    counted = 0
    moved = False
    for write in range(rig.seed % 3, 60, 3):  # each of them: tests/test_storage_cuts.py
        rig.power_cut()
        rig.store.restore(before)
        rig.power_on(0)
        rig.run_for(seconds=0.001)
        faults.clear_reset(treatment)
        first = programmer.status().log_next
        rig.store.cut_after(write, 5 * write % 41)
        with contextlib.suppress(PumpError):
            programmer.bolus()
        moved = rig.powered
        if moved:
            rig.run_for(seconds=30)
            rig.power_cut()
        rig.store.restore(rig.store.snapshot())
        rig.power_on(0)
        rig.run_for(seconds=0.001)
        if programmer.session.unsettled:
            programmer.settle()
        status = programmer.status()
        started = bool(faults.log(programmer, codes.REC_BOLUS_START, first=first))
        counts = status.boluses_left == 2 and status.lockout_left_ms > 0
        counted += counts
        if (started or moved) and not counts:
            wrong.append(f"write {write}: record {started}, counted {counts}")
        if moved:
            break
    record.expect(f"boluses that do not count: {wrong[:3]}", "1", error=len(wrong), limit=0)
    judge_answers(record, "cuts", {"some counted": counted > 1, "the last one moved": moved},
                  {"some counted": True, "the last one moved": True})  # fmt: skip


@pytest.mark.requirement("LOG-05", "PWR-09", "RES-01")
@pytest.mark.needs("virtual-time", "power-cuts", "sensor-inputs")
def test_journal_state_comes_back(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a day of boluses, an alarm, stopped. Action: power off and on. Then everything is as it was."""
    faults.running(treatment, "2 mL/day", bolus=BolusText(lockout="05:00", max_per_24h=4))
    rig, programmer = treatment.rig, treatment.programmer
    for _ in range(3):
        assert treatment.bolus().granted
        treatment.run_for(hours=6)
    rig.set_input(codes.SENSE_COVER, 1)
    rig.set_input(codes.SENSE_COVER, 0)
    treatment.run_for(hours=1)
    before, program, alarms = programmer.status(), programmer.read_program(), programmer.alarms()
    rig.power_cut()
    rig.power_on(10_000_000)
    rig.run_for(seconds=0.001)
    after = programmer.status()
    kept = {"boluses_left", "program_digest", "mode", "last_order", "order_state", "order_delivered_nl"}
    got: Answers = {name: getattr(after, name) for name in kept}
    wanted: Answers = {name: getattr(before, name) for name in kept}
    got["program"], wanted["program"] = programmer.read_program(), program
    got["alarms"] = [alarm for alarm in programmer.alarms() if alarm.code == codes.ALARM_COVER]
    wanted["alarms"] = alarms
    judge_answers(record, "state", got, wanted)
    # up to two quanta that may have moved are counted as moved (PWR-08); of time up to 15 min were not written down
    for name, sign in (("delivered_nl", 1), ("remaining_nl", -1), ("since_fill_nl", 1), ("last_24h_nl", 1)):
        change_nl = sign * (getattr(after, name) - getattr(before, name))
        record.expect(f"{name} after it, less", "nL", error=max(0, -change_nl), limit=1)
        record.expect(f"{name} after it, more", "nL", error=max(0, change_nl), limit=2 * treatment.quantum_nl())
    lockout_ms = after.lockout_left_ms - before.lockout_left_ms
    record.expect("lockout after it", "ms", error=abs(lockout_ms), limit=900_000, oracle=before.lockout_left_ms)


@pytest.mark.requirement("LOG-07", "BOL-06")
@pytest.mark.needs("virtual-time", "store-faults")
def test_journal_that_cannot_be_written(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: no write for 3 h. Then alarm, basal, boluses, way out."""
    faults.running(treatment, "2 mL/day", bolus=True)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    rig.store.fail_writes = True
    onset_ms = faults.until_alarm(treatment, codes.ALARM_STORAGE, 65, look_s=1)
    record.expect("alarm after the first write that fails", "ms", error=onset_ms, limit=65_000)
    alarm = faults.shown(programmer, codes.ALARM_STORAGE)
    first, start_ms = len(rig.packets), treatment.now_ms
    treatment.run_for(hours=1)
    got: Answers = {
        "alarm": alarm and alarm.priority, "patient bolus": (refusal(programmer.bolus) or ("",))[0],
        "clinician bolus": hand.answer(lambda: programmer.clinician_bolus(50_000, 600_000))[0],
        "refill": hand.answer(lambda: programmer.refill(18_000_000, "saline", 1_000_000))[0],
        "remaining": programmer.status().remaining_nl < 18_000_000, "mode": programmer.status().mode_name,
    }  # fmt: skip
    treatment.run_for(hours=2)
    steps = sum(made for _, made in rig.packets[first:])
    volume_nl = steps * rig.options.plant.nl_per_rev / rig.options.plant.steps_per_rev
    by_hand_nl = 2_000_000 * (treatment.now_ms - start_ms) / 86_400_000
    record.expect("basal without a journal", "nL", error=volume_nl - by_hand_nl, limit=treatment.quantum_nl(),
                  oracle=by_hand_nl, pump=volume_nl, bound=True)  # fmt: skip
    rig.store.fail_writes = False
    treatment.run_for(seconds=61)
    got |= {"writes again": programmer.alarms(), "bolus again": refusal(programmer.bolus)}
    judge_answers(record, "a journal that fails", got, {
        "alarm": 2, "patient bolus": "STORAGE", "clinician bolus": "STORAGE", "refill": "STORAGE", "remaining": True,
        "mode": "schedule", "writes again": [], "bolus again": None,
    })  # fmt: skip
    record.expect("records that do not follow", "1", error=len(broken(programmer.log())), limit=0)


@pytest.mark.requirement("LOG-08")
@pytest.mark.needs("link-faults", "virtual-time")
def test_journal_nothing_on_the_link_changes_it(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: every message number, payloads of all kinds. Then the records are the same."""
    faults.running(treatment, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    before = programmer.log()
    link = rig.transport()
    seq = 1
    for number in range(256):
        for payload in (b"", b"\0" * 4, b"\xff" * 12, bytes(range(24))):
            seq += 1
            link.write(frame.encode(frame.pack_body(frame.REQ, number, payload, seq)))
            link.read(0)
    after = programmer.log()
    changed = sum(one != two for one, two in zip(before, after, strict=False))
    record.expect("records changed or gone", "1", error=changed + max(0, len(before) - len(after)), limit=0)
    record.expect("records that do not follow", "1", error=len(broken(after)), limit=0)


@pytest.mark.requirement("LOG-08", "LINK-07")
@pytest.mark.needs("virtual-time")
def test_journal_export_delays_no_quantum(treatment: Treatment, record: HilRecord) -> None:
    """Condition: two pumps, the same to the last seed. Action: one is read out all the time. Then packet by packet."""
    faults.running(treatment, "24 mL/day", bolus=False)
    with twin(treatment.rig) as other:
        alone = Treatment(other)
        faults.running(alone, "24 mL/day", bolus=False)
        alone.run_for(seconds=1_200)
        for _ in range(200):
            treatment.run_for(seconds=3)
            treatment.programmer.log()
            treatment.programmer.log(ring=FAULTS)
            treatment.run_for(seconds=3)
        pairs = list(zip(treatment.rig.packets, alone.rig.packets, strict=False))
        worst_ms = max(abs(one[0] - two[0]) for one, two in pairs)
        steps = sum(one[1] != two[1] for one, two in pairs)
    record.expect("packets compared", "1", error=max(0, 40 - len(pairs)), limit=0)
    record.expect("packet against its twin, worst", "ms", error=worst_ms, limit=50)
    record.expect("packets of another size", "1", error=steps, limit=0)
