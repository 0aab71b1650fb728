"""Orders in two phases beyond a whole therapy, against a scripted pump: what is sent, what needs a second confirmation.

Layouts are written out here; the fake recomputes digests with hashlib.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct

import pytest
from fake_pump import NO_SETTINGS, fake_pump, keys_of, rng, status_reply
from test_programmer import CLOCK, THERAPY

from pumphost.errors import PumpError, Refused
from pumphost.programmer import DigestDiffers, Programmer, ReadBackDiffers, SoftLimits
from pumphost.therapy import Periodic, Profile, Step
from pumplink import codes

NOT_MEASURED = (1 << 30) - 1
WEEK = dataclasses.replace(
    THERAPY, mode="week", steps=(),
    weekly=(Profile(0x1F, (Step(0, 480_000), Step(480, 960_000))), Profile(0x60, (Step(0, 480_000),))),
)  # fmt: skip


def programmer():
    host, fake = fake_pump()
    return Programmer(host, keys=keys_of, rng=rng()), fake


def sent(fake, name):
    """Fields of the last request of that name, without the order id."""
    return [values[1:] for heard, values in fake.heard if heard == name][-1]


ORDERS = [  # call, message, fields on the wire
    (lambda p: p.clinician_bolus(100_000, 3_600_000), "PREPARE_BOLUS", (100_000, 3_600_000, 0)),
    (lambda p: p.clinician_bolus(100_000, 3_600_000, "stopped"), "PREPARE_BOLUS", (100_000, 3_600_000, 1)),
    (lambda p: p.clinician_bolus(100_000, 3_600_000, "schedule"), "PREPARE_BOLUS", (100_000, 3_600_000, 2)),
    (lambda p: p.clinician_bolus(100_000, 3_600_000, "minimum-rate"), "PREPARE_BOLUS", (100_000, 3_600_000, 3)),
    (lambda p: p.prime(50_000), "PREPARE_PRIME", (50_000, 0)),
    (lambda p: p.prime(50_000, "purge"), "PREPARE_PRIME", (50_000, 1)),
    (lambda p: p.refill(18_000_000, "saline", 7), "PREPARE_REFILL", (NOT_MEASURED, 18_000_000, b"saline\0\0", 7)),
    (lambda p: p.refill(18_000_000, "saline", 7, withdrawn_nl=0), "PREPARE_REFILL",
     (0, 18_000_000, b"saline\0\0", 7)),
    (lambda p: p.set_clock(10, 60), "PREPARE_CLOCK", (10, 60, 0, 0)),
    (lambda p: p.set_clock(10, 60, 99, 120), "PREPARE_CLOCK", (10, 60, 99, 120)),
    (lambda p: p.calibrate(43_500), "CALIBRATE", (43_500, 0)),
    (lambda p: p.calibrate(43_500, new_tube=True), "CALIBRATE", (43_500, 1)),
    (lambda p: p.set_periodic(Periodic(50_000, 600_000, 21_600_000)), "PREPARE_PERIODIC",
     (50_000, 600_000, 21_600_000)),
    (lambda p: p.set_periodic(None), "PREPARE_PERIODIC", (0, 60_000, 300_000)),
    (lambda p: p.bridge(120_000, 960_000), "PREPARE_BRIDGE", (120_000, 960_000)),
    (lambda p: p.bridge(0), "PREPARE_BRIDGE", (0, 48_000)),
    (lambda p: p.set_patient_bolus(dataclasses.replace(THERAPY.bolus, max_volume_24h_nl=9, lockout_from="end")),
     "PREPARE_PATIENT_BOLUS", (20_000, 600_000, 7_200_000, 6, 9, 1)),
    (lambda p: p.set_patient_bolus(None), "PREPARE_PATIENT_BOLUS", (1_000, 60_000, 300_000, 0, 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize("call,name,fields", ORDERS)
def test_an_order_is_prepared_compared_and_committed_without_confirmation(call, name, fields) -> None:
    pump, fake = programmer()
    order = call(pump)
    assert fake.names[-2:] == [name, "COMMIT"]
    assert fake.heard[-2][1] == (order, *fields)
    assert fake.heard[-1][1][2] == 0


@pytest.mark.parametrize("call,name,fields", ORDERS)
def test_an_order_that_the_pump_stored_otherwise_is_dropped(call, name, fields) -> None:
    """SCHED-07: the digest is computed here, from what was sent."""
    pump, fake = programmer()
    fake.say[name] = lambda values: fake.ticket(name, (values[0] ^ 1, *values[1:]))
    with pytest.raises(DigestDiffers):
        call(pump)
    assert "COMMIT" not in fake.names
    assert fake.names[-1] == "CANCEL"


def test_the_bolus_that_abort_means_is_the_last_one_ordered_here() -> None:
    pump, _ = programmer()
    order = pump.clinician_bolus(100_000, 3_600_000)
    assert pump.abort_bolus().order == order
    assert pump.abort_bolus(7).order == 7


# -- soft limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call,name,fields", ORDERS)
def test_what_lies_outside_a_soft_limit_is_dropped_unless_it_was_accepted(call, name, fields) -> None:
    """SCHED-06: a second confirmation, and none that nobody gave."""
    pump, fake = programmer()
    fake.warn = codes.WARN_BOLUS | codes.WARN_RATE
    with pytest.raises(SoftLimits, match="nothing has changed; if it is meant, send it again") as caught:
        call(pump)
    assert "COMMIT" not in fake.names
    assert fake.names[-1] == "CANCEL"
    assert caught.value.warn == 5
    assert caught.value.warnings[0] == "highest rate changes by more than a fifth"
    assert str(caught.value.order) == str(next(v[0] for n, v in fake.heard if n == name))


def test_accepted_warnings_are_confirmed_at_the_commit() -> None:
    pump, fake = programmer()
    fake.warn = codes.WARN_BOLUS
    pump.clinician_bolus(100_000, 3_600_000, accept_warnings=True)
    assert fake.heard[-1][0] == "COMMIT"
    assert fake.heard[-1][1][2] == 1


def test_acceptance_without_a_warning_confirms_nothing() -> None:
    pump, fake = programmer()
    pump.clinician_bolus(100_000, 3_600_000, accept_warnings=True)
    assert fake.heard[-1][1][2] == 0


def test_a_warning_shows_what_changes_into_what_and_the_ratio() -> None:
    """HMI-03: old value, new value, ratio."""
    pump, fake = programmer()
    pump.program(THERAPY)
    fake.warn = codes.WARN_BOLUS
    with pytest.raises(SoftLimits, match=r"fifth: 20 uL becomes 50 uL \(2\.5 times\)"):
        pump.set_patient_bolus(dataclasses.replace(THERAPY.bolus, volume_nl=50_000))
    fake.warn = codes.WARN_CALIBRATION
    with pytest.raises(SoftLimits, match=r"5 %: 43\.1 uL becomes 51\.72 uL \(1\.2 times\)"):
        pump.calibrate(51_720)
    fake.warn = codes.WARN_REFILL
    with pytest.raises(SoftLimits, match=r"expects: 18\.000 mL expected, 15\.000 mL withdrawn"):
        pump.refill(18_000_000, "saline", 7, withdrawn_nl=15_000_000)


def test_a_program_outside_a_soft_limit_is_not_active_before_it_is_accepted() -> None:
    pump, fake = programmer()
    pump.program(THERAPY)
    before = fake.program
    more = dataclasses.replace(THERAPY, steps=(Step(0, 2_400_000),))
    prepare = fake._prepare_program

    def warn(values):
        fake.warn = codes.WARN_RATE | codes.WARN_TOTAL
        reply = prepare(values)
        fake.warn = 0
        return reply

    fake.say["PREPARE_PROGRAM"] = warn
    with pytest.raises(SoftLimits) as caught:
        pump.program(more)
    assert caught.value.warnings == [
        "highest rate changes by more than a fifth: 0.960 mL/day becomes 2.400 mL/day (2.5 times)",
        "daily total changes by more than a fifth: 800 uL becomes 2.400 mL (3 times)",
    ]
    assert fake.program == before
    assert pump.program(more, accept_warnings=True).steps == ((0, 2_400_000),)


def test_a_pump_that_asks_at_the_commit_only_is_refused_in_words() -> None:
    pump, fake = programmer()

    def forget(values):
        reply = fake.ticket("PREPARE_BOLUS", values)
        fake.warn = codes.WARN_BOLUS
        return reply

    fake.say["PREPARE_BOLUS"] = forget
    with pytest.raises(Refused, match="bolus volume changes by more than a fifth"):
        pump.clinician_bolus(100_000, 3_600_000)


# -- profiles of a week -------------------------------------------------------------------------------


def test_profiles_go_out_one_after_the_other_under_one_order_and_are_read_back() -> None:
    pump, fake = programmer()
    done = pump.program(WEEK, set_clock=CLOCK)
    begins = [values for name, values in fake.heard if name == "STAGE_BEGIN"]
    order = done.orders["program"]
    assert begins == [(order, 0, 0x1F, 2, 800_000), (order, 1, 0x60, 1, 480_000)]
    canonical = b"\x1f\2" + struct.pack("<HIHI", 0, 480_000, 480, 960_000)
    canonical += b"\x60\1" + struct.pack("<HI", 0, 480_000)
    assert done.program_digest == hashlib.sha256(canonical).digest()[:8]
    assert [(profile.days, len(profile.steps)) for profile in done.profiles] == [(0x1F, 2), (0x60, 1)]
    assert [values for name, values in fake.heard if name == "GET_PROGRAM"] == [(0, 0), (1, 0)]


def test_days_that_were_stored_otherwise_make_another_digest() -> None:
    pump, fake = programmer()
    fake.say["STAGE_BEGIN"] = lambda values: fake._stage_begin((*values[:2], values[2] ^ 0x40, *values[3:]))
    with pytest.raises(DigestDiffers):
        pump.program(WEEK)


def test_a_profile_that_reads_back_otherwise_is_named() -> None:
    pump, fake = programmer()
    commit = fake._commit

    def commit_then_change(values):
        reply = commit(values)
        if len(fake.program) == 2:
            fake.program = [fake.program[0], (0x60, struct.pack("<HI", 0, 960_000))]
        return reply

    fake.say["COMMIT"] = commit_then_change
    with pytest.raises(ReadBackDiffers, match=r"step 0 of profile sat, sun is 00:00 0\.960 mL/day instead"):
        pump.program(WEEK)


def test_a_program_whose_profiles_change_while_it_is_read_is_not_believed() -> None:
    pump, fake = programmer()
    pump.program(WEEK)
    own = fake._get_program

    def other(values):
        reply = own(values)
        return reply if values[0] else reply.replace(fake.program_digest, bytes(8))

    fake.say["GET_PROGRAM"] = other
    with pytest.raises(ReadBackDiffers, match="does not match its own digest"):
        pump.read_program()


# -- periodic bolus of a therapy ----------------------------------------------------------------------


def test_a_periodic_bolus_follows_the_program_and_goes_with_the_therapy() -> None:
    pump, fake = programmer()
    therapy = dataclasses.replace(THERAPY, periodic=Periodic(50_000, 600_000, 21_600_000))
    done = pump.program(therapy)
    assert fake.settings[6:9] == (50_000, 600_000, 21_600_000)
    assert "periodic" in done.orders
    assert "periodic_off" not in pump.program(therapy).orders  # the same again changes nothing
    assert "periodic_off" in pump.program(THERAPY).orders
    assert fake.settings[6] == 0


def test_a_periodic_bolus_that_reads_back_otherwise_is_told() -> None:
    pump, fake = programmer()
    fake.say["GET_BOLUS_SETTINGS"] = lambda values: (
        b"\0" + struct.pack("<IIIBIBIIIIII", 20_000, 600_000, 7_200_000, 6, 0, 0, 50_000, 600_000, 300_000, 0, 0, 0)
    )
    with pytest.raises(ReadBackDiffers, match="50 uL in 00:10 every 00:05 instead of 50 uL in 00:10 every 06:00"):
        pump.program(dataclasses.replace(THERAPY, periodic=Periodic(50_000, 600_000, 21_600_000)))
    with pytest.raises(ReadBackDiffers, match="a periodic bolus is set up"):
        pump.program(THERAPY)


# -- start and stop -----------------------------------------------------------------------------------


def test_start_has_modes_rates_and_a_delay() -> None:
    """FLOW-13: the minimum rate holds until another mode is chosen."""
    pump, fake = programmer()
    assert pump.start().mode == codes.SCHEDULE
    assert sent(fake, "PREPARE_MODE") == (2, 0, 0)
    assert pump.start(minimum=True).mode == codes.MINIMUM_RATE
    assert sent(fake, "PREPARE_MODE") == (3, 0, 0)
    pump.start(minimum=True, minimum_rate_nl_per_day=12_000)
    assert sent(fake, "PREPARE_MODE") == (3, 12_000, 0)
    pump.stop()
    status = pump.start(delay_ms=1_800_000)
    assert sent(fake, "PREPARE_MODE") == (2, 0, 1_800_000)
    assert (status.delayed, status.delivering) == (True, False)


def test_a_start_that_does_not_read_back_is_told() -> None:
    pump, fake = programmer()
    fake.say["STATUS"] = lambda values: status_reply(mode=codes.SCHEDULE)
    with pytest.raises(ReadBackDiffers, match="in mode schedule"):
        pump.start(minimum=True)
    fake.say["STATUS"] = lambda values: status_reply(mode=codes.STOP_MODE)
    with pytest.raises(ReadBackDiffers, match="in mode stopped"):
        pump.start(delay_ms=60_000)
    fake.say["STATUS"] = lambda values: status_reply(mode=codes.MINIMUM_RATE)
    fake.say["COMMIT"] = lambda values: b"\0" + struct.pack("<IB8s", fake._pending[1][0], 4, bytes(8))
    with pytest.raises(ReadBackDiffers, match="another minimum rate"):
        pump.start(minimum=True, minimum_rate_nl_per_day=12_000)


def test_stop_says_why() -> None:
    pump, fake = programmer()
    reasons = ("clinician", "refill", "imaging", "service", "other")
    for code, reason in enumerate(reasons, 1):
        pump.stop(reason)
        assert fake.heard[-1] == ("STOP", (code,))
    pump.stop()
    assert fake.heard[-1] == ("STOP", (1,))
    with pytest.raises(PumpError, match="no reason 'alarm'; write one of clinician, refill, imaging, service, other"):
        pump.stop("alarm")


@pytest.mark.parametrize(
    "call", [lambda p: p.prime(5_000, "flush"), lambda p: p.clinician_bolus(9_000, 60_000, "fault")]
)
def test_an_unknown_word_is_refused_and_nothing_is_sent(call) -> None:
    pump, fake = programmer()
    with pytest.raises(PumpError, match="write one of"):
        call(pump)
    assert fake.names == []


def test_silence_pauses_the_sound_for_two_minutes_or_ends_the_pause() -> None:
    pump, fake = programmer()
    pump.silence()
    assert fake.heard[-1] == ("SILENCE", (120_000, 6_000))
    pump.silence(0)
    assert fake.heard[-1] == ("SILENCE", (0, 6_000))


def test_nothing_is_in_the_settings_of_a_new_pump() -> None:
    pump, _ = programmer()
    assert dataclasses.astuple(pump.bolus_settings()) == NO_SETTINGS
