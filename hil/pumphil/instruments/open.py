"""An instrument from its table in a rig file.

[instruments.balance]
dialect = "mt-sics"          # mt-sics | sbi | ad | ohaus | shdlc
port = "usb:A10KZP3Q"        # device, usb:SERIAL-NUMBER, socket://host:port, rfc2217://host:port
framing = "7E1"
readability_mg = 0.1

    balance = open_instrument(table, "balance", clock_us)

What is not given is as the maker ships it. Opening sends nothing; the first reading does.
"""

from __future__ import annotations

import math
import time
from dataclasses import fields, replace
from typing import Any

from pumphil.instruments.balance import BalanceParameters
from pumphil.instruments.contract import ClockUs, Instrument
from pumphil.instruments.dialects import DIALECTS, TO_GRAMS
from pumphil.instruments.failures import Unplugged
from pumphil.instruments.framing import Framing
from pumphil.instruments.scale import ScaleSettings, SerialBalance
from pumphil.instruments.serial_line import SerialLine
from pumphost.errors import TransportError
from pumphost.transport import Transport
from pumphost.transport.serial_url import SerialTransport

SHDLC = "shdlc"
NAMES = (*DIALECTS, SHDLC)
LINE_KEYS: dict[str, type] = {"dialect": str, "port": str, "baud": int, "framing": str}
SCALE_KEYS: dict[str, type] = {"unit": str, "agreement_digits": int, "timeout_s": float, "stable_timeout_s": float}
WEIGHING_KEYS = {f.name: float for f in fields(BalanceParameters) if f.name not in ("settling_us", "sees_outlet")}
ABOVE_ZERO = {
    "baud",
    "timeout_s",
    "stable_timeout_s",
    "readability_mg",
    "pressure_hpa",
    "interval_ms",
    "full_scale_ul_min",
}
ANY_SIGN = {"temperature_c"}


def open_instrument(table: dict[str, Any], name: str = "instrument", clock_us: ClockUs | None = None) -> Instrument:
    """The instrument that `table` describes; `name` is what errors call it, `clock_us` rig time, by default since now.

    ValueError: a table that makes no sense, with the key, what it is and what is allowed. Unplugged: no such port.
    """
    dialect = table.get("dialect")
    if dialect not in NAMES:
        raise ValueError(f"{name}.dialect is {dialect!r}: give one of {', '.join(NAMES)}")
    if not table.get("port"):
        raise ValueError(f"{name}.port is missing: give a device, usb:SERIAL-NUMBER, socket:// or rfc2217:// URL")
    clock = clock_us if clock_us is not None else clock_since_now()
    if dialect == SHDLC:
        from pumphil.instruments.shdlc import open_flow_sensor

        return open_flow_sensor(table, name, clock)
    return _open_balance(table, name, clock)


def clock_since_now() -> ClockUs:
    """Rig time that begins at 0 with this call and follows the computer's monotonic clock."""
    began_ns = time.monotonic_ns()
    return lambda: (time.monotonic_ns() - began_ns) // 1000


def open_port(table: dict[str, Any], name: str, baud: int, parity: str = "N") -> Transport:
    """The port of a table. Unplugged: there is none."""
    try:
        return SerialTransport(str(table["port"]), table.get("baud", baud), parity, device=name)
    except TransportError as error:
        raise Unplugged(name, "", f"is not there: {error}", "then run it again") from error


def _open_balance(table: dict[str, Any], name: str, clock: ClockUs) -> SerialBalance:
    check_keys(table, name, {**LINE_KEYS, **SCALE_KEYS, **WEIGHING_KEYS})
    dialect = DIALECTS[table["dialect"]]
    try:
        framing = Framing(table.get("framing", dialect.framing))
        settings = ScaleSettings(
            decimals=_decimals(table),
            weighing=_weighing(table),
            **{key: table[key] for key in SCALE_KEYS if key in table},
        )
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from None
    port = open_port(table, name, dialect.baud, framing.port_parity)
    line = SerialLine(port, framing, name, clock)
    return SerialBalance(dialect, line, settings, checked=framing.checked, name=name)


def _weighing(table: dict[str, Any]) -> BalanceParameters:
    chosen = replace(BalanceParameters(), **{key: table[key] for key in WEIGHING_KEYS if key in table})
    if "repeatability_mg" not in table and "readability_mg" in table:
        return replace(chosen, repeatability_mg=chosen.readability_mg)
    return chosen


def _decimals(table: dict[str, Any]) -> int | None:
    """Digits behind the point of a display with that readability: 0.1 mg is four of them in g."""
    if "readability_mg" not in table:
        return None
    unit = table.get("unit", "g")
    digit = table["readability_mg"] * 10.0 ** (-3 - TO_GRAMS.get(unit, 0))
    return max(0, -math.floor(math.log10(digit) + 1e-9))


def check_keys(table: dict[str, Any], name: str, known: dict[str, type]) -> None:
    """ValueError for a key that is not known, or a value that is not of its kind or sign."""
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"unknown key {name}.{key}: known are {', '.join(sorted(known))}")
        kind = known[key]
        good, wanted = isinstance(value, str), "a text"
        if kind is int:
            good, wanted = type(value) is int, "a whole number"
        elif kind is float:
            good, wanted = type(value) in (int, float) and -math.inf < value < math.inf, "a number"
        if good and kind is not str and key not in ANY_SIGN:
            above = key in ABOVE_ZERO
            good, wanted = (value > 0, "a number above 0") if above else (value >= 0, "0 or more")
        if not good:
            raise ValueError(f"{name}.{key} is {value!r}: give {wanted}")
