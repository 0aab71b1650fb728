"""The devices of a bench at their ports: pump, probe, balance, and this computer's clock.

    with SerialDevices(options) as devices: devices.probe.read()

RigMissing with the one thing to do where a device is not there. `erase` leaves a pump with its keys and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from pumpfw.boards.pico.sectors import FOLDER, NONE, STAMP_SIZE
from pumpfw.core.ports import KEY_AREAS
from pumphil.instruments import InstrumentError, Weigher, open_instrument
from pumphil.instruments.probe import Probe
from pumphil.rigs.bench.options import BenchOptions
from pumphil.rigs.contract import RigMissing
from pumphost import keyring
from pumphost.errors import PumpError, TransportError
from pumphost.flashing.files import ENTRY, PROCESSOR, board_files, firmware_digest
from pumphost.keyring import Keyring
from pumphost.transport import Transport, open_transport

BACK_S = 20.0  # from a reset to a port that can be opened again
AGAIN_S = 0.1
# a file of the store is a sector of flash, and which area it is for stands behind its stamp: keys, or nothing yet
ERASE = f"""
import os
for name in os.listdir("{FOLDER}"):
    with open("{FOLDER}/" + name, "rb") as file:
        head = file.read({STAMP_SIZE + 1})
    if head[{STAMP_SIZE}:] not in {tuple(bytes((area,)) for area in (*KEY_AREAS, NONE))!r}:
        os.remove("{FOLDER}/" + name)
"""


class Devices(Protocol):
    """What a bench rig needs of the world; tests put a simulated one in its place."""

    probe: Probe

    def now_s(self) -> float:
        """A clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def pump(self) -> Transport:
        """Open the link to the pump, waiting for its port if it is just starting."""

    def keys(self, uid: bytes) -> Keyring:
        """Those of this pump. RigMissing: there are none."""

    def check_firmware(self, digest: bytes) -> None:
        """RigMissing if this is not the firmware under test."""

    def erase(self) -> None:
        """The pump forgets all but its keys and starts anew; its port must be closed."""

    def balance(self, clock_us: Callable[[], int]) -> Weigher | None:
        """The balance, or None without one."""

    def close(self) -> None:
        """Give every port back."""


class SerialDevices:
    """The real ones."""

    def __init__(self, options: BenchOptions) -> None:
        self._options = options
        self._pump_was_there = False
        self._probe_line = _opened("probe", options.probe)
        self.probe = Probe(self._probe_line)
        try:
            self.probe.identify()
        except InstrumentError as error:
            self.close()
            raise RigMissing(f"bench: {error}") from None

    def now_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def pump(self) -> Transport:
        until = time.monotonic() + (BACK_S if self._pump_was_there else 0)
        while True:
            try:
                port = open_transport(self._options.pump)
                self._pump_was_there = True
                return port
            except TransportError as error:
                if time.monotonic() >= until:
                    raise RigMissing(f"bench: {error} (it is pump.port in the rig file)") from None
            time.sleep(AGAIN_S)

    def keys(self, uid: bytes) -> Keyring:
        ring = keyring.load(uid)
        if ring is None:
            raise RigMissing(
                f"bench: no keys of pump {uid.hex()} on this computer; fit the jumper and run: "
                f"pumpbench keys provision --port {self._options.pump}"
            )
        return ring

    def check_firmware(self, digest: bytes) -> None:
        from pumphil.rigs.compiled import compiled_firmware

        if self._options.firmware == "any":
            return
        wanted = firmware_digest(board_files(compiled_firmware(ENTRY, PROCESSOR)))[: len(digest)]
        if digest != wanted:
            raise RigMissing(
                f"bench: the pump runs firmware {digest.hex()}, this installation is {wanted.hex()}; "
                f'run: pumpbench flash --port {self._options.pump}, or set pump.firmware to "any" in the rig file'
            )

    def erase(self) -> None:
        from pumphost.flashing.boards import find_board
        from pumphost.flashing.way_in import enter

        try:
            prompt = enter(find_board(self._options.pump), lambda words: None)
            prompt.run(ERASE, "erasing what the pump knows")
            prompt.reset()
            self._pump_was_there = True
        except PumpError as error:
            raise RigMissing(f"bench, pump: not erased: {error}") from None

    def balance(self, clock_us: Callable[[], int]) -> Weigher | None:
        if self._options.scale is None:
            return None
        try:
            found = open_instrument(dict(self._options.scale), "balance", clock_us)
            assert isinstance(found, Weigher)
            found.read()
        except (ValueError, InstrumentError) as error:
            raise RigMissing(f"bench: {error}") from None
        return found

    def close(self) -> None:
        self._probe_line.close()


def _opened(name: str, port: str) -> Transport:
    try:
        return open_transport(port)
    except TransportError as error:
        raise RigMissing(f"bench: {error} (it is {name}.port in the rig file)") from None
