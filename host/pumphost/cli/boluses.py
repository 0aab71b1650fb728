"""`pumpbench boluses`: boluses weighed one by one, as a population.

    pumpbench boluses boluses.csv --volume "20 uL" --evaporation 0.127

The log has one reading before the first bolus and one after each. Only the rig's public entry point is called.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from pumphost.cli import weighing as shared
from pumphost.cli.keeping import keep, usable
from pumphost.cli.options import HISTORY, History, NoHistory
from pumphost.cli.output import FAILED, guarded, note, print_fields, write_json


@guarded
def boluses(
    log: shared.Log,
    volume: Annotated[str, typer.Option("--volume", metavar="V", help='Volume that was set: "20 uL".')],
    evaporation: shared.Evaporation = None,
    blank: shared.Blank = None,
    density: shared.Density = None,
    temperature: shared.Temperature = None,
    pressure: shared.Pressure = shared.DEFAULT_PRESSURE_HPA,
    humidity: shared.Humidity = shared.DEFAULT_HUMIDITY_PERCENT,
    tolerance: shared.Tolerance = shared.DEFAULT_TOLERANCE_PERCENT,
    term: shared.Terms = None,
    mass_unit: shared.MassUnit = None,
    time_unit: shared.TimeUnit = None,
    columns: shared.Columns = None,
    decimal_comma: shared.DecimalComma = False,
    as_json: shared.JsonOut = None,
    history: History = HISTORY,
    no_history: NoHistory = False,
) -> None:
    """Boluses as a population: mean, spread, 90/90 tolerance interval. Exit code 1 if the mean is not accepted.

    The log has one reading before the first bolus and one after each.
    """
    from pumphost.entry import FIELDS

    volume_nl = FIELDS["weighed.volume"].read(volume)
    options = shared.weighing(
        log, evaporation=evaporation, blank=blank, control=None, control_ratio=1.0, density=density,
        temperature=temperature, pressure=pressure, humidity=humidity, tolerance=tolerance, term=term,
        mass_unit=mass_unit, time_unit=time_unit, columns=columns, decimal_comma=decimal_comma,
    )  # fmt: skip
    kept = usable(history, no_history)
    from pumphil.entry import analyse_boluses
    from pumphil.history import now, of_boluses

    started_at, began = now(), time.perf_counter()
    with shared.refusals():
        data = analyse_boluses(log, options, volume_nl)
    told = keep(kept, lambda: of_boluses(data, [log, *(blank or ())], started_at, time.perf_counter() - began))
    if as_json is not None:
        write_json(as_json, data)
    if as_json != "-":
        print_fields(_rows(data, volume))
    if as_json not in (None, "-"):
        note(f"written: {as_json}")
    if told and as_json != "-":
        note(told)
    if data["verdict"]["outcome"] != "accept":
        raise typer.Exit(FAILED)


def _rows(data: dict[str, Any], volume: str) -> list[tuple[str, str]]:
    low, high = data["tolerance_interval_percent"]
    coverage, confidence = 100 * data["coverage"], 100 * data["confidence"]
    return [
        ("log", f"{data['log']['name']}, sha256 {data['log']['sha256'][:16]}"),
        ("boluses", f"{data['count']} of {volume}"),
        ("volume", f"mass by {data['parameters']['density']}"),
        ("evaporation", data["parameters"]["evaporation"]),
        ("mean error", f"{data['mean_percent']:+.2f} ± {data['expanded_uncertainty_of_mean_percent']:.2f} % (k = 2)"),
        (
            "spread",
            f"standard deviation {data['standard_deviation_percent']:.2f} %; the balance alone gives "
            f"{data['of_which_balance_percent']:.2f} %",
        ),
        ("extremes", f"{data['lowest_percent']:+.2f} to {data['highest_percent']:+.2f} %"),
        (
            "interval",
            f"{low:+.2f} to {high:+.2f} %: holds {coverage:g} % of all boluses with {confidence:g} % confidence, "
            "if they are normally distributed",
        ),
        *shared.verdict_rows(data["verdict"]),
    ]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(epilog='Example: pumpbench boluses boluses.csv --volume "20 uL" --evaporation 0.127 --temperature 22')(
        boluses
    )
