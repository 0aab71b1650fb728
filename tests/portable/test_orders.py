"""What the pump remembers of orders and tickets, on both interpreters. Digests are taken with hashlib.

micropython tests/portable/run.py test_orders
"""

import hashlib

from pumpfw.core.orders import KEPT, Orders
from pumpfw.core.ticket import NO_TICKET, Ticket
from pumplink import device

RUNNING, DONE, CANCELLED, NOT_SEEN, FORGOTTEN = 3, 4, 5, 0, 255
BOLUS = 0x2E


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
    assert orders.row(999) == (999, 0, NOT_SEEN, 0, 0, 0), "nothing has been forgotten yet"
    orders.add(65, BOLUS, RUNNING, 5, 5)
    assert not orders.known(1)
    assert orders.known(2)
    assert (orders.state(1), orders.state(999)) == (FORGOTTEN, FORGOTTEN)
    # order 2 is the oldest that is kept, and was committed at 2 ms: what was committed since then is not forgotten
    assert orders.row(1) == (1, 0, FORGOTTEN, 0, 0, 2)
    assert (orders.last(), KEPT) == (65, 64)


def test_going_back_takes_an_order_out_and_gives_the_one_it_replaced_its_place():
    orders = Orders()
    for order in range(1, 65):
        orders.add(order, BOLUS, DONE, order, order)
    before = bytes(orders.durable)
    orders.hold(65)
    orders.add(65, BOLUS, RUNNING, 5, 5)
    orders.settle(65, CANCELLED, 1)
    orders.back()
    assert (bytes(orders.durable), orders.last(), orders.known(1), orders.known(65)) == (before, 64, True, False)
    orders.hold(9)  # an order that is known already, as that of a periodic bolus
    orders.settle(9, RUNNING, 0)
    orders.back()
    assert (bytes(orders.durable), orders.state(9), orders.last()) == (before, DONE, 64)


def test_orders_are_loaded_as_they_were():
    orders = Orders()
    for order in range(1, 67):
        orders.add(order, BOLUS, DONE, order, order)
    other = Orders()
    other.durable[:] = orders.durable
    assert other.load() == Orders.SIZE == 4 + 64 * 22
    assert (other.last(), other.state(1), other.row(66)) == (66, FORGOTTEN, (66, BOLUS, DONE, 66, 0, 66))


# -- tickets -----------------------------------------------------------------------------------------

UID = b"\1\2\3\4\5\6\7\x08"


def issued(now_ms=0, revision=3):
    ticket = Ticket(UID)
    ticket.issue(0x26, (42, 1), (b"sto", b"red"), revision, now_ms)
    return ticket


def test_digest_covers_ticket_kind_and_what_was_stored():
    ticket = issued()
    assert ticket.digest == sha8(ticket.id, b"\x26", b"stored")
    assert (ticket.order, ticket.kind, ticket.values) == (42, 0x26, (42, 1))
    first = ticket.id
    ticket.issue(0x26, (42, 1), (b"stored",), 3, 0)
    assert ticket.id not in (first, NO_TICKET)


def test_a_ticket_lives_for_30_s():
    ticket = issued(now_ms=1_000)
    assert ticket.refusal(ticket.id, ticket.digest, 3, 31_000) is None
    assert ticket.refusal(ticket.id, ticket.digest, 3, 31_001) == (device.TICKET_EXPIRED, 0, 0)


def test_a_ticket_works_once():
    ticket = issued()
    ticket.use()
    assert ticket.refusal(ticket.id, ticket.digest, 3, 0) == (device.TICKET_USED, 0, 42)


def test_a_ticket_of_an_older_pump_is_refused():
    ticket = issued(revision=3)
    assert ticket.refusal(ticket.id, ticket.digest, 4, 0) == (device.CHANGED, 0, 0)
    assert ticket.refusal(ticket.id, ticket.digest, 3, 0) is None, "it is refused, not void"


def test_another_digest_voids_the_ticket():
    ticket = issued()
    own = ticket.id
    assert ticket.refusal(own, bytes(8), 3, 0) == (device.DIGEST_MISMATCH, 0, 0)
    assert ticket.refusal(own, ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0, 0)


def test_no_ticket_is_no_ticket():
    ticket = Ticket(UID)
    assert ticket.refusal(bytes(8), ticket.digest, 0, 0) == (device.TICKET_UNKNOWN, 0, 0)
    ticket = issued()
    assert ticket.refusal(b"12345678", ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0, 0)
    ticket.void()
    assert ticket.refusal(bytes(8), ticket.digest, 3, 0) == (device.TICKET_UNKNOWN, 0, 0)
