"""The simulated pump body: packets in, rotor angle, volumes, pressure and reservoir content out.

    plant = Plant(PlantParameters(), seed=1); plant.enable(True)
    plant.move(0, steps=25, period_us=10_000); plant.delivered_nl(250_000)
    plant.inject("kink", until_us=3_600_000_000, factor=100); plant.clear("kink")       # see FAULTS

A sound pump with nothing to follow costs a few additions a packet; waveform and reservoir are evaluated in closed form
when somebody asks. With a fault of the line, or after `follow_line`, a packet costs two exponentials more. Looking
changes nothing. Rig time is integer microseconds and never goes back: packets, faults, refills and every question share
one clock, and an earlier instant raises PlantError.

Deliberately not here: noise (the instruments have it), and any knowledge of the firmware. A line that is not followed
holds a constant volume: what the rollers push back for a moment goes back into the reservoir, and air comes out the
instant the reservoir is dry.
"""

import random
from collections.abc import Mapping

from pumphil.plant.conditions import inlet_kpa
from pumphil.plant.errors import PlantError
from pumphil.plant.faults import FAULTS, FaultSpan, span
from pumphil.plant.fluid import Fluid
from pumphil.plant.parameters import PlantParameters
from pumphil.plant.reservoir import LevelSensor
from pumphil.plant.roller import RollerPump
from pumphil.plant.stepper import Stepper

