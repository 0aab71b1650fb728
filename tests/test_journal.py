"""The durable journal: two rings, their numbers and chains, what is kept, what rot and failing writes do.

    python -m pytest tests/test_journal.py

Chain values are computed with hashlib from the requirement; power cuts at every byte are in test_storage_cuts.py.
"""

from __future__ import annotations

import struct

import pytest
from store_cases import ENTRY, FAULT, QUIET, START, Clock, all_records, chained, filled, journal_of

from pumpfw.core.journal import Journal
from pumpfw.core.ports import EVENT_AREA, EVENT_SEGMENTS, FAULT_AREA, FAULT_SEGMENTS
from pumphil.rigs.store import MemoryStore, PowerCut
from pumplink import codes


def test_an_empty_journal_has_nothing() -> None:
    journal = journal_of(MemoryStore())
    for ring in (0, 1):
        assert journal.info(ring) == (0, 0, b"\0" * 8)
        assert journal.read(ring, 0, 5) == (0, 0, b"")
    assert not journal.failed


def test_a_record_carries_what_was_given_and_is_found_after_a_restart() -> None:
    """LOG-02: number, monotonic time, wall time, trusted; a and b modulo 2^32; the time scale."""
    store = MemoryStore()
    journal = journal_of(store)
    journal.scale = 300
    assert journal.add(1 << 40, FAULT, -1, 1 << 31)
    _, count, data = journal_of(store).read(0, 0, 5)
    assert count == 1
    wall = 1_700_000_000_000 + (1 << 40)
    assert struct.unpack_from("<IQQBBIIH", data) == (0, 1 << 40, wall, 1, FAULT, 0xFFFFFFFF, 1 << 31, 300)
    assert chained(data) == [0]


@pytest.mark.parametrize("kind", sorted(codes.RECORDS))
def test_which_kinds_go_to_the_ring_of_faults(kind: int) -> None:
    """LOG-06: faults are kept separately."""
    journal = journal_of(MemoryStore())
    assert journal.add(1, kind)
    assert journal.info(0)[1] == 1
    assert journal.info(1)[1] == (kind in (1, 10, 15, 24, 25))


def test_each_ring_is_a_chain_of_its_own_and_faults_keep_the_number_of_the_event() -> None:
    """LOG-02, LOG-03."""
    store, journal = filled(3, 2)
    assert journal.add(9, QUIET)
    assert journal.add(10, FAULT)
    for again in (journal, journal_of(store)):
        assert chained(all_records(again, 0)) == [0, 1, 2, 3, 4, 5, 6]
        assert chained(all_records(again, 1)) == [3, 4, 6]
        assert again.info(0)[2] == all_records(again, 0)[-8:]
        assert again.info(1) == (0, 3, all_records(again, 1)[-8:])
        assert (again.first, again.next, again.head) == again.info(0)


def test_at_least_5000_events_and_1000_faults_are_kept_the_oldest_go_first() -> None:
    """LOG-06, and the numbers go on without a gap."""
    store, journal = filled(4_400, 1_300)
    for now in (journal, journal_of(store)):
        assert now.next == 5_700
        assert now.next - now.first >= 5_000
        first, end, _ = now.info(1)
        assert end == 1_300
        assert end - first >= 1_000
        events, faults = all_records(now, 0), all_records(now, 1)
        assert chained(events[ENTRY:], events[32:ENTRY]) == list(range(now.first + 1, 5_700))
        assert chained(faults[ENTRY:], faults[32:ENTRY]) == list(range(4_400 + first + 1, 5_700))
        assert now.read(0, 0, 5)[0] == now.first, "what is gone is not invented"
    assert max(store.areas) < FAULT_AREA + FAULT_SEGMENTS


@pytest.mark.parametrize("records", [255, 256, 257, 5_375, 5_376, 5_377])
def test_restarts_at_the_edges_of_segments(records: int) -> None:
    store, _ = filled(records)
    journal = journal_of(store)
    assert journal.add(records, QUIET)
    assert journal_of(store).next == records + 1
    data = all_records(journal)
    assert chained(data[ENTRY:], data[32:ENTRY]) == list(range(journal.first + 1, records + 1))


def test_read_gives_up_to_five_from_any_place_and_across_segments() -> None:
    _, journal = filled(600)
    for first, asked, count in [(0, 5, 5), (254, 4, 4), (255, 5, 5), (597, 5, 3), (600, 5, 0), (700, 5, 0), (3, 99, 5)]:
        start, n, data = journal.read(0, first, asked)
        assert (start, n, len(data)) == (first, count, count * ENTRY)
        assert [struct.unpack_from("<I", data, at)[0] for at in range(0, len(data), ENTRY)] == list(
            range(first, first + count)
        )


def test_any_bit_of_rot_in_a_record_is_noticed_and_the_others_stay_readable() -> None:
    """LOG-03: at boot, and on export by the chain."""
    store, journal = filled(5)
    good = store.snapshot()
    data = all_records(journal)
    for byte in range(START, store.size(EVENT_AREA)):
        for bit in range(8):
            store.restore(good)
            store.flip(EVENT_AREA, byte, bit)
            again = Journal(Clock(), store)
            assert again.boot() >= 1
            assert again.next == 5
            exported = all_records(again)
            bad = (byte - START) // ENTRY
            assert exported[: bad * ENTRY] == data[: bad * ENTRY]
            assert exported[(bad + 1) * ENTRY :] == data[(bad + 1) * ENTRY :]
            with pytest.raises(AssertionError, match="breaks the chain"):
                chained(exported)


