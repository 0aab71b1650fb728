"""Sensors: thresholds, plausible ranges, both buttons and the second clock, in every mode (ALM-08).

    sensors = Sensors(port, alarms)
    wait_ms = sensors.poll(now_ms)          # at every wake; then pressed(), stop_pressed()

A channel is looked at only when it has left the band in which it changes nothing; the board is told the same band, so
it wakes the core at the instant of the change. A channel that was ABSENT from the start is not fitted; one that was
there once is faulty when it is ABSENT or outside its physical range, and then decides nothing else (HW-07). A reading
that stands still while it should move is found elsewhere: the rotor by the supervisor, the second clock and the bolus
button here. Deliberately not here: what the rotor means, what happens after an alarm.
"""

from array import array

from pumpfw.core.ports import ABSENT
from pumplink.device import (
    ALARM_AIR,
    ALARM_BUTTON,
    ALARM_COVER,
    ALARM_INLET,
    ALARM_OCCLUSION,
    ALARM_SELF_TEST,
    ALARM_SENSOR,
    ALARM_SUPPLY_CRITICAL,
    ALARM_SUPPLY_LOW,
    ALARM_TEMPERATURE,
    ALARM_TIME,
    SENSE_AIR,
    SENSE_BUTTON,
    SENSE_COVER,
    SENSE_INLET,
    SENSE_LEVEL,
    SENSE_OUTLET,
    SENSE_ROTOR,
    SENSE_STOP,
    SENSE_SUPPLY,
    SENSE_TEMPERATURE,
    SENSE_TEST,
    SENSE_TICKS,
)

MASK = (1 << 30) - 1
CHANNELS = 12
DEBOUNCE_MS = 50
HELD_MS = 60_000
RELEASED_MS = 10_000
COMPARE_MS = 30_000  # no shorter span between two comparisons of the clocks: 2 % of it are 600 ms
NEVER_MS = 3_600_000
# lowest and highest reading that is physically possible, channel by channel (HW-07)
RANGES = (
    0, MASK, -100_000, 300_000, -100_000, 100_000, 0, 1_000_000, 0, 100_000_000, 1_000, 7_000, -40_000, 125_000,
    0, 1, 0, 1, 0, 1, 0, MASK, 0, 65_535,
)  # fmt: skip
# channel, sign, alarm comes above, alarm goes at or below: both for sign * reading
ROWS = (
    SENSE_OUTLET, 1, 70_000, 65_000, ALARM_OCCLUSION,  # HW-03
    SENSE_INLET, -1, 7_000, 6_500, ALARM_INLET,  # HW-05
    SENSE_AIR, 1, 50_000, 40_000, ALARM_AIR,  # HW-06
    SENSE_SUPPLY, -1, -4_500, -4_600, ALARM_SUPPLY_LOW,  # PWR-13
    SENSE_SUPPLY, -1, -4_200, -4_300, ALARM_SUPPLY_CRITICAL,
    SENSE_TEMPERATURE, 1, 55_000, 49_999, ALARM_TEMPERATURE,  # PWR-14
    SENSE_COVER, 1, 0, 0, ALARM_COVER,  # HW-09
    SENSE_TEST, 1, 0, 0, ALARM_SELF_TEST,
)  # fmt: skip

# state of the buttons, in `_state`
PRESSED = 1  # the bolus button, debounced
NEWS = 2  # and it was not before
STUCK = 4
STOP_HELD = 8
STOP_NEWS = 16
STARTED = 32

TIME_TOLD = 256  # in `_told`, behind one bit for each of the ROWS
# times, in `_at`: last edge of the bolus button, of the stop button, of the press in hand; clocks when last compared
BUTTON_AT = 0
STOP_AT = 1
PRESSED_AT = 2
FIRST_CLOCK = 3
SECOND_CLOCK = 4


