"""The part of vectors.json about keys: one whole session with fixed keys and nonces, digests, a chain of records.

    sections = session_vectors(GOLDEN)         # dict of vectors, to be written as JSON

Tags come from the packages `hmac` and `hashlib`, frames from reference_codec.py; nothing here knows pumplink's tags.
The session begins with the golden frames, which were made elsewhere, and goes on as a clinician's would.
"""

import hashlib
import hmac
import struct

from reference_codec import wire_of

REQ, RSP, EVT = 0, 1, 2
KEY = bytes(range(32))
SLOT, ROLE, SID, SEQ_BASE = 2, 2, 0x1234, 5120
ORDER = 0x01020304
TICKET = bytes.fromhex("1122334455667788")
EVENT = bytes(16)  # stands where a reply has the tag of its request
STEPS = ((0, 480_000), (480, 960_000), (1_200, 720_000))
PROGRAM_ORDER = 0x0A0B0C0D
UPTIME_MS, UNIX_MS = 86_400_000, 1_767_225_600_000


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def digest8(*parts: bytes) -> bytes:
    """First 8 bytes of SHA-256."""
    return hashlib.sha256(b"".join(parts)).digest()[:8]


def unsigned(
    kind: int, msg_id: int, seq: int, payload: bytes, sid: int = SID, role: int = ROLE, flags: int = 1
) -> bytes:
    """What a tag is taken over: header and payload; the length counts the tag."""
    size = 10 + len(payload) + 16
    return struct.pack("<BBBBHI", 1 << 4 | kind, size, msg_id, flags | role << 4, sid, seq) + payload


class Talk:
    """Both ends of the session: bodies, signed with the keys that follow from the handshake."""

    def __init__(self, hello: bytes, hello_reply: bytes) -> None:
        self.transcript = hashlib.sha256(hello + hello_reply).digest()
        self.session_key = mac(KEY, self.transcript)
        self.h2p = mac(self.session_key, b"h2p")
        self.p2h = mac(self.session_key, b"p2h")
        self.frames: list[dict] = []

    def note(self, name: str, body: bytes, signed: bool, answers: str = "", **more: object) -> bytes:
        """Keep a frame as a vector; returns its body."""
        way = "h2p" if body[0] & 15 == REQ else "p2h"
        row = {"name": name, "way": way, "signed": signed, "answers": answers, **more}
        self.frames.append(row | {"body": body.hex(), "wire": wire_of(body).hex()})
        return body

    def request(self, name: str, msg_id: int, seq: int, payload: bytes = b"") -> bytes:
        body = unsigned(REQ, msg_id, seq, payload)
        return self.note(name, body + mac(self.h2p, body)[:16], True)

    def reply(self, name: str, answers: bytes, payload: bytes) -> bytes:
        body = unsigned(RSP, answers[2], struct.unpack_from("<I", answers, 6)[0], payload)
        tag = mac(self.p2h, answers[-16:], body)[:16]
        return self.note(name, body + tag, True, next(r["name"] for r in self.frames if r["body"] == answers.hex()))

    def event(self, name: str, msg_id: int, seq: int, payload: bytes) -> bytes:
        body = unsigned(EVT, msg_id, seq, payload)
        return self.note(name, body + mac(self.p2h, EVENT, body)[:16], True)


