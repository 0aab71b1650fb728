"""Every defence of at-most-once removed, one at a time: the proof of it must go red.

    python -m pytest tests/test_hostile_mutants.py

A defence that others do not hide goes red in the simulation (hostile_run.py): the judge finds wrong outcomes. One that
is hidden there has a proof of its own in hostile_proofs.py. Which is which, and what hides it, says the table below.
Invariant 29 of the protocol. A mutant whose text is no longer in the code says so: it must be brought after it.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import hostile_proofs as proofs
import pytest
from hostile_run import SEVERITIES, Result, episode
from hostile_world import Trouble

from pumpfw.core import boot, checkpoint, commands, durable, modes, ticket
from pumpfw.core import session as pump_session
from pumpfw.core.link import LinkServer
from pumpfw.core.orders import Orders
from pumphost.handshake import Secured
from pumphost.programmer import Outcome, Programmer
from pumphost.session import Session

Patch = pytest.MonkeyPatch
ROUGH = Trouble(forge=0.15, unplug=0.03, reset=0.02, cut=0.03)
EPISODES = 12


def changed(patch: Patch, owner: Any, name: str, *pieces: tuple[str, str]) -> None:
    """Function `name` of a module or class with pieces of its text replaced."""
    function = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in pieces:
        assert source.count(old) == 1, f"{name} has {source.count(old)} times {old!r}: bring the mutant after the code"
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(compile(source, f"<mutant of {name}>", "exec"), function.__globals__, made)
    patch.setattr(owner, name, made[name])


# -- what is removed ----------------------------------------------------------------------------------


def pump_forgets_orders(patch: Patch) -> None:
    patch.setattr(Orders, "_find", lambda self, order: 0)


def pump_takes_an_order_id_again(patch: Patch) -> None:
    patch.setattr(Orders, "known", lambda self, order: False)


def motion_before_the_record(patch: Patch) -> None:
    def grant(pump: Any, order: int, now_ms: int) -> bool:
        settings = pump.settings
        checkpoint.keep(pump, order)
        pump.orders.add(order, 0x2E, 3, settings.volume_nl, now_ms)
        pump.history.add(now_ms)
        modes.remember_bolus(pump, order, settings.volume_nl, 0, now_ms)
        modes.begin_bolus(pump, 4, order, settings.volume_nl, settings.duration_ms, now_ms)
        return bool(modes._on_record(pump, order, settings.volume_nl, now_ms))

    patch.setattr(modes, "grant", grant)


def ticket_works_again(patch: Patch) -> None:
    patch.setattr(ticket.Ticket, "use", lambda self: None)


def no_counter(patch: Patch) -> None:
    changed(patch, LinkServer, "_in_session", ("if seq <= last or", "if"))


def no_cached_reply(patch: Patch) -> None:
    changed(
        patch, LinkServer, "_in_session",
        ("if seq == last and tag == self._last_tag:", "if False:"), ("if seq <= last or", "if seq < last or"),
    )  # fmt: skip


def no_tag(patch: Patch) -> None:
    patch.setattr(pump_session.tags, "same", lambda a, b: True)


def no_role(patch: Patch) -> None:
    changed(patch, LinkServer, "_in_session", ("elif not message[layout.ROLES] >> session.role & 1:", "elif False:"))


def no_valid_until(patch: Patch) -> None:
    patch.setattr(commands, "stale", lambda valid_until, now_ms: None)


def numbers_forgotten_at_reset(patch: Patch) -> None:
    load = boot.load

    def forgetful(pump: Any) -> Any:
        start_ms = load(pump)
        pump.numbers[durable.SEQ_BLOCK] = 0
        return start_ms

    patch.setattr(boot, "load", forgetful)


def answer_to_any_request(patch: Patch) -> None:
    genuine = Secured.genuine

    def loose(self: Secured, request: bytes, reply: bytes) -> bool:
        return genuine(self, request, reply) or genuine(self, proofs.OTHER_TAG, reply)

    patch.setattr(Secured, "genuine", loose)


def hints_are_believed(patch: Patch) -> None:
    changed(patch, Session, "_answers", ("self._hint = payload[0]", "return True"))


def question_in_the_old_session(patch: Patch) -> None:
    changed(patch, Session, "settle", ("    self.forget()\n", ""))


def new_order_after_silence(patch: Patch) -> None:
    def impatient(self: Programmer) -> Outcome:
        asked = self.session.unsettled
        assert asked
        self.session.unsettled = None
        return Outcome(asked.message.name, False, None, "no answer, so it did not happen; it is sent under a new id")

    patch.setattr(Programmer, "settle", impatient)


# -- in the simulation --------------------------------------------------------------------------------


def simulated() -> Result:
    """Episodes on rough lines until something is wrong."""
    result = Result()
    for seed in range(EPISODES):
        result.add(seed, *episode(seed, SEVERITIES[seed % 4], ROUGH))
        if result.wrong:
            break
    return result


SHOWN = {
    pump_forgets_orders: "gave up",
    no_counter: "was accepted after",
    no_cached_reply: "not to have happened",
    no_tag: "not fresh",
    numbers_forgotten_at_reset: "was accepted after",
    hints_are_believed: "not to have happened",
    new_order_after_silence: "not to have happened",
}


@pytest.mark.parametrize("remove", SHOWN, ids=lambda remove: remove.__name__)
def test_without_this_defence_the_simulation_is_red(remove: Callable[[Patch], None], monkeypatch: Patch) -> None:
    remove(monkeypatch)
    result = simulated()
    print(result.orders, result.wrong)
    assert any(SHOWN[remove] in sentence for sentence in result.wrong), result


# -- hidden by others in the simulation: what hides it, and the proof that sees it ------------------------

HIDDEN = [
    (pump_takes_an_order_id_again, "counter and cached reply", proofs.an_order_id_is_taken_once),
    (motion_before_the_record, "the carried step", proofs.nothing_moves_before_its_record),
    (ticket_works_again, "revision of the pump, counter", proofs.a_ticket_works_once),
    (no_role, "the programmer takes a key that may", proofs.a_role_does_what_it_may_and_no_more),
    (no_valid_until, "a new session before every question", proofs.a_late_request_is_stale),
    (answer_to_any_request, "numbers that are never used twice", proofs.an_answer_belongs_to_one_request),
    (question_in_the_old_session, "counter", proofs.a_question_is_asked_in_a_new_session),
    (no_counter, "", proofs.an_older_number_is_refused),
    (no_cached_reply, "", proofs.equal_bytes_get_the_same_answer),
    (no_tag, "", proofs.a_changed_frame_is_not_executed),
    (numbers_forgotten_at_reset, "", proofs.numbers_rise_through_a_reset),
    (hints_are_believed, "", proofs.a_hint_settles_nothing),
]


@pytest.mark.parametrize("remove,hidden_by,proof", HIDDEN, ids=lambda part: getattr(part, "__name__", ""))
def test_the_proof_of_a_defence_is_green_with_it_and_red_without(
    remove: Callable[[Patch], None], hidden_by: str, proof: Callable[[], None], monkeypatch: Patch
) -> None:
    proof()
    remove(monkeypatch)
    with pytest.raises(AssertionError):
        proof()
