"""Volume: delivery and reservoir ledger, on both interpreters. Expected values worked by hand.

    micropython tests/portable/run.py test_dose

By design a turn is 43 100 nL in 200 steps, so a step is 215.5 nL and costs 43 100 · 86 400 000 = 3 723 840 000 000
units of which 1 nL/day brings 200 a millisecond.
"""

from pumpfw.core.config import Config
from pumpfw.core.delivery import Delivery
from pumpfw.core.reservoir import Reservoir

HOUR_MS = 3_600_000
STEP_UNITS = 3_723_840_000_000


def delivery(**config):
    return Delivery(Config(**config))


def issue_all(account, packet_steps):
    """Issue packets as long as one is due."""
    steps = account.due(packet_steps)
    while steps:
        account.issue(steps)
        steps = account.due(packet_steps)


# -- delivery ----------------------------------------------------------------------------------------


def test_one_hour_at_1_ml_a_day_is_193_steps_and_35_hundredths():
    """1 000 000 / 24 / 215.5 = 193.35 steps."""
    account = delivery()
    account.flow(1_000_000, HOUR_MS)
    issue_all(account, 1)
    assert account.total == 193
    assert account.volume_nl(193) == 41_592  # 41 591.5
    # 0.6512 of a step are left to come: 2 424 960 000 000 units at 200 000 000 a millisecond are 12 124.8 ms
    assert account.ms_until(1, 1_000_000, 0) == 12_125


def test_remainder_is_carried_exactly():
    """0.431 days at 1 000 000 nL/day are 431 000 nL or 2 000 steps to the last unit, however they are cut up."""
    account = delivery()
    pieces = (1, 7, 999, 11_000_000, 37_238_400 - 11_001_007)
    for period in range(1, 31):
        for ms in pieces:
            account.flow(1_000_000, ms)
            issue_all(account, 2)
        issue_all(account, 1)
        assert account.total == 2_000 * period
        assert account.ms_until(1, 1_000_000, 0) == 18_620  # a whole step is 18 619.2 ms
    assert account.ms_until(1, 100, 0) == 186_192_000, "nothing is left over"


def test_packet_is_what_30_s_bring_at_least_a_step_at_most_10_ul():
    """nL in 30 s: 16.7, 166.7, 333.3, 8 333.3; in steps of 215.5 nL: 0.08, 0.77, 1.55, 38.67."""
    account = delivery()
    sizes = [account.packet_steps(rate) for rate in (48_000, 480_000, 960_000, 24_000_000)]
    assert sizes == [1, 1, 2, 39]
    assert account.packet_steps(0) == 1
    # 215.5 nL in 30 s are 620 640 nL/day
    assert (account.packet_steps(620_640), account.packet_steps(620_641)) == (1, 2)
    # 10 000 nL are 46.4 steps; 30 000 000 nL/day would be 48.3
    assert (account.packet_steps(28_549_440), account.packet_steps(30_000_000)) == (46, 46)
    # another calibration: 100 nL a step
    assert delivery(nl_per_rev=20_000).packet_steps(24_000_000) == 84
    assert delivery(nl_per_rev=20_000).packet_steps(30_000_000) == 100


def test_due_waits_for_a_whole_packet_and_stays_below_10_ul():
    account = delivery()
    account.add(2 * STEP_UNITS - 1)
    assert account.due(2) == 0
    assert account.due(1) == 1
    account.add(1)
    assert account.due(2) == 2
    account.add(50 * STEP_UNITS)
    assert account.due(2) == 46
    account.issue(46)
    assert account.due(2) == 6
    assert account.total == 46


def test_a_step_ahead_is_owed():
    account = delivery()
    account.issue(1)
    assert account.due(1) == 0
    assert account.ms_until(1, 1_000_000, 0) == 37_239  # two steps of 18 619.2 ms
    account.add(STEP_UNITS - 1)
    assert account.ahead(), "by a unit"
    account.add(1)
    assert not account.ahead()
    account.add(STEP_UNITS)
    assert account.due(1) == 1


def test_wait_is_never_early_and_at_most_1_ms_late():
    for rate in (48_000, 480_000, 999_999, 7_654_321, 24_000_000):
        for begun in (0, 1, STEP_UNITS - 1):
            for packet in (1, 2, 39):
                account = delivery()
                account.add(begun)
                wait = account.ms_until(packet, rate, 0)
                account.flow(rate, wait - 1)
                assert account.due(packet) == 0, (rate, begun, packet)
                account.flow(rate, 1)
                assert account.due(packet) >= packet, (rate, begun, packet)


