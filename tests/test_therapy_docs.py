"""The reference of both file formats and the packaged examples say what the code does."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from therapy_text import TEXT

from pumphil import scenario
from pumphil.oracle import Prescription
from pumphil.plant import FAULTS
from pumphost.therapy import Drug, Periodic, Step, TherapyError, load, loads, schema
from pumphost.therapy.tables import fields_by_key

DOCS = (Path(__file__).parent.parent / "docs" / "therapy.md").read_text(encoding="utf-8")
EXAMPLES = Path(str(resources.files("pumphil"))) / "examples"
TOML = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
SHOWN = re.findall(r"```text\n(.*?)\n```", DOCS, re.DOTALL)
TABLES = {
    "pump": schema.Pump,
    "fill": schema.Fill,
    "fill.mixture[0]": schema.MixedDrug,
    "program": schema.ContinuousProgram,
    "program.step[0]": schema.ProgramStep,
    "profile[0]": schema.WeekProfile,
    "patient_bolus": schema.Bolus,
    "periodic": schema.PeriodicBolus,
    "minimum": schema.Minimum,
}


def rows(columns):
    """The cells of every table row of the reference that begins with code and has so many columns."""
    lines = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in DOCS.splitlines() if line.startswith("| `")
    ]
    return [line for line in lines if len(line) == columns and line[0] != "do"]


def refusal(read, text, name):
    with pytest.raises(TherapyError) as caught:
        read(text, name)
    return str(caught.value)


def test_the_table_of_keys_has_every_key_with_its_limits():
    keys = {
        f"{table}.{key}": field.metadata[0].limits
        for table, model in TABLES.items()
        for key, field in fields_by_key(model).items()
    }
    keys |= {"program.step": schema.STEPS.limits, "profile": schema.PROFILES.limits}
    assert {row[0]: row[1] for row in rows(3) if "." in row[0] or row[0] == "profile"} == keys


def test_the_table_of_actions_has_every_action_with_its_key_and_limits():
    shown = {row[0]: (row[1], row[2]) for row in rows(4)}
    assert set(shown) == set(scenario.ACTIONS)
    for action, (key, limits) in shown.items():
        extra = set(fields_by_key(scenario.model_of(action))) - {"at", "do"}
        assert extra == ({word.strip(" `") for word in key.split(",")} if key else set())
        if key and limits != "see below":
            assert fields_by_key(scenario.model_of(action))[key].metadata[0].limits == limits


def test_the_table_of_faults_has_every_fault_with_its_parameters_and_limits():
    shown = [row for row in rows(5) if row[0] != "fault"]
    wanted = []
    for fault in FAULTS.values():
        found = [(f"{p.name}`, {p.unit}", f"{p.default:g}", f"{p.low:g} to {p.high:g}") for p in fault.parameters]
        for k, cells in enumerate(found or [("–", "–", "–")]):
            wanted.append([fault.name, "the same" if k else fault.what, *cells])
    assert shown == wanted


def test_the_files_of_the_reference_are_read():
    assert tomllib.loads(TOML[0]) == tomllib.loads(TEXT)
    continuous = loads(TOML[0][: TOML[0].index("[program]")] + TOML[1])
    assert (continuous.mode, continuous.steps) == ("continuous", (Step(0, 480_000),))
    mixed = loads(TOML[0][: TOML[0].index("[fill]")] + TOML[4])
    assert (mixed.steps, mixed.mixture) == ((Step(0, 500_000),), (Drug("baclofen", 500_000),))  # 1 mg/day of 2 mg/mL
    week = loads(TOML[0][: TOML[0].index("[program]")] + TOML[2] + TOML[3])
    assert [(profile.days, len(profile.steps)) for profile in week.profiles] == [(0b0011111, 2), (0b1100000, 1)]
    assert (week.periodic, week.minimum_rate_nl_per_day) == (Periodic(50_000, 600_000, 21_600_000), 6_000)
    assert [event.do for event in scenario.loads_scenario(TOML[6])] == ["patient_bolus", "refill"]
    assert len(TOML) == 8


def test_the_refusals_of_the_reference_are_the_real_ones():
    wrong = TOML[5]
    no_toml = wrong.replace('reservoir = "20 mL"', "reservoir = 20 mL")
    assert no_toml != wrong
    real = [
        refusal(loads, wrong, "wrong.toml"),
        refusal(loads, no_toml, "wrong.toml"),
        refusal(scenario.loads_scenario, TOML[7], "week.toml"),
    ]
    assert real == SHOWN


def test_every_example_is_listed_and_nothing_else():
    listed = re.findall(r"^\| `([a-z-]+\.toml)` \|", DOCS, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.glob("*.toml"))


def test_every_example_begins_with_what_it_is_for():
    for path in EXAMPLES.glob("*.toml"):
        assert re.match(r"# [A-Z].{20,}[.]?\n", path.read_text(encoding="utf-8")), path.name


def test_the_example_of_the_first_issue_is_that_file_with_comments():
    assert tomllib.loads((EXAMPLES / "night-and-morning.toml").read_text(encoding="utf-8")) == tomllib.loads(TEXT)


@pytest.mark.parametrize(("name", "rate"), [("continuous.toml", 2_400_000), ("minimum.toml", 48_000)])
def test_the_other_therapies_load(name, rate):
    therapy = load(EXAMPLES / name)
    assert (therapy.mode, therapy.steps, therapy.bolus) == ("continuous", (Step(0, rate),), None)


def test_the_week_of_a_patient_goes_as_its_comments_say():
    minutes = 60_000
    expected = [  # by hand from the comments: day, time, granted, reason, ms left
        *["0 07:30 yes", f"0 08:10 LOCKOUT {80 * minutes}", "0 09:30 yes"],
        *["1 09:30 yes", "1 11:30 yes", "1 13:30 yes", "1 15:30 yes", "1 17:30 yes", "1 19:30 yes"],
        *[f"1 21:30 MAX_COUNT {12 * 60 * minutes}", "2 09:30 yes"],
        *["3 10:00 yes", "3 12:30 STOPPED None", "3 13:05 yes"],
        *["4 06:00 yes", "5 01:59 yes", f"5 03:30 LOCKOUT {29 * minutes}"],
    ]
    prescription = Prescription(clock_offset_ms=0)
    prescription.start(0, load(EXAMPLES / "night-and-morning.toml"))
    happened = []
    for event in scenario.load_scenario(EXAMPLES / "patient-week.toml"):
        if event.do == "patient_bolus":
            decision = prescription.request_bolus(event.at_ms)
            minute = event.at_ms // minutes
            when = f"{minute // 1440} {minute // 60 % 24:02d}:{minute % 60:02d}"
            happened.append(f"{when} yes" if decision.granted else f"{when} {decision.reason} {decision.left}")
        elif event.do == "set_clock":
            prescription.set_clock(event.at_ms, event.to_min * minutes)
        elif event.do == "stop":
            prescription.stop(event.at_ms)
        elif event.do == "start":
            prescription.start(event.at_ms)
        else:
            assert event.do == "link_noise"
    assert happened == expected


def test_the_refill_comes_before_the_reservoir_is_low():
    therapy = load(EXAMPLES / "continuous.toml")
    events = scenario.load_scenario(EXAMPLES / "refill.toml", reservoir_nl=therapy.reservoir_nl)
    assert [event.do for event in events] == ["stop", "refill", "start"]
    prescription = Prescription(clock_offset_ms=0)
    prescription.start(0, therapy)
    # from 18 mL to the 3 mL threshold: 15 mL at 2.4 mL/day are 6.25 days
    assert prescription.low_at_ms() == 540_000_000
    assert events[1].at_ms < 540_000_000
