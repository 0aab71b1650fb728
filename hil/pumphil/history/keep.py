"""Runs of every kind as the history keeps them, and the writing of them.

keeper = Keeper(path)                                       # refuses an unusable history before anything runs
keeper.keep(*of_simulation(result, started_at))             # the number of the run
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumphil.history.compare import Comparison, compare
from pumphil.history.run import Kept, Raw, Run, Tested, Value
from pumphil.history.store import History

if TYPE_CHECKING:
    from pumphil.campaign.plan import Plan
    from pumphil.records import RunRecord
    from pumphil.rigs.lockstep import RigOptions

Belongings = tuple[Run, Sequence[Value], Sequence[Tested], Sequence[Raw]]
DAY_S, HOUR_S = 86_400, 3_600
_SIMULATED = ("scheduled_nl", "withheld_nl", "commanded_nl", "delivered_nl", "balance_nl", "remaining_nl")


class Keeper:
    """The history at `path`, looked at now and opened again for each run: nothing is held while a run takes hours."""

    def __init__(self, path: Path) -> None:
        """HistoryError: a run could not be kept there."""
        self.path = path
        History.open(path).close()

    def keep(self, run: Run, values: Sequence[Value], tests: Sequence[Tested] = (), raw: Sequence[Raw] = ()) -> int:
        """The number that the run has got. HistoryError: it is not in the history."""
        with History.open(self.path) as history:
            return history.keep(run, values, tests, raw)

    def against(
        self, run: Run, values: Sequence[Value], tests: Sequence[Tested] = (), raw: Sequence[Raw] = ()
    ) -> Comparison | None:
        """A run that is not kept yet against the one accepted last; None where none was accepted. HistoryError."""
        with History.open(self.path) as history:
            accepted = history.accepted(run)
        new = Kept(number=0, run=run, values=tuple(values), tests=tuple(tests), raw=tuple(raw))
        return compare(accepted, new) if accepted else None


def now() -> str:
    """The time of day as runs are stamped."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def installed_version() -> str:
    """Of pumpbench; empty where it runs from its folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pumpbench")
    except PackageNotFoundError:
        return ""


def calibration_words(options: RigOptions) -> str:
    """What is known of the volume of a turn on a rig: a calibration with its date, or the design value."""
    told = getattr(options, "calibration", None)
    if told is None:
        return f"design value, {options.plant.nl_per_rev} nL/turn"
    percent = 100 * told.relative_expanded_uncertainty
    return f"{told.nl_per_rev:.0f} nL/turn ± {percent:.2f} % (k = 2), tube {told.tube}, {told.date.date().isoformat()}"


def duration_words(seconds: float) -> str:
    """7 d, 36 h, 90 s."""
    for unit_s, unit in ((DAY_S, "d"), (HOUR_S, "h"), (60, "min")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds / unit_s:g} {unit}"
    return f"{seconds:g} s"


def of_record(record: RunRecord, note: str = "") -> Belongings:
    """A run of the suite, with its whole report as raw data."""
    run = Run(
        kind="hil", subject="suite", verdict=record.verdict, started_at=record.started_at, wall_s=record.wall_s,
        rig=record.rig, interpreter=record.interpreter, firmware_digest=record.firmware_digest, seed=str(record.seed),
        calibration=record.calibration, profile=record.profile, note=note, pumpbench_version=record.pumpbench_version,
    )  # fmt: skip
    values = [
        Value(
            test=one.test, name=one.name, unit=one.unit, value=one.value, oracle=one.oracle, pump=one.pump,
            instrument=one.instrument, uncertainty=one.uncertainty, tolerance=one.limit, outcome=one.outcome,
            marginal=one.marginal,
        )
        for one in sorted(record.measurements, key=lambda one: one.test)
    ]  # fmt: skip
    tests = [Tested(one.test, one.outcome, one.reason) for one in record.tests]
    return run, values, tests, [Raw.of("report.json", record.to_json().encode())]


def of_simulation(
    data: Mapping[str, Any], raw: Mapping[str, bytes], name: str, started_at: str, note: str = ""
) -> Belongings:
    """A simulated treatment: `data` as SimulationResult.to_dict() has it, `raw` as its raw()."""
    run = Run(
        kind="simulate", subject=f"{name}, {duration_words(data['simulated_s'])}", verdict=data["verdict"],
        started_at=started_at, wall_s=data["wall_s"], rig=data["rig"], interpreter=data["interpreter"],
        firmware_digest=data["firmware_digest"], calibration=data.get("calibration", ""), seed=str(data["seed"]),
        note=note, pumpbench_version=installed_version(),
    )  # fmt: skip
    values = [
        Value(
            name=check["name"], unit=check["unit"], value=check["error"], uncertainty=check["uncertainty"],
            tolerance=check["limit"], outcome=check["outcome"], marginal=check["marginal"],
        )
        for check in data["checks"]
    ]  # fmt: skip
    values += [_noted(key.removesuffix("_nl"), "nL", data[key]) for key in _SIMULATED if key in data]
    return run, values, (), [Raw.of(file, content) for file, content in raw.items()]


def of_analysis(data: Mapping[str, Any], logs: Sequence[Path], started_at: str, wall_s: float) -> Belongings:
    """An analysed balance log, `data` as metrology.record has it, with the logs that it was made from."""
    overall, verdict = data["overall"], data["verdict"]
    rate_ml_per_day = 24 * data["parameters"]["rate_ml_per_h"]
    run = Run(
        kind="trumpet", subject=data["log"]["name"], verdict=verdict["outcome"], started_at=started_at, wall_s=wall_s,
        calibration=data["parameters"]["density"], note=f"{rate_ml_per_day:g} mL/day",
        pumpbench_version=installed_version(),
    )  # fmt: skip
    values = [
        Value(
            name="overall error", unit="%", value=overall["error_percent"], outcome=verdict["outcome"],
            uncertainty=overall["expanded_uncertainty_percent"], tolerance=data["parameters"]["tolerance_percent"],
        ),
        _noted("volume", "uL", overall["volume_ul"]),
        _noted("start-up time", "min", data["start_up"]["minutes"]),
        _noted("longest gap", "min", data["continuity"]["longest_gap_min"]),
    ]  # fmt: skip
    for window in data["trumpet"]:
        for side in ("upper", "lower"):
            values.append(
                Value(
                    name=f"trumpet, {side}, {window['window_min']:g} min",
                    unit="%",
                    value=window[f"{side}_percent"],
                    uncertainty=window["noise_floor_percent"],
                )
            )
    return run, values, (), _logs_and_result(logs, data)


def of_boluses(data: Mapping[str, Any], logs: Sequence[Path], started_at: str, wall_s: float) -> Belongings:
    """Weighed boluses, `data` as BolusAnalysis.to_dict() has it, with the logs that it was made from."""
    chosen, verdict = data["parameters"], data["verdict"]
    run = Run(
        kind="boluses", subject=data["log"]["name"], verdict=verdict["outcome"], started_at=started_at, wall_s=wall_s,
        calibration=chosen["density"], note=f"{data['count']} of {chosen['nominal_ul']:g} uL",
        pumpbench_version=installed_version(),
    )  # fmt: skip
    low, high = data["tolerance_interval_percent"]
    values = [
        Value(
            name="mean error", unit="%", value=data["mean_percent"], outcome=verdict["outcome"],
            uncertainty=data["expanded_uncertainty_of_mean_percent"], tolerance=chosen["tolerance_percent"],
        ),
        _noted("standard deviation", "%", data["standard_deviation_percent"]),
        _noted("90/90 interval, lower", "%", low),
        _noted("90/90 interval, upper", "%", high),
    ]  # fmt: skip
    return run, values, (), _logs_and_result(logs, data)


def of_campaign(data: Mapping[str, Any], plan: Plan, results: Path, started_at: str, wall_s: float) -> Belongings:
    """A campaign: `data` as Summary.to_dict() has it. The results stay where they are."""
    run = Run(
        kind="campaign", subject=f"{plan.name}, {duration_words(plan.duration_s)}", verdict=data["verdict"],
        started_at=started_at, wall_s=wall_s, rig=plan.rig, firmware_digest=plan.firmware, seed=str(plan.seed),
        note=f"{plan.pumps} pumps", pumpbench_version=plan.version,
    )  # fmt: skip
    from pumphil.campaign.summary import UNITS

    values = []
    for name, found in data["scenarios"].items():
        values += [
            Value(test=name, name=f"pumps {word}", unit="1", value=count) for word, count in found["verdicts"].items()
        ]
        for metric, unit in UNITS.items():
            one = found[metric]
            for key in ("mean", "standard_deviation", "lowest", "highest") if one["count"] else ():
                words = f"{metric}, {key}".replace("_", " ")
                values.append(Value(test=name, name=words, unit=unit, value=one[key]))
    raw = [Raw.of("campaign.toml", plan.text.encode()), Raw.of("summary.json", json.dumps(data).encode())]
    return run, values, (), [*raw, Raw.at(results)]


def _logs_and_result(logs: Sequence[Path], data: Mapping[str, Any]) -> list[Raw]:
    kept = [Raw.of(f"{number} {path.name}", path.read_bytes()) for number, path in enumerate(logs, 1)]
    return [*kept, Raw.of("result.json", json.dumps(data).encode())]


def _noted(name: str, unit: str, value: float | None) -> Value:
    return Value(name=name, unit=unit, value=value)
