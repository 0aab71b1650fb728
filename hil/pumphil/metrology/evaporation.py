"""Evaporation from the receiving vessel: what a blank run or a control vessel tells, and the mass to add back.

    rate = blank_rate_mg_per_h(before=0.130, after=0.124); corrected_gain_mg(994.1, rate, hours=24.0)
    control_gain_mg(994.1, control_start_mg=5_000.0, control_end_mg=4_996.9)

Evaporation makes every later reading too low, so the loss is added. The before/after method takes the mean of two
blank runs (2 h each or longer); the side-by-side method weighs an equal vessel on a second balance. The model of the
opening is for planning and for simulated vessels: a rate that goes into a verdict is measured.
"""

import math

from pumphil.metrology.errors import MeasurementError

DIFFUSION_M2_PER_S = 2.5e-5  # water vapour in air near 22 degrees C
_VAPOUR_J_PER_KG_K = 461.5  # gas constant of water vapour


def blank_rate_mg_per_h(before: float, after: float) -> float:
    """Rate of loss during the run, mg/h, from the losses of the blank runs around it (a loss is positive)."""
    return (before + after) / 2


def corrected_gain_mg(gain_mg: float, rate_mg_per_h: float, hours: float) -> float:
    """Mass that arrived, mg: the gain of the reading plus what evaporated meanwhile. MeasurementError for hours < 0."""
    if not hours >= 0:
        raise MeasurementError(
            f"evaporation correction refused: {hours} h between the readings; give the earlier one first"
        )
    return gain_mg + rate_mg_per_h * hours


def control_gain_mg(
    gain_mg: float, control_start_mg: float, control_end_mg: float, surface_ratio: float = 1.0
) -> float:
    """Mass that arrived, mg: the gain of the reading plus what an equal vessel without inflow lost meanwhile.

    surface_ratio: area of the opening of the receiver by that of the control vessel, 1 for equal ones.
    """
    if not 0 < surface_ratio < math.inf:
        raise MeasurementError(
            f"control vessel refused: surface ratio {surface_ratio}; give receiver by control, more than 0"
        )
    return gain_mg + (control_start_mg - control_end_mg) * surface_ratio


def saturation_g_per_m3(temperature_c: float) -> float:
    """Mass of water vapour in saturated air, g/m3, by the Magnus formula (WMO No. 8 coefficients, -45 to 60 C)."""
    if not -45.0 <= temperature_c <= 60.0:
        raise MeasurementError(
            f"saturation refused: {temperature_c} degrees C is outside the formula's -45 to 60; check the unit"
        )
    pressure_pa = 611.2 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
    return 1000 * pressure_pa / (_VAPOUR_J_PER_KG_K * (273.15 + temperature_c))


def opening_rate_mg_per_h(
    diameter_mm: float, depth_mm: float, temperature_c: float = 22.0, humidity_percent: float = 50.0
) -> float:
    """Loss through a round opening, mg/h: Fick's law through a neck of `depth_mm` above the liquid, in still air."""
    if not (diameter_mm > 0 and depth_mm >= 0 and 0 <= humidity_percent <= 100):
        raise MeasurementError(
            f"opening refused: {diameter_mm} mm wide, {depth_mm} mm above the liquid, {humidity_percent} % humidity; "
            "give a width above 0, a depth of 0 or more and 0 to 100 %"
        )
    diameter_m, depth_m = diameter_mm / 1000, depth_mm / 1000
    lacking_g_per_m3 = saturation_g_per_m3(temperature_c) * (1 - humidity_percent / 100)
    area_m2 = math.pi * diameter_m**2 / 4
    grams_per_s = DIFFUSION_M2_PER_S * area_m2 * lacking_g_per_m3 / (depth_m + math.pi * diameter_m / 8)
    return grams_per_s * 1000 * 3600
