"""diff, program, refill, prime and bridge as a person meets them: asked on a terminal, refused elsewhere.

Expected figures are those of the reference cases, by hand: a path of 0.335 mL, 200 ug/day of 1 mg/mL are 0.200 mL/day
and 40.2 h.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import typer
from cli_tools import THERAPY, one_sentence, pump_behind_every_port, run

from pumplink import codes

PATH = ("--tubing", "0.140 mL", "--supplied", "110 cm", "--trimmed", "35 cm", "--per-length", "0.0026 mL/cm")
BRIDGE = ("bridge", "--path", "0.335 mL", "--old-concentration", "1 mg/mL", "--old-dose", "200 ug/day", "--port", "x")


@pytest.fixture
def therapy(tmp_path: Path) -> str:
    path = tmp_path / "therapy.toml"
    path.write_text(THERAPY)
    return str(path)


@pytest.fixture
def pump(monkeypatch):
    """The scripted pump behind every port."""
    return pump_behind_every_port(monkeypatch)[0]


@pytest.fixture
def filled(pump):
    """The same after a fill of 20 mL, of which 7.215 mL are left."""
    pump.drug, pump.filled_nl = (b"saline\0\0", 1_000_000), 7_215_000
    values = (7_215_000, 20_000_000, 12_785_000, 5_184_000, *[(1 << 30) - 1] * 3, 0, 0, 0, 0, 0, *pump.drug)
    pump.say["GET_RESERVOIR"] = lambda _: b"\0" + struct.pack("<IIIIIIIIQHBH8sI", *values)
    return pump


@pytest.fixture
def answers(monkeypatch):
    """A person at the terminal: what is typed at each question, in order; what was asked is kept."""
    typed: list[str] = []
    asked: list[str] = []

    def answer(question, **options):
        asked.append(question)
        return typed.pop(0)

    monkeypatch.setattr("pumphost.cli.questions.at_terminal", lambda: True)
    monkeypatch.setattr("pumphost.cli.refill.at_terminal", lambda: True)
    monkeypatch.setattr(typer, "prompt", answer)
    monkeypatch.setattr(typer, "confirm", lambda question, **options: answer(question) == "y")
    return typed, asked


def acts(pump) -> list[str]:
    """Names of the requests that could change something."""
    return [name for name in pump.names if name.startswith(("PREPARE", "STAGE", "COMMIT", "STOP"))]


def sent(pump, name):
    return [values[1:] for heard, values in pump.heard if heard == name]


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


# -- a therapy ----------------------------------------------------------------------------------------


def test_check_shows_a_therapy_or_every_fault_with_line_and_key(therapy, tmp_path: Path) -> None:
    assert "a day 800 uL, 800 ug saline" in words(run("check", therapy).stdout)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(THERAPY.replace('"02:00"', '"2"').replace('"0.480 mL/day"', '"0,480 mL/day"'))
    result = run("check", str(wrong), "--json")
    assert result.exit_code == 2
    assert [(row["line"], row["key"]) for row in json.loads(result.stdout)["error"]["problems"]] == [
        (11, "program.step[0].rate"), (18, "patient_bolus.lockout"),
    ]  # fmt: skip


def test_diff_shows_both_sides_and_sends_nothing_that_acts(pump, therapy) -> None:
    result = run("diff", therapy, "--port", "x")
    assert result.exit_code == 0, result.stderr
    assert "volume a day none 800 uL new" in words(result.stdout)
    assert acts(pump) == []
    assert json.loads(run("diff", therapy, "--port", "x", "--json").stdout)["identical"] is False


def test_a_program_is_sent_only_after_it_was_shown_and_confirmed(pump, therapy) -> None:
    """HMI-01: without a terminal and without a flag it is refused, not waited for."""
    result = run("program", therapy, "--port", "x")
    assert result.exit_code == 2
    assert (
        "program not sent: it is not confirmed; read what is shown above, then add --yes"
        in result.stderr.splitlines()[-1]
    )
    assert "volume a day none 800 uL new" in words(result.stderr)
    assert acts(pump) == []
    assert run("program", therapy, "--yes", "--port", "x").exit_code == 0
    assert "PREPARE_PROGRAM" in acts(pump)


def test_a_person_is_asked_and_a_no_sends_nothing(pump, therapy, answers) -> None:
    """HMI-01."""
    answers[0].append("n")
    result = run("program", therapy, "--port", "x")
    assert (result.exit_code, acts(pump)) == (1, [])
    answers[0].append("y")
    assert run("program", therapy, "--port", "x").exit_code == 0
    assert "PREPARE_PROGRAM" in acts(pump)


def test_a_large_change_is_confirmed_once_more_with_both_values(pump, therapy, tmp_path: Path, answers) -> None:
    """HMI-03."""
    assert run("program", therapy, "--yes", "--port", "x").exit_code == 0
    pump.heard.clear()
    tenfold = tmp_path / "tenfold.toml"
    tenfold.write_text(THERAPY.replace('"0.960 mL/day"', '"9.600 mL/day"'))
    answers[0].extend("yn")
    result = run("program", str(tenfold), "--port", "x")
    assert (result.exit_code, acts(pump)) == (1, [])
    told = "large change: highest rate: 0.960 mL/day becomes 9.600 mL/day (+900.0 %, 10 times)"
    assert told in result.stderr.splitlines()
    answers[0].extend("yy")
    assert run("program", str(tenfold), "--port", "x").exit_code == 0
    assert len(answers[1]) == 4


def test_what_the_pump_itself_warns_of_is_asked_too(pump, therapy, answers) -> None:
    pump.warn = 1
    answers[0].extend(["y", "n"])
    result = run("program", therapy, "--port", "x")
    assert result.exit_code == 1
    assert "the pump warns: " in result.stderr
    assert "COMMIT" not in pump.names


def test_what_was_confirmed_in_the_review_is_not_asked_again(pump, therapy, tmp_path: Path, answers) -> None:
    """The pump warns of the same bolus; of its clock, which no review shows, it asks."""
    assert run("program", therapy, "--yes", "--port", "x").exit_code == 0
    larger = tmp_path / "larger.toml"
    larger.write_text(THERAPY.replace('"20 uL"', '"30 uL"'))
    pump.warn = codes.WARN_BOLUS
    answers[0].extend("yy")
    assert run("program", str(larger), "--port", "x").exit_code == 0
    assert len(answers[1]) == 2
    pump.warn = codes.WARN_CLOCK
    answers[0].extend("yyn")
    assert run("program", str(larger), "--port", "x").exit_code == 1


# -- refill -------------------------------------------------------------------------------------------


def test_a_refill_shows_its_arithmetic_and_is_confirmed(filled) -> None:
    """20 mL less 12.785 mL are 7.215 mL; withdrawn 5.4 mL: 1.815 mL less, delivered/programmed 14.6/12.785 = 1.142."""
    arguments = ("refill", "--filled", "18 mL", "--withdrawn", "5.4 mL", "--port", "x")
    result = run(*arguments)
    told = words(result.stderr)
    assert result.exit_code == 2
    assert "expected 20.000 mL filled - 12.785 mL delivered since = 7.215 mL" in told
    assert "withdrawn 5.400 mL: withdrawn 1.815 mL less than expected" in told
    assert any("delivered/programmed 1.142 ± 0.020 (syringe)" in line for line in told)
    assert any("more than 1 mL apart" in line for line in told)
    assert any("reservoir holds 7.215 mL 18.000 mL" in line for line in told)
    assert acts(filled) == []
    del filled.say["GET_RESERVOIR"]
    assert run(*arguments, "--yes").exit_code == 0
    assert sent(filled, "PREPARE_REFILL") == [(5_400_000, 18_000_000, b"saline\0\0", 1_000_000)]


def test_a_refill_asks_a_person_for_what_is_missing_until_it_is_right(filled, answers) -> None:
    answers[0].extend(["y", "7,2 mL", "7.2 mL", "18", "18 mL", "n"])
    result = run("refill", "--port", "x")
    assert result.exit_code == 1
    assert answers[0] == []
    assert 'withdrawn volume "7,2 mL" has a comma' in result.stderr
    assert 'filled volume "18" has no unit' in result.stderr
    assert acts(filled) == []


def test_a_refill_without_a_terminal_names_the_flag_before_it_opens_a_port(pump) -> None:
    result = run("refill", "--port", "x")
    assert result.exit_code == 2
    assert one_sentence(result).startswith('filled volume is missing; add --filled "18 mL"')
    assert pump.names == []


def test_an_overfill_is_refused_with_what_to_fill(filled) -> None:
    """RES-08: 18 mL on top of 3 mL are 1 mL more than 20 mL."""
    result = run("refill", "--filled", "18 mL", "--left", "3 mL", "--yes", "--port", "x")
    assert result.exit_code == 2
    assert "fill 1 mL less" in one_sentence(result)


def test_a_new_concentration_is_confirmed_once_more_and_leads_on(filled) -> None:
    """HMI-03: the dose of the same volume doubles."""
    arguments = ("refill", "--filled", "18 mL", "--concentration", "2 mg/mL", "--yes", "--port", "x")
    result = run(*arguments)
    assert result.exit_code == 2
    assert "large change: concentration: 1 mg/mL becomes 2 mg/mL" in result.stderr
    assert "program it again, then bridge and start" in result.stderr
    assert acts(filled) == []


def test_a_refill_that_reads_back_as_another_is_not_called_done(filled) -> None:
    """HMI-04: the scripted pump goes on saying 20 mL."""
    result = run("refill", "--filled", "18 mL", "--yes", "--port", "x")
    assert result.exit_code == 1
    assert "the refill was committed, but the pump says 20.000 mL" in result.stderr


# -- prime and bridge ---------------------------------------------------------------------------------


def test_a_prime_is_worked_out_from_the_path(filled) -> None:
    """(110 - 35) cm x 0.0026 mL/cm = 0.195 mL, with 0.140 mL of tubing 0.335 mL: 20.1 min at 1 mL/h, 335 ug."""
    arguments = ("prime", "--case", "new-pump-and-catheter", *PATH, "--port", "x")
    result = run(*arguments, "--yes-disconnected")
    told = words(result.stderr)
    assert result.exit_code == 2
    assert "path tubing 140 uL + catheter (110 cm - 35 cm) x 0.0026 mL/cm = 195 uL: 335 uL" in told
    assert "takes 20.1 min at 1 mL/h; stop it if it lasts twice as long" in told
    assert "moves 335 ug of saline, 1 mg/mL" in told
    assert any("reservoir holds 7.215 mL 6.880 mL" in line for line in told)
    assert acts(filled) == []
    assert run(*arguments, "--yes-disconnected", "--yes").exit_code == 0
    assert sent(filled, "PREPARE_PRIME") == [(335_000, 0)]


def test_a_prime_needs_the_outlet_confirmed_apart(filled) -> None:
    result = run("prime", "50 uL", "--yes", "--port", "x")
    assert result.exit_code == 2
    assert "add --yes-disconnected" in result.stderr
    assert acts(filled) == []


def test_a_large_prime_goes_in_orders_one_after_the_other(filled, monkeypatch) -> None:
    """0.9 mL and 0.14 mL are 1.04 mL: 0.5 + 0.5 + 0.04 mL, the next when the one before is done."""
    slept = []
    filled.say["GET_ORDER"] = lambda values: (
        b"\0" + struct.pack("<IBBIIQ", values[0], 0x25, 3 if len(slept) % 2 else 4, 500_000, 0, 7)
    )
    monkeypatch.setattr("pumphost.cli.fluid.time.sleep", slept.append)
    arguments = ("--tubing", "0.140 mL", "--catheter", "0.9 mL", "--yes", "--yes-disconnected", "--port", "x", "--json")
    result = run("prime", "--case", "new-pump-and-catheter", *arguments)
    assert result.exit_code == 0, result.stderr
    assert [volume for volume, _ in sent(filled, "PREPARE_PRIME")] == [500_000, 500_000, 40_000]
    assert json.loads(result.stdout)["plan"]["orders_nl"] == [500_000, 500_000, 40_000]


def test_lengths_that_cannot_be_right_are_refused(pump) -> None:
    lengths = ("--supplied", "35 cm", "--trimmed", "75 cm", "--per-length", "0.0026 mL/cm")
    result = run("prime", "--case", "new-catheter", "--tubing", "0.140 mL", *lengths, "--port", "x")
    assert result.exit_code == 2
    assert "enter the length cut off, not the length left" in one_sentence(result)
    assert pump.names == []


def test_a_bridge_is_worked_out_from_path_and_old_dose(filled) -> None:
    """0.2 mg/day / 1 mg/mL = 0.200 mL/day; 0.335 / 0.200 days = 40.2 h = 1 d 16:12."""
    result = run(*BRIDGE)
    told = words(result.stderr)
    assert result.exit_code == 2
    assert "rate 200 ug/day / 1 mg/mL = 0.200 mL/day" in told
    assert "takes 335 uL / 0.200 mL/day = 1 d 16:12; then the new drug is at the tip" in told
    assert acts(filled) == []
    done = run(*BRIDGE, "--yes")
    assert done.exit_code == 0, done.stderr
    assert sent(filled, "PREPARE_BRIDGE") == [(335_000, 200_000)]
    assert run("bridge", "--end", "--yes", "--port", "x").exit_code == 0
    assert sent(filled, "PREPARE_BRIDGE")[1][0] == 0


def test_a_second_bridge_is_refused_while_one_is_on_its_way(filled) -> None:
    filled.settings = (*filled.settings[:9], 100_000, 200_000, 0)
    result = run(*BRIDGE, "--yes")
    assert result.exit_code == 2
    assert "another bridge has 0.1 mL left" in one_sentence(result)


@pytest.mark.parametrize(("arguments", "flag"), [
    (("prime",), "--case"),
    (("prime", "--case", "new-pump"), "--tubing"),
    (("prime", "--case", "new-pump", "--tubing", "0.140 mL"), "--supplied"),
    (("bridge", "--path", "0.335 mL"), "--old-concentration"),
    (("bridge", "--path", "0.335 mL", "--old-concentration", "1 mg/mL"), "--old-dose"),
])  # fmt: skip
def test_without_a_terminal_what_is_missing_names_its_flag(pump, arguments, flag) -> None:
    result = run(*arguments, "--port", "x")
    assert result.exit_code == 2
    assert f"is missing; add {flag} " in one_sentence(result)
    assert pump.names == []
