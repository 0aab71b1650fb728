"""A link that is never silent, on the chip: packets on time, wakes short, no reset.

    PUMPBENCH_UF2=/path/to/RPI_PICO.uf2 python -m pytest -s tests/test_emulated_flood.py

The host fills the buffer of the port as soon as there is room, from 0.4 s before a packet is due until it begins. What
comes of an hour of it is tested in virtual time (`test_link_flood` of the suite).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from emulated_repl import needs_image

from pumphil.rigs.emulated.rig import EmulatedRig
from pumphil.suite.test_link_flood import random_frames, sound_frames
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost import wire
from pumphost.programmer import Programmer
from pumplink import frame, messages

pytestmark = [needs_image, pytest.mark.timeout(1_800)]
LATEST_MS = 50  # LINK-07
OVERRUN_MS = 100  # TIME-09
PACKET_MS = 39 * (43_100 / 200) / 24_000_000 * 86_400_000  # 39 steps at 24 mL/day
AHEAD_MS = 400
KEPT = 600  # bytes that wait for the port: more than it holds
KNOWS_MS = 10  # how late the packet may have been that the others are counted from


def questions(treatment: Treatment, rng: random.Random) -> Iterator[bytes]:
    """The shortest that are answered, 14 in a buffer."""
    for seq in itertools.count(1):
        yield wire.encode(frame.pack_body(frame.REQ, messages.STATUS.id, b"", seq))


def handshakes(treatment: Treatment, rng: random.Random) -> Iterator[bytes]:
    """Openings of sessions that are never finished."""
    for seq in itertools.count(1):
        hello = messages.HELLO.request.pack((1, messages.VERSION_MINOR, 0, messages.SCHEMA, rng.randbytes(16)))
        yield wire.encode(frame.pack_body(frame.REQ, messages.HELLO.id, hello, seq))


@pytest.fixture(scope="module")
def treatment() -> Iterator[Treatment]:
    """A pump with a packet out every 30.3 s."""
    with EmulatedRig(1) as rig:
        treatment = Treatment(rig)
        treatment.begin(continuous("24 mL/day"))
        treatment.run_for(seconds=32)
        assert len(rig.packets) == 1
        yield treatment


@pytest.mark.parametrize("frames", [questions, handshakes, sound_frames, random_frames])
def test_a_flood_delays_no_packet(
    treatment: Treatment, frames: Callable[[Treatment, random.Random], Iterator[bytes]]
) -> None:
    rig = treatment.rig
    source = frames(treatment, random.Random(7))
    first = next(source)
    chip, began = rig._chip, len(rig.packets)
    due_ms = rig.packets[0][0] + PACKET_MS * began  # from one that was not late
    rig.run_until(round((due_ms - AHEAD_MS) * 1_000))
    rig.wake_spans_us.clear()
    chip.write(first)
    sent = 0
    while len(rig.packets) == began:
        assert rig.now_us < (due_ms + 1_000) * 1_000, "no packet"
        while len(chip._to_send) < KEPT:
            piece = next(source)
            sent += len(piece)
            chip.write(piece)
        rig._run(rig.now_us + 1_000)
        chip.read()
    chip._to_send.clear()
    late_ms = rig.packets[-1][0] - due_ms
    spans_ms = [span_us / 1_000 for _, span_us in rig.wake_spans_us]
    longest_ms = max(spans_ms)
    print(
        f"{frames.__name__:13} {sent} bytes, packet {late_ms:4.1f} ms late, of {len(spans_ms)} wakes the longest "
        f"{longest_ms:4.1f} ms"
    )
    rig.run_for(seconds=3)
    chip.read()
    rig.transport().unasked.clear()
    assert sent > 1_000
    assert -KNOWS_MS <= late_ms <= LATEST_MS
    assert longest_ms <= OVERRUN_MS
    assert sum(ms > LATEST_MS for ms in spans_ms) <= 1, (
        "only the one that puts the alarm on record: a stranger is there"
    )
    uptime_ms = Programmer(rig.transport(), keys=None).status().uptime_ms
    assert abs(uptime_ms - treatment.now_ms) < 500, "the watchdog has reset it"
