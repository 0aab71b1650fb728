"""Oracle: declared quantum and the error of a packet stream, by hand and by streams with one fault in them.

How long 120 000 packets take (42 days at 24 mL/day), no assertion:

    python -c "
    import time; from oracle_cases import *; from pumphil.oracle import max_abs_error
    p = running(continuous(24_000_000)); q = [(30_000 * k + 1, 39) for k in range(120_000)]
    t = time.perf_counter(); max_abs_error(p, q, 43_100, 200, 42 * DAY); print(time.perf_counter() - t)"
"""

from fractions import Fraction

import pytest
from oracle_cases import (
    DAY,
    HOUR,
    MINUTE,
    NL_PER_REV,
    SECOND,
    STEPS_PER_REV,
    TWO_STEPS,
    PatientBolus,
    continuous,
    day,
    ideal_packets,
    running,
)

from pumphil.oracle import ErrorResult, Prescription, max_abs_error, packet_steps, quantum_nl

EASY = 864_000  # nL/day = 0.01 nL/ms; with 1 nL a step the packet is 300 steps


def easy_error(p: Prescription, packets: list[tuple[int, int]], until_ms: int) -> ErrorResult:
    """Geometry of 1 nL a step."""
    return max_abs_error(p, packets, nl_per_rev=100, steps_per_rev=100, until_ms=until_ms)


@pytest.mark.parametrize(
    ("rate", "steps", "quantum"),
    [
        # 215.5 nL a step; 30 s of 24 mL/day are 8 333.3 nL = 38.7 steps; 39 steps are 8 404.5 nL
        (24_000_000, 39, 8_406),
        (1_000_000, 2, 432),  # 347.2 nL
        (48_000, 1, 217),  # 16.7 nL
        (0, 1, 217),
        (620_640, 1, 217),  # 215.5 nL exactly
        (620_641, 2, 432),
        (Fraction(1_241_281, 2), 2, 432),
        (100_000_000, 46, 9_914),  # not beyond 10 uL: 46 steps are 9 913 nL
    ],
)
def test_declared_quantum(rate: Fraction | int, steps: int, quantum: int) -> None:
    assert packet_steps(rate, NL_PER_REV, STEPS_PER_REV) == steps
    assert quantum_nl(rate, NL_PER_REV, STEPS_PER_REV) == quantum


@pytest.mark.parametrize(
    ("rate", "late_ms", "late_nl"),
    [(24_000_000, 100, 28), (24_000_000, 1, 1), (48_000, 100, 1), (0, 100, 0), (Fraction(24_000_000, 7), 700, 28)],
)
def test_a_packet_may_begin_late_by_what_is_declared(rate: Fraction | int, late_ms: int, late_nl: int) -> None:
    # 24 mL/day are 277.8 nL/s
    on_time = quantum_nl(rate, NL_PER_REV, STEPS_PER_REV)
    assert quantum_nl(rate, NL_PER_REV, STEPS_PER_REV, late_ms) == on_time + late_nl


def test_a_packet_later_than_that_is_caught() -> None:
    # 300 steps of 1 nL are together at 30 s; 1 nL more for the clock; 0.01 nL/ms
    p = running(continuous(EASY))
    for late_ms, beyond in ((0, 100), (100, 200), (1_000, 1_100)):
        ends = [max_abs_error(p, [(30_000 + t, 300)], 100, 100, 31_500, late_ms) for t in (beyond, beyond + 1)]
        assert [r.worst_ratio > 1 for r in ends] == [False, True]


def test_quantum_of_nonsense() -> None:
    with pytest.raises(ValueError, match="no packet is -1 ms late"):
        quantum_nl(1, NL_PER_REV, STEPS_PER_REV, -1)
    for numbers in ((-1, 43_100, 200), (0, 0, 200), (0, 43_100, 0)):
        with pytest.raises(ValueError, match="no quantum for rate"):
            quantum_nl(*numbers)


def test_extremes_before_and_after_a_packet_and_at_the_end() -> None:
    p = running(continuous(EASY))
    r = easy_error(p, [(600, 3)], 1_000)  # 6 nL before, 3 after, 7 at the end
    assert (r.max_abs_nl, r.at_ms, r.side) == (7, 1_000, "before")
    assert (r.min_nl, r.min_at_ms, r.max_nl, r.max_at_ms) == (0, 0, 7, 1_000)
    assert (r.expected_nl, r.commanded_nl, r.packets, r.until_ms) == (10, 3, 1, 1_000)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(7, 301), 1_000, 301)
    r = easy_error(p, [(600, 8)], 1_000)  # 6, -2, 2
    assert (r.max_abs_nl, r.at_ms, r.side, r.min_nl, r.min_at_ms) == (6, 600, "before", -2, 600)
    r = easy_error(p, [(600, 20)], 1_000)  # 6, -14, -10
    assert (r.max_abs_nl, r.at_ms, r.side, r.max_nl) == (14, 600, "after", 6)


