"""The Pico's store in raw flash: what was answered is there, whenever the power goes, and erases wait.

    python -m pytest tests/test_pico_store.py

The flash of nor_flash.py tears pages and erases where the power goes; no emulator of the chip does.
"""

from __future__ import annotations

import random

import pytest
from nor_flash import BLOCK, LentFiles, NorFlash, PowerCut

from pumpfw.boards.pico import sectors
from pumpfw.boards.pico.sectors import FIRST, MOST
from pumpfw.boards.pico.store import FlashStore
from pumpfw.core.ports import EVENT_AREA, KEY_AREAS, SEGMENT_RECORDS

RECORD, INTENT, LARGE = 40, 20, 700
AREAS = (0, 1, 2, 3, 23, 28)


class Board:
    """One chip; `store()` is what the firmware finds after power-on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: object = 0, room: int = 300) -> None:
        self.flash = NorFlash(random.Random(f"flash {seed}"))
        self.files = LentFiles(self.flash, room)
        monkeypatch.setattr(sectors, "open", self.files.open, raising=False)
        monkeypatch.setattr(sectors, "os", self.files)

    def store(self) -> FlashStore:
        return FlashStore(self.flash)


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
    what = chance.choice(["record"] * 6 + ["intent"] * 3 + ["checkpoint", "large", "tidy", "tidy"])
    if len(model[area]) > 12_000:
        what = "checkpoint"
    if what in ("record", "intent"):
        data = chance.randbytes(RECORD if what == "record" else INTENT)
        model[area] += data
        assert store.append(area, data)
    elif what == "large":
        data = chance.randbytes(LARGE)
        model[area] += data
        assert store.append(area, memoryview(data))
    elif what == "checkpoint":
        pieces = [chance.randbytes(32), *[chance.randbytes(LARGE) for _ in range(chance.randrange(9))], b"\xff" * 50]
        model[area] = b"".join(pieces)
        assert store.erase(area)
        for k, piece in enumerate(pieces):
            assert store.append(area, bytearray(piece), k < len(pieces) - 1)
    else:
        store.tidy()


@pytest.mark.parametrize("seed", range(6))
def test_it_holds_what_was_written_also_after_a_restart(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    board = Board(monkeypatch, seed)
    model = dict.fromkeys(AREAS, b"")
    store = board.store()
    for k in range(400):
        act(store, model, chance)
        if k % 7 == 0:
            assert contents(store) == model
        if k % 31 == 0:
            store = board.store()
            assert contents(store) == model


def test_a_power_cut_at_any_instant_leaves_before_or_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a page and of an erase, also of a restart; what was acknowledged is there."""
    cuts = 0
    for seed in range(300):
        chance = random.Random(f"cut {seed}")
        board = Board(monkeypatch, seed)
        model = dict.fromkeys(AREAS, b"")
        store = board.store()
        for _ in range(chance.randrange(40)):
            act(store, model, chance)
        for _ in range(6):
            board.flash.left = chance.choice((chance.randrange(25), chance.randrange(90)))
            before = dict(model)
            try:
                if chance.random() < 0.1:
                    store = board.store()
                for _ in range(40):
                    before = dict(model)
                    act(store, model, chance)
            except PowerCut:
                cuts += 1
            board.flash.left = -1
            store = board.store()
            found = contents(store)
            for area in AREAS:
                assert found[area] in (before[area], model[area]), (seed, area)
            model = found
    assert cuts > 1_500


def test_a_record_is_a_page_and_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is for: no erase, no copy, however full its area is."""
    board = Board(monkeypatch)
    store = board.store()
    assert store.append(EVENT_AREA, bytes(32))
    for k in range(SEGMENT_RECORDS):
        while store.untidy:
            store.tidy()
        erases, programs = sum(board.flash.erases), board.flash.programs
        assert store.append(EVENT_AREA, bytes([k]) * RECORD)
        assert sum(board.flash.erases) == erases
        assert board.flash.programs - programs <= 4, "two pages, a mark; a claim where a sector begins"
    assert store.read(EVENT_AREA, 32 + 255 * RECORD, 100) == b"\xff" * RECORD


def test_a_checkpoint_erases_nothing_while_there_are_spares(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(monkeypatch)
    store = board.store()
    while store.untidy:
        store.tidy()
    erases = sum(board.flash.erases)
    for k in range(MOST):
        assert store.erase(k % 2)
        assert store.append(k % 2, bytes(3_800))
    assert sum(board.flash.erases) == erases
    assert store.append(2, b"the next one waits for an erase")
    assert sum(board.flash.erases) == erases + 1
    assert contents(board.store())[2] == b"the next one waits for an erase"


def test_a_tidy_is_one_erase_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(monkeypatch)
    store = board.store()
    tidies = 0
    while store.untidy:
        erases = sum(board.flash.erases)
        store.tidy()
        assert sum(board.flash.erases) == erases + 1
        tidies += 1
    assert tidies == MOST - FIRST, "the first are there from the start"
    store = board.store()
    while store.untidy:
        store.tidy()
    assert sum(board.flash.erases) == MOST, "looked at, and not erased again"


def test_sectors_wear_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(monkeypatch)
    store = board.store()
    for k in range(2_000):
        assert store.erase(k % 2)
        assert store.append(k % 2, b"checkpoint")
        if k % 4 == 0:
            while store.untidy:
                store.tidy()
    worn = [count for count in board.flash.erases if count]
    assert len(worn) == MOST
    assert max(worn) <= 2_000 / MOST * 1.2 + 1


def test_torn_again_and_again_an_area_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut in each of forty records: nothing of what was before is lost, and no room."""
    board = Board(monkeypatch)
    wanted = b""
    for k in range(40):
        store = board.store()
        assert store.append(2, bytes([k]) * RECORD)
        wanted += bytes([k]) * RECORD
        board.flash.left = k % 2
        with pytest.raises(PowerCut):
            store.append(2, b"torn" * 10)
        board.flash.left = -1
    found = contents(board.store())[2]
    assert found == wanted


