"""Keys on this computer: files that only their user may read, whole or not there, lent by a pump that is served."""

from __future__ import annotations

import os
import random
import stat
import tomllib
from pathlib import Path

import pytest

from pumphost import keyring
from pumphost.keyring import KeyMissing, Keyring
from pumphost.lent import lent
from pumplink import codes, messages

UID = bytes.fromhex("00112233445566ff")
posix = pytest.mark.skipif(os.name != "posix", reason="file modes and process numbers as on POSIX")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for keys that does not exist yet."""
    path = tmp_path / "settings" / "keys"
    monkeypatch.setenv("PUMPBENCH_KEYS", str(path))
    return path


def ring_of(seed: int) -> Keyring:
    return Keyring.made(random_bytes=random.Random(seed).randbytes)


# -- keys -------------------------------------------------------------------------------------------------


def test_new_keys_are_32_bytes_for_each_role_never_the_same_and_not_from_the_uid() -> None:
    """SEC-08: not shared, not derived: two rings have no byte string in common."""
    rings = [Keyring.made() for _ in range(50)]
    assert [(key.slot, key.role) for key in rings[0].keys] == [
        (0, "patient"), (1, "clinician"), (2, "service"), (3, "tester"),
    ]  # fmt: skip
    secrets = [key.secret for ring in rings for key in ring.keys]
    assert {len(secret) for secret in secrets} == {32}
    assert len(set(secrets)) == 200


@pytest.mark.parametrize("message,role", [
    (messages.REQUEST_BOLUS, "patient"), (messages.GET_LIMITS, "patient"), (messages.STOP, "clinician"),
    (messages.COMMIT, "clinician"), (messages.CALIBRATE, "service"), (messages.INJECT, "tester"),
])  # fmt: skip
def test_the_key_with_the_fewest_rights_that_suffices_is_taken(message, role: str) -> None:
    """SEC-03, by the roles of the protocol: patient below clinician below service below tester."""
    key = ring_of(1).fitting(message.roles)
    assert key is not None
    assert key.role == role
    assert ring_of(1).only("patient").fitting(messages.STOP.roles) is None


# -- files ------------------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded_again(folder: Path) -> None:
    assert keyring.load(UID) is None
    path = keyring.save(ring_of(1), UID)
    assert path == folder / "00112233445566ff.toml"
    assert keyring.load(UID) == ring_of(1)
    rows = tomllib.loads(path.read_text())["key"]  # a reader that is not ours
    assert [(row["slot"], row["role"], bytes.fromhex(row["secret"])) for row in rows] == [
        (key.slot, key.role, key.secret) for key in ring_of(1).keys
    ]
    keyring.save(ring_of(2), UID)
    assert keyring.load(UID) == ring_of(2)
    assert [entry.name for entry in folder.iterdir()] == [path.name]


@posix
@pytest.mark.parametrize("umask", [0, 0o022, 0o777 ^ 0o700])
def test_only_the_user_may_read_file_and_folder_whatever_the_umask(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = keyring.save(ring_of(1), UID)
        draft = keyring.save_draft(ring_of(2), UID)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in (path, draft)} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused_with_the_fix(mode: int) -> None:
    path = keyring.save(ring_of(1), UID)
    path.chmod(mode)
    with pytest.raises(KeyMissing, match=f"others may read {path}; chmod 600 {path}"):
        keyring.load(UID)
    path.chmod(0o400)
    assert keyring.load(UID) == ring_of(1)


KEY = '[[key]]\nslot = 0\nrole = "patient"\nsecret = "{}"\n'
DAMAGED = {
    "empty": b"",
    "no toml": b"[[key",
    "no utf-8": b"\xff\xfe",
    "a short key": KEY.format("ab" * 31).encode(),
    "a long key": KEY.format("ab" * 33).encode(),
    "no hex": KEY.format("xy" * 32).encode(),
    "an unknown role": KEY.format("ab" * 32).replace("patient", "nurse").encode(),
    "no role of a key": KEY.format("ab" * 32).replace("patient", "view").encode(),
    "a slot that there is not": KEY.format("ab" * 32).replace("= 0", "= 8").encode(),
    "a slot that is a text": KEY.format("ab" * 32).replace("= 0", '= "x"').encode(),
    "a table in place of a list": b"key = 3",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_in_a_sentence_that_shows_nothing_of_it(folder: Path, content: bytes) -> None:
    path = keyring.save(ring_of(1), UID)
    path.write_bytes(content)
    with pytest.raises(KeyMissing) as caught:
        keyring.load(UID)
    assert str(caught.value) == (
        f"keys of pump 00112233445566ff not read: {path} is damaged; restore it, or provision anew"
    )
    assert caught.value.__cause__ is None
    # nor does a traceback show what stands in it
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_folder_that_cannot_be_written_is_told_with_the_fix(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file")
    with pytest.raises(KeyMissing, match=r"not kept: .*; name a folder you may write in PUMPBENCH_KEYS"):
        keyring.save(ring_of(1), UID)


class Cut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("interruption", [Cut, KeyboardInterrupt])
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace", "os.fdopen", "tempfile.mkstemp"])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_or_ctrl_c_anywhere_in_a_save_leaves_the_old_keys_or_the_new_ones(
    monkeypatch: pytest.MonkeyPatch, call: str, after: bool, interruption: type[BaseException]
) -> None:
    """At each step that reaches the disk, before and after it; what a reader finds is whole."""
    keyring.save(ring_of(1), UID)
    owner, _, name = call.rpartition(".")
    holder = {"os": os, "pathlib.Path": Path, "tempfile": keyring.tempfile}[owner]
    original = getattr(holder, name)

    def cut(*arguments, **named):
        if after:
            original(*arguments, **named)
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(holder, name, cut)
        with pytest.raises(interruption):
            keyring.save(ring_of(2), UID)
    if (call, after) != ("tempfile.mkstemp", True):  # there the name of the new file is known to nobody yet
        assert [entry.name for entry in keyring.folder().iterdir()] == [keyring.path_of(UID).name]
    moved = call == "pathlib.Path.replace" and after
    assert keyring.load(UID) == ring_of(2 if moved else 1)


def test_forget_deletes_everything_of_that_pump_and_nothing_else(folder: Path) -> None:
    other = bytes(8)
    keyring.save(ring_of(1), UID)
    keyring.save_draft(ring_of(2), UID)
    (folder / ".00112233445566ff.abc.part").write_text("left behind by a crash")
    keyring.save(ring_of(3), other)
    assert keyring.known() == [other, UID]
    assert len(keyring.forget(UID)) == 3
    assert keyring.known() == [other]
    assert [entry.name for entry in folder.iterdir()] == [keyring.path_of(other).name]
    assert keyring.forget(UID) == []


def test_a_draft_counts_only_when_it_is_accepted() -> None:
    keyring.save(ring_of(1), UID)
    first, second = keyring.save_draft(ring_of(2), UID), keyring.save_draft(ring_of(3), UID)
    assert first != second
    assert keyring.load(UID) == ring_of(1)
    keyring.accept(second, UID)
    assert keyring.load(UID) == ring_of(3)
    assert keyring.drafts(UID) == []


# -- lent -------------------------------------------------------------------------------------------------


def test_lent_keys_are_there_meanwhile_and_gone_afterwards(folder: Path) -> None:
    with lent(ring_of(1), UID) as path:
        assert path == keyring.path_of(UID)
        assert keyring.load(UID) == ring_of(1)
    assert list(folder.iterdir()) == []


def test_lent_keys_go_also_when_it_ends_badly(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lent(ring_of(1), UID):
        raise KeyboardInterrupt
    assert list(folder.iterdir()) == []


@posix
def test_the_last_of_two_processes_takes_the_keys_away(folder: Path) -> None:
    """A mark of a process that runs (here its parent) keeps the file; one of a process that is gone does not."""
    with lent(ring_of(1), UID):
        other = folder / f"{UID.hex()}.{os.getppid()}.lent"
        other.touch()
    assert keyring.load(UID) == ring_of(1)
    other.rename(folder / f"{UID.hex()}.{nobody()}.lent")
    with lent(ring_of(1), UID):
        assert keyring.load(UID) == ring_of(1)
    assert list(folder.iterdir()) == []


def nobody() -> int:
    """Number of a process that has ended and was waited for."""
    process = os.fork()
    if not process:
        os._exit(0)
    os.waitpid(process, 0)
    return process


def test_keys_that_somebody_put_there_to_stay_stay(folder: Path) -> None:
    keyring.save(ring_of(1), UID)
    with lent(ring_of(1), UID):
        pass
    assert keyring.load(UID) == ring_of(1)


def test_other_keys_of_that_pump_are_never_touched() -> None:
    keyring.save(ring_of(2), UID)
    with (
        pytest.raises(KeyMissing, match="holds others; choose another seed, or set PUMPBENCH_KEYS"),
        lent(ring_of(1), UID),
    ):
        pass
    assert keyring.load(UID) == ring_of(2)


def test_keys_that_were_changed_meanwhile_are_not_taken_away() -> None:
    with lent(ring_of(1), UID):
        keyring.save(ring_of(2), UID)
    assert keyring.load(UID) == ring_of(2)


def test_the_block_holds_policy_limits_and_every_key_in_its_slot() -> None:
    """SEC-08, laid out by hand from the specification: 20 bytes of head, 41 a slot, SHA-256 at the end."""
    import hashlib
    import struct

    ring = ring_of(1)
    block = ring.block(policy=codes.POLICY_PRESENCE, rate_max=1_000_000, bolus_max=50_000, fw_digest=b"digest!!")
    expected = struct.pack("<BBHII8s", 1, 1, 0, 1_000_000, 50_000, b"digest!!")
    for role, (label, key) in enumerate(
        zip((b"patient", b"clinicia", b"service", b"tester"), ring.keys, strict=True), 1
    ):
        expected += bytes([role]) + label.ljust(8, b"\0") + key.secret
    expected += bytes(41 * 4)
    assert block == expected + hashlib.sha256(expected).digest()
