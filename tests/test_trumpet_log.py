"""Logs as balances and loggers write them: what is read, and what is refused with its line."""

import contextlib
import hashlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.metrology.balance_log import Layout, parse_log, read_log
from pumphil.metrology.errors import LogError

PLAIN = [(0, "12000.0"), (30_000_000, "12049.9"), (60_000_000, "12104.8")]


def read(text, **layout):
    raw = text if isinstance(text, bytes) else text.encode()
    log = parse_log(raw, "run.csv", Layout(**layout))
    return [(t, str(m.quantize(Decimal("0.1")))) for t, m in zip(log.time_us, log.mass_mg, strict=True)]


def refused(text, **layout):
    with pytest.raises(LogError) as caught:
        read(text, **layout)
    assert str(caught.value).startswith("run.csv")
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "time (s),mass (g)\n0,12.0000\n30,12.0499\n60,12.1048\n",
        "t/min;Weight [mg]\n0;12000.0\n0.5;12049.9\n1;12104.8\n",
        "time_s\tmass_mg\n0\t12000.0\n30\t12049.9\n60\t12104.8",
        "Time(ms) , Weight(kg)\r\n7000 , 0.0120000\r\n37000 , 0.0120499\r\n67000 , 0.0121048\r\n",
        "# balance XS205, 2026-01-31\n\nelapsed (h),net,unit\n0,12.0000,g\n" + "0.0083333333333,12.0499,g\n"
        "0.0166666666667,12.1048,g\n",
        "timestamp,weight\n2026-01-31T23:59:45,12.0000 g\n2026-02-01T00:00:15,12.0499 g\n"
        "2026-02-01T00:00:45,12.1048 g\n",
        "timestamp;weight (g);stable\n2026-01-31 08:00:00.5;+ 12.0000;1\n2026-01-31 08:00:30.5;+ 12.0499;0\n"
        "2026-01-31 08:01:00.5;+ 12.1048;1\n",
        "2026-01-31T08:00:00+01:00;ST,+0012.0000  g\n2026-01-31T07:00:30Z;US,+0012.0499  g\n"
        "2026-01-31T08:01:00+01:00;ST,+0012.1048  g\n",
        "08:00:00;S S    12.0000 g\n08:00:30;S D    12.0499 g\n08:01:00;S S    12.1048 g\n",
        "08:00:00,N     + 12.0000 g  \n08:00:30,N     + 12.0499 g ?\n08:01:00,N     + 12.1048 g  \n",
        "Date;Time;Mass (g)\n2026-01-31;08:00:00;12.0000\n2026-01-31;08:00:30;12.0499\n2026-01-31;08:01:00;12.1048\n",
        "2026-01-31 08:00:00 12.0000 g\n2026-01-31 08:00:30 12.0499 g\n2026-01-31 08:01:00 12.1048 g\n",
        "time [s]  mass [g]\n  0   12.0000\n 30   12.0499\n 60   12.1048\n",
        "time (s);mass (g);\n0;12.0000;\n30;12.0499;\n60;12.1048;\n",
        "time (s);mass (g)\n0;12.0000;\n30;12.0499;\n60;12.1048;;\n",
        "time (s);mass (g);note\n0;12.0000;\n30;12.0499;door opened\n60;12.1048;\n",
        '"time (s)","mass (g)"\n"0","12.0000"\n"30","12.0499"\n"60","12.1048"\n',
    ],
)
def test_the_same_readings_in_many_shapes(text):
    assert read(text) == PLAIN


def test_without_header_the_units_are_given():
    rows = "5,12.0000\n35,12.0499\n65,12.1048\n"
    assert read(rows, time_unit="s", mass_unit="g") == PLAIN
    assert refused(rows, mass_unit="g").line == 1
    assert "say --time-unit" in str(refused(rows, mass_unit="g"))
    assert "say --mass-unit" in str(refused(rows, time_unit="s"))


def test_columns_by_name_or_number():
    rows = "a,time (s),b,x (g)\n9,0,7,12.0000\n9,30,7,12.0499\n9,60,7,12.1048\n"
    assert read(rows, columns=("2", "4")) == PLAIN
    assert read(rows, columns=("time (s)", "x (g)")) == PLAIN
    assert "no column of a, time (s), b, x (g) is known to be of mass" in str(refused(rows))
    assert "no column 'mass'; there are: a, time (s), b, x (g)" in str(refused(rows, columns=("2", "mass")))
    assert "3 fields and no header; say which" in str(refused("0,1,2\n", time_unit="s", mass_unit="g"))
    assert "may all be of mass" in str(refused("t (s),net (g),gross (g)\n0,1,2\n"))


def test_windows_text_and_utf_16():
    text = "# 22 °C\ntime (s);mass (g)\n0;12.0000\n30;12.0499\n60;12.1048\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        assert read(text.encode(encoding)) == PLAIN
    assert "this is no text" in str(refused(b"PK\x03\x04\0\0"))


