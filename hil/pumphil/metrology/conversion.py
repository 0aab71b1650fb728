"""From corrected mass to volume: a density that was given, the factor Z, or the fixed figure of infusion-pump tests.

    Conversion(temperature_c=22.0).ul_per_mg           # 1.00328
    sources_of(log, loss, conversion, terms={"air": 0.2})

With each way come the figures of uncertainty that belong to it, and the words that say which it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.density import FIXED_G_PER_ML, z_factor_ul_per_mg
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.loss import Loss
from pumphil.metrology.uncertainty import Sources, UncertaintyBudget, delivery_budget, z_slopes

FIXED_DENSITY_PERCENT = 0.13  # 0.998 g/mL against 1/Z from 18 to 22 degrees C: 0.045 to 0.127 % too dense
TEMPERATURE_K, PRESSURE_HPA = 0.5, 10.0  # half widths that are assumed of a temperature and pressure that were given


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """density_g_per_ml divides the reading; or temperature_c (of water and air) gives Z; with neither 0.998 g/mL."""

    density_g_per_ml: float | None = None
    temperature_c: float | None = None
    pressure_hpa: float = 1013.25
    humidity_percent: float = 50.0

    def __post_init__(self) -> None:
        if self.density_g_per_ml is None:
            return
        if self.temperature_c is not None:
            raise MeasurementError("density and temperature exclude each other: give the one that was measured")
        if not 0.5 < self.density_g_per_ml < 2:
            raise MeasurementError(f"density {self.density_g_per_ml} refused: give g/mL, between 0.5 and 2")

    @property
    def ul_per_mg(self) -> float:
        """Volume per milligram of corrected reading. MeasurementError: outside the formulas of Z."""
        if self.temperature_c is not None:
            return z_factor_ul_per_mg(self.temperature_c, self.pressure_hpa, self.humidity_percent)
        return 1 / (self.density_g_per_ml or FIXED_G_PER_ML)

    @property
    def words(self) -> str:
        """Which way it is, with its figures."""
        if self.temperature_c is not None:
            air = f"{self.pressure_hpa:g} hPa, {self.humidity_percent:g} %"
            return f"factor Z {self.ul_per_mg:.5f} uL/mg: water at {self.temperature_c:g} degrees C, air {air}"
        if self.density_g_per_ml is not None:
            return f"{self.density_g_per_ml:g} g/mL, given; buoyancy not corrected"
        return f"{FIXED_G_PER_ML} g/mL, the fixed figure of infusion-pump tests"

    def added_to(self, sources: Sources) -> Sources:
        """The figures with those of this way: temperature and pressure, or the density."""
        sources = sources.given({"temperature": 0.0, "pressure": 0.0, "density": 0.0}, "not used")
        if self.temperature_c is not None:
            return sources.given({"temperature": TEMPERATURE_K, "pressure": PRESSURE_HPA}, "assumed")
        if self.density_g_per_ml is None:
            basis = f"{FIXED_G_PER_ML} g/mL for water at 18 to 22 degrees C"
            return sources.given({"density": FIXED_DENSITY_PERCENT}, basis)
        return sources

    def budget(self, sources: Sources, gain_mg: float, hours: float) -> UncertaintyBudget:
        """Budget of a corrected gain over `hours`."""
        per_k, per_hpa = 0.0, 0.0
        if self.temperature_c is not None:
            per_k, per_hpa = z_slopes(self.temperature_c, self.pressure_hpa, self.humidity_percent)
        return delivery_budget(
            sources, gain_mg=gain_mg, hours=hours, ul_per_mg=self.ul_per_mg, ul_per_mg_k=per_k, ul_per_mg_hpa=per_hpa
        )


def sources_of(log: BalanceLog, loss: Loss, conversion: Conversion, terms: Mapping[str, float]) -> Sources:
    """Figures of uncertainty: what the digits of the log say, what the loss brings, then those that were given."""
    step = log.readability_mg
    from_log = {"readability": step, "repeatability": step, "linearity": 2 * step}
    sources = conversion.added_to(Sources().given(from_log, "from the digits of the log"))
    sources = sources.given({"evaporation": loss.uncertainty_mg_per_h}, loss.basis)
    known = loss.repeatability_mg(step)
    if known is not None:
        sources = sources.given({"repeatability": known[0]}, known[1])
    return sources.given(terms, "given")
