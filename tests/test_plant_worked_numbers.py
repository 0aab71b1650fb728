"""Worked numbers of roller pump, line and catheter: by hand from the formulas, to the digits they were printed with."""

import math

import pytest

from pumphil.plant import Plant, PlantError, PlantParameters
from pumphil.plant.catheter import delay_h, resistance_kpa_s_per_nl
from pumphil.plant.compliance import air_compliance_nl_per_kpa, tube_compliance_nl_per_kpa
from pumphil.plant.occlusion import packet_signature_kpa, stored_nl, time_to_pressure_s
from pumphil.plant.pressure import head_kpa, pressure_gain, siphon_nl_per_s
from pumphil.plant.roller import occlusion_percent, volume_per_turn_nl
from pumphil.plant.thermal import temperature_gain
from pumphil.plant.wear import creep, run_in, wear

ML_PER_DAY = 1e6 / 86_400  # nL/s
S = 1_000_000
TUBE = tube_compliance_nl_per_kpa(length_m=1.0, bore_mm=0.5, outer_mm=1.5, modulus_kpa=3_000, poisson=0.5)
AIR = air_compliance_nl_per_kpa(100_000, 101.325)
CATHETER = resistance_kpa_s_per_nl(length_m=0.9, bore_mm=0.5, viscosity_mpa_s=1.0)


def to(value: float, digits: int) -> float:
    """Rounded to significant digits, as printed."""
    return float(f"{value:.{digits}g}")


def test_geometry_of_the_head():
    # 50 uL a turn of a 0.79 mm bore (0.490 mm2): 102 mm of swept centre line, R = 16.2 mm
    assert to(math.pi * 0.79**2 / 4, 3) == 0.490
    assert volume_per_turn_nl(0.79, 16.235, 1.0, 3, 0.0) == pytest.approx(50_000, rel=1e-3)
    assert to(2 * math.pi * 16.235, 3) == 102
    # a vendor's 17.46 mL/min at 10 rpm, 4.8 mm bore, 40 mm: an effective fraction between 0.6 and 0.8
    full = volume_per_turn_nl(4.8, 20.0, 1.0, 3, 0.0) * 10 / 1e6
    assert 0.6 < 17.46 / full < 0.8
    # foot-prints come off once a roller and turn
    assert volume_per_turn_nl(0.79, 16.235, 1.0, 3, 5_000) == pytest.approx(35_000, rel=2e-3)
    assert occlusion_percent(1.6, 2.72) == pytest.approx(15.0)  # (2w - h)/(2w)


def test_steps_and_turns():
    weighed = PlantParameters(steps_per_rev=3_200, nl_per_rev=round(3_200 * 1e6 / 74_288))  # 74 288 microsteps/mL
    assert to(weighed.nl_per_rev / 1_000, 3) == 43.1
    assert to(weighed.nl_per_step, 3) == 13.5
    assert to(1e6 / weighed.nl_per_rev, 3) == 23.2  # turns a day at 1 mL/day
    assert f"{1e6 / weighed.nl_per_step / 86_400:.3f}" == "0.860"  # microsteps a second
    assert to(16 * weighed.nl_per_step / 1_000, 3) == 0.215  # uL, a full step
    assert to(64 * weighed.nl_per_step / 1_000, 2) == 0.86  # uL, one slip of 4 full steps


def test_tube_air_and_catheter():
    assert to(TUBE, 3) == 229
    assert to(AIR, 2) == 990
    assert to(CATHETER * 1e15, 3) == 5.87e11  # Pa s/m3
    assert to(ML_PER_DAY * CATHETER * 1_000, 2) == 6.8  # Pa at 1 mL/day
    assert to((TUBE + AIR) / 1_000, 3) == 1.22  # uL/kPa
    assert to((TUBE + AIR) * CATHETER, 2) == 0.71  # s


def test_occlusion_to_100_kpa():
    assert round(stored_nl(TUBE + AIR, 100) / 1_000) == 122
    assert to(time_to_pressure_s(TUBE + AIR, 100, ML_PER_DAY) / 3_600, 2) == 2.9
    assert to(packet_signature_kpa(5_390, TUBE + AIR), 2) == 4.4
    # a published constant stored volume of 0.42 to 0.50 mL: 100, 500, 5000 uL/h in 5 h, 50 min, 5 min
    for rate_ul_h, minutes in ((100, 300), (500, 50), (5_000, 5)):
        assert 416 <= stored_nl(4_200, 100) / 1_000 <= 500
        assert time_to_pressure_s(4_200, 100, rate_ul_h * 1_000 / 3_600) / 60 == pytest.approx(minutes, rel=0.2)
    # teaching case: 12 mL/h, 0.010 mL/kPa, 15 to 85 kPa: 0.7 mL, 210 s
    assert stored_nl(10_000, 70) == 700_000
    assert time_to_pressure_s(10_000, 70, 12e6 / 3_600) == pytest.approx(210)


def test_siphon_of_half_a_metre():
    assert to(head_kpa(0.5), 2) == 4.9
    flow = siphon_nl_per_s(0.5, CATHETER)
    assert to(flow * 60 / 1e6, 2) == 0.50  # mL/min
    assert round(flow * 86_400 / 1e6) == 721  # mL/day
    plant = Plant(PlantParameters(reservoir_nl=18_000_000))
    plant.inject("free-flow")
    assert plant.delivered_nl(60 * S) / 1e6 == pytest.approx(0.50, abs=0.005)


