"""What became of every order: an id is executed at most once and can be asked for afterwards.

The last 64 orders are durable; they outlive a reset.
"""

import struct
from array import array

from pumplink import device

KEPT = 64
_ROW = "<IBBIIQ"  # id, kind, state, requested nL, delivered nL, pump time ms
_ROW_SIZE = struct.calcsize(_ROW)


class Orders:
    """Ring of orders in durable form. Volumes nL, times pump ms."""

    __slots__ = ("_count", "_rows")
    SIZE = KEPT * _ROW_SIZE + 4

    def __init__(self):
        self._count = array("I", (0,))
        self._rows = bytearray(KEPT * _ROW_SIZE)

    def _find(self, order):
        # backwards, so that the newest is found first
        count = self._count[0]
        for back in range(1, min(count, KEPT) + 1):
            at = (count - back) % KEPT * _ROW_SIZE
            if struct.unpack_from("<I", self._rows, at)[0] == order:
                return at
        return -1

    def known(self, order):
        """Whether this id was committed before and is still remembered."""
        return self._find(order) >= 0

    def state(self, order):
        """State of an order; FORGOTTEN, not NOT_SEEN, once anything has been forgotten."""
        at = self._find(order)
        if at >= 0:
            return self._rows[at + 5]
        return device.NOT_SEEN if self._count[0] <= KEPT else device.FORGOTTEN

    def add(self, order, kind, state, requested_nl, now_ms):
        """Remember a new order, before anything moves for it."""
        at = self._count[0] % KEPT * _ROW_SIZE
        struct.pack_into(_ROW, self._rows, at, order, kind, state, requested_nl, 0, now_ms)
        self._count[0] += 1

    def settle(self, order, state, delivered_nl):
        """New state and delivered volume of a remembered order."""
        at = self._find(order)
        if at >= 0:
            self._rows[at + 5] = state
            struct.pack_into("<I", self._rows, at + 10, delivered_nl)

    def last(self):
        """Id of the newest order, 0 if there is none."""
        if not self._count[0]:
            return 0
        return struct.unpack_from("<I", self._rows, (self._count[0] - 1) % KEPT * _ROW_SIZE)[0]

    def row(self, order):
        """(id, kind, state, requested nL, delivered nL, time ms) for GET_ORDER."""
        at = self._find(order)
        if at < 0:
            return order, 0, self.state(order), 0, 0, 0
        return struct.unpack_from(_ROW, self._rows, at)

    def save(self, buf, at):
        """Durable form; returns the place behind it."""
        struct.pack_into("<I", buf, at, self._count[0])
        buf[at + 4 : at + self.SIZE] = self._rows
        return at + self.SIZE

    def load(self, buf, at):
        """The reverse of `save`."""
        self._count[0] = struct.unpack_from("<I", buf, at)[0]
        self._rows[:] = buf[at + 4 : at + self.SIZE]
        return at + self.SIZE
