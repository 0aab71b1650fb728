"""A link that is never silent: what it delays, and whether the pump delivers as without it.

The wire is full at 115 200 baud for FLOOD_S seconds of pump time (PUMPBENCH_FLOOD_S; nightly an hour), and so is the
processor: a virtual rig takes no time for what it executes, so bytes and wakes are made to cost almost what the bytes
take to arrive. How much they cost on a chip is measured there; here it is seen that the pump takes no more than one
buffer, and answers one frame, before it looks at the time again.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from pumphil.hil_record import HilRecord
from pumphil.rigs import open_rig
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite.measures import expect_within_quantum
from pumphil.suite.therapies import continuous
from pumphil.treatment import DAY_MS, Treatment
from pumphost import wire
from pumphost.errors import Refused
from pumplink import codes, frame, messages

FLOOD_S = int(os.environ.get("PUMPBENCH_FLOOD_S", "300"))
BYTE_US = Fraction(10_000_000, 115_200)  # a start bit, eight bits, a stop bit
BUSY_US = 50  # of the processor for each byte, as measured on a chip
WAKE_US = 500  # and for a wake without any, which answers one frame
BUFFER = 256  # of the pump's input
LATEST_MS = 50  # LINK-07
FEED_WITHIN_MS = 2_000  # of the watchdog
RATE, RATE_NL_PER_DAY = "20 mL/day", 20_000_000
PACKET_MS = 30_000  # from one to the next at this rate
LOG_RECORDS = 300

Sender = Callable[[Treatment, random.Random], Iterator[bytes]]


def sound_frames(treatment: Treatment, rng: random.Random) -> Iterator[bytes]:
    """Requests that are answered: anybody's, handshakes, and reads with a tag."""
    programmer = treatment.programmer
    programmer.limits()  # opens a session
    secured = programmer.session.secured
    assert secured
    hello = messages.HELLO.request.pack((1, messages.VERSION_MINOR, 0, messages.SCHEMA, bytes(16)))
    for seq in itertools.count(1):
        for message in rng.sample((messages.STATUS, messages.IDENTIFY, messages.LINK_STATS), 2):
            yield wire.encode(frame.pack_body(frame.REQ, message.id, b"", seq))
        yield wire.encode(frame.pack_body(frame.REQ, messages.HELLO.id, hello, seq))
        yield wire.encode(secured.body(messages.GET_LIMITS, b""))


def random_frames(treatment: Treatment, rng: random.Random) -> Iterator[bytes]:
    """Noise, frames with a good CRC and any body, and orders with a guessed tag."""
    stop = bytearray(frame.pack_body(frame.REQ, messages.STOP.id, bytes([0]), 1, 7, 0x21, 16))
    while True:
        yield rng.randbytes(rng.randrange(1, 200))
        yield wire.encode(rng.randbytes(rng.randrange(10, 240)))
        yield wire.encode(bytes(stop) + rng.randbytes(16))


def flood(rig: LockstepRig, frames: Iterator[bytes], until_us: int) -> int:
    """Keep wire and processor busy; bytes sent. The pump is woken when it wants to be, or when it is free again."""
    start_us, sent, free_us = rig.now_us, 0, rig.now_us
    backlog = b""
    while True:
        arrived_us = start_us + int((sent + BUFFER) * BYTE_US)
        if arrived_us > until_us:
            break
        while len(backlog) < BUFFER:
            backlog += next(frames)
        while (at_us := max(rig.wake_us, free_us)) < arrived_us:
            rig.exchange(at_us)
            free_us = at_us + WAKE_US
        at_us = max(arrived_us, free_us)
        rig.exchange(at_us, backlog[:BUFFER])
        free_us = at_us + BUFFER * BUSY_US
        backlog = backlog[BUFFER:]
        sent += BUFFER
        if len(rig.trace) > 10_000:
            rig.trace[:] = [row for row in rig.trace if row[1] not in ("rx", "tx")]
    at_us = max(free_us, until_us)
    rig.exchange(at_us)  # it has slept through nothing since
    while rig.wake_us <= at_us:
        rig.exchange(at_us)
    return sent


