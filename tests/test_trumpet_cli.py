"""`pumpbench trumpet`: one command from a log to numbers, JSON and picture; refusals before and after reading."""

import json
from pathlib import Path

import pytest
from cli_tools import one_sentence, run

SAMPLES = Path(__file__).resolve().parent.parent / "docs" / "samples"
LOG = str(SAMPLES / "one-ml-per-day.csv")
BLANKS = ["--blank", str(SAMPLES / "blank-before.csv"), "--blank", str(SAMPLES / "blank-after.csv")]
SET = ["--rate", "1 mL/day", "--interval", "15"]
FULL = [LOG, *SET, "--analysis", "1440:2940", "--temperature", "22"]


def test_one_command_gives_numbers_json_and_picture(tmp_path):
    out, picture = tmp_path / "run.json", tmp_path / "run.svg"
    result = run("trumpet", *FULL, *BLANKS, "--json", str(out), "--plot", str(picture), "--packet", "5.39 uL")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "Flow test in the style of IEC 60601-2-24; no test of conformity"
    assert any(line.split()[:5] == ["60", "97", "+5.74", "-9.19", "0.74"] for line in lines)
    assert lines[-1].split(maxsplit=1) == ["verdict", "accept: |+1.07 %| + 0.15 % is within 5 %"]
    data = json.loads(out.read_text())
    assert data["overall"]["error_percent"] == pytest.approx(1.07, abs=0.005)
    assert data["verdict"]["outcome"] == "accept"
    assert picture.read_text().startswith("<?xml")
    *written, kept = result.stderr.splitlines()
    assert written == [f"written: {out}", f"written: {picture}"]
    assert "pumpbench runs show" in kept


def test_json_on_stdout_is_the_only_thing_there():
    result = run("trumpet", *FULL, *BLANKS, "--json", "-", "--windows", "60,930")
    data = json.loads(result.stdout)
    assert [row["window_min"] for row in data["trumpet"]] == [60, 930]
    assert result.stderr == ""


def test_an_open_vial_is_inconclusive_says_why_and_is_exit_code_1():
    result = run("trumpet", *FULL, "--evaporation", "2.8", "--tolerance", "7")
    assert result.exit_code == 1
    rows = [line.split(maxsplit=1) for line in result.stdout.splitlines() if line]
    (verdict,) = [text for name, text in rows if name == "verdict"]
    assert verdict.startswith("inconclusive: the limit of 7 % lies between")
    remedies = [line.removeprefix("to decide").strip() for line in result.stdout.splitlines() if "to decide " in line]
    assert len(remedies) == 3
    assert remedies[0].startswith("the uncertainty must fall from 2.0")
    assert "most of it is evaporation" in remedies[1]
    assert "a longer run does not help" in remedies[2]


def test_the_figures_of_the_budget_and_the_density_are_options():
    found = json.loads(
        run(
            "trumpet", LOG, *SET, "--evaporation", "0.127", "--density", "0.9982", "--json", "-",
            "--term", "air=0.2", "--term", "evaporation = 0.01",
        ).stdout
    )  # fmt: skip
    bases = {term["name"]: term["basis"] for term in found["budget"]}
    assert bases["air"] == "±0.2 uL, given"
    assert bases["evaporation"] == "0.01 mg/h, given"
    assert found["parameters"]["ul_per_mg"] == pytest.approx(1 / 0.9982)
    assert found["parameters"]["analysis_min"] == [0, 2940]


def test_a_log_that_says_nothing_of_itself(tmp_path):
    log = tmp_path / "bare.txt"
    log.write_text("".join(f"x;{2 * k};{10 + k},0;1\n" for k in range(31)))
    bare = ["trumpet", str(log), "--rate", "1 mL/h", "--interval", "2", "--evaporation", "0", "--json", "-"]
    says = ["--columns", "2,3", "--time-unit", "min", "--mass-unit", "mg", "--decimal-comma"]
    found = json.loads(run(*bare, *says).stdout)
    assert found["overall"]["corrected_gain_mg"] == pytest.approx(30)


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "the loss by evaporation is missing"),
        ([], "a cap with a 1 mm hole 0.13 mg/h"),
        (["--evaporation", "1", *BLANKS], "exclude each other"),
        (["--evaporation", "1", "--plot", "a.doc"], "cannot draw a.doc: its name ends in .doc; use .png, .svg"),
        (["--evaporation", "1", "--analysis", "60"], "--analysis '60' is no FROM:TO"),
        (["--evaporation", "1", "--analysis", "a:b"], "--analysis 'a' is no number of minutes"),
        (["--evaporation", "1", "--windows", "15,20"], "window of 20 min refused: it is no multiple"),
        (["--evaporation", "1", "--term", "air"], "--term 'air' is no NAME=VALUE"),
        (["--evaporation", "1", "--term", "wind=1"], "no uncertainty term 'wind'"),
        (["--evaporation", "1", "--columns", "1"], "--columns '1' is no TIME,MASS"),
        (["--evaporation", "1", "--mass-unit", "lb"], "--mass-unit 'lb' is not known; use g, mg, kg, ug"),
        (["--evaporation", "1", "--interval", "0.1"], "line 3: gap of 60 s before this reading"),
        (["--evaporation", "1", "--interval", "x"], "--interval 'x' is no number of minutes"),
        (["--evaporation", "1", "--rate", "1"], "1"),
        (["--evaporation", "1", "--packet", "5"], "5"),
        (["--control", "nowhere.csv"], "no log nowhere.csv"),
        (["--evaporation", "1", "--analysis", "0:3000"], "line 2942: the log ends here, at 2940 min, before 3000 min"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(options, words):
    result = run("trumpet", LOG, *SET, *options)
    assert result.exit_code == 2, result.stdout
    assert words in one_sentence(result)
    assert result.stdout == ""


def test_a_log_that_is_not_there_or_cannot_be_read():
    assert "no log nowhere.csv" in one_sentence(run("trumpet", "nowhere.csv", *SET, "--evaporation", "0"))
    assert "no log" in one_sentence(run("trumpet", str(SAMPLES), *SET, "--evaporation", "0"))


def test_nothing_is_left_behind_when_the_picture_cannot_be_written(tmp_path):
    result = run("trumpet", *FULL, *BLANKS, "--plot", str(tmp_path / "no" / "run.svg"))
    assert result.exit_code == 2
    assert "the folder" in one_sentence(result)
    assert list(tmp_path.iterdir()) == []


def test_a_control_vessel_beside_it(tmp_path):
    control = tmp_path / "control.csv"
    control.write_text("t (min),m (mg)\n" + "".join(f"{k},{5000 - 0.127 * k / 60:.1f}\n" for k in range(2941)))
    found = json.loads(run("trumpet", *FULL, "--control", str(control), "--json", "-").stdout)
    assert found["overall"]["error_percent"] == pytest.approx(1.07, abs=0.06)
    assert found["parameters"]["evaporation"].endswith("from the control vessel")
