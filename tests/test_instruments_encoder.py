"""Encoder: counts by hand, noise by statistics, and what it cannot see."""

import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphil.instruments import Encoder, EncoderParameters, InstrumentError
from pumphil.plant import Plant, PlantError, PlantParameters

PERFECT = EncoderParameters(noise_deg=0.0, nonlinearity_deg=0.0)


def plant_at(start_step: int = 0, **parameters) -> Plant:
    plant = Plant(PlantParameters(calibration_error=0.0, start_step=start_step, **parameters))
    plant.enable(True)
    return plant


def test_counts_of_a_perfect_encoder():
    plant = plant_at()
    encoder = Encoder(plant, parameters=PERFECT)
    plant.move(0, steps=2_000, period_us=10_000)
    # one full step is 4096/200 = 20.48 counts; the count is the floor
    assert [encoder.counts(k * 10_000) for k in (0, 1, 2, 3, 25, 200, 2_000)] == [0, 20, 40, 61, 512, 4_096, 40_960]


def test_a_reading_is_turns_to_the_count():
    plant = plant_at()
    encoder = Encoder(plant, parameters=PERFECT)
    plant.move(0, steps=201, period_us=10_000)
    reading = encoder.read(2_010_000)
    assert reading.value == 1 + Decimal(20) / 4096
    assert (reading.unit, reading.t_us) == ("turns", 2_010_000)


@given(st.integers(0, 199), st.integers(0, 5_000), st.integers(0, 99))
def test_quantisation_is_within_one_count_of_the_truth_from_any_angle(start_step, steps, seed):
    plant = plant_at(start_step)
    encoder = Encoder(plant, seed, PERFECT)
    plant.move(0, steps, 10_000)
    assert abs(encoder.counts(steps * 10_000) - steps * 4_096 / 200) < 1


def test_volume_is_turns_times_what_the_caller_declares():
    plant = plant_at()
    encoder = Encoder(plant, parameters=PERFECT)
    plant.move(0, steps=1_000, period_us=10_000)
    assert encoder.volume_nl(10_000_000, nl_per_rev=43_100).value == Decimal("215500.0")
    assert encoder.volume_nl(10_000_000, nl_per_rev=50_000).value == Decimal("250000.0")


def test_volume_between_two_readings():
    plant = plant_at()
    encoder = Encoder(plant, parameters=PERFECT)
    plant.move(0, steps=1_000, period_us=10_000)
    start, end = encoder.read(2_000_000), encoder.read(8_000_000)
    assert encoder.volume_between_nl(start, end, 43_100).value == Decimal("129300.0")  # 3 turns
    with pytest.raises(InstrumentError, match=r"2000000 us\) is older than the first \(8000000 us\); swap them"):
        encoder.volume_between_nl(end, start, 43_100)
    with pytest.raises(InstrumentError, match="'nL', expected 'turns'"):
        encoder.volume_between_nl(start, encoder.volume_nl(9_000_000, 43_100), 43_100)


def test_stated_uncertainty_is_the_sum_worked_out_by_hand():
    # squares in turns: noise 0.03/360 -> 8.33e-5, count 1/(4096 sqrt 12) -> 7.05e-5, sine 1/360/sqrt 2 -> 1.9642e-3;
    # root of the sum 1.9672e-3, of a difference 2.7821e-3 turns, times 43 100 nL = 119.9 nL
    assert EncoderParameters().standard_uncertainty_turns == pytest.approx(2.7821e-3, abs=1e-7)
    assert EncoderParameters().reading_uncertainty_nl(43_100) == pytest.approx(119.9, abs=0.05)
    reading = Encoder(plant_at()).volume_nl(0, 43_100)
    assert reading.standard_uncertainty == Decimal("119.9")
    assert reading.expanded_uncertainty == Decimal("239.8")


def test_noise_has_the_stated_size():
    plant = plant_at()
    encoder = Encoder(plant, 5, EncoderParameters(noise_deg=0.5, nonlinearity_deg=0.0))
    counts = [encoder.counts(t * 1_000) for t in range(1, 2_001)]
    assert statistics.stdev(counts) == pytest.approx(0.5 / 360 * 4_096, rel=0.05)


def test_nonlinearity_is_one_sine_a_turn():
    plant = plant_at()
    encoder = Encoder(plant, 5, EncoderParameters(noise_deg=0.0, nonlinearity_deg=1.0))
    plant.move(0, steps=400, period_us=10_000)
    errors = [encoder.counts(k * 10_000) - k * 20.48 for k in range(401)]
    # peak to peak 2 degrees = 22.8 counts, less or more a count for the floor
    assert max(errors) - min(errors) == pytest.approx(22.8, abs=1.1)
    assert max(abs(a - b) for a, b in zip(errors[:200], errors[200:], strict=False)) <= 1


def test_errors_of_many_encoders_stay_within_what_they_state():
    errors = []
    for seed in range(200):
        plant = plant_at(seed)
        encoder = Encoder(plant, seed)
        plant.move(0, steps=1_000 + 7 * seed, period_us=10_000)
        measured = encoder.volume_nl(60_000_000, 43_100)
        errors.append((float(measured.value) - (1_000 + 7 * seed) * 215.5) / float(measured.standard_uncertainty))
    assert sum(abs(error) <= 2 for error in errors) >= 190
    assert 0.6 < statistics.pstdev(errors) < 1.2  # neither optimistic nor hiding behind a large figure


def test_a_stalled_rotor_is_seen():
    plant = plant_at()
    encoder = Encoder(plant, parameters=PERFECT)
    plant.stall(500_000, 10_000_000)
    plant.move(0, steps=200, period_us=10_000)
    assert encoder.read(2_000_000).value == Decimal(49 * 4_096 // 200) / 4_096  # 49 steps before the stall


def test_a_dry_reservoir_is_not_seen():
    plant = plant_at(reservoir_nl=0)
    encoder = Encoder(plant, parameters=PERFECT)
    plant.move(0, steps=200, period_us=10_000)
    assert encoder.volume_nl(2_000_000, 43_100).value == 43_100
    assert plant.delivered_nl(2_000_000) == pytest.approx(0, abs=1e-6)


def test_stable_means_no_packet_in_hand():
    plant = plant_at()
    encoder = Encoder(plant)
    plant.move(0, steps=10, period_us=10_000)
    assert [encoder.read(t).stable for t in (50_000, 100_001)] == [False, True]


def test_a_reading_depends_on_seed_and_instant_only():
    def reading(seed: int, others: bool) -> Decimal:
        plant = plant_at()
        encoder = Encoder(plant, seed, EncoderParameters(noise_deg=2.0))
        if others:
            for t in range(10):
                encoder.read(t)
        first = encoder.read(1_000)
        assert encoder.read(1_000) == first
        return first.value

    assert reading(1, others=False) == reading(1, others=True)
    assert len({reading(seed, others=False) for seed in range(10)}) > 5


def test_a_reading_in_the_past_is_refused():
    plant = plant_at()
    encoder = Encoder(plant)
    encoder.read(5_000)
    with pytest.raises(PlantError, match=r"4999 us.*5000 us"):
        encoder.read(4_999)
