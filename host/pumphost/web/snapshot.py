"""What the pump says as JSON with words: what the pages show always (HMI-05).

    status_view(status), alarm_view(alarms)

Numbers keep their units in their names; codes and words are those of the command line. It asks the pump nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pumphost.replies import Alarm, Identity, Status
from pumplink import codes

MODE_WORDS = {
    codes.BOOT: "Starting", codes.STOP_MODE: "Stopped", codes.SCHEDULE: "Schedule", codes.MINIMUM_RATE: "Minimum rate",
    codes.PATIENT_BOLUS: "Patient bolus", codes.CLINICIAN_BOLUS: "Clinician bolus", codes.PRIME: "Prime",
    codes.FAULT: "Fault",
}  # fmt: skip
LAMPS = {codes.HIGH: "flashes red", codes.MEDIUM: "flashes yellow", codes.LOW: "steady yellow"}
TONES = {codes.HIGH: "two tones", codes.MEDIUM: "one tone", codes.LOW: "one tone"}
"""By priority, as docs/alarms.md has it: what a pump should show, where nobody can look at it."""


def status_view(status: Status) -> dict[str, Any]:
    """Status as the command line prints it in JSON, its mode in words, its flags by name."""
    words = MODE_WORDS.get(status.mode, status.mode_name)
    if status.stop_reason_name:
        words = f"{words}: {status.stop_reason_name}"
    return {
        **status.to_dict(),
        "mode_words": "Start put off" if status.delayed else words,
        "delivering": status.delivering,
        "boluses_programmed": bool(status.flags & codes.FLAG_BOLUS_SETTINGS),
        "filled": bool(status.flags & codes.FLAG_FILLED),
        "clock_trusted": status.clock_trusted,
        "has_program": status.has_program,
        "silenced": bool(status.flags & codes.FLAG_SILENCED),
        "bridging": bool(status.flags & codes.FLAG_BRIDGE),
    }


def alarm_view(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """Alarms with what they say, likely causes and the next step; highest priority first, then oldest."""
    views = []
    for alarm in sorted(alarms, key=lambda one: (-one.priority, one.since_ms)):
        row = codes.ALARMS.get(alarm.code)
        said = {"says": row[4], "causes": row[5], "next": row[6]} if row else {"says": "", "causes": "", "next": ""}
        signal = {"light": LAMPS.get(alarm.priority, ""), "sound": TONES.get(alarm.priority, "")}
        views.append({**alarm.to_dict(), "latched": alarm.latched, **said, **signal})
    return views


def who_view(who: Identity) -> dict[str, Any]:
    """Which pump it is."""
    return {
        "model": who.model, "uid": who.uid.hex(), "firmware": who.firmware, "fw_digest": who.fw_digest.hex(),
        "protocol": f"{who.major}.{who.minor}",
    }  # fmt: skip
