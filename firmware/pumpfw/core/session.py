"""The one session of a pump: handshake, role, counter, time-outs, and the lock-out after wrong keys (SEC-01 to SEC-05).

    end = session.hello(values, request_body, buf, seq, now_ms)     # opens a handshake and stores nothing
    refusal = session.authenticate(sid, seq, role, signed, tag, now_ms)         # None: the session is there
    refusal = session.check(sid, role, signed, tag, now_ms)                     # every later frame

A handshake mixes both nonces, both versions, the pump's id, its boots and a counter that never goes back into the keys
of the session, so that no frame of another session, of another pump or of before a reset has a good tag. Deliberately
not here: which message a role may send and when an answer is repeated (link), what a message does (commands).
"""

from pumpfw.core import checkpoint, durable
from pumpfw.core.replies import put, refused
from pumplink import device, tags
from pumplink.frame import BODY_AT, PAYLOAD_AT, RSP, head_into
from pumplink.rows import row

PENDING_MS = 5_000
IDLE_MS = 180_000  # SEC-04
LONGEST_MS = 1_800_000
LOCKED_MS = 300_000  # SEC-05
FAILURES_MAX = 5
BLOCK = 1_024  # numbers that are durable before the first of them is taken
GAP_MAX = BLOCK  # a number may be so far ahead: nobody uses up all that there are
HELD_MS = 3_000  # the pump's button, for presence
PRESENT_MS = 60_000


