"""Volumes of the whole plant: turns to nanolitres, dry reservoir, refill, seeds, parameters."""

import math
import statistics
from itertools import pairwise

import pytest

from pumphil.plant import Plant, PlantError, PlantParameters, describe

TURN_US = 2_000_000  # 200 steps at 10 000 us


def plant_of(**parameters) -> Plant:
    plant = Plant(PlantParameters(**{"calibration_error": 0.0, "start_step": 0} | parameters))
    plant.enable(True)
    return plant


def turn(plant: Plant, turns: int) -> int:
    begin = plant.now_us
    for i in range(turns):
        plant.move(begin + i * TURN_US, steps=200, period_us=10_000)
    return begin + turns * TURN_US


@pytest.mark.parametrize("start_step", [0, 7, 24, 199])
@pytest.mark.parametrize("error", [-0.025, 0.0, 0.01])
def test_whole_turns_give_the_volume_per_turn_with_its_calibration_error(start_step, error):
    plant = plant_of(calibration_error=error, start_step=start_step)
    end = turn(plant, 100)
    assert plant.delivered_nl(end) == pytest.approx(100 * 43_100 * (1 + error), abs=1e-3)


def test_less_than_a_pitch_depends_on_the_phase_of_the_rotor():
    # 5 of the 11.1 steps of a dip, against 5 steps (9 degrees) on the plateau: V0 = 43 100 + 8 * 500, times 9/360
    dip, plateau = plant_of(start_step=3), plant_of(start_step=15)
    for plant in (dip, plateau):
        plant.move(0, steps=5, period_us=10_000)
    assert plateau.delivered_nl(TURN_US) == pytest.approx(1_177.5)
    assert dip.delivered_nl(TURN_US) < 0.75 * 1_177.5


def test_a_dry_reservoir_gives_air_not_liquid():
    plant = plant_of(reservoir_nl=100_000)
    end = turn(plant, 5)  # 215.5 uL of displacement
    assert plant.delivered_nl(end) == pytest.approx(100_000)
    assert plant.reservoir_nl(end) == pytest.approx(0, abs=1e-6)
    assert plant.air_nl(end) == pytest.approx(115_500)
    assert plant.turns(end) == 5


def test_air_can_be_asked_first():
    plant = plant_of(reservoir_nl=0)
    assert plant.air_nl(turn(plant, 1)) == pytest.approx(43_100)


def test_dry_is_reached_in_the_middle_of_a_packet():
    plant = plant_of(reservoir_nl=1_000, roller_volume_nl=0)
    plant.move(0, steps=46, period_us=10_000)  # 215.5 nL each: the fifth step finds 138 nL
    assert plant.delivered_nl(40_000) == pytest.approx(862)
    assert plant.delivered_nl(50_000) == pytest.approx(1_000)
    assert plant.delivered_nl(460_000) == pytest.approx(1_000)


def test_after_running_dry_a_refill_flows_again_from_its_instant():
    plant = plant_of(reservoir_nl=100_000)
    end = turn(plant, 5)
    plant.refill(end, 1_000_000)
    assert plant.reservoir_nl(end) == pytest.approx(1_000_000)
    later = turn(plant, 10)
    assert plant.delivered_nl(later) == pytest.approx(100_000 + 431_000)
    assert plant.reservoir_nl(later) == pytest.approx(1_000_000 - 431_000)


def test_a_refill_during_a_packet_counts_from_its_instant():
    plant = plant_of(reservoir_nl=0, roller_volume_nl=0)
    plant.move(0, steps=10, period_us=10_000)
    plant.refill(45_000, 1_000_000)  # four steps drew air
    assert plant.delivered_nl(1_000_000) == pytest.approx(6 * 215.5)


def test_refill_adds_and_a_clinical_refill_drains_first():
    plant = plant_of(reservoir_nl=18_000_000)
    end = turn(plant, 100)
    withdrawn = plant.drain(end)
    assert withdrawn == pytest.approx(18_000_000 - 4_310_000)
    plant.refill(end, 17_000_000)
    plant.refill(end, 1_000_000)
    assert plant.reservoir_nl(end) == pytest.approx(18_000_000)
    assert plant.filled_nl == pytest.approx(36_000_000)
    assert plant.withdrawn_nl == pytest.approx(withdrawn)
    assert plant.delivered_nl(end) == pytest.approx(4_310_000)


def test_a_refill_that_does_not_fit_is_refused_with_content_and_room():
    plant = plant_of(reservoir_nl=18_000_000)
    with pytest.raises(
        PlantError, match=r"refill of 2000002 nL refused: .* 18000000 of 20000000 nL; .* 0 to 2000000 nL"
    ):
        plant.refill(0, 2_000_002)
    with pytest.raises(PlantError, match="refill of -1 nL refused"):
        plant.refill(0, -1)
    assert plant.reservoir_nl(0) == 18_000_000


def test_a_head_that_reverses_gives_back_in_the_dip():
    plant = plant_of(nl_per_rev=50_000, rollers=3, roller_volume_nl=5_000, release_angle_rad=math.radians(40))
    plant.move(0, steps=200, period_us=10_000)
    volumes = [plant.delivered_nl(i * 10_000) for i in range(201)]
    falls = [a - b for a, b in pairwise(volumes) if b < a]
    assert 10 < len(falls) < 40  # of the 66 steps in dips, those about their middle
    assert sum(falls) < 3 * 5_000
    assert volumes[-1] == pytest.approx(50_000)


def test_the_seed_decides_calibration_and_rest_angle_and_nothing_else_does():
    drawn = [(Plant(seed=s).calibration_error, Plant(seed=s).start_step) for s in range(400)]
    assert drawn == [(Plant(seed=s).calibration_error, Plant(seed=s).start_step) for s in range(400)]
    errors = [error for error, _ in drawn]
    assert statistics.mean(errors) == pytest.approx(0, abs=0.0015)
    assert statistics.stdev(errors) == pytest.approx(0.01, abs=0.001)
    assert max(map(abs, errors)) == 0.025  # clipped: 1.2 % of a normal distribution lies beyond 2.5 sigma
    assert len({step for _, step in drawn}) > 150
    assert Plant(PlantParameters(calibration_error=0.05), seed=3).nl_per_rev == pytest.approx(45_255)


def test_every_parameter_says_unit_and_source():
    table = describe()
    assert [row[0] for row in table][:3] == ["steps_per_rev", "nl_per_rev", "rollers"]
    assert all(unit and len(source) > 10 for _, _, unit, source in table)


@pytest.mark.parametrize(
    "wrong, limit",
    [
        ({"rollers": 0}, "rollers refused: 0 .* at least 1"),
        ({"nl_per_rev": 0}, "nl_per_rev refused"),
        ({"steps_per_rev": 0}, "steps_per_rev refused"),
        ({"roller_volume_nl": -1.0}, "roller_volume_nl refused"),
        ({"calibration_error": math.nan}, "calibration_error refused: nan"),
        ({"calibration_error": 1.5}, "calibration_error refused: 1.5 .* -1 to 1"),
        ({"start_step": 200}, "start_step refused: 200 .* within one turn"),
        ({"reservoir_nl": 20_000_001}, "reservoir_nl refused: 20000001 .* capacity"),
    ],
)
def test_impossible_parameters_are_refused_by_name(wrong, limit):
    with pytest.raises(PlantError, match=limit):
        PlantParameters(**wrong)
