"""Keys of pumps on this computer: one file a pump, readable by its user alone; never in logs, reports or `repr`.

    ring = Keyring.made(policy=0)                       # fresh keys for a pump that is being provisioned
    save(ring, uid); ring = load(uid)
    slot, secret = ring.key("clinician")

The folder is that of `platformdirs` for the user's settings, or PUMPBENCH_KEYS. A file that others may read is refused,
as ssh does. What is written is complete or not there: it is moved into place.
"""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pumphost.errors import PumpError
from pumplink import codes, provision
from pumplink.tags import KEY_SIZE

ENVIRONMENT = "PUMPBENCH_KEYS"
MADE = ("patient", "clinician", "service", "tester")
"""Roles that a pump gets a key for, in the order of its slots."""


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
    def made(cls, roles: tuple[str, ...] = MADE, random_bytes: object = secrets.token_bytes) -> Keyring:
        """New keys for these roles; `random_bytes(n)` is replaced only where a run must be repeatable."""
        return cls(tuple(Key(slot, role, random_bytes(KEY_SIZE)) for slot, role in enumerate(roles)))  # type: ignore[operator]

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


def save(ring: Keyring, uid: bytes) -> Path:
    """Keep the keys of a pump; what was there before is replaced at once or not at all."""
    target = path_of(uid)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [f"# Keys of pump {uid.hex()}. Whoever reads this can command it.\n"]
    for key in ring.keys:
        lines.append(f'[[key]]\nslot = {key.slot}\nrole = "{key.role}"\nsecret = "{key.secret.hex()}"\n')
    fresh = target.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target


def load(uid: bytes) -> Keyring | None:
    """Keys of a pump, None if there are none here. Raises `KeyMissing` for a file that cannot be trusted."""
    path = path_of(uid)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise KeyMissing(f"keys of pump {uid.hex()} not read: {path}: {exc}; restore the file, or provision anew") from exc
    if os.name == "posix" and mode & 0o077:
        raise KeyMissing(f"keys of pump {uid.hex()} not used: others may read {path}; chmod 600 {path}")
    try:
        rows = tomllib.loads(text)["key"]
        keys = tuple(Key(int(row["slot"]), str(row["role"]), bytes.fromhex(row["secret"])) for row in rows)
        right = all(0 <= key.slot < provision.SLOTS and key.number and len(key.secret) == KEY_SIZE for key in keys)
    except (KeyError, TypeError, ValueError) as exc:
        raise KeyMissing(f"keys of pump {uid.hex()} not read: {path} is damaged; restore it, or provision anew") from exc
    if not right:
        raise KeyMissing(f"keys of pump {uid.hex()} not read: {path} is damaged; restore it, or provision anew")
    return Keyring(keys)
