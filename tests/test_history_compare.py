"""What became worse between two runs, case by case."""

from __future__ import annotations

import pytest
from history_cases import a_run, a_value

from pumphil.history import Kept, Tested, compare

A, B = "test_a.py::test_a", "test_b.py::test_b"


def kept(number: int, values: tuple = (), tests: tuple = (), **facts: object) -> Kept:
    return Kept(number=number, run=a_run(**facts), values=values, tests=tests)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("accept", "reject", "regression"),
        ("accept", "inconclusive", "regression"),
        ("inconclusive", "reject", "regression"),
        (None, "reject", "regression"),
        ("reject", "accept", "better"),
        ("inconclusive", "accept", "better"),
    ],
)
def test_an_outcome_that_fell_is_a_regression(old, new, what) -> None:
    result = compare(kept(1, (a_value(outcome=old),)), kept(2, (a_value(outcome=new),)))
    (change,) = result.changes
    assert (change.what, change.name, change.new_outcome) == (what, "error", new)
    assert bool(result.regressions) == (what == "regression")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [("passed", "failed", "regression"), ("passed", "skipped", "lost"), ("failed", "passed", "better")],
)
def test_a_test_that_ends_otherwise(old, new, what) -> None:
    result = compare(kept(1, tests=(Tested(A, old),)), kept(2, tests=(Tested(A, new, "because"),)))
    (change,) = result.changes
    assert (change.what, change.test, change.reason) == (what, A, "because")


def test_what_was_not_run_this_time_is_no_regression() -> None:
    result = compare(kept(1, (a_value(),), (Tested(A, "passed"),)), kept(2))
    assert [(change.what, change.new_outcome) for change in result.changes] == [("lost", "not run")]
    assert result.regressions == []


def test_a_value_has_moved_when_both_uncertainties_do_not_explain_it() -> None:
    """U of 30 and 40: together 50."""
    old = kept(1, (a_value(value=100, uncertainty=30),))
    assert compare(old, kept(2, (a_value(value=150, uncertainty=40),))).changes == ()
    (change,) = compare(old, kept(2, (a_value(value=151, uncertainty=40),))).changes
    assert (change.what, change.old, change.new, change.uncertainty) == ("moved", 100, 151, 50)


def test_the_value_that_took_most_of_its_limit_is_shown_first() -> None:
    old = kept(1, (a_value("a", 0), a_value("b", 0, tolerance=1000), a_value("c", -200)))
    new = kept(2, (a_value("a", -100), a_value("b", 200, tolerance=1000), a_value("c", 0)))
    assert [change.name for change in compare(old, new).of("moved")] == ["a", "b", "c"]  # 25 %, 20 %, less than before


def test_values_of_the_same_name_are_compared_in_their_order() -> None:
    old = kept(1, (a_value(value=1), a_value(value=2, outcome="reject")))
    new = kept(2, (a_value(value=1), a_value(value=2, outcome="accept")))
    assert [(change.what, change.name) for change in compare(old, new).changes] == [("better", "error (2)")]


def test_what_else_differs_is_told() -> None:
    facts = compare(kept(1), kept(2, seed="8", firmware_digest="cd" * 32)).facts
    assert facts == {"firmware_digest": ("ab" * 32, "cd" * 32), "seed": ("7", "8")}
