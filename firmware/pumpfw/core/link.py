"""The pump's end of the link: frames in, at most one reply each, repeats answered from the cache.

A frame that fails a check is counted and dropped and changes nothing else (LINK-02). The same bytes
again get the same answer without being executed a second time (LINK-04).
"""

import struct

from pumpfw.core.commands import Commands
from pumpfw.core.replies import refused
from pumplink import device
from pumplink.device import BY_ID, VERSION_MAJOR, VERSION_MINOR
from pumplink.frame import COUNT_MAX, REQ, RSP, FrameReader, encode, pack_body, parse_body
from pumplink.layout import ACTS, RANGES, REQUEST, REQUEST_TAIL, unpack, violation


class LinkServer:
    """Serves one link port for one pump."""

    def __init__(self, pump, port):
        self.last_seq = 0
        self.stale = 0
        self.duplicate = 0
        self.reader = FrameReader()
        self._port = port
        self._commands = Commands(pump, self)
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
        self._bodies.clear()  # first: if an answer failed, nothing of it comes again
        count = self._port.read_into(self._input)
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
        message = BY_ID.get(msg_id)
        if message is None:
            self._send(msg_id, seq, refused(device.UNKNOWN_MSG))
            return
        if not message[ACTS]:
            self._send(msg_id, seq, self._execute(message, payload, now_ms))
            return
        if seq == self.last_seq:
            if body == self._last_body:
                self.duplicate = min(self.duplicate + 1, COUNT_MAX)
                self._port.write(self._last_wire)
            else:
                self._send(msg_id, seq, refused(device.SEQ_REUSED))
            return
        if seq in self._used:  # a late copy, whatever was answered to the first one
            self._send(msg_id, seq, refused(device.SEQ_REUSED))
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
            return refused(device.BAD_LENGTH, 0, struct.calcsize(message[REQUEST]))
        index, limit = violation(message[RANGES], values)
        if index >= 0:
            return refused(device.BAD_FIELD, index, limit)
        return self._commands.run(message, values, now_ms)

    def _send(self, msg_id, seq, reply):
        wire = encode(pack_body(RSP, msg_id, reply, seq))
        self._port.write(wire)
        return wire
