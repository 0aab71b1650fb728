"""The durable journal where it seldom comes: two faults at once, segments in the wrong place, what a boot costs.

    python -m pytest tests/test_journal_edges.py

Numbers of records and reads are worked out by hand from the format in `pumpfw.core.journal`: 256 records of 40 bytes in
a segment behind a head of twice 16, 21 segments of events.
"""

from __future__ import annotations

import struct

import pytest
from store_cases import ENTRY, FAULT, QUIET, START, Clock, all_records, chained, filled, journal_of

from pumpfw.core import journal as module
from pumpfw.core.ports import EVENT_AREA, FAULT_AREA
from pumphil.rigs.store import MemoryStore, PowerCut

FULL = START + 256 * ENTRY  # bytes of a segment that takes no more


def lose_head(store: MemoryStore, area: int) -> None:
    """One bit of each of its two copies."""
    store.flip(area, 3, 0)
    store.flip(area, 19, 0)


# -- records


def test_what_is_not_given_is_zero_and_time_runs_at_its_own_speed() -> None:
    """LOG-02."""
    journal = journal_of(MemoryStore())
    assert journal.add(7, QUIET)
    data = journal.read(0, 0, 1)[2]
    assert struct.unpack_from("<IQQBBIIH", data) == (0, 7, 1_700_000_000_007, 1, QUIET, 0, 0, 1)


def test_all_32_bits_of_both_numbers_are_kept() -> None:
    """LOG-02."""
    journal = journal_of(MemoryStore())
    assert journal.add(7, QUIET, 0xFFFFFFFF, 0xFFFFFFFF)
    assert journal.read(0, 0, 1)[2][22:30] == b"\xff" * 8


def test_a_journal_over_a_blank_store_is_empty_before_it_is_read() -> None:
    journal = module.Journal(Clock(), MemoryStore())
    assert journal.add(0, QUIET)
    assert journal.info(0)[:2] == (0, 1)
    assert chained(all_records(journal)) == [0]


# -- boot


def test_boot_counts_what_rotted_in_both_rings() -> None:
    """LOG-03."""
    store, _ = filled(0, 3)
    store.flip(EVENT_AREA, START + 2 * ENTRY, 0)
    store.flip(FAULT_AREA, START + 2 * ENTRY, 0)
    journal_of(store, dropped=2)


def test_restarts_cost_no_room() -> None:
    """LOG-06: more restarts than segments, and the first record is still there."""
    store = MemoryStore()
    for k in range(30):
        assert journal_of(store).add(k, QUIET)
    assert chained(all_records(journal_of(store))) == list(range(30))


def test_boot_reads_each_record_once_and_five_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """256 records are 52 reads, each head is looked at twice; nothing larger than a frame holds is in memory."""
    store, _ = filled(21 * 256)
    sizes: list[int] = []
    read = store.read

    def counted(area: int, offset: int, count: int) -> bytes:
        if area < FAULT_AREA:
            sizes.append(count)
        return read(area, offset, count)

    monkeypatch.setattr(store, "read", counted)
    journal_of(store)
    assert max(sizes) <= 5 * ENTRY
    assert len(sizes) <= 21 * (52 + 2)


def test_no_buffer_changes_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a chip a bytearray that grows moves in the heap."""

    class Fixed(bytearray):
        def __setitem__(self, key, value):  # type: ignore[no-untyped-def]
            size = len(self)
            bytearray.__setitem__(self, key, value)
            assert len(self) == size

    monkeypatch.setattr(module, "bytearray", Fixed, raising=False)
    store, _ = filled(300, 3)
    again = journal_of(store)
    assert again.add(303, FAULT)
    assert chained(all_records(again)) == list(range(304))


# -- segments that are lost or in the wrong place


@pytest.mark.parametrize("segment", [1, 20])
def test_a_newest_segment_without_a_head_costs_no_older_one(segment: int) -> None:
    """Also in a full ring, where the oldest one stands right behind it."""
    kept = segment * 256
    store, _ = filled(kept + 256)
    lose_head(store, EVENT_AREA + segment)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (0, kept)
    assert journal.add(kept, QUIET)
    assert chained(all_records(journal_of(store))) == list(range(kept + 1))


def test_an_oldest_segment_without_a_head_is_no_history() -> None:
    """Its records have no known place."""
    store, _ = filled(300)
    lose_head(store, EVENT_AREA)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (256, 300)


def test_the_oldest_segment_is_no_history_when_the_one_behind_it_is_gone() -> None:
    """A full ring: it stands right behind the newest one and is erased next."""
    full = 21 * 256
    store, _ = filled(full)
    assert store.erase(EVENT_AREA + 1)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (512, full)
    assert journal.add(full, QUIET)
    assert journal.first == 512
    data = all_records(journal)
    assert chained(data[ENTRY:], data[32:ENTRY]) == list(range(513, full + 1))


def test_an_old_image_of_a_segment_is_not_taken_for_history() -> None:
    """Where the ring goes next; that it rotted does not count, and nothing is lost when it is erased."""
    store, _ = filled(300)
    store.areas[EVENT_AREA + 2] = bytearray(store.areas[EVENT_AREA])
    store.flip(EVENT_AREA + 2, START, 0)
    journal = journal_of(store)
    assert (journal.first, journal.next) == (0, 300)
    for k in range(300, 600):
        assert journal.add(k, QUIET)
    assert chained(all_records(journal)) == list(range(600))


# -- power losses and failing writes


def test_a_power_loss_in_the_first_record_of_a_segment_costs_nothing_older() -> None:
    """LOG-03: the segment is begun anew."""
    store, journal = filled(256)
    store.cut_after(2, 9)  # erase and head
    with pytest.raises(PowerCut):
        journal.add(256, QUIET)
    assert journal_of(store, dropped=1).add(256, QUIET)
    assert chained(all_records(journal_of(store))) == list(range(257))


def test_a_power_loss_in_a_record_and_one_behind_the_next_head() -> None:
    """LOG-03: nothing is written behind what is torn."""
    store, journal = filled(3)
    store.cut_after(0, 9)
    with pytest.raises(PowerCut):
        journal.add(3, QUIET)
    again = journal_of(store, dropped=1)
    store.cut_after(2, 0)
    with pytest.raises(PowerCut):
        again.add(3, QUIET)
    assert journal_of(store).add(3, QUIET)
    assert chained(all_records(journal_of(store))) == [0, 1, 2, 3]


def test_writes_that_fail_without_a_trace_cost_no_room() -> None:
    """LOG-06, LOG-07: more of them than there are segments."""
    store = MemoryStore()
    journal = journal_of(store)
    for k in range(60):
        assert journal.add(k, QUIET)
        store.fail_writes = True
        assert not journal.add(k, QUIET)
        store.fail_writes = False
    assert chained(all_records(journal)) == list(range(60))
    assert store.size(EVENT_AREA) == START + 60 * ENTRY


def test_a_full_segment_takes_no_more_when_no_other_can_be_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG-07."""
    store, journal = filled(256)
    with monkeypatch.context() as patch:
        patch.setattr(store, "erase", lambda area: False)
        assert not journal.add(256, QUIET)
        assert journal.failed
    assert store.size(EVENT_AREA) == FULL
    assert journal.add(256, QUIET)
    assert chained(all_records(journal_of(store))) == list(range(257))


@pytest.mark.parametrize("events", [0, 3])
def test_append_says_false_when_nothing_is_durable(events: int) -> None:
    """LOG-07: in a segment and where one has to begin."""
    store, journal = filled(events)
    store.fail_writes = True
    assert journal.append(bytearray(ENTRY)) is False
    assert journal.next == events
