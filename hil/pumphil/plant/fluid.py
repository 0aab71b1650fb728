"""Volumes of one pump: from rotor angle to reservoir, line, leak and tip.

    fluid = Fluid(parameters, roller, start_step, stepper); fluid.look(t_us).delivered_nl

Without a line to follow, displaced is delivered: packets only add to counters, and waveform and reservoir are evaluated
in closed form when somebody asks. Followed (`follow`), each packet settles the one before it: a factor on its volume,
two exponentials of the line, the air that moved on. What is asked in between is worked out on a copy, so that looking
changes nothing.
"""

from dataclasses import dataclass
from math import gcd

from pumphil.plant.air import AirInLine
from pumphil.plant.catheter import Transport
from pumphil.plant.circuit import Circuit
from pumphil.plant.conditions import Active, conditions
from pumphil.plant.gain import gain
from pumphil.plant.parameters import PlantParameters
from pumphil.plant.reservoir import Reservoir
from pumphil.plant.roller import RollerPump
from pumphil.plant.stepper import Stepper

US_PER_S = 1e6
US_PER_H = 3.6e9


@dataclass(frozen=True, slots=True)
class Look:
    """Volumes nL since rig time 0, and kPa, at one instant.

    `line_nl`: liquid more in the line than at rig time 0; `bubble_nl`: of the bubble that passes behind the rollers.
    """

    pumped_nl: float
    delivered_nl: float
    leaked_nl: float
    line_nl: float
    air_in_line_nl: float
    air_out_nl: float
    bubble_nl: float
    kpa: float


