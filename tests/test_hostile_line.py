"""The hostile line: each fault does what its name says and nothing else, and nothing happens at probability 0.

Frames are spelled out; what must arrive is worked out by hand from the description of each fault.
"""

from __future__ import annotations

import random

import pytest

from pumphost.transport.base import Transport
from pumphost.transport.hostile import KINDS, Direction, Faults, HostileLine, HostileTransport
from pumphost.transport.memory import MemoryTransport, memory_pair

FRAMES = [b"\0frame %d\0" % number for number in range(1, 9)]


def way(**faults: float) -> Direction:
    return HostileLine(5, to_pump=Faults(**faults)).to_pump  # type: ignore[arg-type]


def sent(direction: Direction, frames: list[bytes] | None = None) -> list[bytes]:
    return [chunk for frame in FRAMES if frames is None or frame in frames for chunk in direction(frame)]


@pytest.mark.parametrize("data", [
    b"\0\0", b"\0a\0", b"\0a\0\0b\0", b"\0a\0b\0", b"abc", b"\0abc", b"abc\0", b"\0\0\0a\0\0\0", bytes(range(256)) * 3,
])  # fmt: skip
def test_at_probability_0_every_chunk_passes_as_it_is(data: bytes) -> None:
    line = HostileLine(1)
    assert line.to_pump(data) == [data]
    assert line.to_host(data) == [data]
    assert +line.to_pump.counts == +line.to_host.counts == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_probability_0_never_comes_while_another_one_does(kind: str) -> None:
    direction = way(**{name: 0.5 for name in KINDS if name != kind})
    sent(direction)
    assert direction.counts[kind] == 0


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_probability_is_between_0_and_1(value: float) -> None:
    with pytest.raises(ValueError, match=r"probability of cut is -?\d\.1, limits 0 and 1"):
        Faults(cut=value)


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no fault is called 'loss'; write one of replay, reflect, junk, drop"):
        way().next("loss")


def test_drop_loses_the_frame_and_the_next_one_comes() -> None:
    direction = way()
    direction.next("drop", 2)
    assert sent(direction) == FRAMES[2:]
    assert direction.counts["drop"] == 2


def test_frames_of_one_write_are_hit_one_by_one() -> None:
    direction = way()
    direction.next("drop")
    assert b"".join(direction(b"".join(FRAMES[:3]))) == FRAMES[1] + FRAMES[2]


def test_duplicate_sends_the_frame_twice() -> None:
    assert sent(way(duplicate=1.0), FRAMES[:2]) == [FRAMES[0], FRAMES[0], FRAMES[1], FRAMES[1]]


def test_hold_brings_a_frame_behind_the_next_one_to_three() -> None:
    places = set()
    for seed in range(40):
        direction = HostileLine(seed).to_pump
        direction.next("hold")
        arrived = sent(direction)
        assert sorted(arrived) == sorted(FRAMES)
        assert [frame for frame in arrived if frame != FRAMES[0]] == FRAMES[1:]
        places.add(arrived.index(FRAMES[0]))
    assert places == {1, 2, 3}


def test_what_is_held_or_late_can_be_flushed() -> None:
    direction = way()
    direction.next("delay")
    direction(FRAMES[0])
    direction.next("hold")
    assert direction(FRAMES[1]) == []
    assert direction.flush() == [FRAMES[1], FRAMES[0]]
    assert direction.flush() == []


def test_delays_are_spread_over_the_time_said() -> None:
    direction = HostileLine(3, to_pump=Faults(delay=1.0, delay_s=2.0)).to_pump
    instants = []
    for _ in range(200):
        direction(FRAMES[0])
        instants.append(direction.next_s())
        direction.flush()
    assert all(instant is not None and 0.0 <= instant <= 2.0 for instant in instants)
    assert max(filter(None, instants)) > 1.8
    assert min(filter(None, instants)) < 0.2


def test_delay_brings_a_frame_at_its_instant() -> None:
    now_s = 100.0
    line = HostileLine(3, to_pump=Faults(delay_s=2.0), clock=lambda: now_s)
    line.to_pump.next("delay")
    assert line.to_pump(FRAMES[0]) == []
    instant = line.next_s()
    assert instant is not None
    assert 100.0 <= instant <= 102.0
    now_s = instant - 0.001
    assert line.to_pump.due() == []
    now_s = instant
    assert line.to_pump(FRAMES[1]) == [FRAMES[0], FRAMES[1]]
    assert line.next_s() is None


def test_corrupt_flips_one_to_five_bits() -> None:
    flips = set()
    for seed in range(60):
        direction = HostileLine(seed).to_pump
        direction.next("corrupt")
        (arrived,) = direction(FRAMES[0])
        assert len(arrived) == len(FRAMES[0])
        flips.add(sum((a ^ b).bit_count() for a, b in zip(arrived, FRAMES[0], strict=True)))
    assert flips == {1, 2, 3, 4, 5}


def test_cut_takes_out_bytes_in_a_row() -> None:
    truncated = 0
    for seed in range(60):
        direction = HostileLine(seed).to_pump
        direction.next("cut")
        arrived = b"".join(direction(FRAMES[0]))
        missing = len(FRAMES[0]) - len(arrived)
        assert missing > 0
        assert arrived in {FRAMES[0][:at] + FRAMES[0][at + missing :] for at in range(len(FRAMES[0]))}
        truncated += FRAMES[0].startswith(arrived)
    assert truncated


