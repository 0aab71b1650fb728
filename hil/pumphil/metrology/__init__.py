"""Measuring and judging: densities, evaporation, named budgets, the verdict. Knows neither firmware nor plant."""

from pumphil.metrology.budget import Budget, flow_tolerance_nl, instrument_budget, pump_budget
from pumphil.metrology.verdict import decide, marginal

__all__ = ["Budget", "decide", "flow_tolerance_nl", "instrument_budget", "marginal", "pump_budget"]
