"""The Python API as a notebook meets it: names at hand, tables and drawings by themselves, refusals in words."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest
from therapy_text import TEXT, changed

import pumphost
from pumphil.rigs import open_rig
from pumphost import Programmer, PumpError, loads
from pumphost.errors import TransportError
from pumphost.report import read_session, render
from pumphost.therapy import Therapy


@pytest.fixture(scope="module")
def pump():
    """A pump that runs the therapy of `therapy_text`, one bolus given."""
    rig = open_rig("sim", seed=5, reservoir_nl=20_000_000, fill_nl=18_000_000)
    pump = Programmer(rig.transport(), keys=lambda uid: rig.keys, rng=random.Random(5))
    pump.program(loads(TEXT), set_clock=(1_767_225_600_000, 0))
    pump.start()
    rig.run_for(hours=1)
    pump.bolus()
    rig.run_for(hours=1)
    return pump


def test_the_names_are_at_hand_and_cost_nothing():
    heavy = ("pint", "pydantic", "serial", "matplotlib", "typer")
    code = f"import sys, pumphost; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert set(pumphost.__all__) <= set(dir(pumphost))
    assert all(getattr(pumphost, name) for name in pumphost.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Pump'"):
        pumphost.Pump  # noqa: B018 - to ask for it is the test


@pytest.mark.parametrize("name", [name for name in vars(Programmer) if not name.startswith("_")])
def test_help_says_something_of_everything(name):
    member = getattr(Programmer, name)
    assert (member.__doc__ or "").strip()


def test_a_port_that_is_not_there_is_told_in_words(monkeypatch):
    monkeypatch.delenv("PUMPBENCH_PORT", raising=False)
    with pytest.raises(TransportError, match="no port named"):
        Programmer.open()
    with pytest.raises(TransportError, match="/dev/no-such-port"):
        Programmer.open("/dev/no-such-port")


def test_what_a_pump_says_is_a_table_with_units(pump):
    html = pump.status()._repr_html_()
    assert '<th scope="row" style="text-align:left">rate</th><td style="text-align:left">0.480 mL/day</td>' in html
    assert "schedule" in html
    assert "<td" in pump.reservoir()._repr_html_()


def test_tables_are_rows_and_unknown_ones_are_refused(pump):
    table = pump.table("doses")
    assert [(row["kind"], row["delivered_nl"]) for row in table.rows] == [("patient-bolus", 20_000)]
    assert "patient-bolus" in table._repr_html_()
    with pytest.raises(PumpError, match="write one of program, ledger"):
        pump.table("boluses")


def test_a_review_is_one_call_and_a_drawing_another(pump):
    review = pump.review(loads(changed({14: 'rate = "2.4 mL/day"'})))
    assert "2.5 times" in review._repr_html_()
    (axes,) = review.plot().axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {"now": [0.48, 0.96, 0.96], "proposed": [0.48, 2.4, 2.4]}
    assert len({line.get_linestyle() for line in axes.lines}) == 2  # not by colour alone


def test_a_week_is_drawn_in_a_panel_for_each_group_of_days():
    week = (
        '[[profile]]\ndays = ["sat", "sun"]\n[[profile.step]]\nstart = "00:00"\nrate = "0.6 mL/day"\n[[profile]]\n'
        'days = ["mon", "tue", "wed", "thu", "fri"]\n[[profile.step]]\nstart = "00:00"\nrate = "1.2 mL/day"\n'
    )
    therapy = loads(TEXT[: TEXT.index("[program]")] + week)
    assert [axes.get_title(loc="left") for axes in therapy.plot().axes] == ["mon, tue, wed, thu, fri", "sat, sun"]
    assert therapy._repr_html_().startswith("<svg")


# -- the report on paper ------------------------------------------------------------------------------


def test_a_session_report_has_everything_and_nothing_from_outside(pump):
    data = read_session(pump)
    page = render(data, printed_at="2026-01-31 08:00")
    for words in ("0.480 mL/day", "800 uL, 800 ug saline", "patient-bolus", "lockout 02:00", "Read by"):
        assert words in page
    assert "its chain is whole" in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\((?!#)|href=\"(?!#)", page)
    assert render(data, printed_at="2026-01-31 08:00") == page


def test_a_name_from_a_pump_cannot_be_a_tag(pump, monkeypatch):
    data = read_session(pump)
    object.__setattr__(data.running.reservoir, "drug", "<b>x</b>")
    assert "<b>x</b>" not in render(data, printed_at="now")
    assert "&lt;b&gt;" in Therapy(1, 1, "<b>", 1, "day", loads(TEXT).steps)._repr_html_()
