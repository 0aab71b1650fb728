"""The reference pump against scenarios worked by hand from hil/requirements.toml; no firmware takes part.

python -m pytest tests/test_pump_model_by_hand.py
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from pump_model import Model
from pump_model_flow import stretched_ms
from pump_model_refusals import (
    bolus_denials,
    clock_warnings,
    discrepancy,
    more_than_a_fifth,
    program_refusals,
    window_refusal,
)
from pump_model_time import DAY_MS, HOUR_MS, MINUTE_MS, Wall, Week

EVERY_DAY = 0x7F
DRUG = ("saline", 1_000_000)


def running(profiles: list[tuple[int, list[tuple[int, int]]]], local_ms: int = 0, fill_nl: int = 18_000_000) -> Model:
    """A model that delivers; local time `local_ms` after 1970-01-02 00:00, a Friday."""
    model = Model(20_000_000)
    model.apply_refill(fill_nl, DRUG)
    model.apply_clock(Wall(0, DAY_MS + local_ms))
    model.apply_program(profiles)
    model.apply_start("schedule")
    return model


def settings(**changed: int) -> dict[str, int]:
    wanted = {"volume": 20_000, "duration": 10 * MINUTE_MS, "lockout": HOUR_MS, "max": 6, "rolling": 0, "anchor": 0}
    return wanted | changed


# -- time and flow -------------------------------------------------------------------------------------


def test_a_step_boundary_at_eight():
    """SCHED-02: one minute at 0.48 mL/day (333.33 nL), one at 6 mL/day (4166.67 nL)."""
    model = running([(EVERY_DAY, [(0, 480_000), (480, 6_000_000)])], local_ms=479 * MINUTE_MS)
    model.advance(2 * MINUTE_MS)
    assert model.may_nl == Fraction(4_500)


def test_seven_days_of_two_profiles():
    """SCHED-03: Friday 1 mL, Saturday and Sunday 2 mL each, Monday to Thursday 1 mL each: 9 mL."""
    model = running([(0b0011111, [(0, 1_000_000)]), (0b1100000, [(0, 2_000_000)])])
    rates = []
    for day in range(7):
        rates.append(model.basal(day * DAY_MS))
        model.advance((day + 1) * DAY_MS)
    assert rates == [1_000_000, 2_000_000, 2_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]
    assert model.may_nl == 9_000_000


def test_fullest_24_hours_lie_across_midnight() -> None:
    """Monday's second half at 1.44 mL/day and Tuesday's first at 0.48: 720 + 240 uL; no day has so much."""
    monday, tuesday = [(0, 0), (720, 1_440_000)], [(0, 480_000), (720, 0)]
    week = Week([(0b0000001, monday), (0b0000010, tuesday), (0b1111100, [(0, 0)])])
    assert week.fullest_24h_nl() == 960_000
    assert week.largest_day_nl() == 720_000


def test_an_hour_skipped_by_daylight_saving_is_not_delivered_and_one_repeated_is_delivered_again():
    """TIME-01: the wall clock selects the step and nothing else; the integral follows powered time."""
    week = Week([(EVERY_DAY, [(0, 480_000), (60, 960_000), (120, 480_000)])])
    forward = Wall(0, DAY_MS, 0, DAY_MS + HOUR_MS, 60)
    assert week.volume_nl(forward, 0, 2 * HOUR_MS) == 40_000
    back = Wall(0, DAY_MS, 60, DAY_MS + HOUR_MS, 0)  # 01:00 to 02:00, then 01:00 to 02:00 again
    assert week.volume_nl(back, 0, 2 * HOUR_MS) == 80_000


def test_without_a_clock_the_lowest_step_of_all_profiles_is_delivered():
    """TIME-07."""
    model = running([(0b0011111, [(0, 1_000_000), (60, 480_000)]), (0b1100000, [(0, 96_000)])])
    model.clock = None
    assert model.basal(0) == 96_000


def test_a_bolus_beside_a_high_basal_is_stretched():
    """FLOW-07: 0.5 mL beside 23 mL/day has 1 mL/day of room: half a day."""
    assert stretched_ms(500_000, MINUTE_MS, 23_000_000) == 12 * HOUR_MS
    assert stretched_ms(500_000, MINUTE_MS, 24_000_000) is None


def test_a_bridge_is_over_when_its_volume_is():
    """5.3 of the reference: 0.335 mL at 0.2 mL/day take 40.2 h; after it the program runs."""
    model = running([(EVERY_DAY, [(0, 1_000_000)])])
    model.apply_bridge(model_order(model), 335_000, 200_000)
    assert model.rate() == 200_000
    model.advance(40 * HOUR_MS + 12 * MINUTE_MS)
    assert model.bridge
    assert model.bridge["given"] == 335_000
    model.end_bridge("done")  # the pump says when, the comparison whether that can be
    assert model.rate() == 1_000_000


def model_order(model: Model) -> int:
    order = len(model.orders) + 1
    model.remember(order, "running")
    return order


def test_time_asleep_may_have_flowed_and_need_not():
    """FLOW-14: 10 min at 1.44 mL/day are 10 000 nL that must not be made up."""
    model = running([(EVERY_DAY, [(0, 1_440_000)])])
    model.advance(10 * MINUTE_MS, asleep=True)
    assert (model.must_nl, model.may_nl) == (0, 10_000)
    assert model.quantum_error_nl(1_000) == 0
    model.moved_nl = Fraction(11_001)
    assert model.quantum_error_nl(1_000) == 1


def test_the_quantum_is_missed_by_a_pump_that_gives_nothing():
    """FLOW-03."""
    model = running([(EVERY_DAY, [(0, 1_440_000)])])
    model.advance(10 * MINUTE_MS)
    assert model.quantum_error_nl(1_000) == 9_000


# -- boluses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("anchor", "free_at_ms"), [(0, HOUR_MS), (1, HOUR_MS + 10 * MINUTE_MS)])
def test_the_lockout_counts_from_its_anchor(anchor, free_at_ms):
    """BOL-02."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.apply_settings(settings(anchor=anchor))
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    model.advance(free_at_ms - 1)
    assert bolus_denials(model, 2, model.now_ms, None) == {"LOCKOUT": True}
    model.advance(free_at_ms)
    assert bolus_denials(model, 2, model.now_ms, None) == {}


