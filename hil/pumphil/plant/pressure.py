"""Back pressure and head: what pressures on both sides of the pump do to its volume, and siphons through an open one.

pressure_gain(0.0, 40.0, per_kpa=0.003)          # 0.88
siphon_nl_per_s(0.5, 5.87e-4)                    # 0.50 mL/min
"""

WATER_KPA_PER_M = 0.9982067 * 9.80665  # density at 20 degrees C, times g


def head_kpa(metres: float) -> float:
    """Hydrostatic pressure of a column of water, kPa."""
    return WATER_KPA_PER_M * metres


def pressure_gain(inlet_kpa: float, outlet_kpa: float, per_kpa: float) -> float:
    """Factor on the volume per turn, from the pressures before a packet: what it adds itself is in the calibration."""
    return max(0.0, 1 + per_kpa * (inlet_kpa - outlet_kpa))


def siphon_nl_per_s(head_m: float, resistance_kpa_s_per_nl: float) -> float:
    """Flow through a tube that no roller closes, nL/s."""
    return head_kpa(head_m) / resistance_kpa_s_per_nl
