"""Campaign files: what a plan draws, what its digest covers, and what is refused, with its line."""

from __future__ import annotations

import pickle
import random
import statistics
from dataclasses import replace
from typing import get_type_hints

import pytest
from campaign_cases import FILE, small_plan

from pumphil.campaign import CampaignError, PlanError
from pumphil.campaign.distributions import Normal, Uniform
from pumphil.campaign.pump import columns
from pumphil.campaign.read import drawable
from pumphil.plant import PlantParameters


def test_every_pump_goes_through_every_scenario_with_the_same_parameters(tmp_path) -> None:
    plan = small_plan(tmp_path)
    jobs = [plan.job(run) for run in range(plan.runs)]
    assert [(job.run, job.pump, job.scenario.name) for job in jobs[:3]] == [
        (0, 0, "quiet"),
        (1, 0, "busy"),
        (2, 1, "quiet"),
    ]
    assert jobs[0].plant == jobs[1].plant
    assert jobs[0].seed == jobs[1].seed
    assert len({job.seed for job in jobs}) == plan.pumps
    assert len({job.plant["calibration_error"] for job in jobs}) == plan.pumps
    assert (jobs[0].plant["nl_per_rev"], jobs[0].duration_s) == (43_100, 1800)
    assert pickle.loads(pickle.dumps(jobs[1])) == jobs[1]


def test_a_parameter_more_changes_no_other_draw(tmp_path) -> None:
    less = small_plan(tmp_path, FILE.replace("rollers = { choice = [8, 10] }\n", ""))
    more = small_plan(tmp_path)
    for pump in range(4):
        assert less.pump(pump).items() <= more.pump(pump).items()


def test_draws_follow_their_distribution() -> None:
    chance = random.Random(1)
    normal = [Normal(5.0, 2.0, None, whole=False).draw(chance) for _ in range(4000)]
    assert statistics.fmean(normal) == pytest.approx(5, abs=4 * 2 / 4000**0.5)
    assert statistics.stdev(normal) == pytest.approx(2, rel=0.06)
    bounded = [Normal(0.0, 1.0, (-0.5, 2.0), whole=False).draw(chance) for _ in range(2000)]
    assert -0.5 <= min(bounded) < -0.45
    assert 1.8 < max(bounded) <= 2.0
    assert {Uniform(3, 5, whole=True).draw(chance) for _ in range(200)} == {3, 4, 5}
    with pytest.raises(CampaignError, match="none of 10000 draws lies within"):
        Normal(0.0, 1e-9, (1.0, 2.0), whole=False).draw(chance)


@pytest.mark.parametrize("name", drawable())
def test_every_parameter_of_the_plant_can_be_set_by_its_name(tmp_path, name: str) -> None:
    """Whatever parameters there are: those of tomorrow too."""
    default = getattr(PlantParameters(), name)
    if default is None:
        default = {"calibration_error": 0.0, "start_step": 0}.get(name)

    value = str(default).lower() if isinstance(default, bool) else repr(default)
    plan = small_plan(tmp_path, FILE.partition("[plant]")[0] + f"[plant]\n{name} = {{ choice = [{value}, {value}] }}\n")
    assert plan.pump(0) == {name: default}
    assert name in columns(plan)


def test_whole_parameters_stay_whole(tmp_path) -> None:
    plan = small_plan(tmp_path, FILE + "steps_per_rev = { normal = [200, 3], within = [190, 210] }\n")
    drawn = [plan.pump(number)["steps_per_rev"] for number in range(4)]
    assert all(type(value) is int and 190 <= value <= 210 for value in drawn)
    assert get_type_hints(PlantParameters)["steps_per_rev"] is int


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed = 3", "seed = 4"),
        ("pumps = 4", "pumps = 5"),
        ("hours = 0.5", "hours = 0.6"),
        ('therapy = "night-and-morning"', 'therapy = "continuous"'),
        ("[300.0, 700.0]", "[300.0, 701.0]"),
        ('name = "busy"', 'name = "other"'),
        ('file = "busy.toml"', 'file = "patient-week"'),
        ("seed = 3", 'seed = 3\nrig = "vm"'),
    ],
)
def test_the_digest_covers_whatever_changes_a_result(tmp_path, old: str, new: str) -> None:
    assert old in FILE
    assert small_plan(tmp_path, FILE.replace(old, new)).digest() != small_plan(tmp_path).digest()


