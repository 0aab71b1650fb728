"""Therapy files that are wrong: each fault is named with file, line, key, value, limits and the fix.

Line numbers count in `therapy_text`; a case replaces one or two of its lines.
"""

import pytest
from therapy_text import TEXT, changed

from pumphost.therapy import TherapyError, loads

RATE = "0 (stopped) or 0.048 mL/day to 24.000 mL/day"
TILING = "steps from 00:00 to 24:00 without gap or overlap"
LOCKOUT = "00:05 to 24:00, not shorter than the bolus"
CASES = {  # name: (lines changed, line of the problem, key, value, what, limits, fix)
    "gap": ({10: 'start = "01:00"'},
        10, "program.step[0].start", '"01:00"', "leaves a gap: no rate from 00:00 to 01:00", TILING, '"00:00"'),
    "gap before an end": ({10: 'start = "00:00"\nend = "07:30"'},
        11, "program.step[0].end", '"07:30"', "leaves a gap: 07:30 to 08:00 before the next step (line 13)", TILING,
        '"08:00"'),
    "gap at the end of the day": ({13: 'start = "08:00"\nend = "23:00"'},
        14, "program.step[1].end", '"23:00"', "leaves a gap: 23:00 to 24:00 before the end of the day", TILING,
        '"24:00"'),
    "overlap": ({10: 'start = "00:00"\nend = "09:00"'},
        11, "program.step[0].end", '"09:00"', "overlaps: 08:00 to 09:00 is also in the next step (line 13)", TILING,
        '"08:00"'),
    "two steps at once": ({13: 'start = "00:00"'},
        13, "program.step[1].start", '"00:00"', "overlaps: the step at line 10 starts at 00:00 too", TILING,
        "remove one"),
    "steps not in order": ({14: 'rate = "1 mL/day"\n[[program.step]]\nstart = "07:00"\nrate = "1 mL/day"'},
        16, "program.step[2].start", '"07:00"', "overlaps: it starts before the step at line 13 (08:00)", TILING,
        "sort"),
    "step over midnight": ({10: 'start = "00:00"\nend = "00:00"'},
        11, "program.step[0].end", '"00:00"', "is not later than the start 00:00", TILING, "becomes two"),
    "last end at 00:00": ({13: 'start = "08:00"\nend = "00:00"'},
        14, "program.step[1].end", '"00:00"', "is not later than the start 08:00", TILING, '"24:00"'),
    "start at 24:00": ({13: 'start = "24:00"'},
        13, "program.step[1].start", '"24:00"', "is the end of the day, not a time in it", "00:00 to 23:59", '"00:00"'),
    "start with seconds": ({13: 'start = "08:00:30"'},
        13, "program.step[1].start", '"08:00:30"', "has seconds", "00:00 to 23:59", '"08:00"'),
    "start without quotes": ({13: "start = 08:00:00"},
        13, "program.step[1].start", "08:00:00", "is not a text in quotes", "00:00 to 23:59", "with the quotes"),
    "rate without unit": ({14: 'rate = "0.960"'},
        14, "program.step[1].rate", '"0.960"', "has no unit", RATE, "write the unit too"),
    "rate as a number": ({14: "rate = 0.960"},
        14, "program.step[1].rate", "0.960", "is a bare number", RATE, "with the quotes"),
    "rate in a foreign unit": ({14: 'rate = "0.960 IU/day"'},
        14, "program.step[1].rate", '"0.960 IU/day"', 'has the foreign unit "IU/day"', RATE, "convert it"),
    "rate that is a volume": ({14: 'rate = "0.960 mL"'},
        14, "program.step[1].rate", '"0.960 mL"', "is a volume, not a rate", RATE, "write a rate"),
    "rate too high": ({14: 'rate = "24.000001 mL/day"'},
        14, "program.step[1].rate", '"24.000001 mL/day"', "is too large", RATE, '"24.000 mL/day" or less'),
    "rate too low": ({14: 'rate = "0.047999 mL/day"'},
        14, "program.step[1].rate", '"0.047999 mL/day"', "is too small", RATE, '"0.048 mL/day" or more, or "0 mL/day"'),
    "rate finer than 1 nL/day": ({14: 'rate = "0.9600005 mL/day"'},
        14, "program.step[1].rate", '"0.9600005 mL/day"', "is finer than 1 nL/day", RATE, '"0.960001 mL/day"'),
    "max_per_24h -1": ({19: "max_per_24h = -1"},
        19, "patient_bolus.max_per_24h", "-1", "is too small", "0 to 24, 0 disables the patient bolus", "0 or more"),
    "max_per_24h 25": ({19: "max_per_24h = 25"},
        19, "patient_bolus.max_per_24h", "25", "is too large", "0 to 24", "24 or less"),
    "max_per_24h in quotes": ({19: 'max_per_24h = "6"'},
        19, "patient_bolus.max_per_24h", '"6"', "is not a whole number", "0 to 24", "without quotes"),
    "max_per_24h with a point": ({19: "max_per_24h = 6.0"},
        19, "patient_bolus.max_per_24h", "6.0", "is not a whole number", "0 to 24", "without quotes"),
    "max_per_24h true": ({19: "max_per_24h = true"},
        19, "patient_bolus.max_per_24h", "true", "is not a whole number", "0 to 24", "without quotes"),
    "lockout shorter than the bolus": ({17: 'duration = "00:30"', 18: 'lockout = "00:20"'},
        18, "patient_bolus.lockout", '"00:20"', "is shorter than the bolus, 00:30 (line 17)", LOCKOUT,
        '"00:30" or more'),
    "lockout too short": ({17: 'duration = "00:01"', 18: 'lockout = "00:04"'},
        18, "patient_bolus.lockout", '"00:04"', "is too small", LOCKOUT, '"00:05" or more'),
    "lockout too long": ({18: 'lockout = "24:01"'},
        18, "patient_bolus.lockout", '"24:01"', "is too large", LOCKOUT, '"24:00" or less'),
    # 0.5 mL at the 4 mL/day that 20 mL/day leave: 1/8 day; within 2 h it needs 6 mL/day of room
    "lockout shorter than the stretched bolus": ({14: 'rate = "20 mL/day"', 16: 'volume = "500 uL"'},
        18, "patient_bolus.lockout", '"02:00"',
        "is shorter than the bolus of 500 uL, stretched to 03:00 by 20.000 mL/day",
        "basal and bolus together at most 24.000 mL/day",
        '"03:00" or more, or lower the highest program rate to 18.000 mL/day or less'),
    # 0.5 mL take 30 min even at 24 mL/day: no program rate helps
    "lockout below any stretched bolus": ({16: 'volume = "500 uL"', 17: 'duration = "00:05"', 18: 'lockout = "00:05"'},
        18, "patient_bolus.lockout", '"00:05"', "stretched to 00:32 by 0.960 mL/day", LOCKOUT, 'write "00:32" or more'),
    "no room for a bolus": ({14: 'rate = "24 mL/day"'},
        16, "patient_bolus.volume", '"20 uL"', "has no room: the highest program rate is 24.000 mL/day",
        "basal and bolus together at most 24.000 mL/day", "lower that rate, or leave out [patient_bolus]"),
    "bolus too small": ({16: 'volume = "0.999 uL"'},
        16, "patient_bolus.volume", '"0.999 uL"', "is too small", "1 uL to 500 uL", '"1 uL" or more'),
    "bolus too large": ({16: 'volume = "0.500001 mL"'},
        16, "patient_bolus.volume", '"0.500001 mL"', "is too large", "1 uL to 500 uL", '"500 uL" or less'),
    "bolus unit misspelt": ({16: 'volume = "20 ul"'},
        16, "patient_bolus.volume", '"20 ul"', 'written "uL" here', "1 uL to 500 uL", '"20 uL"'),
    "bolus too short": ({17: 'duration = "00:00"'},
        17, "patient_bolus.duration", '"00:00"', "is too small", "00:01 to 01:00", '"00:01" or more'),
    "bolus too long": ({17: 'duration = "01:01"'},
        17, "patient_bolus.duration", '"01:01"', "is too large", "00:01 to 01:00", '"01:00" or less'),
    "fill above the reservoir": ({4: 'volume = "20.000001 mL"'},
        4, "fill.volume", '"20.000001 mL"', "is more than the reservoir holds, 20.000 mL (line 2)",
        "more than 500 uL, at most the reservoir", '"20.000 mL" or less'),
    "fill at the empty threshold": ({4: 'volume = "0.5 mL"'},
        4, "fill.volume", '"0.5 mL"', "is too small", "more than 500 uL, at most the reservoir",
        "write more than that"),
    "reservoir too large": ({2: 'reservoir = "100.001 mL"'},
        2, "pump.reservoir", '"100.001 mL"', "is too large", "1.000 mL to 100.000 mL", '"100.000 mL" or less'),
    "reservoir too small": ({2: 'reservoir = "999 uL"', 4: 'volume = "0.6 mL"'},
        2, "pump.reservoir", '"999 uL"', "is too small", "1.000 mL to 100.000 mL", '"1.000 mL" or more'),
    "concentration too high": ({6: 'concentration = "500.1 mg/mL"'},
        6, "fill.concentration", '"500.1 mg/mL"', "is too large", "0.001 mg/mL to 500 mg/mL", '"500 mg/mL" or less'),
    "concentration too low": ({6: 'concentration = "0.9 ug/mL"'},
        6, "fill.concentration", '"0.9 ug/mL"', "is too small", "0.001 mg/mL to 500 mg/mL", '"0.001 mg/mL" or more'),
    "drug too long": ({5: 'drug = "ziconotide"'},
        5, "fill.drug", '"ziconotide"', "has 10 characters", "1 to 8 printable ASCII characters", "shorten it by 2"),
    "drug empty": ({5: 'drug = ""'},
        5, "fill.drug", '""', "is empty", "1 to 8 printable ASCII", '"saline"'),
    "drug not ASCII": ({5: 'drug = "Sölch"'},
        5, "fill.drug", '"Sölch"', "has characters other than printable ASCII", "1 to 8 printable ASCII", '"saline"'),
    "drug with a space after it": ({5: 'drug = "saline "'},
        5, "fill.drug", '"saline "', "has a space before or after it", "1 to 8 printable ASCII", '"saline"'),
    "drug no text": ({5: "drug = 5"},
        5, "fill.drug", "5", "is not a text in quotes", "1 to 8 printable ASCII", '"saline"'),
    "unknown key": ({19: "max_per_24h = 6\nmax_per_day = 6"},
        20, "patient_bolus.max_per_day", "6", "is an unknown key", "volume, duration, lockout, max_per_24h",
        "did you mean max_per_24h?"),
    "unknown key in a step": ({14: 'rate = "0.960 mL/day"\nRat-e = "1 mL/day"'},
        15, "program.step[1].Rat-e", '"1 mL/day"', "is an unknown key", "start, end, rate", "did you mean rate?"),
    "unknown key like nothing": ({2: 'reservoir = "20 mL"\nzzz = 1'},
        3, "pump.zzz", "1", "is an unknown key", "reservoir", "remove it"),
    "unknown table": ({15: "[patient_bolus]\n", 19: "max_per_24h = 6\n[bolus]"},
        21, "bolus", "", "is an unknown key",
        "pump, fill, program, profile, patient_bolus, periodic, minimum", "did you mean patient_bolus?"),
    "missing key": ({18: ""},
        15, "patient_bolus.lockout", "", "is missing", LOCKOUT, 'add lockout = "02:00"'),
    "missing rate of a step": ({14: ""},
        12, "program.step[1].rate", "", "is missing", RATE, 'add rate = "0.480 mL/day"'),
    "missing table": ({1: "", 2: ""},
        1, "pump", "", "is missing", "one table [pump]", 'add [pump] with reservoir = "20 mL"'),
    "unknown mode": ({8: 'mode = "daily"'},
        8, "program.mode", '"daily"', "is not one of the words known here", '"day" or "continuous"',
        'did you mean "day"?'),
    "unknown mode beside a rate": ({8: 'mode = "continous"\nrate = "1 mL/day"', **dict.fromkeys(range(9, 15), "")},
        8, "program.mode", '"continous"', "is not one of the words known here", '"day" or "continuous"',
        'did you mean "continuous"?'),
    "mode that is no text": ({8: "mode = 1"},
        8, "program.mode", "1", "is not one of the words known here", '"day" or "continuous"', 'for example "day"'),
    "rate beside steps": ({8: 'mode = "day"\nrate = "1 mL/day"'},
        9, "program.rate", '"1 mL/day"', 'does not go with mode = "day"', "a rate in each [[program.step]]",
        'mode = "continuous"'),
    "steps beside a rate": ({8: 'mode = "continuous"\nrate = "1 mL/day"'},
        10, "program.step", "", 'does not go with mode = "continuous"', "no steps", 'mode = "day"'),
    "continuous without a rate": ({8: 'mode = "continuous"', 9: "", 10: "", 11: "", 12: "", 13: "", 14: ""},
        7, "program.rate", "", "is missing", RATE, 'add rate = "0.480 mL/day"'),
    "day without steps": ({9: "", 10: "", 11: "", 12: "", 13: "", 14: ""},
        7, "program.step", "", "is missing", "1 to 48 steps", "add [[program.step]]"),
    "step in single brackets": ({9: "[program.step]", 12: "", 13: "", 14: ""},
        9, "program.step", "", "is one table", "1 to 48 steps", "[[program.step]], in double brackets"),
    "table in double brackets": ({1: "[[pump]]"},
        1, "pump", "", "is not one table", "a table of keys", "[pump] in single brackets"),
    "step that is no table": ({9: "", 10: "", 11: "", 12: "step = [3]", 13: "", 14: ""},
        12, "program.step[0]", "3", "is not one table", "a table of keys", "below"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_with_everything_to_mend_it(name):
    lines, line, key, value, what, limits, fix = CASES[name]
    with pytest.raises(TherapyError) as caught:
        loads(changed(lines), name="night.toml")
    assert len(caught.value.problems) == 1
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.key, problem.value) == ("night.toml", line, key, value)
    assert what in problem.what
    assert limits in problem.limits
    assert fix in problem.fix
    start = f"night.toml:{line}: {key} = {value} " if value else f"night.toml:{line}: {key} "
    assert str(problem).startswith(start + problem.what)


def test_forty_nine_steps_are_refused_as_a_whole():
    steps = "".join(f'[[program.step]]\nstart = "00:{minute:02d}"\nrate = "1 mL/day"\n' for minute in range(49))
    with pytest.raises(TherapyError) as caught:
        loads(TEXT[: TEXT.index("[[program.step]]")] + steps)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key, problem.what) == (9, "program.step", "has 49 steps")
    assert (problem.limits, problem.fix) == ("1 to 48 steps", "join steps until 48 are left")


