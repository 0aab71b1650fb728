"""From whatever runs on a board to its prompt: a pump is asked, in its own words, and refuses while it delivers.

    prompt = enter(board, note)

1 a prompt is there, or a program that Ctrl-C interrupts    2 a pump that is stopped, in a test build: it makes way
3 a pump that delivers: refused    4 a delivery build: refused, its jumper is the way    5 silence: refused
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pumphost.errors import NoAnswer, TransportError
from pumphost.flashing.boards import PUT_MICROPYTHON, Board
from pumphost.flashing.look import NotFlashed
from pumphost.flashing.prompt import KNOCK_S, NoPrompt, Prompt
from pumphost.units import format_rate
from pumplink import codes

WORD = b"\x03pumpbench\r"  # ends a test build: pumpfw.boards.pico.usb
JUMPER = "fit its provisioning jumper (GP18 to ground) and plug the board in anew"
AWAY_S = 60.0  # from the word to the prompt: 2 s on a board, 10 s and more on an emulated one
AGAIN_S = 0.2
LAST_KNOCK_S = 5.0  # where neither prompt nor pump has answered: it may just be starting, or slow
_NOT_DELIVERING = (codes.BOOT, codes.STOP_MODE, codes.FAULT)


def enter(board: Board, note: Callable[[str], None]) -> Prompt:
    """The prompt of the board. Raises `NotFlashed` (2 to 5 above), `TransportError`: the port cannot be opened."""
    for knock_s in (KNOCK_S, LAST_KNOCK_S):
        try:
            return Prompt(board.address, knock_s)
        except NoPrompt:
            pass
        if _made_way(board):
            note("the pump makes way for the prompt")
            return wait_for_prompt(board)
    raise NotFlashed(
        f"{board} not flashed, nothing on it was changed: it is busy with a program that gives no prompt and does not "
        f"answer as a pump; if it is a pump, {JUMPER}, then run the command again; if not, {PUT_MICROPYTHON}, then run "
        "the command again"
    )


def wait_for_prompt(board: Board) -> Prompt:
    """The prompt of a board that is just starting anew, which takes its port away and brings it back."""
    end = time.monotonic() + AWAY_S
    while True:
        try:
            return Prompt(board.address)
        except TransportError as exc:
            if time.monotonic() > end:
                raise NotFlashed(
                    f"{board} not flashed, nothing on it was changed: it was asked for its prompt and gave none within "
                    f"{AWAY_S:.0f} s ({exc}); {JUMPER}, then run the command again"
                ) from exc
        time.sleep(AGAIN_S)


def _made_way(board: Board) -> bool:
    """Whether a pump was there, which now starts into its prompt. Raises `NotFlashed` if it must not or will not."""
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport

    refused = f"{board} not flashed, nothing on it was changed:"
    with Programmer(open_transport(board.address), keys=None) as pump:
        try:
            identity, status = pump.identify(), pump.status()
        except NoAnswer:
            return False
        if status.mode not in _NOT_DELIVERING or status.flags & codes.FLAG_DELAYED:
            doing = f"in mode {status.mode_name} at {format_rate(status.rate_nl_per_day)}"
            if status.mode in _NOT_DELIVERING:
                doing = "waiting for a delayed start"
            raise NotFlashed(
                f"{refused} the pump is {doing}; stop it first: pumpbench stop --port {board.address}, then run the "
                "command again"
            )
        if identity.build == 0:
            raise NotFlashed(
                f"{refused} it runs a delivery build, which gives its prompt to nobody at the cable; {JUMPER}, run the "
                "command again, then take the jumper out"
            )
        pump.transport.write(WORD)
        return True
