"""The pump over random treatments, judged by the oracle at every instant: what FLOW, SCHED, BOL and TIME promise.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_pump_properties.py

The pump is that of pump_driver.py, told everything in frames; the oracle is told the same facts and never reads the
firmware. Half a year at a constant rate is in test_pump_unit_long.py, single rules against lists in test_pump_rules.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from oracle_cases import AMPLE_NL as ORACLE_AMPLE_NL
from oracle_cases import PatientBolus, Step, Therapy
from pump_driver import (
    AMPLE_NL,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NL_PER_REV,
    STEP_NL,
    STEPS_PER_REV,
    Bench,
    Reply,
)

from pumpfw.core.timebase import TICKS_PERIOD
from pumphil.oracle import Prescription, max_abs_error, quantum_nl
from pumplink import codes

CEILING_NL_PER_DAY = 24_000_000
Steps = Sequence[tuple[int, int]]
Origin = tuple[Steps, PatientBolus, int, int]  # program, bolus settings, local ms of the day, tick counter at boot
Deed = tuple[int, list[int], str, Any]  # wait ms, early polls on the way, what, argument


class Judged:
    """Pump and oracle side by side; the oracle hears of an order only if the pump accepted it."""

    def __init__(self, steps: Steps, bolus: PatientBolus, local_ms: int, ticks: int) -> None:
        self.bench = Bench(ticks=ticks)
        self.prescription = Prescription(None)
        self.steps: Steps = steps
        self.bolus: PatientBolus | None = None
        self.starts_ms: list[int] = []
        assert self.bench.refill(AMPLE_NL).ok
        self.prescription.refill(0, ORACLE_AMPLE_NL)
        self.clock(local_ms)
        self.program(steps)
        self.settings(bolus)
        self.start(None)

    def _tell_therapy(self) -> None:
        therapy = Therapy(tuple(Step(*step) for step in self.steps), self.bolus)
        self.prescription.program(self.bench.now_ms, therapy)

    def program(self, steps: Steps) -> None:
        if self.bench.program(steps).ok:
            self.steps = steps
            self._tell_therapy()

    def settings(self, bolus: PatientBolus) -> None:
        if self.bench.settings(bolus.volume_nl, bolus.duration_ms, bolus.lockout_ms, bolus.max_per_24h).ok:
            self.bolus = bolus
            self._tell_therapy()

    def start(self, _: None) -> None:
        if self.bench.start().ok:
            self.prescription.start(self.bench.now_ms)

    def stop(self, _: None) -> None:
        assert self.bench.stop().ok
        self.prescription.stop(self.bench.now_ms)

    def clock(self, local_ms: int) -> None:
        assert self.bench.clock(local_ms).ok
        self.prescription.set_clock(self.bench.now_ms, local_ms)

    def refill(self, _: None) -> None:
        assert self.bench.refill(AMPLE_NL).ok
        self.prescription.refill(self.bench.now_ms, ORACLE_AMPLE_NL)

    def request(self, _: None) -> None:
        now_ms = self.bench.now_ms
        reply: Reply = self.bench.bolus()
        decision = self.prescription.request_bolus(now_ms, pump_granted=reply.ok)
        assert decision.certain
        name = codes.STATUS[reply.status][0] if reply.status else None
        assert (reply.ok, name) == (decision.granted, decision.reason), now_ms
        if reply.ok:
            self.starts_ms.append(now_ms)
            assert self.bolus is not None
            assert (reply["volume"], reply["duration"]) == (self.bolus.volume_nl, decision.duration_ms)
        elif name in ("LOCKOUT", "MAX_COUNT"):
            assert reply.info == decision.left

    def abort(self, _: None) -> None:
        if self.bench.abort(self.bench.status()["last_order"]).ok:
            self.prescription.abort_bolus(self.bench.now_ms)

    def run(self, deeds: Sequence[Deed], *, early: bool = True) -> Judged:
        for wait_ms, extra_ms, what, argument in deeds:
            until_ms = self.bench.now_ms + wait_ms
            polls = sorted(self.bench.now_ms + at % (wait_ms + 1) for at in extra_ms) if early else ()
            self.bench.run_until(until_ms, polls)
            getattr(self, what)(argument)
            assert self.bench.status()["rate"] <= CEILING_NL_PER_DAY
        self.bench.run_for(HOUR_MS)
        return self

    def peak_quantum_nl(self) -> int:
        segments = self.prescription.segments_until(self.bench.now_ms)
        return quantum_nl(max(rate for _, _, rate in segments), NL_PER_REV, STEPS_PER_REV)


rates = st.one_of(
    st.just(0),
    st.sampled_from([48_000, 480_000, 1_000_000, 24_000_000]),
    st.integers(48_000, 600_000),
    st.integers(48_000, CEILING_NL_PER_DAY),
)


@st.composite
def programs(draw: st.DrawFn) -> Steps:
    starts = {
        0,
        *draw(st.one_of(st.lists(st.integers(1, 1_439), max_size=5), st.sets(st.integers(1, 1_439), max_size=47))),
    }
    return [(start, draw(rates)) for start in sorted(starts)]


@st.composite
def bolus_settings(draw: st.DrawFn) -> PatientBolus:
    duration_ms = draw(st.integers(1, 60)) * MINUTE_MS
    lockout_ms = draw(st.sampled_from([5 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, DAY_MS]))
    return PatientBolus(
        draw(st.integers(1_000, 500_000)), duration_ms, max(lockout_ms, duration_ms), draw(st.integers(0, 24))
    )


@st.composite
def treatments(draw: st.DrawFn) -> tuple[Origin, list[Deed]]:
    """What a pump is started with, and what happens to it then."""
    waits = st.one_of(
        st.integers(0, 2_000),
        st.integers(0, 4 * HOUR_MS),
        st.sampled_from([MINUTE_MS, 5 * MINUTE_MS - 1, 5 * MINUTE_MS, HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS]),
    )
    arguments = {
        "request": st.none(), "stop": st.none(), "start": st.none(), "abort": st.none(), "refill": st.none(),
        "clock": st.integers(0, DAY_MS - 1), "program": programs(),
    }  # fmt: skip
    kinds = st.sampled_from(["request", "request", "request", "stop", "start", "start", *arguments])
    deeds = []
    for _ in range(draw(st.integers(0, 10))):
        what = draw(kinds)
        early = draw(st.lists(st.integers(0, 4 * HOUR_MS), max_size=4))
        deeds.append((draw(waits), early, what, draw(arguments[what])))
    ticks = draw(st.one_of(st.just(0), st.integers(TICKS_PERIOD - 20 * HOUR_MS, TICKS_PERIOD - 1)))
    local_ms = draw(st.integers(0, DAY_MS - 1))
    return (draw(programs()), draw(bolus_settings()), local_ms, ticks), deeds


def commanded_levels_nl(packets: Sequence[tuple[int, int]]) -> list[Any]:
    """How far the packets are ahead of the ceiling rate, after each of them: a bucket that leaks at that rate."""
    levels, level, last_ms = [], STEP_NL * 0, 0
    for t_ms, steps in packets:
        leaked = STEP_NL * 0 + CEILING_NL_PER_DAY * (t_ms - last_ms)
        level = max(level - leaked / DAY_MS, 0) + steps * STEP_NL
        levels.append(level)
        last_ms = t_ms
    return levels


@given(treatments())
def test_error_stays_within_one_quantum_at_every_instant(treatment: tuple[Origin, list[Deed]]) -> None:
    """FLOW-03, FLOW-07, FLOW-14, SCHED-02, BOL-09, TIME-02: exact, whatever happens and however often it is polled."""
    origin, deeds = treatment
    judged = Judged(*origin).run(deeds)
    bench = judged.bench
    packets = bench.motor.packets
    result = max_abs_error(judged.prescription, packets, NL_PER_REV, STEPS_PER_REV, bench.now_ms)
    assert result.max_abs_nl <= judged.peak_quantum_nl()
    assert result.worst_ratio <= 1
    assert all(0 < steps * STEP_NL <= 10_000 for _, steps in packets)
    allowed_nl = judged.peak_quantum_nl() + STEP_NL  # a lead step may have gone ahead of the packet
    assert all(level <= allowed_nl for level in commanded_levels_nl(packets))
    assert bench.motor.periods_us <= {10_000}
    event(f"boluses {min(len(judged.starts_ms), 3)}")


@given(treatments())
def test_account_ledger_and_motor_agree(treatment: tuple[Origin, list[Deed]]) -> None:
    """RES-01, FLOW-11: one volume, three accounts; and the motor is enabled only while there is something to do."""
    origin, deeds = treatment
    judged = Judged(*origin)
    bench = judged.bench
    at_fill = 0
    for deed in deeds:
        judged.run([deed])
        if deed[2] == "refill":  # run() lets an hour pass after it
            at_fill = sum(steps for t_ms, steps in bench.motor.packets if t_ms <= bench.now_ms - HOUR_MS)
        used_nl = (bench.steps() - at_fill) * STEP_NL
        status = bench.status()
        assert status["delivered"] == -(-bench.steps() * NL_PER_REV // STEPS_PER_REV)
        assert status["remaining"] == AMPLE_NL + (-used_nl).__floor__()
        assert bench.motor.enabled == (status["mode"] in (codes.SCHEDULE, codes.PATIENT_BOLUS))
        assert 0 <= bench.steps() - bench.motor.done() <= 46  # one packet may be on its way
        if status["mode"] == codes.STOP_MODE:
            assert status["rate"] == 0
    alarms = bench.status()["alarms"]
    assert not alarms & ~(1 << codes.ALARM_STOPPED), "a reminder, after 15 min of a stop (ALM-10)"


@given(treatments())
def test_early_polls_do_not_change_what_is_delivered(treatment: tuple[Origin, list[Deed]]) -> None:
    """A core that is woken by link bytes or for no reason at all delivers as one that is woken on time."""
    origin, deeds = treatment
    often, seldom = Judged(*origin).run(deeds), Judged(*origin).run(deeds, early=False)
    assert often.starts_ms == seldom.starts_ms
    streams = [run.bench.motor.packets for run in (often, seldom)]
    totals = [
        dict(zip([t_ms for t_ms, _ in packets], accumulate(steps for _, steps in packets), strict=True))
        for packets in streams
    ]
    behind = [0, 0]
    for t_ms in sorted({*totals[0], *totals[1]}):
        behind = [total.get(t_ms, last) for total, last in zip(totals, behind, strict=True)]
        assert abs(behind[0] - behind[1]) * STEP_NL <= often.peak_quantum_nl(), t_ms
    assert behind[0] == behind[1]


@given(treatments())
def test_never_more_than_one_bolus(treatment: tuple[Origin, list[Deed]]) -> None:
    """BOL-01, BOL-12, BOL-03: what started was asked for, one after the other, no more in 24 h than programmed."""
    origin, deeds = treatment
    judged = Judged(*origin).run(deeds)
    boluses = judged.prescription.boluses
    assert [bolus.start_ms for bolus in boluses] == judged.starts_ms
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(boluses))
    for start_ms in judged.starts_ms:
        inside = [t_ms for t_ms in judged.starts_ms if start_ms <= t_ms < start_ms + DAY_MS]
        assert len(inside) <= origin[1].max_per_24h
