"""Oracle: properties over random days, and a second integrator that shares no idea with the first.

The second opinion walks minute by minute: no segments, no cache, no bisection, lists filtered anew each time. Facts
fall on whole minutes there. Slow and plain on purpose.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from oracle_cases import (
    AMPLE_NL,
    DAY,
    MINUTE,
    NL_PER_REV,
    STEPS_PER_REV,
    PatientBolus,
    Profile,
    Step,
    Therapy,
    ideal_packets,
)

from pumphil.oracle import Prescription, max_abs_error, quantum_nl

SPAN_MIN = 2_000

rates = st.sampled_from([0, 48_000, 480_000, 999_999, 7_000_000, 23_000_000])
settings_of_boluses = st.builds(
    PatientBolus,
    volume_nl=st.sampled_from([1_000, 20_000, 333_333]),
    duration_ms=st.sampled_from([MINUTE, 10 * MINUTE, 59 * MINUTE]),
    lockout_ms=st.sampled_from([60 * MINUTE, 61 * MINUTE, 240 * MINUTE]),
    max_per_24h=st.sampled_from([1, 2, 3, 24, 0]),
)
# mostly allowed, so that the later reasons of a denial are met too
boluses = st.one_of(settings_of_boluses, settings_of_boluses, settings_of_boluses, st.none())


@st.composite
def days(draw: st.DrawFn) -> tuple[Step, ...]:
    starts = sorted({0, *draw(st.lists(st.integers(1, 1_439), max_size=5))})
    return tuple(Step(start, draw(rates)) for start in starts)


@st.composite
def therapies(draw: st.DrawFn) -> Therapy:
    monday = draw(st.sampled_from([0, 0, 0x01, 0x1F, 0x55]))  # days of a first profile, 0: one for all
    profiles = (Profile(monday, draw(days())), Profile(0x7F ^ monday, draw(days()))) if monday else ()
    return Therapy(draw(days()), draw(boluses), draw(st.sampled_from([AMPLE_NL, 18_000_000, 3_700_000])), profiles)


@st.composite
def clocks(draw: st.DrawFn) -> tuple[int, int, int]:
    """(minute of the week, minutes until local time jumps, by how much)."""
    return draw(st.integers(0, 10_079)), draw(st.sampled_from([0, 59, 600])), draw(st.sampled_from([0, 60, -60, -30]))


@st.composite
def timelines(draw: st.DrawFn) -> list[tuple[int, str, Any]]:
    """(minute, fact, argument) in order of time, the first a start."""
    facts: list[tuple[int, str, Any]] = [(draw(st.integers(0, 30)), "start", draw(therapies()))]
    kinds = ["bolus"] * 8 + ["stop", "start", "start", "program", "set_clock", "refill", "alarm", "clear", "abort"]
    kinds.append("minimum")
    for gap_min in draw(st.lists(st.sampled_from([0, 1, 7, 59, 60, 61, 240, 600]), max_size=25)):
        kind = draw(st.sampled_from(kinds))
        argument = {
            "program": therapies(),
            "start": st.one_of(st.none(), therapies()),
            "set_clock": clocks(),
            "refill": st.sampled_from([AMPLE_NL, 3_100_000, 600_000]),
        }.get(kind, st.none())
        facts.append((facts[-1][0] + gap_min, kind, draw(argument)))
    return facts


class SecondOpinion:
    """Minute by minute: volume at every whole minute, and the answer to every request."""

    def __init__(self, clock_min: int) -> None:
        self.total = Fraction(0)
        self.at_minute: list[Fraction] = []
        self.answers: list[tuple[bool, str | None]] = []
        self.clock_shift_min = clock_min
        self.jump = (0, 0)  # minute, by how much
        self.minimum = False
        self.on = self.ran_dry = self.alarmed = False
        self.therapy: Therapy | None = None
        self.content: Fraction | None = None
        self.given: list[tuple[int, PatientBolus, list[PatientBolus]]] = []  # start, settings, all settings since
        self.current: tuple[int, int, int] | None = None  # start, end (ms), volume

    def basal(self, minute: int) -> int:
        assert self.therapy is not None
        if self.minimum:
            return 6_000
        at, by = self.jump
        local = (minute + self.clock_shift_min + (by if minute >= at else 0)) % 10_080
        steps = [p.steps for p in self.therapy.profiles if p.days >> local // 1_440 & 1] or [self.therapy.steps]
        return [step.rate_nl_per_day for step in steps[0] if step.start_min <= local % 1_440][-1]

    def longest_ms(self, bolus: PatientBolus) -> int:
        assert self.therapy is not None
        steps = [step for p in self.therapy.profiles for step in p.steps] or self.therapy.steps
        room = 24_000_000 - max(step.rate_nl_per_day for step in steps)
        need = Fraction(bolus.volume_nl * DAY, room)
        return max(bolus.duration_ms, need.numerator // need.denominator + (need.denominator > 1))

    def answer(self, minute: int) -> tuple[bool, str | None]:
        t_ms = minute * MINUTE
        if not self.on or self.minimum:
            return False, "STOPPED"
        assert self.therapy is not None
        assert self.content is not None
        bolus = self.therapy.bolus
        if bolus is None or not bolus.max_per_24h:
            return False, "DISABLED"
        if self.current is not None and t_ms < self.current[1]:
            return False, "BUSY"
        length_ms = self.longest_ms(bolus)
        used = Fraction(bolus.volume_nl)
        for m in range(minute, minute + length_ms // MINUTE + 1):
            part_ms = min((m + 1) * MINUTE, t_ms + length_ms) - m * MINUTE
            used += Fraction(self.basal(m) * part_ms, DAY)
        if self.content <= 3_000_000 or self.content - used < 500_000:
            return False, "LOW_RESERVOIR"
        if self.given:
            start_ms, own, later = self.given[-1]
            if any(t_ms - start_ms < each.lockout_ms for each in [own, *later]):
                return False, "LOCKOUT"
        if sum(1 for start_ms, _, _ in self.given if t_ms - start_ms < DAY) >= bolus.max_per_24h:
            return False, "MAX_COUNT"
        if self.alarmed:
            return False, "ALARM_ACTIVE"
        self.given.append((t_ms, bolus, []))
        self.current = (t_ms, t_ms + length_ms, bolus.volume_nl)
        return True, None

    def fact(self, minute: int, kind: str, argument: Any) -> None:
        if kind in ("start", "program") and argument is not None:
            self.therapy = argument
            if self.given and argument.bolus is not None:
                self.given[-1][2].append(argument.bolus)
        if kind == "start":
            if self.content is None:
                self.content = Fraction(argument.fill_nl)
            self.on, self.minimum = not self.ran_dry, False
        elif kind == "minimum":
            self.on, self.minimum, self.current = not self.ran_dry, True, None
        elif kind == "stop":
            self.on, self.current = False, None
        elif kind == "set_clock":
            self.clock_shift_min = argument[0] - minute
            self.jump = (minute + argument[1], argument[2])
        elif kind == "refill":
            self.content, self.ran_dry = Fraction(argument), False
        elif kind == "alarm":
            self.alarmed, self.current = True, None
        elif kind == "clear":
            self.alarmed = False
        elif kind == "abort":
            self.current = None
        elif kind == "bolus":
            self.answers.append(self.answer(minute))

    def volume(self, minute: int, part_ms: int) -> Fraction:
        """What flows in the first `part_ms` of a minute."""
        if not self.on:
            return Fraction(0)
        nl = Fraction(self.basal(minute) * part_ms, DAY)
        if self.current is not None:
            start_ms, end_ms, volume_nl = self.current
            overlap_ms = max(0, min(end_ms, minute * MINUTE + part_ms) - minute * MINUTE)
            nl += Fraction(volume_nl * overlap_ms, end_ms - start_ms)
        return nl

    def pass_minute(self, minute: int) -> None:
        self.at_minute.append(self.total)
        part_ms = MINUTE
        if self.on and self.content is not None and self.content - self.volume(minute, MINUTE) <= 500_000:
            low, high = 0, MINUTE  # first ms by halving
            while low < high:
                middle = (low + high) // 2
                if self.content - self.volume(minute, middle) <= 500_000:
                    high = middle
                else:
                    low = middle + 1
            part_ms = low
            nl = self.volume(minute, part_ms)
            self.on, self.ran_dry, self.current = False, True, None
        else:
            nl = self.volume(minute, part_ms)
        self.total += nl
        if self.content is not None:
            self.content -= nl


def tell(p: Prescription, facts: list[tuple[int, str, Any]]) -> list[tuple[bool, str | None]]:
    answers = []
    for minute, kind, argument in facts:
        t_ms = minute * MINUTE
        if kind == "bolus":
            decision = p.request_bolus(t_ms)
            answers.append((decision.granted, decision.reason))
        elif kind == "alarm":
            p.alarm(t_ms, "x")
        elif kind == "clear":
            if p._alarms:
                p.clear_alarm(t_ms, "x")
        elif kind == "abort":
            p.abort_bolus(t_ms)
        elif kind == "set_clock":
            week_min, in_min, by_min = argument
            p.set_clock(
                t_ms, week_min % 1_440 * MINUTE, weekday=week_min // 1_440,
                switch_ms=t_ms + in_min * MINUTE, switch_by_ms=by_min * MINUTE,
            )  # fmt: skip
        elif kind == "minimum":
            p.minimum_rate(t_ms)
        elif kind in ("start", "program", "refill"):
            getattr(p, kind)(t_ms, argument)
        else:
            p.stop(t_ms)
    return answers


def guarded(facts: list[tuple[int, str, Any]]) -> list[tuple[int, str, Any]]:
    """A program change is preceded by an abort, so that no bolus meets it."""
    safe = []
    for minute, kind, argument in facts:
        if kind in ("start", "program") and argument is not None:
            safe.append((minute, "abort", None))
        safe.append((minute, kind, argument))
    return safe


@given(timelines(), st.integers(0, 1_439))
def test_agrees_with_the_second_opinion(facts: list[tuple[int, str, Any]], clock_min: int) -> None:
    facts = guarded(facts)
    end_min = facts[-1][0] + SPAN_MIN
    other = SecondOpinion(clock_min)
    waiting = list(facts)
    for minute in range(end_min):
        while waiting and waiting[0][0] == minute:
            other.fact(*waiting.pop(0))
            if other.on and other.content is not None and other.content <= 500_000:
                other.on, other.ran_dry, other.current = False, True, None
        other.pass_minute(minute)
    p = Prescription(clock_min * MINUTE)
    assert tell(p, facts) == other.answers
    for minute, volume_nl in enumerate(other.at_minute):
        if minute % 7 == 0 or minute == end_min - 1:
            assert p.expected_nl(minute * MINUTE) == volume_nl, minute


instants = st.lists(st.integers(0, 8 * DAY), min_size=2, max_size=30)


@given(timelines(), instants)
def test_monotone_and_additive_over_any_partition(facts: list[tuple[int, str, Any]], cuts: list[int]) -> None:
    p = Prescription(0)
    tell(p, guarded(facts))
    times = sorted(cuts)
    volumes = [p.expected_nl(t) for t in times]
    assert volumes == sorted(volumes)
    for (a_ms, a_nl), (b_ms, b_nl) in pairwise(zip(times, volumes, strict=True)):
        by_segment = sum(
            (rate * (min(b_ms, t1) - max(a_ms, t0)) / DAY for t0, t1, rate in p.segments_until(8 * DAY + 1)
             if t0 < b_ms and t1 > a_ms),
            Fraction(0),
        )  # fmt: skip
        assert b_nl - a_nl == by_segment


@given(timelines(), instants, st.randoms(use_true_random=False))
def test_independent_of_the_order_and_the_time_of_asking(
    facts: list[tuple[int, str, Any]], cuts: list[int], random: Any
) -> None:
    facts = guarded(facts)
    quiet, asked = Prescription(0), Prescription(0)
    tell(quiet, facts)
    for fact in facts:  # asked while the timeline grows, far ahead and back
        for t_ms in cuts[:3]:
            asked.expected_nl(t_ms)
            asked.low_at_ms()
        tell(asked, [fact])
    shuffled = list(cuts)
    random.shuffle(shuffled)
    answers = {t: (asked.expected_nl(t), asked.rate_nl_per_day(t)) for t in shuffled}
    assert [answers[t] for t in cuts] == [(quiet.expected_nl(t), quiet.rate_nl_per_day(t)) for t in cuts]
    assert asked.segments == quiet.segments
    assert asked.segments_until(8 * DAY) == quiet.segments_until(8 * DAY)
    assert asked.boluses == quiet.boluses
    assert (asked.low_at_ms(), asked.empty_at_ms()) == (quiet.low_at_ms(), quiet.empty_at_ms())


@given(timelines())
def test_segments_tile_time_below_the_ceiling(facts: list[tuple[int, str, Any]]) -> None:
    p = Prescription(0)
    tell(p, guarded(facts))
    segments = p.segments_until(4 * DAY)
    assert segments[0][0] == 0
    assert segments[-1][1] == 4 * DAY
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(segments))
    assert all(0 <= rate <= 24_000_000 for _, _, rate in segments)


@given(timelines())
def test_ideal_stream_stays_within_its_quantum(facts: list[tuple[int, str, Any]]) -> None:
    p = Prescription(0)
    tell(p, guarded(facts))
    end_ms = facts[-1][0] * MINUTE + DAY // 4
    r = max_abs_error(p, ideal_packets(p, end_ms), NL_PER_REV, STEPS_PER_REV, end_ms)
    peak = max(rate for _, _, rate in p.segments_until(end_ms))
    assert r.min_nl >= 0
    assert r.max_abs_nl <= quantum_nl(peak, NL_PER_REV, STEPS_PER_REV)
    assert r.worst_ratio <= 1


@given(timelines())
def test_predicted_levels_are_the_first_milliseconds(facts: list[tuple[int, str, Any]]) -> None:
    p = Prescription(0)
    tell(p, guarded(facts))
    filled_ms = max(minute for i, (minute, kind, _) in enumerate(facts) if kind == "refill" or i == 0) * MINUTE
    for at_ms, level_nl in ((p.low_at_ms(), 3_000_000), (p.empty_at_ms(), 500_000)):
        if at_ms is None or at_ms > 400 * DAY:
            continue
        content_nl = p.content_nl(at_ms)
        assert content_nl is not None
        assert content_nl <= level_nl
        assert at_ms >= filled_ms
        if at_ms > filled_ms:
            before_nl = p.content_nl(at_ms - 1)
            assert before_nl is not None
            assert before_nl > level_nl
