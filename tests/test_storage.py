"""Storage: checkpoints in two slots, the log of intents, what is found after writes that fail and after bit rot.

    python -m pytest tests/test_storage.py

Power cuts at every byte are in test_storage_cuts.py. Layouts and CRCs are computed here from their definition.
"""

from __future__ import annotations

import struct
import subprocess

import pytest
from bench_cases import needs_micropython
from store_cases import SCRIPT, Run, crc32, payload_of, sealed, whole

from pumpfw.core.storage import FRESH, GOOD, LOG_FULL, LOST, REPAIRED, Storage
from pumphil.rigs.find import find_micropython, firmware_packages
from pumphil.rigs.store import MemoryStore

HEAD, INTENT = 32, 20


def committed(*states: bytes) -> tuple[MemoryStore, Storage]:
    """A store on which these were committed, the last at 1 000 ms and step 100."""
    store = MemoryStore()
    storage = Storage(store)
    assert storage.load() == FRESH
    for state in states:
        assert storage.commit(whole(state), 1_000, 100)
    return store, storage


def found(store: MemoryStore) -> tuple[int, bytes | None, int, int]:
    storage = Storage(store)
    return storage.load(), payload_of(storage), storage.t_ms, storage.steps


def test_the_crc_of_this_test_is_that_of_the_standard() -> None:
    assert crc32(b"123456789") == 0xCBF43926


def test_what_lies_in_the_slots_is_what_the_docstring_says() -> None:
    """PWR-09: sequence number and 32-bit checksum in both slots."""
    store, storage = committed(b"state")
    assert storage.intend(1 << 40, 1 << 35)
    fields = struct.pack("<IIQQ", 5, 1, 1_000, 100) + sealed(b"state")
    intent = struct.pack("<QQ", 1 << 40, 1 << 35)
    slot = fields + sealed(fields) + b"state"
    assert sorted(store.snapshot().values()) == [slot, slot + intent + sealed(struct.pack("<I", 1) + intent)]


def test_a_store_never_written_is_fresh_and_takes_no_intent() -> None:
    storage = Storage(MemoryStore())
    assert storage.load() == FRESH
    assert (payload_of(storage), storage.t_ms, storage.steps) == (None, 0, 0)
    assert not storage.intend(1, 1)


def test_a_commit_is_found_again_with_time_and_steps_of_the_largest_intent() -> None:
    store, storage = committed(b"one", b"two")
    assert found(store) == (GOOD, b"two", 1_000, 100)
    for k in range(30):
        assert storage.intend(2_000 + k, 110 + k)
    assert found(store) == (GOOD, b"two", 2_029, 139)


def test_a_commit_may_take_back_what_was_intended_and_not_made() -> None:
    store, storage = committed(b"one")
    assert storage.intend(2_000, 150)
    assert storage.commit(whole(b"two"), 3_000, 120)
    assert found(store) == (GOOD, b"two", 3_000, 120)


@pytest.mark.parametrize("size", [0, 1, 3_000])
def test_payloads_of_any_size(size: int) -> None:
    state = bytes(k * 7 & 0xFF for k in range(size))
    store, _ = committed(b"x", state)
    assert found(store)[:2] == (GOOD, state or None)


def test_an_intent_writes_at_most_24_bytes() -> None:
    store, storage = committed(b"one")
    before = store.size(0) + store.size(1)
    assert storage.intend((1 << 64) - 1, (1 << 64) - 1)
    assert store.size(0) + store.size(1) - before <= 24


