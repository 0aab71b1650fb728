"""Two ends of different minor versions: what is longer than expected, either way.

    python -m pytest tests/test_compatibility.py

Values come from vectors.json, so every message is asked for and answered as it stands there.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_pump import fake_pump, session_at
from pump_driver import Bench

from pumphost.reply import mode_name, order_state_name
from pumplink import codes, frame, messages
from pumplink.message import Message

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "protocol" / "vectors.json").read_text(encoding="utf-8"))
ASKED = [
    row for row in messages.TABLE if row not in (messages.HELLO, messages.AUTH, messages.CLOSE, messages.PROVISION)
]
FIXED = [row for row in messages.TABLE if not row.request.has_tail]


def typical(row: Message, side: str) -> list[Any]:
    """Values of a payload, by the vectors."""
    (found,) = [
        v["fields"] for v in VECTORS["messages"] if (v["name"], v["side"], v["case"]) == (row.name, side, "typical")
    ]
    return [bytes.fromhex(value) if isinstance(value, str) else value for _, value in found]


@pytest.mark.parametrize("row", [row for row in ASKED if not row.reply.has_tail], ids=lambda row: row.name)
def test_a_longer_reply_of_a_newer_pump_is_understood(row: Message) -> None:
    """Invariant 32, the reader's side: what it knows it takes, the rest it ignores."""
    host, fake = fake_pump()
    session = session_at(host)
    expected = typical(row, "reply")
    fake.say[row.name] = lambda values: b"\0" + row.reply.pack(expected) + b"\x01\x02\x03\x04"
    assert list(session.request(row, typical(row, "request"))) == expected
    assert row.name in fake.names


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_a_longer_request_of_a_newer_client_is_refused(row: Message) -> None:
    """Invariants 32 and 33: a field that the pump does not know could be a limit; nothing changes."""
    bench = Bench()
    if row.roles & ~messages.OPEN:
        bench.client.need(row.roles & ~messages.OPEN)
    before, mode, orders = bench.dose_state(), bench.pump.mode, bench.pump.orders.durable[:]
    for extra in (b"\0", b"\0\0\0\0"):
        request = bench.client.body(row, row.request.pack(typical(row, "request")) + extra)
        (body,) = bench.exchange(frame.encode(request))
        reply = bench.read(body, request)
        assert (reply.status, reply.detail, reply.info) == (codes.BAD_LENGTH, 0, row.request.size)
    assert (bench.dose_state(), bench.pump.mode, bench.pump.orders.durable) == (before, mode, orders)
    assert bench.pump.link.session.sid or not row.roles & ~messages.OPEN


@pytest.mark.parametrize("row", [row for row in FIXED if row.request.size], ids=lambda row: row.name)
def test_a_shorter_request_of_an_older_client_is_refused(row: Message) -> None:
    """Invariant 33: a field that is missing is not taken for 0."""
    bench = Bench()
    request = bench.client.body(row, row.request.pack(typical(row, "request"))[:-1])
    (body,) = bench.exchange(frame.encode(request))
    reply = bench.read(body, request)
    assert (reply.status, reply.info) == (codes.BAD_LENGTH, row.request.size)


def test_a_pump_of_another_minor_version_opens_a_session() -> None:
    """Minor and schema are told and not judged: what is known to both works."""
    bench = Bench()
    payload = bytes((1, 77, 0, 0)) + b"\xee" * 4 + bytes(range(16))
    hello = frame.pack_body(frame.REQ, messages.HELLO.id, payload, 9)
    (reply,) = bench.exchange(frame.encode(hello))
    assert (reply[10], reply[11]) == (codes.OK, messages.VERSION_MINOR)
    made = bench.client.keys(codes.CLINICIAN, hello, reply)
    auth = made.sign(messages.AUTH.id, b"", bench.client.seq + 1)
    (answer,) = bench.exchange(frame.encode(auth))
    assert answer[10] == codes.OK
    assert made.genuine(auth, answer)


def test_numbers_that_are_not_known_are_shown_as_numbers() -> None:
    assert (mode_name(9), order_state_name(77)) == ("mode 9", "state 77")
