"""What became of every order: an id is executed at most once and can be asked for afterwards.

The last 64 orders, in RAM; with the durable journal they outlive a reset.
"""

from array import array

from pumplink import device

KEPT = 64


class Orders:
    """Ring of orders. Volumes nL, times pump ms."""

    __slots__ = ("count", "_ids", "_kinds", "_states", "_requested", "_delivered", "_times")

    def __init__(self):
        self.count = 0
        self._ids = array("I", [0] * KEPT)
        self._kinds = bytearray(KEPT)
        self._states = bytearray(KEPT)
        self._requested = array("I", [0] * KEPT)
        self._delivered = array("I", [0] * KEPT)
        self._times = array("q", [0] * KEPT)

    def _find(self, order):
        for slot in range(min(self.count, KEPT)):
            if self._ids[slot] == order:
                return slot
        return -1

    def known(self, order):
        """Whether this id was committed before and is still remembered."""
        return self._find(order) >= 0

    def state(self, order):
        """State of an order; FORGOTTEN, not NOT_SEEN, once anything has been forgotten."""
        slot = self._find(order)
        if slot >= 0:
            return self._states[slot]
        return device.NOT_SEEN if self.count <= KEPT else device.FORGOTTEN

    def add(self, order, kind, state, requested_nl, now_ms):
        """Remember a new order, before anything moves for it."""
        slot = self.count % KEPT
        self._ids[slot] = order
        self._kinds[slot] = kind
        self._states[slot] = state
        self._requested[slot] = requested_nl
        self._delivered[slot] = 0
        self._times[slot] = now_ms
        self.count += 1

    def settle(self, order, state, delivered_nl):
        """New state and delivered volume of a remembered order."""
        slot = self._find(order)
        if slot >= 0:
            self._states[slot] = state
            self._delivered[slot] = delivered_nl

    def last(self):
        """Id of the newest order, 0 if there is none."""
        return self._ids[(self.count - 1) % KEPT] if self.count else 0

    def row(self, order):
        """(id, kind, state, requested nL, delivered nL, time ms) for GET_ORDER."""
        slot = self._find(order)
        if slot < 0:
            return order, 0, self.state(order), 0, 0, 0
        return (
            order, self._kinds[slot], self._states[slot],
            self._requested[slot], self._delivered[slot], self._times[slot],
        )  # fmt: skip
