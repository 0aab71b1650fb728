"""The server side of a simulated port over TCP, for clients that open `socket://127.0.0.1:5555`.

    with TcpServer("127.0.0.1:0") as line:
        print(line.url)                 # socket://127.0.0.1:41733
        data = line.read(0.05); line.write(reply)

One client at a time, the newest wins; no threads; meant for the own computer: there is no authentication.
"""

from __future__ import annotations

import os
import select
import socket
import time
from types import TracebackType

from pumphost.errors import TransportError

CHUNK = 4096


class TcpServer:
    """Listens at `address` ("host:port", port 0: any free one). `url` is what a client opens."""

    def __init__(self, address: str = "127.0.0.1:0") -> None:
        host, port = _split(address)
        try:
            self._listener = socket.create_server((host, port), backlog=1)
        except OSError as exc:
            raise TransportError(
                f"cannot listen at {host}:{port}: {_reason(exc)}; choose another port number, or 0 for any free one"
            ) from exc
        self._listener.setblocking(False)
        self._client: socket.socket | None = None
        self.dropped = 0
        bound = self._listener.getsockname()
        self.url = f"socket://{bound[0]}:{bound[1]}"
        self.name = f"server {self.url}"

    def write(self, data: bytes) -> None:
        """Send to the client, if there is one; what it does not take is dropped and counted."""
        taken = 0
        if self._client is not None:
            try:
                taken = self._client.send(data)
            except BlockingIOError:
                pass
            except OSError:
                self._drop_client()
        self.dropped += len(data) - taken

    def read(self, timeout_s: float) -> bytes:
        if self._listener.fileno() < 0:
            raise TransportError(f"{self.name} is closed; open a new one")
        deadline = time.monotonic() + timeout_s
        while True:
            watched = [self._listener] + ([self._client] if self._client is not None else [])
            ready, _, _ = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))
            if self._listener in ready:
                self._take_newest()
            elif self._client is not None and self._client in ready:
                try:
                    data = self._client.recv(CHUNK)
                except OSError:
                    data = b""
                if data:
                    return data
                self._drop_client()
            if not ready and time.monotonic() >= deadline:
                return b""

    def now_s(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        self._drop_client()
        self._listener.close()

    def __enter__(self) -> TcpServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _take_newest(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it gave up between knocking and entering
        self._drop_client()
        client.setblocking(False)
        self._client = client

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _reason(exc: OSError) -> str:
    # Not strerror: create_server puts the address into it a second time. A name that is unknown has no such number.
    return os.strerror(exc.errno).lower() if exc.errno and exc.errno > 0 else str(exc).lower()


def _split(address: str) -> tuple[str, int]:
    """("127.0.0.1", 5555) from "127.0.0.1:5555", with or without socket:// or tcp:// before it."""
    text = address.split("://", 1)[-1]
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise TransportError(f"{address!r} is no address to listen at: write HOST:PORT, for example 127.0.0.1:5555")
    return host or "127.0.0.1", int(port)
