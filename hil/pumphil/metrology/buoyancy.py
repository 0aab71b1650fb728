"""Air and liquid that carry part of the load: drift of the vessel's buoyancy, and of an immersed outlet tip.

    vessel_drift_mg(vessel_cm3=70, vessel_g=100, air_change_kg_per_m3=0.0118)   # 0.68 mg for 10 hPa

Air that becomes denser makes the reading lower by the drift. Deliberately not here: the constant part of buoyancy,
which is in the factor Z (density.py).
"""

import math

from pumphil.metrology.density import WEIGHT_KG_PER_M3, water_kg_per_m3


def vessel_drift_mg(vessel_cm3: float, vessel_g: float, air_change_kg_per_m3: float) -> float:
    """Change of the reading, mg, as a size: (volume - mass/8000) times the change of air density.

    vessel_cm3, vessel_g  volume (glass and liquid) and mass of what stands on the pan
    """
    unbalanced_cm3 = vessel_cm3 - vessel_g * 1000 / WEIGHT_KG_PER_M3
    return unbalanced_cm3 * air_change_kg_per_m3  # cm3 * kg/m3 = mg


def immersed_tip_mg(outer_diameter_mm: float, rise_mm: float, temperature_c: float = 20.0) -> float:
    """Apparent gain, mg, when liquid rises by `rise_mm` around an outlet tube held from outside: subtract it."""
    area_mm2 = math.pi * outer_diameter_mm**2 / 4
    return water_kg_per_m3(temperature_c) * area_mm2 * rise_mm / 1000  # kg/m3 * mm3 = ug
