"""Rows of the message table about who speaks: handshake, keys, subscriptions, events, test builds. Part of `messages`.

Import them from `messages`, which holds the whole table and says what the fields mean.
"""

from pumplink.message import DAY_MS, NOBODY, NONE, OPEN, U30, C, Message, P, S, T

HELLO = Message(
    0x01, "HELLO", OPEN, 0, "open a handshake; nothing is stored, nothing tells which keys there are",
    (
        ("slot", "u8", "", 0, 7, "of the key that will be used"),
        ("minor", "u8", "", 0, 255, "protocol version of the client"),
        ("zero", "u16", "", 0, 0, ""),
        ("schema", "b4", "", None, None, "of the client's table"),
        ("nonce", "b16", "", None, None, "random"),
    ),
    (
        ("minor", "u8", "", 0, 255, "protocol version of the pump"),
        ("sid", "u16", "", 1, 0xFFFF, "number of the session to be"),
        ("uid", "b8", "", None, None, "hardware id"),
        ("boot", "u32", "", 0, None, "boots ever"),
        ("seq_base", "u32", "", 0, U30, "AUTH has the next number"),
        ("uptime", "u64", "ms", 0, None, "pump time"),
        ("schema", "b4", "", None, None, "of the pump's table"),
        ("nonce", "b16", "", None, None, "random"),
    ),
)  # fmt: skip
AUTH = Message(
    0x02, "AUTH", P | C | S | T, 1, "prove the key; the role is in the flags and must be that of the key", NONE,
    (
        ("role", "u8", "", 1, 4, "see codes.ROLES"),
        ("idle", "u16", "s", 1, 0xFFFF, "without a request that acts the session ends after this"),
    ),
)  # fmt: skip
CLOSE = Message(0x03, "CLOSE", P | C | S | T, 1, "end the session", NONE, NONE)
LOG_SUBSCRIBE = Message(
    0x32, "LOG_SUBSCRIBE", C | S | T, 0, "have new records and the status sent as they come, until the session ends",
    (
        ("level", "u8", "", 0, 2, "0 nothing, 1 records of faults, 2 all records"),
        ("interval", "u16", "ms", 0, 60_000, "between two EVT_STATUS, at least 500; 0: none"),
    ),
    NONE,
)  # fmt: skip
PROVISION = Message(
    0x40, "PROVISION", NOBODY, 1, "write keys and hard limits as one block; with the jumper fitted, without a session",
    (
        ("offset", "u16", "", 0, 1023, "of the first byte that follows; 0 starts anew"),
        ("total", "u16", "", 1, 1024, "length of the block"),
        ("bytes", "tail", "", None, None, "of the provisioning block"),
    ),
    (("received", "u16", "", 0, 1024, "bytes so far; all of them: the block is in force"),),
)  # fmt: skip
KEY_LIST = Message(
    0x41, "KEY_LIST", S, 0, "which keys there are, never the keys", NONE,
    (("keys", "tail", "", None, None, "n × (slot u8, role u8, label b8)"),),
)  # fmt: skip
INJECT = Message(
    0x50, "INJECT", T, 1, "a fault for a while; test builds only",
    (
        ("fault", "u8", "", 0, 1, "0 ends it, 1 a sensor shows something else"),
        ("a", "u32", "", 0, 11, "its channel, see codes.SENSORS"),
        ("b", "u32", "", 0, U30, "its reading in its unit; U30: as if it were disconnected"),
        ("duration", "u32", "ms", 0, DAY_MS, ""),
    ),
    NONE,
)  # fmt: skip
LINK_FAULT = Message(
    0x51, "LINK_FAULT", T, 1, "harm the next replies; test builds only",
    (
        ("what", "u8", "", 0, 3, "0 drop, 1 double, 2 flip a bit, 3 hold back until the next reply"),
        ("count", "u8", "", 1, 255, "replies"),
        ("arg", "u16", "", 0, 1983, "which bit"),
    ),
    NONE,
)  # fmt: skip
REBOOT = Message(
    0x52, "REBOOT", T, 1, "reset after the answer; test builds only",
    (("kind", "u8", "", 0, 0, "0 by command"),), NONE,
)  # fmt: skip

EVT_ALARM = Message(
    0x81, "EVT_ALARM", NOBODY, 0, "an alarm was raised or cleared", NONE,
    (
        ("code", "u8", "", 0, 63, "see codes.ALARMS"),
        ("priority", "u8", "", 1, 3, ""),
        ("state", "u8", "", 0, 2, "0 gone, 1 cause there, 2 latched"),
        ("since", "u64", "ms", 0, None, "pump time"),
    ),
)  # fmt: skip
EVT_LOG = Message(
    0x82, "EVT_LOG", NOBODY, 0, "a record was written", NONE,
    (("record", "tail", "", None, None, "as in LOG_READ"),),
)  # fmt: skip
EVT_DOSE = Message(
    0x83, "EVT_DOSE", NOBODY, 0, "an order has come to its end", NONE,
    (
        ("order", "u32", "", 0, None, ""),
        ("state", "u8", "", 0, 255, "see codes.ORDER_STATES"),
        ("delivered", "u32", "nL", 0, U30, ""),
    ),
)  # fmt: skip
EVT_BOOT = Message(
    0x84, "EVT_BOOT", NOBODY, 0, "the pump has started; without tag and session", NONE,
    (
        ("boot", "u32", "", 0, None, "boots ever"),
        ("cause", "u8", "", 0, 255, "see codes.RESETS"),
        ("fw_digest", "b8", "", None, None, "as in IDENTIFY"),
    ),
)  # fmt: skip
