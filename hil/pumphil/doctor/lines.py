"""The wiring, line by line: one board drives, the other must see it, and no other line may move with it.

    for check in lines(prompt, probe): ...

The pump is at its prompt, its driver off: a pulse on STEP turns nothing. What a line should be is in `pumphil.wiring`.
The probe drives only levels that cannot short a pressed button.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from pumpfw.boards.pico import wiring as pins
from pumphil.doctor.check import Check
from pumphil.instruments.probe import Probe
from pumphil.wiring import LOOPS, Signal, physical_pin

TONE_HZ = 2_400
TONE_OFF = 0.1  # relative
PRESSURE_KPA, SUPPLY_V = (-5.0, 5.0), (4.6, 5.5)
PLAYED = {
    "AIR": "air", "BOLUS BUTTON": "bolus", "STOP BUTTON": "stop", "JUMPER": "jumper", "PRESENCE BUTTON": "presence",
    "COVER": "cover-open",
}  # fmt: skip
SETUP = f"""
from machine import ADC, I2C, PWM, Pin
Pin({pins.ENABLE}, Pin.OUT, value=1)
def put(pin, level): Pin(pin, Pin.OUT, value=level)
def free(pin): Pin(pin, Pin.IN)
def see(pin, up): print(Pin(pin, Pin.IN, Pin.PULL_UP if up else Pin.PULL_DOWN).value())
def sound(pin, hertz):
    tone = PWM(Pin(pin), freq=max(hertz, 10), duty_u16=32768 if hertz else 0)
    if not hertz:
        tone.deinit()
def volts(pin): print(ADC(pin).read_u16() >> 4)
def bus(): print(I2C(1, sda=Pin({pins.SDA}), scl=Pin({pins.SCL}), freq=400000).scan())
"""


class Prompt(Protocol):
    """The prompt of the pump board."""

    def run(self, code: str, doing: str = ...) -> str:
        """What the code printed."""


def lines(prompt: Prompt, probe: Probe, sleep: Callable[[float], None]) -> Iterator[Check]:
    """Checks of every line between the boards, of the encoder, and of what the pump measures."""
    probe.rest()
    prompt.run(SETUP, "trying its pins")
    for signal in LOOPS:
        if signal.name == "BUZZER":
            yield _buzzer(signal, prompt, probe, sleep)
        elif signal.way == "out":
            yield _output(signal, prompt, probe)
        else:
            yield _input(signal, prompt, probe)
    yield _encoder(prompt, probe)
    yield _voltage("OUTLET", prompt, pins.OUTLET, pins.OUTLET_PA, PRESSURE_KPA, "kPa")
    yield _voltage("SUPPLY", prompt, pins.SUPPLY, pins.SUPPLY_MV, SUPPLY_V, "V")
    probe.rest()


def where(signal: Signal) -> str:
    """Both ends of a line, as one finds them."""
    pump, probe = signal.pump, signal.probe
    assert isinstance(pump, int)
    assert probe is not None
    return f"pump GP{pump} (pin {physical_pin(pump)}) to probe GP{probe} (pin {physical_pin(probe)})"


def _output(signal: Signal, prompt: Prompt, probe: Probe) -> Check:
    seen = []
    for level in (1, 0):
        prompt.run(f"put({signal.pump}, {level})")
        seen.append(probe.read().lines)
    prompt.run(f"put({signal.pump}, 1)" if signal.name == "ENABLE" else f"free({signal.pump})")
    name = signal.name.lower()
    moved = [line for line in seen[0] if seen[0][line] != seen[1][line]]
    others = [line for line in moved if line != name]
    if (seen[0][name], seen[1][name]) == (1, 0):
        if not others:
            return Check.ok(signal.name, where(signal))
        return Check.fail(
            signal.name, f"{where(signal)}: {', '.join(others)} moves with it", "find the bridge between the two lines"
        )
    if others:
        return Check.fail(
            signal.name, f"the probe sees it on {', '.join(others)}", f"exchange the wires: {where(signal)}"
        )
    stays = f"stays {'high' if seen[0][name] else 'low'}"
    return Check.fail(signal.name, f"the probe does not see it, its pin {stays}", f"connect {where(signal)}")


def _buzzer(signal: Signal, prompt: Prompt, probe: Probe, sleep: Callable[[float], None]) -> Check:
    prompt.run(f"sound({signal.pump}, {TONE_HZ})")
    sleep(0.2)
    heard_hz = probe.read().tone_hz
    prompt.run(f"sound({signal.pump}, 0)")
    if abs(heard_hz - TONE_HZ) <= TONE_OFF * TONE_HZ:
        return Check.ok(signal.name, f"{where(signal)}: {heard_hz} Hz")
    return Check.fail(signal.name, f"the probe counts {heard_hz} Hz of {TONE_HZ}", f"connect {where(signal)}")


def _input(signal: Signal, prompt: Prompt, probe: Probe) -> Check:
    """The cover is the one that the probe holds while it is at rest: its fault is that it opens."""
    fault = PLAYED[signal.name]
    look = f"see({signal.pump}, {signal.active == 0})"
    at_rest = int(prompt.run(look))
    probe.drive(fault)
    driven = int(prompt.run(look))
    probe.drive(fault, on=False)
    held = signal.name == "COVER"
    wanted_driven = 1 - signal.active if held else signal.active
    if (at_rest, driven) == (1 - wanted_driven, wanted_driven):
        return Check.ok(signal.name, where(signal))
    if held and at_rest == driven == 1:
        return Check.fail(
            signal.name,
            "the pump sees an open cover all the time",
            f"shut the cover, or connect {where(signal)}, through it",
        )
    if at_rest == driven != wanted_driven:
        return Check.fail(signal.name, "the pump does not see it", f"connect {where(signal)}")
    return Check.fail(
        signal.name, f"the pump sees {'high' if at_rest else 'low'} all the time",
        f"let go of the button, or take out the jumper; else look for a short at pump GP{signal.pump}",
    )  # fmt: skip


def _encoder(prompt: Prompt, probe: Probe) -> Check:
    there = str(pins.ENCODER_ADDRESS) in prompt.run("bus()")
    probe.drive("encoder-off")
    still_there = str(pins.ENCODER_ADDRESS) in prompt.run("bus()")
    probe.drive("encoder-off", on=False)
    if there and not still_there:
        return Check.ok("ENCODER", f"AS5600 at {pins.ENCODER_ADDRESS:#x}, and the probe can take it away")
    if there:
        return Check.fail(
            "ENCODER",
            "AS5600 answers, also when the probe takes it away",
            "connect LV of the level shifter to probe GP9",
        )
    return Check.fail(
        "ENCODER", f"nothing answers at {pins.ENCODER_ADDRESS:#x}",
        f"check SDA (pump GP{pins.SDA}), SCL (GP{pins.SCL}), 3V3 and ground of the AS5600, and HV of the level shifter",
    )  # fmt: skip


def _voltage(
    name: str, prompt: Prompt, pin: int, scale: tuple[int, int], limits: tuple[float, float], unit: str
) -> Check:
    value = ((int(prompt.run(f"volts({pin})")) * scale[0] >> 4) + scale[1]) / 1_000
    if limits[0] <= value <= limits[1]:
        return Check.ok(name, f"{value:.2f} {unit}")
    return Check.fail(
        name, f"{value:.2f} {unit}, expected {limits[0]:g} to {limits[1]:g} with an open outlet and 5 V",
        f"check the wiring of pump GP{pin} (pin {physical_pin(pin)}), and the scale of the sensor in docs/bench.md",
    )  # fmt: skip