def test_advice_that_cannot_help_is_not_given():
    # 0.5 mL take 30 min even at 24 mL/day, so with a lockout of 5 min no lower rate helps
    with pytest.raises(TherapyError) as caught:
        loads(changed({16: 'volume = "500 uL"', 17: 'duration = "00:05"', 18: 'lockout = "00:05"'}))
    assert caught.value.problems[0].fix == 'write "00:32" or more'
    # 1 nL/day of room: no lockout up to 24 h helps, but 20 uL in 2 h need 0.240 mL/day of it
    with pytest.raises(TherapyError) as caught:
        loads(changed({14: 'rate = "23.999999 mL/day"'}))
    assert caught.value.problems[0].fix == "lower the highest program rate to 23.760 mL/day or less"
    # neither alone helps: 0.5 mL in 5 min
    with pytest.raises(TherapyError) as caught:
        loads(changed({14: 'rate = "23.999999 mL/day"', 16: 'volume = "500 uL"', 18: 'lockout = "00:10"'}))
    assert caught.value.problems[0].fix == "lower the highest program rate and write a longer lockout"


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file():
    text = changed({
        2: "reservoir = 20", 4: 'volume = "18"', 10: 'start = "01:00"', 13: 'start = "01:00"',
        14: 'rate = "99 mL/day"', 17: 'duration = "00:40"', 18: 'lockout = "00:30"', 19: "max_per_24h = -1\nx = 1",
    })  # fmt: skip
    with pytest.raises(TherapyError) as caught:
        loads(text)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "pump.reservoir"),
        (4, "fill.volume"),
        (10, "program.step[0].start"),
        (13, "program.step[1].start"),
        (14, "program.step[1].rate"),
        (18, "patient_bolus.lockout"),
        (19, "patient_bolus.max_per_24h"),
        (20, "patient_bolus.x"),
    ]
    assert str(caught.value).startswith("therapy refused, 8 problems:\n  <string>:2: pump.reservoir = 20 ")


def test_an_empty_file_lacks_every_table_but_the_bolus():
    with pytest.raises(TherapyError) as caught:
        loads("")
    assert [problem.key for problem in caught.value.problems] == ["pump", "fill", "program"]


def test_a_scenario_in_place_of_a_therapy_is_recognised():
    with pytest.raises(TherapyError) as caught:
        loads('[[event]]\nat = "09:30"\ndo = "patient_bolus"\n')
    (problem,) = caught.value.problems
    assert problem.what == "belongs to a scenario file"
    assert "--scenario" in problem.fix


def test_long_values_are_cut_when_shown():
    with pytest.raises(TherapyError) as caught:
        loads(changed({5: f'drug = "{"x" * 500}"'}))
    assert len(caught.value.problems[0].value) == 61
