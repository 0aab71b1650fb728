"""A transport whose time goes slower, so that everybody who waits by it waits longer: for a chip that is emulated.

    transport = PatientTransport(open_port(url), 20)        # 0.3 s of waiting become 6

All timeouts of a programmer are measured by the clock of its transport, so nothing else has to know.
"""

from __future__ import annotations

from collections.abc import Mapping

from pumphost.errors import TransportError
from pumphost.transport.base import Transport, clock_of

ENVIRONMENT = "PUMPBENCH_PATIENCE"
HIGHEST = 1_000


class PatientTransport:
    """`inner`, `times` as patient."""

    def __init__(self, inner: Transport, times: float) -> None:
        self.inner = inner
        self.name = inner.name
        self._times = times
        self._clock = clock_of(inner)

    def now_s(self) -> float:
        """Of the clock that `read` waits by."""
        return self._clock() / self._times

    def write(self, data: bytes) -> None:
        """As of the inner one."""
        self.inner.write(data)

    def read(self, timeout_s: float) -> bytes:
        """What is there, or what comes within so many slow seconds."""
        return self.inner.read(timeout_s * self._times)

    def close(self) -> None:
        """As of the inner one."""
        self.inner.close()


def patience(environment: Mapping[str, str]) -> float:
    """How many times as long to wait, from the environment; 1 where nothing is said. Raises `TransportError`."""
    text = environment.get(ENVIRONMENT, "").strip()
    if not text:
        return 1.0
    try:
        times = float(text)
    except ValueError:
        times = 0.0
    if not 1 <= times <= HIGHEST:
        raise TransportError(f"{ENVIRONMENT} is {text!r}; write a number from 1 to {HIGHEST}, or unset it")
    return times
