"""Questions to a person, each with a flag that answers it: on a terminal it is asked, elsewhere refused in words.

    lockout = ask(FIELDS["patient_bolus.lockout"], typed, "--lockout")
    confirm("send this program", yes, "--yes")

Nothing here waits where nobody can answer. Questions go to stderr, so that stdout stays a result.
"""

from __future__ import annotations

import sys
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


def confirm(action: str, given: bool, flag: str) -> None:
    """Go on, or raise: `UsageProblem` without flag and terminal, `NotConfirmed` after a no."""
    if given:
        return
    if not at_terminal():
        raise UsageProblem(f"{action} not confirmed, nothing was sent; read what is shown above, then add {flag}")
    if not typer.confirm(f"{action[:1].upper()}{action[1:]}?", err=True):
        raise NotConfirmed(f"{action} not confirmed: nothing was sent")


def confirm_large(action: str, large: tuple[str, ...], accepted: bool) -> None:
    """The second question, of changes beyond the soft limit (HMI-03)."""
    if not large or accepted:
        return
    for words in large:
        note(f"large change: {words}")
    confirm(f"{action} although it changes more than a fifth", accepted, "--accept-warnings")


def once_more(limits: SoftLimits) -> bool:
    """What a person says to a warning of the pump; False where nobody can be asked: then the warning is the error."""
    if not at_terminal():
        return False
    for words in limits.warnings:
        note(f"the pump warns: {words}")
    return typer.confirm(f"Send the {limits.action} all the same?", err=True)


def ask(field: Field, typed: str | None, flag: str, *, concentration_ng_per_ml: int | None = None) -> Any:
    """The value of a field: of what was typed after `flag`, or of the answer of a person, asked until it is right."""
    if typed is not None:
        return field.read(typed, concentration_ng_per_ml)
    if not at_terminal():
        raise UsageProblem(f'{field.label} is missing; add {flag} "{field.example}" ({field.limits})')
    return answered(field, "", concentration_ng_per_ml)


def answered(field: Field, default: str, concentration_ng_per_ml: int | None = None) -> Any:
    """The same of a person at the terminal. `default`: what Return alone means, "" if nothing."""
    from pumphost.entry import EntryRefused

    while True:
        question = f"{field.label[:1].upper()}{field.label[1:]} ({field.limits})"
        typed = typer.prompt(question, default=default or None, err=True, type=str)
        try:
            return field.read(typed, concentration_ng_per_ml)
        except EntryRefused as refused:
            note(str(refused))
