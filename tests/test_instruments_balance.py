"""Balance: grams by hand, digits, evaporation and its correction, and errors as large as stated."""

import statistics
from decimal import Decimal

import pytest

from pumphil.instruments import Balance, BalanceParameters, Encoder, InstrumentError, Reading
from pumphil.plant import Plant, PlantParameters

DAY_US = 86_400_000_000
QUIET = BalanceParameters(repeatability_mg=0.0, evaporation_mg_per_h=0.0)


def plant_of(**parameters) -> Plant:
    plant = Plant(PlantParameters(**{"calibration_error": 0.0, "start_step": 0} | parameters))
    plant.enable(True)
    return plant


def grams(text: str, t_us: int) -> Reading:
    return Reading(Decimal(text), "g", Decimal("0.0001"), t_us, stable=True)


def test_grams_of_a_quiet_balance():
    plant = plant_of()
    balance = Balance(plant, parameters=QUIET)
    plant.move(0, steps=23 * 200, period_us=10_000)
    # 23 turns are 991.3 uL; over Z(20 C) = 1.00285 uL/mg that is 988.48 mg, shown to 0.1 mg
    assert balance.read(46_000_000).value == Decimal("0.9885")


def test_the_density_is_that_of_the_water_on_the_pan():
    plant = plant_of()
    cold = Balance(plant, parameters=QUIET)
    warm = Balance(
        plant, parameters=BalanceParameters(repeatability_mg=0.0, evaporation_mg_per_h=0.0, temperature_c=37)
    )
    plant.move(0, steps=200 * 200, period_us=10_000)
    # 8620 uL: over 1.00285 and over 1.00772
    assert (cold.read(DAY_US).value, warm.read(DAY_US).value) == (Decimal("8.5955"), Decimal("8.5540"))


@pytest.mark.parametrize("readability", [0.01, 0.1, 1.0])
def test_the_last_digit_is_the_readability(readability):
    plant = plant_of()
    balance = Balance(plant, 3, BalanceParameters(readability_mg=readability))
    plant.move(0, steps=10_000, period_us=10_000)
    for t in range(0, 100_000_000, 7_000_003):
        shown_mg = balance.read(t).value * 1000
        assert shown_mg % Decimal(str(readability)) == 0


def test_the_worked_day_corrected_for_evaporation_and_buoyancy():
    balance = Balance(plant_of(), parameters=BalanceParameters(temperature_c=22.0, evaporation_mg_per_h=0.127))
    volume = balance.volume_nl(grams("0.0000", 0), grams("0.9941", DAY_US))
    assert volume.unit == "nL"
    assert float(volume.value) == pytest.approx(1_000_400, abs=50)  # (994.1 + 3.05) mg * 1.00328 uL/mg
    # readings 0.1477 uL, evaporation 15 % of 3.048 mg = 0.4587 uL
    assert float(volume.standard_uncertainty) == pytest.approx(481.9, abs=0.5)


def test_a_blank_run_shows_the_true_evaporation():
    balance = Balance(plant_of(), seed=4, parameters=BalanceParameters(repeatability_mg=0.0))
    assert float(balance.read(DAY_US).value) * 1000 == pytest.approx(-24 * balance.true_evaporation_mg_per_h, abs=0.05)
    rates = [Balance(plant_of(), seed).true_evaporation_mg_per_h for seed in range(300)]
    assert statistics.mean(rates) == pytest.approx(0.127, rel=0.03)
    assert statistics.stdev(rates) == pytest.approx(0.15 * 0.127, rel=0.15)


def test_repeatability_has_the_stated_size():
    balance = Balance(plant_of(), 5, BalanceParameters(readability_mg=0.01, evaporation_mg_per_h=0.0))
    shown_mg = [float(balance.read(t * 1_000_000).value) * 1000 for t in range(2_000)]
    assert statistics.stdev(shown_mg) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("hours", [0.05, 24, 72])
def test_errors_of_many_balances_are_as_large_as_stated(hours):
    errors = []
    end_us = int(hours * 3_600_000_000)
    for seed in range(200):
        plant = plant_of(start_step=seed)
        balance = Balance(plant, seed)
        start = balance.read(0)
        plant.move(0, steps=800, period_us=10_000)
        measured = balance.volume_nl(start, balance.read(end_us))
        errors.append((float(measured.value) - 4 * 43_100) / float(measured.standard_uncertainty))
    assert 180 <= sum(abs(error) <= 2 for error in errors) <= 199
    assert statistics.pstdev(errors) == pytest.approx(1, abs=0.15)
    assert statistics.mean(errors) == pytest.approx(0, abs=0.2)


def test_it_sees_the_outlet_not_the_rotor():
    plant = plant_of(reservoir_nl=0)
    balance = Balance(plant, parameters=QUIET)
    plant.move(0, steps=2_000, period_us=10_000)
    assert balance.read(20_000_000).value == 0


def test_it_is_tared_when_it_is_put_there():
    plant = plant_of()
    plant.move(0, steps=2_000, period_us=10_000)
    plant.turns(20_000_000)
    balance = Balance(plant, parameters=QUIET)
    assert balance.read(20_000_000).value == 0
    plant.move(20_000_000, steps=200, period_us=10_000)
    assert balance.read(22_000_000).value == Decimal("0.0430")  # 43.1 uL over 1.00285 = 42.98 mg


def test_stable_needs_two_seconds_of_rest():
    plant = plant_of()
    balance = Balance(plant)
    start = balance.read(0)
    plant.move(0, steps=10, period_us=10_000)
    moving, settling, settled = balance.read(50_000), balance.read(2_099_999), balance.read(2_100_000)
    assert [r.stable for r in (start, moving, settling, settled)] == [True, False, False, True]
    assert not balance.volume_nl(start, settling).stable
    assert not balance.volume_nl(moving, settled).stable
    assert balance.volume_nl(start, settled).stable


def test_readings_that_do_not_belong_together_are_refused():
    plant = plant_of()
    balance = Balance(plant)
    with pytest.raises(InstrumentError, match=r"5 us\) is older than the first \(10 us\); swap them"):
        balance.volume_nl(grams("0", 10), grams("0", 5))
    with pytest.raises(InstrumentError, match="'turns', expected 'g'"):
        balance.volume_nl(grams("0", 0), Encoder(plant).read(10))


def test_a_reading_is_the_same_whatever_else_is_read():
    def run(order: str) -> tuple[Reading, Reading]:
        plant = Plant(seed=9)
        plant.enable(True)
        balance, encoder = Balance(plant, 9), Encoder(plant, 9)
        plant.move(0, steps=500, period_us=10_000)
        seen = {}
        for letter in order:
            if letter == "x":
                balance.read(1_000_000)
                encoder.read(1_000_000)
            else:
                seen[letter] = balance.read(9_000_000) if letter == "b" else encoder.read(9_000_000)
        return seen["b"], seen["e"]

    assert run("be") == run("eb") == run("xxbbe") == run("xebe")
