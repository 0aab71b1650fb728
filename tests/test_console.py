"""The link console against the firmware on the rig `sim`: words in, words out, and frames that are wrong on purpose.

What the pump must count and answer for each of those is written out here from section 1.3 of the protocol: steps 1 to 5
silently and counted, 6 a VERSION, 8 a hint without a tag, 9 to 12 a refusal with a tag; nothing else changes (LINK-02).
"""

from __future__ import annotations

import hashlib
import random
import re
import struct

import pytest
from fake_pump import fake_pump, keys_of

from pumphil.rigs.sim import SimRig
from pumphost.console import Console
from pumphost.console.harm import HARMS
from pumphost.programmer import Programmer
from pumplink import codes

TICKETED = "PREPARE_CLOCK unix=1767225600000 offset=60 next_unix=0 next_offset=0"


@pytest.fixture
def rig() -> SimRig:
    return SimRig(7)


@pytest.fixture
def console(rig: SimRig) -> Console:
    return Console(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(1))


def fields_of(lines: list[str]) -> dict[str, str]:
    """Name -> words of a decoded reply."""
    return dict(line.strip().split(maxsplit=1) for line in lines if len(line.split()) > 1)


# -- requests and replies -----------------------------------------------------------------------------------


def test_a_request_without_fields_shows_every_field_of_its_reply_with_its_unit(console: Console) -> None:
    rows = fields_of(console.do("STATUS"))
    assert rows["mode"] == "1 = stopped"
    assert rows["rate"] == "0 nL/day"
    assert rows["unmonitored"] == "16 = level"
    assert rows["program_digest"] == "0" * 16
    assert len(rows) == 22  # fields of STATUS
    assert not console.failed


def test_fields_are_typed_by_name_in_units_words_or_bare_numbers(console: Console, rig: SimRig) -> None:
    """LINK-09: what goes over the wire is nL, nL/day and ms, whatever was typed."""
    for line in (TICKETED, "COMMIT"):
        console.do(line)
    typed = "PREPARE_REFILL order=7 withdrawn=0 volume=18mL drug=saline concentration='1 mg/mL'"
    assert "ticket" in fields_of(console.do(typed))
    assert fields_of(console.do("COMMIT"))["order"] == "7"
    assert fields_of(console.do("GET_RESERVOIR"))["fill"] == "18000000 nL = 18.000 mL"
    assert fields_of(console.do("GET_RESERVOIR"))["drug"] == "73616c696e650000 = 'saline'"
    console.do("STAGE_BEGIN order=8 profile=0 days=0x7F steps=2 day_total=800000")
    console.do("STAGE_STEPS steps=00:00@0.480mL/day,08:00@960000")
    assert fields_of(console.do("PREPARE_PROGRAM order=8"))["peak"] == "960000 nL/day = 0.960 mL/day"
    assert fields_of(console.do("COMMIT"))["state"] == "4 = done"
    rows = fields_of(console.do("GET_PROGRAM profile=0 part=0"))
    assert rows["days"] == "127 = mon, tue, wed, thu, fri, sat, sun"
    assert "step 08:00       960000 nL/day = 0.960 mL/day" in "\n".join(console.do("GET_PROGRAM profile=0 part=0"))
    console.do("PREPARE_MODE mode=schedule rate=0 delay=0")
    assert fields_of(console.do("COMMIT"))["state"] == "4 = done"
    console.do("PREPARE_BOLUS volume=20uL duration=00:10 follow_on=0")
    assert fields_of(console.do("COMMIT"))["state"] == "3 = running"
    stopped = fields_of(console.do("STOP reason=refill"))
    assert stopped["mode"] == "1 = stopped"
    assert Programmer(rig.transport(), keys=lambda uid: rig.keys).status().stop_reason == codes.STOP_REFILL


def test_a_request_that_expires_gets_pump_time_and_5_s_or_what_was_typed(console: Console) -> None:
    for until, status in (("", "STOPPED"), ("valid_until=+10s", "STOPPED"), ("valid_until=0", "STALE"),
                          ("valid_until=+1min", "STALE")):  # fmt: skip
        (line,) = console.do(f"REQUEST_BOLUS {until}")
        assert f"({status}, code" in line
        assert console.failed


def test_commit_carries_the_digest_of_what_was_typed_not_what_the_pump_said() -> None:
    """SCHED-06: a pump that stored something else cannot be made to commit it."""
    host, fake = fake_pump()
    told = struct.pack("<8sIIIIH8s", b"ticket!!", 30_000, 0, 0, 0, 0, b"stored??")
    fake.say["PREPARE_CLOCK"] = lambda values: b"\0" + told
    committed = []
    fake.say["COMMIT"] = lambda values: committed.append(values) or b"\0" + bytes(13)
    console = Console(host, keys=keys_of, rng=random.Random(1))
    assert fields_of(console.do(f"{TICKETED} order=7"))["digest"] == b"stored??".hex()
    console.do("COMMIT")
    # ticket, message 0x27, then order u32, unix u64 ms, offset i16 min, next_unix u64, next_offset i16
    typed = b"ticket!!" + b"\x27" + struct.pack("<IQhQh", 7, 1_767_225_600_000, 60, 0, 0)
    assert committed == [(b"ticket!!", hashlib.sha256(typed).digest()[:8], 0)]


