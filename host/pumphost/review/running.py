"""One reading of a pump: everything that a review, a plan or a report needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumphost.replies import BolusSettings, Identity, Limits, Program, Reservoir, Status
from pumphost.therapy.model import Drug, PatientBolus, Periodic, Profile, Step
from pumplink import codes

if TYPE_CHECKING:
    from pumphost.reading import Reader


@dataclass(frozen=True, slots=True)
class Running:
    """What a pump said of itself, in one go."""

    identity: Identity
    limits: Limits
    status: Status
    program: Program
    settings: BolusSettings
    reservoir: Reservoir

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The active program as a therapy has it; () without one."""
        return tuple(
            Profile(profile.days, tuple(Step(*step) for step in profile.steps)) for profile in self.program.profiles
        )

    @property
    def drug(self) -> Drug | None:
        """Name and concentration of the last confirmed fill, None before the first."""
        report = self.reservoir
        return Drug(report.drug, report.concentration_ng_per_ml) if report.concentration_ng_per_ml else None

    @property
    def filled(self) -> bool:
        """Whether a fill is confirmed."""
        return bool(self.status.flags & codes.FLAG_FILLED)

    @property
    def patient_bolus(self) -> PatientBolus | None:
        """The settings that are in force, None if the patient bolus is disabled."""
        now = self.settings
        if not (self.status.flags & codes.FLAG_BOLUS_SETTINGS and now.max_per_24h):
            return None
        return PatientBolus(
            now.volume_nl, now.duration_ms, now.lockout_ms, now.max_per_24h, now.max_volume_24h_nl,
            "end" if now.lockout_from == "end" else "start",
        )  # fmt: skip

    @property
    def periodic(self) -> Periodic | None:
        """The periodic bolus that is set up, None without one."""
        return Periodic(*self.settings.periodic) if self.settings.periodic_volume_nl else None


def read_running(pump: Reader) -> Running:
    """Ask a pump for all of it; nothing of it acts. Raises what asking raises."""
    return Running(
        pump.identify(), pump.limits(), pump.status(), pump.read_program(), pump.bolus_settings(), pump.reservoir()
    )
