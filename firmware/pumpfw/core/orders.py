"""What became of every order: an id is executed at most once and can be asked for afterwards.

The last 64 orders are durable; they outlive a reset.
"""

import struct

from pumplink import device

KEPT = 64
_ROW = "<IBBIIQ"  # id, kind, state, requested nL, delivered nL, pump time ms
_ROW_SIZE = struct.calcsize(_ROW)


class Orders:
    """Ring of orders, kept in durable form: how many there were u32, then their rows. Volumes nL, times pump ms."""

    __slots__ = ("_count", "_held", "durable")
    SIZE = 4 + KEPT * _ROW_SIZE

    def __init__(self):
        self._count = 0
        self.durable = bytearray(self.SIZE)
        self._held = bytearray(8 + _ROW_SIZE)  # count, place of a row, the row

    def _place(self, n):
        return 4 + n % KEPT * _ROW_SIZE

    def _find(self, order):
        # backwards, so that the newest is found first; 0: not there
        for back in range(1, min(self._count, KEPT) + 1):
            at = self._place(self._count - back)
            if struct.unpack_from("<I", self.durable, at)[0] == order:
                return at
        return 0

    def known(self, order):
        """Whether this id was committed before and is still remembered."""
        return self._find(order) > 0

    def state(self, order):
        """State of an order; FORGOTTEN, not NOT_SEEN, once anything has been forgotten."""
        at = self._find(order)
        if at:
            return self.durable[at + 5]
        return device.NOT_SEEN if self._count <= KEPT else device.FORGOTTEN

    def add(self, order, kind, state, requested_nl, now_ms):
        """Remember a new order, before anything moves for it."""
        struct.pack_into(_ROW, self.durable, self._place(self._count), order, kind, state, requested_nl, 0, now_ms)
        self._counted(self._count + 1)

    def _counted(self, count):
        self._count = count
        struct.pack_into("<I", self.durable, 0, count)

    def settle(self, order, state, delivered_nl):
        """New state and delivered volume of a remembered order."""
        at = self._find(order)
        if at:
            self.durable[at + 5] = state
            struct.pack_into("<I", self.durable, at + 10, delivered_nl)

    def hold(self, order):
        """Keep the row of `order`, or the oldest one that it would replace, for `back`."""
        at = self._find(order) or self._place(self._count)
        struct.pack_into("<II", self._held, 0, self._count, at)
        self._held[8:] = self.durable[at : at + _ROW_SIZE]

    def held(self):
        """(place in the durable form, row as it is now) of the order that `hold` kept."""
        at = struct.unpack_from("<I", self._held, 4)[0]
        return at, memoryview(self.durable)[at : at + _ROW_SIZE]

    def back(self):
        """As it was at `hold`."""
        count, at = struct.unpack_from("<II", self._held, 0)
        self._counted(count)
        self.durable[at : at + _ROW_SIZE] = self._held[8:]

    def last(self):
        """Id of the newest order, 0 if there is none."""
        return struct.unpack_from("<I", self.durable, self._place(self._count - 1))[0] if self._count else 0

    def row(self, order):
        """(id, kind, state, requested nL, delivered nL, time ms) for GET_ORDER; of one that is not here: see below."""
        at = self._find(order)
        if not at:
            # once something is forgotten: when the oldest that is not was committed, so nothing since is missing
            oldest = struct.unpack_from("<Q", self.durable, self._place(self._count) + 14)[0]
            return order, 0, self.state(order), 0, 0, oldest if self._count > KEPT else 0
        return struct.unpack_from(_ROW, self.durable, at)

    def load(self):
        """What was read into `durable` holds from now on; returns its size."""
        self._count = struct.unpack_from("<I", self.durable, 0)[0]
        return self.SIZE
