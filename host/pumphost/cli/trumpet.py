"""`pumpbench trumpet`: the log of any balance becomes start-up graph, trumpet curve, uncertainty and verdict.

    pumpbench trumpet run.csv --rate "1 mL/day" --interval 15 --analysis 1440:2940 --evaporation 0.127 --plot run.svg

Only the rig's public entry point is called. It judges nothing itself.
"""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from pumphost.cli import weighing as shared
from pumphost.cli.keeping import keep, usable
from pumphost.cli.options import HISTORY, History, NoHistory
from pumphost.cli.output import (
    FAILED,
    UsageProblem,
    guarded,
    note,
    print_fields,
    print_table,
    write_atomically,
    write_json,
)

ACCEPT = "accept"
PLOT_FORMATS = (".png", ".svg")


@guarded
def trumpet(
    log: shared.Log,
    rate: Annotated[str, typer.Option("--rate", metavar="R", help='Rate that was set: "1 mL/day", "6 mL/h".')],
    interval: Annotated[str, typer.Option("--interval", metavar="MIN", help="Sample interval S, minutes.")],
    analysis: Annotated[
        str | None,
        typer.Option("--analysis", metavar="FROM:TO", help="Minutes from the first reading; default: all of it."),
    ] = None,
    windows: Annotated[
        str | None,
        typer.Option("--windows", metavar="MIN,…", help="Observation windows; default S x 1, 4, 10, 22, 38, 62."),
    ] = None,
    evaporation: shared.Evaporation = None,
    blank: shared.Blank = None,
    control: shared.Control = None,
    control_ratio: shared.ControlRatio = 1.0,
    density: shared.Density = None,
    temperature: shared.Temperature = None,
    pressure: shared.Pressure = shared.DEFAULT_PRESSURE_HPA,
    humidity: shared.Humidity = shared.DEFAULT_HUMIDITY_PERCENT,
    tolerance: shared.Tolerance = shared.DEFAULT_TOLERANCE_PERCENT,
    term: shared.Terms = None,
    packet: Annotated[
        str | None, typer.Option("--packet", metavar="VOLUME", help="Draw what ideal packets would look like.")
    ] = None,
    mass_unit: shared.MassUnit = None,
    time_unit: shared.TimeUnit = None,
    columns: shared.Columns = None,
    decimal_comma: shared.DecimalComma = False,
    as_json: shared.JsonOut = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="OUT", help="Draw start-up, trumpet, verdict, budget (.svg, .png).")
    ] = None,
    history: History = HISTORY,
    no_history: NoHistory = False,
) -> None:
    """Analyse the log of a balance: trumpet curve, uncertainty, verdict. Exit code 1 if it is not 'accept'.

    In the style of IEC 60601-2-24, whose scope excludes implantable pumps; no test of conformity with anything.
    """
    if plot is not None and plot.suffix.lower() not in PLOT_FORMATS:
        raise UsageProblem(
            f"cannot draw {plot}: its name ends in {plot.suffix or 'nothing'}; use {', '.join(PLOT_FORMATS)}"
        )
    options = shared.weighing(
        log, evaporation=evaporation, blank=blank, control=control, control_ratio=control_ratio, density=density,
        temperature=temperature, pressure=pressure, humidity=humidity, tolerance=tolerance, term=term,
        mass_unit=mass_unit, time_unit=time_unit, columns=columns, decimal_comma=decimal_comma,
    )  # fmt: skip
    from pumphost.entry import FIELDS

    rate_nl_per_day = FIELDS["weighed.rate"].read(rate)
    packet_nl = None if packet is None else FIELDS["weighed.packet"].read(packet)
    periods = {
        "interval_min": _minutes("--interval", interval),
        "analysis_min": _analysis(analysis),
        "windows_min": _windows(windows),
    }
    kept = usable(history, no_history)
    from pumphil.entry import analyse_log
    from pumphil.history import now, of_analysis

    started_at, began = now(), time.perf_counter()
    with shared.refusals():
        result = analyse_log(log, options, rate_nl_per_day, packet_nl, **periods)
    data, logs = result.to_dict(), [path for path in (log, *(blank or ()), control) if path is not None]
    told = keep(kept, lambda: of_analysis(data, logs, started_at, time.perf_counter() - began))
    if plot is not None:
        write_atomically(plot, result.save_plot)
    if as_json is not None:
        write_json(as_json, data)
    if as_json != "-":
        _show(data, rate)
    for written in filter(None, (None if as_json == "-" else as_json, plot)):
        note(f"written: {written}")
    if told and as_json != "-":
        note(told)
    if data["verdict"]["outcome"] != ACCEPT:
        raise typer.Exit(FAILED)


