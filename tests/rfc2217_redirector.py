"""A serial port server after RFC 2217, made of pyserial's own server side, for tests of `rfc2217://`.

    with Redirector("socket://127.0.0.1:5555") as server:
        client = serial.serial_for_url(server.url)

The port behind it is whatever pyserial opens. One client; two threads; gone when left.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

import serial
from serial.rfc2217 import PortManager


class Redirector:
    """Serves `port_url`. `bauds`: the speeds that clients asked for, as they came."""

    def __init__(self, port_url: str) -> None:
        self._port = serial.serial_for_url(port_url, timeout=0.01)
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, number = self._listener.getsockname()
        self.url = f"rfc2217://{host}:{number}"
        self.bauds: list[int] = []
        self._connection: socket.socket | None = None
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]

    def __enter__(self) -> Redirector:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the line, as a server that is switched off does."""
        self._ended.set()
        for end in (self._connection, self._listener):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        for thread in self._threads:
            thread.join(timeout=5)
        self._port.close()

    def write(self, data: bytes) -> None:
        """What PortManager answers to a client's settings."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.sendall(data)

    def _serve(self) -> None:
        try:
            self._connection, _ = self._listener.accept()
        except OSError:
            return
        manager = PortManager(self._port, self)
        back = threading.Thread(target=self._back, args=(manager,), daemon=True)
        self._threads.append(back)
        back.start()
        while not self._ended.is_set():
            try:
                data = self._connection.recv(1024)
            except OSError:
                return
            if not data:
                return
            self._port.write(b"".join(manager.filter(data)))
            self.bauds.append(self._port.baudrate)

    def _back(self, manager: PortManager) -> None:
        while not self._ended.is_set():
            try:
                data = self._port.read(self._port.in_waiting or 1)
            except (OSError, TypeError):
                return
            if data:
                self.write(b"".join(manager.escape(data)))
