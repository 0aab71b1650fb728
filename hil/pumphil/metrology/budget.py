"""Named budgets: what may lie between two numbers for one volume, term by term, in nL.

    budget = instrument_budget(1_000_000, 24.0, pump=plant.parameters, instrument=balance.parameters, packet_steps=46)
    decide(error_nl, budget.uncertainty_nl, budget.tolerance_nl)

Two kinds of term, never mixed:

tolerance     half widths, what the pump under test is allowed; they add linearly to `tolerance_nl`:
              quantisation (one packet in hand), calibration (volume per turn), pulsation (rotor phase)
uncertainty   expanded uncertainties (k = 2) of the measurement; independent, they add in quadrature to
              `uncertainty_nl`: evaporation (of its correction), instrument (the readings)

Which limit goes with which comparison:

pump against oracle         tolerance = pump_budget(...).tolerance_nl, uncertainty 0
instrument against pump     tolerance = instrument_budget(...).tolerance_nl, U = its uncertainty_nl
instrument against oracle   tolerance = flow_tolerance_nl(...), 5 % (FLOW-02): calibration and pulsation are the
                            pump's own and must fit inside it; U = instrument_budget(...).uncertainty_nl

Facts about pump and instrument come in through the two protocols below, so that the judge needs neither.
Deliberately not here: buoyancy drift, outlet drops and air in the line, which nothing simulates yet.
"""

import math
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Protocol

COVERAGE_FACTOR = 2.0
FLOW_TOLERANCE = Fraction(5, 100)  # FLOW-02

TOLERANCE_TERMS = ("quantisation", "calibration", "pulsation")
UNCERTAINTY_TERMS = ("evaporation", "instrument")


class PumpFacts(Protocol):
    """What a budget must know about a pump."""

    @property
    def nl_per_rev(self) -> float:
        """Declared volume per turn, nL."""

    @property
    def nl_per_step(self) -> float:
        """Declared volume of one full step, nL."""

    @property
    def calibration_limit(self) -> float:
        """Largest relative deviation of the volume per turn that a good pump may have."""

    @property
    def ripple_nl(self) -> float:
        """Most that rotor phase can add to a difference of two outlet volumes, nL."""


class InstrumentFacts(Protocol):
    """What a budget must know about an instrument that measures a volume as a difference of two readings."""

    @property
    def sees_outlet(self) -> bool:
        """True when it measures liquid that came out, False when it watches the rotor."""

    def reading_uncertainty_nl(self, nl_per_rev: float) -> float:
        """Standard uncertainty of a difference of two readings, nL."""

    def evaporation_uncertainty_nl(self, hours: float) -> float:
        """Standard uncertainty of the evaporation correction over that time, nL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Terms in nL, each 0 or more and finite (ValueError otherwise). Build one with the functions below."""

    quantisation: float = 0.0
    calibration: float = 0.0
    pulsation: float = 0.0
    evaporation: float = 0.0
    instrument: float = 0.0

    def __post_init__(self) -> None:
        for name, value in self.terms.items():
            if not 0 <= value < math.inf:
                raise ValueError(f"budget refused: term {name} is {value} nL; give 0 or more and finite")

    @property
    def terms(self) -> dict[str, float]:
        """Every term by name, in the order of declaration; zero terms included, so that they are seen to be zero."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def tolerance_nl(self) -> float:
        """What the pump is allowed: the linear sum of the half widths."""
        return math.fsum(getattr(self, name) for name in TOLERANCE_TERMS)

    @property
    def uncertainty_nl(self) -> float:
        """Expanded uncertainty U (k = 2) of the measurement: the root of the sum of squares."""
        return math.hypot(*(getattr(self, name) for name in UNCERTAINTY_TERMS))

    @property
    def total_nl(self) -> float:
        """Largest difference between the two numbers that still needs no explanation: tolerance + U."""
        return self.tolerance_nl + self.uncertainty_nl


def pump_budget(pump: PumpFacts, packet_steps: int) -> Budget:
    """Pump's account against the oracle: one packet, nothing else."""
    _positive_packet(packet_steps)
    return Budget(quantisation=packet_steps * pump.nl_per_step)


def instrument_budget(
    delivered_nl: float, hours: float, pump: PumpFacts, instrument: InstrumentFacts, packet_steps: int
) -> Budget:
    """Instrument against the pump's account, for a volume measured between two readings `hours` apart.

    delivered_nl is the pump's (or the oracle's) volume, nL; packet_steps the largest packet of the window. An
    instrument on the rotor sees neither calibration nor pulsation, so these terms are 0 for it, and with it
    nothing may be claimed about the outlet. ValueError: negative volume or time, a packet of 0 steps.
    """
    _positive_packet(packet_steps)
    if not 0 <= delivered_nl < math.inf or not 0 <= hours < math.inf:
        raise ValueError(f"budget refused: {delivered_nl} nL in {hours} h; give a volume and a time of 0 or more")
    return Budget(
        # one packet half done at either end of the window, of opposite effect: never more than one in total
        quantisation=packet_steps * pump.nl_per_step,
        calibration=pump.calibration_limit * delivered_nl if instrument.sees_outlet else 0.0,
        pulsation=pump.ripple_nl if instrument.sees_outlet else 0.0,
        evaporation=COVERAGE_FACTOR * instrument.evaporation_uncertainty_nl(hours),
        instrument=COVERAGE_FACTOR * instrument.reading_uncertainty_nl(pump.nl_per_rev),
    )


def flow_tolerance_nl(expected_nl: int | Fraction) -> Fraction:
    """What FLOW-02 allows at the outlet against the prescription: 5 % of the exact expected volume, nL."""
    if expected_nl < 0:
        raise ValueError(f"tolerance refused: expected volume is {expected_nl} nL; give 0 or more")
    return FLOW_TOLERANCE * expected_nl


def _positive_packet(packet_steps: int) -> None:
    if packet_steps < 1:
        raise ValueError(f"budget refused: a packet of {packet_steps} steps; give the largest packet, at least 1 step")
