"""The lazy plant against a plain one that walks every pulse, under any order of packets, faults and questions."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.plant import Plant, PlantParameters

GENTLE = PlantParameters(calibration_error=0.01, start_step=13, reservoir_nl=60_000, reservoir_capacity_nl=400_000)
REVERSING = PlantParameters(
    calibration_error=-0.02, start_step=13, reservoir_nl=60_000, reservoir_capacity_nl=400_000,
    rollers=3, roller_volume_nl=5_000, release_angle_rad=math.radians(40),
)  # fmt: skip
PERIOD_US = 1_000

# (what, wait before it in us, amount)
actions = st.lists(
    st.tuples(
        st.sampled_from(["move", "move", "move", "look", "on", "off", "stall", "stop", "refill", "drain"]),
        st.integers(0, 120_000),
        st.integers(0, 90),
    ),
    max_size=40,
)


@dataclass
class PlainPlant:
    """Every pulse on its own: moves the rotor or not, then takes liquid from the reservoir or air."""

    plant: Plant  # for its geometry only
    pending: list[int] = field(default_factory=list)
    stalls: list[tuple[int, int]] = field(default_factory=list)
    enabled: bool = False
    pulses: int = 0
    rotor: int = 0
    delivered: float = 0.0
    content: float = 60_000.0

    def volume_at(self, rotor: int) -> float:
        return self.plant.roller.volume_nl((13 + rotor) / 200)

    def advance(self, t_us: int) -> None:
        while self.pending and self.pending[0] <= t_us:
            at = self.pending.pop(0)
            self.pulses += 1
            if self.enabled and not any(begin <= at < end for begin, end in self.stalls):
                displaced = self.volume_at(self.rotor + 1) - self.volume_at(self.rotor)
                liquid = min(displaced, self.content)  # negative in a reversing dip: back into the reservoir
                self.rotor += 1
                self.delivered += liquid
                self.content -= liquid


def act(plant: Plant, plain: PlainPlant, what: str, t_us: int, amount: int) -> int:
    """Do it to both; returns the instant until which the motor is busy."""
    plain.advance(t_us)
    if what == "move":
        plant.move(t_us, amount, PERIOD_US)
        plain.pending += [t_us + (k + 1) * PERIOD_US for k in range(amount)]
        return t_us + amount * PERIOD_US
    if what in ("on", "off"):
        plant.enable(what == "on", t_us)
        plain.enabled = what == "on"
    elif what == "stall":
        plant.turns(t_us)
        plant.stall(t_us + amount * 500, t_us + amount * 500 + 40_000)
        plain.stalls.append((t_us + amount * 500, t_us + amount * 500 + 40_000))
    elif what == "stop":
        plant.stop_motor(t_us)
        plain.pending.clear()
        return t_us
    elif what == "refill":
        volume = min(amount * 1_000.0, 400_000 - plain.content)
        plant.refill(t_us, volume)
        plain.content += volume
    elif what == "drain":
        withdrawn = plant.drain(t_us)
        assert abs(withdrawn - plain.content) < 1e-3
        plain.content = 0.0
    else:
        plant.delivered_nl(t_us)
    return 0


def run(parameters: PlantParameters, sequence: list[tuple[str, int, int]], look_always: bool) -> tuple[float, ...]:
    plant = Plant(parameters)
    plain = PlainPlant(plant)
    act(plant, plain, "on", 0, 0)
    t_us = busy_us = 0
    for what, wait_us, amount in sequence:
        t_us = max(t_us + wait_us, busy_us) if what == "move" else t_us + wait_us
        until_us = act(plant, plain, what, t_us, amount)
        busy_us = until_us if what in ("move", "stop") else busy_us
        if look_always:
            assert abs(plant.delivered_nl(t_us) - plain.delivered) < 1e-3
            assert abs(plant.filled_nl - plant.withdrawn_nl - plant.delivered_nl(t_us) - plant.reservoir_nl(t_us)) < 1
            assert plant.reservoir_nl(t_us) >= -1e-6
    end_us = max(t_us, busy_us)
    plain.advance(end_us)
    assert (plant.steps_done(end_us), plant.rotor_steps(end_us)) == (plain.pulses, plain.rotor)
    assert abs(plant.delivered_nl(end_us) - plain.delivered) < 1e-3
    assert abs(plant.reservoir_nl(end_us) - plain.content) < 1e-3
    return plant.delivered_nl(end_us), plant.reservoir_nl(end_us), plant.air_nl(end_us)


@given(st.sampled_from([GENTLE, REVERSING]), actions)
def test_the_plant_is_the_sum_of_its_pulses_and_conserves_volume(parameters, sequence):
    run(parameters, sequence, look_always=True)


@given(st.sampled_from([GENTLE, REVERSING]), actions)
def test_looking_changes_nothing(parameters, sequence):
    seen = run(parameters, sequence, look_always=True)
    unseen = run(parameters, sequence, look_always=False)
    assert all(abs(a - b) < 1e-3 for a, b in zip(seen, unseen, strict=True))


@given(st.integers(0, 10_000), st.lists(st.integers(0, 46), max_size=200))
def test_delivered_never_falls_in_the_default_head_and_stays_within_the_ripple_of_its_steps(seed, packets):
    plant = Plant(seed=seed)
    plant.enable(True)
    last_nl = 0.0
    for i, steps in enumerate(packets):
        plant.move(i * 500_000, steps, 10_000)
        now_nl = plant.delivered_nl(i * 500_000 + 230_000)
        assert now_nl >= last_nl - 1e-6
        assert abs(now_nl - plant.rotor_steps(i * 500_000 + 230_000) * plant.nl_per_rev / 200) <= 500
        last_nl = now_nl


@given(st.integers(1, 46), st.integers(100_000, 900_000))
def test_half_a_year_conserves_volume_to_a_nanolitre(steps, packets):
    # the clock jumps: one packet stands for many by being that many times longer
    plant = Plant(PlantParameters(reservoir_nl=20_000_000), seed=steps)
    plant.enable(True)
    pumped_nl = steps * packets * plant.nl_per_rev / 200
    plant.move(0, steps * packets, 10_000)
    end_us = steps * packets * 10_000
    refills = 0
    for part in range(1, 101):
        t_us = end_us * part // 100
        plant.drain(t_us)
        plant.refill(t_us, 20_000_000)
        refills += 1
    total = 20_000_000 * (refills + 1) - plant.withdrawn_nl - plant.delivered_nl(end_us) - plant.reservoir_nl(end_us)
    assert abs(total) < 1
    assert plant.air_nl(end_us) + plant.delivered_nl(end_us) == pytest.approx(pumped_nl, abs=500)
