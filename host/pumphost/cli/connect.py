"""A pump at a port for one command: opened, used, let go; a lost answer is asked for before the command ends.

    with connected(port, baud) as pump:
        pump.start()

If the pump stays silent, the error names the order to ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pumphost.cli.output import Interrupted, note
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, TransportError

if TYPE_CHECKING:
    from pumphost.programmer import Outcome, Programmer


class NotFinished(PumpError):
    """An answer was lost, the pump has told what became of the request, and the command did not reach its end."""


@contextmanager
def connected(port: str | None, baud: int) -> Iterator[Programmer]:
    """A programmer at `port`; settles an open question before it lets go."""
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport

    with Programmer(open_transport(port, baud=baud)) as pump:
        try:
            yield pump
        except OutcomeUnknown as exc:
            outcome = settled(pump, exc)
            if outcome.happened is None:
                raise OutcomeUnknown(f"{exc}; asked since: {outcome.sentence}", order=exc.order) from exc
            then = "read the status, then run the command again" if outcome.happened else "run the command again"
            raise NotFinished(f"an answer was lost; asked since: {outcome.sentence}; {then}") from exc
        except KeyboardInterrupt as exc:
            if pump.session.unsettled is None:
                raise
            order = pump.session.unsettled.order
            raise Interrupted(f"stopped by Ctrl-C while an answer was awaited; {ask(order)}") from exc


def settled(pump: Programmer, exc: OutcomeUnknown) -> Outcome:
    """What became of the request behind `exc`. Raises `OutcomeUnknown` with what to do while the pump is silent."""
    note("no answer; asking the pump what happened")
    try:
        outcome = pump.settle()
    except (NoAnswer, TransportError) as silence:
        raise OutcomeUnknown(
            f"the outcome is unknown: {silence}; before anything else, {ask(exc.order)}", order=exc.order
        ) from silence
    if outcome is None:
        raise exc
    return outcome


def ask(order: int) -> str:
    if order:
        return f"ask what became of it: pumpbench status --order {order}"
    return "look what the pump does: pumpbench status"
