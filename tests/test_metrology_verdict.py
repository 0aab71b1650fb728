"""The decision rule: its three regions, their edges, and what it refuses to judge."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.metrology import decide, marginal

finite = st.fractions(-1_000, 1_000, max_denominator=1_000)
positive = st.fractions(0, 1_000, max_denominator=1_000)


@pytest.mark.parametrize(
    "error, expanded, tolerance, outcome",
    [
        (30, 20, 50, "accept"),  # exactly on the edge
        (30, 21, 50, "inconclusive"),
        (-30, 20, 50, "accept"),
        (70, 20, 50, "inconclusive"),  # |e| - U equals T: not yet beyond it
        (71, 20, 50, "reject"),
        (-71, 20, 50, "reject"),
        (0, 0, 0, "accept"),
        (1, 0, 0, "reject"),
        (0, 60, 50, "inconclusive"),  # an instrument too coarse decides nothing
    ],
)
def test_three_regions_and_their_edges(error, expanded, tolerance, outcome):
    assert decide(error, expanded, tolerance) == outcome


def test_numbers_of_all_kinds_mix_and_nothing_is_rounded():
    assert decide(Fraction(1, 3), Decimal("0.5"), Fraction(5, 6)) == "accept"
    assert decide(Fraction(1, 3) + Fraction(1, 10**30), Decimal("0.5"), Fraction(5, 6)) == "inconclusive"
    assert decide(0.25, Decimal("0.25"), 1) == "accept"


@given(finite, positive, positive)
def test_sign_and_scale_do_not_matter(error, expanded, tolerance):
    outcome = decide(error, expanded, tolerance)
    assert decide(-error, expanded, tolerance) == outcome
    assert decide(1_000 * error, 1_000 * expanded, 1_000 * tolerance) == outcome


@given(finite, positive, positive, positive)
def test_a_better_instrument_never_turns_accept_into_reject_or_back(error, expanded, better, tolerance):
    coarse, fine = decide(error, max(expanded, better), tolerance), decide(error, min(expanded, better), tolerance)
    assert coarse in (fine, "inconclusive")
    assert decide(error, 0, tolerance) != "inconclusive"


@pytest.mark.parametrize(
    "error, expanded, expected",
    [(40, 0, False), (41, 0, True), (30, 10, False), (-30, 11, True), (50, 0, True), (51, 0, False), (0, 0, False)],
)
def test_a_pass_above_80_percent_of_its_limit_is_marginal(error, expanded, expected):
    assert marginal(error, expanded, 50) is expected


def test_what_cannot_be_judged_is_refused_by_name():
    with pytest.raises(ValueError, match="error is nan"):
        decide(float("nan"), 1, 1)
    with pytest.raises(ValueError, match="expanded uncertainty is inf"):
        decide(1, float("inf"), 1)
    with pytest.raises(ValueError, match="expanded uncertainty is -1; give 0 or more"):
        decide(1, -1, 1)
    with pytest.raises(ValueError, match="tolerance is -1; give 0 or more"):
        marginal(1, 1, -1)
