"""What a row of the message table is made of, and the numbers that the table shares with host and pump.

    PING = Message(0x7E, "PING", 0, "an example", NONE, (("echo", "u8", "", 0, 255, "what was sent"),))

The rows themselves are in `messages` and `messages_orders`; everybody else imports `messages`.
"""

from pumplink.fields import FieldLayout

U30 = (1 << 30) - 1
RATE_MAX_NL_PER_DAY = 24_000_000
RATE_MIN_NL_PER_DAY = 48_000
DAY_MS = 86_400_000
VERSION_MAJOR = 1
VERSION_MINOR = 0
STEP_FORMAT = "<HI"  # one program step on the wire: start in minutes of the day, rate in nL/day
STEPS_PER_FRAME = 32
STEPS_PER_PROFILE = 48
RECORDS_PER_FRAME = 5
PROFILES_MAX = 7


class Message:
    """One request and its reply. `acts`: it can change the pump, so it is executed at most once."""

    __slots__ = ("id", "name", "acts", "request", "reply", "doc")

    def __init__(self, id, name, acts, doc, request, reply):
        self.id = id
        self.name = name
        self.acts = acts
        self.doc = doc
        self.request = FieldLayout(request)
        self.reply = FieldLayout(reply)


NONE = ()  # a request or a reply without fields
