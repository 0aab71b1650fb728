"""The same contract for every instrument: simulated ones, and real ones talking to virtual ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from instrument_cases import Wired

from pumphil.instruments import (
    Balance,
    Encoder,
    FlowSensor,
    Instrument,
    PressureSensor,
    PulseCounter,
    Reading,
    Weigher,
)
from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.failures import InstrumentFailure, Unstable
from pumphil.instruments.framing import Framing
from pumphil.instruments.scale import ScaleSettings, SerialBalance
from pumphil.instruments.serial_line import SerialLine
from pumphil.instruments.shdlc import FlowSensorSf06
from pumphil.instruments.virtual import Pan, VirtualBalance, VirtualFlowSensor
from pumphil.plant import Plant, PlantParameters

PACKET_END_US = 250_000
UNITS = {"g", "turns", "steps", "kPa", "uL/min"}


class Bench:
    """An instrument and what it looks at: `disturb` makes it unstable if it can be, `rest` lets it settle."""

    def __init__(self, instrument: Instrument, disturb: Callable[[], None], rest: Callable[[], None]) -> None:
        self.instrument = instrument
        self.disturb = disturb
        self.rest = rest


def simulated(make: Callable[[Plant], Instrument]) -> Bench:
    plant = Plant(PlantParameters(calibration_error=0.0))
    plant.enable(True)
    return Bench(
        make(plant),
        disturb=lambda: plant.move(plant.now_us, 25, 10_000),
        rest=lambda: plant.steps_done(plant.now_us + PACKET_END_US + 10_000_000) and None,
    )


def at_a_port(dialect: str, framing: str) -> Bench:
    load = {"g": 20.0}
    device = VirtualBalance(DIALECTS[dialect], Pan(lambda t_s: load["g"]), framing=framing)
    port = Wired(device.feed)
    line = SerialLine(port, Framing(framing), "balance", port.now_us)
    scale = SerialBalance(
        DIALECTS[dialect], line, ScaleSettings(stable_timeout_s=0.5), checked=Framing(framing).checked
    )

    def disturb() -> None:
        scale.read()
        load["g"] += 0.005
        port.wait(0.2)

    return Bench(scale, disturb, rest=lambda: port.wait(5.0))


def flow_at_a_port() -> Bench:
    device = VirtualFlowSensor(lambda t_s: 69.4)
    port = Wired(device.feed)
    return Bench(FlowSensorSf06(port, "flow", port.now_us), lambda: None, lambda: None)


MAKERS: dict[str, Callable[[], Bench]] = {
    "simulated balance": lambda: simulated(Balance),
    "simulated encoder": lambda: simulated(Encoder),
    "simulated pulse counter": lambda: simulated(PulseCounter),
    "simulated flow sensor": lambda: simulated(FlowSensor),
    "simulated pressure sensor": lambda: simulated(lambda plant: PressureSensor(lambda t_us: 12.5)),
    "flow sensor over SHDLC": flow_at_a_port,
} | {f"{dialect} {bits}": lambda d=dialect, b=bits: at_a_port(d, b) for dialect in DIALECTS for bits in ("8N1", "7E1")}
ALWAYS_SETTLED = {"simulated flow sensor", "simulated pressure sensor", "flow sensor over SHDLC"}
WEIGHERS = {"simulated balance"} | {name for name in MAKERS if name.endswith(("8N1", "7E1"))}


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(name: str) -> Iterator[Bench]:
    made = MAKERS[name]()
    yield made
    made.instrument.close()
    made.instrument.close()  # twice is harmless


def test_it_is_an_instrument(bench: Bench, name: str) -> None:
    assert isinstance(bench.instrument, Instrument)
    assert isinstance(bench.instrument, Weigher) == (name in WEIGHERS)
    assert bench.instrument.unit in UNITS


def test_a_reading_is_decimal_with_unit_uncertainty_and_time(bench: Bench) -> None:
    reading = bench.instrument.read()
    assert isinstance(reading.value, Decimal)
    assert isinstance(reading.standard_uncertainty, Decimal)
    assert reading.standard_uncertainty >= 0
    assert reading.unit == bench.instrument.unit
    assert isinstance(reading.t_us, int)


def test_time_does_not_go_back(bench: Bench) -> None:
    first = bench.instrument.read()
    bench.disturb()
    bench.rest()
    assert bench.instrument.read().t_us >= first.t_us


def test_a_stable_reading_is_stable(bench: Bench) -> None:
    bench.rest()
    assert bench.instrument.read(stable=True).stable


def test_what_moves_is_not_stable_and_a_stable_reading_of_it_is_an_error(bench: Bench, name: str) -> None:
    if name in ALWAYS_SETTLED:
        assert bench.instrument.read().stable
        return
    bench.disturb()
    assert not bench.instrument.read().stable
    with pytest.raises(Unstable) as caught:
        bench.instrument.read(stable=True)
    assert isinstance(caught.value, InstrumentFailure)
    assert caught.value.came
    bench.rest()
    assert bench.instrument.read(stable=True).stable


def test_it_says_what_it_is(bench: Bench) -> None:
    told = bench.instrument.identify()
    assert told["kind"]
    assert told["maker"]


def test_after_tare_a_weigher_shows_zero_within_its_uncertainty(bench: Bench, name: str) -> None:
    if not isinstance(bench.instrument, Weigher):
        assert name not in WEIGHERS
        return
    bench.disturb()
    bench.rest()
    bench.instrument.tare()
    reading = bench.instrument.read()
    assert abs(reading.value) <= 4 * reading.standard_uncertainty


def test_a_weigher_tells_the_volume_between_two_readings(bench: Bench, name: str) -> None:
    if not isinstance(bench.instrument, Weigher):
        assert name not in WEIGHERS
        return
    start = Reading(Decimal("20.0000"), "g", Decimal("0.0001"), 0, stable=True)
    end = Reading(Decimal("20.9941"), "g", Decimal("0.0001"), 86_400_000_000, stable=True)
    volume = bench.instrument.volume_nl(start, end)
    # (994.1 + 24 * 0.127) mg * 1.00285 uL/mg at 20 degrees C, 1013.25 hPa, 50 %
    assert float(volume.value) == pytest.approx(999_990, abs=10)
    assert volume.unit == "nL"


# -- what only one of them can show -----------------------------------------------------------------------


def test_the_pulse_counter_counts_pulses_that_a_stalled_motor_did_not_make() -> None:
    plant = Plant(PlantParameters(calibration_error=0.0))
    plant.enable(True)
    counter, encoder = PulseCounter(plant), Encoder(plant)
    plant.stall(0, 1_000_000)
    plant.move(0, 25, 10_000)
    assert counter.read(PACKET_END_US).value == 25
    assert abs(encoder.read(PACKET_END_US).value) < Decimal("0.01")
    start, end = Reading(Decimal(0), "steps", Decimal(0), 0, True), counter.read(PACKET_END_US)
    assert counter.volume_between_nl(start, end, 215.5).value == Decimal("5387.5")


def test_pressure_out_of_range_is_no_reading() -> None:
    for kpa, words in ((250.0, "shows overload"), (-30.0, "shows underload")):
        with pytest.raises(InstrumentFailure, match=words):
            PressureSensor(lambda t_us, kpa=kpa: kpa).read(0)


def test_pressure_is_right_within_its_uncertainty() -> None:
    for seed in range(50):
        reading = PressureSensor(lambda t_us: 100.0, seed).read(5)
        assert abs(reading.value - 100) <= 3 * reading.standard_uncertainty


def test_the_flow_sensor_shows_the_mean_since_the_reading_before() -> None:
    plant = Plant(PlantParameters(calibration_error=0.0))
    plant.enable(True)
    sensor = FlowSensor(plant)
    plant.move(0, 200, 10_000)  # one turn, 43.1 uL in 2 s
    start_nl = plant.delivered_nl(0)
    reading = sensor.read(60_000_000)
    true_ul_min = (plant.delivered_nl(60_000_000) - start_nl) / 1000
    assert abs(float(reading.value) - true_ul_min) <= 2 * float(reading.standard_uncertainty)
    assert abs(float(sensor.read(120_000_000).value)) <= 0.3  # nothing since, but for the offset


def test_a_fast_packet_saturates_the_flow_sensor() -> None:
    plant = Plant(PlantParameters(calibration_error=0.0))
    plant.enable(True)
    sensor = FlowSensor(plant)
    plant.move(0, 200, 1_000)  # 43.1 uL in 0.2 s: 12 930 uL/min
    with pytest.raises(InstrumentFailure, match="shows overload"):
        sensor.read(200_000)