def watch_feeds(rig: LockstepRig) -> list[int]:
    """From now on: rig ms of each exchange in which the watchdog was fed."""
    unpack, fed, last = rig._unpack, [rig.now_us // 1000], [-1]

    def looked(reply: bytes) -> tuple[int, ...]:
        fields = unpack(reply)
        if fields[-1] != last[0]:
            last[0] = fields[-1]
            fed.append(rig.now_us // 1000)
        return fields

    rig._unpack = looked  # type: ignore[assignment] # the rig itself does not look
    return fed


def quiet_twin(rig: LockstepRig, began: Callable[[Treatment], None], until_us: int) -> list[tuple[int, int]]:
    """Packets of the same pump without the flood, after the same beginning."""
    with open_rig(rig.name, seed=rig.seed, reservoir_nl=rig.options.reservoir_nl) as twin:
        treatment = Treatment(twin)
        began(treatment)
        first = len(twin.packets)
        twin.run_until(until_us)
        return twin.packets[first:]


def judge_packets(record: HilRecord, packets: list[tuple[int, int]], quiet: list[tuple[int, int]]) -> None:
    """As many, as large, and none later than LINK-07 allows."""
    record.expect("packets too many or too few", "1", error=abs(len(packets) - len(quiet)), limit=0, oracle=len(quiet))
    record.expect("steps of the packets, flooded or not", "1", limit=0, error=sum(
        abs(steps - other) for (_, steps), (_, other) in zip(packets, quiet, strict=True)))  # fmt: skip
    late_ms = [t_ms - due_ms for (t_ms, _), (due_ms, _) in zip(packets, quiet, strict=True)]
    record.expect("latest packet", "ms", error=max(late_ms), limit=LATEST_MS, bound=True)
    record.expect("earliest packet", "ms", error=-min(late_ms), limit=0)


def judge_volume(record: HilRecord, treatment: Treatment) -> None:
    """One quantum, and what flows in the time that LINK-07 allows a packet to be late."""
    error = treatment.pump_against_oracle()
    expect_within_quantum(record, treatment, "pump against oracle, any instant", error.max_abs_nl,
                          oracle=error.expected_nl, late_nl=RATE_NL_PER_DAY * LATEST_MS // DAY_MS + 1)  # fmt: skip
    assert treatment.disagreements == []


def begin(treatment: Treatment) -> None:
    """Delivery with a packet in every 30 s, the first of them out."""
    treatment.begin(continuous(RATE))
    treatment.run_for(seconds=35)


@pytest.mark.parametrize("frames", [sound_frames, random_frames], ids=["sound", "random"])
@pytest.mark.requirement("LINK-07", "LINK-06", "PWR-03")
@pytest.mark.needs("link-faults")
@pytest.mark.timeout(1_800)
def test_link_flood(treatment: Treatment, record: HilRecord, frames: Sender) -> None:
    """Condition: it delivers. Action: wire and processor full. Then no packet is late, the watchdog fed, basal exact.

    Invariant 8.
    """
    begin(treatment)
    rig, programmer = treatment.rig, treatment.programmer
    first = len(rig.packets)
    rng = random.Random(f"{rig.seed}:flood")
    source = frames(treatment, rng)
    before = programmer.link_stats()
    fed, boots = watch_feeds(rig), rig._boots
    until_us = rig.now_us + FLOOD_S * 1_000_000
    sent = flood(rig, source, until_us)
    packets = rig.packets[first:]
    quiet = quiet_twin(rig, begin, until_us)
    record.expect("bytes of the flood", "1", error=max(0, FLOOD_S * 11_000 - sent), limit=0, pump=sent)
    judge_packets(record, packets, quiet)
    longest_ms = max(later - earlier for earlier, later in itertools.pairwise([*fed, rig.now_us // 1000]))
    record.expect("longest time without feeding the watchdog", "ms", error=longest_ms, limit=FEED_WITHIN_MS, bound=True)
    record.expect("resets", "1", error=rig._boots - boots, limit=0)
    stats = programmer.link_stats()
    taken = stats.ok - before.ok
    if frames is sound_frames:
        record.expect("frames dropped of a sound flood", "1", error=stats.bad_crc - before.bad_crc, limit=1)
        record.expect("sound frames not taken", "1", error=max(0, sent // 60 - taken), limit=0)
    else:
        counted = stats.bad_crc - before.bad_crc
        record.expect("frames of noise not counted", "1", error=max(0, sent // 300 - counted), limit=0)
    assert programmer.status().mode == codes.SCHEDULE
    judge_volume(record, treatment)


@pytest.mark.requirement("LINK-07", "LOG-03")
@pytest.mark.timeout(600)
def test_link_log_export_during_delivery(treatment: Treatment, record: HilRecord) -> None:
    """Condition: it delivers, and its log is long. Action: export at 115 200 baud. Then no gap, and no packet late.

    Invariant 38.
    """

    def fill(some: Treatment) -> None:
        begin(some)
        for _ in range(LOG_RECORDS):  # each refusal is a record
            with pytest.raises(Refused):
                some.programmer.abort_bolus(1)
        some.rig.run_until((some.rig.packets[-1][0] + PACKET_MS - 300) * 1_000)  # the next one falls into the export

    fill(treatment)
    rig = treatment.rig
    link = rig.transport()

    def takes_its_time(data: bytes) -> list[bytes]:
        rig.run_until(rig.now_us + int(len(data) * BYTE_US))
        return [data]

    link.to_pump = link.from_pump = takes_its_time
    first, start_us = len(rig.packets), rig.now_us
    records = treatment.programmer.log()
    link.to_pump = link.from_pump = None
    end_us = rig.now_us
    packets = rig.packets[first:]
    quiet = quiet_twin(rig, fill, end_us)
    record.note("time of the export", (end_us - start_us) / 1_000_000, "s")
    record.expect("records missing", "1", error=max(0, LOG_RECORDS - len(records)), limit=0)
    gaps = [one.number for one, other in itertools.pairwise(records) if other.number != one.number + 1]
    record.expect(f"gaps in the numbers of records: after {gaps[:3]}", "1", error=len(gaps), limit=0)
    record.expect("links of the chain that do not hold", "1", error=sum(not one.chain_ok for one in records), limit=0)
    record.expect("no packet in the export", "1", error=not packets, limit=0)
    judge_packets(record, packets, quiet)
    judge_volume(record, treatment)
