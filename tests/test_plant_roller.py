"""Roller pump: the waveform against its formula, integrated here, and against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.plant import Plant, PlantError, PlantParameters, RollerPump

# 3 rollers of 5 uL in a 50 uL head, 40 degrees: V0 = 65 uL, plateau 65/2pi = 10.345, dip 2 * 5/0.698 = 14.324 uL/rad
DEEP = RollerPump(nl_per_rev=50_000, rollers=3, roller_volume_nl=5_000, release_angle_rad=math.radians(40))


@st.composite
def heads(draw):
    rollers = draw(st.integers(1, 12))
    share = draw(st.floats(0.05, 1.0))
    return RollerPump(
        nl_per_rev=draw(st.floats(1_000, 400_000)),
        rollers=rollers,
        roller_volume_nl=draw(st.floats(0, 10_000)),
        release_angle_rad=share * 2 * math.pi / rollers,
    )


def flow_by_formula(head: RollerPump, theta: float) -> float:
    """The formula as printed: one term per roller, in nL/rad."""
    total = (head.nl_per_rev + head.rollers * head.roller_volume_nl) / (2 * math.pi)
    for k in range(head.rollers):
        x = (theta - 2 * math.pi * k / head.rollers) % (2 * math.pi)
        if x < head.release_angle_rad:
            phi = head.release_angle_rad
            total -= head.roller_volume_nl / phi * (1 - math.cos(2 * math.pi * x / phi))
    return total


def test_worked_example_of_a_deep_dip():
    assert DEEP.plateau_nl_per_rad == pytest.approx(10_345, abs=0.5)
    assert DEEP.min_flow_nl_per_rad == pytest.approx(-3_980, abs=5)
    assert DEEP.flow_nl_per_rad(20 / 360) == pytest.approx(-3_980, abs=5)  # middle of the dip of roller 0
    assert DEEP.flow_nl_per_rad(140 / 360) == pytest.approx(-3_980, abs=5)  # and of roller 1
    on_plateau = sum(DEEP.flow_nl_per_rad((i + 0.5) / 3_600) > 10_344 for i in range(3_600)) / 3_600
    assert on_plateau == pytest.approx(0.667, abs=0.01)


@given(heads(), st.floats(-3, 3))
def test_flow_is_the_printed_formula(head, turns):
    assert head.flow_nl_per_rad(turns) == pytest.approx(
        flow_by_formula(head, 2 * math.pi * turns), rel=1e-6, abs=1e-6 * head.plateau_nl_per_rad
    )


@given(heads(), st.floats(0, 2), st.floats(0, 1.5))
def test_volume_is_the_integral_of_the_formula(head, start, length):
    n = 4_000
    width = 2 * math.pi * length / n
    integral = width * math.fsum(flow_by_formula(head, 2 * math.pi * start + (i + 0.5) * width) for i in range(n))
    volume = head.volume_nl(start + length) - head.volume_nl(start)
    # midpoint rule on a C1 waveform: its error falls with n^2 and is a small share of one foot-print
    assert volume == pytest.approx(integral, abs=1e-3 * head.roller_volume_nl + 1e-6 * head.nl_per_rev)


@given(heads(), st.floats(-5, 5), st.integers(1, 20))
def test_whole_turns_give_exactly_the_volume_per_turn_from_any_angle(head, start, turns):
    volume = head.volume_nl(start + turns) - head.volume_nl(start)
    assert volume == pytest.approx(turns * head.nl_per_rev, rel=1e-9, abs=1e-3)


@given(heads(), st.integers(-20, 20), st.floats(0, 1))
def test_one_pitch_is_the_same_from_any_angle(head, pitch, within):
    angle = (pitch + within) / head.rollers
    volume = head.volume_nl(angle + 1 / head.rollers) - head.volume_nl(angle)
    assert volume == pytest.approx(head.nl_per_rev / head.rollers, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("share", [0.02, 20 / 45, 1.0])
def test_ripple_is_what_a_fine_grid_finds(share):
    head = RollerPump(43_100, 8, 500, share * math.pi / 4)
    grid = [head.volume_nl(i / 160_000) - 43_100 * i / 160_000 for i in range(160_000 // 8 + 1)]
    assert head.ripple_nl == pytest.approx(max(grid) - min(grid), abs=0.01)


@given(heads(), st.floats(0, 3), st.floats(0, 3))
def test_a_difference_never_leaves_the_ripple_and_the_ripple_is_within_one_footprint(head, a, b):
    off_line = head.volume_nl(b) - head.volume_nl(a) - (b - a) * head.nl_per_rev
    assert abs(off_line) <= head.ripple_nl + 1e-6 * head.nl_per_rev
    assert head.ripple_nl <= head.roller_volume_nl + 1e-9


@given(heads(), st.floats(0, 3), st.floats(0, 0.2))
def test_volume_falls_only_in_dips_and_by_no_more_than_one_footprint(head, turns, ahead):
    change = head.volume_nl(turns + ahead) - head.volume_nl(turns)
    assert change >= -head.roller_volume_nl - 1e-6 * head.nl_per_rev
    if head.min_flow_nl_per_rad >= 0:
        assert change >= -1e-6 * head.nl_per_rev


def test_the_default_head_never_reverses():
    plant = Plant()
    assert plant.roller.min_flow_nl_per_rad > 0


@pytest.mark.parametrize("angle", [0.0, -0.1, math.pi / 4 + 1e-6])
def test_overlapping_dips_are_refused_with_the_limit(angle):
    with pytest.raises(PlantError, match=r"release angle .* 0\.7854 rad"):
        RollerPump(43_100, 8, 500, angle)
    with pytest.raises(PlantError, match=r"release_angle_rad refused: .* 0\.7854 rad"):
        PlantParameters(release_angle_rad=angle)
