"""What every transport does: bytes out, bytes in; and `open_transport` for the client side.

    transport = open_transport("/dev/ttyACM0")          # or usb:SERIAL, socket://localhost:5555, rfc2217://…, loop://
    transport.write(b"\\x00\\x00"); data = transport.read(0.3)

Deliberately without frames, retries or threads: `pumphost.session` does the first two, nobody the third.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, runtime_checkable

DEFAULT_BAUD = 115_200


@runtime_checkable
class Transport(Protocol):
    """A byte pipe to one pump. Everything that goes wrong is a `TransportError`.

    Optional: `now_s()`, seconds on the clock that `read` waits by (see `clock_of`).
    """

    name: str
    """What a person would call it: the port, URL or pair."""

    def write(self, data: bytes) -> None:
        """Hand over all of `data`, or raise."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """What is there, at once; if nothing is, wait up to `timeout_s` seconds for the first bytes.

        `b""` means that the whole time has passed on this transport's own clock: a virtual transport
        moves its virtual time instead of sleeping.
        """
        ...

    def close(self) -> None:
        """Let go of the port. Calling it twice is harmless."""
        ...


def clock_of(transport: Transport) -> Callable[[], float]:
    """The clock that this transport's `read` waits by: its `now_s`, seconds of arbitrary origin, monotonic.

    A transport without one gets a clock that stands still: every read may then wait the whole timeout again.
    The computer's clock would not do: virtual time must not depend on how fast this process runs.
    """
    own: Callable[[], float] | None = getattr(transport, "now_s", None)
    return own if own is not None else _standing_still


def _standing_still() -> float:
    return 0.0


def open_transport(url: str | None, *, baud: int = DEFAULT_BAUD) -> Transport:
    """The client side of a port: a device name, usb: and a USB serial number, or a URL (socket://, rfc2217://, loop://).

    With PUMPBENCH_PATIENCE=N in the environment every wait for an answer is N times as long.

    Raises `TransportError` that says what was tried, which ports exist and what to try.
    """
    from pumphost.errors import TransportError

    if not url or not url.strip():
        raise TransportError(
            "no port named: give --port PORT or set PUMPBENCH_PORT, for example /dev/ttyACM0, "
            "or the pty that `pumpbench serve` prints"
        )
    from pumphost.transport.patient import PatientTransport, patience
    from pumphost.transport.serial_url import SerialTransport

    times = patience(os.environ)
    port = SerialTransport(url.strip(), baud=baud)
    return port if times == 1 else PatientTransport(port, times)