class Session:
    """`sid` 0: there is none. `last_seq` is the newest number taken, or the base of the numbers to come."""

    __slots__ = (
        "sid", "role", "last_seq", "failures",
        "_pump", "_from_host", "_to_host", "_acted", "_opened", "_locked_until", "_present_until", "_pressed_at",
        "_pending", "_pending_until", "_slot", "_hello", "_reply", "_refused", "_ended", "_keys", "_noise",
    )  # fmt: skip

    def __init__(self, pump, keys, noise):
        self._pump = pump
        self._keys = keys
        self._noise = noise
        self._from_host = tags.TagKey(b"")
        self._to_host = tags.TagKey(b"")
        self.sid = self.role = self.last_seq = self.failures = self._ended = 0
        self._hello = self._reply = self._refused = b""
        self._acted = self._opened = self._pending = self._pending_until = self._slot = 0
        self._locked_until = self._present_until = self._pressed_at = durable.NEVER

    # -- handshake ---------------------------------------------------------------------------------------

    def hello(self, values, body, buf, seq, now_ms):
        """Open a handshake: end of the reply's body in `buf`. A session that is there goes on, nothing is stored."""
        if self._pending and now_ms <= self._pending_until and body == self._hello:
            end = BODY_AT + len(self._reply)
            buf[BODY_AT:end] = self._reply  # the same bytes get the same answer, wherever a line doubled them
            return end
        pump = self._pump
        noise = bytearray(18)
        self._noise.fill(noise)
        sid = noise[0] << 8 | noise[1]
        if sid == self.sid or not sid:
            sid = self.sid % 0xFFFF + 1
        fields = (
            0, device.VERSION_MINOR, sid, pump.config.uid,
            pump.numbers[durable.RESETS], pump.numbers[durable.SEQ_BLOCK], now_ms, device.SCHEMA, noise[2:],
        )  # fmt: skip
        end = put(fields, row(device.HELLO), buf, PAYLOAD_AT)
        self._pending = sid
        self._pending_until = now_ms + PENDING_MS
        self._slot = values[0]
        self._refused = b""
        self._hello = body
        self._reply = bytes(head_into(buf, end, RSP, device.HELLO, seq, 0, 0, 0))
        return end

    def authenticate(self, sid, seq, role, signed, tag, now_ms):
        """Why there is no session after this AUTH, as (status, detail, info), or None: there is, and no other."""
        pump = self._pump
        base = pump.numbers[durable.SEQ_BLOCK]
        if tag == self._refused:
            return refused(device.AUTH_FAILED)  # the same bytes once more, whose answer may have been one too many
        if not sid or sid != self._pending or now_ms > self._pending_until or seq != base + 1:
            return refused(device.NO_SESSION)
        left_ms = self.locked_ms(now_ms)
        if left_ms:
            return device.LOCKED_OUT, 0, left_ms
        self._pending = 0
        its_role, key = self._keys.slot(self._slot)
        from_host, to_host = tags.session_keys(key, tags.transcript(self._hello, self._reply))
        good = tags.same(tags.TagKey(from_host).tag(signed), tag)  # as long for an empty slot
        if not good or role != its_role or not role:
            self._refused = tag
            self.fail(now_ms)
            return refused(device.AUTH_FAILED)
        if role == device.CLINICIAN and self._keys.policy & device.POLICY_PRESENCE and now_ms > self._present_until:
            return refused(device.PRESENCE_REQUIRED)
        self._reserve(base, now_ms)  # if that fails the session is there all the same: nobody is kept from a stop
        pump.journal.add(now_ms, device.REC_SESSION, role, self._slot)
        self._hello = self._reply = b""
        self._from_host.change(from_host)
        self._to_host.change(to_host)
        self.sid = sid
        self.role = role
        self.last_seq = base
        self._acted = self._opened = now_ms
        self.failures = 0
        return None

    def _reserve(self, base, now_ms):
        checkpoint.keep(self._pump, 0)
        self._pump.numbers[durable.SEQ_BLOCK] = base + BLOCK
        checkpoint.amend(self._pump, now_ms)

    # -- frames ------------------------------------------------------------------------------------------

    def check(self, sid, role, signed, tag, now_ms):
        """Why this frame is none of the session's, as (status, detail, info), or None."""
        if sid != self.sid or not sid:
            return refused(device.SESSION_EXPIRED if sid and sid == self._ended else device.NO_SESSION)
        if self.expired(now_ms):
            return refused(device.SESSION_EXPIRED)
        if not tags.same(self._from_host.tag(signed), tag) or role != self.role:
            self.fail(now_ms)
            return refused(device.AUTH_FAILED)
        self.failures = 0
        return None

    def take(self, seq, acts, now_ms):
        """This number is used up, durably (SEC-02); a request that acts keeps the session alive (SEC-04)."""
        numbers = self._pump.numbers
        if seq >= numbers[durable.SEQ_BLOCK]:
            self._reserve(seq, now_ms)
        self.last_seq = seq
        if acts:
            self._acted = now_ms

    def sign(self, request_tag, signed):
        """Tag of the reply to a request with this tag; of an event with NO_TAG."""
        return self._to_host.tag(request_tag, signed)

    # -- ends --------------------------------------------------------------------------------------------

    def expired(self, now_ms):
        """Whether it is over by now: idle, or too long; there is none then."""
        if self.sid and (now_ms - self._acted > IDLE_MS or now_ms - self._opened > LONGEST_MS):
            self._ended = self.sid
            self.close()
            return True
        return False

    def close(self):
        """There is none any more."""
        self.sid = self.role = 0
        self._from_host.change(b"")
        self._to_host.change(b"")

    # -- wrong keys, presence ----------------------------------------------------------------------------

    def fail(self, now_ms):
        """Somebody has no key: the fifth time in a row locks (SEC-05). While locked nothing counts or is written."""
        if self.locked_ms(now_ms):
            return
        self.failures += 1
        if self.failures >= FAILURES_MAX:
            self.failures = 0
            self.lock(now_ms)
            self._pump.numbers[durable.LOCKED] = 1
            self._pump.dirty = True
            self._pump.journal.add(now_ms, device.REC_LOCKED, FAILURES_MAX, LOCKED_MS)
            self._pump.alarms.event(device.ALARM_LINK, now_ms)

    def lock(self, now_ms):
        """From now on, and after a reset anew, nobody gets a new session for 5 min."""
        self._locked_until = now_ms + LOCKED_MS

    def locked_ms(self, now_ms):
        """Milliseconds that the lock-out still lasts."""
        if now_ms < self._locked_until:
            return self._locked_until - now_ms
        if self._pump.numbers[durable.LOCKED]:
            self._pump.numbers[durable.LOCKED] = 0
            self._pump.dirty = True
        return 0

    def button(self, pressed, now_ms):
        """The pump's button, at every wake: held for 3 s it says for 60 s that somebody is there, once a press."""
        if self._pressed_at != durable.NEVER and now_ms - self._pressed_at >= HELD_MS:
            self._present_until = self._pressed_at + HELD_MS + PRESENT_MS  # one that is stuck says it once
        if not pressed:
            self._pressed_at = durable.NEVER
        elif self._pressed_at == durable.NEVER:
            self._pressed_at = now_ms
