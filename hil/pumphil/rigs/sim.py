"""Rig `sim`: the firmware as objects in this CPython process. For debugging and property tests, on every OS."""

from __future__ import annotations

import platform

from pumpfw.boards.lockstep import REQUEST_SIZE, LockstepBoard
from pumphil.rigs.lockstep import LockstepRig, RigOptions


class SimRig(LockstepRig):
    """Hides the wrap of small integers, the heap and the dialect of MicroPython: those are what `vm` is for."""

    name = "sim"

    def __init__(self, seed: int = 0, options: RigOptions | None = None) -> None:
        super().__init__(seed, options or RigOptions())
        self.interpreter = f"CPython {platform.python_version()}"

    def _start_firmware(self, cause: int) -> None:
        self.board = LockstepBoard(
            self.store, self._noise_seed(), reservoir_nl=self.options.reservoir_nl, fw_digest=self._digest[:8],
            uid=self.uid, reset_cause=cause,
        )  # fmt: skip

    def _stop_firmware(self) -> None:
        """Nothing calls it any more."""

    def _exchange(self, request: bytes) -> memoryview:
        board = self.board
        board.request[:] = request[:REQUEST_SIZE]
        return memoryview(board.reply)[: board.exchange(request[REQUEST_SIZE:])]
