"""Two-phase orders: what was prepared, until it is committed, cancelled, expired or overtaken.

One ticket at a time; it works once, for 30 s, and only while the pump has not changed (CHANGED).
"""

from pumpfw.core.config import TICKET_LIFE_MS
from pumpfw.core.replies import refused
from pumplink import device
from pumplink.digest import digest8

NO_TICKET = b"\0" * 8


class Ticket:
    """`kind` is the id of the PREPARE message, `values` its fields; `digest` is over what was stored."""

    __slots__ = ("id", "kind", "order", "values", "digest", "used", "_expires_ms", "_revision", "_serial", "_uid")

    def __init__(self, uid):
        self.id = NO_TICKET
        self.kind = 0
        self.order = 0
        self.values = ()
        self.digest = NO_TICKET
        self.used = 0
        self._expires_ms = 0
        self._revision = 0
        self._serial = 0
        self._uid = uid

    def issue(self, kind, values, stored, revision, now_ms):
        """A new ticket; an older one is void. `stored` are the pieces that the digest covers."""
        self._serial += 1
        self.id = digest8(self._uid, b"%d" % self._serial, b"%d" % now_ms)
        self.kind = kind
        self.order = values[0]
        self.values = values
        self.digest = digest8(self.id, bytes((kind,)), *stored)
        self.used = 0
        self._expires_ms = now_ms + TICKET_LIFE_MS
        self._revision = revision

    def refusal(self, ticket, digest, revision, now_ms):
        """Why this ticket may not be committed: a refusal, or None. A wrong digest voids it."""
        if ticket != self.id or self.id == NO_TICKET:
            return refused(device.TICKET_UNKNOWN)
        if self.used:
            return refused(device.TICKET_USED, 0, self.used)
        if now_ms > self._expires_ms:
            return refused(device.TICKET_EXPIRED)
        if revision != self._revision:
            return refused(device.CHANGED)
        if digest != self.digest:
            self.void()
            return refused(device.DIGEST_MISMATCH)
        return None

    def expired(self, now_ms):
        """Whether it was left without commit."""
        return self.kind != 0 and self.id != NO_TICKET and not self.used and now_ms > self._expires_ms

    def use(self):
        """Committed: the id stays known, so that a second COMMIT is told which order it was."""
        self.used = self.order

    def void(self):
        """Nothing of the prepared order is kept."""
        self.id = NO_TICKET
        self.used = 0