def test_packet_at_the_very_end_counts_and_later_ones_do_not() -> None:
    r = easy_error(running(continuous(EASY)), [(1_000, 10), (1_001, 500)], 1_000)
    assert (r.max_nl, r.min_nl, r.commanded_nl, r.packets) == (10, 0, 10, 1)


def test_packet_while_nothing_is_expected() -> None:
    p = running(continuous(EASY), t_ms=5 * SECOND)
    r = easy_error(p, [(0, 1), (3_000, 2)], 4_000)
    assert (r.min_nl, r.min_at_ms, r.max_nl) == (-3, 3_000, 0)
    p.stop(10 * SECOND)
    r = easy_error(p, [(10_000, 50), (20_000, 1)], 20_000)
    assert (r.max_nl, r.min_nl, r.min_at_ms, r.side) == (50, -1, 20_000, "before")


def test_several_packets_in_one_millisecond() -> None:
    r = easy_error(running(continuous(EASY)), [(600, 2), (600, 3), (600, 3)], 600)
    assert (r.max_nl, r.min_nl) == (6, -2)


def test_fraction_of_a_nanolitre() -> None:
    # 1 mL/day for 1 h: 41 666.67 nL; 193 steps of 215.5 nL are 41 591.5
    r = max_abs_error(running(continuous(1_000_000)), [(HOUR, 193)], NL_PER_REV, STEPS_PER_REV, HOUR)
    assert r.max_nl == Fraction(1_000_000, 24)
    assert r.expected_nl - r.commanded_nl == Fraction(1_000_000, 24) - Fraction(83_183, 2)


def falling_rate() -> Prescription:
    """0.01 nL/ms up to 10 s (100 nL), then 0.001 nL/ms. Quanta: 301 nL, then 31 nL."""
    p = running(continuous(EASY))
    p.program(10 * SECOND, continuous(EASY // 10))
    return p


def test_remainder_of_a_higher_rate_has_that_rates_quantum() -> None:
    # 50 nL carried over the change: collected at the higher rate, no packet since
    r = easy_error(falling_rate(), [(5_000, 50)], 13_500)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(107, 602), 13_500, 301)


def test_remainder_kept_beyond_a_later_packet_is_caught() -> None:
    # one step at 11 s: from 12 s on (2 s after the change) the lower quantum holds, with 51 nL of remainder
    r = easy_error(falling_rate(), [(5_000, 50), (11_000, 1)], 13_500)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(105, 62), 13_500, 31)
    assert r.max_abs_nl == Fraction(105, 2)
    r = easy_error(falling_rate(), [(5_000, 50), (11_000, 1)], 11_999)
    assert r.worst_quantum_nl == 301
    # one step at 12.5 s: the higher quantum, in force until then for the carried remainder, ends with it
    r = easy_error(falling_rate(), [(5_000, 50), (12_500, 1)], 13_500)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(105, 62), 13_500, 31)


def test_excess_at_the_end_of_the_allowance() -> None:
    # 151 steps at 11 s are 100 nL too many; 99 are left when the higher quantum ends at 12 s, fewer later
    r = easy_error(falling_rate(), [(5_000, 50), (11_000, 151)], 60_000)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(99, 31), 12_000, 31)
    assert (r.min_nl, r.min_at_ms) == (-100, 11_000)