class Sensors:
    """`faults`: one bit per channel that is faulty. `tick_ms`: what one tick of either clock is worth (TIME-10)."""

    __slots__ = (
        "faults",
        "news",
        "_port",
        "_alarms",
        "_band",
        "_fitted",
        "_told",
        "_state",
        "_at",
        "_tick_ms",
        "_quiet",
    )

    def __init__(self, port, alarms, tick_ms=1):
        self._port = port
        self._alarms = alarms
        self._tick_ms = tick_ms
        self._band = array("i", (1, 0) * CHANNELS)  # nothing is inside: every channel is looked at once
        self._at = array("i", (0, 0, 0, 0, ABSENT))  # ms modulo 2^30
        self.faults = self._fitted = self._told = self._state = 0
        self.news = False  # a press waits to be asked for
        self._quiet = False  # no button is down or being debounced

    def poll(self, now_ms):
        """Read every channel if any has changed. Returns the ms after which it wants to be called again."""
        if self._quiet and not self._port.changed():
            return NEVER_MS
        read = self._port.read
        band = self._band
        at = 0
        for channel in range(CHANNELS):
            reading = read(channel)
            if reading < band[at] or reading > band[at + 1]:
                self._look(channel, reading, now_ms)
            at += 2
        self._quiet = self._state == STARTED and band[2 * SENSE_BUTTON] != 1 and band[2 * SENSE_STOP] != 1
        if self._quiet:
            return NEVER_MS
        wait = self._buttons(now_ms)
        self.news = self._state & (NEWS | STOP_NEWS) != 0
        return wait

    def _look(self, channel, reading, now_ms):
        """A reading has left its band: tell the alarms what changed, and set the band of what may change next."""
        bit = 1 << channel
        low = RANGES[2 * channel]
        high = RANGES[2 * channel + 1]
        if reading == ABSENT and not self._fitted & bit:
            self._band[2 * channel] = self._band[2 * channel + 1] = ABSENT
            return
        self._fitted |= bit
        before = self.faults
        if reading < low or reading > high:
            self.faults |= bit
            if reading < low:
                high = low - 1
                low = ABSENT
            else:
                low = high + 1
                high = MASK
        else:
            self.faults &= ~bit
            mark = 1
            for row in range(0, len(ROWS), 5):
                if ROWS[row] == channel:
                    sign = ROWS[row + 1]
                    present = self._told & mark != 0
                    value = sign * reading
                    if (value <= ROWS[row + 3]) if present else (value > ROWS[row + 2]):
                        present = not present
                        self._told ^= mark
                        self._alarms.update(ROWS[row + 4], present, now_ms)
                    edge = sign * (ROWS[row + 3] + 1 if present else ROWS[row + 2])
                    if (sign > 0) == present:
                        low = max(low, edge)
                    else:
                        high = min(high, edge)
                mark <<= 1
            if channel in (SENSE_BUTTON, SENSE_STOP):
                low = high = reading  # every edge counts
        if channel == SENSE_TEST and 0 < reading <= RANGES[2 * SENSE_TEST + 1]:
            self._alarms.tested(reading, now_ms)
            low = high = reading  # another part that fails is another record
        if channel == SENSE_BUTTON:
            self._at[BUTTON_AT] = now_ms & MASK
        elif channel == SENSE_STOP:
            self._at[STOP_AT] = now_ms & MASK
        self._band[2 * channel] = low
        self._band[2 * channel + 1] = high
        if channel != SENSE_ROTOR:  # its band is the supervisor's
            self._port.watch(channel, low, high)
        if self.faults != before:
            self._alarms.update(ALARM_SENSOR, self.faults != 0, now_ms)

    def _buttons(self, now_ms):
        """BOL-11: 50 ms of debounce; held for more than 60 s is a fault until released for 10 s."""
        band = self._band
        at = self._at
        state = self._state & ~NEWS
        now = now_ms & MASK
        wait = NEVER_MS
        down = band[2 * SENSE_BUTTON] == 1
        since = (now - at[BUTTON_AT]) & MASK
        if not state & STARTED:  # a button held since before the start asks for nothing (BOL-01)
            state |= STARTED | PRESSED if down else STARTED
            at[PRESSED_AT] = now
        elif down != (state & PRESSED != 0):
            if since < DEBOUNCE_MS:
                wait = DEBOUNCE_MS - since
            elif down:
                state |= PRESSED if state & STUCK else PRESSED | NEWS
                at[PRESSED_AT] = at[BUTTON_AT]
            else:
                state &= ~PRESSED
        if state & STUCK:
            if not down:
                if since >= RELEASED_MS:
                    state &= ~STUCK
                    self._alarms.update(ALARM_BUTTON, False, now_ms)
                else:
                    wait = min(wait, RELEASED_MS - since)
        elif state & PRESSED:
            held = (now - at[PRESSED_AT]) & MASK
            if held > HELD_MS:
                state |= STUCK
                self._alarms.update(ALARM_BUTTON, True, now_ms)
            else:
                wait = min(wait, HELD_MS + 1 - held)
        if band[2 * SENSE_STOP] == 1:
            if not state & STOP_HELD:  # the first edge stops
                state |= STOP_HELD | STOP_NEWS
        elif state & STOP_HELD:
            since = (now - at[STOP_AT]) & MASK
            if since < DEBOUNCE_MS:
                wait = min(wait, DEBOUNCE_MS - since)
            else:
                state &= ~STOP_HELD
        self._state = state
        return wait

    def pressed(self, now_ms):
        """True once for a press of the bolus button; one not asked for in its own wake is lost, never queued."""
        news = self._state & NEWS
        self._state &= ~NEWS
        return news != 0

    def stop_pressed(self, now_ms):
        """True once for a press of the stop button; it waits until somebody asks."""
        news = self._state & STOP_NEWS
        self._state &= ~STOP_NEWS
        return news != 0

    def clocks(self, now_ms):
        """TIME-06: the second clock against pump time. Returns the ms after which it wants to be called again."""
        at = self._at
        second = self._port.read(SENSE_TICKS)
        if second < 0:
            at[SECOND_CLOCK] = ABSENT
            return NEVER_MS
        if at[SECOND_CLOCK] != ABSENT:
            span = (now_ms - at[FIRST_CLOCK]) & MASK
            if span < COMPARE_MS:
                return 2 * COMPARE_MS - span
            off = (second - at[SECOND_CLOCK]) & MASK
            off = off - span if off > span else span - off
            if (50 * (off - self._tick_ms) > span) != (self._told & TIME_TOLD != 0):
                self._told ^= TIME_TOLD
                self._alarms.update(ALARM_TIME, self._told & TIME_TOLD != 0, now_ms)
        at[FIRST_CLOCK] = now_ms & MASK
        at[SECOND_CLOCK] = second
        return 2 * COMPARE_MS

    def change_port(self, port):
        """Look at other sensors from now on."""
        self._port = port
        self._quiet = False

    def unmonitored(self):
        """One bit for each channel that has never given a reading."""
        return (1 << CHANNELS) - 1 & ~self._fitted

    def level_nl(self):
        """Measured content of the reservoir, or -1 without a sensor that can be believed."""
        level = self._port.read(SENSE_LEVEL)
        return level if 0 <= level <= RANGES[2 * SENSE_LEVEL + 1] else -1
