"""Sensors of the emulated Pico, without a chip: the pins show what the plant does, in the units of the wiring."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pumpfw.boards.pico import wiring
from pumphil.plant import Plant
from pumphil.rigs.emulated.wires import Wires
from pumplink import codes

SECOND_US = 1_000_000


class Pins:
    """What `Wires` asks of a chip."""

    def __init__(self) -> None:
        self.nanos = 0
        self.levels: dict[int, bool] = {}
        self.listeners: dict[int, Callable[[bool], None]] = {}
        self.mcu: Any = SimpleNamespace(
            i2c={1: SimpleNamespace()}, adc=SimpleNamespace(channel_values=dict.fromkeys(range(5), 0))
        )

    def pace(self, *_: int) -> None: ...

    def read_back(self, _: int) -> None: ...

    def listen(self, pin: int, changed: Callable[[bool], None], *, released: bool = False) -> None:
        self.listeners[pin] = changed

    def drive(self, pin: int, level: bool) -> None:
        self.levels[pin] = level

    def outlet_pa(self) -> float:
        factor, offset = wiring.OUTLET_PA
        raw: int = self.mcu.adc.channel_values[wiring.OUTLET - 26]
        return raw / 16 * factor + offset


@pytest.fixture
def bench() -> tuple[Wires, Pins, Plant, list[int]]:
    """Wires to a chip at rig time now[0] us, with the driver on."""
    plant, pins, now = Plant(seed=1), Pins(), [0]
    wires = Wires(plant, lambda: now[0], lambda t_us: None)
    wires.attach(pins)  # type: ignore[arg-type]
    pins.listeners[wiring.ENABLE](False)  # low is on
    return wires, pins, plant, now


def test_pressure_behind_a_kink_is_at_the_converter(bench: tuple[Wires, Pins, Plant, list[int]]) -> None:
    wires, pins, plant, now = bench
    plant.inject("occlusion", now[0])
    for _ in range(600):
        now[0] += SECOND_US // 10
        pins.listeners[wiring.STEP](True)
        pins.listeners[wiring.STEP](False)
    wires.look()
    kpa = plant.pressure_kpa(now[0])
    assert kpa > 10
    assert pins.outlet_pa() == pytest.approx(1_000 * kpa, abs=200)  # 0.1 kPa, and a step of the converter


def test_a_bubble_is_at_the_pin_of_the_air_sensor(bench: tuple[Wires, Pins, Plant, list[int]]) -> None:
    wires, pins, plant, now = bench
    wires.look()
    assert pins.levels[wiring.AIR] is False
    plant.follow_line(now[0])
    plant.inject("bubble", now[0], volume_nl=10 * wiring.AIR_NL)
    for _ in range(20_000):
        now[0] += 3_000
        pins.listeners[wiring.STEP](True)
        wires.look()
        if pins.levels[wiring.AIR]:
            break
    assert pins.levels[wiring.AIR] is True
    assert plant.bubble_nl(now[0]) > 0


def test_what_a_pico_has_not_is_not_shown(bench: tuple[Wires, Pins, Plant, list[int]]) -> None:
    wires, _, plant, now = bench
    plant.follow_line(now[0])
    wires.look()  # inlet and level are in the plant, and nowhere else
    assert codes.SENSE_INLET not in wires.readings
    assert codes.SENSE_LEVEL not in wires.readings


def test_a_core_sleeps_from_its_last_wake_on(bench: tuple[Wires, Pins, Plant, list[int]]) -> None:
    wires, pins, _, _ = bench
    assert wires.asleep_ns == 0, "it has not worked yet"
    pins.listeners[wiring.AWAKE](True)
    pins.nanos = 5_000
    assert wires.asleep_ns == 0
    pins.listeners[wiring.AWAKE](False)
    pins.nanos = 12_000
    assert wires.asleep_ns == 7_000