def test_remainder_over_a_stop() -> None:
    p = running(continuous(EASY))
    p.stop(20 * SECOND)
    p.start(DAY, continuous(EASY // 10))
    r = easy_error(p, [(5_000, 50)], DAY + SECOND)  # 150 nL carried over the stop, + 1
    assert (r.worst_ratio, r.worst_quantum_nl) == (Fraction(151, 301), 301)


def test_remainder_over_a_stop_is_worked_off_within_two_seconds() -> None:
    p = running(continuous(EASY))
    p.stop(20 * SECOND)
    p.start(DAY, continuous(EASY // 10))
    packets = [(5_000, 50), (DAY, 30), (DAY + 500, 30), (DAY + 1_000, 30), (DAY + 1_999, 60)]
    r = easy_error(p, packets, DAY + 10 * SECOND)
    assert (r.worst_ratio, r.worst_quantum_nl) == (Fraction(150, 301), 301)
    late = (DAY + 2_001, 60)  # 60 nL are left at 2 s, and 2 nL have come since
    r = easy_error(p, [*packets[:-1], late], DAY + 10 * SECOND)
    assert (r.worst_ratio, r.worst_ratio_at_ms, r.worst_quantum_nl) == (Fraction(62_001, 31_000), DAY + 2_001, 31)


@pytest.mark.parametrize(
    ("packets", "until_ms", "words"),
    [
        ([(2, 1), (1, 1)], 5, "not in order"),
        ([(-1, 1)], 5, "not in order"),
        ([(1, -1)], 5, "turns backwards"),
        ([], 0, "nothing to compare"),
    ],
)
def test_bad_streams(packets: list[tuple[int, int]], until_ms: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        easy_error(running(continuous(EASY)), packets, until_ms)


def eventful() -> Prescription:
    """Steps, boluses, a stop and a clock setting in two days; highest rate 5.76 + 2.88 mL/day."""
    p = running(day(*TWO_STEPS, ("20:00", 5_760_000), bolus=PatientBolus()))
    p.request_bolus(7 * HOUR + 55 * MINUTE)
    p.request_bolus(19 * HOUR + 59 * MINUTE)
    p.stop(20 * HOUR + 3 * MINUTE)
    p.start(21 * HOUR)
    p.set_clock(22 * HOUR, 3 * HOUR + 17)
    p.request_bolus(30 * HOUR)
    return p


END = 2 * DAY
QUANTUM = quantum_nl(5_760_000 + 2_880_000, NL_PER_REV, STEPS_PER_REV)


@pytest.mark.parametrize("rate", [48_000, 1_000_000, 24_000_000])
def test_ideal_stream_at_a_constant_rate(rate: int) -> None:
    p = running(continuous(rate))
    packets = ideal_packets(p, DAY)
    assert packets
    r = max_abs_error(p, packets, NL_PER_REV, STEPS_PER_REV, DAY)
    assert 0 <= r.max_abs_nl <= quantum_nl(rate, NL_PER_REV, STEPS_PER_REV)
    assert r.min_nl >= 0
    assert Fraction(9, 10) < r.worst_ratio <= 1


def test_ideal_stream_through_events() -> None:
    p = eventful()
    r = max_abs_error(p, ideal_packets(p, END), NL_PER_REV, STEPS_PER_REV, END)
    assert r.max_abs_nl <= QUANTUM
    assert r.worst_ratio <= 1
    assert r.min_nl >= 0


@pytest.mark.parametrize("fault", ["dropped", "doubled", "late", "early", "one step more"])
def test_one_fault_in_the_stream_is_caught(fault: str) -> None:
    """Anywhere in two days, against the quantum declared at the rate in force."""
    p = eventful()
    good = ideal_packets(p, END)
    for k in range(10, len(good) - 10, len(good) // 20):
        t_ms, steps = good[k]
        # late by half of the wait for the following packet, early by half of the wait before it
        half_after_ms, half_before_ms = (good[k + 1][0] - t_ms) // 2, (t_ms - good[k - 1][0]) // 2
        changed = {
            "dropped": [],
            "doubled": [(t_ms, steps)] * 2,
            "late": [(t_ms + half_after_ms, steps)],
            "early": [(t_ms - half_before_ms, steps)],
            "one step more": [(t_ms, steps + 1)],
        }[fault]
        r = max_abs_error(p, [*good[:k], *changed, *good[k + 1 :]], NL_PER_REV, STEPS_PER_REV, END)
        if fault in ("dropped", "late"):
            assert r.worst_ratio > 1, (k, good[k - 1 : k + 2])
        else:
            assert r.min_nl < -20, (k, good[k - 1 : k + 2])  # an ideal stream is never ahead


def reference(p: Prescription, packets: list[tuple[int, int]], until_ms: int) -> tuple[Fraction, Fraction]:
    """Lowest and highest error, looked up one instant at a time with the geometry of the pump."""
    errors, given_nl = [], Fraction(0)
    instants = {t for t, _ in packets} | {t for segment in p.segments_until(until_ms) for t in segment[:2]}
    for t_ms in sorted(instants):
        errors.append(p.expected_nl(t_ms) - given_nl)
        given_nl += sum(steps for at_ms, steps in packets if at_ms == t_ms) * Fraction(NL_PER_REV, STEPS_PER_REV)
        errors.append(p.expected_nl(t_ms) - given_nl)
    return min(errors), max(errors)


def test_extremes_against_one_instant_at_a_time() -> None:
    p = eventful()
    good = ideal_packets(p, END)
    uneven = [(t_ms + (k * 7_919) % 900, steps + (k % 11 == 0)) for k, (t_ms, steps) in enumerate(good)]
    uneven = [packet for packet in sorted(uneven) if packet[0] <= END]
    r = max_abs_error(p, uneven, NL_PER_REV, STEPS_PER_REV, END)
    assert (r.min_nl, r.max_nl) == reference(p, uneven, END)