def test_junk_comes_before_the_frame() -> None:
    direction = way(junk=1.0)
    for frame in FRAMES:
        junk, arrived = direction(frame)
        assert 1 <= len(junk) <= 40
        assert arrived == frame


def test_replay_brings_one_of_the_last_frames_and_none_before_there_was_one() -> None:
    direction = HostileLine(1, to_pump=Faults(replay=1.0, history=2)).to_pump
    assert direction(FRAMES[0]) == [FRAMES[0]]
    replayed = []
    for number in range(1, 64):
        old, new = direction(FRAMES[number % 8])
        assert new == FRAMES[number % 8]
        replayed.append((number - FRAMES.index(old)) % 8)
    assert set(replayed) == {1, 2}
    assert direction.counts["replay"] == 63


def test_a_frame_that_came_in_pieces_is_replayed_whole() -> None:
    direction = way()
    for at in range(len(FRAMES[0])):
        direction(FRAMES[0][at : at + 1])
    direction.next("replay")
    assert direction(FRAMES[1]) == [FRAMES[0], FRAMES[1]]


def test_reflect_sends_a_copy_back_to_the_sender() -> None:
    line = HostileLine(1)
    line.to_host.next("reflect")
    assert line.to_host(FRAMES[0]) == [FRAMES[0]]
    assert line.to_pump(FRAMES[1]) == [FRAMES[0], FRAMES[1]]
    assert line.to_host.counts["reflect"] == 1


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    rates = Faults(**dict.fromkeys(KINDS, 0.2))  # type: ignore[arg-type]

    def story(seed: int) -> list[bytes]:
        line = HostileLine(seed, rates, rates)
        return [chunk for frame in FRAMES * 5 for chunk in (*line.to_pump(frame), *line.to_host(frame))]

    assert story(1) == story(1) != story(2)


def test_faults_come_as_often_as_said() -> None:
    direction = way(drop=0.3)
    for _ in range(2_000):
        direction(FRAMES[0])
    assert direction.counts["drop"] == pytest.approx(600, abs=4 * (2_000 * 0.3 * 0.7) ** 0.5)  # four sigma


# -- around a transport -------------------------------------------------------------------------------


def hostile(**faults: float) -> tuple[HostileTransport, MemoryTransport]:
    host, pump = memory_pair()
    return HostileTransport(host, HostileLine(2, Faults(**faults), Faults(**faults))), pump  # type: ignore[arg-type]


def test_a_clean_hostile_transport_is_a_transport() -> None:
    host, pump = hostile()
    assert isinstance(host, Transport)
    host.write(FRAMES[0])
    assert pump.read(0) == FRAMES[0]
    pump.write(FRAMES[1])
    assert host.read(1.0) == FRAMES[1]
    assert host.now_s() == 0.0
    assert host.read(1.5) == b""
    assert host.now_s() == 1.5


def test_a_late_request_reaches_the_pump_while_the_host_waits() -> None:
    host, pump = hostile()
    host.line.to_pump.next("delay")
    host.write(FRAMES[0])
    instant = host.line.next_s()
    assert instant
    arrived: list[float] = []
    pump.on_input = lambda: arrived.append(host.now_s())
    assert host.read(5.0) == b""
    assert arrived == [pytest.approx(instant, abs=0.001)]
    assert host.now_s() == pytest.approx(5.0)
    host.line.to_pump.next("delay")
    host.write(FRAMES[1])
    instant = host.line.next_s()
    assert instant
    assert host.read(instant + 0.2 - 5.0) == b""
    assert host.now_s() == pytest.approx(instant + 0.2)


def test_a_late_answer_reaches_the_host_at_its_instant() -> None:
    host, pump = hostile()
    host.line.to_host.next("delay")
    pump.write(FRAMES[0])
    assert host.read(10.0) == FRAMES[0]
    assert 0.0 < host.now_s() <= 3.001


def test_what_the_pump_says_is_reflected_to_it() -> None:
    host, pump = hostile(reflect=1.0)
    pump.write(FRAMES[0])
    assert host.read(0.1) == FRAMES[0]
    host.read(0.1)
    assert pump.read(0) == FRAMES[0]


def test_nothing_hangs_without_a_clock() -> None:
    class Mute:
        name = "mute"

        def write(self, data: bytes) -> None: ...

        def read(self, timeout_s: float) -> bytes:
            return b""

        def close(self) -> None: ...

    line = HostileLine(1)
    line.to_pump.next("delay")
    transport = HostileTransport(Mute(), line)
    transport.write(FRAMES[0])
    assert transport.read(0.5) == b""


def test_hooks_of_the_memory_pair_take_a_direction() -> None:
    line = HostileLine(1)
    host, pump = memory_pair(line.to_pump, line.to_host)
    line.use_clock(host.now_s)
    line.to_pump.next("duplicate")
    host.write(FRAMES[0])
    assert [pump.read(0), pump.read(0)] == [FRAMES[0], FRAMES[0]]


def test_the_generator_of_the_program_is_not_touched() -> None:
    random.seed(3)
    before = random.getstate()
    sent(way(**dict.fromkeys(KINDS, 0.5)))
    assert random.getstate() == before
