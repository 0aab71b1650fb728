"""What a bench needs, looked at one thing after the other, each with the one step that mends it.

    for check in examine("my-bench.toml", wiring=True): check.state, check.name, check.found, check.fix

A check that cannot be made is skipped and says why. Nothing is changed, but for `wiring`, which starts the pump anew.
"""

from pumphil.doctor.check import FAIL, OK, SKIP, Check
from pumphil.doctor.examine import examine

__all__ = ["FAIL", "OK", "SKIP", "Check", "examine"]
