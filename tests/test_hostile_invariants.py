"""Invariants 22, 23, 35 and 36 of the protocol; 19 and 20 are in test_hostile_run.py, 29 in test_hostile_mutants.py.

The line is cut behind every byte of an exchange, both ways counted together, and is mended when the client has given
up. What the basal rate should have done is what a pump did that nobody spoke to.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import hostile_proofs as proofs
import pytest
from hostile_judge import Judge, WatchedStore
from hostile_world import keys_of
from pump_driver import Bench

from pumphost.errors import NoAnswer, OutcomeUnknown, TransportError
from pumphost.programmer import Programmer
from pumphost.therapy import PatientBolus
from pumplink import codes, frame, messages

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
BASAL = [(0, 4_800_000)]
SETTINGS = [PatientBolus(volume_nl, 60_000, 300_000, 4) for volume_nl in (20_000, 21_000)]


def test_invariant_22_an_overtaken_frame_never_runs_and_a_number_is_good_for_one() -> None:
    """LINK-04, SEC-02."""
    proofs.an_older_number_is_refused()


def test_invariant_23_nothing_moves_before_its_record() -> None:
    """LOG-04: power cut before, in and behind every write of a grant and of a commit."""
    proofs.nothing_moves_before_its_record()


# -- 35: the cable is pulled --------------------------------------------------------------------------


class Cable:
    """A transport to a bench that is pulled behind `left` bytes, requests and answers counted together; None: never.

    `raises`: the operating system notices, so that writing and reading fail; else all is silence.
    """

    name = "cable"

    def __init__(self, bench: Bench, raises: bool) -> None:
        self.bench, self.raises = bench, raises
        self.left: int | None = None
        self.bytes = 0
        self._inbox = bytearray()

    def _through(self, data: bytes) -> bytes:
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        self.bytes += len(data)
        return data

    def _alive(self) -> None:
        if self.raises and self.left == 0:
            raise TransportError("cable: unplugged")

    def write(self, data: bytes) -> None:
        self._alive()
        link = self.bench.link
        link.incoming += self._through(data)
        self.bench.take()
        self._inbox += self._through(bytes(link.outgoing))
        link.outgoing.clear()

    def read(self, timeout_s: float) -> bytes:
        if not self._inbox:
            self._alive()
            self.bench.run_for(max(1, round(timeout_s * 1_000)))
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def put_back(self) -> None:
        """Somebody has seen it, seconds later."""
        if self.left is not None:
            self.bench.run_for(5_000)
        self.left = None

    def now_s(self) -> float:
        return self.bench.now_ms / 1_000

    def close(self) -> None:
        self._inbox.clear()


def bench_with(basal: list[tuple[int, int]], store: WatchedStore | None = None) -> Bench:
    bench = Bench(store=store)
    bench.set_up(basal)
    assert bench.start().ok
    return bench


def pulled(
    pump: Programmer, cable: Cable, left: int | None, act: object, ends: Counter[str]
) -> tuple[int, bool | None]:
    """(order, whether it happened) of an act during which the cable is pulled; it is put back before the question."""
    drawn: list[int] = []
    new_order = type(pump._phases).new_order

    def noted() -> int:
        drawn.append(new_order(pump._phases))
        return drawn[-1]

    pump._phases.new_order = noted  # type: ignore[method-assign]
    cable.left = left
    happened: bool | None
    try:
        act()  # type: ignore[operator]
        happened = True
        ends["done"] += 1
    except OutcomeUnknown:
        with pytest.raises((NoAnswer, TransportError)):  # while it is out the question stays open
            pump.settle()
        cable.put_back()
        outcome = pump.settle()
        assert outcome is not None
        happened = outcome.happened
        ends[f"{outcome.request} {happened}"] += 1
    except (NoAnswer, TransportError):  # before the first byte of it was sent
        happened = False
        ends["not sent"] += 1
    cable.put_back()
    assert pump.session.unsettled is None
    return (drawn[-1] if drawn else 0), happened


def exchange_bytes(basal: list[tuple[int, int]], act: str) -> int:
    """Bytes of a whole PREPARE and COMMIT in a session that is open."""
    bench = bench_with(basal)
    cable = Cable(bench, False)
    pump = Programmer(cable, keys=keys_of, rng=random.Random(1))
    pump.set_patient_bolus(SETTINGS[0])
    cable.bytes = 0
    if act == "settings":
        pump.set_patient_bolus(SETTINGS[1])
    else:
        pump.clinician_bolus(1_293, 60_000)
    return cable.bytes


@pytest.mark.parametrize("raises", [False, True], ids=["silent", "noticed"])
def test_invariant_35_a_cable_pulled_at_any_byte_leaves_basal_as_it_is_and_ends_in_done_or_settles(
    raises: bool,
) -> None:
    """LINK-10, FLOW-05: bolus settings over a running schedule."""
    bench, quiet = bench_with(BASAL), bench_with(BASAL)
    cable = Cable(bench, raises)
    pump = Programmer(cable, keys=keys_of, rng=random.Random(2))
    pump.set_patient_bolus(SETTINGS[0])
    ends: Counter[str] = Counter()
    now = SETTINGS[0]
    last = exchange_bytes(BASAL, "settings")
    for left in range(last + 1):
        other = SETTINGS[1 - SETTINGS.index(now)]
        pump.read_program()  # opens a session of a clinician, if there is none
        order, happened = pulled(pump, cable, left, lambda other=other: pump.set_patient_bolus(other), ends)
        assert happened is not None, f"pulled behind {left} bytes"
        now = other if happened else now
        assert pump.bolus_settings().volume_nl == now.volume_nl, f"pulled behind {left} bytes"
        if order:
            told = pump.order(order)
            assert told.happened == happened, f"pulled behind {left} bytes"
    quiet.run_until(bench.now_ms)
    assert bench.motor.packets == quiet.motor.packets
    assert len(quiet.motor.packets) > 20
    assert set(ends) == {"done", "not sent", "PREPARE_PATIENT_BOLUS False", "COMMIT False", "COMMIT True"}
    assert ends["done"] == 1, "only behind the last byte is all there"


def test_invariant_35_a_bolus_is_given_once_or_not_at_all_wherever_the_cable_is_pulled() -> None:
    """LINK-04, LINK-10, BOL-12; the schedule has rate 0, so that the motor shows the boluses alone."""
    store = WatchedStore({})
    bench = bench_with([(0, 0)], store)
    judge = Judge(store, bench.motor.packets)
    cable = Cable(bench, False)
    pump = Programmer(cable, keys=keys_of, rng=random.Random(3))
    ends: Counter[str] = Counter()
    for left in range(0, exchange_bytes([(0, 0)], "bolus") + 1, 1 if NIGHTLY else 2):
        pump.read_program()
        order, happened = pulled(pump, cable, left, lambda: pump.clinician_bolus(1_293, 60_000), ends)
        assert happened is not None
        bench.run_for(61_000)
        if order:
            judge.claim(order, happened)
            assert judge.given[order] == (6 if happened else 0), f"pulled behind {left} bytes"
    judge.end()
    assert judge.wrong == []
    assert {"not sent", "PREPARE_BOLUS False", "COMMIT False", "COMMIT True"} <= set(ends)


# -- 36: the host does not read -----------------------------------------------------------------------


def test_invariant_36_a_host_that_never_reads_delays_nothing() -> None:
    """LINK-07: an hour of questions whose answers nobody takes; every packet goes out when it does on a quiet pump."""
    bench, quiet = bench_with(BASAL), bench_with(BASAL)
    wire = frame.encode(frame.pack_body(frame.REQ, messages.STATUS.id, b"", 1))
    for _ in range(360):
        bench.link.incoming += wire
        bench.poll()
        bench.run_for(10_000)
    quiet.run_until(bench.now_ms)
    assert bench.motor.packets == quiet.motor.packets
    assert len(quiet.motor.packets) > 100
    assert len(bench.link.outgoing) > 360 * 50
    bench.link.outgoing.clear()
    assert bench.status()["mode"] == codes.SCHEDULE
