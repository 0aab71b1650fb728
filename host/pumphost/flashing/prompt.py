"""The raw prompt of MicroPython at a port: code goes in, what it printed comes out. A thin layer over mpremote.

    prompt = Prompt("/dev/ttyACM0")             # interrupts what runs there; NoPrompt if it does not give way
    prompt.run("print(1 + 1)")                  # "2"
    prompt.write("/main.py", b"...")

Every trouble is a `PumpError`: `PromptLost` of the line, `BoardError` of the code on the board. It knows no pump.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from typing import Any

from pumphost.errors import PumpError, TransportError

PATIENCE_S = 20.0  # for one piece of code: an emulated board is 30 times slower than a real one
KNOCK_S = 1.0  # a prompt answers at once, a program that Ctrl-C interrupts after its traceback
PIECE = 1_536  # bytes of a file in one piece of code: 2 KB as text
ENOSPC = 28
_READ_S = 0.1


class NoPrompt(TransportError):
    """What runs at the port gives no prompt, or the port cannot be opened (`cause` of another class than this)."""


class PromptLost(TransportError):
    """The board stopped answering in the middle of something."""


class BoardError(PumpError):
    """Code on the board raised. `number`: of an OSError there, else 0."""

    def __init__(self, doing: str, said: str) -> None:
        last = said.strip().splitlines()[-1] if said.strip() else "an error without words"
        found = re.search(r"OSError: (?:\[Errno )?(\d+)", last)
        self.number = int(found[1]) if found else 0
        super().__init__(f"the board failed {doing}: {last}")


class Prompt:
    """An open port at whose other end MicroPython waits for code. `knock_s`: how long it is asked to; 0: KNOCK_S."""

    def __init__(self, address: str, knock_s: float = 0) -> None:
        from mpremote.transport_serial import SerialTransport

        from pumphost.transport import open_transport
        from pumphost.transport.serial_url import USB, device_of_usb

        self.address = address
        port = device_of_usb(address[len(USB) :]) if address.lower().startswith(USB) else address
        open_transport(port).close()  # a port that cannot be opened is told why; mpremote does not say
        with self._line("opening the port"):
            self._transport: Any = SerialTransport(port, timeout=_READ_S)
        try:
            with self._line("asking for the prompt", NoPrompt):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=knock_s or KNOCK_S)
            self._transport.serial.timeout = PATIENCE_S
        except BaseException:
            self.close()
            raise

    def run(self, code: str, doing: str = "running code") -> str:
        """What the code printed. `doing` completes the sentence "the board failed …"."""
        with self._line(doing):
            said, error = self._transport.exec_raw(code, timeout=PATIENCE_S)
        if error:
            raise BoardError(doing, error.decode(errors="replace"))
        return str(said.decode(errors="replace")).strip()

    def write(self, path: str, data: bytes, progress: Callable[[int], None] | None = None) -> None:
        """A file with this content, in place. `progress` is told the bytes of each piece."""
        doing = f"writing {path}"
        self.run(f"from binascii import a2b_base64 as a\nf = open({path!r}, 'wb')", doing)
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            self.run(f"f.write(a({b2a_base64(piece, newline=False)!r}))", doing)
            if progress:
                progress(len(piece))
        self.run("f.close()", doing)

    def reset(self) -> None:
        """Reset the processor and let go of the port."""
        with self._line("resetting"):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        self.close()

    def leave(self) -> None:
        """Have the board start its own program again, and let go of the port; no error if it is gone."""
        with contextlib.suppress(OSError, PumpError), self._line("leaving"):
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
        self.close()

    def close(self) -> None:
        """Let go of the port; the board stays where it is."""
        with contextlib.suppress(OSError, TypeError):  # TypeError: pyserial meets its own closed descriptor
            self._transport.close()

    @contextlib.contextmanager
    def _line(self, doing: str, kind: type[TransportError] = PromptLost) -> Iterator[None]:
        """Trouble with the line becomes `kind`; what mpremote prints about it goes nowhere."""
        from mpremote.transport import TransportError as NoAnswerOfPrompt

        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except (NoAnswerOfPrompt, OSError, TypeError, struct.error) as exc:
            raise kind(f"{self.address}: the board was lost while {doing} ({str(exc).strip() or 'silence'})") from exc
