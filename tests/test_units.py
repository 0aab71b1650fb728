"""Units: exact numbers, one spelling, and a sentence for everything else.

Expected numbers are worked out by hand: 1 mL = 1 000 000 nL, 1 day = 24 h = 1440 min, 1 mg = 1 000 000 ng.
"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphost import units
from pumphost.errors import PumpError, UnitError

NL = {"nL": 1, "uL": 1_000, "µL": 1_000, "μL": 1_000, "mL": 1_000_000, "L": 1_000_000_000}
PER_DAY = {"day": 1, "d": 1, "h": 24, "hour": 24, "min": 1440}
NG = {"ng": 1, "ug": 1_000, "µg": 1_000, "mg": 1_000_000, "g": 1_000_000_000}
PER_ML = {"mL": 1, "uL": 1_000, "L": Fraction(1, 1000)}

READ = [
    (units.parse_volume_nl, "20 uL", 20_000),
    (units.parse_volume_nl, "20 \u00b5L", 20_000),  # micro sign
    (units.parse_volume_nl, "20 \u03bcL", 20_000),  # Greek letter mu
    (units.parse_volume_nl, "0.02 mL", 20_000),
    (units.parse_volume_nl, "0.000001 mL", 1),
    (units.parse_volume_nl, "0.020000000 mL", 20_000),
    (units.parse_volume_nl, "215.5 uL", 215_500),
    (units.parse_volume_nl, "0 L", 0),
    (units.parse_rate_nl_per_day, "0.480 mL/day", 480_000),
    (units.parse_rate_nl_per_day, "20 uL/h", 480_000),
    (units.parse_rate_nl_per_day, "1 mL/hour", 24_000_000),
    (units.parse_rate_nl_per_day, "1 nL/min", 1_440),
    (units.parse_rate_nl_per_day, "0.024 L/d", 24_000_000),
    (units.parse_concentration_ng_per_ml, "1 mg/mL", 1_000_000),
    (units.parse_concentration_ng_per_ml, "1 g/L", 1_000_000),
    (units.parse_concentration_ng_per_ml, "0.5 µg/uL", 500_000),
    (units.parse_clock_min, "00:00", 0),
    (units.parse_clock_min, "08:05", 485),
    (units.parse_clock_min, "23:59", 1439),
    (units.parse_duration_ms, "00:10", 600_000),
    (units.parse_duration_ms, "02:00", 7_200_000),
    (units.parse_duration_ms, "24:00", 86_400_000),
]

VOLUME = "a number, one space and uL, mL, nL or L"
REFUSED = [  # text, what is wrong, fix
    ("", "is empty", '"20 uL"'),
    (".5 uL", "has no digit before the point", '"0.5 uL"'),
    ("5. uL", "has no digit after the point", '"5 uL"'),
    ("5,0 uL", "has a comma", "a point before the decimals"),
    ("1,000 uL", "has a comma", "nothing between thousands"),
    ("1e3 uL", "has an exponent", '"1000 uL"'),
    ("1.5E-2 mL", "has an exponent", '"0.015 mL"'),
    ("1e999999999 uL", "has an exponent", "all its digits"),
    ("+1 uL", "has a sign", '"1 uL"'),
    ("-1 uL", "is negative", "without a sign"),
    ("\u22121 uL", "is negative", "without a sign"),  # the typographic minus
    ("\uff11 uL", "has digits that are not 0 to 9", '"1 uL"'),  # full-width 1
    ("1\uff0e5 uL", "has digits that are not 0 to 9", '"1.5 uL"'),  # full-width point
    ("\u0663 uL", "has digits that are not 0 to 9", '"3 uL"'),  # Arabic 3
    ("1_000 uL", "has an underscore in the number", '"1000 uL"'),
    ("1 000 uL", "has a space in the number", "without spaces"),
    ("1.2.3 mL", "has two points", "one number with one point"),
    ("05 mL", "begins with a zero too many", "never 05"),
    ("20", "has no unit", "write the unit too"),
    ("0.480", "has no unit", "write the unit too"),
    ("20uL", "has no space before its unit", '"20 uL"'),
    ("20  uL", "needs one plain space before its unit", '"20 uL"'),
    ("20\u00a0uL", "needs one plain space before its unit", '"20 uL"'),
    ("20 u L", "has a space too many", '"20 uL"'),
    (" 20 uL", "has a space before or after it", '"20 uL"'),
    ("20 uL\n", "has a space before or after it", '"20 uL"'),
    ("20 uL or so", "has text after its unit", '"20 uL"'),
    ("20 uL\u00a0or so", "has text after its unit", '"20 uL"'),
    ("20{0}", "has no space before its unit", '"20 {0}"'),
    (".5 m L", "has no digit before the point", '"0.5 m L"'),
    ("uL", "does not begin with a number", '"20 uL"'),
    ("nan uL", "does not begin with a number", '"20 uL"'),
    ("1/2 mL", "is two numbers", '"20 uL"'),
    ("20 ul", 'has the unit "ul", written "uL" here', '"20 uL"'),
    ("20 ML", 'has the unit "ML", written "mL" here', '"20 mL"'),
    ("20 cc", 'has the unit "cc", written "mL" here', '"20 mL"'),
    ("20 gallon", 'has the foreign unit "gallon", a unit of volume', "convert it"),
    ("20 mg", 'has the foreign unit "mg", a unit of mass', "convert it"),
    ("20 drops", 'has the foreign unit "drops"', "convert it"),
    ("20 uL/h", "is a rate, not a volume", '"20 uL"'),
    ("9" * 41 + " uL", "is too long", '"20 uL"'),
    (20, "is a bare number", "with the quotes"),
    (0.02, "is a bare number", "with the quotes"),
    (True, "is not a text in quotes", "with the quotes"),
    (None, "is not a text in quotes", "with the quotes"),
]

REFUSED_ELSEWHERE = [  # what reads, text, what is wrong, allowed, fix
    (units.parse_rate_nl_per_day, "20 uL", "is a volume, not a rate", "per day, d, h, hour or min", "mL/day"),
    (units.parse_rate_nl_per_day, "0.480 ml/Day", 'written "mL/day" here', "per day", '"0.480 mL/day"'),
    (units.parse_rate_nl_per_day, "1 mL/hr", 'written "mL/h" here', "per day", '"1 mL/h"'),
    (units.parse_rate_nl_per_day, "1 mL / h", "has a space too many", "per day", '"1 mL/h"'),
    (units.parse_rate_nl_per_day, "0.5 mg/day", "a unit of mass per time", "per day", "convert it"),
    (units.parse_rate_nl_per_day, "1 mL/week", 'the foreign unit "mL/week", a unit of rate', "per day", "convert it"),
    (units.parse_concentration_ng_per_ml, "1 mcg/mL", 'written "ug/mL" here', "per mL, uL or L", '"1 ug/mL"'),
    (units.parse_concentration_ng_per_ml, "1 mmol/L", "a unit of molar concentration", "per mL", "convert it"),
    (units.parse_concentration_ng_per_ml, "1 %", 'the foreign unit "%"', "per mL", "convert it"),
    (units.parse_clock_min, "24:00", "is the end of the day, not a time in it", "00:00 to 23:59", '"00:00"'),
    (units.parse_clock_min, "24:01", "is later than the end of the day", "00:00 to 23:59", '"23:59"'),
    (units.parse_clock_min, "8:00", "is not of the form HH:MM", "HH:MM", '"08:00"'),
    (units.parse_clock_min, "2:5", "is not of the form HH:MM", "HH:MM", "two digits, a colon and two digits"),
    (units.parse_clock_min, "08:00:00", "has seconds", "HH:MM", '"08:00"'),
    (units.parse_clock_min, "\uff10\uff18:00", "is not of the form HH:MM", "HH:MM", "two digits"),
    (units.parse_duration_ms, "120 min", "has a unit", "HH:MM in hours and minutes", '"02:00"'),
    (units.parse_duration_ms, "00:60", "has more than 59 minutes", "HH:MM", "00 to 59"),
    (units.parse_duration_ms, "-01:00", "is not of the form HH:MM", "HH:MM", "two digits"),
    (units.parse_duration_ms, 120, "is a bare number", "HH:MM", "with the quotes"),
]

SHOWN = [
    (units.format_volume(17_500_000), "17.500 mL"),
    (units.format_volume(17_499_784), "17.499784 mL"),
    (units.format_volume(1_000_000), "1.000 mL"),
    (units.format_volume(999_999), "999.999 uL"),
    (units.format_volume(20_000), "20 uL"),
    (units.format_volume(215_500), "215.5 uL"),
    (units.format_volume(1), "0.001 uL"),
    (units.format_volume(0), "0 uL"),
    (units.format_volume(-1_500_000), "-1.500 mL"),
    (units.format_volume(17_499_784, digits=3), "17.500 mL"),
    (units.format_volume(20_000, digits=2), "0.02 mL"),
    (units.format_rate(480_000), "0.480 mL/day"),
    (units.format_rate(24_000_000), "24.000 mL/day"),
    (units.format_rate(48_001), "0.048001 mL/day"),
    (units.format_rate(48_001, digits=3), "0.048 mL/day"),
    (units.format_concentration(1_000_000), "1 mg/mL"),
    (units.format_concentration(1_500), "0.0015 mg/mL"),
    (units.format_duration(7_200_000), "02:00"),
    (units.format_duration(129_600_000), "36:00"),
    (units.format_duration(412_000), "412 s"),
    (units.format_duration(1_500), "1.5 s"),
    (units.format_duration(360_000_000), "360000 s"),
    (units.format_time_left(411_001), "412 s"),
    (units.format_time_left(3_599_000), "3599 s"),
    (units.format_time_left(3_600_000), "01:00 h"),
    (units.format_time_left(7_199_000), "02:00 h"),
    (units.format_clock(485), "08:05"),
]


@pytest.mark.parametrize(("parse", "text", "expected"), READ)
def test_reads_exactly(parse, text, expected):
    result = parse(text)
    assert result == expected
    assert type(result) is int


@pytest.mark.parametrize(("text", "what", "fix"), REFUSED)
def test_refuses_with_its_own_sentence_and_the_fix(text, what, fix):
    with pytest.raises(UnitError) as caught:
        units.parse_volume_nl(text)
    error = caught.value
    assert error.message.startswith(what)
    assert error.limits == VOLUME
    assert fix in error.fix
    assert "{" not in error.fix.replace("{0}", "")
    assert f"{error.message}; allowed: {error.limits}; {error.fix}" in str(error)
    assert isinstance(error, PumpError)


@pytest.mark.parametrize(("parse", "text", "what", "allowed", "fix"), REFUSED_ELSEWHERE)
def test_every_kind_of_quantity_refuses_in_words(parse, text, what, allowed, fix):
    with pytest.raises(UnitError) as caught:
        parse(text)
    assert what in caught.value.message
    assert allowed in caught.value.limits
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("parse", "text", "unit", "fix"),
    [
        (units.parse_volume_nl, "0.0015 uL", "1 nL", 'write "0.001 uL" or "0.002 uL"'),
        (units.parse_rate_nl_per_day, "0.0000001 mL/h", "1 nL/day", 'write "0.000002 mL/day" or "0.000003 mL/day"'),
        (units.parse_concentration_ng_per_ml, "0.0000015 mg/mL", "1 ng/mL", '"0.000001 mg/mL" or "0.000002 mg/mL"'),
    ],
)
def test_refuses_what_is_finer_than_the_whole_number(parse, text, unit, fix):
    with pytest.raises(UnitError) as caught:
        parse(text)
    assert caught.value.message == f"is finer than {unit}"
    assert fix in caught.value.fix


def test_the_end_of_the_day_is_a_time_only_where_asked_for():
    assert units.parse_clock_min("24:00", end_of_day=True) == 1440
    with pytest.raises(UnitError, match="is later than the end of the day"):
        units.parse_clock_min("24:01", end_of_day=True)


@pytest.mark.parametrize(("text", "expected"), SHOWN)
def test_shows(text, expected):
    assert text == expected


@st.composite
def decimals(draw):
    """A plain decimal number as text, with its exact value."""
    whole, digits = draw(st.integers(0, 10**9)), draw(st.integers(0, 9))
    part = draw(st.integers(0, 10**digits - 1))
    text = f"{whole}.{part:0{digits}d}" if digits else str(whole)
    return text, whole + Fraction(part, 10**digits)


def check_exact(parse, text, exact):
    """`parse` gives exactly that whole number, or refuses what is none."""
    if exact.denominator == 1:
        assert parse(text) == exact
    else:
        with pytest.raises(UnitError, match="is finer than 1 n"):
            parse(text)


@given(decimals(), st.sampled_from(sorted(NL)))
def test_every_volume_is_exact_or_refused(number, unit):
    check_exact(units.parse_volume_nl, f"{number[0]} {unit}", number[1] * NL[unit])


@given(decimals(), st.sampled_from(sorted(NL)), st.sampled_from(sorted(PER_DAY)))
def test_every_rate_is_exact_or_refused(number, volume, time):
    exact = number[1] * NL[volume] * PER_DAY[time]
    check_exact(units.parse_rate_nl_per_day, f"{number[0]} {volume}/{time}", exact)


@given(decimals(), st.sampled_from(sorted(NG)), st.sampled_from(sorted(PER_ML)))
def test_every_concentration_is_exact_or_refused(number, mass, volume):
    exact = number[1] * NG[mass] * PER_ML[volume]
    check_exact(units.parse_concentration_ng_per_ml, f"{number[0]} {mass}/{volume}", exact)


@given(st.integers(0, 10**12))
def test_what_is_shown_reads_back_as_the_same_number(number):
    assert units.parse_volume_nl(units.format_volume(number)) == number
    assert units.parse_rate_nl_per_day(units.format_rate(number)) == number
    assert units.parse_concentration_ng_per_ml(units.format_concentration(number)) == number


@given(st.integers(0, 1439), st.integers(0, 99 * 60 + 59))
def test_times_that_are_shown_read_back(minute, minutes):
    assert units.parse_clock_min(units.format_clock(minute)) == minute
    assert units.parse_duration_ms(units.format_duration(minutes * 60_000)) == minutes * 60_000


def number_or_refusal(parse, text):
    """What comes of a text: a number, or the words of its refusal; anything else ends the test."""
    try:
        return parse(text)
    except UnitError as exc:
        return f"{exc.message} {exc.limits} {exc.fix}"


@given(st.text(max_size=45))
def test_any_text_is_a_time_or_refused_but_nothing_else(text):
    clock, duration = (number_or_refusal(parse, text) for parse in (units.parse_clock_min, units.parse_duration_ms))
    assert isinstance(clock, str) or (0 <= clock < 1440 and duration == clock * 60_000)
    assert not isinstance(duration, str) or "write" in duration


@given(st.from_regex(r"\A[0-9+\-.,eE_ \u00a0\uff11]{0,12}( ?[unmµL]{1,3})?\Z"))
def test_number_like_text_is_read_or_refused_but_nothing_else(text):
    result = number_or_refusal(units.parse_volume_nl, text)
    assert "write" in result if isinstance(result, str) else result >= 0
