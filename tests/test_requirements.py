"""requirements.py: the project's own set loads whole, and a damaged file is refused with every problem named."""

import os
from collections import Counter
from pathlib import Path

import pytest

from pumphil import requirements
from pumphil.requirements import AREAS, PATH, RequirementError, check_ids, load, load_elsewhere

GOOD = """
[[requirement]]
id = "BOL-{n:02d}"
text = "The pump shall do thing {n}."
hazard = "overdose"
sources = ["GIP-2009 1.1.1"]
verify = "hil"
severity = 4
"""


def write(tmp_path: Path, body: str, count: int) -> Path:
    path = tmp_path / "requirements.toml"
    path.write_text(f"count = {count}\n{body}")
    return path


def test_the_set_has_130_requirements_in_12_areas():
    # counted by hand in the file: grep -c '^id = "BOL-' and so on
    expected = {"FLOW": 14, "SCHED": 8, "BOL": 17, "RES": 9, "ALM": 12, "LOG": 8}
    expected |= {"PWR": 16, "LINK": 10, "SEC": 10, "HMI": 5, "HW": 11, "TIME": 10}
    known = load()
    assert Counter(one.area for one in known.values()) == expected
    assert len(known) == 130
    assert list(expected) == list(AREAS)


def test_one_requirement_field_by_field():
    one = load()["BOL-12"]
    assert (one.id, one.area, one.verify, one.severity, one.hazard) == ("BOL-12", "BOL", "property", 3, "overdose")
    assert one.text.startswith("While any bolus is active every further bolus request")
    assert one.sources[0] == "GIP-2009 1.4.5 (deviation)"
    assert len(one.sources) == 4


def test_the_packaged_file_is_the_one_beside_the_package():
    assert PATH.name == "requirements.toml"
    beside = Path(requirements.__file__).resolve().parents[1] / "requirements.toml"
    if not beside.exists():
        pytest.skip("installed without the source tree")
    assert os.path.samefile(PATH, beside)


def test_every_abbreviation_of_a_source_is_explained_in_the_header():
    header = PATH.read_text(encoding="utf-8").split("count =")[0]
    stems = {source.split()[0] for one in load().values() for source in one.sources}
    named = [stem for stem in sorted(stems) if stem != "project" and stem not in header]
    families = ("SYNCHROMED-", "MPY-", "KIM-", "IEC")
    assert [stem for stem in named if not stem.startswith(families)] == []
    assert all(family in header for family in families)


def test_a_good_file_loads(tmp_path):
    known = load(write(tmp_path, GOOD.format(n=1) + GOOD.format(n=2), 2))
    assert list(known) == ["BOL-01", "BOL-02"]


@pytest.mark.parametrize(
    "body, count, words",
    [
        (GOOD.format(n=1), 2, "count = 2 is declared, 1 requirements are there"),
        (GOOD.format(n=1) + GOOD.format(n=1), 2, "BOL-01: the id is used twice"),
        (GOOD.format(n=2), 1, "BOL-02: number '02' is out of sequence, the next of BOL is 01"),
        (GOOD.format(n=1).replace("BOL", "BOLUS"), 1, "area 'BOLUS' is unknown"),
        (GOOD.format(n=1).replace('"hil"', '"hope"'), 1, "verify = 'hope'"),
        (GOOD.format(n=1).replace("= 4", "= 5"), 1, "severity = 5, 1 to 4"),
        (GOOD.format(n=1).replace("= 4", "= true"), 1, "severity = True"),
        (GOOD.format(n=1).replace("hazard", "danger"), 1, "key 'hazard' is missing"),
        (GOOD.format(n=1).replace("hazard", "danger"), 1, "key 'danger' is unknown"),
        (GOOD.format(n=1).replace("shall", "may"), 1, 'no "shall"'),
        (GOOD.format(n=1).replace('["GIP-2009 1.1.1"]', "[]"), 1, "sources is empty"),
        ("[[requirement", 0, "not valid TOML"),
    ],
)
def test_a_damaged_file_is_refused_in_words(tmp_path, body, count, words):
    with pytest.raises(RequirementError, match=r"requirements\.toml: ") as caught:
        load(write(tmp_path, body, count))
    assert words in str(caught.value)


def test_all_problems_are_named_at_once(tmp_path):
    body = GOOD.format(n=1).replace("= 4", "= 9") + GOOD.format(n=3)
    with pytest.raises(RequirementError) as caught:
        load(write(tmp_path, body, 7))
    assert len(str(caught.value).splitlines()) == 3


def test_an_unknown_id_is_refused_with_the_nearest():
    with pytest.raises(RequirementError, match=r"test_x names requirement 'BOL-99'.*did you mean BOL-0?\d+\?"):
        check_ids(["FLOW-01", "BOL-99"], load(), "test_x")
    check_ids(["FLOW-01"], load(), "test_x")


ELSEWHERE = '[[elsewhere]]\nid = "{id}"\nneeds = "{needs}"\nwhat = "{what}"\n'


def test_what_needs_a_chip_or_a_bench_names_requirements_that_a_rig_has_to_verify():
    known = load()
    found = load_elsewhere(known)
    assert {one.needs for one in found.values()} == {"chip", "bench", "programmer"}
    # nothing that is shown by reading or by an example needs a chip
    assert {known[name].verify for name in found} <= {"hil", "unit"}
    assert found["PWR-01"].reason.startswith("needs a chip: ")
    assert found["HW-11"].reason.startswith("needs a bench: ")


@pytest.mark.parametrize(
    "body, said",
    [
        (ELSEWHERE.format(id="PWR-99", needs="chip", what="x"), "PWR-99"),
        (ELSEWHERE.format(id="PWR-01", needs="luck", what="x"), "chip or bench"),
        (ELSEWHERE.format(id="PWR-01", needs="chip", what=""), "and what"),
        (2 * ELSEWHERE.format(id="PWR-01", needs="chip", what="x"), "twice"),
        ('[[elsewhere]]\nid = "PWR-01"\nneeds = "chip"\n', "give id, needs"),
        ("[[elsewhere", "not valid TOML"),
    ],
)
def test_a_damaged_list_of_what_is_shown_elsewhere_is_refused(tmp_path, body, said):
    path = tmp_path / "elsewhere.toml"
    path.write_text(body)
    with pytest.raises(RequirementError, match=said):
        load_elsewhere(load(), path)