def test_a_ring_goes_on_after_rot_with_the_next_number() -> None:
    """LOG-02: also when it was the newest record that rotted, and only that record breaks the chain for ever."""
    store, _ = filled(5)
    store.flip(EVENT_AREA, START + 4 * ENTRY + 2, 0)
    journal = journal_of(store, dropped=1)
    assert journal.add(5, QUIET)
    data = all_records(journal_of(store, dropped=1))
    assert chained(data[5 * ENTRY :], data[5 * ENTRY - 8 : 5 * ENTRY]) == [5]


def test_one_bit_of_rot_in_the_head_of_any_segment_costs_nothing() -> None:
    store, _ = filled(600)
    good = store.snapshot()
    for area in range(EVENT_AREA, EVENT_AREA + 3):
        for byte in range(START):
            store.restore(good)
            store.flip(area, byte, byte % 8)
            assert chained(all_records(journal_of(store))) == list(range(600))


def test_records_taken_out_or_swapped_are_noticed() -> None:
    """LOG-03: missing and reordered."""
    store, _ = filled(6)
    good = bytes(store.areas[EVENT_AREA])
    at = START + 2 * ENTRY
    store.areas[EVENT_AREA][at : at + ENTRY] = b""
    assert Journal(Clock(), store).boot() >= 1
    swapped = good[at + ENTRY : at + 2 * ENTRY] + good[at : at + ENTRY]
    store.areas[EVENT_AREA][:] = good[:at] + swapped + good[at + 2 * ENTRY :]
    assert Journal(Clock(), store).boot() >= 2


def test_a_segment_that_is_gone_takes_only_what_is_older_with_it() -> None:
    store, _ = filled(800)
    assert store.erase(EVENT_AREA + 1)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (512, 800)
    assert journal.add(800, QUIET)
    data = all_records(journal)
    assert chained(data[ENTRY:], data[32:ENTRY]) == list(range(513, 801))


def test_a_write_that_fails_is_said_and_takes_no_number() -> None:
    """LOG-07."""
    store, journal = filled(3)
    store.fail_writes = True
    assert not journal.add(3, QUIET)
    assert journal.failed
    assert not journal.add(4, QUIET)
    store.fail_writes = False
    assert journal.failed
    assert journal.add(5, QUIET)
    assert not journal.failed
    assert chained(all_records(journal_of(store))) == [0, 1, 2, 3]


@pytest.mark.parametrize("events", [3, 255, 256, 5_376])
@pytest.mark.parametrize("part", [0, 9, 34, 40])
def test_a_store_that_gives_up_half_way_leaves_no_gap(events: int, part: int) -> None:
    """It wrote a part of a record or of a head and said False."""
    store, journal = filled(events)
    append = store.append
    store.append = lambda area, data: append(area, data[:part]) and False  # type: ignore[method-assign]
    assert not journal.add(events, QUIET)
    assert not journal.add(events, QUIET)
    store.append = append  # type: ignore[method-assign]
    for k in range(300):
        assert journal.add(events + k, QUIET)
    again = journal_of(store)
    assert again.next == journal.next == events + 300
    assert (again.first, again.head) == (journal.first, journal.head)
    data = all_records(again)
    assert data == all_records(journal)
    assert chained(data[ENTRY:], data[32:ENTRY]) == list(range(again.first + 1, events + 300))


@pytest.mark.parametrize("events", [0, 256, 512, 5_376])
def test_a_store_that_gives_up_in_the_first_record_of_a_segment(events: int) -> None:
    """The segment is begun anew, again and again, and costs no other one."""
    store, journal = filled(events)
    append = store.append
    store.append = lambda area, data: append(area, data[:9]) and False if len(data) == 40 else append(area, data)  # type: ignore[method-assign]
    first = None
    for _ in range(30):
        assert not journal.add(events, QUIET)
        first = journal.first if first is None else first
        assert journal.first == first == max(0, events - 20 * 256)
    store.append = append  # type: ignore[method-assign]
    assert journal.add(events, QUIET)
    assert journal_of(store).info(0) == journal.info(0) == (first, events + 1, all_records(journal)[-8:])


def test_boot_says_how_much_was_torn() -> None:
    """LOG-03: once; the next boot finds a whole chain again."""
    store, journal = filled(5)
    store.cut_after(0, 39)
    with pytest.raises(PowerCut):
        journal.add(5, QUIET)
    again = journal_of(store, dropped=1)
    assert (again.first, again.next) == (0, 5)
    assert again.add(5, QUIET)
    assert chained(all_records(journal_of(store))) == [0, 1, 2, 3, 4, 5]


def test_history_that_no_longer_leads_to_the_present_is_left_alone() -> None:
    """A rotten record in it counts for nothing, and its places are not handed out when the ring comes round."""
    store, _ = filled(800)
    store.flip(EVENT_AREA, START + 5, 0)
    assert store.erase(EVENT_AREA + 1)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (512, 800)
    for k in range(19 * 256):
        assert journal.add(k, QUIET)
        assert journal.read(0, journal.first, 1)[1] == 1
    assert journal.first == journal_of(store).first == 512


def test_a_cut_in_the_erase_of_the_oldest_segment_leaves_a_chain() -> None:
    """LOG-03: what is left of a segment half erased is not taken for history."""
    full = EVENT_SEGMENTS * 256
    store, _ = filled(full)
    good = store.snapshot()
    size = store.size(EVENT_AREA)
    for count in [*range(0, size, 317), size - 35, size - 34, size - 20, size]:
        store.restore(good)
        journal = journal_of(store)
        store.cut_after(0, count)
        with pytest.raises(PowerCut):
            journal.add(full, QUIET)
        again = journal_of(store)
        assert (again.first, again.next) == (0 if not count else 256, full)
        assert again.add(full, QUIET)
        data = all_records(again)
        assert chained(data[ENTRY:], data[32:ENTRY]) == list(range(257, full + 1))
