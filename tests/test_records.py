"""records.py: report.json is stable, complete and never half written; a status follows from the evidence alone."""

import json
import random
from fractions import Fraction

import pytest
from report_sample import HEADER, sample_record

from pumphil import records
from pumphil.records import Recorder, RunSeries
from pumphil.requirements import RequirementError


def recorder() -> Recorder:
    return Recorder(**HEADER)


def status(filled: Recorder, name: str) -> tuple[object, object]:
    entry = filled.run.requirements()[name]
    return entry["status"], entry["note"]


def judged(outcome: str, **more):
    def fill(one: Recorder) -> None:
        one.measure("t", "m", 1, "nL", limit=10, outcome=outcome, **more)

    return fill


@pytest.mark.parametrize(
    "tests, measure, expected",
    [
        ([], None, ("open", "")),
        (["passed"], None, ("verified", "")),
        (["passed", "passed"], None, ("verified", "")),
        (["passed", "skipped"], None, ("verified", "1 test skipped")),
        (["skipped", "skipped"], None, ("skipped", "2 tests skipped")),
        (["passed", "failed"], None, ("failed", "1 test failed")),
        (["skipped", "failed"], None, ("failed", "1 test failed; 1 test skipped")),
        (["passed"], judged("accept"), ("verified", "")),
        (["passed"], judged("accept", marginal=True), ("verified", "1 measurement close to the limit")),
        (["passed"], judged("inconclusive"), ("inconclusive", "1 measurement inconclusive")),
        (["passed"], judged("reject"), ("failed", "1 measurement rejected")),
        (["failed"], judged("inconclusive"), ("failed", "1 test failed; 1 measurement inconclusive")),
        ([], judged("accept", requirements=["FLOW-03"]), ("inconclusive", "1 test unfinished")),
        ([], judged("reject", requirements=["FLOW-03"]), ("failed", "1 test unfinished; 1 measurement rejected")),
        (["passed"], judged("reject", requirements=["BOL-02"]), ("verified", "")),
    ],
)
def test_the_status_of_a_requirement(tests, measure, expected):
    one = recorder()
    for index, outcome in enumerate(tests):
        one.test("t" if index == 0 else f"t{index}", outcome, requirements=["FLOW-03"])
    if measure:
        measure(one)
    assert status(one, "FLOW-03") == expected


def test_an_open_requirement_says_what_it_needs_and_a_verified_one_what_is_left():
    one = recorder()
    assert status(one, "PWR-01")[0] == "open"
    assert str(status(one, "PWR-01")[1]).startswith("needs a chip: ")
    one.test("t", "passed", requirements=["PWR-04"])
    assert status(one, "PWR-04")[0] == "verified"
    assert str(status(one, "PWR-04")[1]).startswith("in part needs a chip: ")
    found = one.run.open()
    assert set(found) == {"", "needs a chip", "needs a bench", "needs the programmer, see make test"}
    assert "PWR-01" in found["needs a chip"]
    assert "PWR-04" not in found["needs a chip"]
    assert "HMI-05" in found["needs the programmer, see make test"]
    assert "BOL-02" in found[""]


def test_a_measurement_that_names_ids_counts_for_those_only():
    one = recorder()
    one.test("t", "passed", requirements=["FLOW-03"])
    judged("reject", requirements=["BOL-02"])(one)
    assert status(one, "BOL-02") == ("failed", "1 measurement rejected")
    assert one.run.requirements()["BOL-02"]["tests"] == ["t"]


def test_every_requirement_is_in_the_record_open_ones_too():
    data = json.loads(recorder().finish("2026-01-01T00:00:00Z", 0.0).to_json())
    assert len(data["requirements"]) == 130
    assert {entry["status"] for entry in data["requirements"].values()} == {"open"}
    assert set(data["requirements"]["HW-01"]) == {"status", "note", "tests", "text", "area", "severity", "verify"}
    assert data["counts"]["requirements"] == {"verified": 0, "failed": 0, "inconclusive": 0, "skipped": 0, "open": 130}


