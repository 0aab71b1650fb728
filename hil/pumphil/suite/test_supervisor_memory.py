"""What happens when the firmware itself goes wrong: its memory changes, a task fails, the watchdog is not fed.

Nothing outside a processor can do that to it. These tests run the same firmware as objects of this process, on a rig
`sim` of their own, whatever rig was chosen; on a chip a debug probe does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pumphil.hil_record import HilRecord
from pumphil.rigs.lockstep import LockstepRig
from pumphil.rigs.sim import SimRig
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.looks import refusal
from pumphil.treatment import Treatment
from pumplink import codes


@pytest.fixture
def inside(rig: LockstepRig) -> Iterator[Treatment]:
    """A treatment whose firmware can be reached into: `treatment.rig.board.pump`."""
    with SimRig(rig.seed, rig.options) as own:
        treatment = Treatment(own)
        faults.running(treatment)
        yield treatment


def _pump(treatment: Treatment) -> Any:
    rig = treatment.rig
    assert isinstance(rig, SimRig)
    return rig.board.pump


def _mode(pump: Any) -> None:
    pump.mode = codes.MINIMUM_RATE


def _rate(pump: Any) -> None:
    pump.basal ^= 1 << 20


def _ceiling(pump: Any) -> None:
    pump.config.rate_max = 1 << 30


def _window(pump: Any) -> None:
    pump.settings.rolling_nl ^= 1 << 20


def _lockout(pump: Any) -> None:
    pump.history._at[0] -= 600_000


def _minimum(pump: Any) -> None:
    pump.numbers[5] += 1 << 10


CELLS: dict[str, Callable[[Any], None]] = {
    "mode": _mode, "rate": _rate, "ceiling": _ceiling, "24 h limit": _window, "lockout": _lockout,
    "minimum rate": _minimum,
}  # fmt: skip


@pytest.mark.requirement("PWR-11", "FLOW-11", "ALM-02")
@pytest.mark.parametrize("cell", CELLS)
def test_supervisor_memory_changes(inside: Treatment, record: HilRecord, cell: str) -> None:
    """Condition: running, a bolus was given. Action: one number in memory changes. Then a stop, no packet."""
    assert inside.bolus().granted
    inside.run_for(seconds=605)
    rig, programmer, hand = inside.rig, inside.programmer, ByHand(inside.programmer)
    packets = len(rig.packets)
    CELLS[cell](_pump(inside))
    inside.run_for(seconds=60)
    alarm = faults.shown(programmer, codes.ALARM_INTERNAL)
    got: Answers = {
        "packets after it": len(rig.packets) - packets, "alarm": alarm and alarm.priority, "light": rig.light,
        "enable": rig.plant.enabled, "mode": programmer.status().mode_name, "rate": programmer.status().rate_nl_per_day,
        "bolus": (refusal(programmer.bolus) or ("",))[0],
        "journal": faults.alarm_records(programmer, codes.ALARM_INTERNAL),
        "acknowledge": hand.answer(lambda: programmer.acknowledge(codes.ALARM_INTERNAL)),
    }  # fmt: skip
    judge_answers(record, f"{cell} changes", got, {
        "packets after it": 0, "alarm": 3, "light": 3, "enable": False, "mode": "fault", "rate": 0, "bolus": "STOPPED",
        "journal": ["alarm", "alarm-clear"], "acknowledge": OK,
    })  # fmt: skip


TASKS = {
    "control": ("_advance", MemoryError("memory allocation failed")),
    "supervisor": ("supervisor", ValueError("a task")), "link": ("link", KeyError("a task")),
    "planning": ("_next_wake", ZeroDivisionError("a task")),
}  # fmt: skip


@pytest.mark.requirement("PWR-15", "PWR-03", "FLOW-09")
@pytest.mark.parametrize("task", TASKS)
def test_supervisor_task_fails(inside: Treatment, record: HilRecord, task: str) -> None:
    """Condition: running. Action: a task raises, once. Then no motor, an alarm, no feed by that wake."""
    rig, programmer, pump = inside.rig, inside.programmer, _pump(inside)
    name, error = TASKS[task]
    assert isinstance(rig, SimRig)
    feeds: list[int] = []
    whole = getattr(pump, name)

    def fail(*_: object) -> None:
        setattr(pump, name, whole)
        feeds.append(rig.board._watchdog.feeds)
        raise error

    class Failing:
        """Stands for a part of the pump until it is used."""

        def __getattr__(self, what: str) -> Any:
            if what in ("poll", "serve"):
                return fail
            return getattr(whole, what)

    setattr(pump, name, fail if callable(whole) else Failing())
    wakes = rig.wakes
    while not feeds:
        inside.run_for(seconds=0.1)
        assert rig.wakes < wakes + 1_000
    fed = rig.board._watchdog.feeds
    made = rig.plant.steps_done(rig.now_us)
    enabled = rig.plant.enabled
    inside.run_for(hours=1)
    alarm = faults.shown(programmer, codes.ALARM_INTERNAL)
    got: Answers = {
        "fed by that wake": fed - feeds[0], "enable": enabled, "steps": rig.plant.steps_done(rig.now_us) - made,
        "alarm": alarm and alarm.priority, "mode": programmer.status().mode_name,
        "journal": faults.alarm_records(programmer, codes.ALARM_INTERNAL),
    }  # fmt: skip
    judge_answers(record, f"{task} fails", got, {
        "fed by that wake": 0, "enable": False, "steps": 0, "alarm": 3, "mode": "fault",
        "journal": ["alarm", "alarm-clear"],
    })  # fmt: skip


@pytest.mark.requirement("PWR-03")
def test_supervisor_watchdog_is_fed_once_a_wake(inside: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: none, for an hour. Then one feed for each wake, behind everything else."""
    rig = inside.rig
    assert isinstance(rig, SimRig)
    wakes, feeds = rig.wakes, rig.board._watchdog.feeds
    inside.run_for(hours=1)
    missed = (rig.wakes - wakes - (rig.board._watchdog.feeds - feeds)) % 256
    record.expect("wakes less feeds", "1", error=missed, limit=0)
