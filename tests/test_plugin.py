"""The pytest plugin: what is refused, skipped, latched and put on record; tested through pytest itself."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy  # noqa: F401 - pytester forgets what is first imported inside it, and this cannot be loaded twice
import pytest
from bench_cases import needs_micropython

from pumphil.entry import run_suite

pytest_plugins = ["pytester"]
MEASUREMENT = {
    "test", "name", "unit", "value", "oracle", "pump", "instrument", "uncertainty", "limit", "outcome",
}  # fmt: skip
TIMES = {"started_at", "wall_s"}


def run(pytester, source, *options):
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess("--rig", "sim", "--hil-out", "out", "-p", "no:random_order", *options)


def report(pytester):
    return json.loads((pytester.path / "out" / "report.json").read_text())


def test_an_unknown_requirement_ends_the_collection(pytester):
    result = run(pytester, 'import pytest\n@pytest.mark.requirement("FLOW-99")\ndef test_a(): pass\n')
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*FLOW-99*"])
    assert not (pytester.path / "out").exists()


def test_a_missing_capability_is_skipped_by_name(pytester):
    source = """
import pytest
@pytest.mark.requirement("PWR-16")
@pytest.mark.needs("real-interpreter")
def test_heap(rig): raise AssertionError("never runs")
"""
    result = run(pytester, source, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*rig sim has no real-interpreter*--rig vm*"])
    assert report(pytester)["requirements"]["PWR-16"]["status"] == "skipped"


def test_a_broken_rig_fails_once_and_skips_the_rest_with_the_cause(pytester):
    source = """
import pytest
from pumphil.rigs import RigBroken
pytestmark = pytest.mark.requirement("FLOW-03")
def test_one(rig): raise RigBroken("the cable is out")
def test_two(rig): pass
def test_three(rig): pass
"""
    result = run(pytester, source, "-rs")
    result.assert_outcomes(failed=1, skipped=2)
    result.stdout.fnmatch_lines(["*the rig broke earlier: the cable is out*"])


def test_a_rig_that_cannot_start_is_told_in_one_sentence(pytester):
    source = 'import pytest\n@pytest.mark.requirement("FLOW-03")\ndef test_one(rig): pass\n'
    pytester.makepyfile(source)
    result = pytester.runpytest_inprocess("--rig", "no-such-bench")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no rig 'no-such-bench'*sim*vm*"])


def test_numbers_outcomes_and_open_ids_are_on_record(pytester):
    source = """
import pytest
@pytest.mark.requirement("BOL-02", "FLOW-03")
def test_passes(record):
    record.expect("near", "nL", error=9, limit=10, oracle=100, pump=109)
@pytest.mark.requirement("RES-01")
def test_rejects(record):
    record.expect("far", "nL", error=11, limit=10)
@pytest.mark.requirement("RES-02")
def test_undecided(record):
    record.expect("vague", "nL", error=9, uncertainty=4, limit=10)
"""
    result = run(pytester, source)
    result.assert_outcomes(passed=2, failed=1)
    content = report(pytester)
    near, vague, far = sorted(content["measurements"], key=lambda m: ["near", "vague", "far"].index(m["name"]))
    assert all(set(m) >= MEASUREMENT for m in content["measurements"])
    assert [m["outcome"] for m in (near, vague, far)] == ["accept", "inconclusive", "reject"]
    assert (near["value"], near["oracle"], near["pump"], near["marginal"]) == (9, 100, 109, True)
    status = {key: row["status"] for key, row in content["requirements"].items()}
    assert status["BOL-02"] == status["FLOW-03"] == "verified"
    assert (status["RES-01"], status["RES-02"], status["SEC-01"]) == ("failed", "inconclusive", "open")
    assert len(status) == 130
    (test,) = content["requirements"]["BOL-02"]["tests"]
    assert test == "test_numbers_outcomes_and_open_ids_are_on_record.py::test_passes"


def test_an_interrupted_run_writes_a_whole_report_that_says_so(pytester):
    source = """
import pytest
pytestmark = pytest.mark.requirement("FLOW-03")
def test_one(record): record.note("x", 1, "nL")
def test_two(record): raise KeyboardInterrupt
"""
    pytester.makepyfile(source)  # in a process of its own: an interruption in this one would end this run too
    result = pytester.runpytest_subprocess("--rig", "sim", "--hil-out", "out")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert report(pytester)["interrupted"] is True
    assert [path.name for path in sorted((pytester.path / "out").iterdir())] == ["report.html", "report.json"]


def strip(value):
    if isinstance(value, dict):
        return {key: strip(entry) for key, entry in value.items() if key not in TIMES}
    return [strip(entry) for entry in value] if isinstance(value, list) else value


@needs_micropython
@pytest.mark.timeout(180)
def test_the_packaged_suite_repeats_to_the_byte(tmp_path: Path):
    """Same rig, same seed: report.json is the same but for dates and wall times; junit.xml holds the tests."""
    texts = []
    for name in ("one", "two"):
        out = tmp_path / name
        assert run_suite("vm", "smoke", 3, out, ["-p", "no:random_order"]) == 0
        content = json.loads((out / "report.json").read_text())
        assert (content["rig"], content["seed"]) == ("vm", 3)
        assert content["measurements"]
        texts.append(json.dumps(strip(content), sort_keys=True))
        cases = ElementTree.parse(out / "junit.xml").getroot().iter("testcase")
        assert [case.get("name") for case in cases] == ["test_smoke_a_day_of_therapy"]
        assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert texts[0] == texts[1]
