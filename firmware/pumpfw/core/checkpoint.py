"""The durable state in pieces of bytes: for the store, from the store, and to go back to.

It holds everything but the step total and the time, which the store keeps with each checkpoint and each intent.
"""

import struct

from pumpfw.core import durable, guard
from pumpfw.core.alarms import Alarms
from pumpfw.core.bolus import BolusHistory, BolusSettings, Counters
from pumpfw.core.reservoir import Reservoir
from pumpfw.core.schedule import Program
from pumpfw.core.storage import AMEND_ROOM, INTENT_SIZE
from pumpfw.core.window import RollingWindow

_VERSION = 3
_PIECE = 160  # read at once
_CHANGES_MAX = 300  # bytes: most orders change less; more is a checkpoint at once
_SPAN, _RUN = 112, 16  # compared at once: first far, then near
_ROW = 25  # numbers copied at once
_NUMBERS_SIZE = 8 * durable.COUNT
_SMALL_SIZE = (
    1 + _NUMBERS_SIZE + BolusSettings.SIZE + BolusHistory.SIZE + Counters.SIZE + Reservoir.SIZE + RollingWindow.SIZE
)


def _small(pump):
    # what an order may change, but for its own row and the program
    return pump.settings, pump.history, pump.counters, pump.reservoir, pump.window


def rooms():
    """Two buffers that live as long as the pump: for `piece` and for changes, and for what `keep` keeps."""
    return bytearray(max(_SMALL_SIZE + _CHANGES_MAX, Program.SIZE, Alarms.SIZE)), bytearray(_SMALL_SIZE)


def piece(pump, k):
    """The k-th piece of the durable state, None behind the last. One buffer for most: read it before the next."""
    buf = pump.scratch
    if k == 0:
        numbers = pump.numbers
        numbers[durable.NL_PER_REV] = pump.delivery.nl_per_rev
        numbers[durable.SETTLED_NL], numbers[durable.SETTLED_STEPS] = pump.delivery.settled()
        numbers[durable.STEPS] = pump.delivery.total
        buf[0] = _VERSION
        at = 1
        for first in range(0, durable.COUNT, _ROW):
            at = durable.put(numbers[first : first + _ROW], buf, at)
        for part in _small(pump):
            at = part.save(buf, at)
    elif k == 1:  # nothing to copy
        return pump.orders.durable
    elif k == 2:
        at = pump.schedule.program.save(buf, 0)
    elif k == 3:
        at = pump.alarms.save(buf, 0)
    else:
        return None
    return memoryview(buf)[:at]


def _take_small(pump, payload):
    # the reverse of the first piece; the step total stays as it is
    for index in range(durable.COUNT):
        pump.numbers[index] = struct.unpack_from("<q", payload, 1 + 8 * index)[0]
    at = 1 + _NUMBERS_SIZE
    for part in _small(pump):
        at = part.load(payload, at)
    pump.window.nl_per_rev = pump.numbers[durable.NL_PER_REV]  # of the steps that it has just read


def take_calibration(pump):
    """Of the durable numbers, for the account of steps."""
    numbers = pump.numbers
    pump.delivery.restore(numbers[durable.NL_PER_REV], numbers[durable.SETTLED_NL], numbers[durable.SETTLED_STEPS])


def take(pump):
    """The reverse of all pieces, from the store. False, changing nothing: they are of another version."""
    buf = pump.scratch
    _read(pump.storage, 0, buf)
    if buf[0] != _VERSION:
        return False
    _take_small(pump, buf)
    _read(pump.storage, _SMALL_SIZE, pump.orders.durable)
    size = _SMALL_SIZE + pump.orders.load()
    for part in (pump.schedule.program, pump.alarms):
        _read(pump.storage, size, buf)
        size += part.load(buf, 0)
    return True


def _read(storage, at, buf):
    # as much as there is, in pieces: no pump may find at power-on that its heap has no hole for what it was given
    for done in range(0, len(buf), _PIECE):
        part = storage.payload(at + done, min(_PIECE, len(buf) - done))
        buf[done : done + len(part)] = part


def keep(pump, order):
    """Before an order changes anything: what it may change is kept to go back to, if it cannot be made durable.

    A program is exchanged as a whole, and back by the order that did; alarms are no order's business.
    """
    pump.amendable = not pump.dirty and not pump.alarms.changed
    pump.kept[:] = piece(pump, 0)
    pump.orders.hold(order)


def amend(pump, now_ms):
    """What an order has changed since `keep` is durable, and a checkpoint due at the end of this wake.

    Or a checkpoint at once, where that does not do: not all of it was stored at `keep`, or too much has changed.
    """
    changes = _changes(pump) if pump.amendable else None
    if changes is None or not pump.storage.amend(changes, now_ms, pump.covered()):
        return pump.make_durable(now_ms)
    pump.dirty = True
    pump.times[1] = now_ms
    return True


def _changes(pump):
    # as `Storage.amend` wants it; None: too much
    piece(pump, 0)
    buf = memoryview(pump.scratch)
    kept = memoryview(pump.kept)
    end = _SMALL_SIZE + AMEND_ROOM
    for first in range(0, _SMALL_SIZE, _SPAN):
        last = min(first + _SPAN, _SMALL_SIZE)
        if buf[first:last] == kept[first:last]:
            continue
        for at in range(first, last, _RUN):
            to = min(at + _RUN, last)
            if buf[at:to] != kept[at:to]:
                end = _run(buf, end, at, buf[at:to])
    end = _run(buf, end, _SMALL_SIZE, pump.orders.durable[:4])
    at, row = pump.orders.held()
    end = _run(buf, end, _SMALL_SIZE + at, row)
    size = end - _SMALL_SIZE
    padded = size + -size % INTENT_SIZE
    if padded > _CHANGES_MAX:
        return None
    buf[end : _SMALL_SIZE + padded] = bytes(padded - size)
    return buf[_SMALL_SIZE : _SMALL_SIZE + padded]


def _run(buf, end, at, data):
    to = end + 3 + len(data)
    if to <= _SMALL_SIZE + _CHANGES_MAX:
        struct.pack_into("<HB", buf, end, at, len(data))
        buf[end + 3 : to] = data
    return to


def go_back(pump):
    """As it was at `keep`; volume, alarms and time go on."""
    _take_small(pump, pump.kept)
    pump.orders.back()
    if pump.numbers[durable.NL_PER_REV] != pump.delivery.nl_per_rev:  # that of ledger and window is back already
        take_calibration(pump)
        pump.supervisor.configure(pump.delivery.nl_per_rev, pump.config.steps_per_rev)
    guard.keep(pump)