def test_the_log_is_full_after_about_four_kilobytes_and_goes_on() -> None:
    store, storage = committed(b"s" * 3_000)
    for k in range(LOG_FULL // INTENT):
        assert storage.intend(k, k)
        assert not storage.full
    assert storage.intend(5_000, 5_000)
    assert storage.full
    assert storage.intend(6_000, 6_000)
    assert found(store) == (GOOD, b"s" * 3_000, 6_000, 6_000)
    assert storage.commit(whole(b"s" * 3_000), 7_000, 6_000)
    assert not storage.full


def test_both_slots_hold_the_state_after_a_commit() -> None:
    """PWR-10: either one is enough."""
    for area in (0, 1):
        store, _ = committed(b"one", b"two", b"three")
        assert store.erase(area)
        assert found(store) == (GOOD, b"three", 1_000, 100)


@pytest.mark.parametrize("writes", range(7))
def test_writes_that_fail_from_any_write_on_leave_the_old_or_the_new_state(writes: int) -> None:
    """LOG-07: False means that the old state holds; it works again as soon as the store does."""
    store, storage = committed(b"one")
    assert storage.intend(2_000, 110)
    append, erase = store.append, store.erase
    left = [writes]

    def works() -> bool:
        left[0] -= 1
        return left[0] >= 0

    store.append = lambda area, data, more=False: works() and append(area, data)  # type: ignore[method-assign]
    store.erase = lambda area: works() and erase(area)  # type: ignore[method-assign]
    done = storage.commit(whole(b"two"), 3_000, 105)
    assert done == (writes >= 4), "an intent, an erase, a head and a payload"
    status, payload, _, steps = found(store)
    assert (status, payload) == (GOOD, b"two" if done else b"one")
    assert steps >= 105 if done else steps == 110
    store.append, store.erase = append, erase  # type: ignore[method-assign]
    assert storage.intend(4_000, 120)
    assert found(store)[3] == 120
    assert storage.commit(whole(b"three"), 5_000, 120)
    assert found(store) == (GOOD, b"three", 5_000, 120)


def test_an_intent_that_failed_half_way_takes_no_other_behind_it() -> None:
    """A store that gives up in the middle of a record: what follows would not be read."""
    store, storage = committed(b"one")
    append = store.append
    store.append = lambda area, data, more=False: append(area, data[:9]) and False  # type: ignore[method-assign]
    assert not storage.intend(2_000, 110)
    store.append = append  # type: ignore[method-assign]
    assert not storage.intend(2_100, 111)
    assert storage.commit(whole(b"two"), 3_000, 111)
    assert storage.intend(3_100, 115)
    assert found(store) == (GOOD, b"two", 3_100, 115)


def rotten(store: MemoryStore) -> list[tuple[int, int, int]]:
    """Every bit of the two slots: (area, byte, bit)."""
    return [(a, byte, bit) for a in (0, 1) for byte in range(store.size(a)) for bit in range(8)]


@pytest.mark.parametrize("actions", [1, 2, 4, 9, 12])
def test_any_one_bit_of_rot_is_seen_and_costs_nothing_acknowledged(actions: int) -> None:
    """PWR-10: one corrupt slot is repaired from the other; never an unknown state, never too low a total."""
    run = Run(MemoryStore())
    run.boot()
    run.play(SCRIPT[:actions])
    good, said = run.store.snapshot(), run.promised
    for area, byte, bit in rotten(run.store):
        run.store.restore(good)
        run.store.flip(area, byte, bit)
        storage = Storage(run.store)
        assert storage.load() == REPAIRED
        assert payload_of(storage) == said.state
        assert storage.doubt or storage.steps >= said.steps
        assert storage.steps <= said.largest
        assert storage.commit(whole(b"next"), 1_000, max(storage.steps, said.steps))
        assert found(run.store)[:2] == (GOOD, b"next")


def test_rot_in_both_slots_loses_the_state_and_says_so() -> None:
    """PWR-10: nothing is put in its place; time and total that can still be read are kept."""
    store, storage = committed(b"state one", b"state two")
    assert storage.intend(2_000, 130)
    good = store.snapshot()
    for places in [(0, 0), (HEAD, HEAD), (20, HEAD + 3), (HEAD + 1, 8), (30, 30)]:
        store.restore(good)
        for area in (0, 1):
            store.flip(area, places[area], 4)
        again = Storage(store)
        assert again.load() == LOST
        assert payload_of(again) is None
        assert again.steps == (0 if max(places) < HEAD else 130)
        assert again.commit(whole(b"new"), 3_000, 140)
        assert found(store) == (GOOD, b"new", 3_000, 140)


def test_one_slot_gone_and_the_other_rotten_is_lost_and_not_fresh() -> None:
    """PWR-10: a state that was there is never taken for a pump that has none."""
    for byte in (0, 20, 33, HEAD):
        store, _ = committed(b"state")
        assert store.erase(1)
        store.flip(0, byte, 7)
        assert found(store)[:2] == (LOST, None)


def test_only_the_last_intent_leaves_a_doubt() -> None:
    store, storage = committed(b"state")
    for k in range(3):
        assert storage.intend(2_000 + k, 110 + k)
    area = max((0, 1), key=store.size)
    good = store.snapshot()
    for intent, doubt, steps in [(0, False, 112), (1, False, 112), (2, True, 111)]:
        store.restore(good)
        store.flip(area, HEAD + 5 + INTENT * intent + 10, 0)
        again = Storage(store)
        assert (again.load(), again.doubt, again.steps) == (REPAIRED, doubt, steps)


def test_loading_again_verifies_what_is_stored_and_disturbs_nothing() -> None:
    """PWR-12."""
    store, storage = committed(b"state")
    assert storage.intend(2_000, 110)
    assert storage.load() == GOOD
    assert storage.intend(3_000, 120)
    assert found(store) == (GOOD, b"state", 3_000, 120)
    store.flip(0, HEAD + 1, 0)
    assert storage.load() == REPAIRED


ALLOCATIONS = """
import gc, sys
sys.path[:] = %r
from pumpfw.core.storage import Storage
class Store:
    def read(self, area, offset, count): return b""
    def append(self, area, data, more=False): return True
    def erase(self, area): return True
storage = Storage(Store())
payload = bytearray(3072)
def piece(k): return None if k else payload
storage.load()
def work(n):
    for k in range(n):
        storage.commit(piece, 1 << 41, 1 << 31)
        storage.intend(1 << 42, 1 << 32)
work(2)
for again in range(2):  # the collector takes what lies on the stack for a reference, once
    gc.collect()
    before = gc.mem_alloc()
    work(20)
    gc.collect()
print(gc.mem_alloc() - before)
gc.disable()
before = gc.mem_alloc()
storage.commit(piece, 1 << 41, 1 << 31)
print(gc.mem_alloc() - before)
"""


@needs_micropython
def test_a_commit_of_3_kb_leaves_nothing_on_the_heap() -> None:
    """PWR-16: nothing outlives the call, and in the call there is never a second copy of the payload."""
    folders = [str(folder.parent) for folder in firmware_packages()]
    done = subprocess.run(
        [str(find_micropython()), "-c", ALLOCATIONS % folders], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    outlives, meanwhile = (int(line) for line in done.stdout.split())
    assert outlives == 0
    assert meanwhile < 1_024
