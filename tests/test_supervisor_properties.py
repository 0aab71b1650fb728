"""The windows of the supervisor against a model that keeps every wake and adds it up anew with fractions.

    python -m pytest tests/test_supervisor_properties.py

The model knows the requirement and the declared slack (buckets of 30 s), nothing of running sums. What no fault may
raise: any legal sequence of packets, seen through a rotor that lags two steps and shows whole counts.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from supervision_fakes import Bench

from pumplink import device

STEP_NL = Fraction(43_100, 200)
COUNT_NL = Fraction(43_100, 4096)
LIMIT_NL = Fraction(24_000_000 * 15, 24 * 60) * 6 / 5 + 10_000  # FLOW-08
QUARTER_MS, BUCKET_MS = 900_000, 30_000

waits_ms = st.one_of(st.integers(1, 2_000), st.integers(10_000, 90_000), st.integers(90_000, 1_200_000))


class Past:
    """Every wake: (pump time, volume commanded, volume measured)."""

    def __init__(self) -> None:
        self.wakes: list[tuple[int, Fraction, Fraction]] = []

    def since(self, from_ms: int) -> tuple[Fraction, Fraction]:
        """(commanded, measured) at wakes from `from_ms` on."""
        inside = [wake for wake in self.wakes if wake[0] >= from_ms]
        return sum((w[1] for w in inside), Fraction()), sum((w[2] for w in inside), Fraction())


@given(st.lists(st.tuples(waits_ms, st.integers(0, 90)), min_size=1, max_size=120))
def test_pulse_window_against_the_model(wakes: list[tuple[int, int]]) -> None:
    """FLOW-08: always above the limit in the last 15 min, never below it in the last 15 min 30 s."""
    bench, past = Bench(rotor=None), Past()
    for wait_ms, pulses in wakes:
        allowed = bench.supervisor.allows(pulses, bench.now_ms + wait_ms)
        code = bench.wake(wait_ms, pulses)
        past.wakes.append((bench.now_ms, pulses * STEP_NL, Fraction()))
        assert past.since(bench.now_ms - QUARTER_MS)[0] <= LIMIT_NL or code == device.ALARM_OVERRUN
        rounded = bench.now_ms // BUCKET_MS * BUCKET_MS - QUARTER_MS
        assert (past.since(rounded)[0] > LIMIT_NL) == (code == device.ALARM_OVERRUN)
        assert allowed == (code < 0)
        if code >= 0:
            return


@given(st.lists(st.tuples(waits_ms, st.integers(1, 46), st.integers(-300, 700)), min_size=1, max_size=80))
def test_over_infusion_against_the_model(wakes: list[tuple[int, int, int]]) -> None:
    """FLOW-04: measured > 110 % of commanded + 20 uL over 14.5 to 15 or over 15 to 15.5 min, and only then."""
    bench, past = Bench(), Past()
    reading = 0
    for wait_ms, pulses, beside in wakes:
        beside = max(beside, -(pulses * 4096 // 200) // 3)  # never a stall
        code = bench.wake(wait_ms, pulses, counts=beside)
        moved = bench.sensors.readings[0] - reading
        reading = bench.sensors.readings[0]
        past.wakes.append((bench.now_ms, pulses * STEP_NL, moved * COUNT_NL))
        start = bench.now_ms // BUCKET_MS * BUCKET_MS - QUARTER_MS
        over = False
        for commanded, measured in (past.since(start), past.since(start + BUCKET_MS)):
            over = over or measured > commanded * Fraction(11, 10) + 20_000
        assert (device.ALARM_OVER_INFUSION in bench.alarms.codes()) == over
        if code >= 0 and code != device.ALARM_UNDER_INFUSION:
            return


@st.composite
def therapies(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Phases of (rate in nL/day, minutes): basal and a bolus beside it never above the ceiling (FLOW-07), or a stop."""
    rate = st.one_of(
        st.just(0), st.integers(48_000, 2_000_000), st.integers(2_000_000, 24_000_000), st.just(24_000_000)
    )
    return draw(st.lists(st.tuples(rate, st.integers(1, 60)), min_size=1, max_size=8))


@given(
    therapies(),
    st.lists(st.integers(0, 2), min_size=7, max_size=7),
    st.lists(st.integers(-1, 1), min_size=5, max_size=5),
    st.lists(st.integers(1, 400), min_size=3, max_size=3),
    st.integers(0, (1 << 30) - 1),
)
def test_no_alarm_without_a_fault(
    therapy: list[tuple[int, int]], lags: list[int], noise: list[int], extra: list[int], first: int
) -> None:
    """FLOW-04, FLOW-05, FLOW-06, FLOW-08, HW-01: packets of half a minute and 46 steps at most, as decision 1 has them;
    the rotor 0 to 2 steps behind and a count beside; wakes in the middle of a packet."""
    bench = Bench(rotor=first)
    lagged, wakes, step_cost = 0, 0, 43_100 * 86_400_000
    account = 0  # nL/day * ms * 200, as exact as it gets
    for rate, minutes in therapy:
        end_ms = bench.now_ms + minutes * 60_000
        packet = min(46, max(1, -(-rate * 200 * 30_000 // step_cost)))
        while bench.now_ms < end_ms:
            due = account // step_cost
            if rate:
                wait_ms = max(1, -(-(packet * step_cost - account) // (rate * 200)))
            else:
                wait_ms = 3_600_000
            wait_ms = min(wait_ms, end_ms - bench.now_ms)
            steps = min(46, due) if due >= packet else 0
            assert bench.supervisor.allows(steps, bench.now_ms)
            account -= steps * step_cost
            # the packet moves at 10 ms a step after this wake; some wake looks in between
            look_ms = min(wait_ms - 1, extra[wakes % 3])
            made = min(steps, look_ms // 10)
            for after_ms, pulses in ((look_ms, made), (wait_ms - look_ms, steps - made)):
                lag = lags[wakes % 7]
                bench.counts = noise[wakes % 5]
                assert bench.wake(after_ms, pulses, moved=pulses - (lag - lagged)) == -1
                lagged = lag
                wakes += 1
            account += rate * 200 * wait_ms
    assert bench.alarms.told == []
    assert bench.supervisor.unconfirmed_steps[0] == 0


@given(st.integers(0, 40), st.integers(48_000, 24_000_000))
def test_every_stall_is_found(good: int, rate: int) -> None:
    """HW-01: a rotor that stands still stops the pump within 60 s, or nine steps, and one packet more."""
    bench = Bench()
    packet_ms = max(30_000, 18_619_200_000_000 // rate // 1_000)  # one step is 215.5 nL: 215.5 * 86 400 000 / rate ms
    steps = max(1, rate * 30_000 // 86_400_000 * 1_000 // 215_500)
    for _ in range(good):
        assert bench.wake(packet_ms, steps) == -1
    begun, commanded = bench.now_ms, 0
    while bench.wake(packet_ms, steps, moved=0) != device.ALARM_STALL:
        commanded += steps
        # what ran well shares a stretch with what did not: two stretches at most
        assert commanded <= 2 * max(9, steps) or bench.now_ms - begun <= 120_000 + packet_ms
    assert bench.stopped()
    assert 0 < bench.supervisor.unconfirmed_steps[0] <= commanded + steps + 3 * max(9, steps)
