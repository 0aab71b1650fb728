"""docs/trumpet.md shows what the commands print, and its tables and samples are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
import trumpet_sample
from cli_tools import run

from pumphil.metrology.evaporation import opening_rate_mg_per_h
from pumphil.metrology.uncertainty import SOURCES, Sources

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "trumpet.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
TYPED = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def rows(first_cell):
    """Cells of the rows whose first cell matches."""
    lines = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if re.fullmatch(first_cell, line[0].strip())]


@pytest.mark.parametrize("name", sorted(trumpet_sample.SAMPLES))
def test_the_samples_are_those_of_their_script(name):
    assert (DOCS / "samples" / name).read_text() == trumpet_sample.SAMPLES[name]()


def test_no_other_sample_lies_there():
    assert {path.name for path in (DOCS / "samples").iterdir()} == set(trumpet_sample.SAMPLES)


def printed(line, monkeypatch, tmp_path):
    """What a command line of the page prints, run in a copy of the folder of the samples."""
    for name, text in trumpet_sample.SAMPLES.items():
        (tmp_path / name).write_text(text())
    monkeypatch.chdir(tmp_path)
    return run(*shlex.split(line)[1:]).stdout.rstrip()


def test_the_first_command_prints_what_the_page_shows(monkeypatch, tmp_path):
    (line,) = [line for line in TYPED if line.startswith("pumpbench trumpet")]
    assert printed(line, monkeypatch, tmp_path) == SHOWN[0]
    assert {path.name for path in tmp_path.iterdir()} == {*trumpet_sample.SAMPLES, "trumpet.svg", "trumpet.json"}


def test_the_open_vial_prints_what_the_page_shows(monkeypatch, tmp_path):
    line = 'pumpbench trumpet one-ml-per-day.csv --rate "1 mL/day" --interval 15 --analysis 1440:2940'
    found = printed(line + " --evaporation 2.8 --tolerance 7", monkeypatch, tmp_path)
    assert found.endswith(SHOWN[1])
    assert SHOWN[1].splitlines()[1].split(maxsplit=1)[1].startswith("inconclusive")


def test_the_boluses_print_what_the_page_shows(monkeypatch, tmp_path):
    (line,) = [line for line in TYPED if line.startswith("pumpbench boluses")]
    assert printed(line, monkeypatch, tmp_path) == SHOWN[2]


def test_every_term_stands_in_the_table_with_its_unit_and_meaning():
    table = {row[0].strip("`"): row for row in rows(r"`[a-z]+`") if len(row) == 4}
    assert {name: row[1] for name, row in table.items()} == {name: unit for name, (unit, _, _) in SOURCES.items()}
    for name, (_, shape, _) in SOURCES.items():
        half_width = "half width" in table[name][2]
        assert half_width == (shape == "rectangular"), name
    for name in ("buoyancy", "outlet", "air", "temperature", "pressure"):
        assert table[name][3].startswith(f"{getattr(Sources(), name):g}"), name


def test_the_table_of_openings_is_that_of_the_model():
    found = rows(r".* (\d+) mm × (\d+) mm")
    assert len(found) == 5
    for name, rate, share in found:
        width, depth = (float(number) for number in re.findall(r"(\d+) mm", name))
        assert opening_rate_mg_per_h(width, depth) == pytest.approx(float(rate), rel=0.005)
        assert float(rate) * 24 / 1000 == pytest.approx(float(share.strip(" %")) / 100, rel=0.03)
