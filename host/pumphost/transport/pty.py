"""The server side of a simulated serial port: a pseudo-terminal that any serial program can open.

    with PtyServer() as line:
        print(line.path)                # /dev/pts/7: what the client opens
        data = line.read(0.05); line.write(reply)

Not for Windows, which has no pty: use `pumphost.transport.tcp`. Never blocks on a client that does not
read: what does not fit is dropped and counted, as a pump does.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from pathlib import Path
from types import TracebackType

from pumphost.errors import TransportError

CHUNK = 4096


class PtyServer:
    """A raw pty; `path` names the client's side, `link` (optional) a symbolic link to it that lives as long as this."""

    def __init__(self, link: str | Path | None = None) -> None:
        try:
            import pty
            import tty
        except ImportError as exc:
            raise TransportError(
                "no pseudo-terminals on this system; serve on a socket: pumpbench serve --listen 127.0.0.1:5555"
            ) from exc
        self.dropped = 0
        self._link: Path | None = None
        # The client's side stays open here too, so that a client that leaves does not end the line.
        self._master, self._client_side = pty.openpty()
        tty.setraw(self._client_side)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._client_side)
        self.name = f"pty {self.path}"
        if link is not None:
            self._make_link(Path(link))

    def write(self, data: bytes) -> None:
        if self._master < 0:
            raise TransportError(f"{self.name} is closed; open a new one")
        try:
            taken = os.write(self._master, data)
        except BlockingIOError:
            taken = 0
        self.dropped += len(data) - taken

    def read(self, timeout_s: float) -> bytes:
        if self._master < 0:
            raise TransportError(f"{self.name} is closed; open a new one")
        ready, _, _ = select.select([self._master], [], [], max(0.0, timeout_s))
        if not ready:
            return b""
        try:
            return os.read(self._master, CHUNK)
        except BlockingIOError:
            return b""

    def now_s(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        if self._link is not None:
            with contextlib.suppress(FileNotFoundError):
                self._link.unlink()
            self._link = None
        for descriptor in (self._master, self._client_side):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._client_side = -1

    def __enter__(self) -> PtyServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _make_link(self, link: Path) -> None:
        if link.is_symlink():
            link.unlink()  # left behind by a server that was killed; a real file is never touched
        try:
            link.symlink_to(self.path)
        except OSError as exc:
            self.close()
            raise TransportError(
                f"cannot make the link {link} to {self.path}: {os.strerror(exc.errno or 0).lower()}; "
                "name a path that does not exist in a folder you may write"
            ) from exc
        self._link = link