def test_a_shorter_lockout_frees_nothing_earlier_and_a_longer_one_holds_on():
    """BOL-16."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.apply_settings(settings(lockout=2 * HOUR_MS))
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    model.advance(HOUR_MS)
    model.apply_settings(settings(lockout=5 * MINUTE_MS))
    assert model.lockout_left_ms() == HOUR_MS
    model.apply_settings(settings(lockout=DAY_MS))
    assert model.lockout_left_ms() == 23 * HOUR_MS


def test_a_prime_and_a_clinician_bolus_lock_as_well_but_do_not_count():
    """BOL-02, BOL-03."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.apply_settings(settings(max=1))
    model.begin("clinician-bolus", 1, 20_000, MINUTE_MS)
    model.advance(MINUTE_MS)
    assert (model.lockout_left_ms(), model.boluses_left()) == (59 * MINUTE_MS, 1)
    model.stop()
    model.begin_prime(2, 500_000)
    assert model.bolus_end_ms() == MINUTE_MS + 30 * MINUTE_MS  # 0.5 mL at 24 mL/day
    assert model.lockout_left_ms() == HOUR_MS


def test_the_bolus_that_started_a_day_ago_no_longer_counts():
    """BOL-03: the interval is open at one end."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.apply_settings(settings(max=1))
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    model.advance(DAY_MS - 1)
    assert bolus_denials(model, 2, model.now_ms, None) == {"MAX_COUNT": True}
    model.advance(DAY_MS)
    assert bolus_denials(model, 2, model.now_ms, None) == {}


def test_denials_come_in_their_order():
    """BOL-12, BOL-02, BOL-07: the first of them is answered."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.apply_settings(settings())
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    assert list(bolus_denials(model, 1, model.now_ms - 1, True)) == [
        "DUPLICATE_ORDER", "STALE", "BUSY", "LOCKOUT", "WINDOW",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fill_nl", "reasons"), [(3_000_001, {}), (3_000_000, {"LOW_RESERVOIR": True}), (400_000, {"LOW_RESERVOIR": True})]
)
def test_a_low_reservoir_denies(fill_nl, reasons):
    """RES-04: at the threshold already."""
    model = running([(EVERY_DAY, [(0, 480_000)])], fill_nl=fill_nl)
    model.apply_settings(settings())
    assert bolus_denials(model, 1, 0, None) == reasons


