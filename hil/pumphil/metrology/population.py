"""Several boluses, pumps or tubes as a population: mean, spread, and the interval that holds most of what will come.

    bolus_errors_percent(gains_mg, nominal_ul=20, z_ul_per_mg=1.00285)
    Population.of([1.2, -0.4, 0.8]).interval     # with 90 % confidence, 90 % of all of them lie in it

The interval is the exact two-sided one for a normal population (Wald and Wolfowitz; Krishnamoorthy and Mathew 2009,
section 2.3.2). Whether a population is normal is for whoever looks at it to say. Needs scipy: pip install
'pumpbench[metrology]'.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pumphil.metrology.errors import MeasurementError

COVERAGE = 0.90
CONFIDENCE = 0.90
_NODES = 64  # of the quadrature; 128 change no factor by more than 1e-9
_FAR = 8.0  # in standard errors: the mean of a sample is never further off


@dataclass(frozen=True, slots=True)
class Population:
    """n values of one kind in one unit: mean, standard deviation, extremes, tolerance interval."""

    count: int
    mean: float
    deviation: float
    lowest: float
    highest: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, values: Sequence[float], coverage: float = COVERAGE, confidence: float = CONFIDENCE) -> "Population":
        """MeasurementError: fewer than two values, or one that is not finite."""
        if len(values) < 2 or not all(math.isfinite(value) for value in values):
            raise MeasurementError(
                f"population refused: {len(values)} values, all finite: {all(map(math.isfinite, values))}; "
                "give 2 or more finite ones"
            )
        mean, deviation = statistics.fmean(values), statistics.stdev(values)
        reach = tolerance_factor(len(values), coverage, confidence) * deviation
        return cls(len(values), mean, deviation, min(values), max(values), (mean - reach, mean + reach))


def bolus_errors_percent(gains_mg: Sequence[float], nominal_ul: float, z_ul_per_mg: float) -> list[float]:
    """Error of every bolus, % of its nominal volume, from gains that are corrected for evaporation."""
    if not nominal_ul > 0:
        raise MeasurementError(f"boluses refused: nominal volume {nominal_ul} uL; give a volume above 0")
    return [100 * (gain * z_ul_per_mg / nominal_ul - 1) for gain in gains_mg]


def tolerance_factor(count: int, coverage: float = COVERAGE, confidence: float = CONFIDENCE) -> float:
    """k such that mean +- k * deviation of `count` normal values holds `coverage` of all, with that confidence."""
    if count < 2 or not 0 < coverage < 1 or not 0 < confidence < 1:
        raise MeasurementError(
            f"tolerance factor refused: {count} values, coverage {coverage}, confidence {confidence}; "
            "give 2 or more values and shares between 0 and 1"
        )
    try:
        from scipy import optimize, special, stats
    except ImportError:
        raise MeasurementError(
            "tolerance interval refused: scipy is not installed; pip install 'pumpbench[metrology]'"
        ) from None
    freedom = count - 1
    # The mean of the sample is off by `offsets`, in true deviations; both signs count, hence the 2.
    nodes, weights = special.roots_legendre(_NODES)
    offsets = (nodes + 1) / 2 * _FAR / math.sqrt(count)
    shares = weights * stats.norm.pdf(offsets * math.sqrt(count)) * _FAR
    needed = stats.ncx2.ppf(coverage, 1, offsets**2)  # square of the half width that then covers enough

    def lacking(factor: float) -> float:
        return float(shares @ stats.chi2.sf(freedom * needed / factor**2, freedom)) - confidence

    top = 4.0
    while lacking(top) < 0:
        top *= 2
    return float(optimize.brentq(lacking, 0.01, top, xtol=1e-10))
