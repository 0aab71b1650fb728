"""Pins of the probe by GP number, and what they mean; the wiring is in docs/bench.md.

A line that also goes to the pump has the pump's number. Each fault line has a name that says what it does, and a rest
in which the pump notices nothing of the probe.
"""

STEP = 2
BUZZER = 12
MOTOR_SUPPLY = 26  # ADC, a divider by 11

# what is listened to: name and pin, in the order of their numbers in the log
LISTENED = (("direction", 3), ("enable", 4), ("awake", 8), ("red", 20), ("yellow", 21), ("sync", 22))
TONE = len(LISTENED)  # the number behind the last: frequency of the buzzer in Hz

# levels of a pin; None lets go of it, and what else is on the line decides
LET_GO = None
ENCODER_OFF, POWER_OFF = "encoder-off", "power-off"
# name, pin, level at rest, level while it is driven
FAULTS = (
    (ENCODER_OFF, 9, 1, 0),
    ("reset", 10, LET_GO, 0),
    ("air", 11, LET_GO, 1),
    ("valve-shut", 13, 0, 1),
    ("bolus", 14, LET_GO, 0),
    ("stop", 15, LET_GO, 0),
    (POWER_OFF, 16, 1, 0),
    ("cover-open", 17, 0, LET_GO),
    ("jumper", 18, LET_GO, 0),
    ("presence", 19, LET_GO, 0),
)
