"""Speed of the host's codec, for `make bench`: against pymavlink, and against the bare calls that it is made of.

    figures = frames()          # link_frames_per_s, link_over_pymavlink, link_time_over_sketch

One round is a message packed from its fields, put on the wire, taken off it and unpacked again: here the answer to
LINK_STATS, 51 bytes on the wire, there ESTIMATOR_STATUS, 54 bytes and as many fields. The three take turns, so that
whatever else the machine does hits all of them; each ratio is of medians.
"""

from __future__ import annotations

import gc
import statistics
import struct
import timeit
from collections.abc import Callable

import google_crc32c
from cobs import cobs

from pumphil.rigs import RigBroken
from pumphost import wire
from pumplink import frame
from pumplink.messages import LINK_STATS

ROUNDS, REPEATS = 1_000, 60
COUNTS = (3_000_000, 17, 3, 1, 2, 0, 12, 5)
NUMBER = 12_345
NO_PYMAVLINK = "make bench measures against pymavlink, which is not installed: pip install 'pumpbench[dev]'"


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
    ours, sketch, theirs = (timeit.Timer(one, setup=gc.enable) for one in (link_round(), sketch_round(), mavlink_round()))
    spent: list[tuple[float, float, float]] = [
        (ours.timeit(ROUNDS), sketch.timeit(ROUNDS), theirs.timeit(ROUNDS)) for _ in range(REPEATS)
    ]
    ours_s, sketch_s, theirs_s = (statistics.median(column) for column in zip(*spent, strict=True))
    return {
        "link_frames_per_s": ROUNDS / ours_s,
        "link_over_pymavlink": theirs_s / ours_s,
        "link_time_over_sketch": ours_s / sketch_s,
    }
