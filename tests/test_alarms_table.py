"""The alarm table against the requirement texts, and the page that is written from it.

What is expected stands in hil/requirements.toml: a priority is the word before "-priority" in the text, a stop is
listed here by hand with the requirement that demands it.
"""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from pumplink import alarms

ROOT = Path(__file__).resolve().parent.parent
NAMES = [name for name in vars(alarms) if name.startswith("ALARM_")]
# "shall stop", "deliver nothing", "fault stop", "remove motor enable"
STOPS = {
    "FLOW-04": "OVER_INFUSION", "FLOW-06": "FREE_FLOW", "FLOW-08": "OVERRUN", "RES-05": "EMPTY", "ALM-09": "RESTARTS",
    "PWR-02": "SELF_TEST", "PWR-07": "RESTARTS", "PWR-10": "MEMORY", "PWR-11": "INTERNAL", "PWR-12": "SELF_TEST",
    "PWR-13": "SUPPLY_CRITICAL", "PWR-14": "TEMPERATURE", "PWR-15": "INTERNAL", "HW-01": "STALL", "HW-03": "OCCLUSION",
    "HW-05": "INLET", "HW-06": "AIR", "HW-09": "COVER", "TIME-06": "TIME", "TIME-09": "LATE",
}  # fmt: skip
# "keep delivering basal", "continue scheduled basal", "leaves basal running", "run from the other", "deliver the lowest
# rate", and alarms whose requirement asks for no action
CONTINUES = {
    "FLOW-05": "UNDER_INFUSION", "LOG-07": "STORAGE", "PWR-06": "RESET", "PWR-10": "MEMORY_REPAIRED",
    "PWR-13": "SUPPLY_LOW", "TIME-07": "CLOCK", "RES-03": "LOW_RESERVOIR", "RES-07": "REFILL", "ALM-10": "STOPPED_48H",
    "BOL-11": "BUTTON", "HW-07": "SENSOR",
}  # fmt: skip


def row_of(name):
    return alarms.ALARMS[getattr(alarms, f"ALARM_{name}")]


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("gen_alarms", ROOT / "protocol" / "gen_alarms.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts():
    table = tomllib.loads((ROOT / "hil" / "requirements.toml").read_text(encoding="utf-8"))
    return {row["id"]: row["text"] for row in table["requirement"]}


def test_codes_are_dense_and_words_complete():
    """ALM-01: one row each, one fixed priority and action; ALM-02: each names the specific condition."""
    assert list(alarms.ALARMS) == list(range(45))
    assert sorted(getattr(alarms, name) for name in NAMES) == list(range(45))
    names, sentences = [], []
    for name, priority, action, latching, sentence, causes, next_step in alarms.ALARMS.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert priority in alarms.PRIORITIES
        assert action in alarms.ACTIONS
        assert isinstance(latching, bool)
        for words in (sentence, causes, next_step):
            assert words, name
            assert words == words.strip(" .")
            assert "|" not in words, "would break the table of the page"
        names.append(name)
        sentences.append(sentence)
    assert len(set(names)) == len(set(sentences)) == 45


def test_what_is_high_or_stops_latches_and_says_so():
    """ALM-06; HW-03 and the like: nothing resumes because a cause went."""
    for name, priority, action, latching, _, _, next_step in alarms.ALARMS.values():
        assert latching or (priority < alarms.HIGH and action != alarms.ACT_STOP), name
        if name != "end-of-service":  # its cause stays
            assert latching == ("acknowledge" in next_step), name
            assert action != alarms.ACT_STOP or re.search("acknowledge, start|cycle, acknowledge", next_step), name


@pytest.mark.parametrize(("requirement", "name"), STOPS.items())
def test_requirements_that_demand_a_stop(requirement, name, texts):
    assert re.search("stop|deliver nothing|remove motor enable|zero", texts[requirement])
    assert row_of(name)[2] == alarms.ACT_STOP


@pytest.mark.parametrize(("requirement", "name"), CONTINUES.items())
def test_requirements_that_let_basal_go_on(requirement, name, texts):
    assert requirement in texts
    assert row_of(name)[2] == alarms.ACT_CONTINUE


def test_priorities_are_those_of_the_requirements(generator, texts):
    """ALM-01. PWR-10, PWR-13 and ALM-10 name two, each for a row of its own."""
    judged = 0
    for code, ids in generator.REQUIREMENTS.items():
        for requirement in ids.split():
            words = re.findall(r"\b(high|medium|low)-priority", texts[requirement])
            judged += bool(words)
            assert not words or alarms.PRIORITIES[alarms.ALARMS[code][1]] in words, (code, requirement)
    assert judged >= 25
    for low, high in (("STOPPED", "STOPPED_48H"), ("SUPPLY_LOW", "SUPPLY_CRITICAL"), ("MEMORY_REPAIRED", "MEMORY")):
        assert (row_of(low)[1], row_of(high)[1]) == (alarms.LOW, alarms.HIGH)


def test_every_requirement_that_names_a_priority_has_its_alarm(generator, texts):
    """Without those that are about alarms in general, and SEC-05, which the project does not do yet."""
    general = {"ALM-01", "ALM-02", "ALM-04", "ALM-06", "ALM-12", "BOL-07", "BOL-15", "HMI-01"}
    open_yet = {"SEC-05"}
    asking = {key for key, text in texts.items() if re.search(r"(high|medium|low)-priority", text)} - general - open_yet
    assert asking <= {requirement for ids in generator.REQUIREMENTS.values() for requirement in ids.split()}


def test_the_page_is_up_to_date_and_has_every_row(generator):
    page = generator.TARGET.read_text(encoding="utf-8")
    assert page == generator.text()
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[0].lstrip("| ")) for row in rows] == list(range(45))
    assert [len(row) for row in rows] == [9] * 45
    assert rows[3][1:5] == ["motor-stall", "high", "stop", "yes"]
    assert rows[20][1:5] == ["under-infusion", "medium", "continue", "no"]
    assert rows[22][4] == "event"


def test_a_stale_page_is_told(generator, monkeypatch, capsys, tmp_path):
    stale = tmp_path / "alarms.md"
    stale.write_text("old\n")
    monkeypatch.setattr(generator, "TARGET", stale)
    monkeypatch.setattr(generator.sys, "argv", ["gen_alarms.py", "--check"])
    assert generator.main() == 1
    assert "python protocol/gen_alarms.py" in capsys.readouterr().err
    assert stale.read_text() == "old\n"
    monkeypatch.setattr(generator.sys, "argv", ["gen_alarms.py"])
    assert generator.main() == 0
    assert stale.read_text(encoding="utf-8") == generator.text()


def test_lint_checks_the_page():
    assert "protocol/gen_alarms.py --check" in (ROOT / "Makefile").read_text(encoding="utf-8")
