"""A pump at a port for one command: opened, used, let go; a lost answer is asked for before the command ends.

    with connected(port, baud, role) as pump:
        pump.start()

If the pump stays silent, the error names the order to ask for. A command that ends well ends its session too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pumphost.cli.output import Interrupted, UsageProblem, note
from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, TransportError

if TYPE_CHECKING:
    from pumphost.keyring import Keyring
    from pumphost.programmer import Outcome, Programmer
    from pumphost.session import KeysOf


class NotFinished(PumpError):
    """An answer was lost, the pump has told what became of the request, and the command did not reach its end."""


@contextmanager
def connected(port: str | None, baud: int, role: str | None = None) -> Iterator[Programmer]:
    """A programmer at `port`, with the key of `role` only; settles an open question before it lets go."""
    from pumphost.programmer import Programmer
    from pumphost.transport import open_transport

    keys = keys_for(role)
    with Programmer(open_transport(port, baud=baud), keys=keys) as pump:
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


def keys_for(role: str | None) -> KeysOf:
    """Finds the keys of a pump; with a role, its key alone. Raises `UsageProblem` for a role that there is not."""
    from pumphost import keyring
    from pumplink import codes

    if role is None:
        return keyring.load
    if role not in codes.ROLES[1:]:
        raise UsageProblem(f"--role {role} is not known; write one of {', '.join(codes.ROLES[1:])}")

    def find(uid: bytes) -> Keyring | None:
        ring = keyring.load(uid)
        if ring is None or ring.only(role).keys:
            return ring and ring.only(role)
        have = ", ".join(key.role for key in ring.keys)
        raise keyring.KeyMissing(f"no {role} key of pump {uid.hex()} on this computer, only: {have}; choose another")

    return find


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