def test_a_ticket_from_before_is_not_committed_in_the_place_of_one_that_was_refused(console: Console) -> None:
    console.do(TICKETED)
    assert "(STOPPED, code 46)" in console.do("PREPARE_BOLUS volume=20uL duration=00:10 follow_on=0")[0]
    assert console.do("COMMIT")[0].startswith("COMMIT needs ticket")


@pytest.mark.parametrize("line,words", [
    ("FOO", "'FOO' is no message and no command; help lists them"),
    ("STOP", "STOP needs reason (1 to 5, 1 clinician, 2 refill, 3 imaging, 4 service, 5 other)"),
    ("STOP reason", "'reason' is no field; write name=value"),
    ("STOP reason=5 x=1", "STOP has no field 'x'; it has: reason"),
    ("STOP reason=soon", "reason = soon is no number"),
    ("STOP reason=300", "STOP not sent: "),
    ("STOP reason='5", "not understood: no closing quotation"),
    ("GET_ORDER order=20uL", "order = 20uL is no number"),
    ("PREPARE_BOLUS volume=20mmHg duration=1s follow_on=0", "has the foreign unit"),
    ("COMMIT", "COMMIT needs ticket (bytes)"),
    ("COMMIT ticket=12 digest=00 confirm=0", "ticket = 12 is not 8 bytes in hex"),
    ("HELLO", "HELLO is not sent from here; type: open"),
    ("AUTH", "AUTH is not sent from here; type: open"),
    ("PROVISION offset=0 total=1 bytes=00", "is not sent from here; type: quit, and pumpbench keys provision"),
    ("open nurse", "open takes one of patient, clinician, service, tester, or nothing"),
    ("history x", "write how many frames"), ("hex", "write hex on, or hex off"), ("raw 0", "bytes in hex"),
    ("junk many", "write a number of bytes up to 100000"), ("replay last", "no request of a session was sent yet"),
    ("reuse number", "no request of a session was sent yet"), ("help foo", "'foo' is no message"),
])  # fmt: skip
def test_what_cannot_be_sent_is_told_in_a_line_and_nothing_is_sent(console: Console, line: str, words: str) -> None:
    told = console.do(line)
    assert words in told[0]
    assert len(told) == 1
    assert console.failed
    assert not [p for p in console.tap.frames if p.body[3]], "something went over a session"


def test_a_value_out_of_range_is_sent_and_the_pump_says_so(console: Console) -> None:
    """LINK-05: the console does not stand between a person and a refusal."""
    (line,) = console.do("STOP reason=6")
    assert line == ('STOP refused: field "reason" of STOP breaks its limit 5 (BAD_FIELD, code 3); correct the value')


def test_a_session_is_opened_as_one_role_shown_and_closed(console: Console) -> None:
    assert console.do("session") == ["no session; the first message that needs one opens it"]
    assert " as service, last number " in console.do("open service")[0]
    (line,) = console.do("REQUEST_BOLUS")
    assert "it needs a patient or clinician key, here are: service" in line
    assert " as patient, " in console.do("open")[0]
    assert console.do("close") == ["no session"]
    assert console.do("session")[0].startswith("no session")


def test_hex_shows_the_very_bytes_and_history_what_passed(console: Console, rig: SimRig) -> None:
    console.do("hex on")
    console.do("STATUS")  # with it came that there was a boot
    sent, heard, *_ = console.do("IDENTIFY")
    assert re.search(r" > IDENTIFY, no session, number \d+, 0 bytes: 00 .* 00$", sent)
    assert re.search(r" < reply IDENTIFY, no session, number \d+, \d+ bytes: 00 .* 00$", heard)
    written = [bytes.fromhex(words) for _, way, words in rig.trace if way == "rx"]
    assert bytes.fromhex(sent.rsplit(": ")[1]) == written[-1]
    console.do("hex off")
    assert [line.split()[2:4] for line in console.do("history 2")] == [[">", "IDENTIFY,"], ["<", "reply"]]
    assert console.do("history 0") == []


def test_help_names_messages_fields_and_harms(console: Console) -> None:
    text = "\n".join(console.do("help"))
    assert all(name in text for name in (*HARMS, "STATUS", "PREPARE_BOLUS", "settle", "history", "raw"))
    assert console.do("help PREPARE_BOLUS")[0] == "PREPARE_BOLUS (0x20): one bolus by the clinician; sent by: clinician"
    assert "  volume (1000 to 2000000 nL, besides the basal)" in console.do("help prepare_bolus")
    assert console.do("help STATUS")[0].endswith("sent by: everybody")


