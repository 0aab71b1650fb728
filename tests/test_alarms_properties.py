"""Random causes, events, acknowledgements, silences, times and resets against a model of dictionaries.

The model keeps what is shown with its onset, in order, and knows nothing of bits. Sound is judged by what was heard
and when, against the limits of ALM-02, ALM-04 and ALM-05, not by a second schedule.
"""

from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from pumpfw.core.alarms import Alarms
from pumplink import codes

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
QUIET_EVENTS = {codes.ALARM_DENIED, codes.ALARM_WINDOW}
PRIORITY = {code: row[1] for code, row in codes.ALARMS.items()}
ACTION = {code: row[2] for code, row in codes.ALARMS.items()}
LATCHING = {code for code, row in codes.ALARMS.items() if row[3]}

# few codes, one of each kind, so that they meet; and any now and then
SOME = st.sampled_from(
    [
        codes.ALARM_LOW_RESERVOIR, codes.ALARM_BUTTON, codes.ALARM_BOLUS_CUT, codes.ALARM_CLOCK, codes.ALARM_COVER,
        codes.ALARM_STALL, codes.ALARM_LEVEL,
    ]
)  # fmt: skip
CODE = st.one_of(SOME, SOME, SOME, st.sampled_from(sorted(codes.ALARMS)))
STEP = st.one_of(
    st.tuples(st.just("update"), CODE, st.booleans()),
    st.tuples(st.just("update"), CODE, st.booleans()),
    st.tuples(st.just("event"), st.one_of(CODE, st.sampled_from(sorted(QUIET_EVENTS)))),
    st.tuples(st.just("acknowledge"), CODE),
    st.tuples(st.just("silence"), st.integers(0, 200_000)),
    st.tuples(st.just("wait"), st.one_of(st.integers(0, 130_000), st.integers(0, 2 * HOUR_MS))),
    st.tuples(st.just("reset"), st.sets(CODE)),
)


@dataclass
class Model:
    """What the requirements say must be shown and logged."""

    causes: set[int] = field(default_factory=set)
    shown: dict[int, int] = field(default_factory=dict)  # code -> since, in order of onset
    log: list[tuple[int, int, int]] = field(default_factory=list)

    def update(self, code: int, cause: bool, now_ms: int) -> bool:
        if cause and code not in self.causes:
            self.causes.add(code)
            self.shown.setdefault(code, now_ms)
            self.log.append((now_ms, codes.REC_ALARM, code))
            return True
        if not cause and code in self.causes:
            self.causes.remove(code)
            self.log.append((now_ms, codes.REC_ALARM_CLEAR, code))
            if code not in LATCHING:
                del self.shown[code]
        return False

    def event(self, code: int, now_ms: int) -> bool:
        """Whether something listed was raised."""
        if code in LATCHING:
            raised = self.update(code, True, now_ms)
            if raised:
                self.update(code, False, now_ms)
            return raised
        if code not in self.shown and code not in QUIET_EVENTS:
            self.log += [(now_ms, codes.REC_ALARM, code), (now_ms, codes.REC_ALARM_CLEAR, code)]
        return False

    def acknowledge(self, code: int, now_ms: int) -> bool:
        if code in self.causes or code not in self.shown:
            return False
        del self.shown[code]
        self.log.append((now_ms, codes.REC_ACK, code))
        return True

    def priority(self) -> int:
        return max((PRIORITY[code] for code in self.shown), default=0)


