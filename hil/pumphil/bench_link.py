"""Speed of the host's codec, for `make bench`: against pymavlink, and against the bare calls that it is made of.

    figures = frames()          # link_frames_per_s, link_over_pymavlink, link_time_over_sketch

One round is a message packed from its fields, put on the wire, taken off it and unpacked again: here the answer to
LINK_STATS, 51 bytes on the wire, there ESTIMATOR_STATUS, 54 bytes and as many fields. The three take turns, so that
whatever else the machine does hits all of them; each ratio is of medians.

    figures = chip_codec()      # link_native_over_python, link_python_garbage_bytes, link_native_garbage_bytes

The pump's codec in a real MicroPython: as machine code and in Python, on a frame of as many bytes. On a PC both are
faster than on a chip, and small ints have 63 bits: garbage of large ones is seen in tests/test_allocation_31bit.py.
"""

from __future__ import annotations

import gc
import os
import statistics
import struct
import subprocess
import timeit
from collections.abc import Callable

import google_crc32c
from cobs import cobs

from pumphil.rigs import RigBroken
from pumphil.rigs.find import NO_MICROPYTHON, find_micropython, firmware_packages
from pumphost import wire
from pumplink import frame
from pumplink.messages import LINK_STATS

ROUNDS, REPEATS = 1_000, 60
COUNTS = (3_000_000, 17, 3, 1, 2, 0, 12, 5)
NUMBER = 12_345
NO_PYMAVLINK = "make bench measures against pymavlink, which is not installed: pip install 'pumpbench[dev]'"

# prints time in us and garbage in bytes of a frame encoded, and of one found, checked and decoded, for each codec
CHIP = """
import gc, time
from pumplink import cobs, crc32c
try:
    from pumplink import native
except (ImportError, SyntaxError):
    native = None

def round(c, k, body, wire, raw, scratch):
    at = c.encode_into(body, 0, 43, wire, 1)
    k.write_k(wire, 1, at, wire, at)
    at = c.take_part(wire, 1, 51, raw, 0) - 1
    if not k.check_k(raw, 0, at - 5, scratch) or c.decode_into(raw, 0, at - 5, raw, 0) != 43:
        raise ValueError

def measure(c, k):
    body = bytes([n * 7 % 5 for n in range(43)])
    wire, raw, scratch = bytearray(51), bytearray(246), bytearray(5)
    round(c, k, body, wire, raw, scratch)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        round(c, k, body, wire, raw, scratch)
    garbage = gc.mem_alloc() - before
    gc.enable()
    best = 1000000
    for _ in range(20):
        start = time.ticks_us()
        for _ in range(200):
            round(c, k, body, wire, raw, scratch)
        best = min(best, time.ticks_diff(time.ticks_us(), start))
    print(best / 200, garbage / 100)

measure(cobs, crc32c)
if native:
    measure(native, native)
"""


def link_round() -> Callable[[], tuple[int, ...]]:
    """One message there and back as the host does it."""
    reader = wire.FrameReader()
    layout, message_id = LINK_STATS.reply, LINK_STATS.id

    def there_and_back() -> tuple[int, ...]:
        sent = wire.encode(frame.pack_body(frame.RSP, message_id, b"\0" + layout.pack(COUNTS), NUMBER))
        (body,) = reader.feed(sent)
        found: tuple[int, ...] = layout.unpack(frame.parse_body(body)[5][1:])
        return found

    return there_and_back


def sketch_round() -> Callable[[], tuple[int, ...]]:
    """The same fields with one call each of struct, COBS and CRC, and no check but that of the CRC."""
    layout, crc_layout = struct.Struct("<BBBBHIB8I"), struct.Struct("<I")

    def there_and_back() -> tuple[int, ...]:
        stuffed = cobs.encode(layout.pack(0x11, layout.size, LINK_STATS.id, 0, 0, NUMBER, 0, *COUNTS))
        sent = b"\0" + stuffed + crc_layout.pack(google_crc32c.value(stuffed)) + b"\0"
        taken = sent[1:-5]
        if google_crc32c.value(taken) != crc_layout.unpack(sent[-5:-1])[0]:
            raise ValueError("CRC")
        return layout.unpack(cobs.decode(taken))[7:]

    return there_and_back


def mavlink_round() -> Callable[[], tuple[int, ...]]:
    """A message of MAVLink 2 with ten fields. RigBroken where pymavlink is missing."""
    try:
        from pymavlink.dialects.v20 import common
    except ImportError:
        raise RigBroken(NO_PYMAVLINK) from None
    link = common.MAVLink(None)

    def there_and_back() -> tuple[int, ...]:
        message = common.MAVLink_estimator_status_message(NUMBER, 0x3FF, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
        (found,) = link.parse_buffer(message.pack(link))
        return found.time_usec, found.flags

    return there_and_back


def frames() -> dict[str, float]:
    """Frames a second, and both ratios."""
    ours, sketch, theirs = (
        timeit.Timer(one, setup=gc.enable) for one in (link_round(), sketch_round(), mavlink_round())
    )
    spent: list[tuple[float, float, float]] = [
        (ours.timeit(ROUNDS), sketch.timeit(ROUNDS), theirs.timeit(ROUNDS)) for _ in range(REPEATS)
    ]
    ours_s, sketch_s, theirs_s = (statistics.median(column) for column in zip(*spent, strict=True))
    return {
        "link_frames_per_s": ROUNDS / ours_s,
        "link_over_pymavlink": theirs_s / ours_s,
        "link_time_over_sketch": ours_s / sketch_s,
    }


def chip_codec() -> dict[str, float]:
    """Time of a frame in Python over that as machine code, garbage of each. Without the emitter both are Python."""
    micropython = find_micropython()
    if micropython is None:
        raise RigBroken(NO_MICROPYTHON)
    folders = ":".join(str(package.parent) for package in firmware_packages())
    done = subprocess.run(
        [str(micropython), "-c", CHIP], env={**os.environ, "MICROPYPATH": folders},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode:
        raise RigBroken(f"the codec did not run in MicroPython: {done.stderr.strip()}")
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    python, native = rows[0], rows[-1]
    return {
        "link_python_us": python[0],
        "link_native_us": native[0],
        "link_native_over_python": python[0] / native[0],
        "link_python_garbage_bytes": python[1],
        "link_native_garbage_bytes": native[1],
    }
