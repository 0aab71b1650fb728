"""One run of a campaign: a pump through a scenario, and its results as a row.

    row = run_job(plan.job(834))

Called in worker processes and on clusters: everything comes in with the job, everything goes out with the row, and the
row depends on the job alone. Nothing in it is a time of day or a speed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pumphil.campaign.distributions import CampaignError
from pumphil.campaign.plan import Job, Plan
from pumphil.rigs import RigBroken, RigMissing
from pumphil.rigs.find import firmware_digest
from pumphil.simulate import SimulationResult, treat

Row = dict[str, Any]
TRIES = 3  # a rig that broke for a reason outside, such as a killed child, does not break three times
BROKEN = "broken"
_BALANCE = "balance against pump"
_ORACLE = "pump against oracle, in quanta of the rate in force"
# column -> (kind, meaning); those of the parameters stand before them
RESULTS: Mapping[str, tuple[str, str]] = {
    "verdict": ("text", "accept, inconclusive, reject; broken: the run did not come to its end"),
    "reason": ("text", "checks that are not accept; why a run broke"),
    "true_error_percent": ("number", "volume at the outlet against the therapy, less what was rightly withheld"),
    "balance_error_percent": ("number", "balance against the pump's own account"),
    "balance_share_of_limit": ("number", "(|error| + U) / limit of the same; above 1 it is not accept"),
    "oracle_error_quanta": ("number", "largest error of the pump at any instant, in quanta of the rate in force"),
    "scheduled_nl": ("number", "ordered by the therapy"),
    "withheld_nl": ("number", "of it not due: reservoir empty, stopped by an alarm"),
    "commanded_nl": ("number", "steps at the motor, by the design volume of a turn"),
    "delivered_nl": ("number", "at the outlet, true"),
    "boluses_granted": ("whole", ""),
    "boluses_denied": ("whole", ""),
    "alarms": ("text", "names in the order in which they came"),
    "disagreements": ("whole", "answers of pump and oracle that differ"),
    "wakes": ("whole", "of the firmware"),
}


def columns(plan: Plan) -> dict[str, str]:
    """name -> kind (text, number, whole, flag) of all columns of a campaign, in their order."""
    first = plan.pump(0)
    kinds = {name: _kind(first[name]) for name in plan.drawn}
    head = {"run": "whole", "pump": "whole", "scenario": "text", "seed": "whole"}
    return head | kinds | {name: kind for name, (kind, _) in RESULTS.items()}


def run_job(job: Job) -> Row:
    """The row of a run. CampaignError: this place is not fit for the campaign; nothing was run."""
    if _digest() != job.firmware:
        raise CampaignError(
            f"a worker has firmware {_digest()[:12]} and the campaign was begun with {job.firmware[:12]}: install the "
            "same pumpbench everywhere"
        )
    head: Row = {"run": job.run, "pump": job.pump, "scenario": job.scenario.name, "seed": job.seed, **job.plant}
    try:
        return head | results_of(_treated(job).to_dict())
    except RigMissing as error:
        raise CampaignError(f"a worker cannot run rig {job.rig}: {error}") from None
    except Exception as error:  # noqa: BLE001 - one pump of thousands; what went wrong is its result
        return head | dict.fromkeys(RESULTS) | {"verdict": BROKEN, "reason": f"{type(error).__name__}: {error}"}


def treated(job: Job, rig: str, **options: Any) -> SimulationResult:
    """The run itself, on the rig of the campaign or another one."""
    plant = dict(job.plant)
    name = f"pump {job.pump}, {job.scenario.name}"
    return treat(
        job.scenario.therapy, job.duration_s, job.scenario.events, rig=rig, seed=job.seed, plant=plant, name=name,
        **options,
    )  # fmt: skip


def _treated(job: Job) -> SimulationResult:
    for _ in range(TRIES - 1):
        try:
            return treated(job, job.rig, curves=False)
        except RigMissing:
            raise
        except RigBroken:
            continue
    return treated(job, job.rig, curves=False)


def results_of(data: Mapping[str, Any]) -> Row:
    """The columns of RESULTS, of a simulation as SimulationResult.to_dict() has it."""
    checks = {check["name"]: check for check in data["checks"]}
    balance = checks[_BALANCE]
    due_nl = data["scheduled_nl"] - data["withheld_nl"]
    reasons = [f"{check['name']}: {check['outcome']}" for check in data["checks"] if check["outcome"] != "accept"]
    granted = sum(bolus["granted"] for bolus in data["boluses"])
    return {
        "verdict": data["verdict"],
        "reason": "; ".join(reasons),
        "true_error_percent": _percent(data["delivered_nl"] - due_nl, due_nl),
        "balance_error_percent": _percent(balance["error"], data["commanded_nl"]),
        "balance_share_of_limit": round((abs(balance["error"]) + balance["uncertainty"]) / balance["limit"], 6),
        "oracle_error_quanta": checks[_ORACLE]["error"],
        "scheduled_nl": data["scheduled_nl"],
        "withheld_nl": data["withheld_nl"],
        "commanded_nl": data["commanded_nl"],
        "delivered_nl": data["delivered_nl"],
        "boluses_granted": granted,
        "boluses_denied": len(data["boluses"]) - granted,
        "alarms": ", ".join(_alarms(data["alarms"])),
        "disagreements": len(data["disagreements"]),
        "wakes": data["wakes"],
    }


def _alarms(alarms: list[Mapping[str, Any]]) -> Iterator[str]:
    return iter(dict.fromkeys(alarm["name"] for alarm in alarms))


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 6) if whole else None


def _kind(value: object) -> str:
    return {bool: "flag", int: "whole", float: "number"}.get(type(value), "text")


@functools.cache
def _digest() -> str:
    return firmware_digest().hex()
