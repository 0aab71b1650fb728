"""Keys of a simulated pump in the folder of the user's keys, for as long as the pump is served.

    with lent(rig.keys, rig.uid) as path: ...       # a second terminal finds them there

Pumps of one seed have one id and the same keys, so several processes may lend the same file: each leaves a mark with
its process number beside it, and the last one takes the file away. A mark of a process that was killed does not count.
A file that holds other keys is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pumphost import keyring
from pumphost.keyring import KeyMissing, Keyring


@contextmanager
def lent(ring: Keyring, uid: bytes) -> Iterator[Path]:
    """Keep `ring` for the pump `uid` meanwhile; the file they are in. Raises `KeyMissing` if that cannot be."""
    path = keyring.path_of(uid)
    there = keyring.load(uid)
    if there is not None and there != ring:
        raise KeyMissing(
            f"keys of pump {uid.hex()} not lent: {path} holds others; choose another seed, or set {keyring.ENVIRONMENT}"
        )
    mine = _mark(uid, os.getpid())
    owned = there is None or bool(_marks(uid))  # else somebody has put them there to stay
    try:
        if owned:
            _leave(mine)  # first, so that a crash leaves no file that seems to be there to stay
        if there is None:
            keyring.save(ring, uid)
        yield path
    finally:
        with suppress(OSError):
            mine.unlink(missing_ok=True)
        if owned and not any(_alive(mark) for mark in _marks(uid)):
            _take_back(ring, uid)


def _leave(mark: Path) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.touch(mode=0o600)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise KeyMissing(
            f"keys of the simulated pump not kept: {mark.parent}: {reason}; name a folder you may write in "
            f"{keyring.ENVIRONMENT}"
        ) from exc


def _take_back(ring: Keyring, uid: bytes) -> None:
    for mark in _marks(uid):
        mark.unlink(missing_ok=True)
    try:
        unchanged = keyring.load(uid) == ring
    except KeyMissing:
        return  # somebody has changed it meanwhile
    if unchanged:
        keyring.path_of(uid).unlink(missing_ok=True)


def _mark(uid: bytes, process: int) -> Path:
    return keyring.folder() / f"{uid.hex()}.{process}.lent"


def _marks(uid: bytes) -> list[Path]:
    return list(keyring.folder().glob(f"{uid.hex()}.*.lent"))


def _alive(mark: Path) -> bool:
    """Whether the process of a mark may still run; where one cannot ask without harm, it may."""
    if os.name != "posix":
        return True
    try:
        os.kill(int(mark.name.split(".")[1]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True
