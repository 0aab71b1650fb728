"""A simulated pump on a simulated balance, its readings as a log: the trumpet is that of its packets."""

from dataclasses import replace
from fractions import Fraction

from pumphil.instruments import Balance, BalanceParameters
from pumphil.metrology.analysis import Settings, analyse
from pumphil.metrology.balance_log import Layout, parse_log
from pumphil.metrology.conversion import Conversion
from pumphil.metrology.loss import Loss
from pumphil.plant import Plant, PlantParameters

MINUTE_US = 60_000_000
PITCH_STEPS, PITCH_UL = 25, 43.1 / 8  # one roller of eight
PERIOD_US = round(PITCH_UL / (1000 / 1440) * MINUTE_US)


def log_of(calibration_error, evaporation_mg_per_h=0.127):
    """25 h at 1 mL/day, read once a minute on a 0.01 mg balance; each reading is in grams as it was displayed."""
    plant = Plant(replace(PlantParameters(), calibration_error=calibration_error), seed=3)
    plant.enable(True)
    fine = BalanceParameters(
        readability_mg=0.01, repeatability_mg=0.02, evaporation_mg_per_h=evaporation_mg_per_h, evaporation_uncertainty=0
    )
    balance, rows, packet = Balance(plant, 3, fine), ["timestamp (min);weight (g)"], 1
    for minute in range(25 * 60 + 1):
        while packet * PERIOD_US <= minute * MINUTE_US:
            plant.move(packet * PERIOD_US, steps=PITCH_STEPS, period_us=10_000)
            packet += 1
        rows.append(f"{minute};{balance.read(minute * MINUTE_US).value}")
    return parse_log("\n".join(rows).encode(), "simulated.csv", Layout())


def analysed(log, loss_mg_per_h=0.127):
    settings = Settings(
        rate_ml_per_h=1 / 24, interval_min=Fraction(15), loss=Loss.given(loss_mg_per_h),
        conversion=Conversion(temperature_c=20.0), packet_ul=PITCH_UL,
    )  # fmt: skip
    return analyse(log, settings)


def test_the_trumpet_of_a_good_pump_is_that_of_its_packets():
    found = analysed(log_of(0.0))
    assert found.judgement.outcome == "accept"
    for window in found.trumpet:
        low, high = window.predicted_percent
        room = 1.5 * window.noise_percent + 0.25  # extremes of a hundred windows; a packet that straddles the end
        assert low - room <= window.point.lower_percent, window
        assert window.point.upper_percent <= high + room, window
    assert found.trumpet[0].point.lower_percent < -40  # one packet in 15 min in place of two


def test_a_pump_that_gives_eight_percent_too_much_is_rejected_by_that_much():
    good, bad = analysed(log_of(0.0)), analysed(log_of(0.08))
    assert bad.judgement.outcome == "reject"
    assert abs(bad.error_percent - good.error_percent - 8.0) < 0.2


def test_a_loss_nobody_corrects_is_a_pump_that_gives_too_little():
    open_vial = log_of(0.0, evaporation_mg_per_h=2.84)
    corrected, raw = analysed(open_vial, 2.84), analysed(open_vial, 0.0)
    assert corrected.error_percent - raw.error_percent > 6.5  # 2.84 mg/h of 41.7 uL/h
    assert raw.judgement.outcome == "reject"
    assert corrected.judgement.outcome == "accept"
