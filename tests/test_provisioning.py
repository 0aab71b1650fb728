"""New keys for a pump (SEC-08): no Ctrl-C, no lost byte and no power cut leaves a pump with keys that nobody has.

The pump is the firmware on the rig `sim`, its jumper an input. "Somebody has them" means: with the keys kept on this
computer, drafts included, a session opens after `settle`.
"""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from provisioning_cases import BLOCK_SIZE, Forger, Wire, at, hand_over, opens, rig_with, ring_of

from pumphost import keyring, provisioning
from pumphost.errors import NoAnswer, OutcomeUnknown, Refused
from pumphost.keyring import KeyMissing
from pumphost.programmer import Programmer
from pumplink import codes


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for keys of its own."""
    monkeypatch.setenv("PUMPBENCH_KEYS", str(tmp_path))
    return tmp_path


# -- the way it should go ----------------------------------------------------------------------------------


def test_a_fresh_pump_gets_keys_and_limits_and_the_keys_are_kept(folder: Path) -> None:
    """SEC-08: keys and hard limits as one block."""
    rig, ring = rig_with(), ring_of(1)
    with pytest.raises(
        KeyMissing, match=r"none for pump .*; fit its jumper and provision it \(pumpbench keys provision\)"
    ):
        at(rig).limits()
    path = hand_over(at(rig), ring, rate_max=2_000_000, bolus_max=50_000)
    assert path == folder / f"{rig.uid.hex()}.toml"
    assert keyring.load(rig.uid) == ring
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    pump = at(rig)
    now = pump.limits()
    assert (now.rate_max_nl_per_day, now.clinician_max_nl) == (2_000_000, 50_000)
    assert [(key.slot, key.role_name, key.label) for key in pump.key_list()] == [
        (0, "patient", "patient"), (1, "clinician", "clinicia"), (2, "service", "service"), (3, "tester", "tester"),
    ]  # fmt: skip


def test_new_keys_make_those_from_before_void() -> None:
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    hand_over(at(rig), ring_of(2))
    assert opens(rig)
    keyring.save(rig.keys, rig.uid)
    assert not opens(rig)


def test_they_are_still_there_after_a_power_cut() -> None:
    rig = rig_with()
    hand_over(at(rig), ring_of(1))
    rig.power_cut()
    rig.power_on(1_000_000)
    assert opens(rig)


# -- refused: nothing has changed ----------------------------------------------------------------------------


def test_without_the_jumper_it_says_what_to_fit_and_nothing_is_left(folder: Path) -> None:
    """SEC-08, PRESENCE_REQUIRED."""
    rig = rig_with(jumper=0, provisioned=True)
    keyring.save(rig.keys, rig.uid)
    with pytest.raises(Refused) as caught:
        hand_over(at(rig), ring_of(2))
    assert str(caught.value) == (
        "provisioning refused: the provisioning jumper of the pump is not fitted (PRESENCE_REQUIRED, code 12); "
        "fit it, provision again, and take it out"
    )
    assert keyring.load(rig.uid) == rig.keys
    assert len(list(folder.iterdir())) == 1
    assert opens(rig)


def test_a_pump_that_is_not_stopped_refuses() -> None:
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    pump = at(rig)
    pump.refill(18_000_000, "saline", 1_000_000)
    pump.start(minimum=True)
    with pytest.raises(Refused, match=r"the pump is not stopped \(WRONG_MODE, code 20\); stop it"):
        hand_over(pump, ring_of(2))
    assert opens(rig)


def test_keys_that_cannot_be_kept_are_not_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = rig_with()
    (folder / "file").write_text("")
    pump = at(rig)
    uid = pump.identify().uid
    monkeypatch.setenv("PUMPBENCH_KEYS", str(folder / "file"))
    with pytest.raises(KeyMissing, match="name a folder you may write"):
        provisioning.hand_over(pump.session, uid, ring_of(1), ring_of(1).block())
    assert rig.store.areas.get(28) is None


def test_a_policy_of_presence_asks_a_clinician_for_the_button() -> None:
    """D1, presence: the button held for 3 s opens 60 s for a clinician; a patient needs none."""
    rig = rig_with()
    hand_over(at(rig), ring_of(1), policy=codes.POLICY_PRESENCE)
    pump = at(rig)
    pump.bolus_settings()
    with pytest.raises(Refused, match=r"session refused: somebody must be at the pump .*hold its button for 3 s"):
        pump.refill(1_000_000, "saline", 1_000_000)
    rig.set_input(codes.SENSE_PRESENCE, 1)
    rig.run_for(seconds=3)
    rig.send(b"\0")
    rig.set_input(codes.SENSE_PRESENCE, 0)
    pump.refill(1_000_000, "saline", 1_000_000)


# -- cut short ------------------------------------------------------------------------------------------------


class Cut(BaseException):
    """This process ends here, without a chance to tidy up."""


@pytest.mark.parametrize("interruption", [Cut, KeyboardInterrupt])
@pytest.mark.parametrize("frame", [1, 2])
def test_ended_at_any_frame_one_of_the_two_rings_here_is_that_of_the_pump(
    folder: Path, frame: int, interruption: type[BaseException]
) -> None:
    """The pump takes the new keys with the second frame, so that after the first one the draft may go."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    wire = Wire(rig)
    wire.on[frame] = interruption()
    with pytest.raises(interruption):
        hand_over(at(rig), ring_of(2))
    wire.clean()
    assert keyring.load(rig.uid) == rig.keys
    assert len(keyring.drafts(rig.uid)) == frame - 1
    assert opens(rig) == (frame == 1)
    pump = at(rig)
    assert provisioning.settle(pump.session, pump.identify().uid) is (frame == 2)
    assert keyring.load(rig.uid) == (ring_of(2) if frame == 2 else rig.keys)
    assert opens(rig)
    assert len(list(folder.iterdir())) == 1


