"""THE wiring of a bench: parts, signals and supplies, one row each. docs/bench.md and its drawing are made from it.

    for signal in SIGNALS: signal.pump, signal.part, signal.terminal, signal.probe

Two Raspberry Pi Picos: the pump, and the probe beside it that listens to its outputs and plays its inputs. Where a
line goes to both, it has the same GP number on both. Pins of the pump are those of its firmware; a test holds the
table complete, and the pins of the probe to those of `hil/probe`. What a reading is worth is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpfw.boards.pico import wiring as pump

OUT, IN, BUS, ANALOGUE, RIG = "out", "in", "bus", "analogue", "rig"
# GP number -> pin of the header, by the pinout of the Raspberry Pi Pico datasheet
_HEADER = {
    0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12, 10: 14, 11: 15, 12: 16, 13: 17, 14: 19, 15: 20,
    16: 21, 17: 22, 18: 24, 19: 25, 20: 26, 21: 27, 22: 29, 26: 31, 27: 32, 28: 34,
}  # fmt: skip
_SUPPLY_PINS = {"GND": 38, "3V3": 36, "RUN": 30, "VSYS": 39}


def physical_pin(gp: int | str) -> int:
    """Number of the pin on the header, 1 to 40, of a GP number or of a supply. KeyError for one that there is not."""
    return _SUPPLY_PINS[gp] if isinstance(gp, str) else _HEADER[gp]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to buy: what it is and what it must be able to do. `key` is how signals name it."""

    key: str
    name: str
    count: str
    what: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One line. `pump`, `probe`: GP number or name of a pin, None where it does not go there.

    `way`: OUT the pump drives and the probe listens, IN the probe may play what the part does, BUS, ANALOGUE, or RIG
    where the pump knows nothing of it. `part` is a key of PARTS, "" where no part is on the line. `active`: the level
    at which the probe plays an IN line; it never drives the other one, so that a pressed button is no short.
    `mark`: the terminal in a word, for the drawing.
    """

    name: str
    way: str
    pump: int | str | None
    part: str
    terminal: str
    probe: int | None
    note: str = ""
    active: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Supply:
    """One supply line, from and to."""

    line: str
    source: str
    to: str
    note: str = ""


PARTS = (
    Part("pump", "Pump board", "1", "Raspberry Pi Pico or Pico H (RP2040), with headers"),
    Part("probe", "Probe board", "1", "a second one of the same"),
    Part(
        "driver",
        "Stepper driver",
        "1",
        "A4988 module: MS1 to MS3 to ground (full steps), SLEEP joined to RESET; a TMC2209 alone knows no full steps",
    ),
    Part("head", "Pump head", "1", "peristaltic, 8 rollers, 0.5 to 1 mm tube, 1.8 degree stepper without a gear, 12 V"),
    Part("encoder", "Rotor encoder", "1", "AS5600 module at 3.3 V, and its diametral magnet 6 × 2.5 mm on the rotor"),
    Part("shifter", "Encoder break", "1", "I2C level shifter module (two BSS138): here it is a switch in the bus"),
    Part("pressure", "Pressure sensor", "1", "gauge, to 200 kPa, output within 0 to 3.3 V, on a T-piece at the outlet"),
    Part("air", "Air switch", "1", "optical, at the outlet tube, output high at 3.3 V while it sees air"),
    Part("bolus", "Bolus button", "1", "push button, closes"),
    Part("estop", "Emergency stop", "1", "mushroom, latching, two contacts: one opens, one closes"),
    Part("cover", "Cover switch", "1", "micro switch at the pump-head cover, closed while the cover is shut"),
    Part("jumper", "Provisioning jumper", "1", "2-pin header and a jumper"),
    Part("presence", "Presence button", "1", "push button, closes"),
    Part("red", "Red lamp", "1", "LED with 330 Ω to ground"),
    Part("yellow", "Yellow lamp", "1", "LED with 330 Ω to ground"),
    Part("buzzer", "Buzzer", "1", "passive piezo, 3.3 V, the other leg to ground"),
    Part("switch", "Power switch", "1", "load switch module, 5 V 1 A, on while its ON is high (TPS22918 class)"),
    Part(
        "valve",
        "Pinch valve",
        "1",
        "12 V solenoid, normally open, for the outlet tube; with it: logic-level MOSFET module and a diode",
    ),
    Part("supply", "Supply", "1", "12 V 2 A, fused 1 A, and a 5 V 2 A buck converter behind the fuse"),
    Part(
        "balance",
        "Balance",
        "1",
        "0.1 mg with a serial port (1 mg is enough from 5 mL/day on), on a slab; its cable to USB",
    ),
    Part("vial", "Receiver", "2", "5 to 10 mL vial, cap with a 1 mm hole; the second one is the blank beside it"),
    Part(
        "usb",
        "USB cable",
        "2",
        "data; the one of the pump with its red wire cut, so that the power switch can cut its supply",
    ),
    Part(
        "tube",
        "Tube",
        "1 m",
        "PTFE or PE, 0.5 mm bore, from head to vial; and a thin glass or steel capillary for its end",
    ),
    Part(
        "passive",
        "Resistors, capacitors",
        "-",
        "2 × 100 kΩ, 5 × 10 kΩ, 1 × 4.7 kΩ, 100 µF and 100 nF at the driver's VM",
    ),
    Part("tray", "Drip tray", "1", "with everything that holds water in it, electronics above and beside it"),
)

SIGNALS = (
    Signal("STEP", OUT, pump.STEP, "driver", "STEP", 2, "one pulse is one full step"),
    Signal("DIRECTION", OUT, pump.DIRECTION, "driver", "DIR", 3, "the pump keeps it low"),
    Signal(
        "ENABLE",
        OUT,
        pump.ENABLE,
        "driver",
        "EN",
        4,
        "low: on. 10 kΩ to the pump's 3V3 keep the driver off while the processor is in reset",
    ),
    Signal(
        "SDA",
        BUS,
        pump.SDA,
        "shifter",
        "HV1; LV1 to SDA of the AS5600",
        None,
        "never longer than 20 cm",
        mark="SDA (HV1)",
    ),
    Signal("SCL", BUS, pump.SCL, "shifter", "HV2; LV2 to SCL of the AS5600", None, "", mark="SCL (HV2)"),
    Signal(
        "ENCODER BREAK",
        RIG,
        None,
        "shifter",
        "LV",
        9,
        "high: the bus is whole, low: the encoder is gone; without a probe join LV and HV",
    ),
    Signal(
        "OUTLET", ANALOGUE, pump.OUTLET, "pressure", "output", None, "0.15 V at 0 kPa, 3.15 V at 200 kPa, or see below"
    ),
    Signal(
        "AIR",
        IN,
        pump.AIR,
        "air",
        "output, through 4.7 kΩ",
        11,
        "the resistor lets the probe win",
        active=1,
        mark="output",
    ),
    Signal("BOLUS BUTTON", IN, pump.BOLUS_BUTTON, "bolus", "to ground", 14, ""),
    Signal(
        "STOP BUTTON", IN, pump.STOP_BUTTON, "estop", "contact that closes, to ground", 15, "", mark="closing contact"
    ),
    Signal(
        "COVER",
        IN,
        pump.COVER,
        "cover",
        "in series: pump - switch - probe",
        17,
        "without a probe the switch goes to ground",
    ),
    Signal("JUMPER", IN, pump.JUMPER, "jumper", "to ground", 18, "taken out after provisioning"),
    Signal("PRESENCE BUTTON", IN, pump.PRESENCE_BUTTON, "presence", "to ground", 19, ""),
    Signal("RED", OUT, pump.RED, "red", "+", 20, ""),
    Signal("YELLOW", OUT, pump.YELLOW, "yellow", "+", 21, ""),
    Signal("BUZZER", OUT, pump.BUZZER, "buzzer", "+", 12, ""),
    Signal("AWAKE", OUT, pump.AWAKE, "", "", 8, "high while the core works"),
    Signal("SYNC", OUT, pump.SYNC, "", "", 22, "rises when pump time begins"),
    Signal("UART TX", OUT, pump.UART_TX, "", "", None, "to RX of a 3.3 V adapter, if flashed with --uart"),
    Signal("UART RX", IN, pump.UART_RX, "", "", None, "from TX of that adapter"),
    Signal(
        "RUN",
        RIG,
        "RUN",
        "",
        "",
        10,
        "pulled low: the pump is in reset; 10 kΩ to the pump's 3V3, for a probe that is just starting",
    ),
    Signal(
        "SUPPLY",
        ANALOGUE,
        pump.SUPPLY,
        "passive",
        "100 kΩ to VSYS, 10 kΩ to ground",
        None,
        "divides by 11",
        mark="VSYS / 11",
    ),
    Signal(
        "POWER",
        RIG,
        None,
        "switch",
        "ON, with 10 kΩ to ground",
        16,
        "high: the pump has power; without a probe join ON and IN",
        mark="ON",
    ),
    Signal("VALVE", RIG, None, "valve", "gate of the MOSFET", 13, "high: the outlet is pinched", mark="gate"),
    Signal(
        "MOTOR SUPPLY",
        RIG,
        None,
        "passive",
        "100 kΩ to 12 V behind the emergency stop, 10 kΩ to ground",
        26,
        "divides by 11; tells a pressed emergency stop",
        mark="12 V motor / 11",
    ),
)

SUPPLIES = (
    Supply("12 V", "supply, behind the fuse of 1 A", "emergency stop, contact that opens", ""),
    Supply(
        "12 V motor",
        "emergency stop, contact that opens",
        "driver VM, valve +",
        "100 µF and 100 nF at VM; the motor is never plugged in live",
    ),
    Supply("5 V", "buck converter", "power switch IN", "set to 5.0 V before anything is connected"),
    Supply("5 V pump", "power switch OUT", "pump VSYS (pin 39)", ""),
    Supply(
        "3V3",
        "pump 3V3 (pin 36)",
        "driver VDD, AS5600 VCC, shifter HV, pressure sensor, air switch",
        "goes with the pump's power, so that nothing feeds it from behind",
    ),
    Supply(
        "USB",
        "computer",
        "probe board, whole cable",
        "the probe has no other supply: fed from two sides it would feed the pump",
    ),
    Supply("ground", "pump GND (pin 38)", "probe GND (pin 38), and every part", "a star: one point, no loop"),
)

LOOPS = tuple(signal for signal in SIGNALS if signal.way in (OUT, IN) and signal.probe is not None)
"""Lines that `pumpbench doctor` can try: one Pico drives, the other must see it."""