def test_a_stop_keeps_what_was_given_and_resumes_nothing():
    """BOL-15: a quarter of 20 uL."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    model.advance(150_000)
    model.stop()
    assert model.orders[1] == {"state": "cancelled", "requested": 20_000, "given": (5_000, 5_000)}
    model.apply_start("schedule")
    assert (model.mode, model.rate()) == ("schedule", 480_000)


# -- reservoir, limits, soft limits ----------------------------------------------------------------------


def test_the_ledger_loses_each_packet():
    """RES-01: 100 steps of 215.5 nL."""
    model = running([(EVERY_DAY, [(0, 6_000_000)])])
    model.packet(HOUR_MS, 100)
    assert model.content_nl() == 18_000_000 - 21_550


@pytest.mark.parametrize(("withdrawn_nl", "flagged"), [(5_400_000, True), (6_215_000, False), (6_214_999, True)])
def test_the_worked_refill(withdrawn_nl, flagged):
    """RES-07, 5.4 of the reference: 7.215 mL expected; more than 1 mL away is flagged, 14.5 % of 12.785 mL is more."""
    model = running([(EVERY_DAY, [(0, 480_000)])], fill_nl=20_000_000)
    model.spent_nl = Fraction(12_785_000)
    assert discrepancy(model, withdrawn_nl) is flagged


def test_a_discrepancy_of_a_small_delivery_is_judged_by_its_share():
    """RES-07: 14.5 % of 1 mL are 145 uL."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    model.spent_nl = Fraction(1_000_000)
    assert not discrepancy(model, 17_000_000 - 145_000)
    assert discrepancy(model, 17_000_000 - 145_001)


def test_a_fifth_is_not_more_than_a_fifth():
    """HMI-03."""
    assert [more_than_a_fifth(new, 1_000) for new in (1_200, 1_201, 800, 799)] == [False, True, False, True]


def test_five_minutes_of_clock():
    """TIME-03."""
    model = Model(20_000_000)
    assert clock_warnings(model, 0) == 0
    model.apply_clock(Wall(0, DAY_MS))
    assert [bool(clock_warnings(model, DAY_MS + off)) for off in (300_000, -300_000, 300_001, -300_001)] == [
        False, False, True, True,
    ]  # fmt: skip


def test_the_thirteenth_program_of_a_day_is_refused():
    """F08 of the feature table."""
    model = Model(20_000_000)
    program = [(EVERY_DAY, [(0, 480_000)])]
    for count in range(12):
        assert program_refusals(model, program) == {}
        model.apply_program(program)
        model.advance(count + 1)
    assert program_refusals(model, program) == {"LIMIT_CHANGES": True}
    model.advance(DAY_MS)
    assert program_refusals(model, program) == {}


def test_days_that_are_not_covered_once():
    """SCHED-01 for a week."""
    model = Model(20_000_000)
    one = [(0, 480_000)]
    assert program_refusals(model, [(0x3F, one)]) == {"LIMIT_DAYS": True}
    assert program_refusals(model, [(0x3F, one), (0x60, one)]) == {"LIMIT_DAYS": True}
    assert program_refusals(model, [(0x3F, one), (0x40, one)]) == {}


@pytest.mark.parametrize(
    ("rolling_nl", "reasons"),
    [(0, {}), (999_999, {"LIMIT_WINDOW": True}), (1_030_416, {"LIMIT_WINDOW": False}), (1_030_417, {})],
)
def test_the_smallest_limit_of_a_program(rolling_nl, reasons):
    """BOL-04: 1 mL/day, 15 min of it (10 416.7 nL) and two packets of 10 uL."""
    assert window_refusal(Week([(EVERY_DAY, [(0, 1_000_000)])]), rolling_nl) == reasons


# -- resets ----------------------------------------------------------------------------------------------


def test_a_reset_loses_clock_and_bolus_but_not_the_bridge():
    """PWR-06, BOL-15, TIME-07; the lockout goes on in powered time (TIME-08)."""
    model = running([(EVERY_DAY, [(0, 480_000), (60, 960_000)])], local_ms=2 * HOUR_MS)
    model.apply_settings(settings())
    model.begin("patient-bolus", 1, 20_000, 10 * MINUTE_MS)
    model.advance(MINUTE_MS)
    model.reset(MINUTE_MS - 5_000)
    assert (model.mode, model.rate(), model.orders[1]["state"]) == ("schedule", 480_000, "interrupted")
    assert model.lockout_left_ms() == HOUR_MS - MINUTE_MS + 5_000
    assert model.alarms.overdue(MINUTE_MS - 4_000) == {"unexpected-reset", "clock-untrusted", "bolus-interrupted"}
    assert bolus_denials(model, 2, model.now_ms, None) == {"LOCKOUT": True}  # and, once listed, the alarms


@pytest.mark.parametrize(("apart_ms", "mode"), [(3 * MINUTE_MS, "stopped"), (200_000, "schedule")])
def test_the_fourth_reset_in_ten_minutes(apart_ms, mode):
    """PWR-07: four in 9 min stop the pump; the fourth that comes 10 min after the first does not."""
    model = running([(EVERY_DAY, [(0, 480_000)])])
    for count in range(4):
        model.reset(count * apart_ms)
    assert model.mode == mode
