"""After a flash: the pump comes up, says which firmware it found in itself, and whether its self-test passed.

started = wait_for_pump(board); check_start(board, started, files)      # NotStarted, SelfTestFailed
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from pumphost.errors import NoAnswer, PumpError, Refused, TransportError
from pumphost.flashing.boards import Board
from pumphost.flashing.files import DELIVERY_FILE, firmware_digest
from pumphost.replies import Identity, Status
from pumplink import codes

START_S = 120.0  # from the reset to the first answer: 2 s on a board, 20 s and more on an emulated one
AGAIN_S = 0.2
DIGEST_BYTES = 8  # of SHA-256, in IDENTIFY


class NotStarted(NoAnswer):
    """The board is flashed and verified, and no pump answers."""


class SelfTestFailed(PumpError):
    """The pump runs, and says that something is wrong with it."""


@dataclass(frozen=True, slots=True)
class Started:
    """What the pump says of itself after its start."""

    identity: Identity
    status: Status


def wait_for_pump(board: Board, *, start_s: float = START_S) -> Started:
    """The first answers of the pump. Raises `NotStarted`."""
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport

    end = time.monotonic() + start_s
    while True:
        try:
            with Programmer(open_transport(board.address), keys=None) as pump:
                return Started(pump.identify(), pump.status())
        except (NoAnswer, Refused, TransportError) as exc:
            if time.monotonic() > end:
                raise NotStarted(
                    f"{board} is flashed and verified, but no pump answered within {start_s:.0f} s of its reset; plug "
                    "it in anew and ask it: pumpbench status; if it stays silent, look at what it prints: mpremote repl"
                ) from exc
        time.sleep(AGAIN_S)


def check_start(board: Board, started: Started, files: Mapping[str, bytes]) -> None:
    """Raises `SelfTestFailed`: another digest or kind of build than was flashed, or an alarm of the self-test."""
    wanted, found = firmware_digest(files)[:DIGEST_BYTES], started.identity.fw_digest
    if found != wanted:
        raise SelfTestFailed(
            f"{board} runs other firmware than was flashed: {found.hex()}, not {wanted.hex()}; flash it again"
        )
    if started.identity.build != int(DELIVERY_FILE not in files):
        raise SelfTestFailed(f"{board} runs another kind of build than was flashed; flash it again")
    if started.status.alarm_bits >> codes.ALARM_SELF_TEST & 1:
        name = codes.ALARMS[codes.ALARM_SELF_TEST][0]
        raise SelfTestFailed(
            f"{board} is flashed and verified, and its pump shows the alarm {name}, of "
            "this start or latched since one before: it will not deliver; see which part and what to do: pumpbench "
            f"alarms --port {board.address}"
        )
