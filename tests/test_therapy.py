"""Therapy files that are right: what comes out, at the limits too. Expected numbers are worked out by hand."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from therapy_text import TEXT, changed

from pumphost import units
from pumphost.therapy import PatientBolus, Step, Therapy, TherapyError, load, loads
from pumphost.therapy.model import stretched_ms

ISSUE = Therapy(
    reservoir_nl=20_000_000,
    fill_nl=18_000_000,
    drug="saline",
    concentration_ng_per_ml=1_000_000,
    mode="day",
    steps=(Step(0, 480_000), Step(480, 960_000)),
    bolus=PatientBolus(volume_nl=20_000, duration_ms=600_000, lockout_ms=7_200_000, max_per_24h=6),
)
# the whole numbers in the order of the fields, typed here; "saline" is 115 97 108 105 110 101 in ASCII
CANONICAL = (
    "[1,20000000,18000000,[115,97,108,105,110,101],1000000,0,[[0,480000],[480,960000]],[20000,600000,7200000,6]]"
)
AT_THE_LIMITS = [  # line as written, what the therapy then says
    ({2: 'reservoir = "100 mL"'}, "reservoir_nl", 100_000_000),
    ({2: 'reservoir = "1 mL"', 4: 'volume = "0.6 mL"'}, "reservoir_nl", 1_000_000),
    ({4: 'volume = "20 mL"'}, "fill_nl", 20_000_000),
    ({4: 'volume = "0.500001 mL"'}, "fill_nl", 500_001),
    ({5: 'drug = "A b-9/cd"'}, "drug", "A b-9/cd"),
    ({6: 'concentration = "500 mg/mL"'}, "concentration_ng_per_ml", 500_000_000),
    ({6: 'concentration = "0.001 mg/mL"'}, "concentration_ng_per_ml", 1_000),
    ({11: 'rate = "0 mL/day"'}, "steps", (Step(0, 0), Step(480, 960_000))),
    ({11: 'rate = "0.048 mL/day"'}, "steps", (Step(0, 48_000), Step(480, 960_000))),
    ({14: 'rate = "20 mL/day"'}, "steps", (Step(0, 480_000), Step(480, 20_000_000))),
    ({13: 'start = "23:59"'}, "steps", (Step(0, 480_000), Step(1439, 960_000))),
    ({10: 'start = "00:00"\nend = "08:00"', 13: 'start = "08:00"\nend = "24:00"'}, "steps", ISSUE.steps),
    ({16: 'volume = "1 uL"', 17: 'duration = "00:01"'}, "bolus", PatientBolus(1_000, 60_000, 7_200_000, 6)),
    ({16: 'volume = "500 uL"', 17: 'duration = "01:00"'}, "bolus", PatientBolus(500_000, 3_600_000, 7_200_000, 6)),
    ({17: 'duration = "00:05"', 18: 'lockout = "00:05"'}, "bolus", PatientBolus(20_000, 300_000, 300_000, 6)),
    ({18: 'lockout = "24:00"'}, "bolus", PatientBolus(20_000, 600_000, 86_400_000, 6)),
    ({19: "max_per_24h = 0"}, "bolus", PatientBolus(20_000, 600_000, 7_200_000, 0)),
    ({19: "max_per_24h = 24"}, "bolus", PatientBolus(20_000, 600_000, 7_200_000, 24)),
]  # fmt: skip


def test_the_file_of_the_first_issue_loads_as_it_stands(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text(TEXT, encoding="utf-8")
    therapy = load(path)
    assert therapy == ISSUE
    assert therapy.source == "night.toml"
    assert load(str(path)) == ISSUE


@pytest.mark.parametrize(("lines", "name", "expected"), AT_THE_LIMITS)
def test_limits_are_allowed_themselves(lines, name, expected):
    assert getattr(loads(changed(lines)), name) == expected


def test_what_follows_from_the_numbers():
    assert ISSUE.day_total_nl == 800_000  # 0.480 mL/day for 8 h and 0.960 for 16 h: 0.160 + 0.640 mL
    assert ISSUE.peak_rate_nl_per_day == 960_000
    assert [ISSUE.rate_at(minute) for minute in (0, 479, 480, 1439)] == [480_000, 480_000, 960_000, 960_000]
    assert ISSUE.bolus_duration_ms == 600_000  # 20 uL in 10 min are 2.88 mL/day: room enough


def test_the_day_total_is_rounded_down():
    # 48 001 nL/day for one minute of 1440 and 48 000 for the rest: 48 000 + 1/1440 nL
    therapy = loads(changed({11: 'rate = "0.048001 mL/day"', 13: 'start = "00:01"', 14: 'rate = "0.048 mL/day"'}))
    assert therapy.day_total_nl == 48_000


@pytest.mark.parametrize(
    ("volume_nl", "duration_ms", "peak", "expected"),
    [
        (20_000, 600_000, 960_000, 600_000),
        (500_000, 60_000, 0, 1_800_000),  # 0.5 mL at 24 mL/day: 1/48 day, 30 min
        (500_000, 60_000, 12_000_000, 3_600_000),  # at the 12 mL/day that are left: one hour
        (500_000, 60_000, 17_000_000, 6_171_429),  # 0.5/7 day = 6 171 428.57… ms, rounded up
        (1_000, 60_000, 24_000_000, -1),  # no room
    ],
)
def test_a_bolus_is_stretched_to_stay_below_the_ceiling(volume_nl, duration_ms, peak, expected):
    assert stretched_ms(volume_nl, duration_ms, peak) == expected


def test_a_continuous_program_is_one_step():
    text = TEXT[: TEXT.index("[program]")] + '[program]\nmode = "continuous"\nrate = "20 uL/h"\n'
    therapy = loads(text, name="drip.toml")
    assert (therapy.mode, therapy.steps, therapy.bolus) == ("continuous", (Step(0, 480_000),), None)
    assert (therapy.day_total_nl, therapy.bolus_duration_ms, therapy.source) == (480_000, 0, "drip.toml")


def test_forty_eight_steps_are_allowed():
    steps = "".join(
        f'[[program.step]]\nstart = "{half // 2:02d}:{half % 2 * 30:02d}"\nrate = "1 mL/day"\n' for half in range(48)
    )
    therapy = loads(TEXT[: TEXT.index("[[program.step]]")] + steps)
    assert [step.start_min for step in therapy.steps] == list(range(0, 1440, 30))


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n", "\r\n"),
        "# a comment\n\n" + TEXT.replace(" = ", "="),
        TEXT.replace("[pump]\nreservoir", "pump.reservoir"),
        TEXT[: TEXT.index("[[program.step]]")]
        + 'step = [{start = "00:00", rate = "20 uL/h"}, {start = "08:00", rate = "40 uL/h"}]\n'
        + TEXT[TEXT.index("[patient_bolus]") :],
    ],
    ids=["windows line ends", "comments, no blanks", "dotted key", "inline tables"],
)
def test_the_same_therapy_in_other_spellings(text):
    therapy = loads(text)
    assert therapy == ISSUE
    assert therapy.fingerprint() == ISSUE.fingerprint()


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert load(path) == ISSUE


def test_the_fingerprint_is_sha256_over_the_numbers():
    assert ISSUE.fingerprint() == hashlib.sha256(CANONICAL.encode()).hexdigest()


@pytest.mark.parametrize(("lines", "name", "expected"), [case for case in AT_THE_LIMITS if case[2] != ISSUE.steps])
def test_every_number_is_in_the_fingerprint(lines, name, expected):
    assert loads(changed(lines)).fingerprint() != ISSUE.fingerprint()


def test_mode_and_lack_of_a_bolus_are_in_the_fingerprint():
    day = replace(ISSUE, steps=(Step(0, 48_000),), bolus=None)
    assert day.fingerprint() != replace(day, mode="continuous").fingerprint()
    assert day.fingerprint() != replace(day, bolus=ISSUE.bolus).fingerprint()


def test_as_json():
    assert json.loads(json.dumps(ISSUE.to_dict())) == {
        "source": "<string>",
        "fingerprint": hashlib.sha256(CANONICAL.encode()).hexdigest(),
        "reservoir_nl": 20_000_000,
        "fill_nl": 18_000_000,
        "drug": "saline",
        "concentration_ng_per_ml": 1_000_000,
        "mode": "day",
        "steps": [{"start_min": 0, "rate_nl_per_day": 480_000}, {"start_min": 480, "rate_nl_per_day": 960_000}],
        "weekly": [],
        "day_total_nl": 800_000,
        "bolus": {
            "volume_nl": 20_000,
            "duration_ms": 600_000,
            "lockout_ms": 7_200_000,
            "max_per_24h": 6,
            "max_volume_24h_nl": 0,
            "lockout_from": "start",
        },
        "periodic": None,
        "minimum_rate_nl_per_day": None,
        "mixture": [],
        "notes": [],
    }
    assert Therapy(1, 1, "x", 1, "day", (Step(0, 0),)).to_dict()["bolus"] is None


def test_importing_therapies_is_cheap():
    # measured once: 0.06 s without, 0.3 s with pydantic, 0.5 s with both
    code = "import sys, pumphost.therapy; print([m for m in ('pint', 'pydantic', 'numpy') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@st.composite
def programs(draw):
    starts = draw(st.lists(st.integers(1, 1439), unique=True, max_size=47))
    rate = st.one_of(st.just(0), st.integers(48_000, 23_000_000))
    return tuple(Step(start, draw(rate)) for start in [0, *sorted(starts)])


@given(programs(), st.booleans())
def test_any_program_written_out_reads_back(steps, with_ends):
    ends = [*(step.start_min for step in steps[1:]), 1440]
    text = TEXT[: TEXT.index("[[program.step]]")]
    for step, end in zip(steps, ends, strict=True):
        text += f'[[program.step]]\nstart = "{units.format_clock(step.start_min)}"\n'
        text += f'rate = "{units.format_rate(step.rate_nl_per_day)}"\n'
        text += f'end = "{units.format_clock(end)}"\n' if with_ends else ""
    therapy = loads(text)
    assert therapy.steps == steps
    per_minute = sum(therapy.rate_at(minute) for minute in range(1440))
    assert therapy.day_total_nl == per_minute // 1440


def test_a_therapy_cannot_be_changed():
    with pytest.raises(AttributeError):
        ISSUE.fill_nl = 1
    with pytest.raises(TherapyError):
        loads("")
