"""Keys of pumps on this computer: one file a pump, readable by its user alone; never in logs, reports or `repr`.

    ring = Keyring.made()                       # fresh keys for a pump that is being provisioned
    save(ring, uid); ring = load(uid)
    key = ring.fitting(messages.STOP.roles)     # the one with the fewest rights that may stop

The folder is that of `platformdirs` for the user's settings, or PUMPBENCH_KEYS. A file that others may read is refused,
as ssh does. What is written is complete or not there: it is moved into place. A draft is a file under another name:
keys of which nobody knows yet whether the pump has taken them (`provisioning`).
"""

from __future__ import annotations

import os
import secrets
import stat
import string
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pumphost.errors import PumpError
from pumplink import codes, provision
from pumplink.tags import KEY_SIZE

ENVIRONMENT = "PUMPBENCH_KEYS"
MADE = ("patient", "clinician", "service", "tester")
"""Roles that a pump gets a key for, in the order of its slots."""
DRAFT = ".new"


class KeyMissing(PumpError):
    """What is to be done needs a role that this computer has no key for, or none that can be used."""


@dataclass(frozen=True)
class Key:
    """One key: its slot in the pump, its role, its 32 bytes."""

    slot: int
    role: str
    secret: bytes = field(repr=False)

    @property
    def number(self) -> int:
        """The role on the wire."""
        return codes.ROLES.index(self.role)


@dataclass(frozen=True)
class Keyring:
    """Keys of one pump, by role."""

    keys: tuple[Key, ...]

    @classmethod
    def made(cls, roles: tuple[str, ...] = MADE, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Keyring:
        """New keys for these roles; `random_bytes(n)` is replaced only where a run must be repeatable."""
        return cls(tuple(Key(slot, role, random_bytes(KEY_SIZE)) for slot, role in enumerate(roles)))

    def fitting(self, roles: int) -> Key | None:
        """A key that may send a message for these role bits: the one with the fewest rights."""
        order = sorted(self.keys, key=lambda key: key.number)
        return next((key for key in order if roles >> key.number & 1), None)

    def only(self, role: str) -> Keyring:
        """The key of one role alone."""
        return Keyring(tuple(key for key in self.keys if key.role == role))

    def block(
        self, *, policy: int = 0, rate_max: int = 24_000_000, bolus_max: int = 2_000_000, fw_digest: bytes = bytes(8)
    ) -> bytes:
        """What PROVISION sends. Rates nL/day, volumes nL."""
        slots: list[tuple[int, bytes, bytes]] = []
        for key in self.keys:
            slots += [(0, b"", b"")] * (key.slot - len(slots)) + [(key.number, key.role.encode()[:8], key.secret)]
        return bytes(provision.pack_block(policy, rate_max, bolus_max, fw_digest, slots))


def folder() -> Path:
    """Where the files are."""
    import platformdirs

    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path(platformdirs.user_config_dir("pumpbench")) / "keys"


def path_of(uid: bytes) -> Path:
    """File of one pump."""
    return folder() / f"{uid.hex()}.toml"


def known() -> list[bytes]:
    """Uids of the pumps that this computer has a file or a draft for."""
    found = {path.name.partition(".")[0] for path in (*folder().glob("*.toml"), *folder().glob(f"*{DRAFT}"))}
    return sorted(bytes.fromhex(name) for name in found if len(name) == 16 and set(name) <= set(string.hexdigits))


def drafts(uid: bytes) -> list[Path]:
    """Keys that a provisioning made and did not live to see accepted or refused."""
    return sorted(folder().glob(f"{uid.hex()}.*{DRAFT}"))


def save(ring: Keyring, uid: bytes) -> Path:
    """Keep the keys of a pump; what was there before is replaced at once or not at all."""
    return _write(ring, uid, path_of(uid))


def save_draft(ring: Keyring, uid: bytes) -> Path:
    """Keep keys that the pump does not have yet, beside those that it has. Each draft is a file of its own."""
    return _write(ring, uid, folder() / f"{uid.hex()}.{secrets.token_hex(4)}{DRAFT}")


def accept(draft: Path, uid: bytes) -> Path:
    """The pump has the keys of this draft: from now on they count, and there are no others."""
    target = path_of(uid)
    draft.replace(target)
    _flush_folder(target.parent)
    for other in drafts(uid):
        other.unlink(missing_ok=True)
    return target


def forget(uid: bytes) -> list[Path]:
    """Delete the keys of a pump, its drafts and what a cut save left behind. What was there."""
    left_behind = folder().glob(f".{uid.hex()}.*.part")
    found = [path for path in (path_of(uid), *drafts(uid), *left_behind) if path.exists()]
    for path in found:
        path.unlink()
    return found


def load(uid: bytes) -> Keyring | None:
    """Keys of a pump, None if there are none here. Raises `KeyMissing` for a file that cannot be trusted."""
    return read(path_of(uid), uid)


def read(path: Path, uid: bytes) -> Keyring | None:
    """Keys in a file of that pump, see `load`."""
    name = f"keys of pump {uid.hex()}"
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise KeyMissing(f"{name} not read: {path}: {reason}; restore the file, or provision anew") from exc
    except UnicodeDecodeError:
        raise _damaged(name, path) from None  # its text would show what stands in the file
    if os.name == "posix" and mode & 0o077:
        raise KeyMissing(f"{name} not used: others may read {path}; chmod 600 {path}")
    try:
        rows = tomllib.loads(text)["key"]
        keys = tuple(Key(int(row["slot"]), str(row["role"]), bytes.fromhex(row["secret"])) for row in rows)
        right = all(0 <= key.slot < provision.SLOTS and key.number and len(key.secret) == KEY_SIZE for key in keys)
    except (KeyError, TypeError, ValueError):
        raise _damaged(name, path) from None
    if not right:
        raise _damaged(name, path)
    return Keyring(keys)


def _damaged(name: str, path: Path) -> KeyMissing:
    return KeyMissing(f"{name} not read: {path} is damaged; restore it, or provision anew")


def _write(ring: Keyring, uid: bytes, target: Path) -> Path:
    """Written under a name of its own, flushed, moved: a crash leaves the old file or the new one, never a half."""
    lines = [f"# Keys of pump {uid.hex()}. Whoever reads this can command it.\n"]
    for key in ring.keys:
        lines.append(f'[[key]]\nslot = {key.slot}\nrole = "{key.role}"\nsecret = "{key.secret.hex()}"\n')
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, part = tempfile.mkstemp(".part", f".{uid.hex()}.", target.parent)  # 0600, whatever the umask
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)
        _flush_folder(target.parent)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise KeyMissing(
            f"keys of pump {uid.hex()} not kept: {target}: {reason}; name a folder you may write in {ENVIRONMENT}"
        ) from exc
    return target


def _flush_folder(path: Path) -> None:
    """A new name is durable only when its folder is."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
