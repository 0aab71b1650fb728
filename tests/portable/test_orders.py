"""What the pump remembers: orders, tickets, journal, alarms, on both interpreters. Digests are taken with hashlib.

micropython tests/portable/run.py test_orders
"""

import hashlib
import struct

from pumpfw.core.alarms import Alarms
from pumpfw.core.journal import RECORDS_KEPT, Journal
from pumpfw.core.orders import KEPT, Orders
from pumpfw.core.ticket import NO_TICKET, Ticket
from pumpfw.core.wallclock import WallClock
from pumplink import device

RUNNING, DONE, CANCELLED, NOT_SEEN, FORGOTTEN = 3, 4, 5, 0, 255
BOLUS = 0x2E
LOW, EMPTY, CLOCK, MOTION, LATE, INTERNAL = range(6)


def sha8(*parts):
    return hashlib.sha256(b"".join(parts)).digest()[:8]


# -- orders ------------------------------------------------------------------------------------------


def test_an_order_from_start_to_end():
    orders = Orders()
    assert (orders.last(), orders.known(7), orders.state(7)) == (0, False, NOT_SEEN)
    assert orders.row(7) == (7, 0, NOT_SEEN, 0, 0, 0)
    orders.add(7, BOLUS, RUNNING, 20_000, 1 << 40)
    assert orders.row(7) == (7, BOLUS, RUNNING, 20_000, 0, 1 << 40)
    orders.settle(7, CANCELLED, 3_000)
    assert orders.row(7) == (7, BOLUS, CANCELLED, 20_000, 3_000, 1 << 40)
    assert (orders.last(), orders.known(7), orders.state(7)) == (7, True, CANCELLED)
    orders.settle(8, DONE, 1)
    assert not orders.known(8)


def test_sixty_four_orders_are_kept_and_what_is_gone_is_forgotten_not_unseen():
    orders = Orders()
    for order in range(1, 65):
        orders.add(order, BOLUS, RUNNING, order, order)
        assert orders.last() == order
    assert orders.known(1)
    assert orders.state(999) == NOT_SEEN, "nothing has been forgotten yet"
    orders.add(65, BOLUS, RUNNING, 5, 5)
    assert not orders.known(1)
    assert orders.known(2)
    assert (orders.state(1), orders.state(999)) == (FORGOTTEN, FORGOTTEN)
    assert orders.row(1) == (1, 0, FORGOTTEN, 0, 0, 0)
    assert (orders.last(), KEPT) == (65, 64)


# -- tickets -----------------------------------------------------------------------------------------

UID = b"\1\2\3\4\5\6\7\x08"


def issued(now_ms=0, revision=3):
    ticket = Ticket(UID)
    ticket.issue(0x26, (42, 1), b"stored", revision, now_ms)
    return ticket


def test_digest_covers_ticket_kind_and_what_was_stored():
    ticket = issued()
    assert ticket.digest == sha8(ticket.id, b"\x26", b"stored")
    assert (ticket.order, ticket.kind, ticket.values) == (42, 0x26, (42, 1))
    first = ticket.id
    ticket.issue(0x26, (42, 1), b"stored", 3, 0)
    assert ticket.id not in (first, NO_TICKET)


def test_a_ticket_lives_for_30_s():
    ticket = issued(now_ms=1_000)
    assert ticket.refusal(ticket.id, ticket.digest, 3, 31_000) is None
    assert ticket.refusal(ticket.id, ticket.digest, 3, 31_001) == (device.TICKET_EXPIRED, 0)


def test_a_ticket_works_once():
    ticket = issued()
    ticket.use()
    assert ticket.refusal(ticket.id, ticket.digest, 3, 0) == (device.TICKET_USED, 42)


def test_a_ticket_of_an_older_pump_is_refused():
    ticket = issued(revision=3)
    assert ticket.refusal(ticket.id, ticket.digest, 4, 0) == (device.CHANGED, 0)
    assert ticket.refusal(ticket.id, ticket.digest, 3, 0) is None, "it is refused, not void"


def test_another_digest_voids_the_ticket():
    ticket = issued()
    own = ticket.id
    assert ticket.refusal(own, bytes(8), 3, 0) == (device.DIGEST_MISMATCH, 0)
    assert ticket.refusal(own, ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0)


def test_no_ticket_is_no_ticket():
    ticket = Ticket(UID)
    assert ticket.refusal(bytes(8), ticket.digest, 0, 0) == (device.TICKET_UNKNOWN, 0)
    ticket = issued()
    assert ticket.refusal(b"12345678", ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0)
    ticket.void()
    assert ticket.refusal(bytes(8), ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0)


# -- journal -----------------------------------------------------------------------------------------


