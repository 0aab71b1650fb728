"""The pump's end of the link: frames in, at most one reply each, repeats answered from the cache.

A frame that fails a check is counted and dropped and changes nothing else (LINK-02). The same bytes
again get the same answer without being executed a second time (LINK-04).
"""

import struct
from array import array

from pumpfw.core import commands
from pumpfw.core.programming import Programming
from pumpfw.core.replies import refused
from pumplink import device
from pumplink.device import VERSION_MAJOR, VERSION_MINOR
from pumplink.frame import COUNT_MAX, REQ, RSP, FrameReader, encode, pack_body, parse_body
from pumplink.layout import ACTS, ID, RANGES, REQUEST, REQUEST_TAIL, unpack, violation
from pumplink.rows import row

_STRANGE_MAX = 5  # replays within a minute: somebody is at the link (A34)
_STRANGE_MS = 60_000


class LinkServer:
    """Serves one link port for one pump."""

    def __init__(self, pump, port):
        self.last_seq = 0
        self.stale = 0
        self.duplicate = 0
        self.reader = FrameReader()
        self._port = port
        self._pump = pump
        self.programming = Programming(pump)
        self._strange = array("q", [-(1 << 40)] * _STRANGE_MAX)  # instants of the last replays
        self._input = bytearray(256)
        self._view = memoryview(self._input)
        self._bodies = []
        self._used = [0] * 16  # acting requests whose late copies are refused; sessions will refuse all older ones
        self._last_body = b""
        self._last_wire = b""

    def serve(self, now_ms):
        """Take one buffer full from the port and answer it. True: more may wait, so poll again soon.

        One buffer a poll, so that a saturated link delays no packet (LINK-07).
        """
        count = self._port.read_into(self._input)
        if not count:
            return False
        self._bodies.clear()  # first: if an answer failed, nothing of it comes again
        for body in self.reader.feed(self._view[:count], self._bodies):
            self._answer(body, now_ms)
        return count == len(self._input)

    def _answer(self, body, now_ms):
        kind, msg_id, flags, _, seq, payload = parse_body(body)
        if kind != REQ or flags & 0x8E or not 1 <= seq < 1 << 30:  # reserved flag bits, numbers out of range
            self.stale = min(self.stale + 1, COUNT_MAX)
            return
        if body[0] >> 4 != VERSION_MAJOR:
            self._send(msg_id, seq, refused(device.VERSION, VERSION_MAJOR << 8 | VERSION_MINOR))
            return
        message = row(msg_id)
        if message is None:
            self._refuse(msg_id, seq, device.UNKNOWN_MSG, now_ms)
            return
        if not message[ACTS]:
            self._send(msg_id, seq, self._execute(message, payload, now_ms))
            return
        if seq == self.last_seq:
            if body == self._last_body:
                self.duplicate = min(self.duplicate + 1, COUNT_MAX)
                self._port.write(self._last_wire)
            else:
                self._replayed(msg_id, seq, now_ms)
            return
        if seq in self._used:  # a late copy, whatever was answered to the first one
            self._replayed(msg_id, seq, now_ms)
            return
        self._used.pop(0)
        self._used.append(seq)
        reply = self._execute(message, payload, now_ms)
        self.last_seq = seq
        self._last_body = bytes(body)
        self._last_wire = self._send(msg_id, seq, reply)

    def _execute(self, message, payload, now_ms):
        values = unpack(message[REQUEST], message[REQUEST_TAIL], payload)
        if values is None:
            reply = refused(device.BAD_LENGTH, 0, struct.calcsize(message[REQUEST]))
        else:
            index, limit = violation(message[RANGES], values)
            if index < 0:
                return commands.run(self._pump, message, values, now_ms)
            reply = refused(device.BAD_FIELD, index, limit)
        if message[ACTS]:
            self._pump.journal.add(now_ms, device.REC_REFUSED, message[ID], reply[0])
        return reply

    def _refuse(self, msg_id, seq, status, now_ms):
        self._pump.journal.add(now_ms, device.REC_REFUSED, msg_id, status)
        self._send(msg_id, seq, refused(status))

    def _replayed(self, msg_id, seq, now_ms):
        strange = self._strange
        for at in range(_STRANGE_MAX - 1):
            strange[at] = strange[at + 1]
        strange[_STRANGE_MAX - 1] = now_ms
        if strange[0] > now_ms - _STRANGE_MS:
            self._pump.alarms.event(device.ALARM_LINK, now_ms)
        self._refuse(msg_id, seq, device.SEQ_REUSED, now_ms)

    def abandoned(self, now_ms):
        """Whether a prepared order was left without commit (A27)."""
        return self.programming.abandoned(now_ms)

    def _send(self, msg_id, seq, reply):
        wire = encode(pack_body(RSP, msg_id, reply, seq))
        self._port.write(wire)
        return wire
