"""`pumpbench log`: exported, followed with events and without, gaps told, the chain verified on the host.

Records and chain values are made with struct and hashlib; the pump is scripted, and once the firmware on the rig `sim`.
"""

from __future__ import annotations

import csv
import json
import struct
from pathlib import Path

import pytest
from cli_tools import one_sentence, pump_behind_every_port, run
from fake_pump import FakePump, chained, fake_pump, refusal, session_at

from pumphost.errors import PumpError
from pumphost.logbook import Cursor, Follower, since
from pumplink import codes, frame, messages

PORT = ("--port", "x")
WALL_MS = 1_767_225_600_000  # 2026-01-01T00:00Z


def record(number: int, kind: int = codes.REC_BOLUS_START, trusted: int = 1) -> bytes:
    return struct.pack("<IQQBBIIH", number, 1_000 * number, WALL_MS + 60_000 * number, trusted, kind, 4711, 20_000, 1)


def fill(pump: FakePump, numbers, first: int = 0) -> None:
    """The pump has records of these numbers, at the same places, those before `first` overwritten."""
    pump.log = chained([record(number) for number in numbers])

    def read(values):
        begin = max(values[1], first)
        rows = pump.log[begin : begin + min(values[2], 5)]
        return b"\0" + struct.pack("<IB", begin, len(rows)) + b"".join(rows)

    pump.say["LOG_INFO"] = lambda values: b"\0" + struct.pack("<II8s", first, len(pump.log), pump.log[-1][-8:])
    pump.say["LOG_READ"] = read


@pytest.fixture
def pump(monkeypatch) -> FakePump:
    """The scripted pump behind every port; it knows no subscription."""
    fake = pump_behind_every_port(monkeypatch)[0]
    fake.say["LOG_SUBSCRIBE"] = lambda values: refusal(codes.UNKNOWN_MSG)
    return fake


# -- export -------------------------------------------------------------------------------------------------


def test_a_csv_file_holds_raw_fields_with_units_in_their_names(pump, tmp_path: Path) -> None:
    """LOG-03: the chain is verified on the host, and the command says so."""
    fill(pump, range(7))
    path = tmp_path / "log.csv"
    result = run("log", *PORT, "--export", "csv", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"7 records written to {path}; chain verified here from record 0 to 6\n"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[3] == {
        "number": "3", "uptime_ms": "3000", "wall_unix_ms": str(WALL_MS + 180_000), "clock_trusted": "True",
        "kind_code": "7", "kind": "bolus-start", "a": "4711", "a_is": "order", "b": "20000", "b_is": "volume nL",
        "time_scale": "1", "chain": pump.log[3][-8:].hex(), "chain_ok": "True",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_jsonl_file_holds_one_record_a_line(pump, tmp_path: Path) -> None:
    fill(pump, range(3))
    path = tmp_path / "log.jsonl"
    assert run("log", *PORT, "--export", "jsonl", str(path), "--first", "1").exit_code == 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["number"], row["b"], row["b_is"], row["chain_ok"]) for row in rows] == [
        (1, 20_000, "volume nL", True), (2, 20_000, "volume nL", True),
    ]  # fmt: skip


def test_a_broken_chain_is_exported_marked_and_exit_code_1(pump, tmp_path: Path) -> None:
    fill(pump, range(7))
    pump.log[4] = pump.log[4][:9] + b"\x55" + pump.log[4][10:]
    path = tmp_path / "log.csv"
    result = run("log", *PORT, "--export", "csv", str(path))
    assert result.exit_code == 1
    assert f"7 records written to {path}\n" in result.stderr
    assert "the chain of the log is broken at record 4: something before it was torn" in result.stderr
    with path.open(newline="") as file:
        assert [row["chain_ok"] for row in csv.DictReader(file)] == ["True"] * 4 + ["False"] + ["True"] * 2


def test_a_log_whose_beginning_is_overwritten_says_from_where_it_is_verified(pump, tmp_path: Path) -> None:
    fill(pump, range(9), first=4)
    result = run("log", *PORT, "--export", "csv", str(tmp_path / "x.csv"), "--first", "2")
    assert result.exit_code == 0
    assert "records before number 4 are no longer kept" in result.stderr
    assert "5 records written" in result.stderr
    assert "chain verified here from record 5 to 8" in result.stderr  # of 4 there is nothing to compare with


