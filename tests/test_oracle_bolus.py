"""Oracle: who gets a bolus and who is told why not. Edges are at -1 ms, 0 and +1 ms of the rule as written down."""

import pytest
from oracle_cases import DAY, HOUR, MINUTE, PatientBolus, continuous, running

from pumphil.oracle import Decision, Prescription

MINUTE_5 = 5 * MINUTE
OFTEN = PatientBolus(volume_nl=1_000, duration_ms=MINUTE, lockout_ms=MINUTE_5, max_per_24h=3)


def with_bolus(settings: PatientBolus | None = PatientBolus(), fill_nl: int = 18_000_000) -> Prescription:  # noqa: B008
    return running(continuous(480_000, bolus=settings, fill_nl=fill_nl))


def denial(reason: str, left: int | None = None) -> Decision:
    return Decision(False, reason, left, None, True)


@pytest.mark.parametrize(
    ("t_ms", "decision"),
    [
        (2 * HOUR - 1, denial("LOCKOUT", 1)),
        (2 * HOUR, Decision(True, None, None, 10 * MINUTE)),
        (2 * HOUR + 1, Decision(True, None, None, 10 * MINUTE)),
        (10 * MINUTE - 1, denial("BUSY", 1)),
        (10 * MINUTE, denial("LOCKOUT", 110 * MINUTE)),
    ],
)
def test_lockout_edges(t_ms: int, decision: Decision) -> None:
    p = with_bolus()
    assert p.request_bolus(0).granted
    assert p.request_bolus(t_ms) == decision


@pytest.mark.parametrize(
    ("t_ms", "decision"),
    [
        (DAY - 1, denial("MAX_COUNT", 1)),
        (DAY, Decision(True, None, None, MINUTE)),
        (DAY + 1, Decision(True, None, None, MINUTE)),
        (2 * HOUR, denial("MAX_COUNT", 22 * HOUR)),
    ],
)
def test_rolling_day_edges(t_ms: int, decision: Decision) -> None:
    p = with_bolus(OFTEN)
    for start_ms in (0, HOUR, 90 * MINUTE):
        assert p.request_bolus(start_ms).granted
    assert p.request_bolus(t_ms) == decision


def test_count_rolls_start_by_start() -> None:
    p = with_bolus(OFTEN)
    for start_ms in (0, HOUR, 90 * MINUTE, DAY):
        assert p.request_bolus(start_ms).granted
    assert p.request_bolus(DAY + MINUTE_5) == denial("MAX_COUNT", HOUR - MINUTE_5)
    assert p.request_bolus(DAY + HOUR).granted


def test_disabled() -> None:
    for settings in (None, PatientBolus(max_per_24h=0)):
        p = with_bolus(settings)
        assert p.request_bolus(HOUR) == denial("DISABLED")


def test_stopped_before_and_after() -> None:
    p = Prescription(0)
    assert p.request_bolus(0) == denial("STOPPED")
    p.start(HOUR, continuous(480_000, bolus=PatientBolus()))
    p.stop(2 * HOUR)
    assert p.request_bolus(2 * HOUR) == denial("STOPPED")
    p.start(3 * HOUR)
    assert p.request_bolus(3 * HOUR).granted


def test_alarm_denies_until_cleared() -> None:
    p = with_bolus()
    p.alarm(0, "occlusion")
    p.alarm(1, "clock")
    assert p.request_bolus(HOUR) == denial("ALARM_ACTIVE")
    p.clear_alarm(HOUR, "clock")
    assert p.request_bolus(HOUR) == denial("ALARM_ACTIVE")
    p.clear_alarm(HOUR, "occlusion")
    assert p.request_bolus(HOUR).granted


def test_untrusted_clock_is_an_alarm() -> None:
    p = running(continuous(480_000, bolus=PatientBolus(), fill_nl=18_000_000), clock_offset_ms=None)
    assert p.request_bolus(0) == denial("ALARM_ACTIVE")
    p.set_clock(1, 0)
    assert p.request_bolus(1).granted


def test_order_of_reasons() -> None:
    """All later reasons hold as well, as far as they can; taking the first away shows the next."""
    once = PatientBolus(volume_nl=1_000, duration_ms=MINUTE, max_per_24h=1)
    p = with_bolus(once, fill_nl=3_100_000)
    assert p.request_bolus(0).granted
    p.refill(1, 2_900_000)
    p.program(1, continuous(480_000, bolus=None))
    assert p.request_bolus(1).reason == "DISABLED"
    p.program(1, continuous(480_000, bolus=once))
    assert p.request_bolus(1) == denial("BUSY", MINUTE - 1)
    p.alarm(MINUTE, "x")  # not sooner: it would cancel the bolus
    p.program(MINUTE, continuous(480_000, bolus=None))
    p.stop(MINUTE)
    assert p.request_bolus(MINUTE).reason == "STOPPED"
    p.start(MINUTE)
    assert p.request_bolus(MINUTE).reason == "DISABLED"
    p.program(MINUTE, continuous(480_000, bolus=once))
    assert p.request_bolus(MINUTE).reason == "LOW_RESERVOIR"
    p.refill(MINUTE, 18_000_000)
    assert p.request_bolus(MINUTE) == denial("LOCKOUT", 2 * HOUR - MINUTE)
    assert p.request_bolus(2 * HOUR) == denial("MAX_COUNT", 22 * HOUR)
    assert p.request_bolus(DAY) == denial("ALARM_ACTIVE")
    p.clear_alarm(DAY, "x")
    assert p.request_bolus(DAY).granted


