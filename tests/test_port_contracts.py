"""The contract of `pumpfw.core.ports`, the same tests for the ports of every board and for the fakes of the tests.

    python -m pytest tests/test_port_contracts.py

`LockstepPorts` goes the whole way: port object, exchange, kernel of the rig, plant. A board for a chip joins with a
harness of its own. What the core does with its ports is tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from port_boards import FakePorts, LockstepPorts, PicoPorts, PicoSerialPorts

from pumpfw.core.ports import ABSENT, Ports
from pumplink import codes

COUNT_PERIOD = 1 << 30
PERIOD_US = 10_000
FRAME = bytes(range(248))  # as long as a frame may be

Board = type[FakePorts] | type[LockstepPorts] | type[PicoPorts]  # the last one with a serial line too


@pytest.fixture(params=[FakePorts, LockstepPorts, PicoPorts, PicoSerialPorts])
def board(request: pytest.FixtureRequest) -> Board:
    made: Board = request.param
    return made


def go(steps: int) -> Callable[[Ports], None]:
    """Enable and queue a packet."""

    def act(ports: Ports) -> None:
        ports.motor.enable(True)
        ports.motor.queue(steps, PERIOD_US)

    return act


def done(ports: Ports) -> int:
    return int(ports.motor.done())


def look(_: Ports) -> None:
    """A wake in which nothing is asked for."""


def read(size: int) -> Callable[[Ports], bytes]:
    """All that one read brings into a buffer of `size` bytes."""

    def act(ports: Ports) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: ports.link.read_into(buffer)])

    return act


# -- motor -------------------------------------------------------------------------------------------


def test_motor_emits_one_step_a_period_and_then_starves(board: Board) -> None:
    rig = board()
    rig.at(100, go(5))
    assert [rig.at(t_ms, done) for t_ms in (100, 109, 110, 139, 149, 150, 151, 10_000)] == [0, 0, 1, 3, 4, 5, 5, 5]


def test_motor_takes_the_next_packet_when_the_last_is_through(board: Board) -> None:
    rig = board()
    rig.at(0, go(5))
    rig.at(50, go(2))
    assert [rig.at(t_ms, done) for t_ms in (50, 60, 70, 80)] == [5, 6, 7, 7]


def test_motor_counts_modulo_2_to_the_30(board: Board) -> None:
    rig = board(done=COUNT_PERIOD - 3)
    assert rig.at(0, done) == COUNT_PERIOD - 3
    rig.at(0, go(5))
    assert rig.at(20, done) == COUNT_PERIOD - 1
    assert rig.at(1_000, done) == 2


def test_motor_stop_ends_the_packet_at_once_and_its_rest_is_lost(board: Board) -> None:
    rig = board()
    rig.at(0, go(10))
    rig.at(35, lambda ports: ports.motor.stop())
    assert [rig.at(t_ms, done) for t_ms in (36, 1_000)] == [3, 3]
    rig.at(1_000, go(2))
    assert [rig.at(t_ms, done) for t_ms in (1_010, 1_020, 1_200)] == [4, 5, 5]


def test_motor_stop_without_a_packet_does_nothing(board: Board) -> None:
    rig = board()
    rig.at(0, lambda ports: ports.motor.stop())
    rig.at(0, go(2))
    rig.at(20, lambda ports: ports.motor.stop())
    assert rig.at(500, done) == 2


def test_motor_enable_is_a_line_of_its_own(board: Board) -> None:
    """Switching it in the middle of a packet changes no count and ends no packet."""
    rig = board()
    rig.at(0, go(10))
    rig.at(25, lambda ports: ports.motor.enable(False))
    rig.at(45, lambda ports: ports.motor.enable(True))
    assert rig.at(1_000, done) == 10


# -- link --------------------------------------------------------------------------------------------


def test_link_says_zero_when_nothing_waits(board: Board) -> None:
    rig = board()
    assert rig.at(0, read(16)) == b""
    assert rig.at(0, read(16), b"abc") == b"abc"
    assert rig.at(0, read(16)) == b""


def test_link_hands_over_what_fits_and_keeps_the_rest(board: Board) -> None:
    rig = board()
    assert rig.at(0, read(4), b"0123456789") == b"0123"
    assert rig.at(1, read(4), b"ab") == b"4567"
    assert rig.at(2, read(16)) == b"89ab"


def test_link_leaves_the_rest_of_the_buffer_alone(board: Board) -> None:
    rig = board()

    def act(ports: Ports) -> bytes:
        buffer = bytearray(b"........")
        assert ports.link.read_into(buffer) == 3
        return bytes(buffer)

    assert rig.at(0, act, b"xyz") == b"xyz....."


def test_link_passes_every_byte_value_in_order(board: Board) -> None:
    rig = board()
    every = bytes(range(256))
    assert rig.at(0, read(300), every) == every
    rig.at(0, lambda ports: ports.link.write(every))
    assert rig.from_pump() == every


def test_link_writes_whole_frames_or_none_of_them(board: Board) -> None:
    """More than the host takes in one wake: what does not fit is dropped as a whole, and nothing blocks."""
    rig = board()

    def act(ports: Ports) -> None:
        for number in range(8):
            ports.link.write(bytes([number]) + FRAME[1:])

    rig.at(0, act)
    got = rig.from_pump()
    frames = [got[at : at + 248] for at in range(0, len(got), 248)]
    assert len(frames) >= 2, "a request and its repetition are answered"
    assert frames == [bytes([number]) + FRAME[1:] for number in range(len(frames))]
    rig.at(1, lambda ports: ports.link.write(b"next"))
    assert rig.from_pump() == b"next"


# -- annunciator and watchdog ------------------------------------------------------------------------


def test_light_and_sound_are_told_apart(board: Board) -> None:
    """The light stays; a burst of sound is one, until the next one or an end to it."""
    rig = board()
    assert rig.signals() == (0, 0)
    rig.at(0, lambda ports: ports.annunciator.light(2))
    assert rig.signals() == (2, 0)
    rig.at(1, lambda ports: ports.annunciator.sound(1))
    rig.at(2, look)
    assert rig.signals() == (2, 1)
    rig.at(3, lambda ports: ports.annunciator.light(0))
    assert rig.signals() == (0, 1)
    rig.at(4, lambda ports: ports.annunciator.sound(0))
    assert rig.signals() == (0, 0)


def test_every_feed_reaches_the_watchdog(board: Board) -> None:
    rig = board()
    before = rig.feeds()
    for t_ms in range(5):
        rig.at(t_ms, lambda ports: ports.watchdog.feed())
    assert rig.feeds() - before == 5


# -- sensors -----------------------------------------------------------------------------------------


def test_a_sensor_shows_its_value_until_another_one(board: Board) -> None:
    rig = board()
    channel = rig.sensor
    for value in rig.readings:
        rig.show(channel, value)
        assert [rig.at(0, lambda ports: ports.sensors.read(channel)) for _ in range(2)] == [value, value]
    assert rig.at(1, lambda ports: ports.sensors.read(codes.SENSE_COVER)) == 0


def test_a_sensor_that_is_not_fitted_or_disconnected_is_absent(board: Board) -> None:
    rig = board()
    channel = rig.detachable
    assert rig.at(0, lambda ports: ports.sensors.read(channel)) == ABSENT
    rig.show(channel, rig.attached)
    assert rig.at(0, lambda ports: ports.sensors.read(channel)) == rig.attached
    rig.show(channel, ABSENT)
    assert rig.at(0, lambda ports: ports.sensors.read(channel)) == ABSENT


def test_any_channel_can_be_watched(board: Board) -> None:
    rig = board()
    rig.at(0, lambda ports: [ports.sensors.watch(channel, -1, 100) for channel in codes.SENSORS])


# -- store -------------------------------------------------------------------------------------------


def test_store_reads_what_was_appended_and_fewer_bytes_at_its_end(board: Board) -> None:
    rig = board()
    assert rig.at(0, lambda ports: ports.store.read(0, 0, 10)) == b""
    assert rig.at(0, lambda ports: ports.store.append(0, b"abc")) is True
    assert rig.at(1, lambda ports: ports.store.append(0, memoryview(bytearray(b"xdefx"))[1:4])) is True
    reads = [(0, 6), (0, 99), (2, 2), (5, 1), (6, 1), (60, 5), (1, 0)]
    assert [rig.at(2, lambda ports, r=r: ports.store.read(0, *r)) for r in reads] == [
        b"abcdef", b"abcdef", b"cd", b"f", b"", b"", b"",
    ]  # fmt: skip


def test_store_keeps_a_copy_of_what_it_was_given(board: Board) -> None:
    rig = board()
    buffer = bytearray(b"old")
    rig.at(0, lambda ports: ports.store.append(3, buffer))
    buffer[:] = b"new"
    assert rig.at(0, lambda ports: ports.store.read(3, 0, 3)) == b"old"


def test_store_erases_one_area_and_no_other(board: Board) -> None:
    rig = board()
    for area in (0, 1, 27):
        assert rig.at(0, lambda ports, a=area: ports.store.append(a, bytes([a])))
    assert rig.at(0, lambda ports: ports.store.erase(1)) is True
    assert rig.at(0, lambda ports: ports.store.erase(2)) is True
    assert [rig.at(1, lambda ports, a=a: ports.store.read(a, 0, 9)) for a in (0, 1, 2, 27)] == [
        b"\0",
        b"",
        b"",
        b"\x1b",
    ]
    assert rig.at(1, lambda ports: ports.store.append(1, b"again")) is True
    assert rig.at(1, lambda ports: ports.store.read(1, 0, 9)) == b"again"


def test_store_says_when_it_cannot_write_and_keeps_what_it_has(board: Board) -> None:
    rig = board()
    rig.at(0, lambda ports: ports.store.append(0, b"kept"))
    rig.fail_writes(True)
    assert rig.at(1, lambda ports: ports.store.append(0, b"lost")) is False
    assert rig.at(1, lambda ports: ports.store.read(0, 0, 9)) == b"kept"
    # a board may erase with the next append only, and has nothing to write before that
    left = b"" if rig.at(1, lambda ports: ports.store.erase(0)) else b"kept"
    assert rig.at(1, lambda ports: ports.store.read(0, 0, 9)) == left
    assert rig.at(1, lambda ports: ports.store.append(0, b"lost")) is False
    rig.fail_writes(False)
    assert rig.at(2, lambda ports: ports.store.append(0, b"!")) is True
    assert rig.at(2, lambda ports: ports.store.read(0, 0, 9)) == left + b"!"


# -- what only a rig can show ------------------------------------------------------------------------


def test_pulses_without_enable_move_nothing() -> None:
    rig = LockstepPorts()
    rig.at(0, lambda ports: ports.motor.queue(5, PERIOD_US))
    assert rig.at(1_000, done) == 5
    assert rig.rig.plant.rotor_steps(1_000_000) == 0
    rig.at(1_000, go(5))
    rig.at(2_000, look)
    assert rig.rig.plant.rotor_steps(2_000_000) == 5


def test_what_is_commanded_is_what_the_rig_records() -> None:
    rig = LockstepPorts()
    rig.at(0, go(5))
    rig.at(70, go(3))
    rig.at(80, lambda ports: ports.motor.stop())
    assert rig.rig.packets == [(0, 5), (70, 3)]
    assert (80, "motor", "stopped after 1 steps") in rig.rig.trace
