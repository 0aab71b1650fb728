"""What a shell may complete after an option: words that there is a list of, and ports that are there.

    typer.Option("--role", autocompletion=roles)

Runs at every press of the tab key: it opens no port and asks no pump.
"""

from __future__ import annotations


def ports(incomplete: str) -> list[str]:
    """Serial devices of this computer, boards by their USB serial number first."""
    from serial.tools import list_ports

    found = list(list_ports.comports())
    named = [f"usb:{port.serial_number}" for port in found if port.serial_number]
    return [name for name in (*named, *(port.device for port in found)) if name.startswith(incomplete)]


def roles(incomplete: str) -> list[str]:
    """Roles on the link."""
    from pumplink import codes

    return [name for name in codes.ROLES[1:] if name.startswith(incomplete)]


def rigs(incomplete: str) -> list[str]:
    """Rigs without a file of their own."""
    return [name for name in ("auto", "vm", "sim", "emulated") if name.startswith(incomplete)]


def reasons(incomplete: str) -> list[str]:
    """Reasons of a stop."""
    from pumphost.programmer import REASONS

    return [name for name in REASONS if name.startswith(incomplete)]


def cases(incomplete: str) -> list[str]:
    """Cases of a prime."""
    from pumphost.arithmetic import PRIME_CASES

    return [name for name in PRIME_CASES if name.startswith(incomplete)]


def modes_after(incomplete: str) -> list[str]:
    """Modes after a clinician bolus."""
    from pumphost.ordering import FOLLOW_ON

    return [name for name in FOLLOW_ON if name and name.startswith(incomplete)]


def exports(incomplete: str) -> list[str]:
    """Tables of `pumpbench export`."""
    from pumphost.exports import EXPORTS

    return [name for name in EXPORTS if name.startswith(incomplete)]
