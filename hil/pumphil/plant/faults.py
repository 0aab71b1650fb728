"""The faults of the plant: one table of what can be injected and cleared, with every parameter's unit, default, source.

    FAULTS["leak"].what; [p.unit for p in FAULTS["leak"].parameters]
    values = check("leak", {"share": 0.5})         # all parameters, or PlantError naming fault, parameter and limits

Calls (`Plant.inject`), rig files (`[[plant.fault]]`) and scenarios (`do = "plant_fault"`) read this table. What a
fault does is in the file of its effect. Deliberately not here: faults of sensors, link, store and supply: the rig's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pumphil.plant.errors import PlantError

ASSUMED = "assumed; to be measured on the bench"


@dataclass(frozen=True, slots=True)
class FaultParameter:
    """One number of a fault: low and high are both allowed."""

    name: str
    unit: str
    default: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line`: it needs tube and catheter to be followed (`Plant.follow_line`)."""

    name: str
    what: str
    parameters: tuple[FaultParameter, ...] = ()
    line: bool = True


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A fault that begins at an instant of rig time and ends at another, None: never. `values` as of `check`."""

    name: str
    start_us: int
    end_us: int | None
    values: tuple[tuple[str, float], ...]


_P = FaultParameter
_TABLE = (
    Fault("stall", "the rotor holds still whatever the driver does", line=False),
    Fault("missed-steps", "in some packets the rotor loses steps for good", (
        _P("steps", "full steps", 4, 4, 400, "a stepper that slips loses whole electrical turns, 4 full steps each"),
        _P("every", "packets", 20, 1, 1e9, ASSUMED + ": one packet in so many"),
    ), line=False),
    Fault("snap", "a driver that is switched off lets the rotor snap to the nearest whole position", (
        _P("steps", "steps", 4, 2, 256, "16 for a driver in sixteenth steps; 4 where only electrical turns hold"),
    ), line=False),
    Fault("back-pressure", "the outlet works against a pressure", (
        _P("kpa", "kPa", 40, -50, 300, "challenge of published ambulatory pumps: -13.3, 13.3 and 40 kPa"),
    )),
    Fault("head", "the reservoir stands above (below: negative) the pump head", (
        _P("metres", "m", -0.5, -5, 5, "challenge of infusion pump tests: 0.3 to 0.5 m below"),
    )),
    Fault("temperature", "pump and tube are at another temperature", (
        _P("celsius", "degC", 2, 0, 60, "coldest challenge of published ambulatory pumps"),
    )),
    Fault("run-in", "a new tube loses volume over its first turns", (
        _P("share", "1", 0.03, 0, 0.5, ASSUMED + ": 3 % over the first 500 turns"),
        _P("turns", "turns", 500, 1, 1e9, ASSUMED),
    )),
    Fault("creep", "a tube under standing rollers loses volume with time", (
        _P("share", "1", 0.03, 0, 0.5, ASSUMED + ": 3 %"),
        _P("hours", "h", 24, 0.01, 1e6, ASSUMED + ": time constant under a static load"),
    )),
    Fault("wear", "a tube that rollers have passed many times has lost volume", (
        _P("passes", "roller passes", 500_000, 0, 1e9, "passes made before, at rig time 0 of this run"),
        _P("share", "1", 0.2, 0, 0.9, ASSUMED + ": 20 % over the life of a tube"),
        _P("life_passes", "roller passes", 1e6, 1, 1e12, ASSUMED),
    )),
    Fault("trapped-air", "air that was not purged makes the line soft", (
        _P("volume_nl", "nL", 100_000, 0, 1e7, "100 uL, at ambient pressure: four times the tube"),
    )),
    Fault("bubble", "the next volume that the pump draws is air", (
        _P("volume_nl", "nL", 60_000, 0, 1e7, ASSUMED + ": above the 50 uL at which a pump must stop"),
    )),
    Fault("occlusion", "the catheter is closed"),
    Fault("kink", "the catheter has many times its resistance", (
        _P("factor", "1", 100, 1, 1e9, ASSUMED + ": 10 to without end"),
    )),
    Fault("leak", "a joint between pump and catheter loses a share of an open line's flow", (
        _P("share", "1", 0.2, 0.001, 0.999, "HW-11: a leak of 20 % is to be found"),
    )),
    Fault("disconnect", "the catheter is off its joint: all flows, nothing arrives"),
    Fault("free-flow", "the rollers are off the tube: the rotor moves nothing, the reservoir's height does", (
        _P("head_m", "m", 0.5, -5, 5, "supply half a metre above the outlet, as in the siphon check"),
    )),
    Fault("level-stuck", "the level sensor shows what it showed when it stuck", line=False),
)  # fmt: skip

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _TABLE}
"""Every fault of the plant by its name."""


def check(name: str, values: Mapping[str, float]) -> dict[str, float]:
    """All parameters of a fault, those not given at their defaults. PlantError: unknown fault, parameter, or limits."""
    fault = FAULTS.get(name)
    if fault is None:
        raise PlantError(f"fault {name!r} refused: there is none of that name; give one of {', '.join(FAULTS)}")
    known = {parameter.name: parameter for parameter in fault.parameters}
    for key, value in values.items():
        if key not in known:
            has = f"its parameters are {', '.join(known)}" if known else "it has no parameters"
            raise PlantError(f"fault {name} refused: it has no parameter {key!r}; {has}")
        wanted = known[key]
        if type(value) not in (int, float) or not wanted.low <= value <= wanted.high:
            raise PlantError(
                f"fault {name} refused: {key} is {value!r}; give {wanted.low:g} to {wanted.high:g} {wanted.unit}"
            )
    return {key: float(values.get(key, wanted.default)) for key, wanted in known.items()}


def spans(rows: object) -> tuple[FaultSpan, ...]:
    """The tables `[[plant.fault]]` of a rig file: name, start_s (0), end_s (none), and parameters. PlantError."""
    found = []
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise PlantError(
                f"fault {row!r} refused: write [[plant.fault]] and below it name = one of {', '.join(FAULTS)}"
            )
        values = dict(row)
        name, times = values.pop("name"), [values.pop("start_s", 0), values.pop("end_s", None)]
        for key, time_s in zip(("start_s", "end_s"), times, strict=True):
            if time_s is not None and (type(time_s) not in (int, float) or not 0 <= time_s < 1e10):
                raise PlantError(f"fault {name} refused: {key} is {time_s!r}; give seconds of rig time, 0 or more")
        start_us, end_us = (None if time_s is None else round(time_s * 1e6) for time_s in times)
        found.append(span(name, start_us or 0, end_us, values))
    return tuple(found)


def span(name: str, start_us: int, end_us: int | None, values: Mapping[str, float]) -> FaultSpan:
    """A checked fault with its beginning and end in rig time. PlantError as `check`, or an end not after the start."""
    chosen = check(name, values)
    if end_us is not None and end_us <= start_us:
        raise PlantError(
            f"fault {name} refused: it would begin at {start_us} us and end at {end_us} us; end it after its beginning"
        )
    return FaultSpan(name, start_us, end_us, tuple(chosen.items()))
