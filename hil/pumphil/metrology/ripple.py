"""What a trumpet must look like without any fault: pumps that pulsate evenly, and pumps that dose in packets.

    sinusoid_percent(amplitude=0.10, period_min=8, window_min=5)    # 4.705: the curve is at +-4.705 %
    packet_percent(packet_ul=5.39, rate_ul_per_min=1000 / 1440, window_min=60)

Both hold for windows that start at every possible phase; a log of finite interval sees at most this much.
"""

import math
from fractions import Fraction

from pumphil.metrology.errors import MeasurementError

Exact = int | float | Fraction


def sinusoid_percent(amplitude: float, period_min: float, window_min: float) -> float:
    """Half height of the trumpet, %, for a flow of rate * (1 + amplitude * sin(2 pi t / period))."""
    if not (period_min > 0 and window_min > 0):
        raise MeasurementError(f"ripple refused: period {period_min} min, window {window_min} min; give both above 0")
    turns = window_min / period_min
    if turns == round(turns):  # sin() of a multiple of pi is not quite 0
        return 0.0
    return abs(100 * amplitude * math.sin(math.pi * turns) / (math.pi * turns))


def packet_percent(packet_ul: Exact, rate_ul_per_min: Exact, window_min: Exact) -> tuple[float, float]:
    """(lower, upper) end of the trumpet, %, for packets that come at once and evenly; exact in the numbers given."""
    packet, rate, window = Fraction(packet_ul), Fraction(rate_ul_per_min), Fraction(window_min)
    if not (packet > 0 and rate > 0 and window > 0):
        raise MeasurementError(
            f"packets refused: {packet_ul} uL at {rate_ul_per_min} uL/min in {window_min} min; give numbers above 0"
        )
    packets = window * rate / packet
    return float(100 * (math.floor(packets) / packets - 1)), float(100 * (math.ceil(packets) / packets - 1))
