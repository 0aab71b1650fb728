"""Faults that can be put into a simulated pump while it is served, and taken away again: the table of the web bench.

    mishap = MISHAPS["occlusion"]
    mishap.begin(rig, {"pressure_pa": 80_000}); mishap.end(rig)

Each is a call on the rig's public side; those of pumphil.plant.FAULTS come from there. What the pump makes of it is the
pump's business; nothing here reads it. A sensor that is made to show something shows it at once, whatever flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pumphil.plant import FAULTS
from pumphil.plant.faults import Fault
from pumphil.rigs.inputs import NOMINAL, ROTOR_COUNTS
from pumphil.rigs.lockstep import LockstepRig
from pumplink import codes

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a fault takes, in `unit`."""

    name: str
    unit: str
    default: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mishap:
    """One fault. `momentary`: over as soon as it has happened, there is nothing to end. `channel`: of a sensor."""

    name: str
    title: str
    does: str
    begin: Callable[[LockstepRig, Values], None]
    end: Callable[[LockstepRig], None] = field(default=lambda rig: None)
    parameters: tuple[Parameter, ...] = ()
    momentary: bool = False
    area: str = "sensors"
    channel: int = -1

    def to_dict(self) -> dict[str, object]:
        """For a page: everything but the calls."""
        rows = [{name: getattr(row, name) for name in row.__slots__} for row in self.parameters]
        return {
            "name": self.name, "title": self.title, "does": self.does, "area": self.area,
            "momentary": self.momentary, "parameters": rows,
        }  # fmt: skip


def _sensor(
    name: str, title: str, does: str, channel: int, parameter: Parameter, area: str = "sensors"
) -> Mishap:  # fmt: skip
    """A sensor that shows `parameter` until the fault is ended, then what it showed at first."""
    return Mishap(
        name, title, does,
        lambda rig, values: rig.set_input(channel, round(values[parameter.name])),
        lambda rig: rig.set_input(channel, NOMINAL[channel]),
        (parameter,), area=area, channel=channel,
    )  # fmt: skip


def _switch(name: str, title: str, does: str, channel: int) -> Mishap:
    return Mishap(
        name, title, does, lambda rig, values: rig.set_input(channel, 1), lambda rig: rig.set_input(channel, 0),
        area="at the pump",
    )  # fmt: skip


def _press(rig: LockstepRig, values: Values) -> None:
    rig.set_input(codes.SENSE_BUTTON, 1)
    rig.run_for(seconds=0.3)
    rig.set_input(codes.SENSE_BUTTON, 0)


def _free_flow(rig: LockstepRig, values: Values) -> None:
    rig.rotor_extra(round(values["volume_nl"]) * ROTOR_COUNTS // rig.options.plant.nl_per_rev)
    rig.set_input(codes.SENSE_INLET, NOMINAL[codes.SENSE_INLET])  # wakes the firmware, as a moving rotor does


def _drain(rig: LockstepRig, values: Values) -> None:
    rig.plant.drain(rig.now_us)


def _fail_writes(rig: LockstepRig, values: Values) -> None:
    rig.store.fail_writes = True


def _write_again(rig: LockstepRig) -> None:
    rig.store.fail_writes = False


def _cut(rig: LockstepRig, values: Values) -> None:
    rig.power_cut()


def _restore(rig: LockstepRig) -> None:
    if not rig.powered:
        rig.power_on()


def _reset(rig: LockstepRig, values: Values) -> None:
    rig.reset(codes.RESET_WATCHDOG)


def _of_plant(fault: Fault) -> Mishap:
    """One of the plant's own table."""
    rows = tuple(Parameter(row.name, row.unit, row.default, row.low, row.high) for row in fault.parameters)
    title, does = fault.name.replace("-", " ").capitalize(), f"{fault.what[0].upper()}{fault.what[1:]}."
    return Mishap(
        f"plant-{fault.name}", title, does,
        lambda rig, values: rig.plant.inject(fault.name, t_us=rig.now_us, until_us=None, **values),
        lambda rig: _clear(rig, fault.name),
        rows, area="fluid path and motor",
    )  # fmt: skip


def _clear(rig: LockstepRig, name: str) -> None:
    rig.plant.clear(name, rig.now_us)


_TABLE = (
    _sensor(
        "occlusion", "Kinked catheter, at once", "The outlet sensor shows this pressure; above 70 kPa the pump stops.",
        codes.SENSE_OUTLET, Parameter("pressure_pa", "Pa", 80_000, 0, 150_000),
    ),
    _sensor(
        "inlet-blocked", "Blocked inlet, at once", "The inlet sensor shows this; below -7 kPa the pump stops.",
        codes.SENSE_INLET, Parameter("pressure_pa", "Pa", -9_000, -50_000, 0),
    ),
    _sensor(
        "bubble", "Air in the line, at once", "The bubble detector shows this; above 50 uL the pump stops.",
        codes.SENSE_AIR, Parameter("volume_nl", "nL", 60_000, 0, 500_000),
    ),
    Mishap(
        "reservoir-drained", "Reservoir empties unseen",
        "All liquid is gone and the pump does not know it: its own account goes on, the outlet gives air.",
        _drain, momentary=True, area="fluid path and motor",
    ),
    Mishap(
        "rotor-turns", "Rotor turns by itself", "By this volume, without a step pulse.", _free_flow,
        parameters=(Parameter("volume_nl", "nL", 30_000, 1_000, 500_000),), momentary=True, area="fluid path and motor",
    ),
    *(_of_plant(fault) for fault in FAULTS.values()),
    _sensor(
        "supply", "Weak supply", "The supply voltage falls: below 4.5 V a warning, below 4.2 V the pump stops.",
        codes.SENSE_SUPPLY, Parameter("supply_mv", "mV", 4_400, 0, 6_000), "power",
    ),
    Mishap("power-cut", "Power cut", "The supply goes until this is cleared.", _cut, _restore, area="power"),
    Mishap("watchdog", "Watchdog reset", "The firmware starts anew over what it has stored.", _reset,
           momentary=True, area="power"),
    Mishap("store-fails", "Store cannot be written", "Flash writes fail until this is cleared.", _fail_writes,
           _write_again, area="power"),
    _sensor(
        "temperature", "Hot pump", "The temperature sensor shows this.",
        codes.SENSE_TEMPERATURE, Parameter("temperature_mdegc", "m°C", 56_000, -10_000, 90_000),
    ),
    _switch("cover", "Cover open", "The cover of the pump is opened.", codes.SENSE_COVER),
    Mishap("button", "Bolus button", "The patient presses the button at the pump itself.", _press,
           momentary=True, area="at the pump"),
    _switch("stop-button", "Stop button", "The stop button at the pump is held down.", codes.SENSE_STOP),
)  # fmt: skip
MISHAPS = {mishap.name: mishap for mishap in _TABLE}
