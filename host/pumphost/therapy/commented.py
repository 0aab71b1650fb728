"""A therapy file with comments, from answers as they were typed: `pumpbench init`.

    text = commented(Answers("20 mL", "18 mL", "saline", "1 mg/mL", (("00:00", "0.480 mL/day"),)))

What was typed stays as it is, a dose by mass too; whether it all fits together is for `loads` to say.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """Texts as in the file. `steps`: (start, rate) of each; one at 00:00 is a continuous program.

    `bolus`: volume, duration, lockout and number in 24 h of the patient bolus, None without one.
    """

    reservoir: str
    fill: str
    drug: str
    concentration: str
    steps: tuple[tuple[str, str], ...]
    bolus: tuple[str, str, str, str] | None = None


def commented(answers: Answers) -> str:
    """The text of a file."""
    drug = answers.drug.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        "# A therapy for the bench pump. A quantity is a number, one space and a unit, in quotes.",
        "# All keys with their limits are in docs/therapy.md. Check it with: pumpbench check FILE",
        "",
        "[pump]",
        f'reservoir = "{answers.reservoir}"    # what the reservoir can hold',
        "",
        "[fill]",
        f'volume = "{answers.fill}"    # what is in it at the start; at 500 uL the pump stops',
        f'drug = "{drug}"    # up to 8 characters',
        f'concentration = "{answers.concentration}"    # makes a dose by mass, "200 ug/day", a volume',
        "",
        *_program(answers.steps),
        "",
        *_bolus(answers.bolus),
    ]
    return "\n".join(parts) + "\n"


def _program(steps: tuple[tuple[str, str], ...]) -> list[str]:
    if len(steps) == 1 and steps[0][0] == "00:00":
        return [
            "[program]",
            'mode = "continuous"    # one rate around the clock; "day" has steps, written [[program.step]]',
            f'rate = "{steps[0][1]}"',
        ]
    lines = ["[program]", 'mode = "day"    # steps that repeat every day by local time']
    for start, rate in steps:
        lines += ["", "[[program.step]]", f'start = "{start}"', f'rate = "{rate}"    # until the next step']
    return lines


def _bolus(bolus: tuple[str, str, str, str] | None) -> list[str]:
    if bolus is None:
        return [
            "# Without this table a patient can ask for no bolus:", "# [patient_bolus]", '# volume = "20 uL"',
            '# duration = "00:10"', '# lockout = "02:00"', "# max_per_24h = 6",
        ]  # fmt: skip
    volume, duration, lockout, most = bolus
    return [
        "[patient_bolus]",
        f'volume = "{volume}"    # of one bolus, on top of the program',
        f'duration = "{duration}"    # hours and minutes, HH:MM: the volume is spread evenly over it',
        f'lockout = "{lockout}"    # hours and minutes, HH:MM, from the start of a bolus to the next',
        f"max_per_24h = {most}    # in any 24 hours",
    ]
