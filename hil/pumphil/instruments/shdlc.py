"""Sensirion liquid flow sensor (SLF3x, on the SCC1-USB cable) over SHDLC: flow in uL/min behind the contract.

    flow = open_flow_sensor({"dialect": "shdlc", "port": "usb:FTSTQ8XL"}, "flow", clock_us)
    flow.read()                         # unit, scale and range are asked of the sensor at the first reading

Frames, checksums and device errors are those of Sensirion's own package (`pip install 'pumpbench[flow]'`). Its package
for the cable, sensirion-uart-scc1, is not used: it pins an outdated `packaging` and opens nothing but device names.
A thermal sensor is a supervisor (direction, no flow, air), never the reference: its offset integrates.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from threading import RLock
from typing import Any

from pumphil.instruments.contract import ClockUs
from pumphil.instruments.failures import Garbage, InstrumentFailure, Overload, Refused, Silent, Unplugged, WrongFormat
from pumphil.instruments.reading import Reading, decimal_of
from pumphost.errors import TransportError
from pumphost.transport import Transport, clock_of

BAUD = 115_200
SENSOR_TYPE_SF06 = 3
GET_SENSOR_TYPE, GET_SCALE, START, STOP, LAST, SERIAL, PART = 0x24, 0x53, 0x33, 0x34, 0x35, 0xD0, 0x50
LIQUIDS = {"water": 0x3608, "ipa": 0x3615}
AIR, HIGH_FLOW = 1, 2
UNITS = {0x0843: -3, 0x0844: 0, 0x0845: 3}
"""Flow unit of the sensor (litre a minute with a prefix) to the power of ten to uL/min."""
SATURATED = 32_767
TIMEOUT_S = 0.3
READY_WITHIN_S = 1.0
POLL_S = 0.02
KEYS: dict[str, type] = {"dialect": str, "port": str, "baud": int, "liquid": str, "interval_ms": int, "accuracy": float}


def open_flow_sensor(table: dict[str, Any], name: str, clock_us: ClockUs) -> FlowSensorSf06:
    """The sensor of a table. ValueError: a key that makes no sense. Unplugged: no such port. Refused: no package."""
    from pumphil.instruments.open import check_keys, open_port

    check_keys(table, name, KEYS)
    liquid = table.get("liquid", "water")
    if liquid not in LIQUIDS:
        raise ValueError(f"{name}.liquid is {liquid!r}: give one of {', '.join(LIQUIDS)}")
    port = open_port(table, name, BAUD)
    return FlowSensorSf06(
        port, name, clock_us, liquid=liquid,
        interval_ms=table.get("interval_ms", 100), accuracy=table.get("accuracy", 0.05),
    )  # fmt: skip


class FlowSensorSf06:
    """One sensor. `accuracy`: limit of error relative to the value, 0.05 for the SLF3S family with water."""

    unit = "uL/min"

    def __init__(
        self, port: Transport, name: str, clock_us: ClockUs,
        *, liquid: str = "water", interval_ms: int = 100, accuracy: float = 0.05,
    ) -> None:  # fmt: skip
        self.name = name
        self._wire = _Wire(port, name, clock_us)
        self._liquid = LIQUIDS[liquid]
        self._interval_ms = interval_ms
        self._accuracy = accuracy
        self._per_unit = 0  # counts per flow unit, 0 until asked
        self._power = 0

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """Flow now. Overload: beyond the range of the sensor; Refused: air in the line, so that it measures nothing."""
        if not self._per_unit:
            self._begin()
        data = self._last()
        counts, _temperature, flags = struct.unpack(">hhH", data)
        raw = data.hex(" ")
        if flags & HIGH_FLOW or abs(counts) >= SATURATED:
            raise Overload(
                self.name, raw, "sees more flow than it can measure", "smooth the packets or fit a wider sensor"
            )
        if flags & AIR:
            raise Refused(self.name, raw, "sees air in the line", "purge the line, then read again")
        value = (Decimal(counts) / self._per_unit).scaleb(self._power)
        digit = float((Decimal(1) / self._per_unit).scaleb(self._power))
        uncertainty = math.hypot(self._accuracy * float(value), digit / 2) / math.sqrt(3)
        return Reading(value, self.unit, decimal_of(uncertainty, 4), self._wire.t_us, stable=True, raw=raw)

    def identify(self) -> dict[str, str]:
        """Serial number of the cable and part name of the sensor."""
        told = {"kind": "flow", "maker": "Sensirion", "dialect": "shdlc"}
        for what, command, data in (("serial", SERIAL, b"\x03"), ("model", PART, bytes([SENSOR_TYPE_SF06]))):
            text = self._wire.ask(command, data).rstrip(b"\0").decode("ascii", "replace")
            if text:
                told[what] = text
        return told

    def close(self) -> None:
        """Stop measuring, if it can be told, and give the port back."""
        try:
            if self._per_unit:
                self._wire.ask(STOP, b"")
        except InstrumentFailure:
            pass  # gone already: nothing to stop
        finally:
            self._wire.close()

    def _begin(self) -> None:
        kind = self._wire.ask(GET_SENSOR_TYPE, b"")
        if kind != bytes([SENSOR_TYPE_SF06]):
            raise WrongFormat(
                self.name, kind.hex(), "is set to another kind of sensor", "set the cable to sensor type 3 (SF06)"
            )
        answer = self._wire.ask(GET_SCALE, self._liquid.to_bytes(2, "big"))
        if len(answer) != 6:
            raise Garbage(self.name, answer.hex(" "), "told no scale")
        scale, unit, _ = struct.unpack(">hHH", answer)
        if unit not in UNITS or scale <= 0:
            raise WrongFormat(
                self.name, answer.hex(" "), "measures in a unit that is no litre a minute", "use a liquid sensor"
            )
        self._wire.ask(START, struct.pack(">HH", self._interval_ms, self._liquid))
        self._power, self._per_unit = UNITS[unit], scale

    def _last(self) -> bytes:
        deadline = self._wire.now_s() + READY_WITHIN_S
        while not (data := self._wire.ask(LAST, bytes([SENSOR_TYPE_SF06]))):
            if self._wire.now_s() >= deadline:
                raise Silent(self.name, "", "measures nothing", "check the plug between sensor and cable")
            self._wire.pause(POLL_S)
        if len(data) != 6:
            raise Garbage(self.name, data.hex(" "))
        return data


class _Wire:
    """Sensirion's frames over a transport of ours: any URL, and failures in the name of the instrument."""

    def __init__(self, transport: Transport, instrument: str, clock_us: ClockUs) -> None:
        try:
            from sensirion_shdlc_driver import errors, serial_frame_builder
            from sensirion_shdlc_driver.connection import ShdlcConnection
        except ImportError as error:
            transport.close()
            raise Refused(
                instrument, "", "needs the package sensirion-shdlc-driver", "run pip install 'pumpbench[flow]'"
            ) from error
        self._frames = serial_frame_builder
        self._errors = errors
        self._transport = transport
        self._instrument = instrument
        self._clock_us = clock_us
        self._came = b""
        self.now_s = clock_of(transport)
        self.t_us = 0
        self.lock = RLock()  # as ShdlcPort has it
        self.description = transport.name
        self._connection = ShdlcConnection(self)

    def ask(self, command: int, data: bytes) -> bytes:
        """Answer of the device to one command."""
        try:
            answer, _ = self._connection.transceive(0, command, data, TIMEOUT_S)
        except self._errors.ShdlcTimeoutError:
            if self._came:
                raise Garbage(self._instrument, self._came.hex(" "), "sent half a frame") from None
            raise Silent(self._instrument) from None
        except self._errors.ShdlcDeviceError as error:
            raise Refused(self._instrument, self._came.hex(" "), f"reports error {error.error_code}") from None
        except self._errors.ShdlcResponseError as error:
            raise Garbage(self._instrument, self._came.hex(" "), f"sent a damaged frame ({error})") from None
        except TransportError as error:
            raise Unplugged(self._instrument, "", f"is not there ({error})") from error
        return bytes(answer)

    def transceive(self, address: int, command: int, data: bytes, timeout_s: float) -> tuple[int, int, int, bytes]:
        """What ShdlcConnection wants of a port: one frame there, one frame back."""
        while self._transport.read(0.0):
            pass  # late or unasked: never the answer to this
        self._transport.write(self._frames.ShdlcSerialMosiFrameBuilder(address, command, data).to_bytes())
        answer = self._frames.ShdlcSerialMisoFrameBuilder()
        self._came = b""
        deadline = self.now_s() + timeout_s
        while (left := deadline - self.now_s()) > 0 and (piece := self._transport.read(left)):
            if not self._came:
                self.t_us = self._clock_us()
            self._came += piece
            if answer.add_data(piece):
                address, command, state, payload = answer.interpret_data()
                return address, command, state, payload
        raise self._errors.ShdlcTimeoutError

    def pause(self, seconds: float) -> None:
        self._transport.read(seconds)

    def close(self) -> None:
        self._transport.close()
