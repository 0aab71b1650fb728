"""Alarms on both interpreters: causes, order, records, state, memory. Worked by hand.

    micropython tests/portable/run.py test_alarms

Light and sound are in test_alarm_signals.py, a model and random sequences in tests/test_alarms_properties.py, the table
itself in tests/test_alarms_table.py.
"""

import gc

from alarm_cases import CAUSE_THERE, HOUR_MS, LATCHED, MINUTE_MS, made, rows

from pumpfw.core.alarms import Alarms
from pumplink import device
from pumplink.device import (
    ALARM_CLOCK,
    ALARM_COVER,
    ALARM_LOW_RESERVOIR,
    ALARM_STALL,
    REC_ACK,
    REC_ALARM,
    REC_ALARM_CLEAR,
    REC_SILENCE,
)


def test_one_that_does_not_latch_goes_with_its_cause():
    alarms, signals = made()
    assert alarms.first_of() == -1
    assert alarms.update(ALARM_CLOCK, True, 1_000)
    assert not alarms.update(ALARM_CLOCK, True, 2_000), "raised once"
    assert alarms.shows(ALARM_CLOCK)
    assert rows(alarms) == [(ALARM_CLOCK, 2, CAUSE_THERE, 1_000)]
    assert not alarms.acknowledge(ALARM_CLOCK, 2_500)
    assert not alarms.update(ALARM_CLOCK, False, 3_000)
    assert not alarms.shows(ALARM_CLOCK)
    assert rows(alarms) == []
    assert signals.records == [(1_000, REC_ALARM, ALARM_CLOCK), (3_000, REC_ALARM_CLEAR, ALARM_CLOCK)]
    assert not alarms.update(ALARM_CLOCK, False, 4_000)
    assert len(signals.records) == 2


def test_one_that_latches_stays_until_cause_gone_and_acknowledged():
    """ALM-06"""
    alarms, signals = made()
    alarms.update(ALARM_STALL, True, 1_000)
    assert not alarms.acknowledge(ALARM_STALL, 2_000), "the cause is there"
    alarms.silence(MINUTE_MS, 2_500)
    alarms.update(ALARM_STALL, False, 3_000)
    assert rows(alarms) == [(ALARM_STALL, 3, LATCHED, 1_000)]
    assert alarms.first_of(3) == ALARM_STALL, "silencing is no acknowledgement"
    assert alarms.update(ALARM_STALL, True, 4_000), "again, while it is latched"
    assert rows(alarms) == [(ALARM_STALL, 3, CAUSE_THERE, 1_000)], "listed once, since the first time"
    alarms.update(ALARM_STALL, False, 5_000)
    assert alarms.acknowledge(ALARM_STALL, 6_000)
    assert not alarms.acknowledge(ALARM_STALL, 7_000), "nothing is left to acknowledge"
    kinds = [kind for _, kind, _ in signals.records]
    assert kinds == [REC_ALARM, REC_SILENCE, REC_ALARM_CLEAR, REC_ALARM, REC_ALARM_CLEAR, REC_ACK]


def test_a_code_without_a_row_is_refused_and_not_an_error():
    """ACK_ALARM may name any code up to 63."""
    alarms, _ = made()
    assert not alarms.acknowledge(63, 0)
    assert not alarms.shows(63)


def test_order_of_onset_and_strictest_of_all():
    """ALM-03: all stay listed in order of occurrence, the highest priority is signalled, any stop is found."""
    alarms, signals = made()
    for now, code in enumerate((ALARM_LOW_RESERVOIR, ALARM_CLOCK, ALARM_STALL, ALARM_COVER)):
        alarms.update(code, True, now)
    assert [row[0] for row in rows(alarms)] == [ALARM_LOW_RESERVOIR, ALARM_CLOCK, ALARM_STALL, ALARM_COVER]
    assert signals.lights == [1, 2, 3], "on change only"
    assert alarms.first_of() == ALARM_LOW_RESERVOIR
    assert alarms.first_of(2) == ALARM_CLOCK
    assert alarms.first_of(3) == ALARM_STALL
    assert alarms.first_of(action=device.ACT_STOP) == ALARM_STALL
    assert alarms.bits() == 1 | 1 << 28 | 1 << 3 | 1 << 42
    alarms.update(ALARM_STALL, False, 5)
    assert alarms.acknowledge(ALARM_STALL, 6)
    assert alarms.first_of(action=device.ACT_STOP) == ALARM_COVER
    assert alarms.first_of(3) == -1
    assert signals.lights == [1, 2, 3, 2]
    alarms.update(ALARM_STALL, True, 7)
    assert [row[0] for row in rows(alarms)] == [ALARM_LOW_RESERVOIR, ALARM_CLOCK, ALARM_COVER, ALARM_STALL]
    assert [row[3] for row in rows(alarms)] == [0, 1, 3, 7]
    for code in (ALARM_STALL, ALARM_CLOCK, ALARM_COVER, ALARM_LOW_RESERVOIR):
        alarms.update(code, False, 8)
        alarms.acknowledge(code, 9)
    data = bytearray(b"x" * Alarms.SIZE)
    alarms.save(data, 0)
    assert data == bytearray(Alarms.SIZE), "what is gone leaves no trace"


