"""`pumpbench campaign`: what it shows, a replay, a command killed in the middle, and what is refused."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from campaign_cases import FILE, HerePool, write_plan
from cli_tools import one_sentence, run

from pumphil.campaign import read_plan
from pumphil.campaign.journal import Journal
from pumphil.history import History


@pytest.fixture
def file(tmp_path: Path, monkeypatch) -> Path:
    """A campaign file, run by the very process that asks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pumphil.campaign.open_pool", lambda scheduler, workers: HerePool())
    return write_plan(tmp_path)


def test_a_campaign_shows_verdicts_intervals_and_a_command_for_each_of_the_worst(file: Path) -> None:
    result = run("campaign", "small.toml", "--history", "h.db")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0].startswith("campaign 4 pumps, 8 runs of 30 min on rig sim")
    counts = [line.split() for line in lines if line.startswith(("quiet", "busy")) and line.count(" ") == 4]
    assert [sum(map(int, row[1:])) for row in counts] == [4, 4]
    assert any(line.startswith("quiet true error percent") and " to " in line for line in lines)
    commands = [line.strip() for line in lines if line.strip().startswith("pumpbench campaign")]
    assert len(commands) == 5
    again = run(*shlex.split(commands[0])[1:])
    assert again.exit_code == result.exit_code
    told = dict(" ".join(line.split()).split(" ", 1) for line in again.stdout.splitlines())
    assert again.stdout.splitlines()[-1].split() == ["differs", "from", "the", "campaign", "nothing"]
    assert told["pump"].split(",")[0] == commands[0].split("--replay ")[1].split()[0]
    assert Path("worst.svg").read_text().startswith("<?xml")


def test_a_campaign_is_kept_in_the_history_and_where_its_results_lie(file: Path) -> None:
    data = json.loads(run("campaign", "small.toml", "--json", "--history", "h.db").stdout)
    with History.open(Path("h.db")) as history:
        kept = history.get(1)
    assert (kept.run.kind, kept.run.subject, kept.run.note) == ("campaign", "small, 30 min", "4 pumps")
    assert kept.run.verdict == data["verdict"]
    values = {(value.test, value.name): value.value for value in kept.values}
    assert values["quiet", "true error percent, mean"] == data["scenarios"]["quiet"]["true_error_percent"]["mean"]
    raw = {one.name: one for one in kept.raw}
    assert raw["results.parquet"].path == str(Path("build/campaigns/small/results.parquet").resolve())
    assert raw["campaign.toml"].content == FILE.encode()


def test_a_replay_on_another_rig_says_what_differs(file: Path) -> None:
    file.write_text(FILE.replace("pumps = 4", "pumps = 2"))
    run("campaign", "small.toml", "--no-history")
    text = run("campaign", "small.toml", "--replay", "1", "--scenario", "quiet", "--rig", "sim", "--json").stdout
    assert json.loads(text)["differs"] == []
    file.write_text(file.read_text().replace("seed = 3", "seed = 4"))
    told = run("campaign", "small.toml", "--replay", "1", "--scenario", "quiet").stdout
    assert "not in its results" in told


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--replay", "9", "--scenario", "quiet"], "no pump 9: this campaign has pumps 0 to 3"),
        (["--replay", "1"], "give --scenario quiet or busy"),
        (["--plot", "x.svg"], "--scenario, --rig and --plot belong to --replay"),
        (["--replay", "1", "--plot", "x.doc"], "use .png, .svg"),
    ],
)
def test_what_cannot_be_is_one_sentence(file: Path, options: list[str], words: str) -> None:
    result = run("campaign", "small.toml", *options)
    assert result.exit_code == 2
    assert words in one_sentence(result)


def test_a_faulty_file_and_missing_packages_are_told(file: Path, monkeypatch) -> None:
    for package, extra in (("pyarrow", "pumpbench[campaign]"), ("distributed", "pumpbench[campaign]")):
        monkeypatch.undo()
        monkeypatch.chdir(file.parent)
        monkeypatch.setitem(sys.modules, package, None)
        options = ["--scheduler", "tcp://127.0.0.1:9"] if package == "distributed" else ["--workers", "1"]
        result = run("campaign", "small.toml", "--no-history", *options)
        assert result.exit_code == 2
        assert f"pip install '{extra}'" in result.stderr
    file.write_text(FILE.replace("pumps = 4", "pumps = 0"))
    assert "small.toml:2: campaign.pumps = 0" in one_sentence(run("campaign", "small.toml"))


def test_a_campaign_of_others_is_begun_anew_with_fresh_only(file: Path) -> None:
    file.write_text(FILE.replace("pumps = 4", "pumps = 1"))
    run("campaign", "small.toml", "--no-history")
    file.write_text(FILE.replace("pumps = 4", "pumps = 1").replace("seed = 3", "seed = 4"))
    result = run("campaign", "small.toml", "--no-history")
    assert result.exit_code == 2
    assert "begin anew with --fresh" in result.stderr
    assert run("campaign", "small.toml", "--no-history", "--fresh").exit_code in (0, 1)


def test_a_command_killed_in_the_middle_leaves_no_process_and_goes_on(file: Path) -> None:
    file.write_text(FILE.replace("hours = 0.5", "hours = 4"))
    command = [sys.executable, "-m", "pumphost.cli", "campaign", "small.toml", "--workers", "1", "--no-history"]
    killed = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert killed.stderr
    while not killed.stderr.readline().startswith(("1 of", "2 of", "3 of")):
        assert killed.poll() is None
    children = Path(f"/proc/{killed.pid}/task/{killed.pid}/children").read_text().split()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stderr.close()
    plan = read_plan(file)
    with Journal.open(Path("build/campaigns/small"), plan) as journal:
        done = len(journal)
    assert 1 <= done < 8
    assert children
    until = time.monotonic() + 60
    while any(_runs(pid) for pid in children):
        assert time.monotonic() < until, f"{children} go on without their command"
        time.sleep(0.05)
    result = run("campaign", "small.toml", "--no-history")
    assert f"{done} of 8 runs" in result.stderr
    whole = run("campaign", "small.toml", "--no-history", "--out", "whole")
    assert result.exit_code == whole.exit_code
    for name in ("results.parquet", "summary.json", "errors.svg"):
        assert Path("build/campaigns/small", name).read_bytes() == Path("whole", name).read_bytes()


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_packaged_campaign_is_one(tmp_path: Path) -> None:
    path = tmp_path / "factory-pumps.toml"
    path.write_text(run("example", "campaigns/factory-pumps").stdout)
    plan = read_plan(path)
    assert (plan.pumps, [one.name for one in plan.scenarios]) == (500, ["quiet", "busy"])
    assert os.path.basename(path) in path.read_text()
