"""What the pump tells about itself, staging a program step by step, tickets, the log: in single cases.

    python -m pytest tests/test_pump_unit_orders.py

Two-phase orders in any order and at any time are in test_pump_model.py.
"""

from __future__ import annotations

import struct

from pump_cases import BOLUS_NL, running
from pump_driver import DAY_MS, EVERY_DAY, HOUR_MS, MINUTE_MS, Bench, digest, packed

from pumplink import codes, messages

DAY = [(0, 480_000), (480, 960_000)]
FORTY_EIGHT = [(30 * i, 480_000 + i) for i in range(48)]


def test_limits_are_those_of_the_decisions() -> None:
    assert Bench(reservoir_nl=20_000_000).ask("GET_LIMITS").values == {
        "revision": 3, "reservoir": 20_000_000, "low_threshold": 3_000_000, "empty_threshold": 500_000,
        "nl_per_rev": 43_100, "steps_per_rev": 200, "packet_interval": 30_000, "packet_max_steps": 46,
        "rate_min": 48_000, "rate_max": 24_000_000, "steps_max": 48, "bolus_max": 500_000,
        "bolus_max_duration": HOUR_MS, "lockout_min": 5 * MINUTE_MS, "lockout_max": DAY_MS, "max_24h": 24,
        "steps_total": 168, "clinician_max": 2_000_000, "prime_max": 500_000, "minimum_rate": 6_000, "soft_change": 20,
        "changes_24h": 12, "fill_age": 90 * 86_400,
    }  # fmt: skip


def test_identify() -> None:
    reply = Bench(uid=b"unit0001", fw_digest=b"firmware").ask("IDENTIFY")
    assert (reply["major"], reply["minor"], reply["max_body"], reply["build"]) == (1, 1, 240, 1)
    assert (reply["uid"], reply["fw_digest"], reply["schema"]) == (b"unit0001", b"firmware", messages.SCHEMA)
    assert reply["model"].rstrip(b"\0") == b"pumpbench"


def test_a_long_program_reads_back_in_two_parts() -> None:
    bench = Bench()
    assert bench.ask("GET_PROGRAM", 0, 0).values == {
        "profile": 0, "profiles": 0, "days": 0, "part": 0, "parts": 0, "digest": bytes(8), "steps": b"",
    }  # fmt: skip
    bench.set_up(FORTY_EIGHT)
    parts = [bench.ask("GET_PROGRAM", 0, part) for part in (0, 1)]
    assert b"".join(part["steps"] for part in parts) == packed(FORTY_EIGHT)
    assert [len(part["steps"]) for part in parts] == [32 * 6, 16 * 6]
    assert {part["digest"] for part in parts} == {digest(b"\x7f\x30", packed(FORTY_EIGHT))}, (
        "days, number of steps, steps"
    )


def test_ticket_of_a_program_says_what_it_becomes() -> None:
    """480 000 for 8 h and 960 000 for 16 h: 800 000 nL, 3 712.3 steps."""
    bench = Bench()
    prepared = bench.prepare_program(DAY)
    assert (prepared["steps"], prepared["peak"], prepared["worst_24h"]) == (3_712, 960_000, 800_000)
    assert prepared["expires"] == 30_000
    stored = struct.pack("<I", bench.order) + b"\x7f\x02" + packed(DAY)
    assert prepared["digest"] == digest(prepared["ticket"], b"\x23", stored)


def test_steps_are_taken_in_order_and_no_more_than_announced() -> None:
    bench = Bench()
    steps = (2, 1, packed(DAY[:1]))
    assert bench.ask("STAGE_STEPS", 0, 1, packed(DAY[:1])).detail == codes.LIMIT_STEPS, "nothing was begun"
    assert bench.ask("STAGE_BEGIN", 7, 0, EVERY_DAY, 2, 800_000).ok
    assert bench.ask("STAGE_STEPS", *steps).detail == codes.LIMIT_STEPS, "a gap"
    assert bench.ask("STAGE_STEPS", 0, 1, packed(DAY)).status == codes.BAD_LENGTH
    assert bench.ask("STAGE_STEPS", 0, 2, packed(DAY))["received"] == 2
    assert bench.ask("STAGE_STEPS", *steps).detail == codes.LIMIT_STEPS, "one too many"
    assert bench.ask("PREPARE_PROGRAM", 8).detail == codes.LIMIT_STEPS, "another order"
    prepared = bench.ask("PREPARE_PROGRAM", 7)
    assert bench.ask("STAGE_BEGIN", 9, 0, EVERY_DAY, 1, 480_000).ok
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN, "what was prepared is no longer staged"


def test_too_few_steps_are_no_program() -> None:
    bench = Bench()
    assert bench.prepare_program(DAY, announced=3).detail == codes.LIMIT_STEPS


def test_a_wrong_digest_discards_what_was_staged() -> None:
    """SCHED-07."""
    bench = Bench()
    prepared = bench.prepare_program(DAY)
    assert bench.ask("COMMIT", prepared["ticket"], bytes(8), 0).status == codes.DIGEST_MISMATCH
    assert bench.ask("PREPARE_PROGRAM", bench.order).detail == codes.LIMIT_STEPS
    assert bench.status()["flags"] & codes.FLAG_PROGRAM == 0


def test_cancel_needs_the_ticket_that_is_open() -> None:
    bench = Bench()
    assert bench.ask("CANCEL", bytes(8)).status == codes.TICKET_UNKNOWN
    prepared = bench.ask("PREPARE_CLOCK", bench.new_order(), DAY_MS, 0, 0, 0)
    assert bench.ask("CANCEL", b"another.").status == codes.TICKET_UNKNOWN
    assert bench.ask("CANCEL", prepared["ticket"]).ok
    assert bench.ask("CANCEL", prepared["ticket"]).status == codes.TICKET_UNKNOWN
    assert bench.commit(prepared).status == codes.TICKET_UNKNOWN


def test_log_is_read_five_records_at_a_time() -> None:
    """A record is 32 bytes and its chain value 8."""
    bench = running()
    info = bench.ask("LOG_INFO", 0)
    assert info["first"] == 0
    part = bench.ask("LOG_READ", 0, 0, 5)
    assert (part["first"], part["n"], len(part["records"])) == (0, 5, 5 * 40)
    numbers = [row[0] for row in bench.records()]
    assert numbers == list(range(info["next"]))


def test_refused_orders_are_logged() -> None:
    bench = running()
    assert bench.start().status == codes.WRONG_MODE
    assert bench.settings(BOLUS_NL, HOUR_MS, 30 * MINUTE_MS, 1).status == codes.HARD_LIMIT
    told = [row[5:7] for row in bench.records(codes.REC_REFUSED)]
    assert told == [(0x2B, codes.WRONG_MODE), (0x24, codes.HARD_LIMIT)]


def test_another_drug_voids_the_program_and_only_while_stopped() -> None:
    """SCHED-08."""
    bench = running()
    reply = bench.refill(10_000_000, b"other")
    assert (reply.status, reply.detail) == (codes.HARD_LIMIT, codes.LIMIT_DRUG)
    assert bench.refill(10_000_000, concentration=500).detail == codes.LIMIT_DRUG
    assert bench.stop().ok
    assert bench.refill(10_000_000, b"other").ok
    status = bench.status()
    assert (status["flags"] & codes.FLAG_PROGRAM, status["program_digest"]) == (0, bytes(8))
    assert bench.start().detail == codes.LIMIT_PROGRAM
