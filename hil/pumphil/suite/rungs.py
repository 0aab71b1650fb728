"""The ladder of verification: pulses, rotor, pressure, air, level, masses; each rung sees what those below it cannot.

    for rung in climb(treatment): rung.effect, rung.error, rung.limit

One run, 10 h of pumping at the ceiling and a day of rest, on a rig that nobody has programmed yet. Every rung is named
after the effect of the plant that it would show, and measures it with instruments: where two effects look alike, the
readings of the others are taken off first. Figures of a sound pump are the declared ones of its parameters. Judges
nothing: `test_accuracy_effects` does.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pumphil.instruments import Encoder, PressureParameters, PressureSensor, PulseCounter, Reading
from pumphil.plant.conditions import line_compliance, line_resistance
from pumphil.simulate import EXPECTED_ALARMS
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumphost.errors import Refused

RATE = "24 mL/day"
SOUND_C = 22.0
PER_KPA, PER_K = 0.003, 0.003  # declared: what a kPa and a K below 22 degC change in a volume per turn
STEP_US = 10_000
DECAY_US = 200_000
BREAKS = 5


@dataclass(frozen=True, slots=True)
class Rung:
    """One measurement; `error`, `limit` and `u` (k = 2) in `unit`."""

    effect: str
    what: str
    unit: str
    error: float
    limit: float
    u: float = 0.0

    @property
    def name(self) -> str:
        """As it stands in report and messages."""
        return f"{self.effect}: {self.what}"


_Look = tuple[Reading, Reading, Reading, float, float]  # balance, encoder, pulses, reservoir in nL, pressure in kPa


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of pumping between two looks, the line at rest at both. nL, turns, kPa."""

    turns: float
    pulses: int
    weighed_nl: float
    left_nl: float
    u_nl: float
    stored_nl: float

    def per_turn(self, encoder: Encoder) -> tuple[float, float]:
        """(weighed volume per turn, its relative uncertainty k = 2)."""
        u_turns = 2 * encoder.parameters.standard_uncertainty_turns
        turns = max(self.turns, 1e-9)
        return self.weighed_nl / turns, math.hypot(self.u_nl / max(abs(self.weighed_nl), 1.0), u_turns / turns)


def climb(treatment: Treatment) -> Iterator[Rung]:
    """All rungs, from condition to drift; the last ones only if the pump still delivers."""
    return _Climb(treatment).rungs()