def test_the_digest_covers_firmware_and_version(tmp_path) -> None:
    plan = small_plan(tmp_path)
    changed = {replace(plan, firmware="00").digest(), replace(plan, version="9").digest()}
    assert len(changed | {plan.digest()}) == 3


def test_comments_do_not_change_the_digest(tmp_path) -> None:
    assert small_plan(tmp_path, "# mine\n" + FILE).digest() == small_plan(tmp_path).digest()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("pumps = 4", "pumps = 0", 2, "campaign.pumps = 0 is not such a number; allowed: a whole number, 1 to"),
        ("pumps = 4\n", "", 1, "campaign.pumps is missing"),
        ("hours = 0.5", "", 1, "one of days and hours"),
        ("hours = 0.5", "hours = 0.5\ndays = 1", 4, "is given twice"),
        ("hours = 0.5", "hours = -1", 3, "above 0"),
        ("seed = 3", "sead = 3", 4, "campaign.sead = 3 is not known; allowed: pumps, days, hours"),
        ("seed = 3", 'rig = "emulated"', 4, "is not a rig of a campaign; allowed: sim or vm"),
        ('"night-and-morning"', '"nowhere"', 5, "is no file beside this one and no packaged example"),
        ('file = "busy.toml"', "file = 5", 12, "is no file beside this one"),
        ('name = "busy"', 'name = "quiet"', 11, "is missing or not a name of its own"),
        ("roller_volume_nl", "roler_volume_nl", 16, "is no parameter of the plant; allowed: steps_per_rev"),
        ("roller_volume_nl", "reservoir_nl", 16, "its fill is that of the therapy"),
        ("{ uniform = [300.0, 700.0] }", "{ uniform = [700.0, 300.0] }", 16, "write uniform = [LOW, HIGH]"),
        ("{ uniform = [300.0, 700.0] }", "{ uniform = [-5.0, 700.0] }", 16, "leads to a pump that cannot be"),
        ("{ uniform = [300.0, 700.0] }", "{ poisson = 3 }", 16, "is no distribution"),
        ("{ uniform = [300.0, 700.0] }", '"many"', 16, "has a value of another kind; allowed: float"),
        ("{ choice = [8, 10] }", "{ choice = [8, 10.5] }", 17, "has a value of another kind; allowed: int"),
        ("{ choice = [8, 10] }", "{ choice = [] }", 17, "write choice = [1, 2, 3]"),
        ("within = [-0.025, 0.025]", "within = [0.01, 0.025]", 15, "the mean within the bounds"),
        ("[0.0, 0.01]", "[0.0, -0.01]", 15, "write normal = [MEAN, DEVIATION]"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, old: str, new: str, line: int, words: str) -> None:
    assert FILE.count(old) == 1
    with pytest.raises(PlanError) as refused:
        small_plan(tmp_path, FILE.replace(old, new))
    (problem,) = refused.value.problems
    assert f"small.toml:{line}: " in str(problem)
    assert words in str(problem)


def test_a_pump_that_cannot_be_is_told_before_anything_runs(tmp_path) -> None:
    """18 rollers leave a pitch of 20 degrees: less than the 30 of this release angle, each of them possible alone."""
    plant = "[plant]\nrollers = { choice = [1, 18] }\nrelease_angle_rad = { uniform = [0.5, 0.7] }\n"
    plan = small_plan(tmp_path, FILE.partition("[plant]")[0] + plant)
    with pytest.raises(CampaignError, match=r"pump \d cannot be: plant parameter release_angle_rad refused"):
        plan.check_pumps()


def test_a_run_is_named_by_pump_and_scenario(tmp_path) -> None:
    plan = small_plan(tmp_path)
    assert plan.run_of(3, "busy") == 7
    with pytest.raises(CampaignError, match="pumps 0 to 3"):
        plan.run_of(4, "busy")
    with pytest.raises(CampaignError, match="give --scenario quiet or busy"):
        plan.run_of(1, "")
    with pytest.raises(CampaignError, match="no scenario 'bussy'"):
        plan.run_of(1, "bussy")
