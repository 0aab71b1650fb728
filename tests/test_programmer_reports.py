"""What the programmer reads: the log with its chain, alarms in pages, reservoir, counters, settings."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from fake_pump import chained, fake_pump, keys_of, rng, status_reply

from pumphost.errors import PumpError
from pumphost.logbook import FAULTS, broken
from pumphost.programmer import Programmer
from pumplink import codes

U30 = (1 << 30) - 1


def programmer():
    host, fake = fake_pump()
    return Programmer(host, keys=keys_of, rng=rng()), fake


def record(number: int) -> bytes:
    return struct.pack("<IQQBBIIH", number, 10 * number, 0, 0, 6, 500 + number, (-60) & 0xFFFFFFFF, 60)


def log_of(fake, numbers, first: int = 0):
    """A pump whose ring holds records of these numbers at the places 0, 1, …, those before `first` overwritten."""
    fake.log = chained([record(n) for n in numbers])

    def read(values):
        begin = max(values[1], first)
        rows = fake.log[begin : begin + values[2]]
        return b"\0" + struct.pack("<IB", begin, len(rows)) + b"".join(rows)

    fake.say["LOG_INFO"] = lambda values: b"\0" + struct.pack("<II8s", first, len(fake.log), fake.log[-1][-8:])
    fake.say["LOG_READ"] = read


def test_the_log_is_read_five_records_at_a_time_and_its_chain_is_whole() -> None:
    """LOG-03."""
    pump, fake = programmer()
    log_of(fake, range(12))
    records = pump.log()
    assert [r.number for r in records] == list(range(12))
    assert [values for name, values in fake.heard if name == "LOG_READ"] == [(0, 0, 5), (0, 5, 5), (0, 10, 2)]
    assert all(r.chain_ok for r in records)
    assert broken(records) == []
    assert [r.number for r in pump.log(first=10)] == [10, 11]
    assert [r.chain_ok for r in pump.log(first=10)] == [True, True]  # one more was read to compare with
    assert pump.log(first=12) == []


def test_a_record_names_its_values_and_an_offset_may_be_negative() -> None:
    pump, fake = programmer()
    log_of(fake, range(1))
    (one,) = pump.log()
    assert (one.name, one.uptime_ms, one.clock_trusted, one.time_scale) == ("clock", 0, False, 60)
    assert one.meaning == {"order": 500, "offset min": -60}


def altered(rows):
    return [*rows[:3], rows[3][:20] + bytes([rows[3][20] ^ 1]) + rows[3][21:], *rows[4:]]


@pytest.mark.parametrize("spoil,where", [
    (altered, [3]),
    (lambda rows: [*rows[:3], *rows[4:]], [4]),  # one missing
    (lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]], [4, 3, 5]),  # two in the wrong order
    (lambda rows: [*rows[:3], rows[3][:32] + bytes(8), *rows[4:]], [3, 4]),  # another chain value
    (lambda rows: rows[1:], [1]),  # the first one missing
], ids=["altered", "missing", "reordered", "chain value", "first missing"])  # fmt: skip
def test_a_broken_chain_is_reported_and_all_records_stay_readable(spoil, where) -> None:
    """LOG-03: torn, altered, reordered or missing."""
    pump, fake = programmer()
    log_of(fake, range(8))
    fake.log = spoil(fake.log)
    records = pump.log()
    assert len(records) == len(fake.log)
    assert [r.number for r in broken(records)] == where


def test_a_log_cut_at_its_end_does_not_fit_the_newest_chain_value() -> None:
    pump, fake = programmer()
    log_of(fake, range(8))
    head = fake.log[-1][-8:]
    fake.log = fake.log[:6]
    fake.say["LOG_INFO"] = lambda values: b"\0" + struct.pack("<II8s", 0, 6, head)
    assert [r.number for r in broken(pump.log())] == [5]


def test_records_with_a_right_chain_but_a_gap_in_their_numbers_are_reported() -> None:
    """LOG-02: numbers without gaps."""
    pump, fake = programmer()
    log_of(fake, [0, 1, 3, 4])
    assert [r.number for r in broken(pump.log())] == [3]


def test_faults_have_a_ring_of_their_own_in_which_numbers_may_jump() -> None:
    pump, fake = programmer()
    log_of(fake, [0, 7, 8, 300])
    records = pump.log(ring=FAULTS)
    assert [values[0] for name, values in fake.heard if name.startswith("LOG")] == [1, 1]
    assert broken(records) == []
    assert [r.number for r in pump.log(8, ring=FAULTS)] == [8, 300]
    log_of(fake, [0, 8, 7])
    assert [r.number for r in broken(pump.log(ring=FAULTS))] == [7]


def test_the_oldest_record_of_a_ring_that_was_overwritten_has_nothing_to_be_compared_with() -> None:
    pump, fake = programmer()
    log_of(fake, range(20), first=5)
    records = pump.log(first=2)
    assert [r.number for r in records] == list(range(5, 20))
    assert [r.chain_ok for r in records[:2]] == [None, True]


@pytest.mark.parametrize("oldest,wrong", [(8, []), (0, [8])])
def test_a_jump_is_a_gap_unless_the_records_were_overwritten_meanwhile(oldest, wrong) -> None:
    pump, fake = programmer()
    log_of(fake, range(12))
    read, info = fake.say["LOG_READ"], fake.say["LOG_INFO"]
    answers = iter([0, oldest])
    fake.say["LOG_INFO"] = lambda values: info(values)[:1] + struct.pack("<I", next(answers)) + info(values)[5:]
    fake.say["LOG_READ"] = lambda values: read(values if values[1] < 5 else (0, max(values[1], 8), 5))
    records = pump.log()
    assert [r.number for r in records] == [0, 1, 2, 3, 4, 8, 9, 10, 11]
    assert [r.number for r in broken(records)] == wrong


@pytest.mark.parametrize("spoil", [
    lambda first, rows: struct.pack("<IB", first, len(rows)) + b"".join(rows[:-1]),  # one record less than said
    lambda first, rows: struct.pack("<IB", first, 0),  # nothing, for ever
    lambda first, rows: struct.pack("<IB", 0, 1) + rows[0],  # older than asked for
])  # fmt: skip
def test_a_log_that_does_not_add_up_is_an_error_not_an_endless_loop(spoil) -> None:
    pump, fake = programmer()
    log_of(fake, range(20))
    fake.say["LOG_READ"] = lambda values: b"\0" + spoil(values[1], fake.log[values[1] : values[1] + 5])
    with pytest.raises(PumpError, match="read the log again"):
        pump.log(first=7)


def test_alarms_come_in_pages_oldest_first() -> None:
    pump, fake = programmer()
    rows = [struct.pack("<BBBQ", code, 1, 1, 100 + code) for code in range(20)]
    fake.say["GET_ALARMS"] = lambda values: b"\0\x14" + b"".join(rows[values[0] : values[0] + 18])
    assert [alarm.code for alarm in pump.alarms()] == list(range(20))
    assert [values for name, values in fake.heard if name == "GET_ALARMS"] == [(0,), (18,)]


def test_alarms_that_go_while_they_are_read_end_the_list() -> None:
    pump, fake = programmer()
    row = struct.pack("<BBBQ", 3, 3, 2, 100)
    fake.say["GET_ALARMS"] = lambda values: b"\0\x02" + (row if values[0] == 0 else b"")
    assert [alarm.code for alarm in pump.alarms()] == [3]


def test_the_reservoir_report_says_none_where_the_pump_cannot_tell() -> None:
    pump, fake = programmer()
    values = [9, 18, 9, 3_600, U30, 55, U30, 4, 1 << 40, 9_900, 3, 10_050, b"saline\0\0", 7]
    fake.say["GET_RESERVOIR"] = lambda _: b"\0" + struct.pack("<IIIIIIIIQHBH8sI", *values)
    report = pump.reservoir()
    assert (report.until_low_min, report.until_low_worst_min, report.level_nl) == (None, 55, None)
    assert (report.drug, report.concentration_ng_per_ml, report.tube_nl) == ("saline", 7, 1 << 40)
    assert (report.unconfirmed_nl, report.ratio_e4, report.ratios, report.ratio_mean_e4) == (4, 9_900, 3, 10_050)
    assert report.to_dict()["level_nl"] is None


def test_counters_ever_and_since_the_refill() -> None:
    pump, fake = programmer()
    fake.say["GET_COUNTERS"] = lambda values: b"\0" + struct.pack("<13I", *range(100 * values[0], 100 * values[0] + 13))
    ever, since = pump.counters(), pump.counters(since_refill=True)
    assert (ever.requested, ever.granted, ever.denied["stale"], ever.denied["storage"]) == (0, 1, 2, 12)
    assert (since.requested, since.denied["lockout"]) == (100, 105)
    assert sum(ever.denied.values()) == sum(range(2, 13))


def test_settings_read_back_by_name() -> None:
    pump, fake = programmer()
    values = (20_000, 600_000, 7_200_000, 6, 9_000_000, 1, 50_000, 600_000, 21_600_000, 3, 48_000, 5)
    fake.say["GET_BOLUS_SETTINGS"] = lambda _: b"\0" + struct.pack("<IIIBIBIIIIII", *values)
    settings = pump.bolus_settings()
    assert dataclasses.astuple(settings) == values
    assert (settings.lockout_from, settings.periodic) == ("end", (50_000, 600_000, 21_600_000))


def test_status_says_why_the_pump_is_stopped_and_what_it_does_not_watch() -> None:
    pump, fake = programmer()
    fake.say["STATUS"] = lambda values: status_reply(
        mode=1, stop_reason=3, unmonitored=1 | 1 << 4 | 1 << 15, flags=64, next_change=9, last_24h=8, since_fill=7
    )
    status = pump.status()
    assert (status.stop_reason_name, status.delayed) == ("imaging", True)
    assert status.unmonitored == ["rotor", "level", "sensor 15"]
    assert (status.next_change_ms, status.last_24h_nl, status.since_fill_nl) == (9, 8, 7)
    data = status.to_dict()
    assert (data["stop_reason"], data["stop_reason_code"]) == ("imaging", 3)
    assert codes.FLAGS[64] in data["flag_names"]