def test_all_at_once_come_in_frames():
    """45 rows of 11 bytes, 18 in a frame: 18, 18, 9."""
    alarms, _ = made()
    for code in range(45):
        alarms.update(44 - code, True, code)
    parts = [rows(alarms, first) for first in (0, 18, 36, 45, 63)]
    assert [len(part) for part in parts] == [18, 18, 9, 0, 0]
    assert [row[0] for part in parts for row in part] == list(range(44, -1, -1))
    assert alarms.packed(60)[0] == 45
    assert alarms.bits() == (1 << 45) - 1


def test_shown_and_latched_survive_a_reset():
    """ALM-06; times beyond 2^32 ms, order and onset are kept, a silence is not."""
    alarms, _ = made()
    since = 5_000_000_000_000
    for step, code in enumerate((ALARM_COVER, ALARM_CLOCK, ALARM_STALL, ALARM_LOW_RESERVOIR)):
        alarms.update(code, True, since + step)
    alarms.update(ALARM_STALL, False, since + 10)
    alarms.silence(2 * MINUTE_MS, since + 11)
    assert alarms.changed
    data = bytearray(10 + Alarms.SIZE + 3)
    assert alarms.save(data, 10) == 10 + Alarms.SIZE
    assert not alarms.changed
    assert (bytes(data[:10]), bytes(data[-3:])) == (b"\0" * 10, b"\0" * 3)

    again, signals = made()
    assert again.load(data, 10) == 10 + Alarms.SIZE
    now = since + 1_000
    assert again.first_of(3) == ALARM_STALL, "before anything else is asked"
    again.update(ALARM_LOW_RESERVOIR, True, now)
    again.update(ALARM_CLOCK, False, now)
    again.settle(now)
    assert rows(again) == [
        (ALARM_COVER, 2, LATCHED, since),
        (ALARM_STALL, 3, LATCHED, since + 2),
        (ALARM_LOW_RESERVOIR, 1, CAUSE_THERE, since + 3),
    ]
    assert signals.lights[-1] == 3
    assert signals.sounds == [2]
    assert not again.silenced(now)
    assert signals.records == [(now, REC_ALARM, ALARM_LOW_RESERVOIR), (now, REC_ALARM_CLEAR, ALARM_CLOCK)]
    assert again.poll(now) < 10 * MINUTE_MS


def test_mpy_no_memory_is_taken_while_nothing_is_shown():
    """PWR-16: 1 000 wakes of each call that a wake makes. (Reading an array of 64-bit numbers does take memory.)"""
    alarms, _ = made()
    alarms.update(ALARM_STALL, True, 0)
    alarms.update(ALARM_STALL, False, 1)
    alarms.acknowledge(ALARM_STALL, 2)
    taken = 0
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        now = 1_000
        while now < 2_000:
            alarms.poll(now)
            alarms.first_of()
            alarms.first_of(2)
            alarms.first_of(0, 2)
            alarms.update(3, False, now)
            alarms.update(28, 0, now)
            alarms.shows(3)
            now += 1
        taken = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert taken == 0, taken


def test_mpy_nothing_outlives_a_change():
    """PWR-16: raising, clearing, sounding and dropping every alarm 50 times leaves the heap as it was."""
    alarms, signals = made()
    signals.light = signals.sound = signals.add = lambda *_: True
    data = bytearray(Alarms.SIZE)
    before = 0
    for turn in range(51):
        for code in range(45):
            alarms.update(code, True, turn * HOUR_MS)
        alarms.poll(turn * HOUR_MS + 3_599_999)
        alarms.save(data, 0)
        for code in range(45):
            alarms.update(code, False, turn * HOUR_MS)
            alarms.acknowledge(code, turn * HOUR_MS)
        gc.collect()
        if turn == 0:
            before = gc.mem_alloc()
    assert gc.mem_alloc() <= before + 64, gc.mem_alloc() - before
