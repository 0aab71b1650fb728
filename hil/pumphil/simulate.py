"""Simulate a therapy file on a rig and judge what came out: the work behind `pumpbench simulate`.

    result = simulate(Path("therapy.toml"), duration_s=30 * 86_400, rig="vm", seed=1)
    result.verdict                  # "accept", "reject" or "inconclusive"

Three numbers for one volume: what the therapy orders (oracle), what the pump commanded, what the balance
saw. The verdict is on the pump; that a reservoir ran empty as it should is a note, not a fault.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pumphil.curves import budget_of, run_series
from pumphil.history.keep import calibration_words
from pumphil.metrology import decide, marginal
from pumphil.play import play
from pumphil.report.series import RunSeries
from pumphil.rigs import open_rig
from pumphil.scenario import Event, load_scenario
from pumphil.treatment import Treatment
from pumphost.therapy import Therapy, load

SAMPLES = 240  # looks at the instruments, evenly over the run
HOUR_MS = 3_600_000
# said by the therapy, its fill and its orders, not by a fault
EXPECTED_ALARMS = {"low-reservoir", "reservoir-empty", "stopped-reminder", "stopped-48-h"}
# said by a fault of the scenario
FAULT_ALARMS = {
    "motor-stall", "stall-recovered", "bolus-interrupted", "downstream-occlusion", "upstream-occlusion", "air-in-line",
    "over-temperature", "under-infusion",
}  # fmt: skip
_ENDS = {
    "reservoir-empty": "reservoir empty", "motor-stall": "motor stalled", "air-in-line": "air in the line",
    "downstream-occlusion": "outlet occluded",
}  # fmt: skip
_RANK = {"accept": 0, "inconclusive": 1, "reject": 2}


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of the verdict. Error, uncertainty and limit share `unit`."""

    name: str
    unit: str
    error: float
    uncertainty: float
    limit: float
    outcome: str
    marginal: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name, "unit": self.unit, "error": round(self.error, 3), "limit": round(self.limit, 3),
            "uncertainty": round(self.uncertainty, 3), "outcome": self.outcome, "marginal": self.marginal,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Everything `pumpbench simulate` says. Volumes nL, times s unless the name says otherwise."""

    data: dict[str, Any]
    series: RunSeries | None
    checks: tuple[Check, ...]
    inputs: dict[str, bytes] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst outcome of all checks."""
        return max((check.outcome for check in self.checks), key=_RANK.__getitem__)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of a simulation."""
        return {**self.data, "checks": [check.to_dict() for check in self.checks], "verdict": self.verdict}

    def raw(self) -> dict[str, bytes]:
        """File name -> content: the result with every number, the curves, the therapy and the scenario as read."""
        files = {"result.json": self.to_dict(), "curves.json": self._curves.thinned().to_dict()}
        return {name: json.dumps(data).encode() for name, data in files.items()} | self.inputs

    @property
    def _curves(self) -> RunSeries:
        if self.series is None:
            raise ValueError("this run was simulated without curves; simulate it again with them")
        return self.series

    def save_plot(self, path: Path) -> None:
        """Draw the run; the ending of `path` says how (.png, .svg)."""
        from pumphil.report.plots import save_plot

        save_plot(self._curves, path)


def simulate(
    therapy_path: Path,
    duration_s: float,
    rig: str = "auto",
    seed: int = 0,
    scenario_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> SimulationResult:
    """Run a therapy for `duration_s`. Raises TherapyError, RigBroken; `progress` is told simulated seconds."""
    therapy = load(therapy_path)
    events = load_scenario(scenario_path, reservoir_nl=therapy.reservoir_nl) if scenario_path else ()
    inputs = {path.name: path.read_bytes() for path in (therapy_path, scenario_path) if path is not None}
    result = treat(therapy, duration_s, events, rig=rig, seed=seed, name=therapy_path.stem, progress=progress)
    return replace(result, inputs=inputs)


def treat(
    therapy: Therapy,
    duration_s: float,
    events: tuple[Event, ...] = (),
    *,
    rig: str = "auto",
    seed: int = 0,
    plant: Mapping[str, Any] | None = None,
    name: str = "",
    curves: bool = True,
    progress: Callable[[float], None] | None = None,
) -> SimulationResult:
    """As `simulate`, from a therapy and events in hand. `plant`: parameters of this pump in place of those of the rig.

    Without `curves` the result has none, which saves a tenth of the time. PlantError: a parameter that cannot be.
    """
    started = time.perf_counter()
    with open_rig(rig, seed=seed, plant=plant, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl) as bench:
        treatment = Treatment(bench)
        treatment.begin(therapy)
        duration_ms = round(duration_s * 1000)
        _run(treatment, events, duration_ms, progress)
        data = _data(treatment, therapy, duration_ms)
        data["wall_s"] = round(time.perf_counter() - started, 3)
        series = run_series(treatment, name) if curves else None
        return SimulationResult(data, series, tuple(_checks(treatment)))


def _run(
    treatment: Treatment, events: tuple[Event, ...], duration_ms: int, progress: Callable[[float], None] | None
) -> None:
    tell = (lambda t_us: progress(t_us / 1_000_000)) if progress else None
    looks = [(duration_ms * n // SAMPLES, 1, None) for n in range(1, SAMPLES + 1)]
    happenings = [(event.at_ms, 0, event) for event in events if event.at_ms <= duration_ms]
    due: list[tuple[int, int, Event | None]] = sorted([*looks, *happenings], key=_when)
    for t_ms, _, event in due:
        treatment.run_until(treatment.began_ms + t_ms, tell)
        if event is None:
            treatment.sample()
        else:
            play(event, treatment)


def _when(row: tuple[int, int, Event | None]) -> tuple[int, int]:
    return row[:2]


def _data(treatment: Treatment, therapy: Therapy, duration_ms: int) -> dict[str, Any]:
    bench = treatment.rig
    began_ms = treatment.began_ms
    error = treatment.pump_against_oracle()
    status = treatment.programmer.status()
    scheduled_nl = treatment.scheduled.expected_nl(began_ms + duration_ms)
    alarms = treatment.alarms()
    return {
        "rig": bench.name,
        "interpreter": bench.interpreter,
        "firmware_digest": bench.firmware_digest,
        "calibration": calibration_words(bench.options),
        "seed": bench.seed,
        "therapy": therapy.to_dict(),
        "simulated_s": duration_ms / 1000,
        "wakes": bench.wakes,
        "scheduled_nl": round(float(scheduled_nl), 3),
        "withheld_nl": round(float(scheduled_nl - error.expected_nl), 3),
        "commanded_nl": round(float(error.commanded_nl), 3),
        "status_delivered_nl": status.delivered_nl,
        "delivered_nl": round(bench.plant.delivered_nl(bench.now_us), 3),
        "balance_nl": float(_weighed(treatment).value),
        "remaining_nl": status.remaining_nl,
        "max_abs_error_nl": round(float(error.max_abs_nl), 3),
        "max_abs_error_at_s": (error.at_ms - began_ms) / 1000,
        "quantum_nl": treatment.quantum_nl(),
        "boluses": [
            {
                "t_s": (r.t_ms - began_ms) / 1000, "granted": r.granted, "reason": r.reason, "left": r.left,
                "duration_s": None if r.duration_ms is None else r.duration_ms / 1000,
            }
            for r in treatment.requests
        ],
        "alarms": [{"t_s": (t_ms - began_ms) / 1000, "name": name} for t_ms, name in alarms],
        "disagreements": treatment.disagreements,
        "notes": _notes(alarms, float(scheduled_nl - error.expected_nl)),
    }  # fmt: skip


def _notes(alarms: list[tuple[int, str]], withheld_nl: float) -> list[str]:
    ends = [(t_ms, words) for t_ms, name in alarms for alarm, words in _ENDS.items() if name == alarm]
    if not ends:
        return []
    t_ms, words = ends[0]
    day, hours = divmod(t_ms / HOUR_MS, 24)
    return [f"{words} after {day:.0f} d {hours:.1f} h: {withheld_nl / 1e6:.3f} mL of the therapy were withheld"]


def _weighed(treatment: Treatment) -> Any:
    first, last = treatment.samples[0], treatment.samples[-1]
    return treatment.rig.balance.volume_nl(first.balance, last.balance)


def _checks(treatment: Treatment) -> list[Check]:
    error = treatment.pump_against_oracle()
    quantum_nl = treatment.quantum_nl()
    commanded_nl = float(treatment.commanded_nl())
    told_nl = treatment.programmer.status().delivered_nl
    weighed = _weighed(treatment)
    budget = budget_of(treatment, commanded_nl, treatment.now_ms / HOUR_MS)
    off_nl = float(weighed.value) - commanded_nl
    expected = EXPECTED_ALARMS | FAULT_ALARMS if treatment.known_faults else EXPECTED_ALARMS
    unexpected = [name for _, name in treatment.alarms() if name not in expected]
    return [
        _check("pump against oracle, any instant", "nL", float(error.max_abs_nl), 0, quantum_nl),
        _check("pump against oracle, in quanta of the rate in force", "1", float(error.worst_ratio), 0, 1),
        _check("status against steps at the motor", "nL", told_nl - commanded_nl, 0, 1),
        _check("balance against pump", "nL", off_nl, budget.uncertainty_nl, budget.tolerance_nl),
        _check("answers of pump and oracle that differ", "1", len(treatment.disagreements), 0, 0),
        _check("alarms without a cause in the scenario", "1", len(unexpected), 0, 0),
    ]


def _check(name: str, unit: str, error: float, uncertainty: float, limit: float) -> Check:
    outcome = decide(error, uncertainty, limit)
    near = bool(limit) and outcome == "accept" and name.startswith("balance") and marginal(error, uncertainty, limit)
    return Check(name, unit, error, uncertainty, limit, outcome, near)
