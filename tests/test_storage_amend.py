"""Amendments of a checkpoint: what an order changes is durable in one short write, wholly or not at all.

    python -m pytest tests/test_storage_amend.py

Bytes are made here by the words at the top of `pumpfw.core.storage`, not by it.
"""

from __future__ import annotations

import struct

import pytest
from pump_driver import Bench
from pump_weeks import AnyTimeStore
from store_cases import crc32, whole

from pumpfw.core import durable
from pumpfw.core.ports import EVENT_AREA
from pumpfw.core.storage import AMEND_ROOM, GOOD, REPAIRED, Storage
from pumphil.rigs.store import MemoryStore, PowerCut

OLD = bytes(range(200))
RUNS = ((3, b"abc"), (150, b"0123456789"), (199, b"z"))
NEW = OLD[:3] + b"abc" + OLD[6:150] + b"0123456789" + OLD[160:199] + b"z"
HEAD, CELL = 32, 20
SEQUENCE = 1


def runs_of(runs: tuple[tuple[int, bytes], ...] = RUNS) -> bytes:
    """Runs and the zeros behind them."""
    data = b"".join(struct.pack("<HB", place, len(part)) + part for place, part in runs)
    return data + bytes(-len(data) % CELL)


def amended(store: MemoryStore, now_ms: int = 2_000, steps: int = 105) -> Storage:
    """OLD at 1 000 ms with 100 steps, and RUNS behind it."""
    storage = Storage(store)
    storage.load()
    assert storage.commit(whole(OLD), 1_000, 100)
    assert storage.amend(memoryview(bytearray(AMEND_ROOM) + runs_of()), now_ms, steps)
    return storage


def found(store: MemoryStore, size: int = 500) -> tuple[int, bytes, int, int]:
    """Status, payload read in pieces of `size`, time, steps."""
    storage = Storage(store)
    status = storage.load()
    payload = b""
    while part := storage.payload(len(payload), size):
        payload += part
    return status, payload, storage.t_ms, storage.steps


def test_what_is_written() -> None:
    """An intent of its own, length, mark, CRC of the runs, CRC with the sequence of the slot, the runs."""
    store = MemoryStore()
    amended(store)
    log = max((bytes(store.areas[area]) for area in (0, 1)), key=len)[HEAD + len(OLD) :]
    runs = runs_of()
    intent = struct.pack("<QQ", 2_000, 105)
    head = struct.pack("<IIII", len(runs), 0xFFFFFFFF, crc32(runs), 0)
    sealed = [cell + struct.pack("<I", crc32(struct.pack("<I", SEQUENCE) + cell)) for cell in (intent, head)]
    assert log == b"".join(sealed) + runs


@pytest.mark.parametrize("size", [1, 2, 7, 160, 500])
def test_it_reads_as_the_new_state_in_pieces_of_any_size(size: int) -> None:
    store = MemoryStore()
    amended(store)
    assert found(store, size) == (GOOD, NEW, 2_000, 105)


def test_it_counts_in_the_same_millisecond_as_the_checkpoint() -> None:
    """Both slots say the same time then; the log is behind one of them."""
    store = MemoryStore()
    amended(store, now_ms=1_000, steps=100)
    assert found(store) == (GOOD, NEW, 1_000, 100)


def test_intents_go_on_behind_it_and_a_commit_ends_it() -> None:
    store = MemoryStore()
    storage = amended(store)
    assert storage.intend(3_000, 110)
    assert found(store) == (GOOD, NEW, 3_000, 110)
    again = Storage(store)
    assert again.load() == GOOD
    assert again.intend(4_000, 120), "also after a verification, or a power-on"
    assert found(store) == (GOOD, NEW, 4_000, 120)
    assert again.commit(whole(b"next"), 5_000, 120)
    assert found(store) == (GOOD, b"next", 5_000, 120)
    assert again.amend(memoryview(bytearray(AMEND_ROOM) + runs_of(((0, b"t"),))), 6_000, 120)
    assert found(store) == (GOOD, b"text", 6_000, 120)


def test_a_second_one_has_to_wait_for_a_commit() -> None:
    """The caller commits then: two would have to be told apart at every reading."""
    store = MemoryStore()
    storage = amended(store)
    assert not storage.amend(memoryview(bytearray(AMEND_ROOM) + runs_of(((0, b"t"),))), 6_000, 120)
    assert found(store) == (GOOD, NEW, 2_000, 105)
    again = Storage(store)
    again.load()
    assert not again.amend(memoryview(bytearray(AMEND_ROOM) + runs_of(((0, b"t"),))), 6_000, 120)


