"""A simulated pump that outlives its process: a folder with its flash, its identity and what its reservoir holds.

    with kept_pump(Path("my-pump")) as kept:
        rig = open_rig("vm", seed=kept.seed(0), store=kept.store, plant=kept.water())
        ...
        kept.made(rig, reservoir_nl)        # from now on the folder holds a pump
        kept.remember(rig)                  # now and then

Killing the process is a power cut of the pump: it starts again over its flash, and time without power counts as none.
One process at a time has the folder. A pump that was killed before it was made is begun anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pumphil.rigs import RigBroken
from pumphil.rigs.file_store import FileStore
from pumphil.rigs.lockstep import LockstepRig

FORMAT = 1


class KeptPump:
    """What is in the folder. `is_new`: no pump is, yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.store = FileStore(folder / "flash")
        self._pump = self._read("pump.json")
        self._water = self._read("water.json") or {"content_nl": None, "delivered_nl": 0.0}
        if self.is_new:
            self.store.clear()
        elif self._pump.get("format") != FORMAT:
            raise RigBroken(f"{folder} holds a pump of another version of pumpbench; name another folder")
        elif self._water["content_nl"] is None:
            raise RigBroken(f"{folder} has lost its water.json; name another folder")
        self.delivered_before_nl = float(self._water["delivered_nl"])

    @property
    def is_new(self) -> bool:
        """Whether a pump has to be made."""
        return not self._pump

    def seed(self, wanted: int) -> int:
        """That of the pump that is kept, or of the one to be made."""
        return int(self._pump.get("seed", wanted))

    def reservoir_nl(self, wanted: int | None) -> int | None:
        """The same for what its reservoir can hold; None: as the rig has it."""
        found = self._pump.get("reservoir_nl", wanted)
        return None if found is None else int(found)

    def water(self) -> dict[str, int]:
        """Parameters of the plant in place of those of the rig."""
        return {} if self.is_new else {"reservoir_nl": int(self._water["content_nl"])}

    def made(self, rig: LockstepRig, reservoir_nl: int | None) -> None:
        """The pump is complete: keys, program, fill."""
        self.remember(rig)
        if self.is_new:
            self._pump = {"format": FORMAT, "seed": rig.seed, "reservoir_nl": reservoir_nl}
            self._write("pump.json", self._pump)

    def remember(self, rig: LockstepRig) -> None:
        """What is in the reservoir now, and what has come out of the outlet."""
        water = {
            "content_nl": rig.plant.reservoir_nl(rig.now_us),
            "delivered_nl": self.delivered_before_nl + rig.plant.delivered_nl(rig.now_us),
        }
        if water != self._water:
            self._water = water
            with suppress(OSError):  # a full disk is told by the flash, and ends no therapy
                self._write("water.json", water)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / name).read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            raise RigBroken(f"{self._folder / name} cannot be read ({exc}); name another folder") from exc
        if not isinstance(found, dict):
            raise RigBroken(f"{self._folder / name} is not what pumpbench has written; name another folder")
        return found

    def _write(self, name: str, content: dict[str, Any]) -> None:
        """Entirely or not at all, whenever this process is killed."""
        new = self._folder / f"{name}.new"
        new.write_text(json.dumps(content))
        new.replace(self._folder / name)


@contextmanager
def kept_pump(folder: Path) -> Iterator[KeptPump]:
    """The pump in `folder`, which is made if it is not there. RigBroken if another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise RigBroken(f"no pump can be kept in {folder}: {(exc.strerror or str(exc)).lower()}; name another") from exc
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RigBroken(f"the pump in {folder} runs in another process; end that, or name another folder") from None
        try:
            kept = KeptPump(folder)
        except (OSError, ValueError) as exc:
            raise RigBroken(f"no pump can be kept in {folder}: {exc}; name another folder") from exc
        yield kept
    finally:
        os.close(lock)
