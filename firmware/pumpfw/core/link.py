"""The pump's end of the link: frames in, at most one reply each, repeats answered from the cache.

A frame that fails a check is counted and dropped and changes nothing else (LINK-02). Without a session a stranger may
read what a status lamp would show, and open a handshake; whatever acts needs a tag (SEC-01, SEC-03). The same bytes
again get the same answer without being executed a second time (LINK-04). What a message does is in `commands`.
"""

import struct

from pumpfw.core import commands, durable
from pumpfw.core.events import Events
from pumpfw.core.keys import Keys
from pumpfw.core.programming import Programming
from pumpfw.core.replies import fields_into, put, refused
from pumpfw.core.session import GAP_MAX, Session
from pumpfw.core.testbuild import Tester
from pumpfw.core.wide import wide
from pumplink import device, layout
from pumplink.device import VERSION_MAJOR, VERSION_MINOR
from pumplink.frame import (
    AUTH_FLAG,
    COUNT_MAX,
    EVT,
    HEADER,
    MAX_WIRE,
    PAYLOAD_AT,
    REQ,
    ROLE_SHIFT,
    RSP,
    FrameReader,
    head_into,
    major_of,
    parse_body,
    wire_in,
)
from pumplink.rows import ranges, row
from pumplink.tags import NO_TAG, TAG_SIZE

_STRANGE_MAX = 5  # replays and commands without a key within a minute: somebody is at the link (A34)
_STRANGE_MS = 60_000
_HINT_MS = 100  # a stranger is answered at most so often
_ASIDE_MAX = 160  # the longest is EVT_STATUS
_RESERVED = 0x8E  # flag bits that must be 0


