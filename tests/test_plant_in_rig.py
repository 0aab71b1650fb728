"""The plant's pressure, air, level and temperature at the sensors of the pump; faults from rig file and scenario."""

import pytest

from pumphil.plant import PlantParameters, spans
from pumphil.play import play
from pumphil.rigs.inputs import ABSENT
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphil.scenario import loads_scenario
from pumphil.suite.therapies import continuous
from pumphil.treatment import Treatment
from pumplink import codes

S = 1_000_000


@pytest.fixture
def treatment():
    treatment = Treatment(SimRig(seed=1))
    treatment.begin(continuous("24 mL/day"))
    treatment.run_for(seconds=100)
    return treatment


def alarms(treatment: Treatment) -> list[str]:
    return [name for _, name in treatment.alarms()]


def test_a_sound_line_alarms_nothing_and_delivers_as_before(treatment):
    followed, plain = treatment, Treatment(SimRig(seed=1))
    plain.begin(continuous("24 mL/day"))
    plain.run_for(seconds=100)
    followed.rig.plant.follow_line()
    for each in (followed, plain):
        each.run_for(hours=1, seconds=9.5)
    assert alarms(followed) == alarms(plain)
    assert followed.rig.packets == plain.rig.packets
    seen = [each.rig.plant.delivered_nl(each.rig.now_us) for each in (followed, plain)]
    assert seen[0] == pytest.approx(seen[1], abs=1e-3)


def test_a_closed_catheter_stops_the_pump_at_70_kpa_within_100_ms(treatment):
    rig, plant = treatment.rig, treatment.rig.plant
    came = plant.delivered_nl(rig.now_us)
    plant.inject("occlusion")
    treatment.run_for(hours=1)
    assert alarms(treatment) == ["downstream-occlusion"]
    assert not plant.enabled
    # 10 ms a step of 215.5 nL in 229 nL/kPa: 0.94 kPa each; ten of them in 100 ms
    assert 70 < plant.pressure_kpa(rig.now_us) < 80
    assert plant.delivered_nl(rig.now_us) == pytest.approx(came)


@pytest.mark.parametrize("volume_nl, alarm", [(45_000, []), (60_000, ["air-in-line"])])
def test_a_bubble_is_seen_at_its_size(treatment, volume_nl, alarm):
    treatment.rig.plant.inject("bubble", volume_nl=volume_nl)
    treatment.run_for(hours=1)
    assert alarms(treatment) == alarm


@pytest.mark.parametrize(
    "name, values, alarm",
    [("head", {"metres": -1}, "upstream-occlusion"), ("temperature", {"celsius": 56}, "over-temperature")],
)
def test_head_and_temperature_reach_their_sensors(treatment, name, values, alarm):
    treatment.rig.plant.inject(name, **values)
    treatment.run_for(hours=1)
    assert alarms(treatment) == [alarm]


def test_a_level_sensor_that_is_fitted_shows_the_level_and_one_that_is_not_stays_absent():
    for fitted in (True, False):
        rig = SimRig(seed=1)
        if fitted:
            rig.set_input(codes.SENSE_LEVEL, 18_000_000)
        rig.plant.follow_line()
        treatment = Treatment(rig)
        treatment.begin(continuous("24 mL/day", fill="5 mL"))
        treatment.run_for(hours=1)
        shown = rig._inputs.values[codes.SENSE_LEVEL]
        assert shown == (rig.plant.level_nl(rig.now_us) if fitted else ABSENT)


def test_a_rig_has_its_faults_from_the_start():
    rig = SimRig(seed=1, options=RigOptions(plant=PlantParameters(fault=spans([{"name": "leak", "share": 0.5}]))))
    treatment = Treatment(rig)
    treatment.begin(continuous("24 mL/day"))
    treatment.run_for(hours=1)
    lost, came = rig.plant.leaked_nl(rig.now_us), rig.plant.delivered_nl(rig.now_us)
    assert lost == pytest.approx(came, rel=1e-6)
    assert lost > 400_000


def test_a_scenario_begins_a_fault_and_it_ends_by_itself(treatment):
    text = '[[event]]\nat = "00:00"\ndo = "plant_fault"\nfault = "kink"\nfor = "00:10"\nwith = { factor = 1e6 }\n'
    (event,) = loads_scenario(text)
    play(event, treatment)
    assert treatment.rig.plant.faults(treatment.rig.now_us) == {"kink": {"factor": 1e6}}
    assert treatment.known_faults == {codes.ALARM_OCCLUSION}
    treatment.run_for(seconds=599)
    assert treatment.rig.plant.faults(treatment.rig.now_us) == {"kink": {"factor": 1e6}}
    treatment.run_for(seconds=2)
    assert treatment.rig.plant.faults(treatment.rig.now_us) == {}
    assert alarms(treatment) == ["downstream-occlusion"]


def test_a_sensor_clips_at_the_end_of_its_range(treatment):
    treatment.rig.plant.inject("free-flow", head_m=5)  # 18 mL are gone in four minutes, then there is air
    treatment.run_for(hours=1)
    assert treatment.rig.plant.bubble_nl(treatment.rig.now_us) > 1_000_000
    assert treatment.rig._inputs.values[codes.SENSE_AIR] == 1_000_000
    assert "sensor-fault" not in alarms(treatment)
