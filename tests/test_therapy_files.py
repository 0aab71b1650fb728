"""Files that cannot be read at all: a sentence and the fix instead of a traceback."""

import subprocess
import sys

import pytest
from therapy_text import TEXT, changed

from pumphost.therapy import TherapyError, load, loads


def only_problem(call, argument):
    with pytest.raises(TherapyError) as caught:
        call(argument)
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file_is_named_with_the_one_that_was_meant(tmp_path):
    (tmp_path / "night.toml").write_text(TEXT)
    problem = only_problem(load, tmp_path / "nigth.toml")
    assert (problem.file, problem.line, problem.what) == (str(tmp_path / "nigth.toml"), 0, "does not exist")
    assert problem.fix == f"did you mean {tmp_path / 'night.toml'}?"
    assert str(problem) == f"{tmp_path / 'nigth.toml'}: does not exist; {problem.fix}"
    # that the ending is the same does not make it the one
    assert only_problem(load, tmp_path / "x.toml").fix == "check the path"


@pytest.mark.parametrize("path", ["", "no/such/folder/therapy.toml", "null\0byte.toml"])
def test_a_path_that_leads_nowhere(path):
    problem = only_problem(load, path)
    assert problem.what in ("does not exist", "cannot be read: embedded null byte")
    assert problem.fix.startswith("check the path")


def test_a_folder(tmp_path):
    problem = only_problem(load, tmp_path)
    assert (problem.what, problem.limits, problem.fix) == ("is a folder", "a file", "name a file in it")


@pytest.mark.parametrize(
    ("content", "byte"), [(b"[pump]\n\xff\xfe", 7), (TEXT.encode("utf-16"), 0), (b"\x7fELF\x80\x00", 4)]
)
def test_a_file_that_is_no_text(tmp_path, content, byte):
    path = tmp_path / "therapy.toml"
    path.write_bytes(content)
    problem = only_problem(load, path)
    assert problem.what == f"is not a text file: byte {byte} is not UTF-8"
    assert (problem.limits, problem.fix) == ("TOML text in UTF-8", "check the path, or save the file as UTF-8")


def test_a_file_that_is_much_too_large(tmp_path):
    path = tmp_path / "therapy.toml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    problem = only_problem(load, path)
    assert (problem.what, problem.limits) == ("is too large", "at most 1 MiB")
    path.write_bytes(TEXT.encode() + b"#" * ((1 << 20) - len(TEXT)))
    assert load(path).fill_nl == 18_000_000


def test_what_the_system_says_is_passed_on():
    problem = only_problem(load, "x" * 5000)
    assert (problem.what, problem.fix) == ("cannot be read: File name too long", "check the path and its permissions")


SYNTAX = [  # text, line, key, value, what was expected, fix
    (changed({11: "rate = 0.480 mL/day"}), 11, "program.step[0].rate", "0.480 mL/day",
     "expected newline or end of document", 'write the value in double quotes: rate = "0.480 mL/day"'),
    (changed({18: "lockout = 02:00"}), 18, "patient_bolus.lockout", "02:00",
     "expected newline or end of document", 'write the value in double quotes: lockout = "02:00"'),
    (changed({14: "rate = half # a comment"}), 14, "program.step[1].rate", "half # a comment",
     "invalid value", 'write the value in double quotes: rate = "half"'),
    (changed({2: "reservoir ="}), 2, "pump.reservoir", "", "invalid value", "write a value after reservoir ="),
    (changed({2: "reservoir"}), 2, "", "reservoir", "expected '=' after a key", 'write key = "value"'),
    (changed({1: "[pump"}), 1, "", "[pump", "expected ']'", "close the brackets of the header"),
    (changed({2: 'reservoir = "20 mL'}), 2, "pump.reservoir", '"20 mL', "has quotes that are not closed",
     "close the quotes before the end of the line"),
    (changed({13: 'start = "00:00"\nstart = "08:00"'}), 14, "program.step[1].start", '"08:00"',
     "repeats a key of its table", "write every key once in a table"),
    (changed({15: "[pump]"}), 15, "", "[pump]", "repeats a table", "write every [table] once"),
    (changed({9: "[program.step]", 12: "[program.step]"}), 12, "", "[program.step]", "repeats a table",
     "only [[tables in double brackets]] may repeat"),
    (changed({19: "max_per_24h = " + "9" * 5000}), 19, "patient_bolus.max_per_24h", "9" * 60 + "…",
     "has a number that is too long", "write a shorter number"),
    (changed({19: "max_per_24h = [1,\n\n"}), 19, "patient_bolus.max_per_24h", "[1,", "(end of the file)",
     'write key = "value"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "value", "what", "fix"), SYNTAX)
def test_a_syntax_error_says_where_and_what_was_expected(text, line, key, value, what, fix):
    problem = only_problem(loads, text)
    assert (problem.file, problem.line, problem.key, problem.value) == ("<string>", line, key, value)
    assert problem.what.startswith("cannot be read: ")
    assert what in problem.what
    assert fix in problem.fix
    assert problem.limits == 'TOML, lines of key = "value" under a [table]'


def test_brackets_without_end_are_no_crash():
    problem = only_problem(loads, "x = " + "[" * 100_000)
    assert (problem.line, problem.what) == (0, "is nested too deeply")


def test_a_number_that_is_too_long_on_an_early_line_is_found():
    problem = only_problem(loads, changed({2: "reservoir = " + "9" * 5000, 19: "max_per_24h = " + "9" * 5000}))
    assert problem.line == 2
    assert "has a number that is too long" in problem.what


def test_a_therapy_may_come_through_a_pipe():
    code = "import sys; from pumphost.therapy import load; print(load('/dev/stdin').fill_nl)"
    result = subprocess.run([sys.executable, "-c", code], input=TEXT, capture_output=True, text=True, check=True)
    assert result.stdout == "18000000\n"
