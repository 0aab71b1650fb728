"""Which Picos are plugged into this computer: those with a serial port, and those that wait for MicroPython.

    board = find_board(None)                    # the only one; or TransportError with the list
    board = find_board("usb:E6614103E7452D2F")
    bootsel_drives()                            # drives of Picos that were plugged in with BOOTSEL held

Opens no port. That one is a Pico is what its USB descriptor says; what runs there only talking to it tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pumphost.errors import TransportError
from pumphost.transport.serial_url import USB, device_of_usb, ports_here

VENDOR, MICROPYTHON = 0x2E8A, 0x0005  # Raspberry Pi; the serial port of MicroPython on a board of theirs
IMAGE = "RPI_PICO (v1.28 or newer, .uf2) from micropython.org"
PUT_MICROPYTHON = (
    f"unplug the board, hold its BOOTSEL button while you plug it in, copy {IMAGE} to the drive RPI-RP2 that appears, "
    "wait until the drive is gone"
)
_INFO, _BOARD_ID = "INFO_UF2.TXT", "Board-ID: RPI-RP2"  # RP2040 datasheet, 2.8.4.2
_MOUNTS, _VOLUMES, _BY_LABEL = Path("/proc/self/mounts"), Path("/Volumes"), Path("/dev/disk/by-label/RPI-RP2")


@dataclass(frozen=True, slots=True)
class Board:
    """A board at a serial port. `serial_number`: of its USB, "" where there is none (a pty, a socket)."""

    port: str
    serial_number: str = ""

    @property
    def address(self) -> str:
        """What to open: the number stays with a board whose port changes at a reset."""
        return USB + self.serial_number if self.serial_number else self.port

    def __str__(self) -> str:
        return f"{USB}{self.serial_number} ({self.port})" if self.serial_number else self.port


def boards_here() -> list[Board]:
    """Serial ports that MicroPython on a Raspberry Pi board has opened, in order of their names."""
    return [board for board, vendor, product in _ports() if (vendor, product) == (VENDOR, MICROPYTHON)]


def find_board(port: str | None) -> Board:
    """The board at `port` (device, URL or usb:SERIAL-NUMBER), or the only one here.

    Raises `TransportError`: none, with what to do about one in BOOTSEL mode; or several, with their numbers.
    """
    if port and port.strip():
        return _named(port.strip())
    found = boards_here()
    if len(found) == 1:
        return found[0]
    if found:
        raise TransportError(
            f"no board chosen: {len(found)} are plugged in, {', '.join(map(str, found))}; name one: "
            f"--port {found[0].address}"
        )
    raise TransportError(_nothing_here())


def _named(port: str) -> Board:
    if port.lower().startswith(USB):
        number = port[len(USB) :].strip()
        try:
            return Board(device_of_usb(number), number)
        except TransportError as exc:
            waiting = _bootsel_sentence()
            raise TransportError(f"{exc}; {waiting}" if waiting else str(exc)) from exc
    numbers = [board.serial_number for board, *_ in _ports() if board.port == port]
    return Board(port, numbers[0] if numbers else "")


def bootsel_drives() -> list[Path]:
    """Where the drives of RP2040 boards in BOOTSEL mode are mounted."""
    found = []
    for folder in _mount_points():
        try:
            text = (folder / _INFO).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        if _BOARD_ID in text:
            found.append(folder)
    return found


def _nothing_here() -> str:
    waiting = _bootsel_sentence()
    if waiting:
        return f"no board with MicroPython is plugged in; {waiting}"
    return (
        f"no board with MicroPython is plugged in; {ports_here()}; plug one in with a cable that carries data, or name "
        f"its port: --port PORT; for a new board: {PUT_MICROPYTHON}"
    )


def _bootsel_sentence() -> str:
    """What to do about a board in BOOTSEL mode; empty if there is none."""
    drives = bootsel_drives()
    where = f"drive {', '.join(map(str, drives))}" if drives else ""
    if not drives and _BY_LABEL.exists():
        where = f"{_BY_LABEL}, which is not mounted: mount it"
    if not where:
        return ""
    return (
        f"one waits in BOOTSEL mode ({where}): copy {IMAGE} to that drive, wait until the drive is gone, then run the "
        "command again"
    )


def _mount_points() -> Iterator[Path]:
    if _MOUNTS.is_file():
        for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
            kind, folder = line.split(" ")[2], line.split(" ")[1]
            if kind in ("vfat", "msdos", "fuseblk"):
                yield Path(folder.encode("latin-1", "replace").decode("unicode_escape"))  # \040: a space
    elif _VOLUMES.is_dir():
        yield from sorted(_VOLUMES.iterdir())


def _ports() -> Iterator[tuple[Board, int, int]]:
    from serial.tools import list_ports

    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        yield Board(port.device, str(port.serial_number or "")), port.vid or 0, port.pid or 0
