"""The therapy file the tests start from, by line, and a way to change one line of it."""

LINES = (
    "[pump]",                         # 1
    'reservoir = "20 mL"',            # 2
    "[fill]",                         # 3
    'volume = "18 mL"',               # 4
    'drug = "saline"',                # 5
    'concentration = "1 mg/mL"',      # 6
    "[program]",                      # 7
    'mode = "day"',                   # 8
    "[[program.step]]",               # 9
    'start = "00:00"',                # 10
    'rate = "0.480 mL/day"',          # 11
    "[[program.step]]",               # 12
    'start = "08:00"',                # 13
    'rate = "0.960 mL/day"',          # 14
    "[patient_bolus]",                # 15
    'volume = "20 uL"',               # 16
    'duration = "00:10"',             # 17
    'lockout = "02:00"',              # 18
    "max_per_24h = 6",                # 19
)  # fmt: skip
TEXT = "\n".join(LINES) + "\n"


def changed(lines: dict[int, str]) -> str:
    """The text with some lines replaced, by number: changed({14: 'rate = "30 mL/day"'}); "\\n" in one adds a line."""
    return "\n".join(lines.get(number, line) for number, line in enumerate(LINES, 1)) + "\n"
