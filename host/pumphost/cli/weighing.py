"""What `trumpet` and `boluses` share: options about the log, the loss and the density, and how a verdict is shown.

Nothing about a log is guessed: what it does not say has an option.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pumphost.cli.output import UsageProblem

if TYPE_CHECKING:
    from pumphil.entry import Weighing

MASS_UNITS = ("g", "mg", "kg", "ug")
TIME_UNITS = ("s", "min", "h", "ms")
NO_LOSS = (
    "the loss by evaporation is missing, at small rates the largest error of all: give --evaporation MG_PER_H, or "
    "--blank LOG of the vessel with the pump standing still (twice: before and after), or --control LOG of an equal "
    "vessel beside it; typical at 22 degrees C and 50 % humidity: a cap with a 1 mm hole 0.13 mg/h, an open vial of "
    "12 mm 3, a beaker 30, an oil film 0"
)
DEFAULT_PRESSURE_HPA = 1013.25
DEFAULT_HUMIDITY_PERCENT = 50.0
DEFAULT_TOLERANCE_PERCENT = 5.0

Log = Annotated[Path, typer.Argument(metavar="LOG", help="Log of a balance: rows of time and mass (CSV).")]
Evaporation = Annotated[
    float | None, typer.Option("--evaporation", metavar="MG_PER_H", help="Loss of the vessel, mg/h.")
]
Blank = Annotated[
    list[Path] | None,
    typer.Option("--blank", metavar="LOG", help="Loss from a blank run instead; twice for before and after."),
]
Control = Annotated[
    Path | None, typer.Option("--control", metavar="LOG", help="Loss from an equal vessel weighed beside it.")
]
ControlRatio = Annotated[
    float, typer.Option("--control-ratio", metavar="X", help="Opening of the receiver by that of the control.")
]
Density = Annotated[float | None, typer.Option("--density", metavar="D", help="Of the liquid, g/mL; default 0.998.")]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", metavar="C", help="Of water and air: factor Z in place of a density."),
]
Pressure = Annotated[float, typer.Option("--pressure", metavar="HPA", help="Of the air, for Z.")]
Humidity = Annotated[float, typer.Option("--humidity", metavar="PERCENT", help="Of the air, for Z.")]
Tolerance = Annotated[
    float, typer.Option("--tolerance", metavar="PERCENT", help="What the verdict on the mean error allows.")
]
Terms = Annotated[
    list[str] | None,
    typer.Option("--term", metavar="NAME=VALUE", help="A figure of the uncertainty budget: air=0.2."),
]
MassUnit = Annotated[str | None, typer.Option("--mass-unit", metavar="U", help="g, mg, kg or ug.")]
TimeUnit = Annotated[str | None, typer.Option("--time-unit", metavar="U", help="s, min, h or ms.")]
Columns = Annotated[
    str | None, typer.Option("--columns", metavar="TIME,MASS", help="Names or numbers of the two columns.")
]
DecimalComma = Annotated[bool, typer.Option("--decimal-comma", help="Numbers are written 0,5.")]
JsonOut = Annotated[str | None, typer.Option("--json", metavar="OUT", help="Write everything as JSON; - is stdout.")]


def weighing(
    log: Path,
    *,
    evaporation: float | None,
    blank: list[Path] | None,
    control: Path | None,
    control_ratio: float,
    density: float | None,
    temperature: float | None,
    pressure: float,
    humidity: float,
    tolerance: float,
    term: list[str] | None,
    mass_unit: str | None,
    time_unit: str | None,
    columns: str | None,
    decimal_comma: bool,
) -> Weighing:
    """The options, checked as far as they can be without reading a file. UsageProblem."""
    ways = [way for way in (evaporation, blank or None, control) if way is not None]
    if len(ways) != 1:
        raise UsageProblem("--evaporation, --blank and --control exclude each other; give one" if ways else NO_LOSS)
    for path in filter(None, (log, *(blank or ()), control)):
        if not path.is_file():
            raise UsageProblem(f"no log {path}; correct the name")
    from pumphil.entry import Weighing

    return Weighing(
        layout={
            "mass_unit": _one_of("--mass-unit", mass_unit, MASS_UNITS),
            "time_unit": _one_of("--time-unit", time_unit, TIME_UNITS),
            "columns": _columns(columns),
            "decimal_comma": decimal_comma,
        },
        conversion={
            "density_g_per_ml": density,
            "temperature_c": temperature,
            "pressure_hpa": pressure,
            "humidity_percent": humidity,
        },
        evaporation_mg_per_h=evaporation,
        blanks=blank or (),
        control=control,
        control_ratio=control_ratio,
        terms=_terms(term or ()),
        tolerance_percent=tolerance,
    )


@contextmanager
def refusals() -> Iterator[None]:
    """What the measurement refuses is told in its own sentence, which names the line."""
    from pumphil.entry import MeasurementError

    try:
        yield
    except MeasurementError as exc:
        raise UsageProblem(str(exc)) from exc
    except OSError as exc:
        raise UsageProblem(f"cannot read {exc.filename}: {(exc.strerror or str(exc)).lower()}") from exc


def verdict_rows(verdict: dict[str, Any]) -> list[tuple[str, str]]:
    """The outcome, why, and what would decide an open one."""
    rows = [("verdict", f"{verdict['outcome']}: {verdict['reason']}")]
    return rows + [("to decide", line) for line in verdict["remedies"]]


def _terms(words: Sequence[str]) -> dict[str, float]:
    terms = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            terms[name.strip()] = float(value)
        except ValueError:
            raise UsageProblem(
                f"--term {word!r} is no NAME=VALUE; write a name of the budget and a number, such as air=0.2"
            ) from None
    return terms


def _columns(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = [word.strip() for word in text.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageProblem(f"--columns {text!r} is no TIME,MASS; write 1,3 or the two names")
    return names[0], names[1]


def _one_of(option: str, text: str | None, known: tuple[str, ...]) -> str | None:
    if text is not None and text not in known:
        raise UsageProblem(f"{option} {text!r} is not known; use {', '.join(known)}")
    return text