def talked(golden: dict[str, bytes]) -> Talk:
    """The session from HELLO to CLOSE."""
    talk = Talk(golden["HELLO"], golden["HELLO_RSP"])
    talk.note("HELLO", golden["HELLO"], False)
    talk.note("HELLO_RSP", golden["HELLO_RSP"], False, "HELLO")
    auth = talk.request("AUTH", 0x02, SEQ_BASE + 1)
    talk.reply("AUTH_RSP", auth, struct.pack("<BBH", 0, ROLE, 180))
    bolus = struct.pack("<IIII", ORDER, 20_000, 600_000, 0)
    prepare = talk.request("PREPARE_BOLUS", 0x20, SEQ_BASE + 2, bolus)
    digest = digest8(TICKET, b"\x20", bolus)
    talk.reply(
        "PREPARE_BOLUS_RSP", prepare, b"\0" + struct.pack("<8sIIIIH8s", TICKET, 30_000, 92, 0, 20_000, 0, digest)
    )
    commit = talk.request("COMMIT", 0x28, SEQ_BASE + 3, TICKET + digest + b"\0")
    talk.reply("COMMIT_RSP", commit, b"\0" + struct.pack("<IB8s", ORDER, 3, program_digest()))
    ask = talk.request("REQUEST_BOLUS", 0x2E, SEQ_BASE + 4, struct.pack("<IQ", ORDER + 1, UPTIME_MS + 5_000))
    talk.reply("REQUEST_BOLUS_REFUSED", ask, struct.pack("<BHI", 29, 0, ORDER))
    talk.event("EVT_DOSE", 0x83, 1, struct.pack("<IBI", ORDER, 4, 20_000))
    talk.event("EVT_ALARM", 0x81, 2, struct.pack("<BBBQ", 0, 1, 1, UPTIME_MS))
    gap = talk.request("GET_ORDER", 0x14, SEQ_BASE + 4 + 1_024, struct.pack("<I", ORDER))
    talk.reply("GET_ORDER_RSP", gap, b"\0" + struct.pack("<IBBIIQ", ORDER, 0x20, 4, 20_000, 20_000, UPTIME_MS))
    close = talk.request("CLOSE", 0x03, SEQ_BASE + 5 + 1_024)
    talk.reply("CLOSE_RSP", close, b"\0")
    for name in ("AUTH", "AUTH_RSP", "PREPARE_BOLUS"):
        found = next(row["body"] for row in talk.frames if row["name"] == name)
        assert found == golden[name].hex(), f"golden frame {name} is not what the keys make of it"
    return talk


def refused(talk: Talk) -> list[dict]:
    """Sound frames that must not be believed: CRC and length are right, the rest is not."""
    seq = SEQ_BASE + 3
    stop = unsigned(REQ, 0x2A, seq, b"\x01")
    tag = mac(talk.h2p, stop)[:16]
    asked = stop + tag
    answer = unsigned(RSP, 0x2A, seq, b"\0" + struct.pack("<BII", 1, 0, 0))
    genuine = mac(talk.p2h, tag, answer)[:16]
    event = unsigned(EVT, 0x83, 1, struct.pack("<IBI", ORDER, 4, 20_000))

    def flipped(data: bytes, at: int, bit: int) -> bytes:
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]

    def signed(**changed: int) -> bytes:
        body = unsigned(REQ, 0x2A, changed.pop("seq", seq), b"\x01", **changed)
        return body + mac(talk.h2p, body)[:16]

    other = mac(mac(bytes(32), talk.transcript), b"h2p")
    doubtful = "AUTH_FAILED"
    rows = [
        ("pump", doubtful, "first bit of the tag flipped", flipped(asked, len(stop), 0)),
        ("pump", doubtful, "last bit of the tag flipped", flipped(asked, len(asked) - 1, 7)),
        ("pump", doubtful, "one bit of the payload flipped", flipped(asked, 10, 1)),
        ("pump", doubtful, "another message id", stop[:2] + b"\x2c" + stop[3:] + tag),
        ("pump", doubtful, "another sequence number", stop[:6] + struct.pack("<I", seq + 1) + stop[10:] + tag),
        ("pump", doubtful, "another role in the flags", stop[:3] + b"\x31" + stop[4:] + tag),
        ("pump", doubtful, "another role in the flags, signed", signed(role=3)),
        ("pump", doubtful, "tag of sixteen zero bytes", stop + bytes(16)),
        ("pump", doubtful, "tag with the key of the other direction", stop + mac(talk.p2h, stop)[:16]),
        ("pump", doubtful, "tag with the key of another slot", stop + mac(other, stop)[:16]),
        ("pump", doubtful, "tag with the session key itself", stop + mac(talk.session_key, stop)[:16]),
        ("pump", doubtful, "last 16 bytes of the HMAC instead of the first", stop + mac(talk.h2p, stop)[16:]),
        ("pump", doubtful, "SHA-256 with the key in front instead of HMAC",
         stop + hashlib.sha256(talk.h2p + stop).digest()[:16]),
        ("pump", doubtful, "flag of a tag and no room for one", b"\x10\x0b\x2a\x21" + stop[4:11]),
        ("pump", "NO_SESSION", "no tag at all", b"\x10\x0b\x2a\x00" + stop[4:11]),
        ("pump", "NO_SESSION", "another session, signed", signed(sid=SID + 1)),
        ("pump", "silence", "a reply instead of a request, signed for it", answer + genuine),
        ("pump", "silence", "an event instead of a request", event + mac(talk.p2h, EVENT, event)[:16]),
        ("pump", "silence", "kind 3", b"\x13" + asked[1:]),
        ("pump", "silence", "a reserved flag, signed", signed(flags=3)),
        ("pump", "silence", "the highest flag, signed", signed(flags=0x81)),
        ("pump", "silence", "sequence number 0, signed", signed(seq=0)),
        ("pump", "silence", "sequence number 2^30, signed", signed(seq=1 << 30)),
        ("pump", "VERSION", "major version 2", b"\x20" + asked[1:]),
        ("host", "ignored", "reply with the tag of a reply to nothing", answer + mac(talk.p2h, EVENT, answer)[:16]),
        ("host", "ignored", "reply to another request", answer + mac(talk.p2h, bytes(15) + b"\1", answer)[:16]),
        ("host", "ignored", "reply whose tag leaves the request out", answer + mac(talk.p2h, answer)[:16]),
        ("host", "ignored", "reply with the key of the other direction", answer + mac(talk.h2p, tag, answer)[:16]),
        ("host", "ignored", "one bit of the status flipped", flipped(answer + genuine, 10, 0)),
        ("host", "ignored", "event with the key of the other direction", event + mac(talk.h2p, EVENT, event)[:16]),
        ("host", "ignored", "event with no zero bytes before it", event + mac(talk.p2h, event)[:16]),
    ]  # fmt: skip
    request = {"body": asked.hex(), "tag": tag.hex(), "reply": (answer + genuine).hex()}
    return [{"to": to, "expect": expect, "why": why, "request": request["body"], "body": body.hex(),
             "wire": wire_of(body).hex()} for to, expect, why, body in rows]  # fmt: skip