def _show(data: dict[str, Any], rate: str) -> None:
    """The result for people; every number is in the JSON."""
    chosen, overall, verdict = data["parameters"], data["overall"], data["verdict"]
    start, end = chosen["analysis_min"]
    error = f"{overall['error_percent']:+.2f} ± {overall['expanded_uncertainty_percent']:.2f} % (k = 2)"
    volume = f"{overall['volume_ul']:.2f} uL for {overall['set_volume_ul']:.2f} uL"
    typer.echo(f"{data['title']}\n")
    print_fields([
        ("log", f"{data['log']['name']}, sha256 {data['log']['sha256'][:16]}"),
        ("set", f"{rate}, interval {chosen['interval_min']:g} min, analysis {start:g} to {end:g} min"),
        ("samples", data["log"]["sampling"]),
        ("volume", f"mass by {chosen['density']}"),
        ("evaporation", chosen["evaporation"]),
    ])  # fmt: skip
    typer.echo()
    within = f"within ±{chosen['tolerance_percent']:g} %"
    columns = ("window, min", "windows", "largest, %", "smallest, %", "noise floor, ± %", within, "below half rate")
    rows = [
        (
            f"{row['window_min']:g}", str(row["windows"]), f"{row['upper_percent']:+.2f}",
            f"{row['lower_percent']:+.2f}", f"{row['noise_floor_percent']:.2f}", _within(row, data),
            f"{100 * row['share_below_half_rate']:.0f} %",
        )
        for row in data["trumpet"]
    ]  # fmt: skip
    print_table(columns, rows, right=columns)
    typer.echo()
    scale = 200 / overall["set_volume_ul"]
    terms = sorted(data["budget"], key=lambda entry: -entry["contribution_ul"])
    shares = [
        (entry["name"], f"{entry['contribution_ul'] * scale:.3f}", f"{100 * entry['share_of_variance']:.1f} %",
         entry["basis"])
        for entry in terms if entry["contribution_ul"]
    ]  # fmt: skip
    print_table(("uncertainty", "k = 2, %", "variance", "from"), shares, right=("k = 2, %", "variance"))
    typer.echo()
    print_fields([
        ("start-up", _start_up(data["start_up"])),
        ("continuity", _gap(data["continuity"])),
        *((f"PK-weighted, {level['half_life_min']:g} min",
           f"{level['lowest_percent']:+.1f} to {level['highest_percent']:+.1f} % of the steady level")
          for level in data["pk_weighted"]),
        *(("note", line) for line in data["notes"]),
        ("error", f"{error}, {volume}"),
        *shared.verdict_rows(verdict),
    ])  # fmt: skip


def _within(row: dict[str, Any], data: dict[str, Any]) -> str:
    if row["outcome"] == "inconclusive":
        return "too noisy" if row["window_min"] < data["windows_judged_from_min"] else "too close"
    return "yes" if row["outcome"] == ACCEPT else "no"


def _start_up(found: dict[str, Any]) -> str:
    if found["window_min"] is None:
        return "not told: seen through these windows the steady flow itself falls below 90 %"
    through = f"through a window of {found['window_min']:g} min"
    if found["minutes"] is None:
        return f"90 % of the steady flow is never reached, {through}"
    return f"90 % of the steady flow after {found['minutes']:g} min, {through}"


def _gap(found: dict[str, Any]) -> str:
    seen = f"looked at every {found['seen_every_min']:.3g} min"
    floor = f"the balance sees none below {found['gap_floor_min']:.2g} min"
    return f"longest time without flow {found['longest_gap_min']:.3g} min ({seen}; {floor})"


def _minutes(option: str, text: str) -> Fraction:
    """An exact number of minutes."""
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise UsageProblem(f"{option} {text!r} is no number of minutes; write 0.5 or 15") from None


def _analysis(text: str | None) -> tuple[Fraction, Fraction] | None:
    if text is None:
        return None
    start, colon, end = text.partition(":")
    if not colon:
        raise UsageProblem(f"--analysis {text!r} is no FROM:TO; write 60:120 for the second hour, in minutes")
    return _minutes("--analysis", start), _minutes("--analysis", end)


def _windows(text: str | None) -> tuple[Fraction, ...] | None:
    if text is None:
        return None
    return tuple(sorted({_minutes("--windows", word) for word in text.split(",")}))


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        epilog='Example: pumpbench trumpet run.csv --rate "1 mL/day" --interval 15 --analysis 1440:2940 '
        "--windows 15,60,150,330,570,930 --blank before.csv --blank after.csv --temperature 22 --plot run.svg"
    )(trumpet)