def test_a_record_says_when_and_what():
    clock = WallClock()
    journal = Journal(clock)
    journal.add(5, 2, 1, 0)
    clock.set(10, 1_767_225_600_000, 0)
    journal.add(1 << 40, 255, -1, 1 << 32)
    first, count, records = journal.read(0, 7)
    assert (first, count) == (0, 2)
    assert records[:30] == struct.pack("<IQQBBII", 0, 5, 5, 0, 2, 1, 0)
    wall = 1_767_225_600_000 + (1 << 40) - 10
    assert records[30:] == struct.pack("<IQQBBII", 1, 1 << 40, wall, 1, 255, 0xFFFFFFFF, 0)
    assert journal.head == sha8(sha8(bytes(8), records[:30]), records[30:])


def test_the_oldest_records_are_overwritten():
    journal = Journal(WallClock())
    head = bytes(8)
    for number in range(130):
        journal.add(number, 1, number)
        head = sha8(head, struct.pack("<IQQBBII", number, number, number, 0, 1, number, 0))
        assert (journal.first, journal.next) == (max(0, number - 127), number + 1)
    assert journal.head == head, "the chain goes over every record ever added"
    assert RECORDS_KEPT == 128
    first, count, records = journal.read(0, 7)
    assert (first, count, len(records)) == (2, 7, 210)
    assert struct.unpack_from("<I", records, 0)[0] == 2
    first, count, records = journal.read(126, 7)
    assert (first, count) == (126, 4)
    assert [struct.unpack_from("<I", records, 30 * at)[0] for at in range(4)] == [126, 127, 128, 129]
    assert journal.read(130, 7) == (130, 0, b"")
    assert journal.read(1_000, 7) == (1_000, 0, b"")


# -- alarms ------------------------------------------------------------------------------------------


class Signals:
    def __init__(self):
        self.lit = self.sounding = 0

    def light(self, priority):
        self.lit = priority

    def sound(self, priority):
        self.sounding = priority


def alarms():
    signals = Signals()
    journal = Journal(WallClock())
    return Alarms(journal, signals), signals, journal


def test_an_alarm_that_does_not_latch_goes_with_its_cause():
    state, signals, journal = alarms()
    assert not state.update(LOW, False, 1)
    assert journal.next == 0
    assert state.update(LOW, True, 2)
    assert not state.update(LOW, True, 3), "raised once"
    assert (state.shown, signals.lit, signals.sounding) == (1, 1, 1)
    assert state.packed() == (1, struct.pack("<BBBQ", LOW, 1, 1, 2))
    assert not state.update(LOW, False, 4)
    assert (state.shown, signals.lit, signals.sounding) == (0, 0, 0)
    assert state.packed() == (0, b"")
    assert [journal.read(0, 9)[2][at * 30 + 21] for at in range(2)] == [device.REC_ALARM, device.REC_ALARM_CLEAR]
    assert journal.next == 2


def test_a_latching_alarm_stays_until_acknowledged_without_its_cause():
    state, signals, journal = alarms()
    state.update(EMPTY, True, 1_000)
    assert not state.acknowledge(EMPTY, 1_001), "the cause is still there"
    state.update(EMPTY, False, 2_000)
    assert state.packed() == (1, struct.pack("<BBBQ", EMPTY, 3, 2, 1_000))
    assert signals.lit == 3
    assert state.update(EMPTY, True, 3_000), "raised again"
    assert state.packed() == (1, struct.pack("<BBBQ", EMPTY, 3, 1, 1_000)), "listed once, since it first came"
    state.update(EMPTY, False, 4_000)
    before = journal.next
    assert state.acknowledge(EMPTY, 5_000)
    assert journal.next == before + 1
    assert (state.shown, signals.lit) == (0, 0)
    assert not state.acknowledge(EMPTY, 6_000), "there is nothing left to acknowledge"


def test_oldest_first_and_the_highest_priority_signalled():
    state, signals, _ = alarms()
    for now, code in enumerate((LOW, CLOCK, MOTION, LATE)):
        state.update(code, True, now)
    assert [state.packed()[1][at * 11] for at in range(4)] == [LOW, CLOCK, MOTION, LATE]
    assert (signals.lit, state.priority()) == (3, 3)
    assert state.first_of(priority=2) == CLOCK
    assert state.first_of(priority=3) == MOTION
    assert state.first_of(action=device.ACT_STOP) == MOTION
    state.update(MOTION, False, 5)
    assert state.acknowledge(MOTION, 6)
    assert state.first_of(action=device.ACT_STOP) == LATE
    state.update(LATE, False, 7)
    assert state.acknowledge(LATE, 8)
    assert (signals.lit, state.priority()) == (2, 2)
    state.update(CLOCK, False, 9)
    assert signals.lit == 1
    assert state.first_of(priority=2) == -1
    assert state.shown == 1 << LOW


def test_the_table_of_alarms():
    """Priorities 1 to 3, action 2 stops: as the requirements ALM and RES say."""
    wanted = [(1, 0, False), (3, 2, True), (2, 0, False), (3, 2, True), (3, 2, True), (3, 2, True)]
    assert [device.ALARMS[code] for code in (LOW, EMPTY, CLOCK, MOTION, LATE, INTERNAL)] == wanted
    assert len(device.ALARMS) == 6