def canonical_program(profiles: tuple) -> bytes:
    """What the digest of a program is over: of each profile days, number of steps, its steps."""
    packed = b""
    for days, steps in profiles:
        packed += bytes([days, len(steps)]) + b"".join(struct.pack("<HI", *step) for step in steps)
    return packed


def program_digest() -> bytes:
    """Of the day schedule of these vectors."""
    return digest8(canonical_program(((0x7F, STEPS),)))


def digests() -> list[dict]:
    """Digests of tickets and programs."""
    day = canonical_program(((0x7F, STEPS),))
    week = canonical_program(((0x1F, STEPS), (0x60, ((0, 600_000),))))
    order = struct.pack("<I", PROGRAM_ORDER)
    bolus = struct.pack("<IIII", ORDER, 20_000, 600_000, 0)
    rows = (
        ("program, one profile for every day", "", day),
        ("program, weekdays and weekend", "", week),
        ("ticket of PREPARE_BOLUS", TICKET.hex(), b"\x20" + bolus),
        ("ticket of PREPARE_PROGRAM", TICKET.hex(), b"\x23" + order + day),
    )
    return [{"what": what, "ticket": ticket, "covers": covers.hex(),
             "digest": digest8(bytes.fromhex(ticket), covers).hex()} for what, ticket, covers in rows]  # fmt: skip


def chain() -> dict:
    """The first records of a pump: a chain that begins with eight zero bytes."""
    before = bytes(8)
    rows = []
    for number, (kind, a, b) in enumerate(((1, 1, 1), (28, 2, 2), (7, ORDER, 20_000), (8, ORDER, 20_000))):
        at = UPTIME_MS + number * 1_000
        record = struct.pack("<IQQBBIIH", number, at, UNIX_MS + number * 1_000, 1, kind, a, b, 1)
        before = digest8(before, record)
        rows.append({"record": record.hex(), "chain": before.hex()})
    return {"before": bytes(8).hex(), "records": rows}


def session_vectors(golden: tuple) -> dict:
    """Everything of this file, by the name of its section."""
    talk = talked({name: bytes.fromhex(body) for name, body, _ in golden})
    keys = {
        "slot": SLOT, "role": ROLE, "sid": SID, "seq_base": SEQ_BASE, "key": KEY.hex(),
        "transcript": talk.transcript.hex(), "session_key": talk.session_key.hex(),
        "h2p": talk.h2p.hex(), "p2h": talk.p2h.hex(),
    }  # fmt: skip
    return {
        "session_keys": keys,
        "session": talk.frames,
        "session_reject": refused(talk),
        "digests": digests(),
        "chain": chain(),
    }
