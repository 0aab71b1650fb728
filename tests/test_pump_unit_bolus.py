"""Lockout, rolling 24 h and reservoir: every answer to a request against lists that are filtered anew each time.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_unit_bolus.py

The pump runs a program of rate zero or next to nothing, so that days cost no polls. How a bolus flows is not here.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pump_cases import BOLUS_MS, BOLUS_NL, bolus, mode, running
from pump_driver import DAY_MS, HOUR_MS, MINUTE_MS, Bench

from pumpfw.core.bolus import BolusHistory
from pumpfw.core.timebase import TICKS_PERIOD
from pumplink import codes

Settings = tuple[int, int, int, int]  # volume nL, duration ms, lockout ms, maximum in 24 h


class Lists:
    """All starts with their settings, all settings since; nothing is kept that could be computed."""

    def __init__(self) -> None:
        self.starts_ms: list[int] = []
        self.end_ms = 0
        self.lockouts_ms: list[int] = []  # every lockout in force since the newest start

    def programmed(self, settings: Settings) -> None:
        self.settings = settings
        self.lockouts_ms.append(settings[2])

    def started(self, t_ms: int) -> None:
        self.starts_ms.append(t_ms)
        self.end_ms = t_ms + self.settings[1]
        self.lockouts_ms = [self.settings[2]]

    def busy(self, t_ms: int) -> bool:
        return t_ms < self.end_ms

    def lockout_left_ms(self, t_ms: int) -> int:
        if not self.starts_ms:
            return 0
        return max(0, max(self.starts_ms[-1] + lockout for lockout in self.lockouts_ms) - t_ms)

    def inside_24_h(self, t_ms: int) -> int:
        return len([start for start in self.starts_ms if t_ms - start < DAY_MS])

    def ms_to_next(self, t_ms: int) -> int:
        """Smallest wait after which fewer than the maximum are left inside, by trying all that can be."""
        waits = sorted(start + DAY_MS - t_ms for start in self.starts_ms if start + DAY_MS > t_ms)
        return next(wait for wait in waits if self.inside_24_h(t_ms + wait) < self.settings[3])

    def answer(self, t_ms: int) -> tuple[int, int | None]:
        """(status, info or None); the order of reasons is that of the pump's documentation."""
        if not self.settings[3]:
            return codes.DISABLED, None
        if self.busy(t_ms):
            return codes.BUSY, None
        if left_ms := self.lockout_left_ms(t_ms):
            return codes.LOCKOUT, left_ms
        if self.inside_24_h(t_ms) >= self.settings[3]:
            return codes.MAX_COUNT, self.ms_to_next(t_ms)
        return codes.OK, None


gaps = st.one_of(
    st.sampled_from([0, 1, MINUTE_MS, 5 * MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, DAY_MS]),
    st.integers(0, 10 * MINUTE_MS),
    st.integers(0, 8 * HOUR_MS),
    st.just(-1),  # to the millisecond at which the pump says the next one is possible
    st.just(-2),  # to the one before it
)
settings = st.tuples(
    st.just(1_000),
    st.sampled_from([MINUTE_MS, 3 * MINUTE_MS]),
    st.sampled_from([5 * MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS]),
    st.sampled_from([24, 24, 6, 2, 1, 0]),
)


@given(
    first=settings,
    events=st.lists(st.tuples(gaps, st.one_of(st.none(), st.none(), st.none(), settings)), max_size=60),
    ticks=st.sampled_from([0, TICKS_PERIOD - 2 * HOUR_MS]),
)
def test_every_answer_is_that_of_the_lists(
    first: Settings, events: list[tuple[int, Settings | None]], ticks: int
) -> None:
    """BOL-02, BOL-03, BOL-06, BOL-16: requests at any instant, other settings in between."""
    bench = Bench(ticks=ticks)
    bench.set_up([(0, 0)])
    assert bench.settings(*first).ok
    lists = Lists()
    lists.programmed(first)
    assert bench.start().ok
    wait_ms = 0
    for gap_ms, changed in events:
        bench.run_for(gap_ms if gap_ms >= 0 else max(0, wait_ms + gap_ms + 1))
        if changed and not lists.busy(bench.now_ms):
            assert bench.settings(*changed).ok
            lists.programmed(changed)
        status = bench.status()
        assert status["lockout_left"] == lists.lockout_left_ms(bench.now_ms)
        assert status["boluses_left"] == max(0, lists.settings[3] - lists.inside_24_h(bench.now_ms))
        steps = bench.steps()
        reply = bench.bolus()
        wanted, info = lists.answer(bench.now_ms)
        assert reply.status == wanted
        assert info is None or reply.info == info
        wait_ms = info or 0
        if reply.ok:
            lists.started(bench.now_ms)
        else:
            assert bench.steps() == steps, "a denied request delivers nothing"


@given(
    events=st.lists(st.tuples(st.integers(0, 9 * HOUR_MS), st.booleans()), max_size=80),
    most=st.integers(0, 24),
)
def test_history_counts_as_a_list_does(events: list[tuple[int, bool]], most: int) -> None:
    """The ring alone, with starts that no rule holds back."""
    history, starts_ms, now_ms = BolusHistory(), [], 0
    for gap_ms, starts in events:
        now_ms += gap_ms
        if starts:
            history.add(now_ms)
            history.lock(now_ms, HOUR_MS)
            starts_ms.append(now_ms)
        inside = [start for start in starts_ms[-24:] if start > now_ms - DAY_MS]
        assert history.left(now_ms, most) == max(0, most - len(inside))
        if most and len(inside) >= most:
            assert history.ms_to_next(now_ms, most) == inside[-most] + DAY_MS - now_ms
        lockout_ms = max(0, starts_ms[-1] + HOUR_MS - now_ms) if starts_ms else 0
        assert history.lockout_left_ms(now_ms) == lockout_ms


