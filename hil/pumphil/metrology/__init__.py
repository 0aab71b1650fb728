"""Measuring and judging: balance logs, densities, losses, trumpet curves, uncertainty, named budgets, the verdict.

Knows neither firmware nor plant. analysis.py judges a whole log, budget.py and verdict.py one volume.
"""

from pumphil.metrology.budget import Budget, flow_tolerance_nl, instrument_budget, pump_budget
from pumphil.metrology.verdict import decide, marginal

__all__ = ["Budget", "decide", "flow_tolerance_nl", "instrument_budget", "marginal", "pump_budget"]
