"""Rig `vm`: the firmware in a real MicroPython process, with the heap of a Pico, in lockstep over pipes."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import tempfile
from collections.abc import Callable

from pumpfw.boards.lockstep import REPLY_SIZE
from pumpfw.boards.vm import BANNER, HEAP_QUERY
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import NO_MICROPYTHON, find_micropython
from pumphil.rigs.lockstep import LockstepRig, RigOptions
from pumphil.rigs.one_core import one_core

ANSWER_TIMEOUT_MS = 30_000  # an exchange takes microseconds; a firmware that hangs must not hang the bench
_COUNT_AT = 8  # offset of the link byte count in a reply


class VmRig(LockstepRig):
    """The child ends when its input does, so it cannot outlive this process, however that ends."""

    name = "vm"
    capabilities = LockstepRig.capabilities | {"real-interpreter"}

    def __init__(self, seed: int = 0, options: RigOptions | None = None) -> None:
        super().__init__(seed, options or RigOptions())
        micropython = find_micropython()
        if micropython is None:
            raise RigBroken(NO_MICROPYTHON)
        path = os.pathsep.join([str(compiled_firmware()), ".frozen"])
        arguments = [str(self.options.reservoir_nl), self._digest[:8].hex()]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rig
        self._process = subprocess.Popen(
            [str(micropython), "-X", f"heapsize={self.options.heap_kb}k", "-m", "pumpfw.boards.vm", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0,
            env={**os.environ, "MICROPYPATH": path},
            start_new_session=True,  # Ctrl-C is the rig's business: it closes the pipe and the child ends
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._to_child = self._process.stdin.fileno()
        self._from_child = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._from_child, select.POLLIN)
        try:
            (banner,) = struct.unpack(BANNER, self._read(struct.calcsize(BANNER)))
        except RigBroken:
            self.close()
            raise
        self.interpreter = banner.rstrip(b"\0").decode()

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """As on every lockstep rig, with both processes on one core meanwhile."""
        with one_core(self._process.pid):
            super().run_until(t_us, progress)

    def _exchange(self, request: bytes) -> bytes:
        try:
            os.write(self._to_child, request)
        except BrokenPipeError:
            raise self._broken("the firmware process has ended") from None
        reply = self._read(REPLY_SIZE)
        (count,) = struct.unpack_from("<H", reply, _COUNT_AT)
        missing = REPLY_SIZE + count - len(reply)
        return reply + self._read(missing) if missing else reply

    def _read(self, size: int) -> bytes:
        """At least `size` bytes, as they come."""
        data = b""
        while len(data) < size:
            if not self._poll.poll(ANSWER_TIMEOUT_MS):
                raise self._broken(f"the firmware did not answer within {ANSWER_TIMEOUT_MS // 1000} s")
            chunk = os.read(self._from_child, 8192)
            if not chunk:
                raise self._broken("the firmware process has ended")
            data = data + chunk if data else chunk
        return data

    def _broken(self, what: str) -> RigBroken:
        self._stderr.seek(0)
        said = self._stderr.read()[-2000:].decode(errors="replace").strip()
        return RigBroken(f"rig vm: {what} at {self._now_us} µs of rig time" + (f"; it said:\n{said}" if said else ""))

    def heap(self) -> tuple[int, int]:
        """(bytes in use after a collection, bytes free)."""
        os.write(self._to_child, HEAP_QUERY.ljust(struct.calcsize("<IIH"), b"\xff"))
        used, free = struct.unpack("<II", self._read(8))
        return used, free

    def close(self) -> None:
        """End the child and wait for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()