class Ward:
    """Alarms, model, and a bystander who sees and hears; time goes from one asked-for wake to the next."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.model = Model()
        self.lit = 0
        self.heard: list[tuple[int, int]] = []  # (ms, pattern)
        self.log: list[tuple[int, int, int]] = []
        self.silent_from = -1
        self.last_ms = -1  # of the last burst for what is listed
        self.alarms = Alarms(self, self)

    # -- ports
    def light(self, pattern: int) -> None:
        assert pattern != self.lit, "on change only"
        self.lit = pattern

    def sound(self, pattern: int) -> None:
        self.heard.append((self.now_ms, pattern))
        if pattern:
            self.last_ms = self.now_ms
            assert not self.alarms.silenced(self.now_ms), "ALM-05: a burst in a silence"

    def add(self, now_ms: int, kind: int, a: int = 0, b: int = 0) -> bool:
        assert now_ms == self.now_ms
        self.log.append((now_ms, kind, a))
        return True

    # -- what happens
    def bursts_now(self) -> list[int]:
        return [pattern for ms, pattern in self.heard if ms == self.now_ms and pattern]

    def update(self, code: int, cause: bool) -> None:
        before, silent = self.model.priority(), self.alarms.silenced(self.now_ms)
        self.heard.clear()
        raised = self.model.update(code, cause, self.now_ms)
        assert self.alarms.update(code, cause, self.now_ms) == raised
        self.judge_raise(raised, code, before, silent)

    def event(self, code: int) -> None:
        before, silent = self.model.priority(), self.alarms.silenced(self.now_ms)
        self.heard.clear()
        last_ms = self.last_ms
        raised = self.model.event(code, self.now_ms)
        self.alarms.event(code, self.now_ms)
        self.judge_raise(raised, code, before, silent)
        if code not in LATCHING:
            wanted = [] if silent or PRIORITY[code] < before else [1]
            assert self.bursts_now() == wanted
            self.last_ms = last_ms
            assert self.alarms.silenced(self.now_ms) == silent, "an event that is not listed ends no silence"

    def judge_raise(self, raised: bool, code: int, before: int, silent: bool) -> None:
        if raised:
            assert not self.alarms.silenced(self.now_ms), "a new alarm ends the silence"
            if silent or PRIORITY[code] >= min(before, codes.MEDIUM):
                top = max(before, PRIORITY[code])
                assert self.bursts_now() == [2 if top == codes.HIGH else 1], "ALM-02: by sound, at once"
            else:
                assert self.bursts_now() == []

    def acknowledge(self, code: int) -> None:
        self.heard.clear()
        before = self.model.priority()
        done = self.model.acknowledge(code, self.now_ms)
        assert self.alarms.acknowledge(code, self.now_ms) == done
        if 0 < self.model.priority() < before and not self.alarms.silenced(self.now_ms):
            assert self.bursts_now() == [2 if self.model.priority() == codes.HIGH else 1], "the lower one sounds again"

    def silence(self, ms: int) -> None:
        silent = self.alarms.silenced(self.now_ms)
        if not silent:
            self.silent_from = self.now_ms
        self.alarms.silence(ms, self.now_ms)
        *_, (now_ms, kind, a) = self.log
        assert (now_ms, kind) == (self.now_ms, codes.REC_SILENCE), "LOG-01"
        assert a <= ms
        assert self.now_ms + a <= self.silent_from + 2 * MINUTE_MS, "ALM-05"
        assert self.alarms.silenced(self.now_ms) == (a > 0)
        assert silent or a == min(ms, 2 * MINUTE_MS)
        self.model.log.append((now_ms, kind, a))

    def wait(self, ms: int) -> None:
        end_ms = self.now_ms + ms
        silent = self.alarms.silenced(self.now_ms)
        while True:
            self.heard.clear()
            wait_ms = self.alarms.poll(self.now_ms)
            assert wait_ms > 0
            top = self.model.priority()
            if silent and not self.alarms.silenced(self.now_ms):
                silent = False
                assert bool(self.bursts_now()) == (top > 0), "ALM-05: it returns by itself, at once"
            for _, pattern in self.heard:
                assert pattern == (2 if top == codes.HIGH else 1), "ALM-03: the highest is signalled"
                assert top, "ALM-07: nothing sounds for nothing"
            if top and not silent:
                limit_ms = 10 * MINUTE_MS if top == codes.HIGH else HOUR_MS
                assert self.now_ms - self.last_ms <= limit_ms, "ALM-04"
                assert wait_ms <= limit_ms
            assert not top or not silent or wait_ms <= 2 * MINUTE_MS
            if self.now_ms >= end_ms:
                return
            self.now_ms = min(end_ms, self.now_ms + wait_ms)

    def reset(self, still: set[int]) -> None:
        """Power goes and comes; of the causes those in `still` are there afterwards."""
        data = bytearray(Alarms.SIZE)
        assert self.alarms.save(data, 0) == Alarms.SIZE
        self.alarms = Alarms(self, self)
        self.lit = -1  # whatever the power-on test left
        self.alarms.load(data, 0)
        self.model.causes.clear()
        for code in sorted(still):
            self.heard.clear()
            assert self.alarms.update(code, True, self.now_ms) == self.model.update(code, True, self.now_ms)
        for code in reversed(list(self.model.shown)):
            if code not in LATCHING and code not in still:
                del self.model.shown[code]
                self.model.log.append((self.now_ms, codes.REC_ALARM_CLEAR, code))
        self.lit = -1  # said once more
        self.alarms.settle(self.now_ms)
        assert not self.alarms.silenced(self.now_ms)

    # -- what is seen
    def compare(self) -> None:
        alarms, model = self.alarms, self.model
        rows = b"".join(
            bytes([code, PRIORITY[code], 1 if code in model.causes else 2]) + since.to_bytes(8, "little")
            for code, since in model.shown.items()
        )
        assert alarms.packed(0) == (len(model.shown), rows[: 18 * 11])
        assert alarms.packed(2) == (len(model.shown), rows[22 : 20 * 11])
        assert alarms.bits() == sum(1 << code for code in model.shown)
        for code in codes.ALARMS:
            assert alarms.shows(code) == (code in model.shown)
        for priority in range(4):
            for action in (codes.ACT_CONTINUE, codes.ACT_STOP):
                fitting = [c for c in model.shown if PRIORITY[c] >= priority and ACTION[c] >= action]
                assert alarms.first_of(priority, action) == (fitting[0] if fitting else -1)
        assert self.lit == alarms.priority == model.priority(), "ALM-03, and silence does not hide it"
        assert self.log == model.log, "LOG-01"


@given(start_ms=st.sampled_from([0, 1 << 30, 40 * 365 * 86_400_000]), steps=st.lists(STEP, max_size=30))
@example(start_ms=0, steps=[("update", code, True) for code in codes.ALARMS])
@example(
    start_ms=0,
    steps=[("update", 0, True), ("update", 3, True), ("silence", 120_000), ("update", 3, False), ("acknowledge", 3)],
)
@example(start_ms=0, steps=[("update", 3, True), ("silence", 120_000), ("wait", 9), ("update", 0, True)])
def test_any_sequence(start_ms, steps):
    """ALM-02 to ALM-08, LOG-01: shown, order, light, sound, silence and records after every step."""
    ward = Ward(start_ms)
    for what, *values in steps:
        getattr(ward, what)(*values)
        ward.compare()
    ward.wait(HOUR_MS + 1)
    ward.compare()


@given(steps=st.lists(STEP.filter(lambda step: step[0] != "reset"), max_size=30))
def test_a_replay_of_the_records_gives_what_is_shown(steps):
    """LOG-05: the latched alarms from the journal alone, in order of onset."""
    ward = Ward(0)
    for what, *values in steps:
        getattr(ward, what)(*values)
    shown: list[int] = []
    for _, kind, a in ward.log:
        if kind == codes.REC_ALARM and a not in shown:
            shown.append(a)
        elif kind == codes.REC_ACK or (kind == codes.REC_ALARM_CLEAR and a not in LATCHING):
            shown.remove(a)
    _, rows = ward.alarms.packed(0)
    assert list(rows[::11]) == shown[:18]


@given(silences=st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 60_000)), max_size=30))
def test_no_row_of_silences_lasts(silences):
    """ALM-05: never more than 2 min of silence in one piece, whatever is asked for."""
    ward = Ward(0)
    ward.update(codes.ALARM_STALL, True)
    quiet_from = None
    for ms, pause_ms in silences:
        ward.silence(ms)
        for _ in range(pause_ms // 1_000 + 1):
            if ward.alarms.silenced(ward.now_ms):
                quiet_from = ward.now_ms if quiet_from is None else quiet_from
                assert ward.now_ms - quiet_from < 2 * MINUTE_MS
            else:
                quiet_from = None
            ward.heard.clear()
            ward.alarms.poll(ward.now_ms)
            ward.now_ms += 1_000
