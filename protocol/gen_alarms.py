"""Writes docs/alarms.md: the table of `pumplink.alarms` as a page for people.

    python protocol/gen_alarms.py            # write
    python protocol/gen_alarms.py --check    # exit 1 if the page is stale

The words above the table and the column of requirements stand here; everything else comes from the table.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from pumplink import alarms  # noqa: E402 - the folder must be on the path first

TARGET = FOLDER.parent / "docs" / "alarms.md"
HEAD = """<!-- Written by protocol/gen_alarms.py from protocol/pumplink/alarms.py: do not edit. -->
# Alarms

Every alarm has one fixed priority and one fixed action, in one table that pump, programmer, suite and this page read.
What is shown is listed by `pumpbench status`, oldest first.

**Action.** With `stop` nothing is delivered while the alarm is shown, with `continue` basal goes on. With several
alarms shown the strictest action is in force. Whatever is missed is not caught up. A shown alarm of medium or high
priority ends a running bolus and denies every further one.

**Going away.** An alarm that latches stays, through reset and power loss, until its cause is gone *and* it has been
acknowledged; before that an acknowledgement is refused. Any other goes with its cause. Every alarm of high priority
and every one that stops the pump latches. `event` marks what is over as soon as it happened: it sounds once and is not
listed.

| priority | light | sound | repeated |
|---|---|---|---|
| high | flashes red, 2 Hz | two tones, 3 s | within 10 min |
| medium | flashes yellow, 0.5 Hz | one tone, 1 s | within 60 min |
| low | steady | one tone, 1 s | within 60 min |

**Light and sound** are those of the highest priority shown. A new alarm sounds at once, unless it is low and a higher
one is shown: then it waits, and sounds as soon as it is the highest left.

**Silence** ends the sound for at most 2 min and is logged. It cannot be prolonged while it lasts, and changes neither
light nor list. When it is over, or when another alarm is raised, the sound is back at once. A reset ends it as well.

**Log.** `alarm` when raised, `alarm-clear` when the cause is gone, `acknowledge`, `silence`. Of the events
`bolus-denied` and `window-limit` there is a tone only: the denied request has a record of its own.

The last column names the requirements in [hil/requirements.toml](../hil/requirements.toml) that ask for this very
alarm, or for the stop that it announces. Where it is empty, the alarm is a choice of this project.

| code | name | priority | action | latches | what it says | causes, likely ones first | next step | asked for by |
|---|---|---|---|---|---|---|---|---|
"""
EVENTS = (alarms.ALARM_STALL_OVER, alarms.ALARM_WINDOW, alarms.ALARM_DENIED)
REQUIREMENTS = {
    alarms.ALARM_LOW_RESERVOIR: "RES-03", alarms.ALARM_EMPTY: "RES-05", alarms.ALARM_STALL: "HW-01",
    alarms.ALARM_STOPPED_48H: "ALM-10", alarms.ALARM_STOPPED: "ALM-10", alarms.ALARM_SUPPLY_LOW: "PWR-13",
    alarms.ALARM_SUPPLY_CRITICAL: "PWR-13", alarms.ALARM_RESET: "PWR-06", alarms.ALARM_SELF_TEST: "PWR-02 PWR-12",
    alarms.ALARM_MEMORY: "PWR-10", alarms.ALARM_MEMORY_REPAIRED: "PWR-10", alarms.ALARM_OVERRUN: "FLOW-08",
    alarms.ALARM_OCCLUSION: "HW-03 HW-04", alarms.ALARM_INLET: "HW-05", alarms.ALARM_AIR: "HW-06",
    alarms.ALARM_OVER_INFUSION: "FLOW-04", alarms.ALARM_UNDER_INFUSION: "FLOW-05 HW-11", alarms.ALARM_CLOCK: "TIME-07",
    alarms.ALARM_TEMPERATURE: "PWR-14", alarms.ALARM_BUTTON: "BOL-11", alarms.ALARM_RESTARTS: "ALM-09 PWR-07",
    alarms.ALARM_FREE_FLOW: "FLOW-06", alarms.ALARM_TIME: "TIME-06", alarms.ALARM_LATE: "TIME-09",
    alarms.ALARM_INTERNAL: "PWR-11 PWR-15", alarms.ALARM_STORAGE: "LOG-07", alarms.ALARM_SENSOR: "HW-07",
    alarms.ALARM_COVER: "HW-09", alarms.ALARM_REFILL: "RES-07",
}  # fmt: skip


def text() -> str:
    """The whole page."""
    lines = []
    for code, (name, priority, action, latching, *words) in alarms.ALARMS.items():
        latches = "yes" if latching else "event" if code in EVENTS else "no"
        row = (code, name, alarms.PRIORITIES[priority], alarms.ACTIONS[action], latches, *words)
        asked = ", ".join(REQUIREMENTS.get(code, "").split())
        lines.append("| " + " | ".join(str(cell) for cell in (*row, asked)) + " |\n")
    return HEAD + "".join(lines)


def main() -> int:
    """Write or check; the exit status."""
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text():
            return 0
        print(f"{TARGET.name} is stale: run python protocol/gen_alarms.py", file=sys.stderr)
        return 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
