"""What is plotted: buckets, stretches, and the line of what was ordered, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from pumphost.replies import Program, ProgramProfile, Status
from pumphost.web.history import BUCKETS, History, Sample
from pumphost.web.ordered import DAY_MS, Ordered
from pumplink import codes, messages

HOUR_MS = 3_600_000


def sample(t_ms: int, **more: int) -> Sample:
    return Sample(t_ms, more.get("delivered_nl", 0), None, more.get("rate", 0), 0, None, more.get("pressure_pa"))


def test_a_bucket_keeps_the_last_sample_and_the_extremes() -> None:
    history = History()
    for t_ms, rate, pressure in ((0, 5, 10), (20_000, 9, 80_000), (59_999, 7, 20)):
        history.add(sample(t_ms, rate=rate, pressure_pa=pressure, delivered_nl=t_ms))
    (row,) = history.view()["rows"]
    named = dict(zip(history.view()["columns"], row, strict=True))
    assert (named["t_ms"], named["delivered_nl"]) == (59_999, 59_999)
    assert (named["rate_low"], named["rate_high"], named["pressure_pa"]) == (5, 9, 80_000)


def test_the_view_of_a_week_is_as_large_as_that_of_a_day() -> None:
    history = History()
    for minute in range(7 * 1440):
        history.add(sample(minute * 60_000), {"lockout"} if minute % 2 else set())
    view = history.view()
    assert len(view["rows"]) == BUCKETS == 1440
    assert view["rows"][-1][0] - view["rows"][0][0] == 1439 * 60_000  # the last 24 h
    assert len(view["timeline"]["lockout"]) == 400


def test_stretches_have_a_beginning_and_an_end() -> None:
    history = History()
    for t_ms, marks in ((0, set()), (1_000, {"bolus"}), (2_000, {"bolus"}), (3_000, set()), (9_000, {"bolus"})):
        history.add(sample(t_ms), marks)
    assert history.timeline() == {"bolus": [[1_000, 3_000], [9_000, 9_000]]}


def status(t_ms: int, mode: int = codes.SCHEDULE, rate: int = 0, stop_reason: int = 0) -> Status:
    zero = [bytes(8) if field.kind.startswith("b") else 0 for field in messages.STATUS.reply.fields]
    base = Status.of(tuple(zero))
    return replace(base, uptime_ms=t_ms, mode=mode, rate_nl_per_day=rate, stop_reason=stop_reason)


def program(*steps: tuple[int, int]) -> Program:
    return Program((ProgramProfile(0x7F, steps),), bytes(8))


def test_the_order_of_a_day_is_the_integral_of_its_steps() -> None:
    ordered = Ordered()
    ordered.program(program((0, 480_000), (480, 960_000)), local_ms=5 * HOUR_MS)  # it is 05:00 at pump time 0
    assert ordered.advance(status(0)) == 0
    assert ordered.advance(status(2 * HOUR_MS)) == 40_000  # 2 h of 0.48 mL/day
    assert ordered.advance(status(5 * HOUR_MS)) == 140_000  # 1 h more, then 2 h of 0.96
    assert ordered.advance(status(DAY_MS)) == 800_000  # 8 h and 16 h, whichever way round


def test_a_bolus_adds_what_it_is_above_the_schedule() -> None:
    ordered = Ordered()
    ordered.program(program((0, 480_000)), local_ms=0)
    ordered.advance(status(0, codes.PATIENT_BOLUS, rate=480_000 + 2_880_000))
    assert ordered.advance(status(600_000)) == 3_333 + 20_000  # 20 uL in ten minutes


def test_nothing_is_ordered_while_a_person_has_stopped_the_pump_and_all_while_an_alarm_has() -> None:
    for mode, reason, expected in (
        (codes.STOP_MODE, codes.STOP_CLINICIAN, 0), (codes.STOP_MODE, codes.STOP_ALARM, 20_000),
        (codes.FAULT, 0, 20_000), (codes.SCHEDULE, 0, 20_000),
    ):  # fmt: skip
        ordered = Ordered()
        ordered.program(program((0, 480_000)), local_ms=0)
        ordered.advance(status(0, mode, stop_reason=reason))
        assert ordered.advance(status(HOUR_MS)) == expected


def test_without_a_program_or_a_clock_there_is_no_line() -> None:
    ordered = Ordered()
    ordered.advance(status(0))
    assert ordered.advance(status(1_000)) is None
    ordered.program(program((0, 480_000)), local_ms=None)
    assert ordered.advance(status(2_000)) is None
