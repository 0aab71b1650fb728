"""`pumpbench init`: a commented therapy file from flags or from a person, and nothing written that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from cli_tools import one_sentence, run

from pumphost.therapy import Step, load, loads

BASIC = ("--fill", "18 mL", "--drug", "saline", "--concentration", "1 mg/mL", "--rate", "480 ug/day")
BOLUS = ("--bolus", "20 uL", "--duration", "00:10", "--lockout", "02:00", "--max-per-24h", "6")


def test_all_by_flags_is_a_therapy_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "therapy.toml"
    result = run("init", str(path), *BASIC, "--step", "08:00=960 ug/day", *BOLUS)
    assert result.exit_code == 0, result.stderr
    therapy = load(path)
    assert therapy.steps == (Step(0, 480_000), Step(480, 960_000))
    assert therapy.bolus is not None
    assert (therapy.bolus.volume_nl, therapy.bolus.max_per_24h) == (20_000, 6)
    assert path.read_text().count("# ") >= 10
    assert "a day    800 uL, 800 ug saline" in result.stdout


def test_one_rate_is_a_continuous_program_and_a_dash_is_stdout() -> None:
    text = run("init", "-", *BASIC, "--no-bolus").stdout
    therapy = loads(text)
    assert (therapy.mode, therapy.bolus) == ("continuous", None)
    assert 'rate = "480 ug/day"' in text  # as it was typed


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "therapy.toml"
    path.write_text("mine")
    result = run("init", str(path), *BASIC, "--no-bolus")
    assert result.exit_code == 2
    assert "was left as it is; name another file, or add --force" in one_sentence(result)
    assert path.read_text() == "mine"
    assert (
        json.loads(run("init", str(path), *BASIC, "--no-bolus", "--force", "--json").stdout)["day_total_nl"] == 480_000
    )
    assert load(path).drug == "saline"


@pytest.mark.parametrize(("arguments", "words"), [
    (BASIC, "add --bolus and its figures, or --no-bolus"),
    ((*BASIC[:-2], "--no-bolus"), "rate of the program is missing; add --rate"),
    ((*BASIC[:-1], "0,480 mL/day", "--no-bolus"), 'rate of the program "0,480 mL/day" has a comma'),
    ((*BASIC, "--step", "08:00", "--no-bolus"), 'has no "="'),
    ((*BASIC, "--step", "8:00=1 mL/day", "--no-bolus"), 'start of the step "8:00" is not of the form HH:MM'),
    ((*BASIC, "--step", "00:00=1 mL/day", "--no-bolus"), "overlaps"),
    ((*BASIC, *BOLUS, "--no-bolus"), "--no-bolus does not go with"),
    ((*BASIC, "--bolus", "20 uL", "--duration", "00:10", "--lockout", "2", "--max-per-24h", "6"), "hours or minutes"),
    ((*BASIC, "--reservoir", "10 mL", "--no-bolus"), "more than the reservoir holds"),
])  # fmt: skip
def test_nothing_is_written_that_is_wrong(tmp_path: Path, arguments, words) -> None:
    """HMI-02."""
    result = run("init", str(tmp_path / "therapy.toml"), *arguments)
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert list(tmp_path.iterdir()) == []


def test_a_person_is_asked_until_every_answer_is_right(tmp_path: Path, monkeypatch) -> None:
    typed = ["18 mL", "saline", "1 mg/mL", "480", "480 ug/day", "y", "20 uL", "10", "00:10", "02:00", "6"]
    monkeypatch.setattr("pumphost.cli.questions.at_terminal", lambda: True)
    monkeypatch.setattr("pumphost.cli.init.at_terminal", lambda: True)
    monkeypatch.setattr(typer, "prompt", lambda question, **options: typed.pop(0))
    monkeypatch.setattr(typer, "confirm", lambda question, **options: typed.pop(0) == "y")
    path = tmp_path / "therapy.toml"
    result = run("init", str(path))
    assert result.exit_code == 0, result.stderr
    assert typed == []
    assert 'rate of the program "480" has no unit' in result.stderr
    assert 'duration of the patient bolus "10" has no colon' in result.stderr
    assert load(path).day_total_nl == 480_000
