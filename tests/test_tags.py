"""HMAC, session keys and tags against published values and against the session of protocol/vectors.json.

    python -m pytest tests/test_tags.py

The vectors are made with `hmac` and `hashlib`. tests/portable/test_tags.py runs them under MicroPython too.
"""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_client import block
from pump_driver import Bench

from pumpfw.core import durable
from pumplink import codes, provision
from pumplink.digest import digest8
from pumplink.frame import FrameReader, encode
from pumplink.tags import TagKey, same, session_keys, transcript

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "protocol" / "vectors.json").read_text(encoding="utf-8"))
KEYS = VECTORS["session_keys"]
FRAMES = {row["name"]: row for row in VECTORS["session"]}
BODIES = {name: bytes.fromhex(row["body"]) for name, row in FRAMES.items()}
TO_PUMP, TO_HOST = (TagKey(bytes.fromhex(KEYS[name])) for name in ("h2p", "p2h"))
# RFC 4231, section 4: key, data, HMAC-SHA-256
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
]


@pytest.mark.parametrize(("key", "data", "expected"), RFC_4231)
def test_published_values(key: bytes, data: bytes, expected: str) -> None:
    """SEC-01: the tag is HMAC-SHA-256 as RFC 4231 prints it, cut to its first 16 bytes."""
    assert TagKey(key).mac(data).hex() == expected
    assert TagKey(key).tag(data[:3], data[3:]).hex() == expected[:32]


@given(st.binary(max_size=64), st.lists(st.binary(max_size=80), max_size=4))
def test_as_another_implementation(key: bytes, parts: list[bytes]) -> None:
    """SEC-01: any key that fits, data in any pieces."""
    assert TagKey(key).mac(*parts) == hmac.digest(key, b"".join(parts), "sha256")


def test_a_key_that_is_too_long_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="a key has 65 bytes, limit 64"):
        TagKey(bytes(65))
    shown = repr(TagKey(b"k" * 32))
    assert "6b6b" not in shown
    assert "kkk" not in shown


def test_keys_of_the_session() -> None:
    """SEC-02, SEC-10: keys follow from the slot's key and both bodies of the handshake, one for each direction."""
    both = transcript(BODIES["HELLO"], BODIES["HELLO_RSP"])
    assert both.hex() == KEYS["transcript"]
    made = session_keys(bytes.fromhex(KEYS["key"]), both)
    assert [key.hex() for key in made] == [KEYS["h2p"], KEYS["p2h"]]


def tagged(row: dict[str, str]) -> bytes:
    """The tag that this frame must have."""
    body = bytes.fromhex(row["body"])[:-16]
    if row["way"] == "h2p":
        return TO_PUMP.tag(body)
    return TO_HOST.tag(BODIES[row["answers"]][-16:], body) if row["answers"] else TO_HOST.tag(bytes(16), body)


@pytest.mark.parametrize("row", VECTORS["session"], ids=lambda row: row["name"])
def test_frames_of_the_session(row: dict[str, str]) -> None:
    """SEC-01, SEC-10: requests, replies bound to them, events; on the wire as they stand there."""
    body, wire = bytes.fromhex(row["body"]), bytes.fromhex(row["wire"])
    assert encode(body) == wire
    assert FrameReader().feed(wire) == [body]
    assert row["signed"] == bool(body[3] & 1)
    if row["signed"]:
        assert same(tagged(row), body[-16:])


def test_the_session_holds_the_golden_frames() -> None:
    for golden in VECTORS["golden"]:
        assert FRAMES[golden["name"]]["wire"] == golden["wire"]


def genuine(row: dict[str, str]) -> bool:
    """Whether the receiver of a frame may believe its tag: a key for the way it came, bound to what was asked."""
    body, asked = bytes.fromhex(row["body"]), bytes.fromhex(row["request"])
    if row["to"] == "pump":
        return same(TO_PUMP.tag(body[:-16]), body[-16:])
    expected = TO_HOST.tag(asked[-16:], body[:-16]) if body[0] & 15 == 1 else TO_HOST.tag(bytes(16), body[:-16])
    return same(expected, body[-16:])