def test_keys_that_were_replaced_are_nowhere_in_flash(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(monkeypatch)
    store = board.store()
    secret, other = b"0123456789abcdef" * 8, b"fedcba9876543210" * 8
    for keys in (secret, other):
        assert store.erase(KEY_AREAS[0])
        assert store.append(KEY_AREAS[0], keys[:64])
        assert store.append(KEY_AREAS[0], keys[64:])
    assert secret[:16] not in board.flash
    assert other in board.flash


def test_a_flash_that_keeps_no_byte_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worn out: the store answers False and goes on with what it has."""
    board = Board(monkeypatch)
    store = board.store()
    assert store.append(2, b"good")
    board.flash.worn = set(range(len(board.flash.erases)))
    assert not store.append(2, bytes(300))
    assert store.read(2, 0, 100) == b"good"
    board.flash.worn = set()
    assert store.append(2, b", and again")
    assert contents(board.store())[2] == b"good, and again"


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_page_that_was_not_written_is_not_believed(monkeypatch: pytest.MonkeyPatch, fresh: bool, again: bool) -> None:
    """Whichever page of an append in several sectors it is: False, and the next one is whole, also after a restart.

    Of what is added to an area the first pieces may be there, as after a power cut; of a new one nothing is.
    """
    pieces = [bytes([k]) * 1_000 for k in range(9)]
    whole = b"".join(pieces)
    refused = 0
    for number in range(80):
        board = Board(monkeypatch, number)
        store = board.store()
        assert store.append(0, b"first")
        if fresh:
            assert store.erase(0)
        board.flash.ignored = number
        if all(store.append(0, piece, piece is not pieces[-1]) for piece in pieces):
            assert contents(board.store())[0] == (whole if fresh else b"first" + whole), number
            continue
        refused += 1
        board.flash.ignored = -1
        if again:
            assert store.append(0, b"second")
        found = contents(board.store())[0]
        if fresh:
            assert found == (b"second" if again else b"first"), number
        else:
            assert found.startswith(b"first"), number
            assert found.endswith(b"second") or not again, number
            part = found.removeprefix(b"first").removesuffix(b"second")
            assert len(part) % 1_000 == 0, number
            assert whole.startswith(part), number
    assert refused > 40


def test_what_has_no_end_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core leaves what it began, for another area or by erasing it anew."""
    board = Board(monkeypatch)
    store = board.store()
    assert store.append(0, b"first")
    assert store.append(0, b"begun", True)
    assert store.append(1, b"other")
    assert store.append(0, b", second")
    assert store.erase(2)
    assert store.append(2, b"begun", True)
    assert store.erase(2)
    assert store.append(2, b"whole")
    for found in (contents(store), contents(board.store())):
        assert (found[0], found[1], found[2]) == (b"first, second", b"other", b"whole")


def test_a_full_file_system_leaves_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(monkeypatch, room=3)
    store = board.store()
    assert store.append(0, b"a")
    assert store.append(1, b"b")
    assert store.append(2, b"c")
    assert not store.append(3, b"d")
    assert store.erase(0)
    assert not store.append(0, b"e"), "the old one stands until the new one does"
    assert contents(board.store())[0] == b"a"


@pytest.mark.parametrize("what", ["gone", "written", "short", "stamped"])
def test_a_file_that_somebody_touched_is_lent_anew(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Its area is lost, and nobody else's block is written to."""
    board = Board(monkeypatch)
    store = board.store()
    assert store.append(0, b"to be lost")
    assert store.append(1, b"kept")
    (path,) = [path for path, block in board.files.blocks.items() if b"to be lost" in board.flash.block(block)]
    old = board.files.blocks.pop(path)
    if what == "written":
        board.files.put(path, b"somebody's notes".ljust(BLOCK), not_in=old)
    elif what == "short":
        board.files.short[path] = board.flash.block(old)[:5] + b"other stamp"
    elif what == "stamped":  # a copy of it came back
        board.files.put(path, board.flash.block(old), not_in=old)
    board.files.blocks["/notes"] = old  # which has the stamp still
    before = board.flash.block(old)
    store = board.store()
    assert contents(store)[0] == b""
    for k in range(3 * MOST):
        store.tidy()
        assert store.erase(k % 3)
        assert store.append(k % 3, b"more")
    assert board.flash.block(old) == before
    assert contents(board.store())[2] == b"more"


def test_sectors_for_all_that_a_pump_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every segment full, both slots with their logs, both copies of the keys, and spares left."""
    board = Board(monkeypatch)
    store = board.store()
    for area in range(2, KEY_AREAS[0]):
        assert store.append(area, bytes(32))
        for _ in range(SEGMENT_RECORDS):
            assert store.append(area, b"r" * RECORD)
    for area in (0, 1):
        assert store.append(area, bytes(3_900))
        for _ in range(220):
            assert store.append(area, b"i" * INTENT)
    for area in KEY_AREAS:
        assert store.append(area, bytes(400))
    while store.untidy:
        store.tidy()
    assert len(board.files.blocks) <= MOST
    assert len(board.store().read(KEY_AREAS[0] - 1, 0, 20_000)) == 32 + SEGMENT_RECORDS * RECORD
    erases = sum(board.flash.erases)
    spare = MOST - 2 - 26 * 3 - 2 * 3
    for _ in range(spare // 2):
        for area in (0, 1):
            assert store.erase(area)
            assert store.append(area, bytes(3_900))
    assert sum(board.flash.erases) == erases
