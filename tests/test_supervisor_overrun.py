"""FLOW-08 at its limit, on both sides of it: how many pulses the supervisor lets pass in 15 minutes.

    python -m pytest tests/test_supervisor_overrun.py

Every number is worked by hand from the requirement. A step is 215.5 nL (see supervision_fakes).
"""

from supervision_fakes import Bench

from pumplink import device

MINUTE_MS = 60_000


def test_pulses_in_15_min_end_at_120_percent_and_one_quantum() -> None:
    """FLOW-08: 1.2 · 24 mL/day · 15 min + 10 uL = 310 000 nL = 1438.5 steps: 1438 pass, 1439 do not."""
    bench = Bench()
    assert [bench.wake(1_000, 46) for _ in range(31)] == [-1] * 31  # 1426
    assert bench.supervisor.allows(12, bench.now_ms)
    assert not bench.supervisor.allows(13, bench.now_ms)
    assert bench.wake(1_000, 12) == -1
    assert bench.supervisor.enabled
    assert bench.wake(1_000, 1) == device.ALARM_OVERRUN
    assert bench.stopped()
    assert bench.alarms.caused == {device.ALARM_OVERRUN}


def test_the_overrun_lasts_until_the_window_has_moved_on() -> None:
    """FLOW-08: the oldest 30 s count whole: pulses of second 0 are gone at 15 min 30 s and not 1 ms before."""
    bench = Bench()
    for _ in range(32):
        bench.wake(100, 45)
    assert bench.alarms.codes() == [device.ALARM_OVERRUN]
    bench.supervisor.enable(True)
    assert not bench.supervisor.enabled
    bench.wake(15 * MINUTE_MS + 29_999 - bench.now_ms)
    assert bench.alarms.caused == {device.ALARM_OVERRUN}
    assert not bench.supervisor.allows(1, bench.now_ms)
    bench.wake(1)
    assert bench.alarms.caused == set()
    assert bench.alarms.codes() == [device.ALARM_OVERRUN]
    assert bench.supervisor.allows(46, bench.now_ms)
    bench.supervisor.enable(True)
    assert bench.supervisor.enabled


def test_a_calibration_leaves_the_volume_of_the_window_as_it_was() -> None:
    """FLOW-08, HW-10: ten times 145 steps of 172.4 nL are 249 980 nL, and 228 of 258.6 nL more make 310 uL."""
    bench = Bench()
    bench.supervisor.configure(34_480, 200)
    for _ in range(10):
        bench.wake(30_000, 145)
    bench.supervisor.configure(51_720, 200)
    assert bench.wake(1) == -1
    assert bench.supervisor.allows(228, bench.now_ms)
    assert not bench.supervisor.allows(229, bench.now_ms)
    bench.supervisor.configure(34_480, 200)
    assert bench.supervisor.allows(338, bench.now_ms)  # each half minute rounded up to a step, twice: 146
    assert not bench.supervisor.allows(339, bench.now_ms)


def test_priming_is_not_held_to_the_window() -> None:
    """FLOW-08: outside prime mode only; a prime of 500 uL is 2320 steps."""
    bench = Bench()
    bench.supervisor.priming = True
    for _ in range(51):
        assert bench.supervisor.allows(46, bench.now_ms)
        assert bench.wake(500, 46) == -1
    bench.supervisor.priming = False
    assert bench.wake(30_000, 1438) == -1
    assert not bench.supervisor.allows(1, bench.now_ms)
    bench.supervisor.priming = True
    assert bench.supervisor.allows(46, bench.now_ms)
    assert bench.wake(500, 46) == -1
    assert bench.alarms.told == []


def test_a_pulse_while_disabled_is_an_overrun() -> None:
    """FLOW-08, HW-08: the step generator runs although the enable line is off."""
    bench = Bench()
    bench.turn(3, None, 0)  # the packet in hand ends, then the pump switches off
    bench.supervisor.enable(False)
    assert bench.wake(10) == -1
    assert bench.wake(10) == -1
    assert bench.wake(10, pulses=1, moved=0) == device.ALARM_OVERRUN
    assert bench.stopped()
    assert bench.wake(10) == -1
    assert bench.alarms.caused == set()


def test_counters_gone_wild_are_an_overrun_and_nothing_breaks() -> None:
    """PWR-15 alike: 2^29 pulses at every wake and a rotor that leaps with them."""
    bench = Bench()
    assert bench.wake(1_000, 1 << 29, moved=0, counts=1 << 28) == device.ALARM_OVERRUN
    for _ in range(8):
        bench.wake(1_000, 1 << 29, moved=0, counts=1 << 28)
        assert not bench.supervisor.enabled
    assert device.ALARM_OVERRUN in bench.alarms.caused