_NEVER_US = 1 << 62


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
        self._fluid = Fluid(chosen, self.roller, start, self._stepper)
        self._reservoir = self._fluid.reservoir
        self._level = LevelSensor(chosen.level_digit_nl, chosen.level_error, seed)
        self._active: dict[str, FaultSpan] = {}
        # (instant, order, beginning or end, fault), rising; the next instant apart, because packets look at it
        self._changes: list[tuple[int, int, bool, FaultSpan]] = []
        self._change_us = _NEVER_US
        self._changes_made = 0
        for fault in chosen.fault:
            self._plan(fault)
        self._advance(0)

    # -- what the motor port does

    def move(self, t_us: int, steps: int, period_us: int) -> None:
        """Queue a packet: `steps` full steps, the first at t_us + period_us, the last at t_us + steps * period_us.

        0 steps do nothing. PlantError: negative steps, period below 1 us, time going back, or the packet in
        hand not finished by t_us (it may finish exactly then).
        """
        if t_us >= self._change_us or self._fluid.followed:
            self._advance(max(t_us, self._stepper.now_us))  # of an instant gone by the stepper speaks below
            self._fluid.packet(self._stepper.now_us)
        self._stepper.queue(t_us, steps, period_us)

    def stop_motor(self, t_us: int) -> int:
        """End the packet in hand; returns the pulses it emitted (stalled or disabled ones too), 0 if there is none."""
        self._settle(t_us)
        return self._stepper.stop(t_us)

    def enable(self, on: bool, t_us: int | None = None) -> None:
        """Drive the enable line at t_us, by default at the latest instant the plant was told. Off at construction.

        Pulses while it is off are counted and move nothing; the rest of a packet moves again after switching on.
        """
        t_us = self.now_us if t_us is None else t_us
        self._settle(t_us)
        self._stepper.enable(on, t_us)
        if not on and "snap" in self._active:
            self._snap(int(dict(self._active["snap"].values)["steps"]))
            self._fluid.settle(t_us)

    # -- what happens to the pump

    def inject(self, name: str, t_us: int | None = None, until_us: int | None = None, **values: float) -> None:
        """A fault of FAULTS begins at t_us (None: now) and ends at until_us (None: when it is cleared).

        Parameters not given have their defaults. A fault that is on already goes on with the new values. A pulse at the
        instant still saw the old state. PlantError: no such fault or parameter, a value outside its limits, or a
        beginning in the past.
        """
        start_us = self.now_us if t_us is None else t_us
        if start_us < self.now_us:
            raise PlantError(
                f"fault {name} from {start_us} us refused: the plant is at {self.now_us} us; begin now or later"
            )
        self._plan(span(name, start_us, until_us, values))
        self._advance(self.now_us)

    def clear(self, name: str, t_us: int | None = None) -> bool:
        """End a fault at t_us (None: now); False if it was not on. What is planned for later still comes."""
        if name not in FAULTS:
            span(name, 0, None, {})  # refuses by name
        self._settle(self.now_us if t_us is None else t_us)
        on = self._active.get(name)
        if on is not None:
            self._apply(False, on)
        return on is not None

    def faults(self, t_us: int | None = None) -> dict[str, dict[str, float]]:
        """The faults that are on, with their parameters."""
        self._advance(self.now_us if t_us is None else t_us)
        return {name: dict(fault.values) for name, fault in self._active.items()}

    def follow_line(self, t_us: int | None = None) -> None:
        """From now on tube and catheter are followed: compliance, pressure, air on its way. Their faults do so too."""
        t_us = self.now_us if t_us is None else t_us
        self._settle(t_us)
        self._fluid.follow(t_us)

    @property
    def follows_line(self) -> bool:
        """Whether tube and catheter are followed, so that there is a pressure."""
        return self._fluid.followed

    def stall(self, from_us: int, until_us: int) -> None:
        """Fault: pulses in [from_us, until_us) are emitted and do not move the rotor. Not in the past."""
        self._stepper.stall(from_us, until_us)

    def refill(self, t_us: int, volume_nl: float, concentration: float | None = None) -> None:
        """Add volume_nl to the reservoir; PlantError when it does not fit. A clinical refill drains first.

        `concentration` of what is added, None: that of what there is; in the reservoir they mix.
        """
        self._settle(t_us)
        look = self._fluid.look(t_us)
        content_nl = self._reservoir.content_nl(look.pumped_nl)
        self._reservoir.refill(look.pumped_nl, volume_nl)
        transport = self._fluid.transport
        if concentration is not None and content_nl + volume_nl > 0:
            mixed = (transport.concentration * content_nl + concentration * volume_nl) / (content_nl + volume_nl)
            transport.change(look.delivered_nl + look.line_nl, mixed)

    def drain(self, t_us: int) -> float:
        """Withdraw all liquid from the reservoir and return how much that was, nL."""
        self._settle(t_us)
        return self._reservoir.drain(self._fluid.look(t_us).pumped_nl)

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
        """All that was drained, nL. filled - withdrawn - delivered - leaked - in line - content is 0 at any instant."""
        return self._reservoir.withdrawn_nl

    def steps_done(self, t_us: int) -> int:
        """Step pulses emitted since rig time 0, moved or not: what a pulse counter sees."""
        self._advance(t_us)
        return self._stepper.pulses

    def rotor_steps(self, t_us: int) -> int:
        """Full steps that the rotor made since rig time 0."""
        self._advance(t_us)
        return self._stepper.rotor_steps

    def rotor_counts(self, t_us: int, per_turn: int) -> int:
        """What an encoder on the rotor shows: its angle in 1/per_turn turn, whole turns included, rounded down."""
        return (self.start_step + self.rotor_steps(t_us)) * per_turn // self.parameters.steps_per_rev

    def turns(self, t_us: int) -> float:
        """Turns that the rotor made since rig time 0; its angle then was start_step / steps_per_rev."""
        return self.rotor_steps(t_us) / self.parameters.steps_per_rev

    def idle_us(self, t_us: int) -> int:
        """Time since the last packet ended, us; 0 while one is in hand, very large when there was none."""
        self._advance(t_us)
        return self._stepper.idle_us(t_us)

    def delivered_nl(self, t_us: int) -> float:
        """Liquid out of the outlet since rig time 0, nL; falls within a roller dip where the flow reverses."""
        self._advance(t_us)
        return self._fluid.look(t_us).delivered_nl

    def reservoir_nl(self, t_us: int) -> float:
        """True content of the reservoir, nL."""
        self._advance(t_us)
        return self._reservoir.content_nl(self._fluid.look(t_us).pumped_nl)

    def air_nl(self, t_us: int) -> float:
        """Air drawn since rig time 0, from bubbles and because the reservoir was dry, nL."""
        self._advance(t_us)
        self._fluid.look(t_us)
        return self._reservoir.air_nl

    def air_in_line_nl(self, t_us: int) -> float:
        """Air between pump and tip, without what is trapped there, nL."""
        self._advance(t_us)
        return self._fluid.look(t_us).air_in_line_nl

    def bubble_nl(self, t_us: int) -> float:
        """Size of the bubble behind the rollers, as far as it has passed there, nL; 0 when liquid has since."""
        self._advance(t_us)
        return self._fluid.look(t_us).bubble_nl

    def air_out_nl(self, t_us: int) -> float:
        """Air that left through tip or leak since rig time 0, nL."""
        self._advance(t_us)
        return self._fluid.look(t_us).air_out_nl

    def leaked_nl(self, t_us: int) -> float:
        """Liquid lost at a joint since rig time 0, nL."""
        self._advance(t_us)
        return self._fluid.look(t_us).leaked_nl

    def line_nl(self, t_us: int) -> float:
        """Liquid in the line more than at rig time 0, nL: stored by its pressure, less the air in its place."""
        self._advance(t_us)
        return self._fluid.look(t_us).line_nl

    def pressure_kpa(self, t_us: int) -> float:
        """Pressure in the line behind the rollers above ambient, kPa; 0 while the line is not followed."""
        self._advance(t_us)
        return self._fluid.look(t_us).kpa

    def inlet_kpa(self, t_us: int) -> float:
        """Pressure on the reservoir's side above ambient, kPa."""
        return inlet_kpa(self.faults(t_us))

    def celsius(self, t_us: int) -> float:
        """Temperature of pump and tube."""
        return self.faults(t_us).get("temperature", {}).get("celsius", self.parameters.reference_c)

    def level_nl(self, t_us: int) -> float:
        """What the level sensor shows, nL."""
        return self._level.show_nl(self.reservoir_nl(t_us))

    def tip_concentration(self, t_us: int) -> float:
        """Concentration of what leaves the tip, in the unit of the parameter."""
        return self._fluid.transport.at_tip(self.delivered_nl(t_us))

    def drug_out(self, t_us: int) -> float:
        """Drug that left the tip since rig time 0, nL times concentration (ng where that is in mg/mL times 1000)."""
        return self._fluid.transport.delivered(self.delivered_nl(t_us))

    # -- inside

    def _plan(self, fault: FaultSpan) -> None:
        self._changes_made += 1
        self._changes.append((fault.start_us, self._changes_made, True, fault))
        if fault.end_us is not None:
            self._changes.append((fault.end_us, self._changes_made, False, fault))
        self._changes.sort(key=lambda change: change[:2])
        self._change_us = self._changes[0][0]

    def _advance(self, t_us: int) -> None:
        """Bring the stepper to t_us, and what begins or ends until then."""
        while t_us >= self._change_us:
            at_us, _, begins, fault = self._changes.pop(0)
            self._change_us = self._changes[0][0] if self._changes else _NEVER_US
            self._stepper.advance(at_us)
            if begins or self._active.get(fault.name) is fault:
                self._apply(begins, fault)
        self._stepper.advance(t_us)

    def _settle(self, t_us: int) -> None:
        self._advance(t_us)
        self._fluid.settle(t_us)

    def _apply(self, begins: bool, fault: FaultSpan) -> None:
        """A fault begins or ends at the instant the stepper has reached."""
        t_us, name, values = self.now_us, fault.name, dict(fault.values)
        self._fluid.settle(t_us)
        if begins:
            self._active[name] = fault
        else:
            del self._active[name]
        if name == "stall":
            if begins:
                self._stepper.stall(t_us, _NEVER_US if fault.end_us is None else fault.end_us)
            else:
                self._stepper.release()
        elif name == "missed-steps":
            self._stepper.slip((int(values["steps"]), int(values["every"])) if begins else None)
        elif name == "level-stuck":
            content_nl = self._reservoir.content_nl(self._fluid.look(t_us).pumped_nl)
            self._level.stuck_nl = self._level.show_nl(content_nl) if begins else None
        elif name == "bubble" and begins:
            self._reservoir.bubble(self._fluid.look(t_us).pumped_nl, values["volume_nl"])
        if FAULTS[name].line:
            self._fluid.follow(t_us)
            self._fluid.change(t_us, self._values())
        self._fluid.forget()

    def _values(self) -> Mapping[str, Mapping[str, float]]:
        return {name: dict(fault.values) for name, fault in self._active.items()}

    def _snap(self, steps: int) -> None:
        """The rotor falls to the nearest multiple of so many steps; from the middle, back."""
        off = (self.start_step + self._stepper.rotor_steps) % steps
        self._stepper.rotor_steps += steps - off if 2 * off > steps else -off
