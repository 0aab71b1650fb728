"""The programmer's side of pumpbench: therapy files, transports, the programmer and the command line.

    from pumphost import Programmer, load

    with Programmer.open("/dev/ttyACM0") as pump:       # or "usb:SERIAL-NUMBER", or PUMPBENCH_PORT
        pump.status()                                   # a table in a notebook
        pump.review(load("therapy.toml"))               # beside what the pump has; sends nothing that acts

Importing this package costs nothing: every part is imported where it is used. It never imports the
firmware, and the rig only through its public entry point.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumphost.errors import OutcomeUnknown, PumpError, Refused
    from pumphost.programmer import Programmer
    from pumphost.therapy import Therapy, load, loads
    from pumphost.two_phase import SoftLimits

__all__ = ["OutcomeUnknown", "Programmer", "PumpError", "Refused", "SoftLimits", "Therapy", "load", "loads"]
_HOMES = {
    "OutcomeUnknown": "errors", "PumpError": "errors", "Refused": "errors", "Programmer": "programmer",
    "Therapy": "therapy", "load": "therapy", "loads": "therapy", "SoftLimits": "two_phase",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The names above, each imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