def test_the_record_holds_the_keys_that_readers_rely_on():
    data = json.loads(sample_record().to_json())
    header = "schema_version pumpbench_version rig interpreter firmware_digest seed profile".split()
    header += ["calibration", "started_at", "wall_s"]
    assert set(data) == {
        *header,
        "interrupted",
        "verdict",
        "counts",
        "measurements",
        "tests",
        "requirements",
        "runs",
    } | {"trumpets"}
    keys = "test name unit value oracle pump instrument uncertainty limit budget outcome marginal requirements".split()
    assert all(set(one) == set(keys) for one in data["measurements"])
    assert all(set(one) == {"test", "outcome", "reason", "requirements", "wall_s"} for one in data["tests"])


def test_the_same_run_in_another_order_writes_the_same_bytes():
    record = sample_record()
    first = record.to_json()
    chance = random.Random(1)
    by_test: dict[str, list] = {}
    for one in record.measurements:
        by_test.setdefault(one.test, []).append(one)
    groups = list(by_test.values())
    chance.shuffle(groups)
    chance.shuffle(record.tests)
    chance.shuffle(record.runs)
    record.measurements = [one for group in groups for one in group]
    assert record.to_json() == first


def test_without_times_nothing_depends_on_the_clock():
    slow, fast = sample_record(), sample_record()
    slow.started_at, slow.wall_s = "2027-07-07T07:07:07Z", 99.9
    slow.tests = [records.TestRecord(t.test, t.outcome, t.reason, t.requirements, 1 + t.wall_s) for t in slow.tests]
    assert slow.to_json(times=False) == fast.to_json(times=False)
    assert slow.to_json() != fast.to_json()
    assert "2027-07-07" not in slow.to_json(times=False)


def test_json_is_sorted_and_holds_rounded_numbers():
    one = recorder()
    one.measure("t", "m", Fraction(-1, 3), "nL", oracle=Fraction(10), pump=7, uncertainty=0.1 + 0.2)
    text = one.finish("", 0).to_json()
    data = json.loads(text)
    measurement = data["measurements"][0]
    assert (measurement["value"], measurement["oracle"], measurement["pump"]) == (-0.333333333333, 10.0, 7)
    assert measurement["uncertainty"] == 0.3
    assert list(data) == sorted(data)
    assert text.endswith("}\n")


def test_putting_lists_on_one_line_changes_no_text():
    one = recorder()
    reason = 'assert [\n  1,\n  2 ] == [ ]\n[\n"x"\n]'
    one.test("t[a [b]]", "failed", reason, ["FLOW-01", "FLOW-02"])
    one.series(RunSeries("r", [0, 1, 2], [0, 1, 2], [0, 1, 2], 5))
    text = one.finish("", 0).to_json()
    assert json.loads(text) == json.loads(json.dumps(one.run.to_dict()))
    assert json.loads(text)["tests"][0]["reason"] == reason
    assert '"t_h": [0.0, 1.0, 2.0]' in text


@pytest.mark.parametrize(
    "fill, interrupted, verdict",
    [
        (lambda r: None, False, "no evidence"),
        (lambda r: r.test("t", "skipped"), False, "no evidence"),
        (lambda r: r.test("t", "passed"), False, "passed"),
        (lambda r: r.test("t", "passed"), True, "incomplete"),
        (lambda r: (r.test("t", "passed"), judged("inconclusive")(r)), False, "inconclusive"),
        (lambda r: (r.test("t", "passed"), judged("reject")(r)), True, "failed"),
        (lambda r: (r.test("a", "passed"), r.test("t", "failed")), False, "failed"),
    ],
)
def test_the_verdict_of_a_run(fill, interrupted, verdict):
    one = recorder()
    fill(one)
    assert one.finish("", 0, interrupted).verdict == verdict


