"""The HIL suite in several processes: what workers recorded arrives, whatever ends the run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pumphil.entry import run_suite

pytest_plugins = ["pytester"]
TESTS = """
import pytest
pytestmark = pytest.mark.requirement("FLOW-03")

@pytest.mark.parametrize("number", range(12))
def test_it(record, rig, number):
    record.note("number", number, "nL")
    record.expect("error", "nL", error=number - 11, limit=10)

def test_skipped(rig):
    pytest.skip("has no balance")

@pytest.fixture
def cannot_end(rig):
    yield
    raise RuntimeError("cannot close")

@pytest.mark.requirement("BOL-02")
def test_that_cannot_end(cannot_end, record): record.note("seen", 1, "nL")
"""
TIMES = {"started_at", "wall_s"}


def strip(value):
    if isinstance(value, dict):
        return {key: strip(entry) for key, entry in value.items() if key not in TIMES}
    return [strip(entry) for entry in value] if isinstance(value, list) else value


def report(folder: Path):
    return strip(json.loads((folder / "report.json").read_text()))


def run(pytester, out, *options):
    return pytester.runpytest_subprocess("--rig", "sim", "--hil-out", out, "-p", "no:random_order", *options)


def test_the_report_of_three_processes_is_that_of_one(pytester):
    pytester.makepyfile(TESTS)
    run(pytester, "alone").assert_outcomes(passed=12, failed=1, skipped=1, errors=1)
    run(pytester, "shared", "-n", "3").assert_outcomes(passed=12, failed=1, skipped=1, errors=1)
    alone, shared = report(pytester.path / "alone"), report(pytester.path / "shared")
    assert shared == alone
    assert len(shared["measurements"]) == 25
    assert shared["counts"]["tests"] == {"passed": 11, "failed": 2, "skipped": 1}
    assert (shared["rig"], shared["verdict"], shared["interrupted"]) == ("sim", "failed", False)
    assert sorted(path.name for path in (pytester.path / "shared").iterdir()) == ["report.html", "report.json"]


def test_a_worker_that_dies_costs_its_own_test_alone(pytester):
    source = TESTS + "\ndef test_dies(record):\n    import os\n    os._exit(3)\n"
    pytester.makepyfile(source)
    result = run(pytester, "out", "-n", "2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    content = report(pytester.path / "out")
    assert len([one for one in content["measurements"] if one["name"] == "number"]) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
def test_ctrl_c_keeps_what_has_ended(tmp_path):
    hangs = "import pathlib, time\n    while not pathlib.Path('over').exists():\n        time.sleep(0.05)\n"
    source = TESTS + f"\ndef test_zz_hangs(record):\n    {hangs}"
    (tmp_path / "test_long.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:random_order", "-p", "no:cacheprovider", "-n", "2", "-v"]
    command += ["--rig", "sim", "--hil-out", str(tmp_path / "out"), str(tmp_path / "test_long.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout
        seen = 0
        for line in process.stdout:
            seen += "PASSED" in line or "FAILED" in line
            if seen == 13:
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(3)  # by then the run has ended; a worker that still hangs would be waited for ten seconds
        (tmp_path / "over").write_text("")
        process.communicate(timeout=30)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    content = report(tmp_path / "out")
    assert content["interrupted"] is True
    assert len([one for one in content["measurements"] if one["name"] == "number"]) == 12


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
def test_each_worker_has_a_core_of_its_own(pytester):
    pytester.makepyfile(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('number', range(8))\n"
        "def test_core(number, worker_id):\n"
        "    pathlib.Path(f'core-{worker_id}').write_text(str(sorted(os.sched_getaffinity(0))))\n"
    )
    assert run(pytester, "out", "-n", "2").ret == 0
    cores = sorted(os.sched_getaffinity(0))
    for path in pytester.path.glob("core-gw*"):
        number = int(path.name.removeprefix("core-gw"))
        assert path.read_text() == str([cores[number % len(cores)]])


@pytest.mark.parametrize(
    ("rig", "jobs", "workers"), [("vm", 0, "cores"), ("sim", 3, "3"), ("sim", 1, ""), ("b.toml", 0, "")]
)
def test_the_packaged_suite_uses_all_cores_on_a_virtual_rig_only(monkeypatch, tmp_path, rig, jobs, workers):
    calls = []
    if rig.endswith(".toml"):
        rig = str(tmp_path / rig)
        Path(rig).write_text('[rig]\nkind = "sim"\n')
    monkeypatch.setattr(pytest, "main", lambda arguments: calls.append(arguments) or 0)
    assert run_suite(rig, "", 0, tmp_path, [], jobs=jobs) == 0
    (arguments,) = calls
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    expected = str(cores) if workers == "cores" and cores > 1 else workers.replace("cores", "")
    assert (arguments[arguments.index("-n") + 1] if "-n" in arguments else "") == expected
