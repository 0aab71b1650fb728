"""Profiles of a week, a volume limit, a periodic bolus and a minimum rate in a therapy file. Numbers by hand."""

import hashlib
from dataclasses import replace

import pytest
from therapy_text import TEXT

from pumphost.therapy import PatientBolus, Periodic, Profile, Step, Therapy, TherapyError, loads

HEAD = TEXT[: TEXT.index("[program]")]  # 6 lines
BOLUS = TEXT[TEXT.index("[patient_bolus]") :]
WEEK = """\
[[profile]]
days = ["mon", "tue", "wed", "thu", "fri"]
[[profile.step]]
start = "00:00"
rate = "0.480 mL/day"
[[profile.step]]
start = "12:00"
rate = "0.960 mL/day"
[[profile]]
days = ["sat", "sun"]
[[profile.step]]
start = "00:00"
rate = "2.400 mL/day"
"""
PERIODIC = '[periodic]\nvolume = "50 uL"\nduration = "00:10"\ninterval = "06:00"\n'
MINIMUM = '[minimum]\nrate = "0.012 mL/day"\n'
WORKDAYS = Profile(0b0011111, (Step(0, 480_000), Step(720, 960_000)))
WEEKEND = Profile(0b1100000, (Step(0, 2_400_000),))


def problems(text):
    with pytest.raises(TherapyError) as caught:
        loads(text, name="week.toml")
    return [(problem.line, problem.key, problem.what) for problem in caught.value.problems]


def test_profiles_of_a_week_load():
    therapy = loads(HEAD + WEEK + BOLUS)
    assert (therapy.mode, therapy.steps, therapy.weekly) == ("week", (), (WORKDAYS, WEEKEND))
    assert therapy.profiles == therapy.weekly
    assert therapy.peak_rate_nl_per_day == 2_400_000
    assert therapy.day_total_nl == 2_400_000
    assert [therapy.rate_at(719, day) for day in range(7)] == [480_000] * 5 + [2_400_000] * 2
    assert therapy.rate_at(720, 4) == 960_000


def test_a_daily_program_is_one_profile_for_every_day():
    assert loads(TEXT).profiles == (Profile(0x7F, (Step(0, 480_000), Step(480, 960_000))),)


@pytest.mark.parametrize(("weekly", "expected"), [
    # from Monday noon to Tuesday noon: 0.960/2 + 0.480/2; the window that counts ends on a Saturday or is all of it
    ((WORKDAYS, WEEKEND), 2_400_000),
    # a window from Monday 12:00 to Tuesday 12:00 holds both high halves: 1/2 + 1/2 of 2.4
    ((Profile(1, (Step(0, 0), Step(720, 2_400_000))), Profile(126, (Step(0, 2_400_000), Step(720, 0)))), 2_400_000),
    # Sunday's evening and Monday's morning: 6 h of 1 mL/day each, half a day in all
    ((Profile(64, (Step(0, 0), Step(1080, 1_000_000))), Profile(1, (Step(0, 1_000_000), Step(360, 0))),
      Profile(62, (Step(0, 0),))), 500_000),
])  # fmt: skip
def test_the_worst_24_hours_may_begin_at_any_time_of_the_week(weekly, expected):
    assert Therapy(1, 1, "x", 1, "week", (), weekly=weekly).worst_24h_nl == expected


def test_for_one_daily_profile_the_worst_24_hours_are_the_day_rounded_up():
    assert loads(TEXT).worst_24h_nl == 800_000
    # 48 001 nL/day for one minute, 48 000 for the rest: 48 000 + 1/1440 nL
    steps = (Step(0, 48_001), Step(1, 48_000))
    assert Therapy(1, 1, "x", 1, "day", steps).worst_24h_nl == 48_001


def test_the_optional_keys_load():
    """BOL-02, BOL-04, FLOW-13."""
    text = TEXT + 'max_volume_24h = "1 mL"\nlockout_from = "end"\n' + PERIODIC + MINIMUM
    therapy = loads(text)
    assert therapy.bolus == PatientBolus(20_000, 600_000, 7_200_000, 6, 1_000_000, "end")
    assert therapy.periodic == Periodic(50_000, 600_000, 21_600_000)
    assert therapy.minimum_rate_nl_per_day == 12_000
    assert loads(TEXT + 'max_volume_24h = "0.8 mL"\n').bolus.max_volume_24h_nl == 800_000  # what the program gives


def test_everything_new_is_in_the_fingerprint_and_a_file_without_keeps_its_own():
    base = loads(TEXT)
    others = [
        loads(HEAD + WEEK + BOLUS),
        loads(TEXT + 'max_volume_24h = "1 mL"\n'),
        loads(TEXT + 'lockout_from = "end"\n'),
        loads(TEXT + PERIODIC),
        loads(TEXT + MINIMUM),
        loads(HEAD + WEEK.replace('"sat", "sun"', '"sun"').replace('"fri"', '"fri", "sat"') + BOLUS),
    ]
    assert len({therapy.fingerprint() for therapy in [base, *others]}) == 1 + len(others)
    assert loads(TEXT + 'lockout_from = "start"\n').fingerprint() == base.fingerprint()
    minimum = (
        "[2,20000000,18000000,[115,97,108,105,110,101],1000000,0,[[0,480000],[480,960000]],[20000,600000,7200000,6],"
        "[],[0,0],[],[12000]]"
    )
    assert others[4].fingerprint() == hashlib.sha256(minimum.encode()).hexdigest()


