"""Uncertainty budget of one weighed delivery, after the GUM: named terms, their shares, the expanded uncertainty.

    sources = Sources(readability_mg=0.1, evaporation_mg_per_h=0.0175)
    budget = delivery_budget(sources, gain_mg=996.8, hours=24.0, ul_per_mg=1.00328)
    budget.expanded_ul                                             # 1.8

Model: V = (gain + evaporation * time) * factor + what stayed at the tip + air that came out. All terms are taken as
independent. Some stay the same however long the run is, others grow with it; that is what tells whether a longer run
helps. Deliberately not here: correlated terms and degrees of freedom (k is 2 throughout).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pumphil.metrology.density import z_factor_ul_per_mg
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.resolution import COVERAGE_FACTOR

Shape = Literal["standard", "rectangular"]
RECTANGULAR = 1 / math.sqrt(3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One contribution. `basis` says in words where its figure comes from."""

    name: str
    standard_uncertainty: float
    unit: str
    sensitivity: float  # uL per unit
    grows: bool  # in proportion to the length of the run; False: the same for every run
    basis: str

    @property
    def contribution_ul(self) -> float:
        """Standard uncertainty of the volume from this term alone."""
        return abs(self.standard_uncertainty * self.sensitivity)


@dataclass(frozen=True, slots=True)
class UncertaintyBudget:
    """All terms of one delivery."""

    terms: tuple[Term, ...]

    @property
    def combined_ul(self) -> float:
        """Combined standard uncertainty."""
        return math.hypot(*(term.contribution_ul for term in self.terms))

    @property
    def expanded_ul(self) -> float:
        """Expanded uncertainty U, k = 2."""
        return COVERAGE_FACTOR * self.combined_ul

    @property
    def shares(self) -> dict[str, float]:
        """Share of each term in the combined variance, by name; all 0 when nothing is uncertain."""
        whole = self.combined_ul**2
        return {term.name: term.contribution_ul**2 / whole if whole else 0.0 for term in self.terms}

    @property
    def largest(self) -> Term:
        """The term that contributes most."""
        return max(self.terms, key=lambda term: term.contribution_ul)

    def expanded_part_ul(self, grows: bool) -> float:
        """Expanded uncertainty of only those terms that grow with the run, or only of those that do not."""
        return COVERAGE_FACTOR * math.hypot(*(term.contribution_ul for term in self.terms if term.grows is grows))

    def without(self, name: str) -> "UncertaintyBudget":
        """The budget as if that term were nothing."""
        return UncertaintyBudget(tuple(term for term in self.terms if term.name != name))


# name: (unit, shape, what it is). Shape says what the figure means: a standard uncertainty, or a half width.
SOURCES: Mapping[str, tuple[str, Shape, str]] = {
    "repeatability": ("mg", "standard", "spread of one reading"),
    "readability": ("mg", "standard", "last digit of the display"),
    "linearity": ("mg", "rectangular", "non-linearity of the balance"),
    "buoyancy": ("mg", "rectangular", "drift of the vessel in air that changes"),
    "evaporation": ("mg/h", "standard", "what the correction may be wrong by"),
    "outlet": ("mg", "rectangular", "drop or film at the tip"),
    "air": ("uL", "rectangular", "air in what was delivered"),
    "temperature": ("K", "rectangular", "of the water, for its density"),
    "pressure": ("hPa", "rectangular", "of the air, for its buoyancy"),
    "density": ("%", "rectangular", "of a density that was given, not measured"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Figures of a budget, in the units and with the meaning of SOURCES; `bases` say where each comes from.

    Defaults: a 0.1 mg balance, 50 mL of water in 50 g of glass (+-10 hPa, +-1 K), a tip in the liquid.
    """

    repeatability: float = 0.1
    readability: float = 0.1
    linearity: float = 0.2
    buoyancy: float = 0.72
    evaporation: float = 0.0
    outlet: float = 0.5
    air: float = 1.0
    temperature: float = 0.5
    pressure: float = 10.0
    density: float = 0.0
    bases: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name in SOURCES:
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise MeasurementError(
                    f"uncertainty refused: {name} is {value} {SOURCES[name][0]}; give 0 or more and finite"
                )

    def given(self, figures: Mapping[str, float], basis: str) -> "Sources":
        """The same with some figures replaced. MeasurementError for a name that is no source."""
        known = [f"{term} ({unit})" for term, (unit, _, _) in SOURCES.items()]
        for name in figures:
            if name not in SOURCES:
                raise MeasurementError(f"no uncertainty term {name!r}; there are: {', '.join(known)}")
        bases = {**(self.bases or {}), **dict.fromkeys(figures, basis)}
        return replace(self, **dict(figures), bases=bases)


def delivery_budget(
    sources: Sources,
    *,
    gain_mg: float,
    hours: float,
    ul_per_mg: float,
    ul_per_mg_k: float = 0.0,
    ul_per_mg_hpa: float = 0.0,
) -> UncertaintyBudget:
    """Budget of a corrected gain over `hours`, turned into a volume with `ul_per_mg`.

    ul_per_mg_k, ul_per_mg_hpa  how that factor changes with temperature and pressure; 0 for a density that was given
    """
    two = math.sqrt(2)  # readings: one at either end
    figures = {
        # name: (factor on the figure, sensitivity in uL per unit, grows)
        "repeatability": (two, ul_per_mg, False),
        "readability": (two / math.sqrt(12), ul_per_mg, False),
        "linearity": (1.0, ul_per_mg, False),
        "buoyancy": (1.0, ul_per_mg, False),
        "evaporation": (1.0, hours * ul_per_mg, True),
        "outlet": (1.0, ul_per_mg, False),
        "air": (1.0, 1.0, False),
        "temperature": (1.0, ul_per_mg_k * gain_mg, True),
        "pressure": (1.0, ul_per_mg_hpa * gain_mg, True),
        "density": (1.0, ul_per_mg * gain_mg / 100, True),
    }
    terms = []
    for name, (factor, sensitivity, grows) in figures.items():
        unit, shape, _ = SOURCES[name]
        figure = getattr(sources, name)
        if shape == "rectangular":
            factor *= RECTANGULAR
        basis = (sources.bases or {}).get(name, "assumed")
        terms.append(
            Term(
                name=name,
                standard_uncertainty=figure * factor,
                unit=unit,
                sensitivity=sensitivity,
                grows=grows,
                basis=f"{'±' if shape == 'rectangular' else ''}{figure:.4g} {unit}, {basis}",
            )
        )
    return UncertaintyBudget(tuple(terms))


def z_slopes(temperature_c: float, pressure_hpa: float, humidity_percent: float) -> tuple[float, float]:
    """How the factor Z changes per K (of water and air alike) and per hPa, uL/mg. Within the range of z_factor."""
    low, high = max(0.0, temperature_c - 0.5), min(40.0, temperature_c + 0.5)
    thin, dense = max(600.0, pressure_hpa - 1), min(1100.0, pressure_hpa + 1)
    factor = z_factor_ul_per_mg
    per_k = factor(high, pressure_hpa, humidity_percent) - factor(low, pressure_hpa, humidity_percent)
    per_hpa = factor(temperature_c, dense, humidity_percent) - factor(temperature_c, thin, humidity_percent)
    return per_k / (high - low), per_hpa / (dense - thin)
