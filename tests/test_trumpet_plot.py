"""The picture of an analysis: what it must show is read back from its axes; the same bytes twice."""

import pickle
import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest
import trumpet_sample

from pumphil.metrology.analysis import Settings, analyse
from pumphil.metrology.balance_log import Layout, parse_log
from pumphil.metrology.loss import Loss
from pumphil.records import Recorder
from pumphil.report.html import render as html
from pumphil.report.trumpet import save_trumpet, trumpet_figure


@pytest.fixture(scope="module")
def analysis():
    log = parse_log(trumpet_sample.SAMPLES["one-ml-per-day.csv"]().encode(), "one-ml-per-day.csv", Layout())
    settings = Settings(
        rate_ml_per_h=1 / 24, interval_min=Fraction(15), loss=Loss.given(0.127), packet_ul=5.39,
        analysis_min=(Fraction(1440), Fraction(2940)), terms={"pressure": 0.0},
    )  # fmt: skip
    return analyse(log, settings)


@pytest.fixture(scope="module")
def panels(analysis):
    return trumpet_figure(analysis).axes


def labels(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_the_start_up_graph_has_the_flow_the_rate_and_the_analysis_period(panels, analysis):
    axes = panels[0]
    (stairs,) = [patch for patch in axes.patches if hasattr(patch, "get_data")]
    values, edges, _ = stairs.get_data()
    assert list(values) == pytest.approx([1000 * flow for flow in analysis.flow_ml_per_h])  # uL/h below 0.5 mL/h
    assert (edges[0], edges[-1]) == (0, 49)
    assert axes.get_lines()[0].get_ydata() == pytest.approx([1000 / 24] * 2)
    shaded = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (shaded.x0, shaded.x1) == pytest.approx((24, 49))


def test_the_trumpet_has_both_curves_the_noise_floor_and_the_lines_of_both_limits(panels, analysis):
    axes = panels[1]
    drawn = labels(axes)
    upper = drawn["largest and smallest"]
    assert list(upper.get_xdata()) == [15, 60, 150, 330, 570, 930]
    assert list(upper.get_ydata()) == [w.point.upper_percent for w in analysis.trumpet]
    lower = [w.point.lower_percent for w in analysis.trumpet]
    assert any(list(line.get_ydata()) == lower for line in axes.get_lines())
    heights = sorted(line.get_ydata()[0] for line in axes.get_lines() if len(set(line.get_ydata())) == 1)
    assert heights == pytest.approx([-14.5, -5, analysis.error_percent, 5, 14.5])
    assert {"±5 %", "±14.5 %"} <= set(drawn)
    (band,) = axes.collections
    for length, noise in ((15, 2.83), (930, 0.0457)):
        x, half = min((abs(x - length), abs(y - analysis.error_percent)) for x, y in band.get_paths()[0].vertices)
        assert half == pytest.approx(noise, rel=0.05), x
    ideal = drawn["packets of 5.39 µL, ideal"]
    assert ideal.get_ydata()[0] == pytest.approx(3.488, abs=0.001)
    low, high = axes.get_ylim()
    assert low < min(lower) < -14.5 < 14.5 < high


def test_the_budget_has_a_bar_for_each_term_that_counts_largest_on_top(panels, analysis):
    names = [label.get_text() for label in panels[3].get_yticklabels()]
    assert names[-1] == analysis.budget.largest.name
    assert set(names) == {term.name for term in analysis.budget.terms if term.contribution_ul}
    widths = [bar.get_width() for bar in panels[3].patches]
    assert widths == sorted(widths)
    together = sum(width * width for width in widths) ** 0.5
    assert together == pytest.approx(analysis.expanded_percent)


def test_the_verdict_stands_between_its_limits(panels, analysis):
    (marker,) = [line for line in panels[2].get_lines() if line.get_marker() == "o"]
    assert marker.get_xdata()[0] == analysis.error_percent
    low, high = panels[2].get_xlim()
    assert low < -5 < 5 < high


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_same_analysis_gives_the_same_bytes(tmp_path, analysis, kind):
    first, second = (save_trumpet(analysis, tmp_path / f"{name}.{kind}").read_bytes() for name in "ab")
    assert first == second
    if kind == "svg":
        words = " ".join("".join(node.itertext()) for node in ET.fromstring(first).iter() if node.tag.endswith("text"))
        assert "in the style of IEC 60601-2-24, no test of conformity" in words
        # +1.07 % with Z 1.00328 and 0.116 mg/h; 0.998 g/mL is 0.13 % less, 0.127 mg/h 0.03 % more
        assert "Flow error +0.97" in words
        assert "compliant" not in words


def test_another_kind_of_picture_is_refused(tmp_path, analysis):
    with pytest.raises(ValueError, match=r"use \.png or \.svg"):
        save_trumpet(analysis, tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_volumetric_pump_that_runs_back_is_drawn_in_ml_per_hour():
    rows = "".join(f"{30 * k},{(49.9 * k if k % 3 else 49.9 * k - 60):.1f}\n" for k in range(40))
    log = parse_log(f"time (s),mass (mg)\n{rows}".encode(), "run.csv", Layout())
    found = analyse(log, Settings(rate_ml_per_h=6.0, interval_min=Fraction(1, 2), loss=Loss.given(0.0)))
    axes = trumpet_figure(found).axes[0]
    assert "mL/h" in axes.get_title(loc="left")
    assert axes.get_ylim()[0] <= min(found.flow_ml_per_h) < 0


def test_the_page_of_a_run_shows_the_trumpet_and_its_record_has_the_numbers(analysis):
    recorder = Recorder(rig="sim", interpreter="CPython", firmware_digest="00", seed=1)
    recorder.trumpet("49 h at 1 mL/day", pickle.loads(pickle.dumps(analysis)))  # as it comes from another process
    record = recorder.finish("2026-01-01T12:00:00+00:00", 1.0)
    page = html(record)
    assert page.count('<figure class="trumpet">') == 1
    assert "Trumpet curve: worst error among all windows of a length" in page
    assert f"<figcaption>{analysis.judgement.outcome}: " in page
    told = record.to_dict()["trumpets"]["49 h at 1 mL/day"]
    assert told["overall"]["error_percent"] == pytest.approx(analysis.error_percent)
