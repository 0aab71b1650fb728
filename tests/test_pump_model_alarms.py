"""The alarm book of the reference pump against sequences worked by hand (ALM-02, ALM-03, ALM-06, ALM-07)."""

from __future__ import annotations

import pytest
from pump_model_alarms import AlarmBook


def test_an_alarm_without_a_cause_is_false():
    """ALM-07."""
    book = AlarmBook()
    with pytest.raises(AssertionError, match="cause"):
        book.raised("low-reservoir", 5)
    book.cause("low-reservoir", True, 6)
    with pytest.raises(AssertionError, match="cause"):
        book.raised("low-reservoir", 5)
    book.raised("low-reservoir", 6)


def test_an_event_is_signalled_once():
    """ALM-07."""
    book = AlarmBook()
    book.event("bolus-interrupted", 10)
    book.raised("bolus-interrupted", 10)
    book.acknowledge("bolus-interrupted")
    with pytest.raises(AssertionError, match="again"):
        book.raised("bolus-interrupted", 11)


def test_what_should_be_listed_by_now():
    """RES-03: within 60 s."""
    book = AlarmBook()
    book.cause("low-reservoir", True, 0, 60_000)
    assert book.overdue(59_999) == set()
    assert book.overdue(60_000) == {"low-reservoir"}
    book.raised("low-reservoir", 60_000)
    assert book.overdue(60_000) == set()


def test_a_latching_alarm_outlives_its_cause():
    """ALM-06."""
    book = AlarmBook()
    book.cause("cover-open", True, 0, 1_000)
    book.raised("cover-open", 500)
    assert not book.may_acknowledge("cover-open")
    book.cause("cover-open", False, 2_000)
    assert book.stopping() == {"cover-open"}
    with pytest.raises(AssertionError, match="without acknowledgement"):
        book.cleared("cover-open", 2_000)
    assert book.may_acknowledge("cover-open")
    book.acknowledge("cover-open")
    assert book.stopping() == set()


def test_one_that_does_not_latch_goes_with_its_cause_and_not_before():
    """ALM-03."""
    book = AlarmBook()
    book.cause("sensor-fault", True, 0)
    book.raised("sensor-fault", 0)
    with pytest.raises(AssertionError, match="with its cause there"):
        book.cleared("sensor-fault", 1)
    book.cause("sensor-fault", False, 1_000)
    assert book.lingering(11_000, 10_000) == set()
    assert book.lingering(11_001, 10_000) == {"sensor-fault"}
    assert book.forbid_boluses() == {"sensor-fault"}
    book.cleared("sensor-fault", 11_001)
    assert book.highest() == 0