def test_what_must_not_be_believed() -> None:
    """SEC-01, SEC-10: whatever its CRC says; where the tag is good, something under it is wrong."""
    good_tag = {row["why"] for row in VECTORS["session_reject"] if genuine(row)}
    assert all(why.endswith("signed") for why in good_tag)
    assert {row["expect"] for row in VECTORS["session_reject"]} == {
        "AUTH_FAILED", "NO_SESSION", "VERSION", "silence", "ignored",
    }  # fmt: skip
    for row in VECTORS["session_reject"]:
        assert FrameReader().feed(bytes.fromhex(row["wire"])) == [bytes.fromhex(row["body"])], row["why"]
    assert len(VECTORS["session_reject"]) >= 30


@pytest.fixture
def pump() -> Bench:
    """A real pump in the session of the vectors, up to its AUTH: with the key in slot 2, after that handshake."""
    bench = Bench()
    content = provision.pack_block(
        0, 24_000_000, 2_000_000, bytes(8), [(0, b"", b"")] * 2 + [(2, b"c", bytes(range(32)))]
    )
    assert len(content) == len(block())
    for area in (28, 29):
        bench.store.areas[area] = bytearray(content)
    session = bench.pump.link.session
    bench.pump.numbers[durable.SEQ_BLOCK] = KEYS["seq_base"]
    session._pending, session._slot, session._pending_until = KEYS["sid"], KEYS["slot"], bench.now_ms + 5_000
    session._hello, session._reply = (bytes.fromhex(row["body"]) for row in VECTORS["golden"][:2])
    bench.exchange(b"")  # what it said of its boot
    return bench


def test_the_pump_answers_the_golden_auth(pump: Bench) -> None:
    """SEC-01, SEC-10: byte for byte, and once more when it comes once more (LINK-04)."""
    wire = bytes.fromhex(FRAMES["AUTH"]["wire"])
    for _ in range(2):
        pump.link.incoming += wire
        pump.poll()
        assert bytes(pump.link.outgoing).hex() == FRAMES["AUTH_RSP"]["wire"]
        pump.link.outgoing.clear()
    assert pump.status()["last_seq"] == KEYS["seq_base"] + 1


def test_the_pump_refuses_what_it_must(pump: Bench) -> None:
    """SEC-01, SEC-10, LINK-02: none of them is executed or moves the counter, and each is answered as it says."""
    pump.exchange(bytes.fromhex(FRAMES["AUTH"]["wire"]))
    rows = [row for row in VECTORS["session_reject"] if row["to"] == "pump"]
    records = pump.status()["log_next"]
    for row in rows:
        pump.run_for(200)  # a stranger is answered once in 100 ms
        pump.pump.link.session.failures = 0  # each alone: the lock-out has tests of its own
        found = [body[3:4] + body[10:11] for body in pump.exchange(bytes.fromhex(row["wire"]))]
        status = {words[0]: code for code, words in codes.STATUS.items()}.get(row["expect"])
        assert found == ([] if status is None else [bytes((0, status))]), row["why"]
        assert pump.pump.link.session.last_seq == KEYS["seq_base"] + 1, row["why"]
    _, count, entries = pump.pump.journal.read(0, records, 5)
    kinds = {entries[at + 21] for at in range(0, 40 * count, 40)}
    assert kinds <= {codes.REC_ALARM, codes.REC_ALARM_CLEAR, codes.REC_REFUSED}, "attempts, and the alarm for them"
    good = bytes.fromhex(rows[0]["request"])
    (answer,) = pump.exchange(encode(good))
    assert answer[10] == codes.OK
    assert hmac.compare_digest(
        answer[-16:], hmac.digest(bytes.fromhex(KEYS["p2h"]), good[-16:] + answer[:-16], "sha256")[:16]
    )


def test_digests_of_tickets_and_programs() -> None:
    """SCHED-07: what COMMIT carries back, and what STATUS calls the program."""
    for row in VECTORS["digests"]:
        covered = bytes.fromhex(row["ticket"]), bytes.fromhex(row["covers"])
        assert digest8(*covered).hex() == hashlib.sha256(b"".join(covered)).hexdigest()[:16] == row["digest"]
    assert len(VECTORS["digests"]) == 4


def test_the_chain_of_records() -> None:
    """LOG-03: each value covers the one before and the record."""
    before = bytes.fromhex(VECTORS["chain"]["before"])
    for row in VECTORS["chain"]["records"]:
        before = digest8(before, bytes.fromhex(row["record"]))
        assert before.hex() == row["chain"]
    assert before != bytes(8)