def test_wait_with_a_bolus_beside_the_basal_rate():
    """1 000 000 nL/day bring 2·10^8 units a ms; 18 619 840 units more a ms: 3.72384·10^12 / 2.1862·10^8 = 17 033.4."""
    account = delivery()
    assert account.ms_until(1, 1_000_000, 18_619_840) == 17_034
    assert account.ms_until(1, 0, 18_619_840) == 199_994  # 199 993.1
    assert account.ms_until(1, 0, 0) == -1
    account.add(STEP_UNITS)
    assert account.ms_until(1, 1_000_000, 0) == 0
    assert account.ms_until(1, 0, 0) == 0, "a whole packet goes out even if nothing flows any more"


def test_volume_of_steps_is_rounded_up():
    account = delivery()
    assert [account.volume_nl(steps) for steps in (0, 1, 2, 3, 200)] == [0, 216, 431, 647, 43_100]
    assert account.units_of(20_000) == 345_600_000_000_000  # 92.81 steps
    account.add(account.units_of(43_100))
    issue_all(account, 1)
    assert account.total == 200
    assert account.ms_until(1, 1_000_000, 0) == 18_620


def test_volume_in_steps_is_rounded_up():
    """215.5 nL a step: 431 nL are two, 432 a bit of a third."""
    account = delivery()
    assert [account.steps_of(volume_nl) for volume_nl in (0, 1, 215, 216, 431, 432, 43_100)] == [0, 1, 1, 2, 2, 3, 200]


def test_what_is_withheld_is_not_owed_and_did_not_go_out():
    """BOL-04, FLOW-14."""
    account = delivery()
    account.add(3 * STEP_UNITS)
    account.withhold(2)
    assert (account.due(1), account.total, account.delivered_nl()) == (1, 0, 0)


def test_another_calibration_leaves_what_went_out_as_it_was():
    """HW-10: 201 steps of 215.5 nL are 43 315.5, then ten of 100 nL; what was carried keeps its volume."""
    account = delivery()
    account.issue(201)
    account.add(201 * STEP_UNITS + STEP_UNITS - 1)  # a unit less than a step of before, 2.155 of those to come
    account.calibrate(20_000)
    assert (account.settled(), account.delivered_nl(), account.nl_per_rev) == ((43_316, 201), 43_316, 20_000)
    assert account.due(1) == 2
    # 0.845 steps of 100 nL are left to come: 1 460 160 000 001 units at 2 · 10^8 a ms, a unit too much for 7 300.8
    assert account.ms_until(3, 1_000_000, 0) == 7_301
    account.issue(10)
    assert (account.settled(), account.delivered_nl(), account.total) == ((43_316, 201), 44_316, 211)
    account.calibrate(43_100)
    assert (account.settled(), account.packet_max) == ((44_316, 211), 46)


def test_the_account_goes_on_with_the_calibration_that_was_in_force():
    """PWR-08: 40 steps made 5 000 nL before the calibration in force, ten of 100 nL since."""
    account = delivery()
    account.total = 50
    account.restore(20_000, 5_000, 40)
    assert (account.total, account.settled(), account.delivered_nl()) == (50, (5_000, 40), 6_000)
    assert (account.due(1), account.nl_per_rev, account.packet_max) == (0, 20_000, 100)
    assert account.ms_until(1, 1_000_000, 0) == 8_640  # 1.728 · 10^12 / 2 · 10^8
    account.add(20_000 * 86_400_000 - 1)
    assert account.due(1) == 0
    account.add(1)
    assert account.due(1) == 1


# -- reservoir ---------------------------------------------------------------------------------------


def test_ledger_rounds_against_the_reservoir():
    account = delivery()
    reservoir = Reservoir(Config(), account)
    assert (reservoir.remaining_nl(), reservoir.levels()) == (0, 0)
    account.issue(5)
    reservoir.fill(18_000_000, -1, b"saline", 1, 0)
    assert reservoir.filled
    assert reservoir.remaining_nl() == 18_000_000, "what went before does not count"
    account.issue(1)
    assert reservoir.remaining_nl() == 17_999_784  # 215.5 used, 216 counted
    account.issue(1)
    assert reservoir.remaining_nl() == 17_999_569
    account.issue(100_000)
    assert reservoir.remaining_nl() == 0


def test_thresholds_belong_to_low_and_to_empty():
    account = delivery()
    reservoir = Reservoir(Config(), account)
    for content, levels in ((3_000_001, 0), (3_000_000, 1), (500_001, 1), (500_000, 3), (1, 3)):
        reservoir.fill(content, -1, b"saline", 1, 0)
        assert reservoir.levels() == levels, content


def test_lasts_to_the_empty_threshold_and_no_further():
    reservoir = Reservoir(Config(), delivery())
    reservoir.fill(3_500_000, -1, b"saline", 1, 0)
    assert reservoir.lasts(3_000_000)
    assert not reservoir.lasts(3_000_001)