class LinkServer:
    """Serves one link port for one pump."""

    def __init__(self, pump, ports):
        self.stale = self.duplicate = self.tag_fail = 0
        self.reader = FrameReader()
        self.keys = Keys(ports.store, ports.sensors)
        self.session = Session(pump, self.keys, ports.noise)
        self.programming = Programming(pump)
        self.events = Events(pump)
        self.tester = Tester(pump, ports.sensors) if pump.config.build else None
        self._port = ports.link
        self._pump = pump
        self._strange = wide([-(1 << 40)] * _STRANGE_MAX)  # their instants
        self._hinted = -_HINT_MS
        self._input = bytearray(256)
        self._view = memoryview(self._input)
        self._bodies = []  # not answered yet, the next one last
        self._full = False  # so was the buffer that they came in
        # Made once: a frame finds no piece of its size after some days. The last answer in the session stays where
        # it is, in case the same is asked again; all else that is said is shorter.
        self._answer_frame = bytearray(MAX_WIRE)
        self._frame = bytearray(_ASIDE_MAX)
        self._last_tag = self._last_wire = b""

    def serve(self, now_ms):
        """Take what the port has, a buffer full at most, and answer one frame. True: more may wait, so poll again soon.

        One frame a poll, so that a saturated link delays no packet (LINK-07): a buffer holds 14 requests, and on a chip
        their answers take 60 to 90 ms.
        """
        if self.keys.policy:
            self.session.button(self.keys.button(), now_ms)
        bodies = self._bodies
        if not bodies:
            count = self._port.read_into(self._input)
            if not count:
                return False
            self._full = count == len(self._input)
            self.reader.feed(self._view[:count], bodies)
            bodies.reverse()
        if bodies:
            try:
                self._answer(bodies.pop(), now_ms)
            except Exception:
                bodies.clear()  # nothing that came with it is answered later
                raise
        return self._full or len(bodies) > 0

    # -- who speaks --------------------------------------------------------------------------------------

    def _answer(self, body, now_ms):
        view = memoryview(body)  # its parts are no copies
        kind, msg_id, flags, sid, seq, payload = parse_body(view)
        if kind != REQ or flags & _RESERVED or not 1 <= seq <= COUNT_MAX:
            self.stale = min(self.stale + 1, COUNT_MAX)
            return
        if major_of(body) != VERSION_MAJOR:
            self._say(msg_id, seq, refused(device.VERSION, VERSION_MAJOR << 8 | VERSION_MINOR))
            return
        message = row(msg_id)
        if not flags & AUTH_FLAG:
            self._stranger(message, msg_id, seq, payload, body, now_ms)
            return
        end = len(body) - TAG_SIZE
        if end < HEADER:
            self._hint(msg_id, seq, refused(device.AUTH_FAILED), now_ms)
            return
        signed, tag = view[:end], body[end:]
        session = self.session
        role = flags >> ROLE_SHIFT
        if msg_id == device.AUTH and sid != session.sid:
            refusal = session.authenticate(sid, seq, role, signed, tag, now_ms)
            if not refusal:
                self._leave()
                self.events.begin(self._pump.journal.next)
        else:
            refusal = session.check(sid, role, signed, tag, now_ms)
        if refusal:
            if refusal[0] == device.AUTH_FAILED:
                self.tag_fail = min(self.tag_fail + 1, COUNT_MAX)
            self._notice(msg_id, refusal[0], now_ms)
            self._hint(msg_id, seq, refusal, now_ms)
            return
        self._in_session(message, msg_id, seq, payload[: len(payload) - TAG_SIZE], tag, now_ms)

    def _stranger(self, message, msg_id, seq, payload, body, now_ms):
        if message is None or not message[layout.ROLES] & device.OPEN:
            status = device.NO_SESSION
            if msg_id == device.PROVISION:
                if self.keys.jumper():
                    self._say(msg_id, seq, self._execute(message, payload, now_ms), None, message)
                    return
                status = device.PRESENCE_REQUIRED
            self._notice(msg_id, status, now_ms)
            self._hint(msg_id, seq, refused(status), now_ms)
        elif msg_id == device.HELLO:
            values, reply = self._checked(message, payload)
            if values is None:
                self._say(msg_id, seq, reply)
            else:
                self._port.write(wire_in(self._frame, self.session.hello(values, body, self._frame, seq, now_ms)))
        else:
            self._say(msg_id, seq, self._execute(message, payload, now_ms), None, message)

    def _in_session(self, message, msg_id, seq, payload, tag, now_ms):
        session = self.session
        last = session.last_seq
        if seq == last and tag == self._last_tag:
            self.duplicate = min(self.duplicate + 1, COUNT_MAX)
            self._port.write(self._last_wire)
            return
        if seq <= last or seq > last + GAP_MAX:
            self.stale = min(self.stale + 1, COUNT_MAX)
            status = device.SEQ_REUSED if seq == last else device.SEQ_STALE
            self._notice(msg_id, status, now_ms)
            self._say(msg_id, seq, refused(status, 0, last), tag)
            return
        session.take(seq, message is not None and message[layout.ACTS], now_ms)
        if message is None or not message[layout.ROLES] or (message[layout.ROLES] == device.T and not self.tester):
            reply = self._refusal(msg_id, device.UNKNOWN_MSG, now_ms)
        elif not message[layout.ROLES] >> session.role & 1:
            reply = self._refusal(msg_id, device.FORBIDDEN, now_ms)
        else:
            try:
                reply = self._execute(message, payload, now_ms)
            except Exception:
                self._keep(self._reply(self._answer_frame, msg_id, seq, refused(device.INTERNAL), tag), tag)
                self._port.write(self._last_wire)
                raise  # the pump stops (PWR-15)
        wire = self._reply(self._answer_frame, msg_id, seq, reply, tag, message)
        self._keep(wire, tag)
        if self.tester and msg_id != device.LINK_FAULT:
            self.tester.say(self._port, wire)
        else:
            self._port.write(wire)
        if msg_id == device.CLOSE and not reply[0]:  # its answer was signed with the keys that go now
            self.close()

    def _keep(self, wire, tag):
        self._last_tag = tag
        self._last_wire = wire

    # -- what is asked -----------------------------------------------------------------------------------

    def _checked(self, message, payload):
        """(values, None), or (None, the refusal) if length or a range is wrong."""
        values = layout.unpack(message[layout.REQUEST], message[layout.REQUEST_TAIL], payload)
        if values is None:
            return None, refused(device.BAD_LENGTH, 0, struct.calcsize(message[layout.REQUEST]))
        index, limit = layout.violation(ranges(message[layout.RANGES]), values)
        if index >= 0:
            return None, refused(device.BAD_FIELD, index, limit)
        return values, None

    def _execute(self, message, payload, now_ms):
        values, reply = self._checked(message, payload)
        if values is not None:
            return commands.run(self._pump, message, values, now_ms)
        if message[layout.ACTS]:
            self._pump.journal.add(now_ms, device.REC_REFUSED, message[layout.ID], reply[0])
        return reply

    def _refusal(self, msg_id, status, now_ms):
        self._pump.journal.add(now_ms, device.REC_REFUSED, msg_id, status)
        return refused(status)

    def close(self):
        """The session ends, and with it what was prepared in it; what flows goes on (SEC-04)."""
        self.session.close()
        self._leave()

    def _leave(self):
        # what belonged to a session goes with it
        self.programming.drop()
        if self.tester:
            self.tester.channel = -1

    def abandoned(self, now_ms):
        """Whether a prepared order was left without commit (A27); a session that is over takes its order with it."""
        if self._pump.numbers[durable.LOCKED]:
            self.session.locked_ms(now_ms)  # a lock that is over is not begun anew by a reset
        if self.session.sid and self.session.expired(now_ms):
            self._leave()
        return self.programming.abandoned(now_ms)

    # -- strangers ---------------------------------------------------------------------------------------

    def _notice(self, msg_id, status, now_ms):
        # a replay, or a command without a key; on record until the alarm is there: a flood wears nothing out
        pump = self._pump
        if pump.alarms.shows(device.ALARM_LINK):
            return
        pump.journal.add(now_ms, device.REC_REFUSED, msg_id, status)
        strange = self._strange
        for at in range(_STRANGE_MAX - 1):
            strange[at] = strange[at + 1]
        strange[_STRANGE_MAX - 1] = now_ms
        if strange[0] > now_ms - _STRANGE_MS:
            pump.alarms.event(device.ALARM_LINK, now_ms)

    def _hint(self, msg_id, seq, refusal, now_ms):
        # without a tag: whoever asks may show it and must not believe it
        if now_ms - self._hinted >= _HINT_MS:
            self._hinted = now_ms
            self._say(msg_id, seq, refusal)

    # -- events ------------------------------------------------------------------------------------------

    def event(self, msg_id, fields):
        """Send an event of this session; without one, at a boot, it goes to whoever listens and has no tag."""
        end = fields_into(fields, row(msg_id), self._frame, PAYLOAD_AT)
        self.events.count += 1
        tag = NO_TAG if self.session.sid else None
        self._port.write(self._wire(self._frame, end, EVT, msg_id, self.events.count, tag))

    def speak(self, now_ms):
        """At the end of every wake with a session: what is to be told. Milliseconds until there is more."""
        wait = self.events.tell(now_ms)
        return min(wait, self.tester.over(now_ms)) if self.tester else wait

    # -- answers -----------------------------------------------------------------------------------------

    def _say(self, msg_id, seq, reply, request_tag=None, message=None):
        self._port.write(self._reply(self._frame, msg_id, seq, reply, request_tag, message))

    def _reply(self, buf, msg_id, seq, reply, request_tag, message=None):
        # a refusal is the same for every message
        return self._wire(buf, put(reply, message, buf, PAYLOAD_AT), RSP, msg_id, seq, request_tag)

    def _wire(self, buf, end, kind, msg_id, seq, request_tag):
        # the frame of the payload that lies in `buf`, signed if there is a tag that it answers
        if request_tag is None:
            head_into(buf, end, kind, msg_id, seq, 0, 0, 0)
            return wire_in(buf, end)
        session = self.session
        body = head_into(buf, end, kind, msg_id, seq, session.sid, AUTH_FLAG | session.role << ROLE_SHIFT, TAG_SIZE)
        return wire_in(buf, end, session.sign(request_tag, body))
