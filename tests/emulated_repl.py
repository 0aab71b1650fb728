"""A prompt on an emulated Pico: the provisioning jumper is in, the pump does not start, code runs line by line.

    with image_needed:
        repl = Repl(files); repl.run("print(1 + 1)")        # "2"

The files are those of the board's own sources, each compiled by itself, so that a port can be tried alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pumpfw.boards.pico import wiring
from pumphil.rigs.emulated import image
from pumphil.rigs.emulated.chip import Chip
from pumphil.rigs.find import firmware_packages
from pumphost.build.compiler import compile_tree
from pumphost.build.tree import read_tree

MISSING = image.missing()
needs_image = pytest.mark.skipif(bool(MISSING), reason=f"THE EMULATED PICO DID NOT RUN: {MISSING}")
RAW, RUN = b"\x01", b"\x04"
ANSWER_NS = 120_000_000_000
SLICE_NS = 2_000_000


class Repl:
    """Raw prompt of MicroPython. `pulses`: rig time in ns of each rising edge of the step pin; `enabled`: its level."""

    def __init__(self, *modules: str) -> None:
        self.pulses: list[int] = []
        self.enabled = False
        self.chip = Chip(image.image_path(), image.file_system(self._files(modules)), self._wire)
        self.chip.write(b"\r\n")
        self._until(b">>> ")
        self.chip.write(RAW)
        self._until(b"\r\n>")

    @staticmethod
    def _files(modules: tuple[str, ...]) -> dict[str, bytes]:
        sources = {path: text for path, text in read_tree(firmware_packages()).items() if path in modules}
        with tempfile.TemporaryDirectory(prefix="pumpbench-modules-") as folder:
            compile_tree(sources, Path(folder), "armv6m")
            return {
                f"/lib/{path.relative_to(folder).as_posix()}": path.read_bytes()
                for path in sorted(Path(folder).rglob("*.mpy"))
            }

    def _wire(self, chip: Chip) -> None:
        chip.pace(wiring.STEP)
        chip.read_back(wiring.STEP)
        chip.listen(wiring.STEP, lambda high: self.pulses.append(chip.nanos) if high else None)
        chip.listen(wiring.ENABLE, self._enable, released=True)

    def _enable(self, high: bool) -> None:
        self.enabled = not high

    def _until(self, end: bytes) -> bytes:
        said = b""
        limit_ns = self.chip.nanos + ANSWER_NS
        while not said.endswith(end):
            if self.chip.nanos > limit_ns:
                raise TimeoutError(f"the prompt did not answer within 120 s of chip time; it said {said[-200:]!r}")
            self.chip.run_until(self.chip.nanos + SLICE_NS)
            said += self.chip.read()
        return said

    def start(self, code: str) -> None:
        """Run code and do not wait."""
        self.chip.write(code.encode() + RUN)

    def run(self, code: str) -> str:
        """What the code printed. AssertionError with the traceback if it failed."""
        self.start(code)
        said = self._until(b"\x04>")
        out, _, error = said.removeprefix(b"OK").partition(b"\x04")
        problem = error.removesuffix(b"\x04>").decode(errors="replace").strip()
        assert not problem, problem
        return out.decode().strip()
