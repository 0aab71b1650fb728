"""Questions to a person, each with a flag that answers it: on a terminal it is asked, elsewhere refused in words.

    lockout = ask(FIELDS["patient_bolus.lockout"], typed, "--lockout")
    confirm("program not sent", "Send this program?", yes, "--yes")

Nothing here waits where nobody can answer. Questions go to stderr, so that stdout stays a result.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from pumphost.cli.output import UsageProblem, note
from pumphost.errors import PumpError

if TYPE_CHECKING:
    from pumphost.entry import Field
    from pumphost.two_phase import SoftLimits


class NotConfirmed(PumpError):
    """A person said no, so nothing was sent."""


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(refusal: str, question: str, given: bool, flag: str) -> None:
    """Go on, or raise `refusal`: `UsageProblem` without flag and terminal, `NotConfirmed` after a no."""
    if given:
        return
    if not at_terminal():
        raise UsageProblem(f"{refusal}: it is not confirmed; read what is shown above, then add {flag}")
    if not typer.confirm(question, err=True):
        raise NotConfirmed(f"{refusal}: you said no")


def confirm_large(refusal: str, large: tuple[str, ...], accepted: bool) -> None:
    """The second question, of changes beyond the soft limit (HMI-03)."""
    if not large or accepted:
        return
    for words in large:
        note(f"large change: {words}")
    question = "That is a change by more than a fifth. Send it all the same?"
    confirm(f"{refusal}, large change", question, accepted, "--accept-warnings")


def once_more(limits: SoftLimits) -> bool:
    """What a person says to a warning of the pump; False where nobody can be asked: then the warning is the error."""
    if not at_terminal():
        return False
    for words in limits.warnings:
        note(f"the pump warns: {words}")
    return typer.confirm(f"Send the {limits.action} all the same?", err=True)


def unless_reviewed(reviewed: bool) -> Callable[[SoftLimits], bool]:
    """What `accept_warnings` takes after a review: of a rate, a total or a bolus that was confirmed there nobody is
    asked again, of anything else, such as the clock, somebody is."""
    from pumplink import codes

    seen = codes.WARN_RATE | codes.WARN_TOTAL | codes.WARN_BOLUS if reviewed else 0
    return lambda limits: not limits.warn & ~seen or once_more(limits)


def ask(field: Field, typed: str | None, flag: str, *, concentration_ng_per_ml: int | None = None) -> Any:
    """The value of a field: of what was typed after `flag`, or of the answer of a person, asked until it is right."""
    if typed is not None:
        return field.read(typed, concentration_ng_per_ml)
    if not at_terminal():
        raise UsageProblem(f'{field.label} is missing; add {flag} "{field.example}" ({field.limits})')
    return answered(field, concentration_ng_per_ml)


def answered(field: Field, concentration_ng_per_ml: int | None = None) -> Any:
    """The same of a person at the terminal. There is no default: a dose is typed."""
    from pumphost.entry import EntryRefused

    while True:
        typed = typer.prompt(f"{field.label[:1].upper()}{field.label[1:]} ({field.limits})", err=True, type=str)
        try:
            return field.read(typed, concentration_ng_per_ml)
        except EntryRefused as refused:
            note(str(refused))
