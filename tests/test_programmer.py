"""The programmer against a scripted pump: what it sends, in which order, and what it does not believe.

Digests are recomputed by the fake with hashlib; expected layouts are written out here.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct

import pytest
from fake_pump import LIMITS, LIMITS_FORMAT, TICKET, fake_pump, keys_of, refusal, rng

from pumphost.errors import PumpError, TherapyError
from pumphost.programmer import DigestDiffers, Programmer, ReadBackDiffers
from pumphost.therapy import PatientBolus, Periodic, Profile, Step, Therapy
from pumplink import codes, messages

THERAPY = Therapy(
    reservoir_nl=20_000_000,
    fill_nl=18_000_000,
    drug="saline",
    concentration_ng_per_ml=1_000_000,
    mode="day",
    steps=(Step(0, 480_000), Step(480, 960_000)),
    bolus=PatientBolus(20_000, 600_000, 7_200_000, 6),
    source="therapy.toml",
)
CLOCK = (1_767_225_600_000, 60)
STEPS = struct.pack("<HIHI", 0, 480_000, 480, 960_000)
PROGRAM_DIGEST = hashlib.sha256(b"\x7f\2" + STEPS).digest()[:8]  # one profile for all days, two steps
ACTING = {m.name for m in messages.TABLE if m.acts}


def programmer():
    host, fake = fake_pump()
    return Programmer(host, keys=keys_of, rng=rng()), fake


def programmed():
    pump, fake = programmer()
    pump.program(THERAPY, set_clock=CLOCK)
    return pump, fake


# -- programming: what goes out -----------------------------------------------------------------------


def test_a_therapy_goes_out_as_clock_fill_program_and_bolus_and_is_read_back() -> None:
    pump, fake = programmer()
    done = pump.program(THERAPY, set_clock=CLOCK)
    assert fake.names == [
        "IDENTIFY", "GET_LIMITS", "PREPARE_CLOCK", "COMMIT", "PREPARE_REFILL", "COMMIT", "STATUS",
        "STAGE_BEGIN", "STAGE_STEPS", "PREPARE_PROGRAM", "COMMIT", "GET_BOLUS_SETTINGS", "PREPARE_PATIENT_BOLUS",
        "COMMIT", "GET_PROGRAM", "STATUS", "GET_BOLUS_SETTINGS",
    ]  # fmt: skip
    sent = {name: values[1:] for name, values in fake.heard}
    assert sent["PREPARE_CLOCK"] == (*CLOCK, 0, 0)
    assert sent["PREPARE_REFILL"] == ((1 << 30) - 1, 18_000_000, b"saline\0\0", 1_000_000)
    assert sent["STAGE_BEGIN"] == (0, 0x7F, 2, 800_000)  # 8 h of 0.480 and 16 h of 0.960 mL/day: 160 + 640 uL
    assert sent["STAGE_STEPS"] == (2, STEPS)
    assert sent["PREPARE_PATIENT_BOLUS"] == (20_000, 600_000, 7_200_000, 6, 0, 0)
    assert done.steps == ((0, 480_000), (480, 960_000))
    assert done.program_digest == PROGRAM_DIGEST
    assert (done.day_total_nl, done.remaining_nl, done.motor_steps_per_day) == (800_000, 18_000_000, 3_712)


def test_staging_and_preparing_a_program_go_under_one_order_every_other_part_under_its_own() -> None:
    pump, fake = programmer()
    done = pump.program(THERAPY, set_clock=CLOCK)
    begin = next(values[0] for name, values in fake.heard if name == "STAGE_BEGIN")
    prepared = {name: values[0] for name, values in fake.heard if name.startswith("PREPARE")}
    assert begin == prepared["PREPARE_PROGRAM"] == done.orders["program"]
    assert len(set(prepared.values())) == 4
    assert all(0 < order < 1 << 30 for order in prepared.values())


def test_without_a_clock_argument_the_clock_is_left_alone() -> None:
    pump, fake = programmer()
    fake.clock_set = True
    pump.program(THERAPY)
    assert "PREPARE_CLOCK" not in fake.names


def test_forty_eight_steps_go_out_and_come_back_in_two_parts() -> None:
    pump, fake = programmer()
    steps = tuple(Step(30 * i, 480_000 + 1_000 * i) for i in range(48))
    done = pump.program(dataclasses.replace(THERAPY, steps=steps))
    staged = [values[:2] for name, values in fake.heard if name == "STAGE_STEPS"]
    assert staged == [(0, 32), (32, 16)]
    assert done.steps == tuple((30 * i, 480_000 + 1_000 * i) for i in range(48))
    assert [values for name, values in fake.heard if name == "GET_PROGRAM"] == [(0, 0), (0, 1)]


def test_a_therapy_without_bolus_disables_the_bolus_of_the_one_before() -> None:
    pump, fake = programmed()
    fake.heard.clear()
    done = pump.program(dataclasses.replace(THERAPY, bolus=None))
    settings = [values[1:] for name, values in fake.heard if name == "PREPARE_PATIENT_BOLUS"]
    assert settings == [(20_000, 600_000, 7_200_000, 0, 0, 0)]  # maximum 0 disables; nothing else changes
    assert fake.names.index("PREPARE_PATIENT_BOLUS") < fake.names.index("PREPARE_PROGRAM")
    assert set(done.orders) == {"refill", "bolus_off", "program"}


# -- programming: what is not believed ----------------------------------------------------------------


@pytest.mark.parametrize("name,position,value", [
    ("PREPARE_REFILL", 2, 17_999_999), ("PREPARE_REFILL", 3, b"saltine\0"), ("PREPARE_CLOCK", 2, 61),
    ("PREPARE_REFILL", 1, 0), ("PREPARE_CLOCK", 4, 60), ("PREPARE_PATIENT_BOLUS", 6, 1),
    ("PREPARE_PATIENT_BOLUS", 3, 7_200_001), ("PREPARE_REFILL", 0, 5),
])  # fmt: skip
def test_a_pump_that_stored_something_else_is_not_told_to_commit_it(name, position, value) -> None:
    pump, fake = programmer()

    def store_other(values):
        return fake.ticket(name, (*values[:position], value, *values[position + 1 :]))

    fake.say[name] = store_other
    with pytest.raises(DigestDiffers, match=r"not committed: the pump stored something else .* nothing has changed"):
        pump.program(THERAPY, set_clock=CLOCK)
    assert fake.names[-2:] == [name, "CANCEL"]
    assert fake.heard[-1][1] == (TICKET,)


def test_a_pump_that_stored_other_steps_is_not_told_to_commit_them() -> None:
    pump, fake = programmer()
    other = struct.pack("<HIHI", 0, 480_000, 480, 9_600_000)  # ten times the rate from 08:00 on
    fake.say["PREPARE_PROGRAM"] = lambda values: fake.ticket("PREPARE_PROGRAM", values, b"\x7f\2" + other)
    with pytest.raises(DigestDiffers):
        pump.program(THERAPY)
    assert fake.names[-2:] == ["PREPARE_PROGRAM", "CANCEL"]
    assert fake.program == []


def test_a_digest_that_differs_is_told_even_if_the_ticket_cannot_be_dropped() -> None:
    pump, fake = programmer()
    fake.say["PREPARE_REFILL"] = lambda values: fake.ticket("PREPARE_REFILL", (values[0], 1, *values[2:]))
    fake.say["CANCEL"] = lambda values: refusal(codes.TICKET_UNKNOWN)
    with pytest.raises(DigestDiffers):
        pump.program(THERAPY)


def test_a_commit_answered_for_another_order_is_an_error() -> None:
    pump, fake = programmer()
    fake.say["COMMIT"] = lambda values: b"\0" + struct.pack("<IB8s", 99, 4, bytes(8))
    with pytest.raises(PumpError, match="answered for order 99 in state done"):
        pump.refill(18_000_000, "saline", 1_000_000)


@pytest.mark.parametrize("change,words", [
    ({"program": [(0x7F, struct.pack("<HIHI", 0, 480_000, 480, 9_600_000))]}, "step 1 is 08:00 9.600 mL/day instead"),
    ({"program": [(0x7F, STEPS[:6])]}, "the program has 1 steps instead of 2"),
    ({"program": [(0x7F, STEPS + struct.pack("<HI", 1200, 480_000))]}, "the program has 3 steps instead of 2"),
    ({"program": []}, "the program has 0 steps instead of 2"),
    ({"program": [(0x3F, STEPS)]}, "a profile is for mon, tue, wed, thu, fri, sat instead of every day"),
    ({"program": [(0x3F, STEPS), (0x40, STEPS)]}, "the program has 2 profiles instead of 1"),
    ({"settings": (20_001, 600_000, 7_200_000, 6, 0, 0, *[0] * 6)}, "volume of the patient bolus is 20.001 uL instead"),
    ({"settings": (20_000, 60_000, 7_200_000, 6, 0, 0, *[0] * 6)}, "duration of the patient bolus is 00:01 instead"),
    ({"settings": (20_000, 600_000, 300_000, 6, 0, 0, *[0] * 6)}, "lockout of the patient bolus is 00:05 instead"),
    ({"settings": (20_000, 600_000, 7_200_000, 7, 0, 0, *[0] * 6)}, "maximum in 24 h of the patient bolus is 7 in"),
    ({"settings": (20_000, 600_000, 7_200_000, 6, 9_000_000, 0, *[0] * 6)}, "limit of 24 h is 9.000 mL instead of the"),
    ({"settings": (20_000, 600_000, 7_200_000, 6, 0, 1, *[0] * 6)}, "lockout start of the patient bolus is end in"),
    ({"settings": (20_000, 600_000, 7_200_000, 6, 0, 0, 5_000, *[0] * 5)}, "a periodic bolus is set up"),
    ({"filled_nl": 0}, "no fill is confirmed"),
    ({"filled_nl": 18_000_001}, "the reservoir holds 18.000001 mL instead of 18.000 mL"),
    ({"bolus_max": 0}, "patient boluses are disabled"),
    ({"clock_set": False}, "the clock is not set"),
])  # fmt: skip
def test_a_therapy_that_reads_back_otherwise_is_not_active(change, words) -> None:
    pump, fake = programmer()
    commit = fake._commit

    def commit_then_change(values):
        reply = commit(values)
        if fake._pending[0] == "PREPARE_PATIENT_BOLUS":  # the last part
            for name, value in change.items():
                setattr(fake, name, value)
        return reply

    fake.say["COMMIT"] = commit_then_change
    with pytest.raises(ReadBackDiffers) as caught:
        pump.program(THERAPY, set_clock=CLOCK)
    assert words in str(caught.value)
    assert str(caught.value).startswith("program not active as sent")


def test_boluses_left_enabled_by_a_therapy_without_are_noticed() -> None:
    pump, fake = programmer()
    commit = fake._commit

    def commit_and_enable(values):
        reply = commit(values)
        fake.bolus_max = 6 * (fake._pending[0] == "PREPARE_PROGRAM")
        return reply

    fake.say["COMMIT"] = commit_and_enable
    with pytest.raises(ReadBackDiffers, match="patient boluses are enabled"):
        pump.program(dataclasses.replace(THERAPY, bolus=None))


def test_a_status_that_names_another_program_is_noticed() -> None:
    pump, fake = programmer()
    status = fake._status
    fake.say["STATUS"] = lambda values: status(values).replace(PROGRAM_DIGEST, b"\7" * 8)
    with pytest.raises(ReadBackDiffers, match="the program digest is 0707070707070707 instead of"):
        pump.program(THERAPY)


def test_steps_that_do_not_match_their_own_digest_are_not_read_as_a_program() -> None:
    pump, fake = programmed()
    good = fake._get_program((0, 0))
    fake.say["GET_PROGRAM"] = lambda values: good[:-1] + b"\1"
    with pytest.raises(ReadBackDiffers, match="does not match its own digest"):
        pump.read_program()


def test_a_pump_that_runs_on_while_it_is_programmed_has_less_than_the_fill_and_that_is_no_fault() -> None:
    pump, fake = programmer()
    commit = fake._commit

    def commit_and_run(values):
        reply = commit(values)
        fake.filled_nl -= 216 if fake.filled_nl else 0
        return reply

    fake.say["COMMIT"] = commit_and_run
    assert pump.program(THERAPY).remaining_nl < 18_000_000


# -- a therapy that does not fit ----------------------------------------------------------------------


def limits(**changed: int) -> bytes:
    names = [field.name for field in messages.GET_LIMITS.reply.fields]
    values = dict(zip(names, LIMITS, strict=True)) | changed
    return b"\0" + struct.pack(LIMITS_FORMAT, *values.values())


@pytest.mark.parametrize("pump_limits,key,value,allowed", [
    ({"reservoir": 40_000_000}, "pump.reservoir", "20.000 mL", "40.000 mL"),
    ({"reservoir": 10_000_000}, "fill.volume", "18.000 mL", "above 500 uL, up to 10.000 mL"),
    ({"empty_threshold": 18_000_000}, "fill.volume", "18.000 mL", "above 18.000 mL, up to 20.000 mL"),
    ({"steps_max": 1}, "program.step", "2 steps", "up to 1"),
    ({"rate_min": 480_001}, "program.step[0].rate", "0.480 mL/day", "0, or 0.480001 mL/day to 24.000 mL/day"),
    ({"rate_max": 959_999}, "program.step[1].rate", "0.960 mL/day", "0, or 0.048 mL/day to 0.959999 mL/day"),
    ({"bolus_max": 19_999}, "patient_bolus.volume", "20 uL", "up to 19.999 uL"),
    ({"bolus_max_duration": 599_999}, "patient_bolus.duration", "00:10", "up to 599.999 s"),
    ({"lockout_min": 7_200_001}, "patient_bolus.lockout", "02:00", "7200.001 s to 24:00"),
    ({"lockout_max": 7_199_999}, "patient_bolus.lockout", "02:00", "00:05 to 7199.999 s"),
    ({"max_24h": 5}, "patient_bolus.max_per_24h", "6", "up to 5"),
    # 20 uL beside a highest step of 0.960 mL/day in two hours need 0.240 mL/day of room
    ({"rate_max": 1_199_999}, "patient_bolus.volume", "20 uL", "leaves 0.239999 mL/day"),
    ({"rate_max": 960_000}, "patient_bolus.volume", "20 uL", "leaves nothing"),
])  # fmt: skip
def test_a_therapy_beyond_the_limits_of_the_pump_is_refused_before_anything_acts(pump_limits, key, value, allowed):
    pump, fake = programmer()
    fake.say["GET_LIMITS"] = lambda values: limits(**pump_limits)
    with pytest.raises(TherapyError) as caught:
        pump.program(THERAPY)
    found = [problem for problem in caught.value.problems if problem.key == key]
    assert found, [str(problem) for problem in caught.value.problems]
    assert any(allowed in problem.limits for problem in found)
    assert {problem.value for problem in found} == {value}
    assert str(found[0]).startswith(f"therapy.toml: {key} = {value}")
    assert found[0].fix
    assert not ACTING.intersection(fake.names)


def test_a_week_and_a_periodic_bolus_are_held_against_the_limits_of_the_pump_too() -> None:
    pump, fake = programmer()
    week = (Profile(0x1F, (Step(0, 480_000), Step(480, 960_000))), Profile(0x60, (Step(0, 47_999),)))
    therapy = dataclasses.replace(
        THERAPY, mode="week", steps=(), weekly=week, periodic=Periodic(2_000_000, 3_600_000, 21_600_000)
    )
    fake.say["GET_LIMITS"] = lambda values: limits(steps_total=2, steps_max=1, clinician_max=1_999_999)
    with pytest.raises(TherapyError) as caught:
        pump.program(therapy)
    assert [(problem.key, problem.value) for problem in caught.value.problems] == [
        ("profile", "3 steps"),
        ("profile[0].step", "2 steps"),
        ("profile[1].step[0].rate", "0.047999 mL/day"),
        ("periodic.volume", "2.000 mL"),
    ]
    assert not ACTING.intersection(fake.names)


def test_a_therapy_at_the_limits_of_the_pump_is_accepted() -> None:
    pump, fake = programmer()
    exact = {"rate_min": 480_000, "rate_max": 1_200_000, "steps_max": 2, "bolus_max": 20_000, "max_24h": 6,
             "bolus_max_duration": 600_000, "lockout_min": 7_200_000, "lockout_max": 7_200_000}  # fmt: skip
    fake.say["GET_LIMITS"] = lambda values: limits(**exact)
    assert pump.program(THERAPY).steps


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    pump, fake = programmer()
    fake.say["GET_LIMITS"] = lambda values: limits(reservoir=10_000_000, steps_max=1, max_24h=5)
    with pytest.raises(TherapyError) as caught:
        pump.program(THERAPY)
    keys = [problem.key for problem in caught.value.problems]
    assert keys == ["pump.reservoir", "fill.volume", "program.step", "patient_bolus.max_per_24h"]


def test_a_pump_with_another_message_table_is_read_and_stopped_but_told_nothing_else() -> None:
    pump, fake = programmer()
    own = fake._identify(())
    fake.say["IDENTIFY"] = lambda values: own.replace(messages.SCHEMA, b"\1\2\3\4")
    for act in (pump.bolus, pump.start, lambda: pump.program(THERAPY), lambda: pump.acknowledge(1), pump.abort_bolus):
        with pytest.raises(PumpError, match=r"do not have the same message table .* only reading and stop"):
            act()
    assert not ACTING.intersection(fake.names)
    assert pump.status().mode_name == "stopped"
    assert pump.stop().mode == codes.STOP_MODE
