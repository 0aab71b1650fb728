"""Scenario files: events in the order of time, and every fault named as in therapy files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.scenario import ACTIONS, Event, ScenarioError, load_scenario, loads_scenario
from pumphost.errors import TherapyError

ACTION_LIST = "patient_bolus, stop, start, refill, set_clock, motor_stall, plant_fault, link_noise"
AT = '"09:30", "1d 09:30" or "1d 09:30:15", counted from the start'
ALL = """\
[[event]]
at = "1d 09:30:15"
do = "patient_bolus"
[[event]]
at = "00:00"
do = "refill"
volume = "18 mL"
[[event]]
at = "09:30"
do = "set_clock"
to = "07:15"
[[event]]
at = "09:30"
do = "motor_stall"
for = "01:30"
[[event]]
at = "10d 23:59:59"
do = "link_noise"
bytes = 300
[[event]]
at = "0d 09:30"
do = "stop"
[[event]]
at = "1d 00:00"
do = "start"
[[event]]
at = "02:00"
do = "plant_fault"
fault = "leak"
for = "30:00"
with = { share = 0.3 }
[[event]]
at = "03:00"
do = "plant_fault"
fault = "occlusion"
"""
DAY_MS = 86_400_000
EXPECTED = (  # by hand; the three of 09:30 in the order of the file
    Event(0, "refill", volume_nl=18_000_000, line=4),
    Event(7_200_000, "plant_fault", fault="leak", for_ms=108_000_000, values=(("share", 0.3),), line=26),
    Event(10_800_000, "plant_fault", fault="occlusion", line=32),
    Event(34_200_000, "set_clock", to_min=435, line=8),
    Event(34_200_000, "motor_stall", for_ms=5_400_000, line=12),
    Event(34_200_000, "stop", line=20),
    Event(DAY_MS, "start", line=23),
    Event(DAY_MS + 34_215_000, "patient_bolus", line=1),
    Event(11 * DAY_MS - 1_000, "link_noise", n_bytes=300, line=16),
)

BOLUS = '[[event]]\nat = "09:30"\ndo = "patient_bolus"\n'
REFILL = '[[event]]\nat = "09:30"\ndo = "refill"\nvolume = "18 mL"\n'
CASES = {  # name: (text, line, key, value, what, limits, fix)
    "unknown do": (BOLUS.replace("bolus", "bolos"),
        3, "event[0].do", '"patient_bolos"', "is not one of the words known here", ACTION_LIST, '"patient_bolus"?'),
    "unknown do hides no other fault": (REFILL.replace("refill", "refil"),
        3, "event[0].do", '"refil"', "is not one of the words known here", ACTION_LIST, 'did you mean "refill"?'),
    "do like nothing": (BOLUS.replace("patient_bolus", "qqq"),
        3, "event[0].do", '"qqq"', "is not one of the words known here", ACTION_LIST, 'for example "patient_bolus"'),
    "do that is no text": (BOLUS.replace('"patient_bolus"', "[1]"),
        3, "event[0].do", "[1]", "is not one of the words known here", ACTION_LIST, "write for example"),
    "do missing": (BOLUS.replace('do = "patient_bolus"\n', ""),
        1, "event[0].do", "", "is missing", ACTION_LIST, 'add do = "patient_bolus"'),
    "at missing": (BOLUS.replace('at = "09:30"\n', ""),
        1, "event[0].at", "", "is missing", AT, 'add at = "09:30"'),
    "at with one digit": (BOLUS.replace("09:30", "1d 9:30"),
        2, "event[0].at", '"1d 9:30"', "is not of the form 1d HH:MM", AT, '"1d 09:30"'),
    "at without day unit": (BOLUS.replace("09:30", "1 09:30"),
        2, "event[0].at", '"1 09:30"', "is not of the form 1d HH:MM", AT, '"1d 09:30"'),
    "at in full-width digits": (BOLUS.replace("09:30", "\uff10\uff19:30"),
        2, "event[0].at", '"\uff10\uff19:30"', "is not of the form 1d HH:MM", AT, '"1d 09:30"'),
    "at 24:00": (BOLUS.replace("09:30", "1d 24:00"),
        2, "event[0].at", '"1d 24:00"', "has more than 23 hours", AT, 'write "2d 00:00"'),
    "at with 60 minutes": (BOLUS.replace("09:30", "09:60"),
        2, "event[0].at", '"09:60"', "has more than 59 minutes or seconds", AT, "00 to 59"),
    "at with 60 seconds": (BOLUS.replace("09:30", "09:30:60"),
        2, "event[0].at", '"09:30:60"', "has more than 59 minutes or seconds", AT, "00 to 59"),
    "at without quotes": (BOLUS.replace('"09:30"', "09:30:00"),
        2, "event[0].at", "09:30:00", "is not a text in quotes", AT, '"1d 09:30"'),
    "at as a number": (BOLUS.replace('"09:30"', "930"),
        2, "event[0].at", "930", "is not a text in quotes", AT, '"1d 09:30"'),
    "foreign key": (BOLUS + 'volume = "20 uL"\n',
        4, "event[0].volume", '"20 uL"', "is an unknown key", "at, do", "remove it"),
    "misspelt key": (REFILL.replace("volume", "volum") + 'volume = "18 mL"\n',
        4, "event[0].volum", '"18 mL"', "is an unknown key", "at, do, volume", "did you mean volume?"),
    "second event": (BOLUS + REFILL.replace('volume = "18 mL"\n', ""),
        4, "event[1].volume", "", "is missing", "more than 500 uL, at most 100.000 mL", 'add volume = "18 mL"'),
    "refill without unit": (REFILL.replace("18 mL", "18"),
        4, "event[0].volume", '"18"', "has no unit", "more than 500 uL", "write the unit too"),
    "refill at the empty threshold": (REFILL.replace("18 mL", "0.5 mL"),
        4, "event[0].volume", '"0.5 mL"', "is too small", "more than 500 uL", "more than that"),
    "refill above any reservoir": (REFILL.replace("18 mL", "101 mL"),
        4, "event[0].volume", '"101 mL"', "is too large", "at most 100.000 mL", '"100.000 mL" or less'),
    "clock at 24:00": ('[[event]]\nat = "00:00"\ndo = "set_clock"\nto = "24:00"\n',
        4, "event[0].to", '"24:00"', "is the end of the day", "00:00 to 23:59", '"00:00"'),
    "stall of no length": ('[[event]]\nat = "00:00"\ndo = "motor_stall"\nfor = "00:00"\n',
        4, "event[0].for", '"00:00"', "is too small", "00:01 to 24:00", '"00:01" or more'),
    "stall over a day": ('[[event]]\nat = "00:00"\ndo = "motor_stall"\nfor = "24:01"\n',
        4, "event[0].for", '"24:01"', "is too large", "00:01 to 24:00", '"24:00" or less'),
    "unknown fault": ('[[event]]\nat = "00:00"\ndo = "plant_fault"\nfault = "leek"\n',
        4, "event[0].fault", '"leek"', "is not one of the words", "stall, missed-steps, snap", 'did you mean "leak"?'),
    "fault without a name": ('[[event]]\nat = "00:00"\ndo = "plant_fault"\n',
        1, "event[0].fault", "", "is missing", "stall, missed-steps, snap", 'add fault = "leak"'),
    "fault with words": ('[[event]]\nat = "00:00"\ndo = "plant_fault"\nfault = "leak"\nwith = { share = "3" }\n',
        5, "event[0].with", '{ share = "3" }', "is not a table of numbers", "parameters", "with = { share = 0.3 }"),
    "fault beyond its limits": (
        '[[event]]\nat = "00:00"\ndo = "plant_fault"\nfault = "leak"\nwith = { share = 3 }\n',
        5, "event[0].with", "{ share = 3 }", "share is 3; give 0.001 to 0.999", "parameters", "what the fault has"),
    "no noise": ('[[event]]\nat = "00:00"\ndo = "link_noise"\nbytes = 0\n',
        4, "event[0].bytes", "0", "is too small", "1 to 10000", "1 or more"),
    "too much noise": ('[[event]]\nat = "00:00"\ndo = "link_noise"\nbytes = 10001\n',
        4, "event[0].bytes", "10001", "is too large", "1 to 10000", "10000 or less"),
    "noise in quotes": ('[[event]]\nat = "00:00"\ndo = "link_noise"\nbytes = "300"\n',
        4, "event[0].bytes", '"300"', "is not a whole number", "1 to 10000", "without quotes"),
    "misspelt table": ("\n" + BOLUS.replace("event", "events"),
        2, "events", "", "is an unknown key", "event", "did you mean event?"),
    "event in single brackets": (BOLUS.replace("[[event]]", "[event]"),
        1, "event", "", "is one table", "one [[event]] or more", "[[event]], in double brackets"),
    "event that is no table": ("event = [3]\n",
        1, "event[0]", "3", "is not one table", "a table of keys", "below"),
    "events that are no list": ("event = 3\n",
        1, "event", "3", "is not a list of tables", "one [[event]] or more", "in double brackets"),
    "empty file": ("# nothing\n",
        1, "event", "", "is missing", "one [[event]] or more", 'add [[event]] with at = "09:30"'),
    "a therapy": ('\n[pump]\nreservoir = "20 mL"\n',
        2, "pump", "", "belongs to a therapy file", "one [[event]] or more", "name a scenario file here"),
    "no TOML": (BOLUS.replace('"09:30"', "1d 09:30"),
        2, "event[0].at", "1d 09:30", "cannot be read", "TOML", 'in double quotes: at = "1d 09:30"'),
}  # fmt: skip


def test_every_action_is_read_and_sorted_by_time_then_by_place():
    events = loads_scenario(ALL)
    assert events == EXPECTED
    assert {event.do for event in events} == set(ACTIONS)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_with_everything_to_mend_it(name):
    text, line, key, value, what, limits, fix = CASES[name]
    with pytest.raises(ScenarioError) as caught:
        loads_scenario(text, name="week.toml")
    assert len(caught.value.problems) == 1
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.key, problem.value) == ("week.toml", line, key, value)
    assert what in problem.what
    assert limits in problem.limits
    assert fix in problem.fix
    assert str(caught.value) == f"scenario refused, 1 problem:\n  {problem}"


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ScenarioError) as caught:
        loads_scenario(BOLUS.replace("bolus", "bolos") + REFILL.replace("18 mL", "18").replace("09:30", "9:30") + BOLUS)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (3, "event[0].do"),
        (5, "event[1].at"),
        (7, "event[1].volume"),
    ]


def test_a_refill_above_the_reservoir_of_the_therapy():
    assert loads_scenario(REFILL, reservoir_nl=18_000_000)[0].volume_nl == 18_000_000
    with pytest.raises(ScenarioError) as caught:
        loads_scenario(REFILL, reservoir_nl=17_999_999)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key, problem.value) == (4, "event[0].volume", '"18 mL"')
    assert (problem.limits, problem.fix) == ("at most 17.999999 mL", 'write "17.999999 mL" or less')


def test_from_a_file(tmp_path):
    path = tmp_path / "week.toml"
    path.write_text(ALL, encoding="utf-8")
    assert load_scenario(path) == EXPECTED
    with pytest.raises(ScenarioError, match=r"scenario refused, 1 problem:\n  .*missing.toml: does not exist"):
        load_scenario(tmp_path / "missing.toml")


def test_whoever_catches_therapy_errors_catches_these():
    with pytest.raises(TherapyError):
        loads_scenario("")


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 86_399)), min_size=1, max_size=12))
def test_instants_are_exact_and_ties_keep_their_order(instants):
    text = "".join(
        f'[[event]]\nat = "{day}d {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"\ndo = "stop"\n'
        for day, second in instants
    )
    events = loads_scenario(text)
    assert sorted((day * 86_400 + second) * 1000 for day, second in instants) == [event.at_ms for event in events]
    assert list(events) == sorted(events, key=lambda event: (event.at_ms, event.line))