def test_pressure_temperature_and_wear():
    assert pressure_gain(0, 40, 0.003) == pytest.approx(0.88)  # -12 %
    assert pressure_gain(head_kpa(0.5), 0, 0.003) == pytest.approx(1.0147, abs=1e-4)
    assert temperature_gain(2, 0.003, 22) == pytest.approx(0.94)
    assert temperature_gain(40, 0.003, 22) == 1.0
    assert run_in(500, 0.03, 500) == pytest.approx(0.03 * (math.exp(-1) - 1))
    assert creep(24, 0.03, 24) == pytest.approx(-0.03 * (1 - math.exp(-1)))
    assert run_in(1e9, 0.03, 500) == creep(1e9, 0.03, 24) == pytest.approx(-0.03)
    assert wear(1e6, 0.2, 1e6) == pytest.approx(-0.2)
    assert to(wear(23 * 8 * 365, 0.2, 1e6) / -0.2 * 1e6, 2) == 67_000  # passes a year


def test_dead_volume():
    assert to(delay_h(286_000, 1e6), 2) == 6.9
    assert to(delay_h(208_000, 1e6), 2) == 5.0


def test_the_plant_makes_them_too():
    """100 uL of air, occlusion, one packet of a pitch: 4.4 kPa; 122 uL at 100 kPa and back as a bolus on release."""
    plant = Plant(PlantParameters(calibration_error=0.0, start_step=0))
    plant.enable(True)
    plant.inject("trapped-air", volume_nl=100_000)
    plant.inject("occlusion")
    plant.move(0, steps=25, period_us=10_000)
    assert to(plant.pressure_kpa(S), 2) == 4.4
    t_us = S
    while plant.pressure_kpa(t_us) < 100:
        plant.move(t_us, steps=1, period_us=10_000)
        t_us += S
    stored_ul = plant.line_nl(t_us) / 1_000
    assert round(stored_ul) == 122
    assert plant.delivered_nl(t_us) == 0
    plant.clear("occlusion")
    assert plant.delivered_nl(t_us + 60 * S) / 1_000 == pytest.approx(stored_ul, abs=1e-3)


def test_back_pressure_of_40_kpa_takes_12_percent():
    plant = Plant(PlantParameters(calibration_error=0.0, start_step=0))
    plant.enable(True)
    plant.inject("back-pressure", kpa=40)
    before_nl = plant.delivered_nl(10 * S)  # the line has filled to 40 kPa from outside
    assert before_nl == pytest.approx(-40 * TUBE, abs=0.01)
    plant.move(10 * S, steps=2_000, period_us=10_000)
    assert plant.delivered_nl(100 * S) - before_nl == pytest.approx(0.88 * 431_000, abs=1e-3)


def test_a_leak_splits_by_resistance_and_a_disconnect_takes_all():
    for name, share, values in (("leak", 0.3, {"share": 0.3}), ("disconnect", 1.0, {})):
        plant = Plant(PlantParameters(calibration_error=0.0, start_step=0))
        plant.enable(True)
        plant.inject(name, **values)
        plant.move(0, steps=200, period_us=10_000)
        assert plant.leaked_nl(100 * S) == pytest.approx(share * 43_100, abs=1e-3)
        assert plant.delivered_nl(100 * S) == pytest.approx((1 - share) * 43_100, abs=1e-3)


def test_a_bubble_is_short_by_its_volume_and_softens_the_line_meanwhile():
    plant = Plant(PlantParameters(calibration_error=0.0, start_step=0, catheter_volume_nl=286_000))
    plant.enable(True)
    plant.inject("bubble", volume_nl=60_000)
    plant.move(0, steps=400, period_us=10_000)
    assert plant.delivered_nl(50 * S) == pytest.approx(86_200, abs=1e-3)
    assert plant.air_in_line_nl(50 * S) == pytest.approx(60_000)
    assert plant.reservoir_nl(50 * S) == pytest.approx(18_000_000 - 26_200)
    plant.move(50 * S, steps=1_600, period_us=10_000)  # 431 uL in all
    assert plant.air_in_line_nl(100 * S) == 0
    assert plant.delivered_nl(100 * S) == pytest.approx(431_000 - 60_000, abs=1e-3)


def test_concentration_arrives_after_the_dead_volume_plug_or_stirred():
    for mixing in (0.0, 1.0):
        plant = Plant(
            PlantParameters(calibration_error=0.0, start_step=0, catheter_volume_nl=43_100, catheter_mixing=mixing)
        )
        plant.enable(True)
        plant.drain(0)
        plant.refill(0, 18_000_000, concentration=2.0)
        plant.move(0, steps=200, period_us=10_000)  # one dead volume
        amount = {0.0: 43_100.0, 1.0: 43_100 * (2 - (1 - math.exp(-1)))}[mixing]
        assert plant.drug_out(10 * S) == pytest.approx(amount, rel=1e-9)
        assert plant.tip_concentration(10 * S) == pytest.approx({0.0: 1.0, 1.0: 2 - math.exp(-1)}[mixing])
        plant.move(10 * S, steps=200, period_us=10_000)
        assert plant.tip_concentration(20 * S) == pytest.approx({0.0: 2.0, 1.0: 2 - math.exp(-2)}[mixing])


def test_a_refill_mixes_with_what_is_there():
    plant = Plant(PlantParameters(reservoir_nl=5_000_000, concentration=1.0, calibration_error=0.0, start_step=0))
    plant.refill(0, 5_000_000, concentration=3.0)
    plant.enable(True)
    plant.move(0, steps=200, period_us=10_000)
    assert plant.tip_concentration(10 * S) == pytest.approx(2.0)


def test_an_impossible_tube_is_refused():
    with pytest.raises(PlantError, match=r"tube_outer_mm refused: 0.4 .* more than the bore"):
        PlantParameters(tube_outer_mm=0.4)
    with pytest.raises(PlantError, match="slip_kpa refused: 0"):
        PlantParameters(slip_kpa=0)
