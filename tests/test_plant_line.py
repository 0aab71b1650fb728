"""The line in closed form against a plain one that walks in small steps; and its volumes, which must add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.plant.air import AirInLine
from pumphil.plant.circuit import Circuit
from pumphil.plant.conditions import Conditions

CALM = Conditions(
    compliance=229.0, tip=1_704.0, tip_kpa=0.0, leak=0.0, gap=0.0, inlet_kpa=0.0, slip=200.0, slip_kpa=125.0
)  # fmt: skip

lines = st.builds(
    Conditions,
    compliance=st.floats(50, 3_000), tip=st.sampled_from([0.0, 0.5, 17.0]), tip_kpa=st.floats(-20, 50),
    leak=st.sampled_from([0.0, 5.0]), gap=st.sampled_from([0.0, 30.0]), inlet_kpa=st.floats(-10, 10),
    slip=st.sampled_from([0.0, 3.0, 40.0]), slip_kpa=st.floats(20, 60),
)  # fmt: skip
# seconds, inflow in nL
courses = st.lists(st.tuples(st.floats(0.05, 40), st.floats(0, 20_000)), min_size=1, max_size=4)


class PlainLine:
    """Runge and Kutta on the printed equation."""

    def __init__(self, now: Conditions) -> None:
        self.now = now
        self.state = [0.0, 0.0, 0.0, 0.0]  # stored, out, leaked, gap

    def slope(self, state: list[float], rate: float) -> list[float]:
        now, kpa = self.now, state[0] / self.now.compliance
        out = now.tip * (kpa - now.tip_kpa)
        leak = now.leak * kpa
        gap = now.gap * (now.inlet_kpa - kpa) - now.slip * max(0.0, kpa - now.inlet_kpa - now.slip_kpa)
        return [rate + gap - out - leak, out, leak, gap]

    def advance(self, seconds: float, inflow: float) -> None:
        n = 1_500
        h = seconds / n
        for _ in range(n):
            y, rate = self.state, inflow / seconds
            k1 = self.slope(y, rate)
            k2 = self.slope([a + h / 2 * k for a, k in zip(y, k1, strict=True)], rate)
            k3 = self.slope([a + h / 2 * k for a, k in zip(y, k2, strict=True)], rate)
            k4 = self.slope([a + h * k for a, k in zip(y, k3, strict=True)], rate)
            self.state = [a + h / 6 * (p + 2 * q + 2 * r + s) for a, p, q, r, s in zip(y, k1, k2, k3, k4, strict=True)]


@pytest.mark.parametrize("number", range(6))
def test_the_closed_form_is_the_solution_of_the_printed_equation(number):
    now = [
        CALM,
        Conditions(1_216.0, 0.0, 0.0, 0.0, 0.0, 4.0, 200.0, 60.0),  # closed until the rollers slip
        Conditions(300.0, 17.0, 30.0, 5.0, 0.0, 0.0, 3.0, 20.0),
        Conditions(300.0, 0.5, -10.0, 0.0, 30.0, 5.0, 0.0, 20.0),
        Conditions(229.0, 17.0, 0.0, 1_704.0, 0.0, 0.0, 40.0, 50.0),
        Conditions(500.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 50.0),  # no way out at all
    ][number]
    exact, plain = Circuit(now, 0.0), PlainLine(now)
    for seconds, inflow in [(0.25, 5_387.0), (2.0, 0.0), (3.0, 90_000.0), (1.0, 20_000.0), (60.0, 0.0)]:
        exact.advance(seconds, inflow)
        plain.advance(seconds, inflow)
        seen = [exact.stored_nl, exact.out_nl, exact.leaked_nl, exact.gap_nl]
        assert seen == pytest.approx(plain.state, rel=2e-6, abs=0.5)


@given(lines, courses)
def test_what_goes_in_comes_out_or_stays(now, course):
    line = Circuit(now, 0.0)
    for seconds, inflow in course:
        line.advance(seconds, inflow)
        assert line.pumped_nl - line.out_nl - line.leaked_nl - line.stored_nl == pytest.approx(0, abs=1e-6)


@given(lines, courses, st.integers(2, 5))
def test_a_stretch_in_pieces_is_the_stretch(now, course, pieces):
    whole, cut = Circuit(now, 0.0), Circuit(now, 0.0)
    for seconds, inflow in course:
        whole.advance(seconds, inflow)
        for _ in range(pieces):
            cut.advance(seconds / pieces, inflow / pieces)
    assert cut.out_nl == pytest.approx(whole.out_nl, rel=1e-9, abs=1e-5)
    assert cut.stored_nl == pytest.approx(whole.stored_nl, rel=1e-9, abs=1e-5)


def test_pressure_relaxes_with_the_time_constant():
    line = Circuit(CALM, 0.0)
    line.push(22_900)
    assert line.kpa == pytest.approx(100)
    line.advance(229.0 / 1_704.0)
    assert line.kpa == pytest.approx(100 / math.e)


def test_slipping_rollers_hold_the_pressure_of_a_closed_line():
    closed = Conditions(1_216.0, 0.0, 0.0, 0.0, 0.0, 0.0, 200.0, 125.0)
    line = Circuit(closed, 0.0)
    line.advance(86_400, 1e6)
    assert line.kpa == pytest.approx(125 + 1e6 / 86_400 / 200, rel=1e-9)  # what is pumped goes back
    line.advance(3_600)
    assert line.kpa == pytest.approx(125, abs=1e-6)
    assert line.gap_nl == pytest.approx(line.stored_nl - 1e6)


def test_air_leaves_in_its_turn():
    air = AirInLine(hold_nl=100, out_nl=0.0)
    air.enter(0, 50, 10)
    air.enter(60, 90, 5)
    seen = []
    for out in (0, 139, 145, 140, 150, 184, 187, 400):  # back and forth, too
        air.leave(out)
        seen.append((air.out_nl, air.inside_nl))
    assert (air.bubble_nl(90), air.bubble_nl(91)) == (5, 0)
    assert seen == [(0, 15), (0, 15), (5, 10), (5, 10), (10, 5), (10, 5), (12, 3), (15, 0)]
