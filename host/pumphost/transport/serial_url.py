"""The client side of a real port: whatever pyserial's `serial_for_url` opens.

    transport = SerialTransport("/dev/ttyACM0")         # COM3, socket://host:port, rfc2217://…, loop://
    transport = SerialTransport("usb:E6614103E7452D2F")         # the same board at whichever port it is today

Errors say what was tried, which ports this computer has, and what to try next. No threads of its own, no
waiting for a port to appear, no guessing of another port.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, Any

import serial

from pumphost.errors import TransportError
from pumphost.transport.base import DEFAULT_BAUD

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

USB = "usb:"
PUMP = "pump"
SLICE_S = 0.02
"""Longest single wait inside pyserial: it is set once, because rfc2217 renegotiates the line at each change."""
WRITE_TIMEOUT_S = 2.0

_HINTS = {
    errno.ENOENT: "plug the {device} in, or name another port",
    errno.ENODEV: "plug the {device} in, or name another port",
    errno.ENXIO: "plug the {device} in, or name another port",
    errno.EACCES: "you may not open it: join the group that owns it (often dialout) and log in again",
    errno.EPERM: "you may not open it: join the group that owns it (often dialout) and log in again",
    errno.EBUSY: "another program holds it: close that program",
    errno.EAGAIN: "another program holds it: close that program",
    errno.ECONNREFUSED: "nobody listens there: start {server}, or correct host and port number",
    errno.ETIMEDOUT: "nobody answers there: correct host and port number",
    errno.ENOTTY: "it is not a serial port: name one",
    errno.EISDIR: "it is not a serial port: name one",
    errno.EINVAL: "it is not a serial port: name one",
}


def ports_here() -> str:
    """The serial ports of this computer in words: `serial ports here: /dev/ttyACM0 (Pico)`, or that there are none."""
    found = _ports()
    if not found:
        return "serial ports here: none"
    names = [p.device if p.description in ("n/a", "", None) else f"{p.device} ({p.description})" for p in found]
    return "serial ports here: " + ", ".join(names)


def _ports() -> list[ListPortInfo]:
    from serial.tools import list_ports

    return sorted(list_ports.comports(), key=lambda port: port.device)


def device_of_usb(serial_number: str, device: str = PUMP) -> str:
    """Device of the only serial port whose USB serial number this is; case does not matter.

    Raises `TransportError` naming the numbers that are here, or all ports that have this one.
    """
    wanted = serial_number.strip()
    numbered = [(str(port.serial_number), port.device) for port in _ports() if port.serial_number]
    fitting = [port for number, port in numbered if wanted and number.lower() == wanted.lower()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise TransportError(
            f"several ports have USB serial number {wanted}: {', '.join(fitting)}; name one of them: --port DEVICE"
        )
    here = ", ".join(f"usb:{number} ({port})" for number, port in numbered) or f"none ({ports_here()})"
    what = f"no serial port with USB serial number {wanted}" if wanted else f"no number behind {USB}"
    raise TransportError(f"{what}; USB serial ports here: {here}; plug the {device} in, or name another port")


class SerialTransport:
    """An open port at `baud`. Raises `TransportError` if it cannot be opened, or once it goes away.

    Eight data bits; `parity` N, E or O as pyserial has it. `device`: what errors call what should be there.
    """

    def __init__(self, url: str, baud: int = DEFAULT_BAUD, parity: str = "N", *, device: str = PUMP) -> None:
        if url.lower().startswith(USB):
            url = device_of_usb(url[len(USB) :], device)
        self.name = url
        options: dict[str, Any] = {} if "://" in url else {"exclusive": True}
        if not url.lower().startswith("rfc2217:"):  # which refuses to open with one
            options["write_timeout"] = WRITE_TIMEOUT_S
        try:
            self._port = serial.serial_for_url(url, baudrate=baud, parity=parity, timeout=SLICE_S, **options)
        except (OSError, ValueError) as exc:  # SerialException is an OSError; ValueError: a URL it does not know
            raise TransportError(_cannot_open(url, baud, exc, device)) from exc

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, TypeError) as exc:
            raise self._lost("writing", exc) from exc

    def read(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                waiting = self._port.in_waiting
                if waiting or timeout_s > 0:
                    data = bytes(self._port.read(max(1, waiting)))
                    if data:
                        return data
                if time.monotonic() >= deadline:
                    return b""
        except (OSError, TypeError) as exc:  # TypeError: pyserial meets its own closed descriptor
            raise self._lost("reading", exc) from exc

    def now_s(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        self._port.close()

    def _lost(self, doing: str, exc: BaseException) -> TransportError:
        return TransportError(
            f"{self.name} was lost while {doing} ({_reason(exc)}); {ports_here()}; "
            "check the cable and the power, then run the command again"
        )


def _cannot_open(url: str, baud: int, exc: BaseException, device: str) -> str:
    code = _errno_of(exc)
    if "://" in url and isinstance(exc, ValueError):
        hint = "write a device name or one of socket://host:port, rfc2217://host:port, loop://"
    else:
        hint = _HINTS.get(code, "check the name, the cable and the power")
        hint = hint.format(device=device, server="`pumpbench serve`" if device == PUMP else f"the {device} there")
    how = "" if url.startswith("socket://") else f" at {baud} baud"
    ways = " (--port PORT or PUMPBENCH_PORT; `pumpbench serve` makes a simulated one)" if device == PUMP else ""
    return f"cannot open {url}{how}: {_reason(exc)}; {ports_here()}; {hint}{ways}"


def _errno_of(exc: BaseException) -> int:
    """Error number; pyserial often keeps it only in the exception it was raised from, or in its text."""
    for candidate in (exc, exc.__cause__, exc.__context__):
        number = getattr(candidate, "errno", None)
        if number is None and candidate is not None and candidate.args:
            number = candidate.args[0]  # termios.error keeps it only there
        if isinstance(number, int):
            return number
    return 0


def _reason(exc: BaseException) -> str:
    number = _errno_of(exc)
    if number > 0:  # name resolution has negative ones
        import os

        return os.strerror(number).lower()
    text = str(exc).strip() or type(exc).__name__
    return text[0].lower() + text[1:]
