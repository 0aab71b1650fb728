"""Pulses and rotor steps: timing of a packet, stop, enable, stall, and every refusal. Counts worked out by hand."""

import pytest

from pumphil.plant import Plant, PlantError, PlantParameters

EXACT = PlantParameters(calibration_error=0.0, start_step=0)


def running_plant() -> Plant:
    plant = Plant(EXACT, seed=0)
    plant.enable(True)
    return plant


def test_step_k_comes_k_periods_after_the_packet():
    plant = running_plant()
    plant.move(1_000_000, steps=3, period_us=10_000)
    seen = [plant.rotor_steps(t) for t in (1_000_000, 1_009_999, 1_010_000, 1_029_999, 1_030_000, 9_000_000)]
    assert seen == [0, 0, 1, 2, 3, 3]


def test_packets_add_up_and_the_last_one_counts_without_being_asked():
    plant = running_plant()
    for i in range(1_000):
        plant.move(i * 1_000_000, steps=46, period_us=10_000)
    assert plant.steps_done(1_000 * 1_000_000) == 46_000
    assert plant.turns(1_000 * 1_000_000) == 230.0


def test_a_packet_may_follow_at_the_instant_the_last_one_ends():
    plant = running_plant()
    plant.move(0, steps=5, period_us=10_000)
    plant.move(50_000, steps=5, period_us=10_000)
    assert plant.rotor_steps(100_000) == 10


def test_a_packet_before_the_end_of_the_last_is_refused_and_changes_nothing():
    plant = running_plant()
    plant.move(0, steps=5, period_us=10_000)
    with pytest.raises(PlantError, match=r"t = 49999 us refused: motor busy with a packet until 50000 us"):
        plant.move(49_999, steps=1, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 5


def test_zero_steps_do_nothing():
    plant = running_plant()
    plant.move(0, steps=2, period_us=10_000)
    plant.move(300_000, steps=0, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 2
    assert plant.idle_us(1_000_000) == 980_000  # since the real packet ended at 20 000


def test_no_reverse_and_no_period_below_a_microsecond():
    plant = running_plant()
    with pytest.raises(PlantError, match=r"packet of -1 steps .* forward only"):
        plant.move(0, steps=-1, period_us=10_000)
    with pytest.raises(PlantError, match=r"period is below 1 us"):
        plant.move(0, steps=1, period_us=0)


def test_time_never_goes_back_and_the_refusal_names_both_times():
    plant = running_plant()
    plant.delivered_nl(2_000)
    for ask in (plant.delivered_nl, plant.reservoir_nl, plant.turns, plant.steps_done, plant.stop_motor, plant.idle_us):
        with pytest.raises(PlantError, match=r"1999 us.*2000 us"):
            ask(1_999)
    with pytest.raises(PlantError, match=r"t = 1999 us.*2000 us"):
        plant.move(1_999, steps=1, period_us=10_000)
    with pytest.raises(PlantError, match=r"1999 us.*2000 us"):
        plant.enable(False, 1_999)
    with pytest.raises(PlantError, match=r"1999 us.*2000 us"):
        plant.refill(1_999, 0)
    plant.move(5_000, steps=1, period_us=10_000)
    with pytest.raises(PlantError, match=r"4999 us.*5000 us"):
        plant.turns(4_999)


def test_stop_ends_the_packet_in_hand_and_tells_its_pulses():
    plant = running_plant()
    plant.move(0, steps=10, period_us=10_000)
    assert plant.stop_motor(35_000) == 3
    assert plant.stop_motor(36_000) == 0  # nothing in hand any more
    assert plant.rotor_steps(1_000_000) == 3
    plant.move(1_000_000, steps=1, period_us=10_000)  # the motor is free
    assert plant.rotor_steps(2_000_000) == 4


def test_the_motor_is_free_from_the_stop_on():
    plant = running_plant()
    plant.move(0, steps=10, period_us=10_000)
    plant.stop_motor(35_000)
    plant.move(35_000, steps=2, period_us=10_000)
    assert plant.rotor_steps(55_000) == 5


def test_stop_after_the_end_tells_the_whole_packet():
    plant = running_plant()
    plant.move(0, steps=10, period_us=10_000)
    assert plant.stop_motor(500_000) == 10
    assert plant.steps_done(500_000) == 10


def test_pulses_without_enable_move_nothing():
    plant = Plant(EXACT)  # the line is off until somebody drives it
    plant.move(0, steps=10, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 0
    assert plant.steps_done(1_000_000) == 10
    assert plant.delivered_nl(1_000_000) == 0.0


def test_enable_without_pulses_moves_nothing():
    plant = running_plant()
    assert plant.rotor_steps(10**12) == 0


def test_enable_removed_in_a_packet_stops_the_rotor_there():
    plant = running_plant()
    plant.move(0, steps=10, period_us=10_000)
    plant.enable(False, 40_000)  # the pulse at 40 000 has moved
    plant.enable(True, 75_000)  # pulses 5, 6, 7 are lost
    assert plant.rotor_steps(1_000_000) == 7
    assert plant.steps_done(1_000_000) == 10


def test_enable_without_a_time_means_the_latest_instant_the_plant_was_told():
    plant = running_plant()
    plant.move(0, steps=10, period_us=10_000)
    plant.turns(25_000)
    plant.enable(False)
    plant.move(100_000, steps=10, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 2
    assert plant.steps_done(1_000_000) == 20


def test_a_stalled_rotor_lets_pulses_pass_from_its_begin_to_before_its_end():
    plant = running_plant()
    plant.stall(20_000, 50_000)  # pulses at 20, 30, 40 ms are lost, that at 50 ms is not
    plant.move(0, steps=10, period_us=10_000)
    assert plant.rotor_steps(45_000) == 1
    assert plant.rotor_steps(100_000) == 7
    assert plant.steps_done(100_000) == 10
    plant.move(100_000, steps=10, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 17


def test_a_stall_over_many_packets_loses_each_pulse_once():
    plant = running_plant()
    plant.stall(1_500_000, 3_500_000)
    for i in range(6):
        plant.move(i * 1_000_000, steps=46, period_us=10_000)
    # packets at 0, 1 s move; those at 2, 3 s stall (all 46 pulses lie before 3.5 s); those at 4, 5 s move
    assert plant.rotor_steps(10_000_000) == 4 * 46


def test_overlapping_stalls_count_a_pulse_once():
    plant = running_plant()
    plant.stall(40_000, 70_000)
    plant.stall(20_000, 50_000)
    plant.stall(45_000, 46_000)
    plant.move(0, steps=10, period_us=10_000)
    assert plant.rotor_steps(1_000_000) == 5  # lost: 20 to 60 ms


def test_a_stall_in_the_past_or_of_no_length_is_refused():
    plant = running_plant()
    plant.turns(1_000)
    with pytest.raises(PlantError, match=r"stall from 999 us until 5000 us refused: the plant is at 1000 us"):
        plant.stall(999, 5_000)
    with pytest.raises(PlantError, match="end after the beginning"):
        plant.stall(5_000, 5_000)


def test_idle_time_counts_from_the_end_of_the_packet():
    plant = running_plant()
    assert plant.idle_us(0) > 10**12  # there never was a packet
    plant.move(0, steps=10, period_us=10_000)
    assert plant.idle_us(99_999) == 0
    assert plant.idle_us(150_000) == 50_000
    plant.move(200_000, steps=10, period_us=10_000)
    plant.stop_motor(230_000)
    assert plant.idle_us(231_000) == 1_000
