"""What a campaign is: pumps, scenarios, distributions; and what each run of it is, from its number alone.

    plan.job(834)                   # pump 417 through scenario 0 of two

Runs are numbered pump by pump. The digest of a plan covers all that a result depends on.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pumphil.campaign.distributions import CampaignError, Distribution, Fixed
from pumphil.plant import PlantError, PlantParameters
from pumphil.scenario import Event
from pumphost.errors import TherapyError
from pumphost.therapy import Therapy

FORMAT = 1  # of rows and files: another one makes another digest


class PlanError(TherapyError):
    """A campaign file is refused; `problems` lists everything found, in the order of the file."""

    noun = "campaign"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What all pumps go through: a therapy, and what happens meanwhile."""

    name: str
    therapy: Therapy
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One run, complete for another process or machine. `firmware`: digest that it has to have there."""

    run: int
    pump: int
    seed: int
    rig: str
    duration_s: float
    plant: Mapping[str, Any]
    scenario: Scenario
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A campaign. `pumps` go through each scenario for `duration_s`; `plant` says how parameters vary among them."""

    name: str
    pumps: int
    duration_s: float
    seed: int
    rig: str
    scenarios: tuple[Scenario, ...]
    plant: Mapping[str, Distribution]
    firmware: str
    version: str
    text: str = ""  # of the file

    @property
    def runs(self) -> int:
        """How many there are."""
        return self.pumps * len(self.scenarios)

    @property
    def drawn(self) -> list[str]:
        """Parameters that differ from pump to pump, in the order of the file."""
        return [name for name, how in self.plant.items() if not isinstance(how, Fixed)]

    def pump(self, number: int) -> dict[str, Any]:
        """Parameters of a pump, drawn and fixed."""
        return {
            name: how.draw(random.Random(f"{self.seed}:{number}:{name}")) for name, how in self.plant.items()
        }  # fmt: skip

    def job(self, run: int) -> Job:
        """Run number 0 to runs - 1."""
        pump, scenario = divmod(run, len(self.scenarios))
        digest = hashlib.sha256(f"{self.seed}:{pump}".encode()).digest()
        return Job(
            run, pump, int.from_bytes(digest[:6], "big"), self.rig, self.duration_s, self.pump(pump),
            self.scenarios[scenario], self.firmware,
        )  # fmt: skip

    def run_of(self, pump: int, scenario: str) -> int:
        """Number of the run of a pump through a scenario, "" if there is only one. CampaignError."""
        names = [one.name for one in self.scenarios]
        if not 0 <= pump < self.pumps:
            raise CampaignError(f"no pump {pump}: this campaign has pumps 0 to {self.pumps - 1}")
        if not scenario and len(names) > 1:
            raise CampaignError(f"pump {pump} goes through several scenarios; give --scenario {' or '.join(names)}")
        if scenario and scenario not in names:
            raise CampaignError(f"no scenario {scenario!r}: this campaign has {', '.join(names)}")
        return pump * len(names) + (names.index(scenario) if scenario else 0)

    def digest(self) -> str:
        """The same for plans whose runs have the same results."""
        facts = {
            "format": FORMAT, "pumps": self.pumps, "duration_s": self.duration_s, "seed": self.seed, "rig": self.rig,
            "firmware": self.firmware, "version": self.version, "defaults": _plain(PlantParameters()),
            "plant": [(name, type(how).__name__, _plain(how)) for name, how in self.plant.items()],
            "scenarios": [
                [one.name, one.therapy.to_dict(), [_plain(event) for event in one.events]] for one in self.scenarios
            ],
        }  # fmt: skip
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()

    def check_pumps(self) -> None:
        """CampaignError for the first pump that cannot be, before anything runs."""
        for number in range(self.pumps) if self.drawn else (0,):
            try:
                PlantParameters(**self.pump(number))
            except PlantError as error:
                raise CampaignError(f"pump {number} cannot be: {error}") from None


def _plain(one: Any) -> Any:
    return asdict(one) if fields(one) else {}
