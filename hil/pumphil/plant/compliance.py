"""Compliance: how much more a tube and the air in it hold at a higher pressure.

    tube_compliance_nl_per_kpa(length_m=1.0, bore_mm=0.5, outer_mm=1.5, modulus_kpa=3_000, poisson=0.5)   # 229

A thick-walled tube: C/length = (2 V'/E) ((ro^2 + ri^2)/(ro^2 - ri^2) + nu), V' its volume per length. Air: V/p_abs.
Both are taken as constant over the pressures of a pump; nothing here changes in time.
"""

import math


def tube_compliance_nl_per_kpa(
    length_m: float, bore_mm: float, outer_mm: float, modulus_kpa: float, poisson: float
) -> float:
    """Of an elastic tube, nL/kPa."""
    inner, outer = (bore_mm / 2) ** 2, (outer_mm / 2) ** 2
    volume_nl = math.pi * inner * length_m * 1e6  # 1 mm2 * 1 m = 1 mL = 1e6 nL
    return 2 * volume_nl / modulus_kpa * ((outer + inner) / (outer - inner) + poisson)


def air_compliance_nl_per_kpa(volume_nl: float, ambient_kpa: float) -> float:
    """Of a volume of air measured at ambient pressure, nL/kPa."""
    return volume_nl / ambient_kpa
