"""Rig `vm`: the firmware in a real MicroPython process, with the heap of a Pico, in lockstep over pipes."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import tempfile
from collections.abc import Callable

from pumpfw.boards.lockstep import COUNT_AT, REPLY_SIZE, REQUEST_SIZE
from pumpfw.boards.vm import BANNER, HEAP_QUERY, POSTED, POSTED_AT, STORE_APPEND, STORE_CALL, STORE_READ
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.find import NO_MICROPYTHON, find_micropython
from pumphil.rigs.lockstep import LockstepRig, RigOptions
from pumphil.rigs.one_core import one_core

ANSWER_TIMEOUT_MS = 30_000  # an exchange takes microseconds; a firmware that hangs must not hang the bench
DONE, NOT_DONE = struct.pack("<I", 1), struct.pack("<I", 0)


class VmRig(LockstepRig):
    """The child ends when its input does, so it cannot outlive this process, however that ends."""

    name = "vm"
    capabilities = LockstepRig.capabilities | {"real-interpreter"}

    def __init__(self, seed: int = 0, options: RigOptions | None = None) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rig
        micropython = find_micropython()
        if micropython is None:
            self._stderr.close()
            raise RigBroken(NO_MICROPYTHON)
        self._micropython = micropython
        self._poll = select.poll()
        try:
            super().__init__(seed, options or RigOptions())
        except RigBroken:
            self.close()
            raise

    def _start_firmware(self, cause: int) -> None:
        arguments = [
            str(self.options.reservoir_nl),
            self._digest[:8].hex(),
            str(cause),
            self.uid.hex(),
            self._noise_seed().hex(),
        ]
        heap = f"heapsize={self.options.heap_kb}k"
        process = subprocess.Popen(
            [str(self._micropython.absolute()), "-X", heap, "-m", "start", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0,
            # found from the working folder: with a long path every module would keep its own file name in the heap
            cwd=compiled_firmware(), env={**os.environ, "MICROPYPATH": ".frozen"},
            start_new_session=True,  # Ctrl-C is the rig's business: it closes the pipe and the child ends
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        self._process = process
        self._to_child = process.stdin.fileno()
        self._from_child = process.stdout.fileno()
        self._poll.register(self._from_child, select.POLLIN)
        (banner,) = struct.unpack(BANNER, self._read(struct.calcsize(BANNER)))
        self.interpreter = banner.rstrip(b"\0").decode()

    def _stop_firmware(self) -> None:
        """Within an instruction, as a power cut does; the next child is a process of its own."""
        process, self._process = self._process, None
        if process is None:
            return
        self._poll.unregister(self._from_child)
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """As on every lockstep rig, with both processes on one core meanwhile."""
        with one_core(self._process.pid if self._process else None):
            super().run_until(t_us, progress)

    def _exchange(self, request: bytes) -> bytes:
        try:
            os.write(self._to_child, request)
        except BrokenPipeError:
            raise self._broken("the firmware process has ended") from None
        posted = request[POSTED_AT] >= POSTED
        reply = self._read(REPLY_SIZE)
        while reply[0]:
            reply = self._call_store(reply, posted)
            if len(reply) < REPLY_SIZE:
                reply += self._read(REPLY_SIZE - len(reply))
        missing = REPLY_SIZE + reply[COUNT_AT] + (reply[COUNT_AT + 1] << 8) - len(reply)
        return reply + self._read(missing) if missing > 0 else reply

    def _posted(self) -> int:
        return 0 if self.store.fail_writes else POSTED

    def _call_store(self, message: bytes, posted: bool) -> bytes:
        """Carry out a call of the store and answer it; what came behind it.

        PowerCut where the store says so: the child waits in vain, or what it did since is not looked at.
        """
        call, area, offset, count = struct.unpack_from(STORE_CALL, message)
        if call == STORE_READ:
            data = self.store.read(area, offset, count)
            os.write(self._to_child, struct.pack("<I", len(data)) + data)
            return message[REPLY_SIZE:]
        end = REPLY_SIZE + count
        if call == STORE_APPEND:
            if len(message) < end:
                message += self._read(end - len(message))
            done = self.store.append(area, message[REPLY_SIZE:end])
        else:
            done = self.store.erase(area)
        if not posted:
            os.write(self._to_child, DONE if done else NOT_DONE)
        return message[end:]

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
        os.write(self._to_child, HEAP_QUERY.ljust(REQUEST_SIZE, b"\xff"))
        used, free = struct.unpack("<II", self._read(8))
        return used, free

    def close(self) -> None:
        """End the child and wait for it."""
        self._stop_firmware()
        self._stderr.close()
