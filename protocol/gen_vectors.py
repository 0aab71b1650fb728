"""Writes vectors.json, the examples that every implementation of PumpLink must agree with.

    python protocol/gen_vectors.py            # write
    python protocol/gen_vectors.py --check    # exit 1 if the file differs from what would be written

It uses nothing of pumplink's own codec: frames come from reference_codec.py and the layouts from the
field kinds spelled out below. Only the message table is read. The golden frames were made elsewhere,
by three other implementations, and are checked here, not made. Sessions are in vectors_session.py.
"""

import hashlib
import json
import random
import struct
import sys
from pathlib import Path

import crcmod.predefined

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# beside this file, whether pumplink is installed or not
from pumplink import messages  # noqa: E402
from reference_codec import CRC32C, body_of, cobs, k_bytes, receive, stuffed_wire, wire_of  # noqa: E402
from vectors_session import session_vectors  # noqa: E402

TARGET = HERE / "vectors.json"
CRC32_IEEE = crcmod.predefined.mkCrcFun("crc-32")
KINDS = {
    "u8": ("<B", 0xFF), "u16": ("<H", 0xFFFF), "i16": ("<h", 0x7FFF), "u32": ("<I", 0xFFFFFFFF),
    "u64": ("<Q", 0xFFFFFFFFFFFFFFFF), "b3": ("3s", 3), "b4": ("4s", 4), "b8": ("8s", 8), "b16": ("16s", 16),
}  # fmt: skip
GOLDEN = (
    ("HELLO", "102201000000070000000200000000112233a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "0004102201010102070101020201010114112233a0a1a2a3a4a5a6a7a8a9aaabacadaeafe7b6df928200"),
    ("HELLO_RSP", "113a010000000700000000003412e6614104032d5a2f0300000000140000005c2605"
     "0000000000112233c0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
     "0004113a0101010207010101010c3412e6614104032d5a2f0301010102140101045c2605"
     "0101010114112233c0c1c2c3c4c5c6c7c8c9cacbcccdcecffced89b28c00"),
    ("AUTH", "101a02213412011400000416b48c7c31105a17a6e565f97b65b0",
     "0009101a02213412011401110416b48c7c31105a17a6e565f97b65b09ed9be9c8a00"),
    ("AUTH_RSP", "111e02213412011400000002b4002b68d9442c81d7e593296ac5d674c684",
     "0009111e02213412011401010302b4112b68d9442c81d7e593296ac5d674c684e6a3feb98400"),
    ("PREPARE_BOLUS", "102a202134120214000004030201204e0000c027090000000000c149cb85226140a84a4bccb20bf02dd1",
     "0009102a202134120214010704030201204e0104c027090101010111c149cb85226140a84a4bccb20bf02dd1d3aeed998f00"),
)  # fmt: skip
SEQ = {"min": 1, "typical": 5121, "max": (1 << 30) - 1}
TYPICAL = {  # by name of the field; anything else is taken a third of the way up its range
    "order": 0x01020304, "volume": 20_000, "duration": 600_000, "lockout": 7_200_000, "max_24h": 6, "boluses_left": 5,
    "rate": 480_000, "delivered": 123_456_789, "remaining": 17_500_000, "uptime": 86_400_000, "time_scale": 1,
    "valid_until": 86_460_000, "unix": 1_767_225_600_000, "offset": 60, "day_total": 800_000, "lockout_left": 412_000,
}  # fmt: skip
# Messages that end in a variable part: field that counts it or None, one element, its typical and greatest values
TAILS = {
    "GET_PROGRAM": (None, "<HI", ((0, 480_000), (480, 960_000)), (1439, 24_000_000)),
    "STAGE_STEPS": ("n", "<HI", ((0, 480_000), (480, 960_000)), (1439, 24_000_000)),
    "GET_ALARMS": (None, "<BBBQ", ((0, 1, 1, 3_600_000),), (63, 3, 2, (1 << 64) - 1)),
    "PROVISION": (None, "<B", ((1,), (2,), (3,)), (255,)),
    "KEY_LIST": (None, "<BB8s", ((0, 1, b"patient\0"), (1, 2, b"clinicia")), (7, 4, b"\xff" * 8)),
    "EVT_LOG": (None, "<IQQBBIIH8s",
                ((7, 86_400_000, 1_767_225_600_000, 1, 7, 0x01020304, 20_000, 1, bytes(range(8))),),
                (0xFFFFFFFF, (1 << 64) - 1, (1 << 64) - 1, 1, 255, 0xFFFFFFFF, 0xFFFFFFFF, 1440, b"\xff" * 8)),
    "LOG_READ": ("n", "<IQQBBIIH8s",
                 ((7, 86_400_000, 1_767_225_600_000, 1, 7, 0x01020304, 20_000, 1, bytes(range(8))),),
                 (0xFFFFFFFF, (1 << 64) - 1, (1 << 64) - 1, 1, 255, 0xFFFFFFFF, 0xFFFFFFFF, 1440, b"\xff" * 8)),
}  # fmt: skip
MOST = {
    "GET_PROGRAM": messages.STEPS_PER_FRAME,
    "GET_ALARMS": 18,
    "PROVISION": 210,
    "KEY_LIST": 8,
    "EVT_LOG": 1,
}  # rows in one frame where no field counts them


def field_value(field, case: str):
    code, top = KINDS[field.kind]
    if code.endswith("s"):
        return {"min": bytes(top), "typical": bytes(range(0xA0, 0xA0 + top)), "max": b"\xff" * top}[case]
    low = 0 if field.low is None else field.low
    high = top if field.high is None else field.high
    if case == "typical":
        value = TYPICAL.get(field.name, low)
        return value if field.name in TYPICAL and low <= value <= high else low + (high - low) // 3
    return low if case == "min" else high


def payload_of(message, layout, case: str, room: int) -> tuple[list, bytes]:
    """(name, value) of each field in order, and their bytes; `room` is how many bytes the payload may have."""
    values = {f.name: field_value(f, case) for f in layout.fields if f.kind != "tail"}
    fixed = sum(struct.calcsize(KINDS[f.kind][0]) for f in layout.fields if f.kind != "tail")
    if layout.fields and layout.fields[-1].kind == "tail":
        counter, element, typical, greatest = TAILS[message.name]
        limits = {f.name: f for f in layout.fields}[counter] if counter else None
        fits = (room - fixed) // struct.calcsize(element)
        most = min(fits, limits.high if limits else MOST[message.name])
        least = limits.low if limits else 0
        rows = {"min": [(0,) * len(greatest)] * least, "typical": list(typical), "max": [greatest] * most}[case]
        if counter:
            values[counter] = len(rows)
        values[layout.fields[-1].name] = b"".join(struct.pack(element, *row) for row in rows)
    named = [(f.name, values[f.name]) for f in layout.fields]
    forms = [None if f.kind == "tail" else KINDS[f.kind][0] for f in layout.fields]
    packed = [struct.pack(form, v) if form else v for form, (_, v) in zip(forms, named, strict=True)]
    return [(name, v.hex() if isinstance(v, bytes) else v) for name, v in named], b"".join(packed)


def message_vectors() -> list[dict]:
    out = []

    def add(message, side, case, kind, status, layout):
        head = bytes([status]) if kind == 1 else b""
        fields, payload = payload_of(message, layout, case, 214 - len(head))
        body = body_of(kind, message.id, SEQ[case], head + payload)
        out.append(
            {"name": message.name, "id": message.id, "side": side, "case": case, "kind": kind, "seq": SEQ[case],
             "status": status, "fields": fields, "body": body.hex(), "wire": wire_of(body).hex()}
        )  # fmt: skip

    for message in messages.TABLE:
        for side, kind, layout in (("request", 0, message.request), ("reply", 1, message.reply)):
            for case in SEQ:
                add(message, side, case, kind, 0, layout)
    for message in messages.EVENTS:
        for case in SEQ:
            add(message, "event", case, 2, 0, message.reply)
    for case, status in (("min", 1), ("typical", 40), ("max", 255)):
        add(messages.REQUEST_BOLUS, "refusal", case, 1, status, messages.REFUSAL)
    return out


def reject_vectors() -> list[dict]:
    """Streams that yield no body, each with its reason and what is counted."""
    golden = {name: bytes.fromhex(wire) for name, _, wire in GOLDEN}
    hello, auth, bolus = golden["HELLO"], golden["AUTH"], golden["PREPARE_BOLUS"]
    body = body_of(0, 0x11, 7, b"")
    stuffed = cobs.encode(body)
    crc = CRC32C(stuffed)
    status = wire_of(body)
    full = bytes([0x10, 240, 0x22, 0, 1, 1, 7, 1, 1, 1]) + b"\x55" * 230
    longest = wire_of(full)

    def changed(wire, at, value):
        return wire[:at] + bytes([value]) + wire[at + 1 :]

    def with_k(k):
        return b"\0" + stuffed + k + b"\0"

    rows = [
        ("bad_crc", 1, "one bit of the payload flipped", changed(hello, 20, hello[20] ^ 0x10)),
        ("bad_crc", 1, "one bit of the length byte flipped", changed(hello, 3, hello[3] ^ 0x01)),
        ("bad_crc", 1, "one bit of a code byte flipped", changed(hello, 1, hello[1] ^ 0x02)),
        ("bad_crc", 1, "one bit of K0 flipped", changed(auth, -6, auth[-6] ^ 0x01)),
        ("bad_crc", 1, "K1 without its top bit", changed(auth, -5, auth[-5] & 0x7F)),
        ("bad_crc", 1, "K4 above 8F", changed(auth, -2, auth[-2] | 0x10)),
        ("bad_crc", 1, "K bytes all FF", with_k(b"\xff" * 5)),
        ("bad_crc", 1, "K bytes in reverse order", with_k(k_bytes(crc)[::-1])),
        ("bad_crc", 1, "K bytes missing", b"\0" + stuffed + b"\0"),
        ("bad_crc", 1, "CRC taken over the body instead of the stuffed bytes", with_k(k_bytes(CRC32C(body)))),
        ("bad_crc", 1, "IEEE CRC-32 instead of CRC-32C", with_k(k_bytes(CRC32_IEEE(stuffed)))),
        ("bad_crc", 1, "CRC without the final XOR", with_k(k_bytes(crc ^ 0xFFFFFFFF))),
        ("bad_crc", 1, "CRC started from zero", with_k(k_bytes(CRC32C(stuffed, 0xFFFFFFFF)))),
        ("bad_crc", 1, "CRC inside the stuffing", b"\0" + cobs.encode(body + struct.pack("<I", CRC32C(body))) + b"\0"),
        ("bad_crc", 1, "a byte before the frame, its first delimiter lost", b"\0\x41" + status[1:]),
        ("bad_crc", 1, "the delimiters between two frames lost", hello[:-1] + auth[1:]),
        ("bad_crc", 1, "last byte missing", bolus[:-2] + b"\0"),
        ("bad_crc", 1, "second half missing", bolus[:25] + b"\0"),
        ("bad_crc", 1, "first byte missing", b"\0" + bolus[2:]),
        ("bad_crc", 1, "one byte twice", bolus[:12] + bolus[11:]),
        ("bad_crc", 1, "two bytes in the wrong order", bolus[:5] + bolus[5:7][::-1] + bolus[7:]),
        ("bad_crc", 2, "00 in the middle makes two halves", bolus[:25] + b"\0" + bolus[25:]),
        ("bad_crc", 1, "one byte", b"\0\x41\0"),
        ("bad_crc", 1, "four bytes with the top bit set", b"\0\x80\x80\x80\x80\0"),
        ("bad_crc", 2, "too short for a CRC, behind bytes that look like one", b"\x80" * 246 + b"\0\x80\x80\x80\x80\0"),
        ("bad_crc", 1, "a line of text", b"Traceback (most recent call last):\r\n\0"),
        ("bad_crc", 1, "the longest frame, one bit of K4 flipped", changed(longest, -2, longest[-2] ^ 8)),
        ("bad_cobs", 1, "nothing stuffed, with the CRC of nothing", stuffed_wire(b"")),
        ("bad_cobs", 1, "code byte one beyond the end", stuffed_wire(b"\x0c" + b"\x11" * 10)),
        ("bad_cobs", 1, "last code byte beyond the end", stuffed_wire(stuffed[:-1] + b"\x02")),
        ("bad_cobs", 1, "code byte FF", stuffed_wire(b"\xff" + b"\x11" * 10)),
        ("bad_cobs", 1, "code byte F2 before 240 bytes", stuffed_wire(b"\xf2" + b"\x11" * 240)),
        ("bad_len", 1, "nothing, stuffed", stuffed_wire(b"\x01")),
        ("bad_len", 1, "one byte", wire_of(b"\x01")),
        ("bad_len", 1, "shorter than a header, length right", wire_of(b"\x10\x09" + body[2:9])),
        ("bad_len", 1, "length byte one too small", wire_of(body_of(0, 0x11, 7, b"\x01", 10))),
        ("bad_len", 1, "length byte one too large", wire_of(body_of(0, 0x11, 7, b"\x01", 12))),
        ("bad_len", 1, "length byte 0", wire_of(body_of(0, 0x11, 7, b"", 0))),
        ("bad_len", 1, "length byte 255", wire_of(body_of(0, 0x11, 7, b"", 255))),
        ("bad_len", 1, "wire length instead of body length", wire_of(body_of(0, 0x11, 7, b"", 18))),
        ("oversize", 1, "247 bytes", b"\x55" * 247 + b"\0"),
        ("oversize", 1, "a body of 241 bytes", wire_of(full + b"\x55")),
        ("oversize", 1, "a thousand bytes without a delimiter", b"\xaa" * 1000 + b"\0"),
        ("oversize", 1, "a sound frame behind 240 bytes of noise", b"\x33" * 240 + status[1:]),
        ("oversize", 2, "twice too long", b"\x55" * 300 + b"\0" + b"\xaa" * 300 + b"\0"),
    ]
    out = []
    for counter, times, why, stream in rows:
        bodies, counts = receive(stream)
        expected = dict.fromkeys(counts, 0) | {counter: times}
        assert not bodies, f"accepted although: {why}"
        assert counts == expected, f"not counted as {counter}: {why}"
        out.append({"why": why, "counter": counter, "times": times, "stream": stream.hex()})
    return out


def junk_stream() -> dict:
    """Noise of every sort between sound frames, and the bodies that must come out."""
    rng = random.Random(20260101)
    bodies = [bytes.fromhex(body) for _, body, _ in GOLDEN]
    hello, reply, auth, _, bolus = (bytes.fromhex(wire) for _, _, wire in GOLDEN)
    controls = bytes([0x10, 30, 0x30, 0, 3, 3, 7, 3, 3, 3]) + b"\x03\x11\x13\x7e\x0a" * 4
    zeros = bytes([0x10, 240, 0x30, 0]) + bytes(236)
    noise = [bytes(rng.randrange(1, 256) for _ in range(n)) for n in (1, 5, 17, 246, 247, 300)]
    parts = [
        (b"\0\0\0" + hello + hello, [bodies[0]] * 2),
        (b"MicroPython on a bench\r\n>>> " + reply, [bodies[1]]),
        (auth[:-1] + auth, [bodies[2]] * 2),  # one delimiter ends the first and begins the second
        (noise[0] + hello, [bodies[0]]),
        (bolus[:30] + bolus, [bodies[4]]),
        (bolus[:-1] + hello[1:] + auth, [bodies[2]]),
        (b"".join(n + b"\0" for n in noise) + wire_of(controls), [controls]),
        (noise[5] + noise[4] + wire_of(zeros), [zeros]),
        (stuffed_wire(b"\x0c" + b"\x11" * 10) + wire_of(b"\x10\x09\x11\0\0\0\x07\0\0") + reply, [bodies[1]]),
        (noise[2], []),  # a frame under way at the end
    ]
    stream = b"".join(part for part, _ in parts)
    expected = [body for _, some in parts for body in some]
    found, counts = receive(stream)
    assert found == expected, "the junk stream and the receiver disagree"
    return {"stream": stream.hex(), "bodies": [body.hex() for body in expected], "counts": counts}


def document() -> str:
    for name, body, wire in GOLDEN:
        assert wire_of(bytes.fromhex(body)).hex() == wire, f"golden frame {name} is not what it says"
    schema = hashlib.sha256(messages.canonical().encode()).hexdigest()[:8]
    sections = {
        "golden": [{"name": n, "body": b, "wire": w} for n, b, w in GOLDEN],
        "messages": message_vectors(),
        "reject": reject_vectors(),
    }
    more = session_vectors(GOLDEN)
    sections |= {name: rows for name, rows in more.items() if isinstance(rows, list)}
    single = {"junk": junk_stream()} | {name: rows for name, rows in more.items() if isinstance(rows, dict)}
    lines = ["{", '"about": "written by gen_vectors.py; hex is in wire order",', f'"schema": "{schema}",']
    for name, rows in sections.items():  # one vector a line, so that a change shows as a change of lines
        lines += [f'"{name}": [', ",\n".join(json.dumps(row) for row in rows), "],"]
    lines.append(",\n".join(f'"{name}": {json.dumps(value)}' for name, value in single.items()))
    return "\n".join([*lines, "}", ""])


def main(arguments: list[str]) -> int:
    text = document()
    if arguments == ["--check"]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.name} is stale: run python protocol/gen_vectors.py, look at the difference, commit it")
            return 1
        print(f"{TARGET.name} is current")
        return 0
    if arguments:
        print(__doc__)
        return 2
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
