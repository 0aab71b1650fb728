"""The therapy of the manual and a busy scenario, for tests that run whole benches."""

import pytest

from pumphil.rigs.find import NO_MICROPYTHON, find_micropython

THERAPY = """\
[pump]
reservoir = "20 mL"
[fill]
volume = "18 mL"
drug = "saline"
concentration = "1 mg/mL"
[program]
mode = "day"
[[program.step]]
start = "00:00"
rate = "0.480 mL/day"
[[program.step]]
start = "08:00"
rate = "0.960 mL/day"
[patient_bolus]
volume = "20 uL"
duration = "00:10"
lockout = "02:00"
max_per_24h = 6
"""

BUSY = """\
[[event]]
at = "07:55"
do = "patient_bolus"
[[event]]
at = "08:30"
do = "patient_bolus"
[[event]]
at = "12:00"
do = "link_noise"
bytes = 700
[[event]]
at = "12:03"
do = "stop"
[[event]]
at = "13:00"
do = "start"
[[event]]
at = "1d 02:00"
do = "set_clock"
to = "03:00"
[[event]]
at = "1d 06:00"
do = "refill"
volume = "19 mL"
[[event]]
at = "1d 09:00"
do = "patient_bolus"
[[event]]
at = "1d 09:04"
do = "stop"
[[event]]
at = "1d 09:05"
do = "start"
"""

needs_micropython = pytest.mark.skipif(find_micropython() is None, reason=NO_MICROPYTHON)
