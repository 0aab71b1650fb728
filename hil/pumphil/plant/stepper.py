"""Stepper and driver: counts the pulses of packets and which of them moved the rotor.

    motor = Stepper(); motor.enable(True); motor.queue(0, 25, 10_000); motor.advance(250_000); motor.rotor_steps

Pulse k of a packet queued at t comes at t + k * period: the first one a period after the packet, the last one
at t + steps * period, when the packet is done. Only the packet in hand is kept, because packets are appended
in time order; older ones are sums. A pulse moves the rotor by one full step when the driver is enabled and no
stall holds at that instant; otherwise it is counted and moves nothing. A slip is paid by pulses that move nothing.
Forward only, but for the snap of a rotor that is let go.

Deliberately not here: torque, resonance, microsteps that are not equal.
"""

from typing import NoReturn

from pumphil.plant.errors import PlantError

_NEVER_US = -(1 << 62)


class Stepper:
    """Times in integer microseconds of rig time, never going backwards: an older instant raises PlantError."""

    __slots__ = (
        "now_us", "pulses", "rotor_steps", "enabled",
        "end_us", "_start_us", "_steps", "_period_us", "_counted", "_stalls", "_slip", "_owed", "_packets",
    )  # fmt: skip

    def __init__(self) -> None:
        self.now_us = 0  # latest instant seen; sums below hold up to it, except for a packet not yet advanced
        self.pulses = 0
        self.rotor_steps = 0
        self.enabled = False  # the line is pulled to "off" until somebody drives it
        self._start_us = 0
        self._steps = 0
        self._period_us = 1
        self._counted = 0  # pulses of the packet in hand that are in the sums
        self.end_us = _NEVER_US  # of the last packet, which may be in hand
        self._stalls: list[tuple[int, int]] = []  # disjoint, rising, [from, until)
        self._slip: tuple[int, int] | None = None  # steps lost, one packet in so many
        self._owed = self._packets = 0  # steps of slips not paid yet, packets since slips began

    def queue(self, t_us: int, steps: int, period_us: int) -> None:
        """Take a packet: `steps` pulses, one per `period_us`, the first at t_us + period_us.

        Refused with PlantError: time going backwards, a packet still in hand (busy), negative steps, period
        below 1 us. A packet of 0 steps is nothing. This is the hot path: a sum and five stores.
        """
        if t_us < self.now_us or t_us < self.end_us or steps < 0 or period_us < 1:
            self._refuse(t_us, steps, period_us)
        left = self._steps - self._counted
        if left:
            if self.enabled and not self._stalls and self._slip is None:
                self.pulses += left
                self.rotor_steps += left
            else:
                self._count(self._steps)
        self.now_us = t_us
        if steps:
            self._start_us = t_us
            self.end_us = t_us + steps * period_us
            self._period_us = period_us
            if self._slip:
                self._packets += 1
                if self._packets % self._slip[1] == 0:
                    self._owed += self._slip[0]
        self._steps = steps
        self._counted = 0

    def advance(self, t_us: int) -> None:
        """Bring `pulses` and `rotor_steps` up to t_us; a pulse at t_us itself is included."""
        if t_us < self.now_us:
            raise PlantError(
                f"plant cannot go back: asked for t = {t_us} us, already at {self.now_us} us; "
                "ask in rising order of time"
            )
        self.now_us = t_us
        if self._counted < self._steps:
            reached = min(self._steps, (t_us - self._start_us) // self._period_us)
            if reached > self._counted:
                self._count(reached)

    def stop(self, t_us: int) -> int:
        """End the packet in hand and return the pulses it emitted, moved or not; 0 when none since the last stop.

        A packet that has finished but was not followed by another counts as in hand. A pulse due at t_us
        itself has been emitted.
        """
        self.advance(t_us)
        made = self._counted
        if self._counted < self._steps:
            self.end_us = t_us
        self._steps = self._counted = 0
        return made

    def enable(self, on: bool, t_us: int | None = None) -> None:
        """Switch the driver at t_us (None: the latest instant seen). A pulse at that instant saw the old state."""
        self.advance(self.now_us if t_us is None else t_us)
        self.enabled = on

    def stall(self, from_us: int, until_us: int) -> None:
        """Hold the rotor for pulses in [from_us, until_us); windows may overlap, none may begin in the past."""
        if from_us < self.now_us or until_us <= from_us:
            raise PlantError(
                f"stall from {from_us} us until {until_us} us refused: the plant is at {self.now_us} us; "
                "begin now or later and end after the beginning"
            )
        self.advance(self.now_us)
        merged: list[tuple[int, int]] = []
        for begin, end in sorted([*self._stalls, (from_us, until_us)]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self._stalls = merged

    def release(self) -> None:
        """Every stall ends at the latest instant seen."""
        self._stalls = []

    def slip(self, lost: tuple[int, int] | None) -> None:
        """(steps, packets): from now on one packet in so many loses so many steps; None: none does any more."""
        self.advance(self.now_us)
        self._slip = lost
        self._owed = self._packets = 0

    def idle_us(self, t_us: int) -> int:
        """Time since the last packet ended, us; 0 while one is in hand, very large when there was none."""
        return max(0, t_us - self.end_us)

    def _count(self, reached: int) -> None:
        moved = new = reached - self._counted
        if not self.enabled:
            moved = 0
        elif self._stalls:
            first, period = self._counted + 1, self._period_us
            for begin, end in self._stalls:
                # pulses k with begin <= start + k * period < end, both bounds rounded up
                low = max(first, -((self._start_us - begin) // period))
                high = min(reached, -((self._start_us - end) // period) - 1)
                moved -= max(0, high - low + 1)
        if self._owed and moved:
            paid = min(self._owed, moved)
            self._owed -= paid
            moved -= paid
        self._counted = reached
        self.pulses += new
        self.rotor_steps += moved
        if self._stalls:
            # a window over by the last counted pulse can hold no later one
            done_us = self._start_us + reached * self._period_us
            self._stalls = [window for window in self._stalls if window[1] > done_us]

    def _refuse(self, t_us: int, steps: int, period_us: int) -> NoReturn:
        what = f"packet of {steps} steps every {period_us} us at t = {t_us} us refused: "
        if steps < 0:
            raise PlantError(what + "the motor turns forward only; give 0 steps or more")
        if period_us < 1:
            raise PlantError(what + "the period is below 1 us; give at least 1 us")
        if t_us < self.now_us:
            raise PlantError(what + f"the plant is already at {self.now_us} us; queue in rising order of time")
        raise PlantError(what + f"motor busy with a packet until {self.end_us} us; wait for its end or stop it")
