"""The reservoir ledger: last confirmed fill minus every packet issued since (RES-01), and what a refill says of it.

    reservoir.fill(18_000_000, 7_200_000, b"baclofen", 2_000_000, now_ms)    # True: discrepancy (RES-07)

Debited by steps issued, never by the schedule. `Delivery.total` must go on counting across a reset (from the total
of the store, which holds at least what has gone out), so the content is never restored too high (RES-09). A measured
level is compared and never taken over. A change of calibration calls `settle()` first.
"""

import struct
from array import array

from pumpfw.core import durable
from pumpfw.core.wide import wide
from pumplink.device import DAY_MS

_FILL, _USED, _MARK = range(3)  # nL, nL up to the mark, steps at the mark: small numbers, looked at after every packet
_SINCE, _TUBE = range(2)  # pump ms of the fill, nL
_RATIOS = 10
_RATIO_ONE = 10_000
_RATIO_LEAST_NL = 1_000_000
_UNKNOWN = (1 << 30) - 1  # on the wire
_STATE = "<IIIqqHB8sI"  # and the ratios behind it
_STATE_SIZE = struct.calcsize(_STATE)


class Reservoir:
    """Content in nL; low and empty thresholds; what is in it; accuracy of the last refills; age of the tube."""

    __slots__ = (
        "filled", "drug", "concentration_ng_per_ml", "ratio",
        "_config", "_delivery", "_n", "_q", "_ratios", "_refills",
    )  # fmt: skip
    SIZE = _STATE_SIZE + 2 * _RATIOS

    def __init__(self, config, delivery):
        self.filled = False
        self.drug = b""
        self.concentration_ng_per_ml = 0
        self.ratio = 0  # delivered over programmed of the last refill in 1/10 000, 0 unknown
        self._config = config
        self._delivery = delivery
        self._n = array("I", (0, 0, 0))
        self._q = wide((0, 0))
        self._ratios = array("H", [0] * _RATIOS)
        self._refills = 0  # with a ratio; counts on from 10 to 19 and round again

    def fill(self, volume_nl, withdrawn_nl, drug, concentration_ng_per_ml, now_ms):
        """A confirmed refill: the content is now `volume_nl`. Returns `discrepancy` of what was taken out before."""
        self.settle()
        n = self._n
        discrepancy = self.discrepancy(withdrawn_nl)
        self.ratio = 0
        programmed_nl = n[_FILL] - self.remaining_nl()
        if self.filled and withdrawn_nl >= 0 and programmed_nl:
            ratio = (2 * (n[_FILL] - withdrawn_nl) * _RATIO_ONE + programmed_nl) // (2 * programmed_nl)
            self.ratio = max(1, min(0xFFFF, ratio))
            if programmed_nl >= _RATIO_LEAST_NL:  # below, the reading of the syringe is most of it: no part of a trend
                self._ratios[self._refills % _RATIOS] = self.ratio
                self._refills = self._refills + 1 if self._refills < 2 * _RATIOS - 1 else _RATIOS
        n[_FILL] = volume_nl
        n[_USED] = 0
        self._q[_SINCE] = now_ms
        self.drug = drug
        self.concentration_ng_per_ml = concentration_ng_per_ml
        self.filled = True
        return discrepancy

    def discrepancy(self, withdrawn_nl):
        """Whether the withdrawn volume is more than 1 mL or 14.5 % of the delivered from the ledger (RES-07).

        False if it was not measured (-1). After less than 2 mL delivered the error of a syringe alone (0.25 mL) may
        exceed 14.5 %: the alarm then asks for a second look, it is no proof.
        """
        if not self.filled or withdrawn_nl < 0:
            return False
        off_nl = abs(withdrawn_nl - self.remaining_nl())
        return off_nl > 1_000_000 or off_nl * 1_000 > 145 * self.since_fill_nl()

    def differs(self, drug, concentration_ng_per_ml):
        """Whether another drug or concentration is in it."""
        return self.filled and (drug != self.drug or concentration_ng_per_ml != self.concentration_ng_per_ml)

    def settle(self):
        """Turn the steps so far into volume, before their volume changes or a count starts anew."""
        n = self._n
        volume_nl = self._moved_nl()
        n[_USED] += volume_nl
        self._q[_TUBE] += volume_nl
        n[_MARK] = self._delivery.total

    def _moved_nl(self):
        return self._delivery.volume_nl(self._delivery.total - self._n[_MARK])

    def since_fill_nl(self):
        """Delivered since the refill."""
        return self._n[_USED] + self._moved_nl()

    def remaining_nl(self):
        """Content by the ledger, never negative."""
        return max(0, self._n[_FILL] - self.since_fill_nl())

    def levels(self):
        """1 at or below the low threshold, 3 at or below the empty one, else 0: after every packet."""
        if not self.filled:
            return 0
        n, delivery = self._n, self._delivery  # in one call: this is asked at every wake
        left_nl = n[_FILL] - n[_USED] - delivery.volume_nl(delivery.total - n[_MARK])
        if left_nl > self._config.low_nl:
            return 0
        return 3 if left_nl <= self._config.empty_nl else 1

    def lasts(self, volume_nl):
        """Whether `volume_nl` can be taken without falling below the empty threshold (RES-04)."""
        return self.remaining_nl() - volume_nl >= self._config.empty_nl

    def mismatch(self, level_nl):
        """Whether the measured level is off the ledger by more than 5 % and 0.5 mL. -1: not measured."""
        if not self.filled or level_nl < 0:
            return False
        ledger_nl = self.remaining_nl()
        return abs(level_nl - ledger_nl) > max(ledger_nl // 20, 500_000)

    def old(self, now_ms):
        """Whether the fill is older than it may be."""
        return self.filled and now_ms - self._q[_SINCE] > self._config.fill_age_ms

    def tube_nl(self):
        """Volume through this tube."""
        return self._q[_TUBE] + self._moved_nl()

    def new_tube(self):
        """A new tube was fitted."""
        self.settle()
        self._q[_TUBE] = 0

    def worn(self):
        """Whether the tube has reached its life."""
        return self.tube_nl() >= self._config.tube_life_nl

    def until_low_ms(self, now_ms, schedule, extra_nl_per_day):
        """Milliseconds until the low threshold, 0 if reached, -1 never (RES-06). Extra volume is spread over the day.

        Whole days (weeks with several profiles) are skipped as far as local time is then the same as now: across a
        change of it it is not, so that is walked through. Rates do not tell: an hour later they may be the same.
        """
        if not self.filled or not schedule.program.n:
            return -1
        units = (self.remaining_nl() - self._config.low_nl) * DAY_MS
        if units <= 0:
            return 0
        if schedule.program.n == 1:  # the same flow on any day, at any time
            rate = schedule.rate_and_left(now_ms)[0] + extra_nl_per_day
            return -(-units // rate) if rate else -1
        period_ms = DAY_MS if schedule.program.profiles < 2 else 7 * DAY_MS
        at_ms = now_ms
        if schedule.ms_of_day(now_ms + period_ms) != schedule.ms_of_day(now_ms):
            at_ms += period_ms  # a change lies in the first one
        # in units: rounded to nL, a tiny volume would be off by days
        plain = schedule.units(at_ms, period_ms) + extra_nl_per_day * period_ms
        if not plain:
            return -1
        at_ms = now_ms
        while True:
            here = schedule.ms_of_day(at_ms)
            skipped = (units - 1) // plain
            while skipped and schedule.ms_of_day(at_ms + skipped * period_ms) != here:
                skipped //= 2
            units -= skipped * plain
            at_ms += skipped * period_ms
            end_ms = at_ms + period_ms
            while at_ms < end_ms:
                rate, span_ms = schedule.rate_and_left(at_ms)
                rate += extra_nl_per_day
                if rate * span_ms >= units:
                    return at_ms - now_ms - (-units // rate)
                units -= rate * span_ms
                at_ms += span_ms

    def report(self, now_ms, to_low_min, worst_min, level_nl, unconfirmed_steps=0):
        """Values of GET_RESERVOIR in order; -1 for a time or the level means unknown."""
        count = min(self._refills, _RATIOS)
        return (
            self.remaining_nl(), self._n[_FILL], min(self.since_fill_nl(), _UNKNOWN),
            min((now_ms - self._q[_SINCE]) // 1_000, _UNKNOWN) if self.filled else 0,
            to_low_min if 0 <= to_low_min < _UNKNOWN else _UNKNOWN,
            worst_min if 0 <= worst_min < _UNKNOWN else _UNKNOWN,
            level_nl if 0 <= level_nl < _UNKNOWN else _UNKNOWN,
            min(self._delivery.volume_nl(unconfirmed_steps), _UNKNOWN), self.tube_nl(),
            self.ratio, count, sum(self._ratios) // count if count else 0, self.drug, self.concentration_ng_per_ml,
        )  # fmt: skip

    def save(self, buf, at):
        """Write the state into `buf` at `at`; returns the place behind it."""
        n, q = self._n, self._q
        struct.pack_into(
            _STATE, buf, at, n[0], n[1], n[2], q[0], q[1], self.ratio, self._refills, self.drug,
            self.concentration_ng_per_ml
        )  # fmt: skip
        return durable.put(self._ratios, buf, at + _STATE_SIZE)

    def load(self, buf, at):
        """Take the state from `buf` at `at`; returns the place behind it."""
        n, q = self._n, self._q
        (
            n[0], n[1], n[2], q[0], q[1], self.ratio, self._refills, self.drug, self.concentration_ng_per_ml
        ) = struct.unpack_from(_STATE, buf, at)  # fmt: skip
        for i in range(_RATIOS):
            self._ratios[i] = struct.unpack_from("<H", buf, at + _STATE_SIZE + 2 * i)[0]
        self.filled = self._n[_FILL] > 0
        return at + self.SIZE