def test_a_limit_without_an_outcome_is_judged_here():
    one = recorder()
    # by hand: 85 + 0 <= 100 and above 80 %; 85 + 20 > 100 but 85 - 20 <= 100; 130 - 20 > 100
    assert one.measure("t", "a", -85, "nL", limit=100).outcome == "accept"
    assert one.run.measurements[-1].marginal
    assert one.measure("t", "b", 85, "nL", limit=100, uncertainty=20).outcome == "inconclusive"
    assert one.measure("t", "c", 130, "nL", limit=100, uncertainty=20).outcome == "reject"
    assert one.measure("t", "d", 130, "nL").outcome is None


def test_a_budget_object_is_kept_term_by_term():
    from pumphil.metrology.budget import Budget

    one = recorder().measure("t", "m", 1, "nL", limit=500, budget=Budget(quantisation=431.0, pulsation=Fraction(1, 3)))
    assert one.budget["quantisation"] == 431.0
    assert one.budget["pulsation"] == 0.333333333333


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda r: r.measure("t", "m", float("nan"), "nL"), ValueError, "measurement 'm' of t: value is nan"),
        (lambda r: r.measure("t", "m", 1, "nL", pump=float("inf")), ValueError, "m' of t: pump is inf"),
        (lambda r: r.measure("t", "m", 1, "nL", outcome="ok"), ValueError, "outcome 'ok' is unknown"),
        (lambda r: r.measure("t", "m", 1, "nL", limit=-1), ValueError, "limit -1 is negative"),
        (lambda r: r.measure("t", "m", "x", "nL"), TypeError, "not a number"),
        (lambda r: r.measure("t", "m", 1, "nL", requirements=["FLOW-99"]), RequirementError, "did you mean FLOW-0"),
        (lambda r: r.test("t", "error"), ValueError, "outcome 'error' is unknown; use one of passed, failed, skipped"),
        (
            lambda r: r.test("t", "passed", requirements=["FLOW-3"]),
            RequirementError,
            "test t names requirement",
        ),
    ],
)
def test_what_a_report_could_not_show_is_refused_at_once(call, error, words):
    one = recorder()
    with pytest.raises(error) as caught:
        call(one)
    assert words in str(caught.value)
    assert not one.run.measurements
    assert not one.run.tests


def test_a_test_that_passed_and_then_failed_to_clean_up_has_failed():
    one = recorder()
    one.test("t", "passed", requirements=["FLOW-01"])
    one.test("t", "failed", "teardown", ["FLOW-01"])
    one.test("t", "passed")
    assert [(t.outcome, t.reason) for t in one.run.tests] == [("failed", "teardown")]


def test_one_requirement_may_be_given_as_a_string():
    assert recorder().test("t", "passed", requirements="FLOW-01").requirements == ("FLOW-01",)


def test_series_are_thinned_when_they_come_in():
    one = recorder()
    many = list(range(10_000))
    one.series(RunSeries("r", many, many, many, 1))
    assert len(one.run.runs[0].t_h) <= 600


def test_write_makes_the_directory_and_leaves_two_files(tmp_path):
    target = tmp_path / "build" / "hil"
    paths = sample_record().write(target)
    assert sorted(path.name for path in target.iterdir()) == ["report.html", "report.json"]
    assert json.loads(paths[0].read_text(encoding="utf-8"))["verdict"] == "failed"
    assert paths[1].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("moment", ["writing", "renaming"])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, moment):
    path = tmp_path / "report.json"
    path.write_text("old")

    def stop(*_args) -> None:
        raise KeyboardInterrupt

    def half(part, data: bytes) -> None:
        with part.open("wb") as file:
            file.write(data[:3])
        raise KeyboardInterrupt

    if moment == "writing":
        monkeypatch.setattr(type(path), "write_bytes", half)
    else:
        monkeypatch.setattr(records.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        records.write_whole(path, b"new content")
    monkeypatch.undo()
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]
    assert path.read_text() == "old"


def test_a_fault_in_drawing_costs_the_page_and_not_the_evidence(tmp_path, monkeypatch):
    from pumphil.report import html

    def broken(_record) -> str:
        raise RuntimeError("no pictures today")

    monkeypatch.setattr(html, "render", broken)
    with pytest.raises(RuntimeError, match="no pictures"):
        sample_record().write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
