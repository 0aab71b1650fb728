"""A pump that fails while it carries out a request: it says so, stops, and says the same again.

    python -m pytest tests/test_link_internal.py

Status 60 of the protocol: a caught exception, and nothing was acted on after the journal write (PWR-15).
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from link_cases import answered, opened, signed
from pump_cases import mode, nothing_moves, order_of, running, shown
from pump_driver import Bench

from pumphil.rigs.sim import SimRig
from pumphost.errors import OutcomeUnknown, Refused
from pumphost.programmer import Programmer
from pumplink import codes, frame, messages

ORDER = 77
WHERE = "pumpfw.core.rules.patient_bolus", "pumpfw.core.modes.stop"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bolus and every stop runs out of memory."""

    def broken(*_: Any) -> None:
        raise MemoryError("memory allocation failed")

    for where in WHERE:
        monkeypatch.setattr(where, broken)


def delivering() -> Bench:
    bench = running(480_000)
    bench.run_for(60_000)
    opened(bench, codes.PATIENT)
    return bench


@pytest.mark.usefixtures("failing")
def test_a_request_that_fails_in_the_middle_is_answered_and_the_pump_stops() -> None:
    """The answer is signed as any other; with it comes the fault stop, and nothing moves after it."""
    bench = delivering()
    reply = answered(bench, signed(bench, messages.REQUEST_BOLUS.id, bolus(bench)))
    assert (reply.status, reply.detail, reply.info) == (codes.INTERNAL, 0, 0)
    assert mode(bench) == "fault"
    assert codes.ALARMS[codes.ALARM_INTERNAL][0] in shown(bench)
    assert nothing_moves(bench)


@pytest.mark.usefixtures("failing")
def test_the_same_bytes_get_the_same_answer_and_fail_no_second_time() -> None:
    bench = delivering()
    wire = frame.encode(signed(bench, messages.REQUEST_BOLUS.id, bolus(bench)))
    (first,) = bench.exchange(wire)
    records = bench.pump.journal.next
    (second,) = bench.exchange(wire)
    assert first == second
    assert bench.pump.journal.next == records


@pytest.mark.usefixtures("failing")
def test_an_order_that_failed_half_way_is_settled_by_asking() -> None:
    """The programmer does not take it for a refusal, which would say that nothing has changed."""
    with SimRig(1) as rig:
        programmer = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(1))
        with pytest.raises(OutcomeUnknown, match="internal error; the pump has stopped") as unknown:
            programmer.session.request(messages.REQUEST_BOLUS, (ORDER, rig.now_us // 1000 + 5_000), order=ORDER)
        assert unknown.value.order == ORDER
        with pytest.raises(OutcomeUnknown, match="settle"):
            programmer.session.request(messages.REQUEST_BOLUS, (ORDER + 1, 9_000), order=ORDER + 1)
        programmer.session.settle()
        assert programmer.status().mode == codes.FAULT


@pytest.mark.usefixtures("failing")
def test_a_stop_that_failed_is_told_as_what_it_is() -> None:
    """The pump has stopped by itself: there is nothing to settle."""
    with SimRig(1) as rig:
        programmer = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(1))
        with pytest.raises(Refused, match="INTERNAL, code 60"):
            programmer.stop()
        assert programmer.session.unsettled is None


def bolus(bench: Bench) -> bytes:
    """Payload of a request for a bolus now."""
    return messages.REQUEST_BOLUS.request.pack((ORDER, bench.now_ms + 5_000))


def test_without_a_fault_the_same_bolus_is_taken() -> None:
    bench = delivering()
    reply = answered(bench, signed(bench, messages.REQUEST_BOLUS.id, bolus(bench)))
    assert reply.status != codes.INTERNAL
    assert order_of(bench, ORDER)[0] in ("running", "denied", "done")
