"""Virtual instruments on real ptys: read, spoiled, unplugged; strangers' drivers and a stranger's balance."""

from __future__ import annotations

import asyncio
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import pytest
from rfc2217_redirector import Redirector

from pumphil.instruments import open_instrument
from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.failures import Garbage, InstrumentFailure, Overload, Unplugged
from pumphil.instruments.virtual import Faulty, Pan, PanParameters, VirtualBalance, VirtualFlowSensor, served
from pumphost.transport.tcp import TcpServer

QUIET = PanParameters(noise_g=0.0)
TIMEOUTS = {"timeout_s": 0.3, "readability_mg": 0.1}


def virtual(dialect: str, grams: float = 20.0, **options: Any) -> VirtualBalance:
    return VirtualBalance(DIALECTS[dialect], Pan(lambda t_s: grams, QUIET), **options)


@pytest.mark.parametrize("framing", ["8N1", "7E1", "7O1"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_virtual_balance_is_read_as_a_real_one(dialect: str, framing: str) -> None:
    table = {"dialect": dialect, "port": "", "framing": framing}
    with (
        served(virtual(dialect, framing=framing)) as line,
        closing(open_instrument(table | {"port": line.path}, "balance")) as scale,
    ):
        reading = scale.read(stable=True)
        assert (reading.value, reading.unit, reading.stable) == (Decimal("20.0000"), "g", True)
        assert scale.identify()["serial"] or dialect == "ohaus"


def test_every_fault_of_the_cable_is_an_error_or_the_right_reading() -> None:
    faults = Faulty(("half-line", "silence", "garbage", "changed-bit", "lost-byte", "doubled-byte"), 1.0, seed=2)
    device = virtual("ad", framing="7E1", faults=faults)
    faults.planned = [""] * 2
    with (
        served(device) as line,
        closing(open_instrument({"dialect": "ad", "port": line.path, "timeout_s": 0.05}, "balance")) as scale,
    ):
        assert scale.read().value == Decimal("20.0000")
        failed = 0
        for _ in range(12):
            try:
                assert scale.read().value == Decimal("20.0000")
            except InstrumentFailure:
                failed += 1
        assert failed >= 10
        faults.planned = [""] * 20
        assert scale.read().value == Decimal("20.0000")


def test_unplugging_is_an_error_and_so_is_a_port_that_is_not_there() -> None:
    with served(virtual("mt-sics")) as line:
        table = {"dialect": "mt-sics", "port": line.path, **TIMEOUTS}
        with closing(open_instrument(table, "balance")) as scale:
            assert scale.read().value == Decimal("20.0000")
            line.unplug()
            with pytest.raises(Unplugged, match="balance is not there"):
                scale.read()
            with pytest.raises(Unplugged):
                scale.read()
    with pytest.raises(Unplugged, match=r"cannot open .* plug the balance in") as caught:
        open_instrument(table, "balance")
    assert "pumpbench serve" not in str(caught.value)


def test_the_wrong_framing_and_the_wrong_dialect_are_told() -> None:
    with served(virtual("ad", framing="7E1")) as line:
        for framing in ("8N1", "7O1"):
            with (
                closing(open_instrument({"dialect": "ad", "port": line.path, "framing": framing}, "balance")) as scale,
                pytest.raises(Garbage),
            ):
                scale.read()
    with (
        served(virtual("ad")) as line,
        closing(open_instrument({"dialect": "ad", "port": line.path}, "balance")) as scale,
        pytest.raises(Garbage, match=r'sent no parity bits, expected 7E1.*framing = "8N1"'),
    ):
        scale.read()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own reader thread
def test_a_balance_behind_a_server_of_rfc_2217() -> None:
    with (
        served(virtual("mt-sics", framing="7E1"), TcpServer()) as line,
        Redirector(line.path) as redirector,
        closing(open_instrument({"dialect": "mt-sics", "port": redirector.url, "framing": "7E1"}, "balance")) as scale,
    ):
        assert scale.read().value == Decimal("20.0000")


def test_a_flow_sensor_on_a_pty_through_the_package_of_its_maker() -> None:
    with (
        served(VirtualFlowSensor(lambda t_s: 69.4)) as line,
        closing(open_instrument({"dialect": "shdlc", "port": line.path}, "flow")) as flow,
    ):
        assert flow.read().value == Decimal("69.4")


def test_the_makers_own_port_and_device_talk_to_the_virtual_sensor() -> None:
    from sensirion_shdlc_driver import ShdlcConnection, ShdlcDevice, ShdlcSerialPort

    with served(VirtualFlowSensor(lambda t_s: 69.4)) as line, ShdlcSerialPort(line.path, 115_200) as port:
        device = ShdlcDevice(ShdlcConnection(port), 0)
        assert device.get_serial_number() == "FTVIRTUAL"
        assert device.get_version().firmware.major == 1


# -- mettler-toledo-device: a driver for real balances ----------------------------------------------------


@pytest.fixture(scope="module")
def mettler_toledo() -> Any:
    """The package. It is of 2018 and wants `pkg_resources` for its version number, which setuptools no longer has."""
    if "pkg_resources" not in sys.modules:
        stand_in = types.ModuleType("pkg_resources")
        stand_in.DistributionNotFound = type("DistributionNotFound", (Exception,), {})  # type: ignore[attr-defined]

        def get_distribution(name: str) -> None:
            raise stand_in.DistributionNotFound

        stand_in.get_distribution = get_distribution  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    import mettler_toledo_device

    return mettler_toledo_device


@contextmanager
def driver_of(package: Any, device: VirtualBalance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(package.MettlerToledoDevice, "_RESET_DELAY", 0)  # what a real one needs after opening
    with served(device) as line:
        driver = package.MettlerToledoDevice(port=line.path)
        try:
            yield driver
        finally:
            driver.close()


def test_mettler_toledo_device_reads_the_virtual_balance(mettler_toledo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with driver_of(mettler_toledo, virtual("mt-sics"), monkeypatch) as driver:
        assert driver.get_weight() == [20.0, "g", "S"]
        assert driver.get_weight_stable() == [20.0, "g"]
        assert driver.get_serial_number() == "B123456789"
        assert driver.get_balance_data() == ["XS204", "220.0000", "g"]
        assert driver.zero() == "S"
        assert driver.get_weight() == [0.0, "g", "S"]


def test_mettler_toledo_device_sees_what_moves_and_what_is_too_much(
    mettler_toledo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = {"g": 20.0}
    device = VirtualBalance(DIALECTS["mt-sics"], Pan(lambda t_s: load["g"], QUIET))
    with driver_of(mettler_toledo, device, monkeypatch) as driver:
        driver.get_weight()
        load["g"] = 25.0
        assert driver.get_weight()[2] == "D"
        load["g"] = 100_000.0  # within one reading above the capacity, however slowly the display follows
        device.pan.shown(1e6)
        with pytest.raises(mettler_toledo.MettlerToledoError, match="overload"):
            driver.get_weight()


# -- mt-sics-emulator: a balance that answers SI with SI --------------------------------------------------


async def cancel_all() -> None:
    """Of the emulator, which has no way of its own to end a client."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def emulator(profile: str) -> Iterator[tuple[Any, str]]:
    """(state of the emulated balance, port)"""
    from mtsics.core.state import ScaleState
    from mtsics.profiles import load
    from mtsics.protocol.engine import MTSICSEngine
    from mtsics.transport.tcp import TCPConfig, TCPTransport

    state = ScaleState(config=load(profile))
    loop = asyncio.new_event_loop()
    server = TCPTransport(MTSICSEngine(state), cfg=TCPConfig(host="127.0.0.1", port=0))
    host, port = loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield state, f"socket://{host}:{port}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(cancel_all())
        loop.close()


def test_our_driver_reads_mt_sics_emulator() -> None:
    with emulator("mt-xs204") as (state, port):
        state.set_weight(20.0, stable=True)
        with closing(open_instrument({"dialect": "mt-sics", "port": port}, "balance")) as scale:
            reading = scale.read(stable=True)
            assert (reading.value, reading.stable) == (Decimal("20.0000"), True)
            assert reading.raw.startswith("SI S ")  # the reading of the standard that we accept as well
            state.set_weight(21.5, stable=False)
            assert (scale.read().value, scale.read().stable) == (Decimal("21.5000"), False)
            state.set_weight(500.0)
            with pytest.raises(Overload):
                scale.read()
            state.set_weight(20.0, stable=True)
            scale.tare()
            assert scale.read().value == 0


def test_mt_sics_emulator_in_kilograms_needs_the_rig_file_to_say_so() -> None:
    with emulator("ohaus-ranger7000") as (state, port):
        state.set_weight(12.5)
        table = {"dialect": "mt-sics", "port": port}
        with (
            closing(open_instrument(table, "balance")) as scale,
            pytest.raises(InstrumentFailure, match="shows kg, expected g"),
        ):
            scale.read()
        with closing(open_instrument(table | {"unit": "kg"}, "balance")) as scale:
            assert scale.read().value == Decimal("12500")