def test_denials_change_nothing() -> None:
    asked, silent = with_bolus(OFTEN), with_bolus(OFTEN)
    for p in (asked, silent):
        p.request_bolus(0)
    denied = [asked.request_bolus(t) for t in range(0, MINUTE_5, 10_000)]
    assert not any(d.granted for d in denied)
    assert len(denied) == 30
    for p in (asked, silent):
        assert p.request_bolus(MINUTE_5).granted
        assert p.request_bolus(2 * MINUTE_5).granted
    assert asked.segments_until(DAY) == silent.segments_until(DAY)
    assert asked.boluses == silent.boluses
    assert [d.granted for _, d in asked.decisions].count(True) == 3


def test_history_survives_stop_refill_clock_and_program() -> None:
    p = with_bolus(PatientBolus(lockout_ms=4 * HOUR))
    assert p.request_bolus(0).granted
    p.stop(MINUTE)
    p.refill(2 * MINUTE, 18_000_000)
    p.set_clock(3 * MINUTE, 23 * HOUR)
    p.program(4 * MINUTE, continuous(480_000, bolus=None))
    p.program(5 * MINUTE, continuous(480_000, bolus=PatientBolus(lockout_ms=MINUTE_5)))
    p.start(6 * MINUTE)
    # a shorter lockout does not shorten the one that runs
    assert p.request_bolus(4 * HOUR - 1) == denial("LOCKOUT", 1)
    assert p.request_bolus(4 * HOUR).granted
    assert p.request_bolus(4 * HOUR + 10 * MINUTE).granted
    # a longer one does lengthen it, and a later shorter one does not take that back
    p.program(5 * HOUR, continuous(480_000, bolus=PatientBolus(lockout_ms=3 * HOUR)))
    p.program(5 * HOUR, continuous(480_000, bolus=PatientBolus(lockout_ms=MINUTE_5)))
    assert p.request_bolus(7 * HOUR + 10 * MINUTE - 1) == denial("LOCKOUT", 1)


def test_lower_maximum_counts_what_was_given() -> None:
    p = with_bolus(OFTEN)
    for start_ms in (0, HOUR, 90 * MINUTE):
        p.request_bolus(start_ms)
    p.program(2 * HOUR, continuous(480_000, bolus=PatientBolus(1_000, MINUTE, MINUTE_5, max_per_24h=1)))
    # all three have to leave the window, the last one at 25:30
    assert p.request_bolus(3 * HOUR) == denial("MAX_COUNT", DAY - 90 * MINUTE)


def test_stretched_bolus_is_busy_beyond_its_lockout() -> None:
    # 23.04 mL/day leave 0.96 mL/day = 40 uL an hour: 20 uL take 30 min
    p = running(continuous(23_040_000, bolus=PatientBolus(lockout_ms=MINUTE_5)))
    assert p.request_bolus(0).duration_ms == 30 * MINUTE
    assert p.request_bolus(20 * MINUTE) == denial("BUSY", 10 * MINUTE)
    assert p.request_bolus(30 * MINUTE).granted


@pytest.mark.parametrize(
    ("fill_nl", "granted", "certain"),
    [
        (2_990_000, False, True),
        (2_990_001, False, False),
        (3_000_000, False, False),
        (3_000_001, True, False),
        (3_010_000, True, False),
        (3_010_001, True, True),
    ],
)
def test_low_reservoir_and_its_doubt(fill_nl: int, granted: bool, certain: bool) -> None:
    d = with_bolus(fill_nl=fill_nl).request_bolus(0, quantum_nl=10_000)
    assert (d.granted, d.certain) == (granted, certain)
    assert (d.reason, d.left) == ((None, None) if granted else ("LOW_RESERVOIR", fill_nl))


@pytest.mark.parametrize(
    ("fill_nl", "granted", "certain"),
    [(4_499_999, False, False), (4_500_000, True, False), (4_510_000, True, True), (4_489_999, False, True)],
)
def test_low_at_the_end_of_the_bolus(fill_nl: int, granted: bool, certain: bool) -> None:
    # 2 mL on top of 12 mL/day are stretched to 4 h, in which the basal takes 2 mL: 4.5 mL end at 0.5 mL exactly
    therapy = continuous(12_000_000, bolus=PatientBolus(2_000_000, HOUR, 4 * HOUR), fill_nl=fill_nl)
    d = running(therapy).request_bolus(0, quantum_nl=10_000)
    assert (d.granted, d.certain) == (granted, certain)


@pytest.mark.parametrize("pump_granted", [True, False])
@pytest.mark.parametrize("fill_nl", [2_999_000, 3_001_000])
def test_pump_decides_in_doubt(fill_nl: int, pump_granted: bool) -> None:
    p = with_bolus(fill_nl=fill_nl)
    d = p.request_bolus(0, quantum_nl=10_000, pump_granted=pump_granted)
    assert (d.granted, d.certain) == (pump_granted, False)
    assert p.expected_nl(HOUR) == 20_000 + 20_000 * pump_granted


def test_pump_does_not_decide_without_doubt() -> None:
    p = with_bolus()
    assert p.request_bolus(0, pump_granted=False).granted
    assert p.request_bolus(HOUR, pump_granted=True) == denial("LOCKOUT", HOUR)


@pytest.mark.parametrize(
    ("fill_nl", "pump_granted", "reason"), [(2_999_000, True, "LOW_RESERVOIR"), (3_001_000, False, "ALARM_ACTIVE")]
)
def test_doubt_about_the_reason_alone_is_not_up_to_the_pump(fill_nl: int, pump_granted: bool, reason: str) -> None:
    p = with_bolus(fill_nl=fill_nl)
    p.alarm(0, "x")
    d = p.request_bolus(0, quantum_nl=10_000, pump_granted=pump_granted)
    assert (d.granted, d.reason, d.certain) == (False, reason, False)