def test_an_unknown_outcome_is_told_and_settled(console: Console, rig: SimRig) -> None:
    """LINK-10."""
    console.do("open clinician")
    rig.transport().from_pump = lambda data: []
    (line,) = console.do("PREPARE_MODE order=9 mode=minimum-rate rate=0 delay=0")
    assert "the outcome of PREPARE_MODE, order 9 is unknown" in line
    rig.transport().from_pump = None
    assert "STOP was not sent" not in console.do("STOP reason=1")[0]
    assert "was not sent: the outcome of PREPARE_MODE, order 9 is still unknown" in console.do("GET_LIMITS")[0]
    assert fields_of(console.do("settle"))["state"] == "0 = not-seen"
    assert console.do("settle") == ["nothing is open"]


def test_a_quiet_end(console: Console, rig: SimRig) -> None:
    console.do("open")
    console.close()
    assert rig.board.pump.link.session.sid == 0
    assert console.do("quit") == []
    assert console.ended


# -- frames that are wrong on purpose -------------------------------------------------------------------------

NOTHING = "nothing"
EXPECTED = {
    "bad crc": ("bad_crc +1", NOTHING),
    "bad form": ("bad_crc +1", NOTHING),
    "bad cobs": ("bad_cobs +1", NOTHING),
    "bad length": ("bad_len +1", NOTHING),
    "short": ("bad_len +1", NOTHING),
    "truncate": ("bad_crc +1", NOTHING),
    "oversize": ("oversize +1", NOTHING),
    "reserved bits": ("ok +1, stale +1", NOTHING),
    "reply": ("ok +1, stale +1", NOTHING),
    "zero number": ("ok +1, stale +1", NOTHING),
    "bad version": ("ok +1", "(VERSION, code 4); update the firmware of the pump, without a tag"),
    "extra byte": ("ok +1", "wrong length, 0 bytes expected (BAD_LENGTH, code 2)"),
    "no tag": ("ok +1", "(NO_SESSION, code 5); connect anew, then ask for the order, without a tag"),
    "bad tag": ("ok +1, tag_fail +1", "(AUTH_FAILED, code 6); check which key it has, without a tag"),
    "wrong role": ("ok +1, tag_fail +1", "(AUTH_FAILED, code 6)"),
    "wrong session": ("ok +1", "(NO_SESSION, code 5)"),
    "unknown message": ("ok +1", "(UNKNOWN_MSG, code 1); compare the versions of both ends, with a tag"),
    "reuse number": ("ok +1, stale +1", "(SEQ_REUSED, code 10); ask for the order, then send anew, with a tag"),
    "replay last": ("ok +1, duplicate +1", "OK to GET_LIMITS, with a tag"),
    "replay old": ("ok +1, stale +1", "(SEQ_STALE, code 9); connect anew, then ask for the order, with a tag"),
}


@pytest.mark.parametrize("name", [name for name in HARMS if name != "junk"])
def test_a_wrong_frame_is_counted_and_answered_as_the_protocol_says(console: Console, rig: SimRig, name: str) -> None:
    """LINK-02, LINK-04, LINK-05, SEC-01."""
    console.do("open")
    console.do("STATUS")
    console.do("GET_LIMITS")
    counted, answered = EXPECTED[name]
    lines = console.do(name)
    assert lines[-1].split(maxsplit=2)[2] == counted
    assert lines[1].split(maxsplit=3)[3].find(answered) >= 0, lines
    assert len(lines) == 3
    if HARMS[name].counter:
        assert f"{HARMS[name].counter} +1" in counted
    assert not console.failed
    assert rig.board.pump.mode == codes.STOP_MODE


def test_junk_is_counted_and_the_next_request_answered(console: Console) -> None:
    """LINK-03."""
    counted = console.do("junk 300")[-1]
    assert re.fullmatch(r"  it counted     (bad_crc|bad_cobs|bad_len|oversize) \+\d+(, \w+ \+\d+)*", counted)
    assert fields_of(console.do("STATUS"))["mode"] == "1 = stopped"


def test_raw_bytes_go_out_as_they_are(console: Console, rig: SimRig) -> None:
    lines = console.do("raw 00 ff 00")
    assert lines == ["  sent           3 bytes", "  the pump says  nothing", "  it counted     bad_crc +1"]
    assert "00ff00" in [words for _, way, words in rig.trace if way == "rx"]


def test_replaying_a_stop_does_not_stop_a_second_time(console: Console, rig: SimRig) -> None:
    """LINK-04: the cached answer, and one record of a stop."""
    console.do("STOP reason=1")
    assert "OK to STOP, with a tag" in console.do("replay last")[1]
    stops = [record for record in Programmer(rig.transport(), keys=lambda uid: rig.keys).log()
             if record.kind == codes.REC_STOP]  # fmt: skip
    assert len(stops) == 1