class _Climb:
    def __init__(self, treatment: Treatment) -> None:
        self.treatment = treatment
        self.rig = rig = treatment.rig
        self.plant = plant = rig.plant
        self.pump = rig.options.plant
        plant.follow_line(rig.now_us)
        wide = PressureParameters(low_kpa=-50.0, high_kpa=400.0)
        self.outlet = PressureSensor(plant.pressure_kpa, rig.seed, wide)
        self.inlet = PressureSensor(plant.inlet_kpa, rig.seed + 1, wide)
        self.counter = PulseCounter(plant)
        self.compliance = line_compliance(self.pump)
        self.u_kpa = 2 * math.sqrt(2) * self.outlet.parameters.noise_kpa + self.outlet.parameters.digit_kpa

    def rungs(self) -> Iterator[Rung]:
        treatment, rig = self.treatment, self.rig
        treatment.program(continuous(RATE), 0)
        yield from self._conditions()
        treatment.start()
        level = self.plant.level_nl(rig.now_us), self.plant.reservoir_nl(rig.now_us)
        first = self._look()
        yield from self._packets()
        yield self._air()
        fresh = yield from self._hour(first)
        shown = level[0] - self.plant.level_nl(rig.now_us)
        left = level[1] - self.plant.reservoir_nl(rig.now_us)
        limit = 2 * self.pump.level_digit_nl + self.pump.level_error * abs(left)
        yield Rung("level-stuck", "level sensor against what left the reservoir", "nL", shown - left, limit)
        alarms = [name for _, name in treatment.alarms() if name not in EXPECTED_ALARMS]
        yield Rung("alarms", ", ".join(alarms) or "none", "1", len(alarms), 0)
        if treatment.programmer.status().delivering:
            yield from self._rotor_at_rest()
            yield from self._drift(fresh)

    # -- before the first packet

    def _conditions(self) -> Iterator[Rung]:
        """Ten minutes of rest: pressures, temperature, and nothing flows."""
        treatment, rig = self.treatment, self.rig
        treatment.run_for(seconds=30)  # a line fills to the pressure at its end
        before = treatment.sample()
        treatment.run_for(seconds=600)
        after = treatment.sample()
        flowed = rig.balance.volume_nl(before.balance, after.balance)
        yield Rung(
            "free-flow", "outflow in 10 min with the motor at rest", "nL", float(flowed.value), 1_000,
            2 * float(flowed.standard_uncertainty),
        )  # fmt: skip
        self.rest_kpa = self._kpa(self.outlet)
        self.inlet_kpa = self._kpa(self.inlet)
        offset = self.outlet.parameters.offset_kpa
        yield Rung("back-pressure", "pressure at the outlet at rest", "kPa", self.rest_kpa, 1 + 2 * offset, self.u_kpa)
        yield Rung("head", "pressure at the inlet at rest", "kPa", self.inlet_kpa, 1 + offset, self.u_kpa)
        self.celsius = self.plant.celsius(rig.now_us)
        yield Rung("temperature", "thermometer at the pump", "K", self.celsius - SOUND_C, 2, 0.5)

    # -- while it pumps

    def _packets(self) -> Iterator[Rung]:
        """The third packet from its end on: how fast its pressure goes, and whether it goes at all."""
        treatment, rig = self.treatment, self.rig
        seen = len(rig.packets)
        wait_until_ms = treatment.now_ms + 600_000
        while len(rig.packets) < seen + 3 and treatment.now_ms < wait_until_ms:
            treatment.run_for(seconds=0.05)
        if len(rig.packets) < seen + 3:
            return
        t_ms, steps = rig.packets[-1]
        readings = []
        for after_us in (0, DECAY_US, 2_000_000):
            rig.run_until(t_ms * 1000 + steps * STEP_US + after_us)
            readings.append(self._kpa(self.outlet) - self.rest_kpa)
        end, later, left = readings
        yield Rung("kink", "pressure of a packet left after 2 s", "kPa", left, 1, self.u_kpa)
        if later > 4 * self.u_kpa:  # else there is no slope to read
            tau_s = DECAY_US / 1e6 / math.log(end / later) if end > later else math.inf
            wanted_s = self.compliance * line_resistance(self.pump)
            error = min(tau_s / wanted_s - 1, 1e6)
            yield Rung("trapped-air", "time constant of the line, relative to a purged one", "1", error, 0.3, 0.1)

    def _air(self) -> Rung:
        """An hour, looked at every 5 s."""
        largest_nl = 0.0
        for _ in range(720):
            self.treatment.run_for(seconds=5)
            largest_nl = max(largest_nl, self.plant.bubble_nl(self.rig.now_us))
        return Rung("bubble", "air behind the rollers, largest seen", "nL", largest_nl, 1_000)

    def _hour(self, first: _Look) -> Generator[Rung, None, _Stretch]:
        """Pulses against rotor, masses of source and receiver, volume per turn."""
        stretch = self._stretch(first)
        per_rev = self.pump.steps_per_rev
        missed = stretch.pulses - stretch.turns * per_rev
        u_steps = 2 * self.rig.encoder.parameters.standard_uncertainty_turns * per_rev
        yield Rung("missed-steps", "pulses that turned no rotor", "steps", missed, 3, u_steps)
        yield Rung("stall", "share of pulses that turned no rotor", "1", missed / max(stretch.pulses, 1), 0.5)
        missing_nl = stretch.left_nl - stretch.weighed_nl - stretch.stored_nl
        size_nl = max(stretch.left_nl, 100_000)
        u_share = (stretch.u_nl + self.compliance * self.u_kpa) / size_nl
        lost = missing_nl / size_nl
        yield Rung("leak", "taken from the reservoir and not arrived", "1", lost, 0.02, u_share)
        yield Rung("disconnect", "taken from the reservoir and not arrived", "1", lost, 0.5, u_share)
        left_kpa = self._kpa(self.outlet) - self.rest_kpa
        yield Rung("occlusion", "pressure left 10 s after a packet", "kPa", left_kpa, 30, self.u_kpa)
        volume_nl, u = stretch.per_turn(self.rig.encoder)
        wanted_nl = self.pump.nl_per_rev * self._declared() * (1 - min(max(lost, 0.0), 0.99))
        limit = self.pump.calibration_limit + 0.005
        what = "volume per turn, corrected for pressure, temperature and leak"
        if stretch.turns > 1:
            yield Rung("wear", what, "1", volume_nl / wanted_nl - 1, limit, u)
        return stretch

    def _declared(self) -> float:
        """What pressures and temperature declare of the volume per turn."""
        pressure = 1 + PER_KPA * (self.inlet_kpa - self.rest_kpa)
        return pressure * (1 + PER_K * min(0.0, self.celsius - SOUND_C))

    # -- at rest, and afterwards

    def _rotor_at_rest(self) -> Iterator[Rung]:
        """Stopped and started some times: the rotor must stay where the driver let it go."""
        treatment, encoder = self.treatment, self.rig.encoder
        turned = 0.0
        for _ in range(BREAKS):
            treatment.run_for(seconds=47)
            held = [encoder.read(self.rig.now_us).value]
            treatment.stop()
            treatment.run_for(seconds=2)
            held.append(encoder.read(self.rig.now_us).value)
            treatment.start()
            turned = max(turned, abs(float(held[1] - held[0])) * self.pump.steps_per_rev)
        u_steps = 2 * math.sqrt(2) * encoder.parameters.noise_deg / 360 * self.pump.steps_per_rev
        yield Rung("snap", "turned while the driver was off", "steps", turned, 0.5, u_steps)

    def _drift(self, fresh: _Stretch) -> Iterator[Rung]:
        """Volume per turn after a day of rest, and after some 190 more turns."""
        treatment = self.treatment
        treatment.stop()
        treatment.run_for(hours=24)
        with suppress(Refused):
            treatment.acknowledge_all()
        treatment.start()
        rested = yield from self._hour_of_drift("creep", "volume per turn after a day of rest", fresh)
        treatment.run_for(hours=7)
        yield from self._hour_of_drift("run-in", "volume per turn after 190 turns", rested)

    def _hour_of_drift(self, effect: str, what: str, before: _Stretch) -> Generator[Rung, None, _Stretch]:
        look = self._look()
        self.treatment.run_for(hours=1)
        after = self._stretch(look)
        (was, u_was), (now, u_now) = before.per_turn(self.rig.encoder), after.per_turn(self.rig.encoder)
        yield Rung(effect, what, "1", now / was - 1 if was else 0.0, 0.005, math.hypot(u_was, u_now))
        return after

    # -- looks

    def _kpa(self, sensor: PressureSensor) -> float:
        return float(sensor.read(self.rig.now_us).value)

    def _look(self) -> _Look:
        """Balance, encoder, pulses, reservoir and pressure, at least 10 s after a packet."""
        treatment, plant = self.treatment, self.plant
        while plant.idle_us(self.rig.now_us) < 10_000_000:
            treatment.run_for(seconds=1)
        sample = treatment.sample()
        pulses = self.counter.read(self.rig.now_us)
        return sample.balance, sample.encoder, pulses, sample.reservoir_nl, self._kpa(self.outlet)

    def _stretch(self, first: _Look) -> _Stretch:
        last = self._look()
        weighed = self.rig.balance.volume_nl(first[0], last[0])
        return _Stretch(
            turns=float(last[1].value - first[1].value),
            pulses=int(last[2].value - first[2].value),
            weighed_nl=float(weighed.value),
            left_nl=first[3] - last[3],
            u_nl=2 * float(weighed.standard_uncertainty),
            stored_nl=self.compliance * (last[4] - first[4]),
        )
