"""Bytes that are not what was sent: what the pump takes, what it drops, and that dropping changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pumphil.hil_record import HilRecord
from pumphil.rigs.lockstep import LockstepRig
from pumphil.suite.by_hand import judge_answers
from pumphil.suite.looks import untouched
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.replies import LinkStats
from pumplink import codes, frame, messages

SEQ = 77
NOISE_BYTES = 10_000_000  # LINK-02
NOISE_HOURS = 10
UNKNOWN_ID = 0x7F
RUNNING = continuous("0.960 mL/day", bolus=True)


def _bolus_frame(treatment: Treatment, order: int = 4_711) -> bytes:
    """A request that a running pump would grant at once."""
    until_ms = treatment.programmer.status().uptime_ms + 20_000
    return _signed(treatment, messages.REQUEST_BOLUS, order, until_ms)


def _signed(treatment: Treatment, message: messages.Message, *values: object) -> bytes:
    """Wire bytes of a request of the programmer's session, under its next number."""
    treatment.programmer.order(1)  # so that there is one
    secured = treatment.programmer.session.secured
    assert secured
    assert message.roles >> secured.key.number & 1
    wire: bytes = frame.encode(secured.body(message, message.request.pack(values)))
    return wire


def _wire(message: messages.Message, *values: object) -> bytes:
    wire: bytes = frame.encode(frame.pack_body(frame.REQ, message.id, message.request.pack(values), SEQ))
    return wire


def _say(rig: LockstepRig, data: bytes) -> bytes:
    """Bytes to the pump; what it says to them at once."""
    link = rig.transport()
    link.write(data)
    return link.read(0)


def _dropped(stats: LinkStats) -> int:
    return stats.bad_crc + stats.bad_cobs + stats.bad_len + stats.oversize


