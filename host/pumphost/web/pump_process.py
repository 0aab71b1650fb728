"""A simulated pump in a process of its own, behind a port as a real one, with pipes for its surroundings.

    with PumpProcess(rig="vm", therapy=None, time_scale=1, seed=0, state=folder) as process:
        transport = open_transport(process.up())
        process.ask({"do": "inject", "fault": "occlusion"})

It ends with this process, however that ends: the pipe closes. Killed, it is started anew over the flash in `state`, as
a pump after a power cut.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pumphost.errors import TransportError
from pumphost.web.bench import BenchRefused

END_S = 10.0


class PumpProcess:
    """`pumpbench serve --control --state` as a child."""

    def __init__(self, *, rig: str, therapy: str | None, time_scale: float, seed: int, state: Path) -> None:
        self._command = [sys.executable, "-m", "pumphost.cli", "serve", "--control", "--rig", rig]
        self._command += ["--time-scale", str(time_scale), "--seed", str(seed), "--state", str(state)]
        self._command += [therapy] if therapy else []
        self._lock = threading.Lock()
        self._start()

    def up(self) -> str:
        """The port it serves; starts it where it has ended. Raises `TransportError` if it does not come up."""
        with self._lock:
            if self._process.poll() is not None:
                self._let_go()
                self._start()
            return self._port

    def _start(self) -> None:
        # A group of its own: Ctrl-C is for the server, which ends this child after its session.
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        ready = self._line()
        if not ready:
            _, said = self._process.communicate()
            words = said.decode(errors="replace").strip().removeprefix("error: ")
            raise TransportError(f"no simulated pump: {words or 'its process ended without a word'}")
        # What it says on stderr from now on is for people who started it by hand.
        threading.Thread(target=self._drain, args=(self._process.stderr,), daemon=True).start()
        self._port = str(json.loads(ready)["port"])

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request, its answer. Raises `BenchRefused`, or `TransportError` once the process has ended."""
        with self._lock:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
                line = self._line()
            except (OSError, ValueError):  # ValueError: the pipe is closed on this side
                line = b""
        if not line:
            raise TransportError("the process of the simulated pump has ended; it is started anew over its flash")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise BenchRefused(str(answer["refused"]))
        return answer

    def close(self) -> None:
        """End it and wait."""
        with self._lock:
            self._let_go()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> PumpProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _let_go(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written has nobody to read it
                    pipe.close()

    @staticmethod
    def _drain(said: IO[bytes]) -> None:
        while said.readline():
            pass