def test_a_power_cut_of_this_computer_after_the_first_frame_leaves_a_draft_that_settle_deletes() -> None:
    """A power cut runs no tidying: the draft is there although the pump never got it."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    keyring.save_draft(ring_of(2), rig.uid)
    pump = at(rig)
    assert provisioning.settle(pump.session, pump.identify().uid) is False
    assert keyring.drafts(rig.uid) == []
    assert keyring.load(rig.uid) == rig.keys


@pytest.mark.parametrize("operation", range(6))
@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_power_cut_of_the_pump_at_any_write_leaves_it_with_keys_kept_here(operation: int, count: int) -> None:
    """SEC-08: erase and two pieces of the first copy, erase and write of the second one, then a record."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    pump = at(rig)
    pump.identify()
    rig.store.cut_after(operation, count)
    with contextlib.suppress(NoAnswer, OutcomeUnknown, Refused):
        hand_over(pump, ring_of(2))
    if not rig.powered:
        rig.power_on(1_000_000)
    again = at(rig)
    found = provisioning.settle(again.session, again.identify().uid)
    assert found is not None
    assert opens(rig), "nobody has the keys of this pump"


@pytest.mark.parametrize("lost,deaf", [
    ({1}, set()), (set(), {1}), ({2}, set()), (set(), {2}), (set(), {2, 3}), ({1, 2, 3}, set()), (set(), {1, 2, 3}),
])  # fmt: skip
def test_a_lost_frame_or_answer_is_made_up_for(lost: set[int], deaf: set[int]) -> None:
    """LINK-10. A last piece whose answer is lost comes again and is refused: a session proves what it did."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    Wire(rig, lost, deaf)
    hand_over(at(rig), ring_of(2))
    assert keyring.load(rig.uid) == ring_of(2)
    assert opens(rig)


def test_a_pump_that_falls_silent_at_the_first_piece_keeps_its_keys(folder: Path) -> None:
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    wire = Wire(rig, lost=set(range(1, 99)))
    pump = at(rig)
    with pytest.raises(NoAnswer, match=r"provisioning broken off: no answer .*; the pump keeps the keys that it has"):
        hand_over(pump, ring_of(2))
    wire.clean()
    assert opens(rig)
    assert pump.session.unsettled is None
    assert len(list(folder.iterdir())) == 1


def test_a_pump_that_falls_silent_for_good_at_the_last_piece_is_unknown_and_both_rings_are_kept() -> None:
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    wire = Wire(rig)
    wire.transport.from_pump = lambda data: [] if wire.sent >= 2 else [data]
    with pytest.raises(OutcomeUnknown, match=r"is unknown: .*; new and old ones are kept; .*: pumpbench keys settle"):
        hand_over(at(rig), ring_of(2))
    wire.clean()
    assert keyring.load(rig.uid) == rig.keys
    assert [keyring.read(draft, rig.uid) for draft in keyring.drafts(rig.uid)] == [ring_of(2)]
    pump = at(rig)
    assert provisioning.settle(pump.session, pump.identify().uid) is True
    assert opens(rig)


def test_a_forged_answer_to_the_last_piece_is_no_proof_and_both_rings_are_kept() -> None:
    """SEC-10: PROVISION is answered without a tag, so that only a session proves anything."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    with pytest.raises(OutcomeUnknown, match="new and old ones are kept"):
        hand_over(Programmer(Forger(rig), keys=keyring.load, rng=random.Random(1)), ring_of(2))
    assert len(keyring.drafts(rig.uid)) == 1
    assert opens(rig)


def test_a_block_that_was_changed_on_its_way_is_refused_and_the_old_keys_stay(folder: Path) -> None:
    """The SHA-256 at its end; the answer to the last piece is a refusal, and no session opens with the new keys."""
    rig = rig_with(provisioned=True)
    keyring.save(rig.keys, rig.uid)
    pump = at(rig)
    uid = pump.identify().uid
    block = bytearray(ring_of(2).block())
    block[100] ^= 1
    assert len(block) == BLOCK_SIZE
    with pytest.raises(Refused) as caught:
        provisioning.hand_over(pump.session, uid, ring_of(2), bytes(block))
    assert str(caught.value) == (
        f"provisioning refused: the block of keys did not arrive whole and in order, {BLOCK_SIZE} bytes of it did "
        "(HARD_LIMIT, code 21); provision again"
    )
    assert opens(rig)
    assert len(list(folder.iterdir())) == 1


def test_settle_deletes_nothing_if_no_key_fits() -> None:
    rig = rig_with(provisioned=True)
    keyring.save(ring_of(3), rig.uid)
    keyring.save_draft(ring_of(2), rig.uid)
    pump = at(rig)
    assert provisioning.settle(pump.session, pump.identify().uid) is None
    assert keyring.load(rig.uid) == ring_of(3)
    assert len(keyring.drafts(rig.uid)) == 1


def test_settle_does_not_lock_the_pump_however_many_drafts_there_are() -> None:
    """SEC-05: five wrong keys in a row lock it."""
    rig = rig_with(provisioned=True)
    keyring.save(ring_of(9), rig.uid)
    for seed in range(2, 9):
        keyring.save_draft(ring_of(seed), rig.uid)
    pump = at(rig)
    assert provisioning.settle(pump.session, pump.identify().uid) is None
    keyring.save(rig.keys, rig.uid)
    assert opens(rig)
