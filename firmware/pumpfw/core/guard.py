"""Inverse copies of what must not rot in RAM: mode, rate, end of the lockout, limits (PWR-11).

Compared at every wake, and so before every packet. 30 bits of each value: small on every interpreter.
"""

from pumpfw.core import durable

_MASK = (1 << 30) - 1
CELLS = 6


def keep(pump):
    """Renew the copies after a lawful change."""
    inverse = pump.inverse
    inverse[0] = ~pump.mode
    inverse[1] = ~pump.basal
    inverse[2] = ~(pump.history.locked_until_ms() & _MASK)
    inverse[3] = ~(pump.config.rate_max + pump.config.bolus_max)
    inverse[4] = ~pump.settings.rolling_nl
    inverse[5] = ~pump.numbers[durable.MINIMUM]


def broken(pump):
    """Whether one of the values is not what it was."""
    inverse = pump.inverse
    return (
        inverse[0] != ~pump.mode
        or inverse[1] != ~pump.basal
        or inverse[2] != ~(pump.history.locked_until_ms() & _MASK)
        or inverse[3] != ~(pump.config.rate_max + pump.config.bolus_max)
        or inverse[4] != ~pump.settings.rolling_nl
        or inverse[5] != ~pump.numbers[durable.MINIMUM]
    )