@pytest.mark.requirement("LINK-01", "LINK-02")
@pytest.mark.needs("link-faults")
def test_link_every_single_bit_of_a_bolus_request(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a bolus would be granted. Action: its frame, each bit changed in turn. Then no answer, no change."""
    treatment.begin(RUNNING)
    treatment.idle_for(hours=1)
    before, dropped = untouched(treatment.programmer), _dropped(treatment.programmer.link_stats())
    good = _bolus_frame(treatment)  # last, so that its number is the next one until the end
    answered = 0
    for bit in range(len(good) * 8):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        answered += bool(_say(treatment.rig, bytes(bad) + b"\0"))  # the last delimiter may be the one that was hit
    after, counted = untouched(treatment.programmer), _dropped(treatment.programmer.link_stats()) - dropped
    changed = [name for name, value in after.items() if value != before[name]]
    record.expect(f"frames answered of {len(good) * 8}", "1", error=answered, limit=0)
    record.expect(f"parts of the state that changed: {changed}", "1", error=len(changed), limit=0)
    record.expect("frames dropped and not counted", "1", error=max(0, len(good) * 8 - counted), limit=0)
    # the same frame, whole, is what the pump was spared
    (control,) = frame.FrameReader().feed(_say(treatment.rig, _bolus_frame(treatment)))
    judge_answers(record, "control", {"whole frame": control[frame.HEADER]}, {"whole frame": codes.OK})


def _errors(size_bits: int, rng: random.Random) -> Iterator[list[int]]:
    """Bits to change: every single one, then two, three, and bursts of up to 16, drawn from the seed."""
    yield from ([bit] for bit in range(size_bits))
    for count in (2, 3):
        for _ in range(600):
            yield rng.sample(range(size_bits), count)
    for _ in range(600):
        length = rng.randrange(2, 17)
        first = rng.randrange(size_bits - length + 1)
        inner = [first + k for k in range(1, length - 1) if rng.random() < 0.5]
        yield [first, *inner, first + length - 1]


@pytest.mark.requirement("LINK-01")
@pytest.mark.short
@pytest.mark.needs("link-faults")
def test_link_checksum_of_the_longest_frame(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a body of 240 bytes. Action: one to three bits and bursts of up to 16 changed. Then no answer."""
    rng = random.Random(f"{treatment.rig.seed}:errors")
    body = frame.pack_body(frame.REQ, UNKNOWN_ID, rng.randbytes(230), SEQ)
    good = frame.encode(body)
    answers = {"240 bytes": bool(_say(treatment.rig, good))}
    # lengths that the header and the frame do not agree on, and one byte more than a frame may have
    for name, size in (("length byte 239", 239), ("length byte 255", 255)):
        answers[name] = bool(_say(treatment.rig, frame.encode(body[:1] + bytes([size]) + body[2:])))
    answers["longer than any frame"] = bool(_say(treatment.rig, b"\0" + bytes([1]) * 300 + good[1:]))
    judge_answers(record, "frames answered", answers, {name: name == "240 bytes" for name in answers})
    answered = sent = 0
    for bits in treatment.rig.profile.thinned(_errors(len(good) * 8, rng)):
        bad = bytearray(good)
        for bit in bits:
            bad[bit // 8] ^= 1 << bit % 8
        answered += bool(_say(treatment.rig, bytes(bad) + b"\0"))
        sent += 1
    record.expect(f"damaged frames answered, of {sent}", "1", error=answered, limit=0)


@pytest.mark.requirement("LINK-02")
@pytest.mark.needs("link-faults")
def test_link_ten_million_bytes_of_noise(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a running pump. Action: ten million random or damaged bytes in ten hours. Then nothing has changed."""
    treatment.begin(RUNNING)
    rig, programmer = treatment.rig, treatment.programmer
    start_ms = treatment.now_ms
    rng = random.Random(f"{rig.seed}:noise")
    damaged = _damaged_frames(treatment, rng, 20_000)
    before, stats, packets = programmer.status(), programmer.link_stats(), len(rig.packets)
    answered = sent = round_ = 0
    while sent < NOISE_BYTES:
        noise = rng.randbytes(50_000) if round_ % 2 else rng.choice(damaged)
        answered += bool(_say(rig, b"\0" + noise + b"\0"))
        sent += len(noise)
        round_ += 1
        treatment.rig.run_until((start_ms + NOISE_HOURS * 3_600_000 * min(sent, NOISE_BYTES) // NOISE_BYTES) * 1000)
    after, counted = programmer.status(), programmer.link_stats()
    steps = sum(steps for _, steps in rig.packets[packets:])
    told = steps * 43_100 // 200
    # asking for the counters before is itself a frame that the pump took
    record.expect("frames taken out of the noise", "1", error=counted.ok - stats.ok - 2, limit=0)
    record.expect("answers to noise", "1", error=answered, limit=0)
    # all that may change in ten hours without an order: the time, and the volume of what the motor was given
    passing = (
        "last_seq",
        "uptime_ms",
        "next_change_ms",
        "delivered_nl",
        "remaining_nl",
        "last_24h_nl",
        "since_fill_nl",
    )
    same = replace(after, **{field: getattr(before, field) for field in passing})
    judge_answers(record, "status, without time and volume", {"status": same}, {"status": before})
    used = {
        "delivered": after.delivered_nl - before.delivered_nl, "used": before.remaining_nl - after.remaining_nl,
        "in 24 h": after.last_24h_nl - before.last_24h_nl, "since the fill": after.since_fill_nl - before.since_fill_nl,
    }  # fmt: skip
    worst_nl = max(abs(value - told) for value in used.values())
    record.expect("account against the steps at the motor", "nL", error=worst_nl, limit=1, oracle=told, budget={
        "rounding": 1}, bound=True)  # fmt: skip
    record.volumes(treatment)


def _damaged_frames(treatment: Treatment, rng: random.Random, count: int) -> list[bytes]:
    """Blocks of frames that would act if they were whole, each with one to three bits or a burst of 16 changed."""
    whole = [
        _signed(treatment, messages.STOP, codes.STOP_CLINICIAN),
        _signed(treatment, messages.REQUEST_BOLUS, 5, 1 << 40),
        _signed(treatment, messages.PREPARE_REFILL, 6, messages.U30, 20_000_000, b"saline\0\0", 1_000_000),
        _signed(treatment, messages.STAGE_BEGIN, 7, 0, 0x7F, 32, 24_000_000),
        _signed(treatment, messages.STAGE_STEPS, 0, 32, rng.randbytes(32 * 6)),
        _signed(treatment, messages.ACK_ALARM, 0, 0, 1 << 40),
    ]
    blocks = []
    for _ in range(count // 500):
        frames = []
        for _ in range(500):
            bad = bytearray(rng.choice(whole))
            size = len(bad) * 8
            first = rng.randrange(size - 16)
            bits = rng.sample(range(size), rng.randrange(1, 4)) if rng.random() < 0.7 else range(first, first + 16)
            for bit in bits:
                bad[bit // 8] ^= 1 << bit % 8
            frames.append(bytes(bad) + b"\0")
        blocks.append(b"".join(frames))
    return blocks


@pytest.mark.requirement("LINK-03")
@pytest.mark.short
@pytest.mark.needs("link-faults")
def test_link_next_frame_after_noise(treatment: Treatment, record: HilRecord) -> None:
    """Condition: noise of many kinds. Action: one delimiter, or 200 ms of silence, then a frame. Then each answered."""
    rig = treatment.rig
    rng = random.Random(f"{rig.seed}:noise")
    status = _wire(messages.STATUS)
    kinds = {
        "random": [rng.randbytes(rng.randrange(1, 400)) for _ in range(200)],
        "random without delimiters": [rng.randbytes(300).replace(b"\0", b"\1") for _ in range(50)],
        "the beginning of a frame": [status[:cut] for cut in range(1, len(status))],
        "all one": [b"\xff" * size for size in (1, 5, 245, 246, 247, 248, 5_000)],
        "delimiters": [b"\0" * size for size in (1, 2, 500)],
    }
    lost, sent = [], 0
    for kind, noises in kinds.items():
        for noise in rig.profile.thinned(noises):
            _say(rig, noise)
            answers = {"delimiter": bool(_say(rig, b"\0" + status[1:]))}  # the one delimiter is all that separates
            _say(rig, noise)
            treatment.run_for(seconds=0.2)
            answers["silence"] = bool(_say(rig, status))
            lost += [f"{kind}, then {after}" for after, answered in answers.items() if not answered]
            sent += len(answers)
    record.expect(f"frames lost after noise, of {sent}: {sorted(set(lost))}", "1", error=len(lost), limit=0)
