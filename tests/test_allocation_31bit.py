"""A wake in steady state leaves nothing on the heap, also where an int above 2^30 is an object: HW-03's chip.

    python -m pytest tests/test_allocation_31bit.py -rs

The unix MicroPython has 63-bit small ints, so an int above 2^30 that is kept between wakes does not show there. The
WebAssembly build has 31-bit ones, as the chip has, and runs the very files that are flashed. Three stretches of three
hours are looked at, wake by wake: with pump time below 2^30 ms, above it and above 2^31 ms.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pumphil.rigs.find import firmware_packages
from pumphost.build import compile_tree, fold, read_tree

pytestmark = pytest.mark.timeout(300)  # 7 s on a free processor
WASM = Path(__file__).resolve().parent / "wasm"
PACKAGE = Path(sys.prefix) / "node/node_modules/@micropython/micropython-webassembly-pyscript"
ADDED = (WASM / "steady.py", WASM.parent / "portable/portable_client.py")
PHASES = {"small": 0, "beyond_2_30": 1 << 30, "beyond_2_31": 1 << 31}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What steady.mjs measured."""
    node = shutil.which("node")
    if node is None or not PACKAGE.exists():
        pytest.skip(
            "31-BIT INTEGERS NOT TESTED: needs Node.js and its npm package; install Node.js 18 or newer, then make node"
        )
    target = tmp_path_factory.mktemp("firmware")
    tree = read_tree(firmware_packages())
    # folded together, because constants that they read are not there any more
    tree |= {path.name: path.read_text(encoding="utf-8") for path in ADDED}
    compile_tree(fold(tree).sources, target)
    done = subprocess.run(
        [node, WASM / "steady.mjs", PACKAGE, target], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_interpreter_has_31_bit_ints(measured):
    """Keeping 2^30 - 1 costs nothing, keeping 2^30 an object."""
    assert measured["interpreter"].startswith("micropython ")
    nothing, largest, beyond = measured["numbers"]
    assert largest == nothing
    assert beyond > largest


@pytest.mark.parametrize("phase", PHASES)
def test_the_pump_delivers_for_three_hours(measured, phase):
    found = measured["phases"][phase]
    assert found["begin"] * 60_000 >= PHASES[phase] - 60_000
    assert found["end"] - found["begin"] >= 180
    assert len(found["used"]) >= 100
    # 240 000 nL/day are 10 000 nL/h; a step is 215.5 nL: 46.4 an hour
    hours = (found["end"] - found["begin"]) / 60
    assert abs(found["steps"] - 46.4 * hours) <= 4


@pytest.mark.parametrize("phase", PHASES)
def test_no_wake_leaves_anything_on_the_heap(measured, phase):
    """The heap in use before every wake is the same, to the byte."""
    assert len(set(measured["phases"][phase]["used"])) == 1, measured["phases"][phase]["used"]


def test_time_beyond_31_bits_costs_no_heap(measured):
    """An int above 2^30 that is kept would be an object of 16 bytes or more, there in the later stretches only."""
    assert len({phase["used"][0] for phase in measured["phases"].values()}) == 1, {
        name: phase["used"][0] for name, phase in measured["phases"].items()
    }
