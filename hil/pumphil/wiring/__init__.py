"""How a bench is wired: one table, from which the manual's tables, the drawing and the loop-backs of `doctor` are made.

from pumphil.wiring import LOOPS, SIGNALS
"""

from pumphil.wiring.table import LOOPS, PARTS, SIGNALS, SUPPLIES, Part, Signal, Supply, physical_pin

__all__ = ["LOOPS", "PARTS", "SIGNALS", "SUPPLIES", "Part", "Signal", "Supply", "physical_pin"]
