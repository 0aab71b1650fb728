"""Bringing the firmware to a board, so that at any instant it is as it was, marked as not flashed, or flashed.

    flasher = Flasher(board, board_files(compiled))
    done = flasher.run()                        # Flashed; or a PumpError that says in which state the board is

1 the prompt, from whatever runs there (`way_in`)    2 the board, its files, room: refused here, nothing has changed
3 `main.py` becomes the mark: motor off, says so     4 what is stale is removed, what changed written
5 SHA-256 of every file, computed on the board       6 the real `main.py` takes the place of the mark, by a rename
7 reset, then the pump and its self-test (`start`)

A board that is cut off anywhere between 3 and 6 starts into the mark. What a pump knows (`/store`) is not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from pumphost.errors import PumpError
from pumphost.flashing.boards import Board
from pumphost.flashing.files import DRAFT_FILE, MAIN_FILE, STORE_FOLDER, UNFLASHED
from pumphost.flashing.look import (
    Kind,
    NotFlashed,
    check_board,
    check_files,
    check_room,
    compare,
    identify,
    look,
)  # fmt: skip
from pumphost.flashing.prompt import ENOSPC, BoardError, Prompt, PromptLost
from pumphost.flashing.start import START_S, Started, check_start, wait_for_pump
from pumphost.flashing.way_in import enter

ERASE = """
import os
def erase(folder):
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            erase(path)
            os.rmdir(path)
        else:
            os.remove(path)
try: erase("{folder}")
except OSError as error:
    if error.errno != 2: raise
