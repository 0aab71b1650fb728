"""Density of water, Z factor and evaporation against published values and a worked day."""

import pytest

from pumphil.metrology.density import air_kg_per_m3, water_kg_per_m3, z_factor_ul_per_mg
from pumphil.metrology.evaporation import blank_rate_mg_per_h, corrected_gain_mg


@pytest.mark.parametrize(
    "temperature_c, density", [(15, 999.1026), (20, 998.2067), (22, 997.7730), (25, 997.0470), (37, 993.3290)]
)
def test_water_has_the_published_density(temperature_c, density):
    assert water_kg_per_m3(temperature_c) == pytest.approx(density, abs=5.01e-5)


def test_water_is_densest_near_4_degrees():
    assert max(range(41), key=water_kg_per_m3) == 4


@pytest.mark.parametrize(
    "temperature_c, z",
    [(20, 1.00285), (21, 1.00306), (22, 1.00328), (23, 1.00351), (25, 1.00400), (30, 1.00539), (37, 1.00772)],
)
def test_z_at_normal_pressure(temperature_c, z):
    assert z_factor_ul_per_mg(temperature_c) == pytest.approx(z, abs=5.01e-6)


@pytest.mark.parametrize("temperature_c, pressure_hpa, z", [(15, 800, 1.00174), (30, 1067, 1.00545)])
def test_z_at_other_pressures(temperature_c, pressure_hpa, z):
    assert z_factor_ul_per_mg(temperature_c, pressure_hpa) == pytest.approx(z, abs=5.01e-6)


def test_humid_air_is_lighter():
    # 0.009 * 100 * exp(1.22) / 293.15 = 0.0104 kg/m3 between dry and saturated at 20 degrees
    assert air_kg_per_m3(20, humidity_percent=0) - air_kg_per_m3(20, humidity_percent=100) == pytest.approx(
        0.0104, abs=1e-4
    )
    assert air_kg_per_m3(20) == pytest.approx(1.199, abs=1e-3)


@pytest.mark.parametrize("temperature_c", [-0.1, 40.1, 293.15, float("nan")])
def test_a_temperature_outside_the_formula_is_refused(temperature_c):
    with pytest.raises(ValueError, match="0 to 40"):
        water_kg_per_m3(temperature_c)


def test_pressure_and_humidity_outside_the_weather_are_refused():
    with pytest.raises(ValueError, match=r"101325 hPa is outside 600 to 1100; give the station pressure in hPa"):
        air_kg_per_m3(20, 101_325)
    with pytest.raises(ValueError, match=r"101\.325 hPa is outside"):
        air_kg_per_m3(20, 101.325)
    with pytest.raises(ValueError, match=r"101 % relative humidity"):
        air_kg_per_m3(20, humidity_percent=101)


def test_the_worked_day():
    rate = blank_rate_mg_per_h(before=0.130, after=0.124)
    assert rate == pytest.approx(0.127)
    gain = corrected_gain_mg(994.1, rate, hours=24)
    assert gain == pytest.approx(997.15, abs=0.005)  # 994.1 + 3.05
    assert gain * z_factor_ul_per_mg(22) == pytest.approx(1000.4, abs=0.05)


def test_a_correction_back_in_time_is_refused():
    with pytest.raises(ValueError, match="give the earlier one first"):
        corrected_gain_mg(1.0, 0.1, hours=-1)
