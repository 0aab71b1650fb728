"""Requests for the surroundings of a served pump, one JSON document a line, from the process that started the service.

    control = Control(sys.stdin.buffer, sys.stdout.buffer)
    control.serve(surroundings)         # answers what has come; True if anything may have changed

Only the parent holds these pipes: no port is opened for it. Their end ends the service, so that no pump is left behind.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import BinaryIO

from pumphil.surroundings import Surroundings

LINE_BYTES = 65_536
QUIET_WAIT_S, BUSY_WAIT_S, BUSY_S = 0.02, 0.001, 0.1


class Control:
    """`ended`: the other side has gone."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self.ended = False
        self._served_s = 0.0
        self._requests = requests
        self._answers = answers
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    @property
    def wait_s(self) -> float:
        """How long the service may look elsewhere: requests often come in a row."""
        return BUSY_WAIT_S if time.monotonic() - self._served_s < BUSY_S else QUIET_WAIT_S

    def serve(self, surroundings: Surroundings) -> bool:
        """Answer everything that has come; whether there was anything but looks."""
        moved = False
        while not self._lines.empty():
            line = self._lines.get_nowait()
            if not line:
                self.ended = True
                return moved
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            self._served_s = time.monotonic()
            answer = surroundings.answer(request)
            moved = moved or not (isinstance(request, dict) and request.get("do") in ("look", "faults"))
            try:
                self._answers.write(json.dumps(answer).encode() + b"\n")
                self._answers.flush()
            except OSError:
                self.ended = True
                return moved
        return moved

    def _listen(self) -> None:
        while True:
            line = self._requests.readline(LINE_BYTES)
            self._lines.put(line)
            if not line:
                return