"""
MOTOR_OFF = "from machine import Pin\nPin(4, Pin.OUT, value=1)"  # as in UNFLASHED
JUMPER_FITTED = "print(int(not Pin(18, Pin.IN, Pin.PULL_UP).value()))"  # as in MAIN


class State(Enum):
    """What a flash has made of the board so far."""

    AS_IT_WAS = "nothing on the board was changed"
    MARKING = "the board is as it was or marked as not flashed; run the same command again"
    MARKED = "the board is marked as not flashed and its motor stays off; run the same command again"
    ENDING = "the board is flashed or still marked as not flashed; run the same command again"
    FLASHED = "the board is flashed and verified; if it does not answer to pumpbench status, plug it in anew"


class Unflashed(PumpError):
    """The flash began and did not end; the sentence says what is left."""


@dataclass(frozen=True, slots=True)
class Flashed:
    """What was done. `started`: None with the provisioning jumper in, which keeps the pump from starting."""

    kind: Kind
    written: tuple[str, ...]
    written_bytes: int
    removed: tuple[str, ...]
    kept: int
    started: Started | None


def _silent(words: str) -> None:
    """For who wants to hear nothing."""


class Flasher:
    """One flash of one board with `files` (`board_files`). `note` is told each step, in words.

    `state` is true at any instant, also after Ctrl-C.
    """

    def __init__(self, board: Board, files: Mapping[str, bytes], *, note: Callable[[str], None] = _silent) -> None:
        self.board = board
        self.state = State.AS_IT_WAS
        self._files = files
        self._note = note

    def run(self, *, replace: bool = False, erase_data: bool = False, start_s: float = START_S) -> Flashed:
        """Steps 1 to 7. `replace`: a program of somebody else; `erase_data`: what the pump knows, its keys too.

        Raises `NotFlashed` (as it was), `Unflashed` or `PromptLost` (the sentence names the state), and of step 7
        `NotStarted` and `SelfTestFailed`.
        """
        prompt = enter(self.board, self._note)
        try:
            return self._at(prompt, replace=replace, erase_data=erase_data, start_s=start_s)
        except NotFlashed:
            prompt.leave()
            raise
        except PromptLost as exc:
            raise PromptLost(f"{exc}; {self.state.value}") from exc
        except BoardError as exc:
            why = f"{self.board}: board full, {exc}" if exc.number == ENOSPC else f"{self.board}: {exc}"
            raise Unflashed(f"{why}; {self.state.value}") from exc
        finally:
            prompt.close()

    def _at(self, prompt: Prompt, *, replace: bool, erase_data: bool, start_s: float) -> Flashed:
        where, files = str(self.board), self._files
        kind = identify(prompt)
        check_board(where, kind, files)
        there = look(prompt)
        check_files(where, there, replace=replace)
        changes = compare(there, files)
        check_room(where, there, changes, files)
        jumper = prompt.run(f"{MOTOR_OFF}\n{JUMPER_FITTED}", "switching its motor off") == "1"
        self._note(f"{kind.machine}, MicroPython {kind.number}")
        if changes or erase_data:
            self._mark(prompt)
            # what is written anew too: littlefs keeps the old blocks of a file until the new ones are closed
            self._remove(prompt, changes.remove + [path for path in changes.write if path in there.files])
            self._remove_folders(prompt, there.folders)
            if erase_data:
                self._erase(prompt)
            self._write(prompt, changes.write)
            self._verify(prompt)
            self.state = State.ENDING
            self._put_main(prompt, files[MAIN_FILE])
        self.state = State.FLASHED
        self._note("every file verified on the board" if changes else "every file verified on the board; nothing to do")
        prompt.reset()
        written = (*changes.write, *([MAIN_FILE] if changes.start else []))
        size = sum(len(files[path]) for path in written)
        started = None if jumper else self._started(start_s)
        return Flashed(kind, written, size, tuple(changes.remove), len(files) - len(written), started)

    def _started(self, start_s: float) -> Started:
        self._note("waiting for the pump and its self-test")
        started = wait_for_pump(self.board, start_s=start_s)
        check_start(self.board, started, self._files)
        return started

    def _mark(self, prompt: Prompt) -> None:
        self.state = State.MARKING
        self._put_main(prompt, UNFLASHED.encode())
        self.state = State.MARKED

    def _put_main(self, prompt: Prompt, content: bytes) -> None:
        """In one instant, and never half: a draft, verified, takes its place by a rename."""
        prompt.write(DRAFT_FILE, content)
        digest = hashlib.sha256(content).digest()
        doing = f"putting {MAIN_FILE} in place"
        prompt.run(
            f"import os, hashlib\nf = open({DRAFT_FILE!r}, 'rb')\nd = hashlib.sha256(f.read()).digest()\nf.close()\n"
            f"if d != {digest!r}: raise OSError('what was written is not what stands there')\n"
            f"os.rename({DRAFT_FILE!r}, {MAIN_FILE!r})",
            doing,
        )

    def _remove(self, prompt: Prompt, paths: list[str]) -> None:
        for path in paths:
            prompt.run(f"import os\nos.remove({path!r})", f"removing {path}")

    def _remove_folders(self, prompt: Prompt, folders: list[str]) -> None:
        """Those that have no file any more, inner ones first."""
        for folder in sorted(folders, reverse=True):
            if not any(path.startswith(folder + "/") for path in self._files):
                prompt.run(f"import os\nos.rmdir({folder!r})", f"removing {folder}")

    def _erase(self, prompt: Prompt) -> None:
        self._note("erasing program, records and keys of the pump")
        prompt.run(ERASE.format(folder=STORE_FOLDER), "erasing what the pump knows")

    def _write(self, prompt: Prompt, paths: list[str]) -> None:
        for folder in sorted({path.rpartition("/")[0] for path in paths}):
            prompt.run(f"import os\ntry: os.mkdir({folder!r})\nexcept OSError: os.stat({folder!r})", f"making {folder}")
        for number, path in enumerate(paths, 1):
            self._note(f"{number} of {len(paths)}: {path}, {len(self._files[path])} bytes")
            prompt.write(path, self._files[path])

    def _verify(self, prompt: Prompt) -> None:
        left = compare(look(prompt), self._files)
        if left.write or left.remove:
            raise Unflashed(
                f"{self.board}: after writing, {', '.join(left.write + left.remove)} is not what it has to be; "
                f"{self.state.value}; if it happens again the flash of the board is worn out"
            )
