"""The suite against a plant with one fault at a time: it fails and names the effect; without any it passes.

    HYPOTHESIS_PROFILE=nightly python -m pytest tests/test_judge_judged.py      # every fault, 20 seeds; a minute

The tests of the suite themselves are called, on rig sim.
"""

import os

import pytest

from pumphil.hil_record import HilRecord
from pumphil.plant import FAULTS, PlantParameters, spans
from pumphil.records import Recorder
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphil.suite.test_accuracy_conditions import test_accuracy_conditions as judge_conditions
from pumphil.suite.test_accuracy_effects import test_accuracy_no_effect_of_the_plant as judge_effects
from pumphil.suite.test_accuracy_occlusion import test_accuracy_occlusion as judge_occlusion
from pumphil.suite.test_accuracy_occlusion import test_accuracy_siphon as judge_siphon
from pumphil.suite.test_accuracy_periods import test_accuracy_refills as judge_refills
from pumphil.treatment import Treatment

# rotor, joint, compliance, air; the others by night
BY_DAY = ("missed-steps", "leak", "trapped-air", "bubble")
NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
CHOSEN = list(FAULTS) if NIGHT else list(BY_DAY)
SEEDS = range(20) if NIGHT else range(2)


def on(seed: int, **plant: object) -> tuple[Treatment, HilRecord]:
    """A treatment on rig sim, and the record of a test."""
    treatment = Treatment(SimRig(seed, RigOptions(plant=PlantParameters(**plant))))
    recorder = Recorder(rig="sim", interpreter="", firmware_digest="", seed=seed, pumpbench_version="")
    return treatment, HilRecord(recorder, "judge", ())


@pytest.mark.parametrize("name", CHOSEN)
def test_a_fault_alone_fails_the_suite_with_its_name(name):
    with pytest.raises(AssertionError) as failed:
        judge_effects(*on(1, fault=spans([{"name": name}])))
    assert any(line.startswith(f"{name}: ") for line in str(failed.value).splitlines())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_pump_passes_whatever_its_seed(seed):
    judge_effects(*on(seed))


# a fault, and a test beside the ladder that must not pass with it: (test, its arguments, start in s, what it says)
OTHERS = {
    "trapped-air": (judge_occlusion, ("24 mL/day",), 0, "no downstream-occlusion within"),
    "free-flow": (judge_siphon, (0.3,), 3_700, "outflow in 24 h"),  # before, it would have run dry by then
    "wear": (judge_refills, (), 0, "accuracy ratio"),
}


@pytest.mark.parametrize("name", [name for name in OTHERS if NIGHT or name == "trapped-air"])
def test_the_tests_beside_the_ladder_fail_too(name):
    judge, arguments, start_s, says = OTHERS[name]
    with pytest.raises(AssertionError, match=says):
        judge(*on(1, fault=spans([{"name": name, "start_s": start_s}])), *arguments)


@pytest.mark.parametrize("condition, plant", [
    ("back pressure +40 kPa", {"back_pressure_per_kpa": 0.0032}), ("10 degC", {"temperature_per_k": 0.0025}),
])  # fmt: skip
def test_a_pump_that_is_not_as_declared_fails_under_its_condition(condition, plant):
    with pytest.raises(AssertionError, match="change of the volume per turn against the declared one"):
        judge_conditions(*on(1, **plant), condition)
