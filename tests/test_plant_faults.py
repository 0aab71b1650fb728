"""Faults of the plant: injected, planned, cleared, refused; and what each of them does to a run that is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.plant import FAULTS, Plant, PlantError, PlantParameters
from pumphil.plant.faults import check, span

S = 1_000_000
H = 3_600 * S
EXACT = PlantParameters(calibration_error=0.0, start_step=0)
TURN_NL = 43_100


def pump(**parameters) -> Plant:
    plant = Plant(PlantParameters(**{"calibration_error": 0.0, "start_step": 0} | parameters))
    plant.enable(True)
    return plant


def turns(plant: Plant, at_us: int, count: int = 1) -> float:
    """So many turns from an instant on, and a minute for the line; what was delivered meanwhile, nL."""
    before = plant.delivered_nl(at_us)
    plant.move(at_us, steps=200 * count, period_us=10_000)
    return plant.delivered_nl(at_us + count * 2 * S + 60 * S) - before


def test_every_parameter_of_a_fault_says_unit_default_limits_and_source():
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert len(fault.what) > 15
        for parameter in fault.parameters:
            assert parameter.unit
            assert len(parameter.source) > 10
            assert parameter.low <= parameter.default <= parameter.high
            assert check(name, {parameter.name: parameter.low})[parameter.name] == parameter.low


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda p: p.inject("leek"), r"fault 'leek' refused: there is none of that name; give one of stall, "),
        (lambda p: p.clear("leek"), r"fault 'leek' refused"),
        (lambda p: p.inject("leak", percent=3), r"fault leak refused: it has no parameter 'percent'; .* are share"),
        (lambda p: p.inject("occlusion", share=3), r"it has no parameter 'share'; it has no parameters"),
        (lambda p: p.inject("leak", share=1.0), r"leak refused: share is 1.0; give 0.001 to 0.999 1"),
        (lambda p: p.inject("leak", share=float("nan")), r"share is nan"),
        (lambda p: p.inject("leak", share=True), r"share is True"),
        (lambda p: p.inject("leak", until_us=S), r"begin at 5000000 us and end at 1000000 us; end it after"),
        (lambda p: p.inject("leak", 4 * S), r"from 4000000 us refused: the plant is at 5000000 us; begin now or later"),
    ],
)
def test_what_cannot_be_injected_is_refused_in_words_and_changes_nothing(call, words):
    plant = pump()
    plant.turns(5 * S)
    with pytest.raises(PlantError, match=words):
        call(plant)
    assert plant.faults() == {}


def test_a_fault_begins_and_ends_at_its_instants_even_if_nobody_looks():
    plant = pump()
    plant.inject("leak", 10 * S, 20 * S, share=0.5)
    plant.move(0, steps=2_000, period_us=10_000)  # 20 s
    assert plant.faults(9 * S) == {}
    assert plant.faults(10 * S) == {"leak": {"share": 0.5}}
    assert plant.faults(20 * S) == {}
    assert plant.leaked_nl(60 * S) == pytest.approx(0.5 * 5 * TURN_NL, rel=1e-2)  # less what fills the line first
    twin = pump()
    twin.inject("leak", 10 * S, 20 * S, share=0.5)
    twin.move(0, steps=2_000, period_us=10_000)
    assert twin.leaked_nl(60 * S) == pytest.approx(plant.leaked_nl(60 * S), abs=1e-9)


def test_a_rig_may_have_its_faults_from_the_start():
    plant = pump(fault=(span("temperature", 0, None, {"celsius": 12}), span("leak", H, 2 * H, {"share": 0.1})))
    assert plant.faults(0) == {"temperature": {"celsius": 12}}
    assert (plant.celsius(0), plant.follows_line) == (12, True)
    assert turns(plant, 0) == pytest.approx(0.97 * TURN_NL)
    assert set(plant.faults(H)) == {"temperature", "leak"}
    assert set(plant.faults(2 * H)) == {"temperature"}


def test_new_values_replace_old_ones_and_the_end_of_the_old_ones_is_void():
    plant = pump()
    plant.inject("temperature", 0, 10 * S, celsius=2)
    plant.inject("temperature", 5 * S, 20 * S, celsius=12)
    assert [plant.faults(t * S).get("temperature", {}).get("celsius") for t in (1, 5, 10, 19, 20)] == [
        2, 12, 12, 12, None,
    ]  # fmt: skip


def test_clearing_what_is_not_on_says_so_and_what_is_planned_still_comes():
    plant = pump()
    plant.inject("occlusion", 10 * S)
    assert plant.clear("occlusion", 5 * S) is False
    assert set(plant.faults(10 * S)) == {"occlusion"}
    assert plant.clear("occlusion", 11 * S) is True
    assert plant.faults(11 * S) == {}


def test_a_sound_line_that_is_followed_delivers_what_one_that_is_not_does():
    plain, followed = pump(), pump()
    followed.follow_line()
    for k in range(50):
        for plant in (plain, followed):
            plant.move(k * 30 * S, steps=7, period_us=10_000)
        at_rest_us = (k * 30 + 29) * S
        assert followed.delivered_nl(at_rest_us) == pytest.approx(plain.delivered_nl(at_rest_us), abs=1e-6)
    assert followed.pressure_kpa(1_500 * S) == pytest.approx(0, abs=1e-9)
    assert plain.pressure_kpa(1_500 * S) == 0


# what a turn delivers under each fault with these values, relative; in the order of FAULTS
DELIVERS = [
    ("back-pressure", {"kpa": -13.3}, 1.0399), ("head", {"metres": -0.5}, 0.98532), ("temperature", {}, 0.94),
    ("temperature", {"celsius": 37}, 1.0), ("wear", {}, 0.9), ("leak", {}, 0.8), ("disconnect", {}, 0.0),
    ("occlusion", {}, 0.0), ("trapped-air", {}, 1.0), ("kink", {"factor": 10}, 1.0),
]  # fmt: skip


@pytest.mark.parametrize("name, values, share", DELIVERS)
def test_what_a_turn_delivers(name, values, share):
    plant = pump()
    plant.inject(name, **values)
    plant.delivered_nl(60 * S)
    assert turns(plant, 60 * S) / TURN_NL == pytest.approx(share, abs=2e-4)


def test_run_in_goes_with_turns_and_creep_with_time():
    new, standing = pump(), pump()
    new.inject("run-in")
    standing.inject("creep")
    assert turns(new, 24 * H) == pytest.approx(TURN_NL)
    assert turns(standing, 24 * H) / TURN_NL == pytest.approx(1 - 0.03 * 0.63212, abs=1e-5)
    for k in range(299):
        new.move(25 * H + k * 10 * S, steps=200, period_us=10_000)
    assert turns(new, 30 * H) / TURN_NL == pytest.approx(1 - 0.03 * 0.45119, abs=1e-5)  # exp(-300/500)
    new.clear("run-in")
    assert turns(new, 31 * H) == pytest.approx(TURN_NL)  # a run-in tube in its place


def test_a_slip_is_lost_for_good_and_pulses_are_counted():
    plant = pump()
    plant.inject("missed-steps", steps=4, every=3)
    for k in range(9):
        plant.move(k * S, steps=2 if k < 6 else 10, period_us=10_000)  # the first slip takes two packets to pay
    assert plant.steps_done(20 * S) == 42
    assert plant.rotor_steps(20 * S) == 42 - 12
    plant.clear("missed-steps")
    plant.move(20 * S, steps=10, period_us=10_000)
    assert plant.rotor_steps(30 * S) == 40


def test_a_rotor_that_is_let_go_snaps_to_whole_steps():
    for microsteps, moved in ((7, 0), (8, 0), (9, 16), (16, 16), (25, 32)):
        plant = pump(steps_per_rev=3_200)
        plant.inject("snap", steps=16)
        plant.move(0, steps=microsteps, period_us=1_000)
        plant.enable(False, S)
        assert plant.rotor_steps(S) == moved
        plant.enable(False, 2 * S)
        assert plant.rotor_steps(2 * S) == moved


def test_a_stall_ends_when_it_is_cleared():
    plant = pump()
    plant.inject("stall", S)
    plant.move(0, steps=300, period_us=10_000)
    assert plant.rotor_steps(2 * S) == 100  # the pulse at that instant still moved it
    plant.clear("stall", 2 * S)
    assert plant.rotor_steps(3 * S) == 200
    assert plant.steps_done(3 * S) == 300


def test_a_stuck_level_sensor_shows_what_it_showed():
    plant = pump(level_error=0.0)
    plant.inject("level-stuck", 10 * S, 40 * S)
    plant.move(0, steps=2_000, period_us=10_000)
    shown = [plant.level_nl(t * S) for t in (0, 10, 30, 40)]
    assert shown == [18_000_000, 17_780_000, 17_780_000, 17_560_000]
    assert 0.995 <= Plant(seed=4).level_nl(0) / 18_000_000 <= 1.005


def test_free_flow_stops_with_the_reservoir_and_leaves_air():
    plant = pump(reservoir_nl=1_000_000)
    plant.inject("free-flow")
    plant.move(0, steps=200, period_us=10_000)  # lifted rollers move nothing
    assert plant.delivered_nl(H) == pytest.approx(1_000_000)
    assert plant.reservoir_nl(H) == pytest.approx(0, abs=1e-6)
    assert plant.air_nl(H) > 0
    plant = pump()
    plant.inject("free-flow", head_m=-0.5)
    assert plant.delivered_nl(60 * S) == pytest.approx(-500_570, rel=2e-3)  # the other way
    assert plant.reservoir_nl(60 * S) == pytest.approx(18_500_570, rel=1e-3)


@given(
    st.sampled_from(sorted(FAULTS)),
    st.integers(0, 40 * S),
    st.integers(1, 60 * S),
    st.lists(st.integers(0, 70 * S), max_size=12),
)
def test_looking_changes_nothing(name, start_us, length_us, looks):
    ends = []
    for seen in (sorted(looks), []):
        plant = pump()
        plant.inject(name, start_us, start_us + length_us)
        busy = iter([*[k * 5 * S for k in range(14)], 1 << 62])
        due = next(busy)
        for t_us in [*seen, 70 * S]:
            while due <= t_us:
                plant.move(due, steps=100, period_us=10_000)
                due = next(busy)
            plant.delivered_nl(t_us)
            plant.pressure_kpa(t_us)
        ends.append((plant.delivered_nl(80 * S), plant.reservoir_nl(80 * S), plant.pressure_kpa(80 * S)))
    assert ends[0] == ends[1]


def test_a_leak_loses_its_share_of_a_bubble_too():
    plant = pump()
    plant.inject("leak", share=0.3)
    plant.move(0, steps=1_000, period_us=10_000)  # the share is that of a packet, not of all so far
    plant.inject("bubble", 100 * S, volume_nl=20_000)
    for k in range(10):
        plant.move((100 + 60 * k) * S, steps=20, period_us=10_000)
    delivered, leaked = plant.delivered_nl(900 * S), plant.leaked_nl(900 * S)
    assert delivered == pytest.approx(0.7 * (6 * TURN_NL - 20_000), rel=1e-3)
    assert leaked == pytest.approx(0.3 * (6 * TURN_NL - 20_000), rel=1e-3)


def test_a_bubble_is_drawn_once_however_small_the_packets_are():
    plant = pump()
    plant.inject("bubble", volume_nl=30_000)
    for k in range(40):
        plant.move(k * 60 * S, steps=5, period_us=10_000)
        drawn = min(30_000, plant.delivered_nl(k * 60 * S + 50 * S) + plant.air_nl(k * 60 * S + 50 * S))
        assert plant.air_nl(k * 60 * S + 55 * S) == pytest.approx(drawn)
    assert plant.reservoir_nl(2_400 * S) == pytest.approx(18_000_000 - TURN_NL + 30_000)


def test_what_a_snap_moves_is_pumped():
    plant = pump(steps_per_rev=3_200, roller_volume_nl=0)
    plant.follow_line()
    plant.inject("snap", steps=16)
    for k in range(10):
        plant.enable(True, k * 10 * S)
        plant.move(k * 10 * S, steps=25, period_us=1_000)  # 25, then back from 41 to 48 - 16, and so on
        plant.enable(False, k * 10 * S + S)
    assert plant.rotor_steps(200 * S) == 10 * 32
    assert plant.delivered_nl(200 * S) == pytest.approx(TURN_NL / 10)
