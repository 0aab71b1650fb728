"""What a session takes for an answer and what not: other frames, noise, hints, replies of another version.

Against the scripted pump of fake_pump.py; see test_session.py for repeats and unknown outcomes.
"""

from __future__ import annotations

import struct

import pytest
from fake_pump import fake_pump, refusal, reply_wire, rng, session_at, status_reply
from link_client import Open

from pumphost.errors import NoAnswer, OutcomeUnknown
from pumphost.session import Session
from pumplink import frame, messages

ORDER = 4711
BOLUS = (ORDER, 6_000)


# -- what is not an answer ----------------------------------------------------------------------------

BOLUS_REPLY = b"\0" + struct.pack("<III", 1, 2, 3)


def altered(request: bytes, at: int, by: int) -> bytes:
    """The same request with one byte of its header changed."""
    return request[:at] + bytes([request[at] + by]) + request[at + 1 :]


@pytest.mark.parametrize("name,wire,counter", [
    ("late: the number before", lambda s, r: s.answer(altered(r, 6, -1), BOLUS_REPLY), "ignored"),
    ("crossed: the number after", lambda s, r: s.answer(altered(r, 6, 1), BOLUS_REPLY), "ignored"),
    ("to another request of that number", lambda s, r: s.answer(r[:-1] + b"?", BOLUS_REPLY), "ignored"),
    ("another message", lambda s, r: s.answer(altered(r, 2, 1), BOLUS_REPLY), "ignored"),
    ("an echo of the request", lambda s, r: frame.encode(r), "ignored"),
    ("of another session", lambda s, r: s.answer(altered(r, 4, 1), BOLUS_REPLY), "ignored"),
    ("of another role", lambda s, r: s.answer(altered(r, 3, 16), BOLUS_REPLY), "ignored"),
    ("without a tag", lambda s, r: reply_wire(0x2E, BOLUS_REPLY, r[6] + 256 * r[7]), "ignored"),
    ("a refusal without a tag", lambda s, r: reply_wire(0x2E, refusal(40), r[6] + 256 * r[7]), "ignored"),
    ("with a tag of somebody else", lambda s, r: Open(s.sid, s.role, s.h2p, bytes(32)).answer(r, BOLUS_REPLY),
     "ignored"),
    ("an event", lambda s, r: reply_wire(0x83, BOLUS_REPLY, 1, kind=frame.EVT), "events"),
])  # fmt: skip
def test_other_frames_do_not_pass_for_the_answer(name, wire, counter) -> None:
    """SEC-10, and invariant 18: what has no good tag settles nothing."""
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.before = [wire]
    assert session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER) == (ORDER, 20_000, 600_000)
    assert getattr(session.line.counters, counter) == 1
    assert session.line.counters.repeats == 0


def test_garbage_and_a_broken_answer_are_passed_over_and_the_repeat_is_answered() -> None:
    spoilt = []

    def to_host(data: bytes) -> list[bytes]:
        if not spoilt:
            spoilt.append(data)
            return [b"\xff\x00\x01garbage\x00", data[:6] + bytes([data[6] ^ 4]) + data[7:]]
        return [data[:3], data[3:9], data[9:]]  # and in pieces

    host, _ = fake_pump(to_host=to_host)
    session = session_at(host, rng=rng())
    assert session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER) == (ORDER, 20_000, 600_000)
    assert session.line.counters.repeats == 1


def test_a_doubled_answer_is_not_taken_for_the_answer_to_the_next_request() -> None:
    host, _ = fake_pump(to_host=lambda data: [data, data])
    session = session_at(host, rng=rng())
    session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
    assert session.request(messages.REQUEST_BOLUS, (ORDER + 1, 6_000), order=ORDER + 1)[0] == ORDER + 1
    assert session.line.counters.ignored == 3, "both answers of the handshake came twice, too"


class Babbler:
    """A port on which something else talks without end: ten bytes every tenth of a second."""

    name = "babbler"

    def __init__(self) -> None:
        self.t_s = 0.0

    def write(self, data: bytes) -> None:
        pass

    def read(self, timeout_s: float) -> bytes:
        self.t_s += min(0.1, timeout_s)
        return b"$GPGGA,123"

    def now_s(self) -> float:
        return self.t_s

    def close(self) -> None:
        pass


def test_noise_does_not_extend_the_time_limits_and_is_named() -> None:
    port = Babbler()
    with pytest.raises(NoAnswer, match="none was a PumpLink frame: another device answers there, or the baud rate"):
        Session(port, rng=rng()).request(messages.STATUS)
    assert port.t_s == pytest.approx(0.05 + 6 * 0.3)


def test_an_echo_is_named_as_one() -> None:
    host, fake = fake_pump()
    fake.line.on_input = lambda: fake.line.write(fake.line.read(0))
    with pytest.raises(NoAnswer, match="no reply to it: an echo, or another program"):
        session_at(host, rng=rng()).request(messages.STATUS)
    assert fake.names == []


# -- replies of another version -----------------------------------------------------------------------


def test_bytes_that_a_newer_minor_version_appended_are_ignored() -> None:
    host, fake = fake_pump()
    fake.say["STATUS"] = lambda values: status_reply(mode=2) + b"new"
    assert session_at(host, rng=rng()).request(messages.STATUS)[0] == 2


@pytest.mark.parametrize("reply", [b"", b"\0", b"\0\1\2"])
def test_a_reply_too_short_is_never_taken_for_an_answer(reply: bytes) -> None:
    host, fake = fake_pump()
    session = session_at(host, rng=rng())
    fake.say["STATUS"] = fake.say["REQUEST_BOLUS"] = lambda values: reply
    with pytest.raises(NoAnswer, match="compare the versions"):
        session.request(messages.STATUS)
    with pytest.raises(OutcomeUnknown):
        session.request(messages.REQUEST_BOLUS, BOLUS, order=ORDER)
