"""Boluses weighed one by one: the error of each and what they say about those to come.

    found = analyse_boluses(log, nominal_ul=20.0, loss=Loss.given(0.127), conversion=Conversion(temperature_c=22.0))
    found.population.interval                          # 90 % of all boluses, with 90 % confidence, % of nominal

The log has one reading before the first bolus and one after each. The verdict is on the mean error of these
boluses, with the uncertainty of all of them together; how wide the interval may be is for the plan of a test to say.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.budget import FLOW_TOLERANCE
from pumphil.metrology.conversion import Conversion, sources_of
from pumphil.metrology.decisive import Judgement, explain
from pumphil.metrology.errors import LogError
from pumphil.metrology.evaporation import corrected_gain_mg
from pumphil.metrology.loss import Loss
from pumphil.metrology.population import CONFIDENCE, COVERAGE, Population, bolus_errors_percent
from pumphil.metrology.resolution import reading_uncertainty_mg

LEAST_BOLUSES = 2
US_PER_H = 3.6e9


@dataclass(frozen=True, kw_only=True, slots=True)
class BolusAnalysis:
    """Errors in % of the nominal volume, and the standard deviation that the balance alone would give them."""

    log_name: str
    log_sha256: str
    nominal_ul: float
    density: str
    loss: str
    tolerance_percent: float
    errors_percent: tuple[float, ...]
    population: Population
    noise_percent: float
    expanded_percent: float
    judgement: Judgement

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; units are in the names."""
        found = self.population
        return {
            "log": {"name": self.log_name, "sha256": self.log_sha256},
            "parameters": {
                "nominal_ul": self.nominal_ul,
                "density": self.density,
                "evaporation": self.loss,
                "tolerance_percent": self.tolerance_percent,
            },
            "count": found.count,
            "mean_percent": found.mean,
            "expanded_uncertainty_of_mean_percent": self.expanded_percent,
            "standard_deviation_percent": found.deviation,
            "of_which_balance_percent": self.noise_percent,
            "lowest_percent": found.lowest,
            "highest_percent": found.highest,
            "tolerance_interval_percent": list(found.interval),
            "coverage": COVERAGE,
            "confidence": CONFIDENCE,
            "errors_percent": list(self.errors_percent),
            "verdict": self.judgement.to_dict(),
        }


def analyse_boluses(
    log: BalanceLog,
    nominal_ul: float,
    loss: Loss,
    conversion: Conversion,
    terms: Mapping[str, float] | None = None,
    tolerance_percent: float = float(100 * FLOW_TOLERANCE),
) -> BolusAnalysis:
    """Errors of all boluses of a log. LogError: fewer than two boluses. MeasurementError: no volume, no scipy."""
    count = len(log.mass_mg) - 1
    if count < LEAST_BOLUSES:
        raise LogError(
            log.name, log.lines[-1], f"{count + 1} readings are too few; give one before the first bolus and "
            f"one after each of {LEAST_BOLUSES} or more",
        )  # fmt: skip
    readings = zip(log.time_us, (float(mass) for mass in log.mass_mg), strict=True)
    gains = [
        corrected_gain_mg(after - before, loss.rate_mg_per_h, (end - start) / US_PER_H)
        for (start, before), (end, after) in pairwise(readings)
    ]
    errors = bolus_errors_percent(gains, nominal_ul, conversion.ul_per_mg)
    sources = sources_of(log, loss, conversion, terms or {})
    hours, volume_ul = log.time_us[-1] / US_PER_H, count * nominal_ul
    budget = conversion.budget(sources, math.fsum(gains), hours)
    population = Population.of(errors)
    reading_mg = reading_uncertainty_mg(sources.repeatability, sources.readability)
    return BolusAnalysis(
        log_name=log.name,
        log_sha256=log.sha256,
        nominal_ul=nominal_ul,
        density=conversion.words,
        loss=loss.words,
        tolerance_percent=tolerance_percent,
        errors_percent=tuple(errors),
        population=population,
        noise_percent=100 * math.sqrt(2) * reading_mg * conversion.ul_per_mg / nominal_ul,
        expanded_percent=100 * budget.expanded_ul / volume_ul,
        judgement=explain(population.mean, tolerance_percent, budget, volume_ul, hours),
    )
