"""Lamps and buzzer of the emulated Pico, looked at and listened to: from the edges on their pins alone.

A lamp that was just lit may be steady or begin to blink, and a burst has one tone or two: both need a while to tell.
"""

from __future__ import annotations

LOOK_US = 1_100_000  # longer than half a period of the slowest pattern (0.5 Hz)
PAUSE_US = 100_000  # a pause of the buzzer so long ends a burst
TELL_US = 350_000  # after which a burst with two tones has had both
HIGH_TONE_US, LOW_TONE_US = 417, 556  # periods of 2 400 and 1 800 Hz
BETWEEN_US = (HIGH_TONE_US + LOW_TONE_US) // 2
OFF, STEADY, YELLOW, RED = range(4)


class Lamp:
    """One lamp: its level, and which levels it had since the look began."""

    def __init__(self) -> None:
        self.lit = False
        self._seen = {False}

    def changed(self, high: bool) -> None:
        """An edge on its pin."""
        self.lit = high
        self._seen.add(high)

    def begin(self) -> None:
        """A look begins."""
        self._seen = {self.lit}

    @property
    def seen(self) -> set[bool]:
        """Levels since the look began."""
        return self._seen


class Lamps:
    """A red and a yellow lamp. `begin`, then LOOK_US later `pattern`."""

    def __init__(self) -> None:
        self.red, self.yellow = Lamp(), Lamp()

    def begin(self) -> None:
        """A look begins."""
        self.red.begin()
        self.yellow.begin()

    def pattern(self) -> int:
        """0 dark, 1 yellow and steady, 2 yellow that blinks, 3 red."""
        if True in self.red.seen:
            return RED
        if True not in self.yellow.seen:
            return OFF
        return YELLOW if False in self.yellow.seen else STEADY


class Buzzer:
    """Bursts of sound as [begin in us, pattern]: 1 for one tone, 2 for two."""

    def __init__(self) -> None:
        self.bursts: list[list[int]] = []
        self._last_us = -PAUSE_US

    def rise(self, t_us: int) -> None:
        """A rising edge on its pin."""
        period_us = t_us - self._last_us
        self._last_us = t_us
        if period_us >= PAUSE_US:
            self.bursts.append([t_us, 1])
        elif period_us > BETWEEN_US:
            self.bursts[-1][1] = 2