def test_a_decimal_comma_is_never_guessed():
    rows = "time (s);mass (g)\n0;12,0000\n30;12,0499\n60;12,1048\n"
    assert read(rows, decimal_comma=True) == PLAIN
    assert str(refused(rows)) == "run.csv, line 2: '12,0000' has a decimal comma; if it is one, say --decimal-comma"
    mixed = "time (s);mass (g)\n0;12,0000\n30;12.0499\n"
    assert refused(mixed, decimal_comma=True).line == 3
    assert "has a point" in str(refused(mixed, decimal_comma=True))
    commas = refused("time (s),mass (g)\n0,12,0000\n")
    assert commas.line == 2
    assert "3 fields where the first row has 2; cut off? or decimal commas in a file divided by commas?" in str(commas)
    assert refused("time (s);mass (g)\n0;1,234.5\n").line == 2


@pytest.mark.parametrize(
    "row, words",
    [
        ("30,----", "is no mass"),
        ("30,High", "is no mass"),
        ("30,12.0499 lb", "'lb' is no unit of mass that is known"),
        ("30,", "is no mass"),
        ("x,12.0499", "'x' is no number"),
        ("30", "is one field"),
        ("31.01.2026 08:00:00,12.0499", "order of day and month cannot be known"),
        ("2026-01-31T08:00:30,12.0499", "time is a date here and a number in line 2"),
        ("2026-13-31T08:00:30,12.0499", "is no date and time in ISO order"),
        ("-5,12.0499", "time runs back by 5 s"),
        ("30,12.0499,1", "3 fields where the first row has 2"),
        ("30,1e", "'e' is no unit of mass"),
        ("30,1e999999999", "is no mass"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(row, words):
    found = refused(f"time (s),mass (g)\n0,12.0000\n# a comment\n\n{row}\n60,12.1048\n")
    assert found.line == 5
    assert words in str(found)


def test_a_clock_past_midnight_is_told_as_such():
    found = refused("23:59:30,1.0 g\n00:00:00,1.1 g\n")
    assert found.line == 2
    assert "past midnight? log dates too" in str(found)


def test_equal_time_stamps_of_a_coarse_clock_are_read():
    assert [t for t, _ in read("0,1.0\n0,1.1\n1,1.2\n", time_unit="s", mass_unit="mg")] == [0, 0, 1_000_000]


def test_units_that_contradict_each_other_are_refused():
    assert "is in mg, but --mass-unit says g" in str(refused("0,12.0 mg\n", time_unit="s", mass_unit="g"))


@pytest.mark.parametrize("text", ["", "\n\n# only a comment\n", "time (s),mass (g)\n"])
def test_a_log_without_readings_is_refused(text):
    assert "it holds" in str(refused(text))


@pytest.mark.parametrize(
    "masses, step_mg",
    [
        (["20.0001", "20.0003", "20.0010"], 0.1),
        (["20.0002", "20.0004", "20.0010"], 0.2),
        (["20.0005", "20.0010", "20.0020"], 0.5),
        (["20.001", "20.002", "20.005"], 1.0),
        (["20.00010", "20.00020", "20.00010"], 0.1),
        (["20.0001", "20.0001", "20.0001"], 0.1),
        (["20.0001", "20.0008", "20.0001"], 0.1),  # a step of 7 is chance
    ],
)
def test_the_step_of_the_display_is_in_the_digits(masses, step_mg):
    rows = "".join(f"{n},{mass}\n" for n, mass in enumerate(masses))
    log = parse_log(rows.encode(), "run.csv", Layout(time_unit="s", mass_unit="g"))
    assert log.readability_mg == pytest.approx(step_mg)


def test_the_file_is_named_and_its_digest_kept(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"t (s),m (g)\n0,1\n1,2\n")
    log = read_log(path)
    assert (log.name, log.lines) == ("a.csv", (2, 3))
    assert log.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


WORDS = ["0", "30", "1.5", "-2", "1,5", "1e3", "g", "mg", "08:00:00", "2026-01-31T08:00:00Z", "ST", "", '"', "time"]
CELLS = st.sampled_from(WORDS)
LINES = st.lists(st.lists(CELLS, max_size=4).map(";".join) | st.text(max_size=12), max_size=6).map("\n".join)


@given(LINES.map(str.encode) | st.binary(max_size=80), st.booleans(), st.sampled_from([None, "g"]))
def test_whatever_the_file_holds_it_is_read_or_refused_in_words(raw, comma, unit):
    with contextlib.suppress(LogError):
        log = parse_log(raw, "run.csv", Layout(time_unit="s", mass_unit=unit, decimal_comma=comma))
        assert len(log.time_us) == len(log.mass_mg) == len(log.lines)
        assert list(log.time_us) == sorted(log.time_us)
        assert log.readability_mg > 0