def test_a_cut_at_any_byte_leaves_the_old_state_or_the_new_one() -> None:
    """PWR-08, PWR-09, SCHED-04: and nothing that was torn is taken for rot; the next pump commits and goes on."""
    size = AMEND_ROOM + len(runs_of())
    for count in range(size + 1):
        store = MemoryStore()
        storage = Storage(store)
        storage.load()
        assert storage.commit(whole(OLD), 1_000, 100)
        store.cut_after(0, count)
        with pytest.raises(PowerCut):
            storage.amend(memoryview(bytearray(AMEND_ROOM) + runs_of()), 2_000, 105)
        status, payload, t_ms, steps = found(store)
        assert (status, payload) == (GOOD, NEW if count == size else OLD), count
        assert (t_ms, steps) == ((2_000, 105) if count >= CELL else (1_000, 100)), count
        again = Storage(store)
        again.load()
        if again.intend(3_000, 110):
            assert found(store) == (GOOD, payload, 3_000, 110), count
        else:
            assert CELL < count < size or count % CELL, "what is torn takes nothing behind it"
        assert again.commit(whole(b"next"), 4_000, 110)
        assert found(store) == (GOOD, b"next", 4_000, 110)


def test_any_one_bit_of_rot_is_seen_and_none_of_it_is_taken() -> None:
    """PWR-10: the state before, entirely; and the account is in doubt, never too low."""
    store = MemoryStore()
    amended(store)
    area = max((0, 1), key=store.size)
    good = store.snapshot()
    for byte in range(HEAD + len(OLD), len(good[area])):
        for bit in range(8):
            store.restore(good)
            store.flip(area, byte, bit)
            status, payload, _, steps = found(store)
            again = Storage(store)
            again.load()
            assert status == REPAIRED, (byte, bit)
            first = byte < HEAD + len(OLD) + CELL  # the intent: what stands behind it is whole
            assert payload == (NEW if first else OLD), (byte, bit)
            assert steps == (100 if first else 105), (byte, bit)
            assert first or again.doubt, (byte, bit)


def test_one_that_failed_half_way_takes_nothing_behind_it() -> None:
    """A store that gives up in the middle: the old state holds, and a commit is needed."""
    store = MemoryStore()
    storage = Storage(store)
    storage.load()
    assert storage.commit(whole(OLD), 1_000, 100)
    append = store.append
    store.append = lambda area, data, more=False: append(area, data[:50]) and False  # type: ignore[method-assign]
    assert not storage.amend(memoryview(bytearray(AMEND_ROOM) + runs_of()), 2_000, 105)
    store.append = append  # type: ignore[method-assign]
    assert not storage.intend(3_000, 110)
    assert found(store)[:2] == (GOOD, OLD)


class _AtRecord(AnyTimeStore):
    """Keeps what is stored when the first record after `armed` is asked for: the order is durable then (LOG-04)."""

    armed = False
    kept: dict[int, bytes] | None = None

    def append(self, area: int, data: bytes, more: bool = False) -> bool:
        if self.armed and area >= EVENT_AREA and self.kept is None:
            self.kept = {at: bytes(content) for at, content in self.areas.items()}
        return super().append(area, data, more)


@pytest.mark.parametrize("unsaved_nl", [0, 77])
def test_an_order_brings_along_what_was_not_stored_before_it(unsaved_nl: int) -> None:
    """LOG-05: with a change that waits for the end of the wake an order is a checkpoint, not the difference to it."""
    store = _AtRecord()
    bench = Bench(store=store)
    bench.set_up([(0, 960_000)], fill_nl=18_000_000)
    assert bench.settings(20_000, 600_000, 3_600_000, 6).ok
    assert bench.start().ok
    bench.run_for(3_600_000)
    ticket = bench.ask("PREPARE_BOLUS", bench.new_order(), 50_000, 600_000, 0)
    if unsaved_nl:
        bench.pump.numbers[durable.PURGED_NL] += unsaved_nl
        bench.pump.dirty = True
    sizes = {area: len(store.areas[area]) for area in (0, 1)}
    store.armed = True
    assert bench.commit(ticket).ok
    assert store.kept
    grown = {area: len(store.kept[area]) - sizes[area] for area in (0, 1)}
    amended = [size for size in grown.values() if 0 < size <= 300]
    assert bool(amended) == (not unsaved_nl), grown
    after = Bench(store=AnyTimeStore(store.kept)).pump
    assert after.orders.known(bench.order)
    assert after.numbers[durable.PURGED_NL] == unsaved_nl
    assert after.history.locked_until_ms() == bench.pump.history.locked_until_ms() > bench.now_ms
