"""Occlusion: what a closed line stores until its pressure is noticed, and gives back when it opens.

    time_to_pressure_s(1_216, 100, 1e6 / 86_400)     # 2.9 h at 1 mL/day
    stored_nl(1_216, 100)                            # and then a bolus of as much

Plain laws of C dp/dt = q, for expectations; the plant itself integrates its line (`circuit.py`).
"""


def stored_nl(compliance_nl_per_kpa: float, kpa: float) -> float:
    """Volume that a line holds more under a pressure, nL; the bolus after an occlusion that is released there."""
    return compliance_nl_per_kpa * kpa


def time_to_pressure_s(compliance_nl_per_kpa: float, kpa: float, flow_nl_per_s: float) -> float:
    """Time from the occlusion to a pressure at a mean flow, s."""
    return compliance_nl_per_kpa * kpa / flow_nl_per_s


def packet_signature_kpa(packet_nl: float, compliance_nl_per_kpa: float) -> float:
    """Rise of pressure that one packet leaves behind in a closed line, kPa; in an open one it is gone in a second."""
    return packet_nl / compliance_nl_per_kpa
