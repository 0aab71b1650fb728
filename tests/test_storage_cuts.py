"""Power cuts: at every write of a script, after every byte of it, and once more while the pump recovers.

    python -m pytest tests/test_storage_cuts.py

Storage and journal share one store as in the pump. PWR-08, PWR-09, LOG-02, LOG-03, LOG-04.
"""

from __future__ import annotations

from collections.abc import Iterator

from store_cases import SCRIPT, Action, Run, all_records, chained, payload_of

from pumpfw.core.storage import FRESH, GOOD
from pumphil.rigs.store import MemoryStore, PowerCut
from pumplink import codes

RECOVERY: tuple[Action, ...] = (("commit", 100, 30), ("event", 101, codes.REC_BOOT), ("intend", 110, 35))


def writes(script: tuple[Action, ...]) -> list[int]:
    """Bytes of every write of a script; of an erase those that it takes away."""
    store, sizes = MemoryStore(), []
    append, erase = store.append, store.erase
    store.append = lambda area, data, more=False: (sizes.append(len(data)), append(area, data))[1]  # type: ignore[func-returns-value,method-assign]
    store.erase = lambda area: (sizes.append(store.size(area)), erase(area))[1]  # type: ignore[func-returns-value,method-assign]
    run = Run(store)
    run.boot()
    run.play(script)
    return sizes


def cuts(sizes: list[int], every: int = 1) -> Iterator[tuple[int, int]]:
    """(writes that succeed, bytes of the next one): each boundary and every so many bytes between."""
    for number, size in enumerate(sizes):
        for count in sorted({*range(0, size, every), size}):
            yield number, count


def survivor(run: Run) -> Run:
    """The same store after a restart, with what it had been promised; all that must hold is asserted."""
    again = Run(run.store)
    again.boot()
    said, found = run.promised, again.storage
    new = said.asked is not None and payload_of(found) == said.asked
    assert new or payload_of(found) == said.state
    assert again.status == (FRESH if payload_of(found) is None else GOOD)
    assert not found.doubt
    assert (said.asked_steps if new else said.steps) <= found.steps <= said.largest
    assert new or found.t_ms >= said.t_ms
    journal = again.journal
    assert again.dropped <= 2, "at most the newest of each ring"
    assert said.events <= journal.next <= said.events + 1
    assert said.faults <= journal.info(1)[1] <= journal.next
    assert chained(all_records(journal)) == list(range(journal.next))
    numbers = chained(all_records(journal, 1))
    assert numbers == sorted(set(numbers))
    again.promised = said
    if new:
        said.state, said.steps = said.asked, said.asked_steps
    said.asked = None
    said.steps, said.events, said.faults = max(found.steps, said.steps), journal.next, journal.info(1)[1]
    return again


def cut_at(number: int, count: int) -> Run:
    run = Run(MemoryStore())
    run.boot()
    run.store.cut_after(number, count)
    try:
        run.play(SCRIPT)
    except PowerCut:
        return run
    raise AssertionError(f"no cut at write {number}")


def test_a_cut_after_any_byte_of_any_write_loses_nothing_acknowledged() -> None:
    """PWR-08, PWR-09: state old or new entirely, the total not below what was acknowledged nor above what was asked."""
    looked = 0
    for number, count in cuts(writes(SCRIPT)):
        again = survivor(cut_at(number, count))
        again.play(RECOVERY)
        last = survivor(again)
        assert (payload_of(last.storage), last.storage.steps) == (again.promised.state, 35)
        looked += 1
    assert looked > 1_000


def test_a_second_cut_while_the_pump_recovers_loses_nothing_either() -> None:
    """PWR-08: the commit after a restart must not open a window in which intents are gone."""
    second = [40] * 9
    for number, count in cuts(writes(SCRIPT), every=13):
        first = survivor(cut_at(number, count))
        snapshot, said = first.store.snapshot(), first.promised.__dict__.copy()
        for later, bytes_later in cuts(second, every=20):
            first.store.restore(snapshot)
            run = Run(first.store)
            run.promised.__dict__.update(said, states=list(said["states"]))
            run.boot()
            first.store.cut_after(later, bytes_later)
            try:
                run.play(RECOVERY)
            except PowerCut:
                survivor(run)