def test_nothing_makes_a_bolus_available_earlier() -> None:
    """BOL-16, TIME-02: clock, refill, program, settings, stop and start; lockout and count stay what they were."""
    bench = running(48_000, lockout_ms=6 * HOUR_MS, most=2)
    bolus(bench)
    bench.run_for(HOUR_MS)
    deeds = (
        lambda: bench.clock(23 * HOUR_MS), lambda: bench.clock(0), lambda: bench.refill(19_000_000),
        lambda: bench.program([(0, 480_000)]), lambda: bench.settings(BOLUS_NL, BOLUS_MS, 10 * MINUTE_MS, 2),
        bench.stop, bench.start,
    )  # fmt: skip
    for deed in deeds:
        assert deed().ok
        status = bench.status()
        assert (status["lockout_left"], status["boluses_left"]) == (5 * HOUR_MS, 1)
    assert bench.bolus().info == 5 * HOUR_MS


def test_a_cut_bolus_counts_in_full() -> None:
    bench = running(48_000, lockout_ms=HOUR_MS, most=1)
    assert bench.abort(bolus(bench)).ok
    assert bench.bolus().status == codes.LOCKOUT
    bench.run_for(HOUR_MS)
    assert (bench.bolus().status, bench.bolus().info) == (codes.MAX_COUNT, 23 * HOUR_MS)


@pytest.mark.parametrize(
    ("fill_nl", "status"),
    [(3_000_000, codes.LOW_RESERVOIR), (3_000_001, codes.OK), (10_000_000, codes.OK)],
)
def test_a_low_reservoir_denies(fill_nl: int, status: int) -> None:
    """RES-04: at the threshold is low."""
    bench = running(0, fill_nl=fill_nl)
    reply = bench.bolus()
    assert reply.status == status
    assert reply.info == (fill_nl if status else 0)


@pytest.mark.parametrize(("fill_nl", "status"), [(6_499_999, codes.LOW_RESERVOIR), (6_500_000, codes.OK)])
def test_a_bolus_that_the_reservoir_does_not_last_for_is_denied(fill_nl: int, status: int) -> None:
    """RES-04, to the nanolitre: equal to the empty threshold at its end is enough."""
    # 500 000 nL beside 22 mL/day have 2 mL/day of room: 6 h; basal takes 5 500 000 nL meanwhile; 500 000 must be left
    bench = running(22_000_000, fill_nl=fill_nl)
    assert bench.settings(500_000, BOLUS_MS, 12 * HOUR_MS, 1).ok
    assert bench.bolus().status == status


@pytest.mark.parametrize(("fill_nl", "status"), [(5_583_333, codes.LOW_RESERVOIR), (5_583_334, codes.OK)])
def test_the_schedule_during_the_bolus_counts(fill_nl: int, status: int) -> None:
    """An hour at zero and five hours at 22 mL/day, 4 583 333.3 nL, beside the six hours of the bolus above."""
    bench = Bench(reservoir_nl=20_000_000)
    bench.set_up([(0, 0), (60, 22_000_000)], fill_nl=fill_nl)
    assert bench.settings(500_000, BOLUS_MS, 12 * HOUR_MS, 1).ok
    assert bench.start().ok
    assert bench.bolus().status == status


@pytest.mark.parametrize("life_ms", [-1, 0, 30_000, 30_001])
def test_a_request_is_fresh_for_30_s(life_ms: int) -> None:
    bench = running()
    bench.run_for(HOUR_MS)
    reply = bench.ask("REQUEST_BOLUS", bench.new_order(), bench.now_ms + life_ms)
    assert reply.status == (codes.OK if 0 <= life_ms <= 30_000 else codes.STALE)
    assert mode(bench) == ("patient-bolus" if reply.ok else "schedule")


def test_a_denial_is_logged_with_its_reason_and_changes_nothing() -> None:
    """BOL-06."""
    bench = running()
    bolus(bench)
    before = bench.status()
    order = bench.new_order()
    assert bench.bolus(order).status == codes.BUSY
    after = bench.status()
    assert [row[5:7] for row in bench.records(codes.REC_BOLUS_DENIED)] == [(order, codes.BUSY)]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"log_next", "last_seq"}
    assert bench.ask("GET_ORDER", order)["state"] == codes.NOT_SEEN


def test_settings_and_program_wait_for_the_end_of_a_bolus() -> None:
    """BOL-12; a refill of the same drug and the clock do not."""
    bench = running()
    order = bolus(bench)
    for reply in (bench.settings(BOLUS_NL, BOLUS_MS, HOUR_MS, 6), bench.program([(0, 48_000)])):
        assert (reply.status, reply.info) == (codes.BUSY, order)
    assert bench.refill(18_000_000).ok
    assert bench.clock(0).ok
    assert mode(bench) == "patient-bolus"
    bench.run_for(BOLUS_MS)
    assert bench.program([(0, 48_000)]).ok


def test_an_order_prepared_before_a_bolus_is_out_of_date_after_it() -> None:
    bench = running()
    prepared = bench.prepare_settings(BOLUS_NL, BOLUS_MS, HOUR_MS, 6)
    bolus(bench)
    assert bench.commit(prepared).status == codes.CHANGED