def test_an_export_is_whole_or_not_there(pump, tmp_path: Path, monkeypatch) -> None:
    fill(pump, range(3))
    path = tmp_path / "log.csv"
    path.write_text("of yesterday")

    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("csv.DictWriter.writerows", full)
    result = run("log", *PORT, "--export", "csv", str(path))
    assert result.exit_code == 2
    assert f"cannot write {path}: no space left on device" in one_sentence(result)
    assert path.read_text() == "of yesterday"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("arguments,words", [
    (("--export", "xml", "f"), "--export xml is not known; write --export csv FILE or --export jsonl FILE"),
    (("--export", "csv", "f", "--follow"), "for one that grows: --follow --json > FILE"),
    (("--seconds", "1"), "--seconds goes with --follow only"),
    (("--since", "yesterday"), "--since yesterday is no time; write it like 2026-01-31T08:00"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_the_port_is_opened(monkeypatch, arguments, words: str) -> None:
    _, opened = pump_behind_every_port(monkeypatch)
    result = run("log", *PORT, *arguments)
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert opened == []


# -- since --------------------------------------------------------------------------------------------------


def test_since_begins_at_the_first_record_of_that_time(pump) -> None:
    fill(pump, range(7))
    numbers = [line.split()[0] for line in run("log", *PORT, "--since", "2026-01-01T00:04Z").stdout.splitlines()[1:]]
    assert numbers == ["4", "5", "6"]
    east = [line.split()[0] for line in run("log", *PORT, "--since", "2026-01-01T03:05+03:00").stdout.splitlines()[1:]]
    assert east == ["5", "6"]
    assert "no records" in run("log", *PORT, "--since", "2027-01-01T00:00Z").stderr


def test_a_clock_that_is_not_trusted_does_not_say_when(pump) -> None:
    rows = chained([record(0), record(1, trusted=0), record(2), record(3, trusted=0)])
    pump.log = rows
    found = Cursor(session_at(fake_over(rows)[0])).read()
    assert [one.number for one in since(found, WALL_MS + 60_000)] == [2, 3]


def fake_over(rows: list[bytes]):
    host, fake = fake_pump()
    fake.log = rows
    return host, fake


# -- follow -------------------------------------------------------------------------------------------------


def follower(pump: FakePump, host) -> tuple[Cursor, Follower]:
    session = session_at(host)
    cursor = Cursor(session)
    return cursor, Follower(session, cursor)


def test_what_comes_later_is_read_once_and_its_chain_goes_on() -> None:
    host, fake = fake_pump()
    fake.say["LOG_SUBSCRIBE"] = lambda values: refusal(codes.UNKNOWN_MSG)
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    assert [one.number for one in cursor.read()] == [0, 1, 2]
    assert following.read(1.0) == []
    fill(fake, range(9))
    assert [(one.number, one.chain_ok) for one in following.read(1.0)] == [(n, True) for n in range(3, 9)]
    assert following.read(1.0) == []
    assert not following.subscribed
    assert fake.names.count("LOG_SUBSCRIBE") == 1


def test_a_record_altered_between_two_reads_breaks_the_chain_where_they_meet() -> None:
    """LOG-03: the newest record read before is what the next one must follow from."""
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    fill(fake, [0, 1, 9, 3])  # number 2 is another one now
    assert [(one.number, one.chain_ok) for one in following.read(1.0)] == [(3, False)]


def test_records_overwritten_before_they_were_read_are_a_gap_and_no_broken_chain() -> None:
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    fill(fake, range(20), first=12)
    assert [(one.number, one.chain_ok) for one in following.read(1.0)][:2] == [(12, None), (13, True)]
    assert cursor.missed == [(3, 11)]


def test_a_log_that_became_shorter_is_that_of_another_pump() -> None:
    host, fake = fake_pump()
    fill(fake, range(9))
    cursor, following = follower(fake, host)
    cursor.read()
    fill(fake, range(4))
    with pytest.raises(PumpError, match="9 records were read before, now the pump has 4: it is another one"):
        following.read(1.0)


def event(fake: FakePump, message: messages.Message, payload: bytes) -> bytes:
    """Wire bytes of an event of the present session, its tag made with hmac over 16 zero bytes and the body."""
    import hashlib
    import hmac

    assert fake.session
    flags = 1 | fake.session.role << 4
    body = struct.pack("<BBBBHI", 0x12, 10 + len(payload) + 16, message.id, flags, fake.session.sid, 1) + payload
    return bytes(frame.encode(body + hmac.new(fake.session.p2h, bytes(16) + body, hashlib.sha256).digest()[:16]))


def test_an_event_of_the_pump_ends_the_wait_and_the_record_is_read_with_its_chain() -> None:
    """SEC-10: what an event says is not believed, it is asked for."""
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    assert following.read(1.0) == []
    assert following.subscribed
    assert ("LOG_SUBSCRIBE", (2, 0)) in fake.heard
    fill(fake, range(4))
    fake.line.write(event(fake, messages.EVT_LOG, b"not what the pump has" * 2))
    before_s = host.now_s()
    assert [(one.number, one.chain_ok) for one in following.read(60.0)] == [(3, True)]
    assert host.now_s() == before_s  # nothing was waited for


def test_an_event_that_came_while_it_read_is_not_waited_for_again() -> None:
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    following.read(1.0)
    written = fake.line.write
    fake.line.write = lambda data: written(data + event(fake, messages.EVT_LOG, bytes(40)))
    following.read(1.0)  # its answers bring events along
    fake.line.write = written
    before_s = host.now_s()
    following.read(60.0)
    assert host.now_s() == before_s


def test_without_a_good_tag_an_event_is_nothing_and_asking_goes_on() -> None:
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    following.read(1.0)
    fill(fake, range(4))
    wire = event(fake, messages.EVT_LOG, bytes(40))
    (body,) = frame.FrameReader().feed(wire)
    fake.line.write(frame.encode(body[:-1] + bytes([body[-1] ^ 1])))
    before_s = host.now_s()
    assert len(following.read(2.0)) == 1
    assert host.now_s() == pytest.approx(before_s + 2.0)


def test_a_subscription_is_renewed_with_the_session() -> None:
    """A session in which only is read ends after three minutes (SEC-04), and its subscription with it."""
    host, fake = fake_pump()
    fill(fake, range(3))
    cursor, following = follower(fake, host)
    cursor.read()
    for _ in range(4):
        following.read(60.0)
    assert fake.handshakes == 2
    assert fake.names.count("LOG_SUBSCRIBE") == 2


def test_following_prints_what_comes_and_leaves_when_told(pump) -> None:
    fill(pump, range(3))
    polls = []
    info = pump.say["LOG_INFO"]

    def later(values):
        polls.append(values)
        if len(polls) == 3:
            fill(pump, range(5))
            pump.say["LOG_INFO"] = later
        return b"\0" + struct.pack("<II8s", 0, len(pump.log), pump.log[-1][-8:])

    assert info
    pump.say["LOG_INFO"] = later
    result = run("log", *PORT, "--follow", "--seconds", "5", "--interval", "1")
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["0", "1", "2", "3", "4"]
    assert "bolus-start" in result.stdout
    assert len(polls) == 6  # the first one, and one a second


def test_following_as_json_is_one_record_a_line_and_tells_of_gaps_on_stderr(pump) -> None:
    fill(pump, range(3))
    polls = []

    def later(values):
        polls.append(values)
        if len(polls) == 2:
            fill(pump, range(20), first=12)
            pump.say["LOG_INFO"] = later
        return b"\0" + struct.pack("<II8s", 12 * (len(polls) > 1), len(pump.log), pump.log[-1][-8:])

    pump.say["LOG_INFO"] = later
    result = run("log", *PORT, "--follow", "--seconds", "2", "--json")
    assert [json.loads(line)["number"] for line in result.stdout.splitlines()] == [0, 1, 2, *range(12, 20)]
    assert result.stderr == "gap: records 3 to 11 were overwritten before they could be read\n"


def test_a_pump_that_falls_silent_meanwhile_is_told_once_and_asked_on(pump) -> None:
    fill(pump, range(3))
    polls = []

    def later(values):
        polls.append(values)
        if len(polls) == 3:
            pump.deaf = 9
            return b""
        return b"\0" + struct.pack("<II8s", 0, len(pump.log), pump.log[-1][-8:])

    pump.say["LOG_INFO"] = later
    result = run("log", *PORT, "--follow", "--seconds", "20")
    assert result.exit_code == 0
    told = result.stderr.splitlines()
    assert len(told) == 2
    assert told[0].endswith("; still asking")
    assert told[1] == "the pump answers again"


def test_ctrl_c_ends_following_with_130(pump) -> None:
    fill(pump, range(3))

    def interrupt(values):
        raise KeyboardInterrupt

    pump.say["LOG_SUBSCRIBE"] = interrupt
    result = run("log", *PORT, "--follow")
    assert (result.exit_code, one_sentence(result)) == (130, "stopped by Ctrl-C")
    assert len(result.stdout.splitlines()) == 3
