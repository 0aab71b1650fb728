"""The Pico's store over a file system that keeps what was closed or flushed, and the power goes at every such instant.

    python -m pytest tests/test_pico_store.py

As littlefs does: a file is what it was at its last close or flush, entirely; one that is opened to be written anew is
what it was until then.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from pumpfw.boards.pico import store as board
from pumpfw.boards.pico.store import FlashStore, path_of

RECORD, INTENT, LARGE = 40, 20, 700
AREAS = (0, 1, 2, 3, 23, 28)


class PowerCut(BaseException):
    """No Exception: nothing may catch it."""


class Files:
    """What is durable, by path; `left`: closes and flushes until the power goes, -1 never."""

    def __init__(self) -> None:
        self.durable: dict[str, bytes] = {}
        self.left = -1
        self.ends = 0

    def open(self, path: str, mode: str) -> File:
        if mode[0] in "r" and path not in self.durable:
            raise OSError(2, "ENOENT")
        return File(self, path, mode)

    def mkdir(self, path: str) -> None:
        """Folders are of no account here."""

    def stat(self, path: str) -> tuple[int, ...]:
        if path not in self.durable:
            raise OSError(2, "ENOENT")
        return (0, 0, 0, 0, 0, 0, len(self.durable[path]))

    def end(self, path: str, content: bytes) -> None:
        if self.left == 0:
            raise PowerCut(path)
        self.left -= 1
        self.ends += 1
        self.durable[path] = content


class File:
    """One open file; others do not see what is in it until it ends."""

    def __init__(self, files: Files, path: str, mode: str) -> None:
        self._files, self._path, self._mode = files, path, mode
        self._content = bytearray(b"" if "w" in mode else files.durable.get(path, b""))
        self._at = 0
        self._changed = "r" not in mode

    def seek(self, at: int) -> None:
        self._at = at

    def tell(self) -> int:
        return self._at

    def read(self, count: int) -> bytes:
        data = bytes(self._content[self._at : self._at + count])
        self._at += len(data)
        return data

    def write(self, data: Any) -> int:
        assert self._mode != "rb"
        if "a" in self._mode:
            self._at = len(self._content)
        self._content[self._at : self._at + len(data)] = bytes(data)
        self._at += len(data)
        self._changed = True
        return len(data)

    def flush(self) -> None:
        if self._changed:
            self._files.end(self._path, bytes(self._content))
            self._changed = False

    def close(self) -> None:
        self.flush()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files()
    monkeypatch.setattr(board, "open", made.open, raising=False)
    monkeypatch.setattr(board, "os", made)
    return made


def contents(store: FlashStore) -> dict[int, bytes]:
    """All of each area, read in pieces."""
    found = {}
    for area in AREAS:
        data = b""
        while part := store.read(area, len(data), 160):
            data += part
        found[area] = data
    return found


def act(store: FlashStore, model: dict[int, bytes], chance: random.Random) -> None:
    """One thing that the core does to its store, and what is in the areas then."""
    area = chance.choice(AREAS)
    what = chance.choice(["record"] * 6 + ["intent"] * 3 + ["checkpoint", "large", "tidy"])
    if what in ("record", "intent"):
        data = chance.randbytes(RECORD if what == "record" else INTENT)
        model[area] += data
        assert store.append(area, data)
    elif what == "large":
        data = chance.randbytes(LARGE)
        model[area] += data
        assert store.append(area, data)
    elif what == "checkpoint":
        pieces = [chance.randbytes(32), chance.randbytes(LARGE), chance.randbytes(chance.randrange(1, 400))]
        model[area] = b"".join(pieces)
        assert store.erase(area)
        for piece in pieces:
            assert store.append(area, piece, piece is not pieces[-1])
    else:
        store.tidy()


@pytest.mark.parametrize("seed", range(6))
def test_it_holds_what_was_written_also_after_a_restart(files: Files, seed: int) -> None:
    chance = random.Random(seed)
    model = dict.fromkeys(AREAS, b"")
    store = FlashStore()
    for k in range(300):
        act(store, model, chance)
        if k % 7 == 0:
            assert contents(store) == model
        if k % 31 == 0:
            store = FlashStore()
            assert contents(store) == model


def test_a_power_cut_at_any_instant_leaves_before_or_after(files: Files) -> None:
    """What was acknowledged is there. In an erase the end of the area goes first, its tail: so much may be gone."""
    cuts = 0
    for seed in range(400):
        chance = random.Random(f"cut {seed}")
        files.durable.clear()
        files.left = -1
        model = dict.fromkeys(AREAS, b"")
        store = FlashStore()
        for _ in range(chance.randrange(40)):
            act(store, model, chance)
        files.left = chance.randrange(3)
        for _ in range(40):
            before = dict(model)
            try:
                act(store, model, chance)
            except PowerCut:
                cuts += 1
                files.left = -1
                found = contents(FlashStore())
                for area in AREAS:
                    cut_off = before[area][: len(found[area])]
                    erased = not model[area].startswith(before[area])
                    kept = found[area] in (before[area], model[area])
                    assert kept or (erased and found[area] == cut_off), (seed, area)
                break
    assert cuts > 300


def test_a_record_is_one_flush_and_no_file_is_opened_for_it(files: Files) -> None:
    """What it is for: an append to a file that was closed costs an erased block and a copy of the last one."""
    store = FlashStore()
    assert store.append(2, bytes(RECORD))
    ends, opened = files.ends, []
    made = files.open
    board.open = lambda path, mode: (opened.append(path), made(path, mode))[1]  # type: ignore[attr-defined]
    for _ in range(11):
        assert store.append(2, bytes(RECORD))
    assert (files.ends - ends, opened) == (11, [])
    assert files.durable.get(board.FOLDER + path_of(2)) is None
    assert max(len(content) for content in files.durable.values()) <= 512, "what littlefs keeps in a folder"
    assert store.append(2, bytes(RECORD))
    assert len(files.durable[board.FOLDER + path_of(2)]) == 12 * RECORD


def test_a_quiet_moment_makes_room(files: Files) -> None:
    store = FlashStore()
    for _ in range(7):
        assert store.append(2, bytes(RECORD))
    store.tidy()
    assert len(files.durable[board.FOLDER + path_of(2)]) == 7 * RECORD
    ends = files.ends
    store.tidy()
    assert files.ends == ends, "nothing is left to do"
    assert store.read(2, 6 * RECORD, 100) == bytes(RECORD)


def test_five_areas_at_work_take_turns(files: Files) -> None:
    """There are four tails; the fifth area gets one whose bytes have moved."""
    store = FlashStore()
    for k in range(30):
        for area in AREAS:
            assert store.append(area, bytes([area, k]) * 10)
    wanted = {area: b"".join(bytes([area, k]) * 10 for k in range(30)) for area in AREAS}
    assert contents(store) == wanted
    assert contents(FlashStore()) == wanted


def test_what_was_dropped_never_comes_back(files: Files) -> None:
    """A new checkpoint as long as the file was when the tail began: the tail of the old one is not its own."""
    for records in (3, 7):  # that are dropped where they are, and that were moved before
        store = FlashStore()
        for area in (0, 1):
            assert store.erase(area)
            assert store.append(area, bytes(LARGE), True)
            assert store.append(area, b"end")
        for _ in range(records):
            assert store.append(0, b"r" * RECORD)
        store = FlashStore()
        store.tidy()
        assert store.erase(0)
        assert store.append(0, bytes(LARGE), True)
        assert store.append(0, b"new")
        assert contents(FlashStore())[0] == bytes(LARGE) + b"new", records
