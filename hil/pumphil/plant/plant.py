"""The simulated pump body: packets in, rotor angle, outlet volume and reservoir content out.

    plant = Plant(PlantParameters(), seed=1); plant.enable(True)
    plant.move(0, steps=25, period_us=10_000); plant.delivered_nl(250_000)

Packets only add to two counters; waveform and reservoir are evaluated in closed form when somebody asks, so a
packet costs the same after a year as in the first minute. Rig time is integer microseconds and never goes back:
move, stop, stall, refill and every question share one clock, and an earlier instant raises PlantError.

Deliberately not here: noise (the instruments have it), compliance, pressure, leaks, reverse rotation, and any
knowledge of the firmware. Volume between reservoir and outlet is constant, so what the rollers push back for a
moment goes back into the reservoir, and air comes out the instant the reservoir is dry.
"""

import random
from math import gcd

from pumphil.plant.parameters import PlantParameters
from pumphil.plant.reservoir import Reservoir
from pumphil.plant.roller import RollerPump
from pumphil.plant.stepper import Stepper


class Plant:
    """One pump. What varies between pumps is drawn from the seed, one substream per name, at construction."""

    def __init__(self, parameters: PlantParameters | None = None, seed: int = 0) -> None:
        self.parameters = chosen = parameters if parameters is not None else PlantParameters()
        self.seed = seed
        error = chosen.calibration_error
        if error is None:
            drawn = random.Random(f"{seed}:calibration").gauss(0.0, chosen.calibration_sigma)
            error = max(-chosen.calibration_limit, min(chosen.calibration_limit, drawn))
        self.calibration_error: float = error
        start = chosen.start_step
        if start is None:
            start = random.Random(f"{seed}:rotor").randrange(chosen.steps_per_rev)
        self.start_step: int = start
        self.roller = RollerPump(
            chosen.nl_per_rev * (1 + error), chosen.rollers, chosen.roller_volume_nl, chosen.release_angle_rad
        )
        self._stepper = Stepper()
        self._reservoir = Reservoir(chosen.reservoir_nl, chosen.reservoir_capacity_nl)
        self._offset_nl = self.roller.volume_nl(start / chosen.steps_per_rev)
        self._settled_steps = 0
        # rotor steps after which the waveform repeats on whole steps: the last such span holds the peak of any range
        self._span_steps = 1
        if self.roller.min_flow_nl_per_rad < 0:
            self._span_steps = chosen.steps_per_rev // gcd(chosen.steps_per_rev, chosen.rollers)

    # -- what the motor port does

    def move(self, t_us: int, steps: int, period_us: int) -> None:
        """Queue a packet: `steps` full steps, the first at t_us + period_us, the last at t_us + steps * period_us.

        0 steps do nothing. PlantError: negative steps, period below 1 us, time going back, or the packet in
        hand not finished by t_us (it may finish exactly then).
        """
        self._stepper.queue(t_us, steps, period_us)

    def stop_motor(self, t_us: int) -> int:
        """End the packet in hand; returns the pulses it emitted (stalled or disabled ones too), 0 if there is none."""
        return self._stepper.stop(t_us)

    def enable(self, on: bool, t_us: int | None = None) -> None:
        """Drive the enable line at t_us, by default at the latest instant the plant was told. Off at construction.

        Pulses while it is off are counted and move nothing; the rest of a packet moves again after switching on.
        """
        self._stepper.enable(on, t_us)

    # -- what happens to the pump

    def stall(self, from_us: int, until_us: int) -> None:
        """Fault: pulses in [from_us, until_us) are emitted and do not move the rotor. Not in the past."""
        self._stepper.stall(from_us, until_us)

    def refill(self, t_us: int, volume_nl: float) -> None:
        """Add volume_nl to the reservoir; PlantError when it does not fit. A clinical refill drains first."""
        self._reservoir.refill(self._pumped_nl(t_us), volume_nl)

    def drain(self, t_us: int) -> float:
        """Withdraw all liquid from the reservoir and return how much that was, nL."""
        return self._reservoir.drain(self._pumped_nl(t_us))

    # -- what there is to see

    @property
    def now_us(self) -> int:
        """Latest instant the plant was told; nothing before it can be asked any more."""
        return self._stepper.now_us

    @property
    def nl_per_rev(self) -> float:
        """True volume per turn of this pump, calibration error included, nL."""
        return self.roller.nl_per_rev

    @property
    def enabled(self) -> bool:
        """State of the enable line."""
        return self._stepper.enabled

    @property
    def filled_nl(self) -> float:
        """Content at rig time 0 and all refills, nL."""
        return self._reservoir.filled_nl

    @property
    def withdrawn_nl(self) -> float:
        """All that was drained, nL. filled - withdrawn - delivered - content is 0 at every instant."""
        return self._reservoir.withdrawn_nl

    def steps_done(self, t_us: int) -> int:
        """Step pulses emitted since rig time 0, moved or not: what a pulse counter sees."""
        self._stepper.advance(t_us)
        return self._stepper.pulses

    def rotor_steps(self, t_us: int) -> int:
        """Full steps that the rotor made since rig time 0."""
        self._stepper.advance(t_us)
        return self._stepper.rotor_steps

    def rotor_counts(self, t_us: int, per_turn: int) -> int:
        """What an encoder on the rotor shows: its angle in 1/per_turn turn, whole turns included, rounded down."""
        return (self.start_step + self.rotor_steps(t_us)) * per_turn // self.parameters.steps_per_rev

    def turns(self, t_us: int) -> float:
        """Turns that the rotor made since rig time 0; its angle then was start_step / steps_per_rev."""
        return self.rotor_steps(t_us) / self.parameters.steps_per_rev

    def idle_us(self, t_us: int) -> int:
        """Time since the motor finished its last packet, 0 while one is in hand, very large if there was none."""
        self._stepper.advance(t_us)
        return self._stepper.idle_us(t_us)

    def delivered_nl(self, t_us: int) -> float:
        """Liquid out of the outlet since rig time 0, nL; falls within a roller dip where the flow reverses."""
        return self._reservoir.delivered_nl(self._pumped_nl(t_us))

    def reservoir_nl(self, t_us: int) -> float:
        """True content of the reservoir, nL."""
        return self._reservoir.content_nl(self._pumped_nl(t_us))

    def air_nl(self, t_us: int) -> float:
        """Air pumped since rig time 0 because the reservoir was dry, nL."""
        self._pumped_nl(t_us)
        return self._reservoir.air_nl

    # -- inside

    def _displaced_nl(self, rotor_steps: int) -> float:
        steps_per_rev = self.parameters.steps_per_rev
        # whole turns apart: the angle keeps its precision after a year
        whole, rest = divmod(self.start_step + rotor_steps, steps_per_rev)
        return whole * self.roller.nl_per_rev + self.roller.volume_nl(rest / steps_per_rev) - self._offset_nl

    def _pumped_nl(self, t_us: int) -> float:
        self._stepper.advance(t_us)
        steps = self._stepper.rotor_steps
        pumped_nl = self._displaced_nl(steps)
        if steps > self._settled_steps:
            # no earlier angle displaced more than this by more than the ripple: usually nothing to settle
            if pumped_nl + self.roller.ripple_nl > self._reservoir.liquid_nl:
                first = max(self._settled_steps + 1, steps - self._span_steps + 1)
                self._reservoir.settle(max(self._displaced_nl(k) for k in range(first, steps + 1)))
            self._settled_steps = steps
        return pumped_nl
