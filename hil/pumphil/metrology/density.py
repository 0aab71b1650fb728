"""Density of water and of moist air, and the factor Z that turns a balance reading into a volume.

    z_factor_ul_per_mg(22.0)                  # 1.00328

Sources: water, Tanaka et al., Metrologia 38 (2001) 301 (the CIPM formula, 0 to 40 degrees C); air, the simplified
formula of OIML R 111-1; Z as used in ISO 8655-6, with weights of 8000 kg/m3. Air-free pure water only: salt
solutions are denser (0.9 % saline by about 0.6 %) and are not in this formula.
"""

import math

from pumphil.metrology.errors import MeasurementError

FIXED_G_PER_ML = 0.998  # what the infusion-pump tests divide a reading by; 0.085 % above 1/Z at 20 degrees C
WEIGHT_KG_PER_M3 = 8000.0  # conventional density of the weights a balance is adjusted with

_TANAKA = (-3.983035, 301.797, 522528.9, 69.34881, 999.974950)


def water_kg_per_m3(temperature_c: float) -> float:
    """Density of air-free water, kg/m3, at 101 325 Pa. MeasurementError outside 0 to 40 degrees C."""
    if not 0.0 <= temperature_c <= 40.0:
        raise MeasurementError(
            f"density of water refused: {temperature_c} degrees C is outside the formula's 0 to 40; "
            "check the thermometer and its unit"
        )
    a1, a2, a3, a4, a5 = _TANAKA
    return a5 * (1 - (temperature_c + a1) ** 2 * (temperature_c + a2) / (a3 * (temperature_c + a4)))


def air_kg_per_m3(temperature_c: float, pressure_hpa: float = 1013.25, humidity_percent: float = 50.0) -> float:
    """Density of moist air, kg/m3. MeasurementError outside 600 to 1100 hPa or 0 to 100 % relative humidity."""
    if not 600.0 <= pressure_hpa <= 1100.0:
        raise MeasurementError(
            f"density of air refused: {pressure_hpa} hPa is outside 600 to 1100; give the station pressure in hPa"
        )
    if not 0.0 <= humidity_percent <= 100.0:
        raise MeasurementError(f"density of air refused: {humidity_percent} % relative humidity is outside 0 to 100")
    vapour = 0.009 * humidity_percent * math.exp(0.061 * temperature_c)
    return (0.34848 * pressure_hpa - vapour) / (273.15 + temperature_c)


def z_factor_ul_per_mg(temperature_c: float, pressure_hpa: float = 1013.25, humidity_percent: float = 50.0) -> float:
    """Volume per milligram of balance reading, uL/mg, for water at the temperature of the air around it."""
    air = air_kg_per_m3(temperature_c, pressure_hpa, humidity_percent)
    return 1000.0 / (water_kg_per_m3(temperature_c) - air) * (1 - air / WEIGHT_KG_PER_M3)
