"""A stand-in for a Pico at a pty: a real MicroPython with its real prompt, littlefs in a file, and nothing that moves.

    with FlashBoard(folder, {"/main.py": b"..."}) as board:
        Flasher(Board(board.port), files).run()
        board.files()                           # what is in its flash, read by another program

It starts anew after a reset, as a chip does, and has its power from the cable: `unplug()`, or the block write number
`cut`, ends both, and another FlashBoard on the same folder is the same board plugged in again. The board's half is
fake_pico/boot.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from littlefs import LittleFS

from pumpfw.boards.pico.sectors import MAGIC, MOST
from pumphil.rigs.emulated.image import BLOCK_SIZE, BLOCKS, DISK_VERSION
from pumphil.rigs.find import NO_MICROPYTHON, find_micropython

BOOT = Path(__file__).parent / "fake_pico" / "boot.py"
needs_micropython = pytest.mark.skipif(find_micropython() is None, reason=NO_MICROPYTHON)
PICO: dict[str, Any] = {
    "platform": "rp2", "machine": "Raspberry Pi Pico with RP2040", "name": "micropython", "version": (1, 28, 0),
    "mpy": 0x0B06,  # bytecode 6, native code 3: as on a Pico, but for the processor of this computer
}  # fmt: skip


class FlashBoard:
    """`settings`: what differs from a blank Pico with MicroPython 1.28, see PICO and `__init__`."""

    def __init__(self, folder: Path, contents: dict[str, bytes] | None = None, **settings: Any) -> None:
        self._folder = folder
        self.settings = {**PICO, "jumper": False, "cut": 0, "wild_clock": False, "blocks": BLOCKS, **settings}
        self.settings |= {name: str(folder / name) for name in ("flash", "scratch", "told")}
        if contents is not None or not (folder / "flash").exists():
            (folder / "flash").write_bytes(_image(contents or {}, self.settings["blocks"]))
            (folder / "told").write_text("")
        (folder / "scratch").write_text("0")
        (folder / "settings").write_text(json.dumps(self.settings))
        # a client opens the end `cable`, which stays open here too, so that it may leave
        self._host, self._cable = os.openpty()
        self._board, self._terminal = os.openpty()
        tty.setraw(self._cable)
        self.port = os.ttyname(self._cable)
        self.to_board = 0  # bytes that ever went there
        self.heard = bytearray()  # all that came
        self.pull_after = 1 << 60  # bytes to the board: then the cable is pulled
        self._process: subprocess.Popen[bytes] | None = None
        self._plugged = True
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._keep, self._copy)]
        for thread in self._threads:
            thread.start()

    # -- power and cable

    def _copy(self) -> None:
        """What goes over the cable, until it is pulled."""
        while self._plugged:
            ready, _, _ = select.select([self._host, self._board], [], [], 0.02)
            for end in ready:
                data = _read(end)
                if end == self._board:
                    self.heard += data
                    os.write(self._host, data)
                    continue
                data = data[: max(0, self.pull_after - self.to_board)]
                self.to_board += len(data)
                os.write(self._board, data)
                self._plugged = self._plugged and self.to_board < self.pull_after
        if self._process:
            self._process.kill()
        for end in (self._host, self._cable, self._board, self._terminal):
            os.close(end)

    def _keep(self) -> None:
        """Start it, and again after each reset, until its power goes."""
        command = [str(find_micropython()), "-X", "heapsize=4M", "-i", str(BOOT), str(self._folder / "settings")]
        while self._plugged:
            try:
                tty.setraw(self._terminal)  # until it says otherwise a byte 0x03 is one like any other
            except termios.error:
                return  # the cable was pulled while it restarted
            with subprocess.Popen(
                command, stdin=self._terminal, stdout=self._terminal, stderr=self._terminal,
                preexec_fn=self._own_terminal,
            ) as self._process:  # fmt: skip
                self._process.wait()
            if self._process.returncode < 0:  # otherwise a reset
                self._plugged = False

    def _own_terminal(self) -> None:
        os.setsid()
        fcntl.ioctl(self._terminal, termios.TIOCSCTTY, 0)

    def unplug(self) -> None:
        """The cable is pulled: the port is gone, and the power with it."""
        self._plugged = False
        for thread in self._threads[::-1]:
            thread.join()

    # -- what a test looks at

    def files(self) -> dict[str, bytes]:
        """Path -> content of all files in flash, read by littlefs itself."""
        system = LittleFS(block_size=BLOCK_SIZE, block_count=self.settings["blocks"], mount=False)
        system.context.buffer = bytearray((self._folder / "flash").read_bytes())
        system.mount()
        found = {}
        for folder, _, names in system.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with system.open(path, "rb") as file:
                    found[path] = file.read()
        return found

    def told(self) -> list[str]:
        """Starts and changes of pins, in order."""
        return (self._folder / "told").read_text().splitlines()

    def wait_for(self, words: bytes = b">>> ") -> None:
        """Until it has said this since the last time."""
        self._wait(lambda: words in self.heard, str(words))
        self.heard.clear()

    def wait_for_pump(self) -> None:
        """Until the pump's time has begun: the pin that tells a probe so."""
        self._wait(lambda: "pin 22 1" in self.told(), "a pump")

    def wait_for_store(self) -> None:
        """Until each sector of the store has its stamp."""
        stamps = [MAGIC + bytes((k,)) for k in range(MOST)]
        self._wait(lambda: all(stamp in (self._folder / "flash").read_bytes() for stamp in stamps), "the store")

    def _wait(self, come: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 60
        while not come():
            assert time.monotonic() < end, f"{what} did not come, the board said {bytes(self.heard)!r}"
            time.sleep(0.005)

    def __enter__(self) -> FlashBoard:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.unplug()


def _read(end: int) -> bytes:
    try:
        return os.read(end, 4096)
    except OSError:  # the other end is gone
        return b""


def _image(contents: dict[str, bytes], blocks: int) -> bytes:
    system = LittleFS(block_size=BLOCK_SIZE, block_count=blocks, disk_version=DISK_VERSION)
    for path, data in contents.items():
        system.makedirs(os.path.dirname(path), exist_ok=True)
        with system.open(path, "wb") as file:
            file.write(data)
    return bytes(system.context.buffer)