class Fluid:
    """Reads the stepper, which must have been advanced to the instant asked for."""

    def __init__(self, pump: PlantParameters, roller: RollerPump, start_step: int, stepper: Stepper) -> None:
        self.reservoir = Reservoir(pump.reservoir_nl, pump.reservoir_capacity_nl)
        self.transport = Transport(pump.catheter_volume_nl, pump.catheter_mixing, pump.concentration)
        self._pump = pump
        self._roller = roller
        self._start_step = start_step
        self._stepper = stepper
        self._offset_nl = roller.volume_nl(start_step / pump.steps_per_rev)
        self._settled_steps = 0
        # rotor steps after which the waveform repeats on whole steps: the last such span holds the peak of any range
        self._span_steps = 1
        if roller.min_flow_nl_per_rad < 0:
            self._span_steps = pump.steps_per_rev // gcd(pump.steps_per_rev, pump.rollers)
        self._line: Circuit | None = None
        self._air = AirInLine(0.0, 0.0)
        self._active: Active = {}
        self._since: dict[str, tuple[float, float]] = {}  # hours and turns at which each fault began
        # at the last settling: instant and steps, what the rotor had displaced, what was pumped, air taken in, leak
        self._at_us = self._at_steps = 0
        self._rotor_nl = self._pumped_at_nl = self._taken_nl = self._leaked_nl = 0.0
        self._leaked_air_nl = self._line_air_nl = 0.0
        self._gain = 1.0
        self._rest_kpa = 0.0  # before the packet in hand
        self._seen: tuple[int, Look] | None = None

    @property
    def followed(self) -> bool:
        """Whether tube and catheter are followed."""
        return self._line is not None

    # -- what the plant tells

    def follow(self, t_us: int) -> None:
        """From now on the line is elastic, and air takes its time through it."""
        if self._line is None:
            pumped_nl = self._pumped_nl()
            self._line = Circuit(conditions(self._pump, self._active, 0.0), pumped_nl)
            self._pumped_at_nl = pumped_nl
            self._taken_nl = self.reservoir.air_nl
            self._air = AirInLine(self._pump.catheter_volume_nl, self.reservoir.air_nl)
            self._at_us, self._at_steps = t_us, self._stepper.rotor_steps
            self._rotor_nl = self._displaced_nl(self._at_steps)

    def settle(self, t_us: int) -> None:
        """What happened until now is done; call before anything changes."""
        self._seen = None
        if self._line is not None:
            self._run(self._line, t_us)
            self._leaked_air_nl += self._pass_air(self._line, self._air)
            self._taken_nl, self._leaked_nl = self.reservoir.air_nl, self._line.leaked_nl
            self._at_us, self._at_steps = t_us, self._stepper.rotor_steps
            self._rotor_nl = self._displaced_nl(self._at_steps)
            self._pumped_at_nl = self._line.pumped_nl
            if self._air.inside_nl != self._line_air_nl:
                self._set_line()

    def packet(self, t_us: int) -> None:
        """A packet begins: its factor is that of the line at rest before it."""
        if self._line is not None:
            self.settle(t_us)
            self._rest_kpa = self._line.kpa
            self._set_gain(t_us)

    def change(self, t_us: int, active: Active) -> None:
        """Other faults are on from now on. Settle first."""
        began = (t_us / US_PER_H, self._turns())
        self._since = {name: self._since.get(name, began) for name in active}
        self._active = active
        if self._line is not None:
            self._set_line()
            self._set_gain(t_us)

    # -- what there is to see

    def look(self, t_us: int) -> Look:
        """All volumes at t_us."""
        if self._seen is None or self._seen[0] != t_us:
            self._seen = t_us, self._look(t_us)
        return self._seen[1]

    def forget(self) -> None:
        """Something changed that the last look does not know."""
        self._seen = None

    # -- inside

    def _look(self, t_us: int) -> Look:
        if self._line is None:
            pumped_nl, air_nl = self._pumped_nl(), self.reservoir.air_nl
            return Look(pumped_nl, pumped_nl - air_nl, 0.0, 0.0, 0.0, air_nl, 0.0, 0.0)
        line, air = self._line.copy(), self._air.copy()
        self._run(line, t_us)
        leaked_air_nl = self._leaked_air_nl + self._pass_air(line, air)
        return Look(
            pumped_nl=line.pumped_nl,
            delivered_nl=line.out_nl - air.out_nl,
            leaked_nl=line.leaked_nl - leaked_air_nl,
            line_nl=line.stored_nl - air.inside_nl,
            air_in_line_nl=air.inside_nl,
            air_out_nl=air.out_nl + leaked_air_nl,
            bubble_nl=air.bubble_nl(line.pumped_nl - line.leaked_nl),
            kpa=line.kpa,
        )

    def _run(self, line: Circuit, t_us: int) -> None:
        """Bring a line from the last settling to t_us, and settle with the reservoir."""
        stepper = self._stepper
        steps = stepper.rotor_steps
        inflow_nl = self._gain * (self._displaced_nl(steps) - self._rotor_nl)
        before_nl = line.pumped_nl
        moving_us = min(t_us, stepper.end_us) - self._at_us
        if moving_us > 0:
            line.advance(moving_us / US_PER_S, inflow_nl)
            resting_us = t_us - self._at_us - moving_us
        else:
            line.push(inflow_nl)  # snapped in no time
            resting_us = t_us - self._at_us
        if resting_us > 0:
            line.advance(resting_us / US_PER_S)
        pumped_nl = line.pumped_nl
        tank = self.reservoir
        if tank.bubble_nl or pumped_nl + self._roller.ripple_nl > tank.supply_nl:
            first = max(self._at_steps + 1, steps - self._span_steps + 1)
            peak_nl = max((self._displaced_nl(k) for k in range(first, steps)), default=self._rotor_nl)
            tank.settle(max(pumped_nl, before_nl + self._gain * (peak_nl - self._rotor_nl)))

    def _pass_air(self, line: Circuit, air: AirInLine) -> float:
        """Move the air on since the last settling; how much of it leaked."""
        taken_nl = self.reservoir.air_nl - self._taken_nl
        leaked_air_nl = 0.0
        if taken_nl > 0:
            # a joint loses air and liquid alike
            leaked_nl, pumped_nl = line.leaked_nl - self._leaked_nl, line.pumped_nl - self._pumped_at_nl
            if leaked_nl > 0 and pumped_nl > 0:
                leaked_air_nl = min(taken_nl * min(1.0, leaked_nl / pumped_nl), leaked_nl)
            before_nl = self._pumped_at_nl - self._leaked_nl
            air.enter(before_nl, line.pumped_nl - line.leaked_nl, taken_nl - leaked_air_nl)
        air.leave(line.out_nl)
        return leaked_air_nl

    def _set_line(self) -> None:
        assert self._line is not None
        self._line_air_nl = self._air.inside_nl
        self._line.conditions = conditions(self._pump, self._active, self._line_air_nl)

    def _set_gain(self, t_us: int) -> None:
        hours, turns = t_us / US_PER_H, self._turns()
        self._gain = gain(self._pump, self._active, self._since, hours, turns, self._rest_kpa)

    def _turns(self) -> float:
        return self._stepper.rotor_steps / self._pump.steps_per_rev

    def _displaced_nl(self, rotor_steps: int) -> float:
        steps_per_rev = self._pump.steps_per_rev
        # whole turns apart: the angle keeps its precision after a year
        whole, rest = divmod(self._start_step + rotor_steps, steps_per_rev)
        return whole * self._roller.nl_per_rev + self._roller.volume_nl(rest / steps_per_rev) - self._offset_nl

    def _pumped_nl(self) -> float:
        steps = self._stepper.rotor_steps
        pumped_nl = self._displaced_nl(steps)
        if steps > self._settled_steps:
            # no earlier angle displaced more than this by more than the ripple: usually nothing to settle
            if pumped_nl + self._roller.ripple_nl > self.reservoir.supply_nl:
                first = max(self._settled_steps + 1, steps - self._span_steps + 1)
                self.reservoir.settle(max(self._displaced_nl(k) for k in range(first, steps + 1)))
            self._settled_steps = steps
        return pumped_nl
