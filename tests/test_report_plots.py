"""Figures: the same bytes in any process and setting, drawn only from data there is, and never paid for unasked."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from report_sample import day_schedule, reservoir_run

from pumphil.report.details import bar_rows
from pumphil.report.palette import LIGHT
from pumphil.report.panels import TimeAxis
from pumphil.report.plots import page_drawings, save_plot, simulation_figure, volume_caption
from pumphil.report.series import Bolus, RunSeries
from pumphil.report.timeline import timeline_rows

HERE = Path(__file__).parent


def run(code: str, **environment: str) -> str:
    paths = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    settings = {**os.environ, "PYTHONPATH": paths, **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True, timeout=90
    )
    return done.stdout


def minimal(**more) -> RunSeries:
    return RunSeries("minimal", [0, 1], [0, 1000], [0, 862], 216, **more)


def test_nothing_imports_the_plotting_library_before_something_is_drawn():
    code = "import sys, pumphil.records, pumphil.report.html, pumphil.report.plots, pumphil.report.timeline\n"
    code += "from report_sample import sample_record; sample_record().to_json()\n"
    code += "print(sorted({'matplotlib', 'numpy'} & set(sys.modules)))"
    assert run(code).strip() == "[]"


def test_the_same_page_in_another_process_with_another_style_file(tmp_path):
    hostile = "grid.linestyle: :\naxes.titleweight: bold\nsvg.fonttype: path\nsvg.hashsalt: mine\n"
    (tmp_path / "matplotlibrc").write_text(hostile)
    code = "import hashlib; from report_sample import sample_record; from pumphil.report.html import render\n"
    code += "print(hashlib.sha256(render(sample_record()).encode()).hexdigest())"
    plain = run(code, PYTHONHASHSEED="1")
    styled = run(code, PYTHONHASHSEED="2", MATPLOTLIBRC=str(tmp_path), TZ="Asia/Tokyo", LC_ALL="C")
    assert plain == styled
    assert len(plain.strip()) == 64


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_saved_plot_is_the_same_twice_and_bears_no_date(tmp_path, kind):
    series = reservoir_run()
    first, second = (save_plot(series, tmp_path / f"{name}.{kind}").read_bytes() for name in "ab")
    assert first == second
    assert not re.search(rb"20\d\d-\d\d-\d\dT|tIME", first)
    assert first.startswith(b"\x89PNG" if kind == "png" else b"<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{kind}", f"b.{kind}"]


@pytest.mark.parametrize("name", ["run.pdf", "run", "run.png.txt"])
def test_other_kinds_of_picture_are_refused_in_words(tmp_path, name):
    with pytest.raises(ValueError, match=r"is not a kind of picture; use \.png or \.svg"):
        save_plot(minimal(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_figures_are_drawn_only_for_what_there_is():
    assert [drawing.name for drawing in page_drawings(minimal(), "x-")] == ["volume"]
    everything = ["volume", "timeline", "instrument", "error-budget", "reservoir"]
    assert [drawing.name for drawing in page_drawings(day_schedule(), "x-")] == everything
    assert len(simulation_figure(day_schedule()).axes) == 7
    assert len(simulation_figure(minimal()).axes) == 2


def test_drawings_are_wellformed_and_their_ids_carry_the_prefix():
    for drawing in page_drawings(day_schedule(), "run7-"):
        root = ET.fromstring(drawing.svg)
        ids = [node.get("id") for node in root.iter() if node.get("id")]
        assert all(name.startswith(f"run7-{drawing.name}-") for name in ids)
        assert set(re.findall(r"#([^\")]+)[\")]", drawing.svg)) == set(ids)
        assert root.get("aria-label").startswith(drawing.title)


def test_the_error_panel_shows_plus_and_minus_one_quantum():
    series = minimal(error_t_h=[0, 0.5, 1], error_nl=[0, -216, -138])
    axes = simulation_figure(series).axes[1]
    assert axes.get_title(loc="left") == "Pump − schedule, nL; band ± one quantum"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["−216", "0", "216"]
    (curve,) = [line for line in axes.lines if line.get_color() == LIGHT["pump"]]
    assert list(curve.get_ydata()) == [0, -216, -138]
    assert sorted(line.get_ydata()[0] for line in axes.lines if line.get_color() == LIGHT["quantum"]) == [-216, 216]


def test_an_error_beyond_the_band_stays_in_the_picture():
    axes = simulation_figure(minimal(error_t_h=[0, 1], error_nl=[0, 5000])).axes[1]
    assert axes.get_ylim()[1] > 5000


def test_the_volume_panel_shows_the_three_accounts_in_one_unit():
    axes = simulation_figure(minimal(delivered_nl=[0, 900])).axes[0]
    assert axes.get_title(loc="left") == "Volume since the start, nL"
    assert {line.get_label(): list(line.get_ydata()) for line in axes.lines} == {
        "schedule": [0, 1000],
        "pump": [0, 862],
        "measured": [0, 900],
    }


def test_labels_keep_their_digits_when_places_are_rounded():
    svg = page_drawings(minimal(rates=[(0, 1, 0.00125e6)]), "x-")[0].svg
    labels = re.findall(r">([^<>]+)</text>", svg)
    assert "0.000" in labels or "0.0000" in labels
    assert "opacity: 0.22" in svg


def test_the_timeline_has_a_row_for_grants_each_reason_and_each_alarm():
    boluses = [
        Bolus(1, True, None, 0.5, 2),
        Bolus(1.2, False, "busy"),
        Bolus(1.6, False, "lockout"),
        Bolus(1.7, False, "busy"),
    ]
    series = minimal(boluses=boluses, alarms=[(1.9, "low-reservoir")])
    rows = [(row.label, row.role, row.marks, row.shades) for row in timeline_rows(series)]
    assert rows == [
        ("granted, 1", "granted", ((1, 1.5),), ((1, 3),)),
        ("denied: busy, 2", "denied", ((1.2, 1.2), (1.7, 1.7)), ()),
        ("denied: lockout, 1", "denied", ((1.6, 1.6),), ()),
        ("alarm: low-reservoir, 1", "alarm", ((1.9, 1.9),), ()),
    ]


def boxes(series: RunSeries, role: str) -> list[tuple[float, float]]:
    """Left and right edges of the boxes of a role, in a timeline whose axes span 58 to 538."""
    drawn = next(one for one in page_drawings(series, "x-") if one.name == "timeline").svg
    paths = re.findall(rf'd="([^"]*)"[^>]*fill: var\(--{role}\)', drawn)
    corners = [re.findall(r"M ([\d.]+) [\d.]+ L ([\d.]+)", path) for path in paths]
    return [(float(left), float(right)) for path in corners for left, right in path]


def test_marks_stand_where_the_events_were():
    # by hand: 480 units an hour from 58; a mark without length is 1/200 of the axis wide
    series = minimal(boluses=[Bolus(0.25, True, None, 0.25, 0.5), Bolus(0.875, False, "busy")], alarms=[(0.5, "low")])
    assert boxes(series, "granted") == [(178, 298)]
    assert boxes(series, "lockout") == [(178, 418)]
    assert boxes(series, "denied") == [(478, 480.4)]
    assert boxes(series, "alarm") == [(298, 300.4)]


def test_marks_stay_inside_the_axes():
    series = minimal(boluses=[Bolus(0.875, True, None, 0.5, 2)])
    assert boxes(series, "granted") == boxes(series, "lockout") == [(478, 538)]


@pytest.mark.parametrize(
    "hours, unit, labels",
    [
        (1, "min", ["0", "10", "20", "30", "40", "50", "60 min"]),
        (24, "h", ["0", "3", "6", "9", "12", "15", "18", "21", "24 h"]),
        (72, "h", ["0", "12", "24", "36", "48", "60", "72 h"]),
        (720, "d", ["0", "5", "10", "15", "20", "25", "30 d"]),
        (4320, "d", ["0", "30", "60", "90", "120", "150", "180 d"]),
    ],
)
def test_the_time_axis_suits_the_length_of_the_run(hours, unit, labels):
    series = RunSeries("axis", [0, hours], [0, 1], [0, 1], 1)
    assert TimeAxis.of(series).unit == unit
    axes = simulation_figure(series).axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == labels


def test_a_run_of_one_point_can_be_drawn():
    assert page_drawings(RunSeries("point", [0], [0], [0], 0, reservoir_nl=[0], delivered_nl=[0]), "x-")


def test_the_caption_says_what_came_out_and_the_worst_error():
    words = volume_caption(minimal(delivered_nl=[0, 900])).replace("\u00a0", " ").replace("\u202f", " ")
    assert words == (
        "At the end 1 000 nL scheduled, 862 nL by the pump, 900 nL measured. "
        "Largest error of the pump −138 nL, 64 % of one quantum (216 nL)."
    )


def test_the_bars_of_the_budget_add_up_as_the_budget_does():
    """Tolerances 3 + 4, uncertainties 6 and 8; the error is that of the last reading."""
    terms = {"quantisation": 3, "calibration": [0, 4], "evaporation": [0, 6], "instrument": 8, "pulsation": 0}
    series = minimal(delivered_nl=[0, 852], budget_nl=terms)
    rows = {name: size for name, size, _ in bar_rows(series)}
    assert rows == {
        "|instrument − pump|": 10, "quantisation": 3, "calibration": 4, "evaporation, U": 6, "instrument, U": 8,
        "tolerance in all": 7, "U in all (k = 2)": 10,
    }  # fmt: skip


def test_refills_are_drawn_with_the_tolerance_and_the_label_line():
    series = minimal(refills=[(0.5, 1000, 980), (1.0, 500, 515)])
    (drawing,) = [drawing for drawing in page_drawings(series, "x-") if drawing.name == "reservoir"]
    assert "2 refills: 98.00 to 103.00 % of the commanded volume used" in drawing.caption
    assert all(tick in drawing.svg for tick in (">114.5<", ">105.0<", ">85.5<"))
