"""Port `Annunciator`: two lamps and a buzzer, all three by PWM; what blinks or ends is `tick`'s business.

PWM of this chip is not slower than 8 Hz, so a lamp that blinks is switched in the wait of the main loop.
"""

from machine import PWM, Pin

_LAMP_HZ, _TONE_HZ, _SECOND_TONE_HZ = 1_000, 2_400, 1_800
_FULL, _HALF = 65_535, 32_768
_STEADY, _YELLOW, _RED = 1, 2, 3
_YELLOW_MS, _RED_MS = 1_000, 250  # half a period of 0.5 Hz and of 2 Hz
_BURST_MS = 0, 1_000, 3_000
_NOTE_MS = 250  # two tones take turns


class Annunciator:
    """Patterns as `ports` says."""

    def __init__(self, red, yellow, buzzer):
        self._red = PWM(Pin(red), freq=_LAMP_HZ, duty_u16=0)
        self._yellow = PWM(Pin(yellow), freq=_LAMP_HZ, duty_u16=0)
        self._buzzer = PWM(Pin(buzzer), freq=_TONE_HZ, duty_u16=0)
        self._light = self._sound = 0
        self._since = -1  # ticks at which the burst began; -1: at the next tick
        self._lit = -1

    def light(self, pattern):
        self._light = pattern

    def sound(self, pattern):
        self._sound = pattern
        self._since = -1
        if not pattern:
            self._buzzer.duty_u16(0)

    def tick(self, ticks):
        """At tick `ticks` (ms, wrapping): lamps and buzzer as they are to be now."""
        lit = self._light
        if (lit == _YELLOW and ticks // _YELLOW_MS & 1) or (lit == _RED and ticks // _RED_MS & 1):
            lit = 0
        if lit != self._lit:
            self._lit = lit
            self._red.duty_u16(_FULL if lit == _RED else 0)
            self._yellow.duty_u16(_FULL if lit in (_STEADY, _YELLOW) else 0)
        if self._sound:
            if self._since < 0:
                self._since = ticks
                self._buzzer.freq(_TONE_HZ)
                self._buzzer.duty_u16(_HALF)
            played = (ticks - self._since) & 0x3FFFFFFF
            if played >= _BURST_MS[self._sound]:
                self.sound(0)
            elif self._sound == 2:
                self._buzzer.freq(_SECOND_TONE_HZ if played // _NOTE_MS & 1 else _TONE_HZ)
