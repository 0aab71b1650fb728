"""What a row of the message table is made of, and the numbers that the table shares with host and pump.

    PING = Message(0x7E, "PING", C | S, 0, "an example", NONE, (("echo", "u8", "", 0, 255, "what was sent"),))

The rows themselves are in `messages` and `messages_…`; everybody else imports `messages`.
"""

from pumplink.fields import FieldLayout

U30 = (1 << 30) - 1
RATE_MAX_NL_PER_DAY = 24_000_000
RATE_MIN_NL_PER_DAY = 48_000
DAY_MS = 86_400_000
VERSION_MAJOR = 1
VERSION_MINOR = 1
STEP_FORMAT = "<HI"  # one program step on the wire: start in minutes of the day, rate in nL/day
STEPS_PER_FRAME = 32
STEPS_PER_PROFILE = 48
RECORDS_PER_FRAME = 5
PROFILES_MAX = 7


# who may send a message: a bit for each role of a session (codes.ROLES)
NOBODY, OPEN, P, C, S, T = 0, 1, 2, 4, 8, 16  # OPEN: without a session too; NOBODY: see the words of the row
ANYONE = OPEN | P | C | S | T


class Message:
    """One request and its reply, or an event: a reply that nobody asked for.

    `roles`: who may send it. `acts`: it can change the pump, so it is executed at most once and keeps a session alive.
    """

    __slots__ = ("id", "name", "roles", "acts", "request", "reply", "doc")

    def __init__(self, id, name, roles, acts, doc, request, reply):
        self.id = id
        self.name = name
        self.roles = roles
        self.acts = acts
        self.doc = doc
        self.request = FieldLayout(request)
        self.reply = FieldLayout(reply)


NONE = ()  # a request or a reply without fields