def test_as_json():
    data = loads(HEAD + WEEK + BOLUS + PERIODIC + MINIMUM).to_dict()
    assert data["weekly"][1] == {"days": 96, "steps": [{"start_min": 0, "rate_nl_per_day": 2_400_000}]}
    assert data["periodic"] == {"volume_nl": 50_000, "duration_ms": 600_000, "interval_ms": 21_600_000}
    assert data["minimum_rate_nl_per_day"] == 12_000


CASES = {  # name: (text, line, key, words)
    "day left out": (HEAD + WEEK.replace('"sat", "sun"', '"sat"'),
        16, "profile[1].days", "leaves out sun"),
    "day twice": (HEAD + WEEK.replace('"sat"', '"fri", "sat"'),
        16, "profile[1].days", "has fri, which the profile at line 8 has too"),
    "day twice in one": (HEAD + WEEK.replace('"sat"', '"sun"'),
        16, "profile[1].days", 'has "sun" twice'),
    "unknown day": (HEAD + WEEK.replace('"sat"', '"Saturday"'),
        16, "profile[1].days", 'has a day that is not known, "Saturday"'),
    "no day": (HEAD + WEEK.replace('["sat", "sun"]', "[]"),
        16, "profile[1].days", "has no day"),
    "days as a text": (HEAD + WEEK.replace('["sat", "sun"]', '"sat"'),
        16, "profile[1].days", "is not a list of days in quotes"),
    "no days": (HEAD + WEEK.replace('days = ["sat", "sun"]', ""),
        15, "profile[1].days", "is missing"),
    "gap in a profile": (HEAD + WEEK.replace('start = "00:00"\nrate = "2.4', 'start = "01:00"\nrate = "2.4'),
        18, "profile[1].step[0].start", "leaves a gap: no rate from 00:00 to 01:00"),
    "overlap in a profile": (HEAD + WEEK.replace('"12:00"', '"00:00"'),
        13, "profile[0].step[1].start", "overlaps: the step at line 10 starts at 00:00 too"),
    "no steps": (HEAD + '[[profile]]\ndays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n',
        7, "profile[0].step", "is missing"),
    "unknown key of a profile": (HEAD + WEEK.replace('["sat", "sun"]', '["sat", "sun"]\nname = "weekend"'),
        17, "profile[1].name", "is an unknown key"),
    "program and profiles": (TEXT + WEEK,
        7, "program", "does not go with [[profile]]"),
    "profile in single brackets": (HEAD + '[profile]\ndays = ["mon"]\n',
        7, "profile", "is one table"),
    "bolus beside the highest profile": (HEAD + WEEK.replace('"2.400 mL/day"', '"24 mL/day"') + BOLUS,
        21, "patient_bolus.volume", "has no room: the highest program rate is 24.000 mL/day"),
    "limit below the program": (TEXT + 'max_volume_24h = "0.799999 mL"\n',
        20, "patient_bolus.max_volume_24h", "is less than the program alone gives in 24 h, 800 uL"),
    "limit above the ceiling": (TEXT + 'max_volume_24h = "24.1 mL"\n',
        20, "patient_bolus.max_volume_24h", "is too large"),
    "lockout from nowhere": (TEXT + 'lockout_from = "middle"\n',
        20, "patient_bolus.lockout_from", "is not one of the words known here"),
    "interval as long as the bolus": (TEXT + PERIODIC.replace("06:00", "00:10"),
        23, "periodic.interval", "is not longer than the bolus, 00:10 (line 22)"),
    # 2 mL beside 0.960 mL/day at the ceiling of 24: 2/23.04 day are 125 min
    "interval within the stretched bolus": (TEXT + PERIODIC.replace("50 uL", "2 mL").replace("06:00", "02:05"),
        23, "periodic.interval", "is not longer than the bolus of 2.000 mL, stretched to 02:05"),
    "periodic volume too small": (TEXT + PERIODIC.replace("50 uL", "0.5 uL"),
        21, "periodic.volume", "is too small"),
    "periodic key missing": (TEXT + PERIODIC.replace('duration = "00:10"\n', ""),
        20, "periodic.duration", "is missing"),
    "periodic beside the ceiling": (HEAD + '[program]\nmode = "continuous"\nrate = "24 mL/day"\n' + PERIODIC,
        11, "periodic.volume", "has no room"),
    "minimum rate too low": (TEXT + MINIMUM.replace("0.012", "0.005999"),
        21, "minimum.rate", "is too small"),
    "minimum rate too high": (TEXT + MINIMUM.replace("0.012", "0.048001"),
        21, "minimum.rate", "is too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_with_its_line_and_key(name):
    text, line, key, words = CASES[name]
    (found,) = problems(text)
    assert found[:2] == (line, key)
    assert words in found[2]


def test_eight_profiles_are_too_many():
    step = '[[profile.step]]\nstart = "00:00"\nrate = "1 mL/day"\n'
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "sun")
    text = HEAD + "".join(f'[[profile]]\ndays = ["{day}"]\n{step}' for day in days)
    assert [(key, what) for _, key, what in problems(text)] == [
        ("profile", "has 8 profiles"),
        ("profile[7].days", "has sun, which the profile at line 38 has too"),
    ]


def test_a_periodic_bolus_longer_than_the_stretched_one_is_allowed():
    therapy = loads(TEXT + PERIODIC.replace("50 uL", "2 mL").replace("06:00", "02:06"))
    assert therapy.periodic == replace(therapy.periodic, volume_nl=2_000_000, interval_ms=7_560_000)
