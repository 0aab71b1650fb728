"""Pump and probe on two emulated Picos: the pump's step pin goes to the probe's, and both count the same.

    PUMPBENCH_UF2=/path/to/RPI_PICO.uf2 python -m pytest tests/test_emulated_probe.py

The pump's edges are taken with their times and put on the probe's pin as far apart as they were.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from emulated_repl import Repl, needs_image
from probe_chip import FOLDER

from pumphil.doctor.lines import SETUP
from pumphil.instruments.probe import Probe
from pumphil.rigs.emulated import image
from pumphil.rigs.emulated.chip import Chip
from pumphost.build.compiler import compile_tree

pytestmark = [needs_image, pytest.mark.timeout(1_200)]
MODULES = (
    "pumpfw/__init__.py", "pumpfw/boards/__init__.py", "pumpfw/boards/pico/__init__.py",
    "pumpfw/boards/pico/pio.py", "pumpfw/boards/pico/stepper.py",
)  # fmt: skip
STEP, ENABLE, BOLUS = 2, 4, 14
PERIOD_US, PACKET = 2_500, 46


def probe_files() -> dict[str, bytes]:
    """What is on a probe, compiled but for main.py."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("probe_*.py")}
    with tempfile.TemporaryDirectory(prefix="pumpbench-probe-") as folder:
        compile_tree(sources, Path(folder), "armv6m")
        files = {f"/{path.name}": path.read_bytes() for path in Path(folder).glob("*.mpy")}
    return {**files, "/main.py": (FOLDER / "main.py").read_bytes()}


class ProbeChip:
    """A probe on an emulated chip, as a line for `Probe`. `driven`: pins and levels in the order of their change."""

    def __init__(self) -> None:
        self.driven: list[tuple[int, bool]] = []
        self.chip = Chip(image.image_path(), image.file_system(probe_files()), self._wire)
        self.run_ms(400)

    def _wire(self, chip: Chip) -> None:
        chip.pace()
        chip.drive(ENABLE, True)
        chip.listen(BOLUS, lambda high: self.driven.append((BOLUS, high)), released=True)

    def run_ms(self, ms: int) -> None:
        self.chip.run_until(self.chip.nanos + ms * 1_000_000)

    def write(self, data: bytes) -> None:
        self.chip.write(data)

    def read(self, timeout_s: float) -> bytes:
        self.run_ms(2)
        return self.chip.read()

    def play(self, edges: list[tuple[int, bool]]) -> None:
        """Put these edges (ns, level) on the step pin, from 2 ms from now on."""
        offset_ns = self.chip.nanos + 2_000_000 - edges[0][0]
        for t_ns, high in edges:
            self.chip.run_until(t_ns + offset_ns)
            self.chip.drive(STEP, high)
        self.run_ms(20)


@pytest.fixture(scope="module")
def pump_edges() -> list[tuple[int, bool]]:
    """Edges of the step pin of a pump that makes two packets."""
    repl = Repl(*MODULES)
    edges: list[tuple[int, bool]] = []
    repl.run("import time\nfrom pumpfw.boards.pico.stepper import Stepper\nmotor = Stepper(2, 3, 4)")
    repl.chip.listen(STEP, lambda high: edges.append((repl.chip.nanos, high)))
    counted = repl.run(f"""
before = motor.done()
for _ in range(2):
    motor.queue({PACKET}, {PERIOD_US})
    time.sleep_ms({PACKET * PERIOD_US // 1_000 + 30})
print(motor.done() - before)
""")
    assert int(counted) == sum(high for _, high in edges) == 2 * PACKET
    return edges


def test_the_probe_counts_what_the_pump_made(pump_edges: list[tuple[int, bool]]) -> None:
    there = ProbeChip()
    probe = Probe(there, answer_s=20)
    assert probe.identify().uid == "ff" * 8
    assert probe.read().lines["enable"] == 1
    there.play(pump_edges)
    times_us, number = probe.steps_since(0)
    said = probe.read()
    assert (len(times_us), number, said.steps, said.lost) == (2 * PACKET, 2 * PACKET, 2 * PACKET, 0)
    rises = [t_ns for t_ns, high in pump_edges if high]
    for (first, second), (began, ended) in zip(pairwise(times_us), pairwise(rises), strict=True):
        assert abs((second - first) - (ended - began) / 1_000) <= 2, "a microsecond of resolution at either end"


def test_the_words_of_the_doctor_on_a_chip() -> None:
    """What `pumpbench doctor --wiring` has the pump's prompt do; the answers of its lines are in test_doctor.py."""
    repl = Repl()
    lamp: list[bool] = []
    repl.chip.listen(20, lamp.append)
    repl.run(SETUP)
    assert not repl.enabled
    for level in (1, 0):
        repl.run(f"put(20, {level})")
    repl.run("free(20)")
    assert lamp[:2] == [True, False]
    for level in (True, False):
        repl.chip.drive(BOLUS, level)
        assert repl.run(f"see({BOLUS}, True)") == str(int(level))
    repl.chip.mcu.adc.channel_values[1] = 563
    assert repl.run("volts(27)") == "563"
    assert repl.run("bus()") == "[]"
    repl.run("sound(12, 2400)\nsound(12, 0)")


def test_a_fault_line_moves_and_comes_back() -> None:
    there = ProbeChip()
    probe = Probe(there, answer_s=20)
    there.driven.clear()
    probe.drive("bolus", ms=50)
    assert there.driven == [(BOLUS, False)]
    there.run_ms(80)
    assert there.driven == [(BOLUS, False), (BOLUS, True)]
