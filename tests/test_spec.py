"""SPEC.md, protocol.json and versions.json: written from the one table, complete, and true of firmware and host.

    python -m pytest tests/test_spec.py

That a client can be written from them is tested in test_stranger.py.
"""

import hashlib
import importlib
import json
import re
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pumphil.rigs.store import MemoryStore
from pumplink import codes, messages
from pumplink.fields import FieldLayout
from pumplink.message import NONE, Message

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = ROOT / "protocol"
SPEC = (PROTOCOL / "SPEC.md").read_text(encoding="utf-8")
DATA = json.loads((PROTOCOL / "protocol.json").read_text(encoding="utf-8"))
VECTORS = json.loads((PROTOCOL / "vectors.json").read_text(encoding="utf-8"))
MINOR_0 = "2eb09411"  # schema of the first table that was committed for others


def of_protocol(name: str) -> ModuleType:
    """A generator, which lies beside pumplink and is no part of it."""
    sys.path.insert(0, str(PROTOCOL))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(PROTOCOL))


gen_spec, spec_versions, spec_words, spec_tables, gen_vectors = (
    of_protocol(name) for name in ("gen_spec", "spec_versions", "spec_words", "spec_tables", "gen_vectors")
)


# -- what is written ---------------------------------------------------------------------------------


def test_every_file_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Invariant 30: a file that is not what the table makes of it fails `make lint`, which runs this check."""
    assert gen_spec.main(["--check"]) == 0, capsys.readouterr().err
    assert "protocol/gen_spec.py --check" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The generator writes into a folder of its own, where the history is the one that is committed."""
    monkeypatch.setattr(gen_spec, "HERE", tmp_path)
    monkeypatch.setattr(spec_versions, "TARGET", tmp_path / "versions.json")
    (tmp_path / "versions.json").write_text((PROTOCOL / "versions.json").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["SPEC.md", "protocol.json", "versions.json"])
def test_a_stale_file_is_told(name: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gen_spec.main([]) == 0
    assert gen_spec.main(["--check"]) == 0
    stale = elsewhere / name
    stale.write_text(stale.read_text(encoding="utf-8").replace("written", "scribbled", 1), encoding="utf-8")
    stale.write_text(stale.read_text(encoding="utf-8").replace("Written", "Scribbled", 1), encoding="utf-8")
    assert gen_spec.main(["--check"]) == 1
    assert f"{name} is stale: run python protocol/gen_spec.py" in capsys.readouterr().err
    assert gen_spec.main([]) == 0
    assert stale.read_text(encoding="utf-8") == (PROTOCOL / name).read_text(encoding="utf-8")


def test_a_place_without_a_number_and_a_table_without_a_place(tmp_path: Path) -> None:
    history = spec_versions.load()
    (tmp_path / "1.md").write_text("so {{many}} bytes\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"nothing is called .*many"):
        gen_spec.specification(history, tmp_path)
    (tmp_path / "1.md").write_text("{{max_body}} bytes\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the table alarms"):
        gen_spec.specification(history, tmp_path)


def test_it_says_what_the_pump_is_for() -> None:
    assert "with water. Never connect it to a person" in SPEC


@pytest.mark.parametrize("row", messages.TABLE + messages.EVENTS, ids=lambda row: row.name)
def test_every_message_and_field_is_there(row: Message) -> None:
    """Invariant 30, LINK-09: id, who may send it, every field with unit and range, in both files."""
    chapter = SPEC.split(f"### {row.name}\n")[1].split("\n### ")[0]
    entry = next(entry for entry in DATA["messages"] if entry["id"] == row.id)
    assert f"Id {row.id:02X}." in chapter
    assert (entry["name"], entry["acts"]) == (row.name, bool(row.acts))
    who = [name for bit, name in enumerate(codes.ROLES) if row.roles & 1 << bit]
    assert entry["roles"] == who
    sides = {"fields": row.reply} if row in messages.EVENTS else {"request": row.request, "reply": row.reply}
    for side, layout in sides.items():
        names = [(f["name"], f["kind"], f["unit"], f["low"], f["high"]) for f in entry[side]]
        assert names == [(f.name, f.kind, f.unit, f.low, f.high) for f in layout.fields]
        part = chapter.split("Reply after the status")[side == "reply"]
        lines = [line for line in part.splitlines() if re.match(r"\| \d", line)]
        assert [line.split(" | ")[:4] for line in lines] == [
            [f"| {at}", field.name, field.kind, field.unit] for at, field in enumerate(layout.fields)
        ]
    overview = [line for line in SPEC.splitlines() if line.startswith(f"| {row.id:02X} | [{row.name}]")]
    assert len(overview) == 1
    assert all(name in overview[0] for name in who)


def test_every_number_has_its_words() -> None:
    """LINK-09: statuses, limits, modes, states, reasons, warnings, sensors, records, alarms."""
    assert set(spec_words.REFUSALS) == {name for name, _, _ in codes.STATUS.values()}
    tables: list[dict[int, Any]] = [
        codes.LIMITS, codes.FLAGS, codes.ORDER_STATES, codes.STOP_REASONS, codes.WARNINGS, codes.RESETS,
    ]  # fmt: skip
    for table in tables:
        for number, words in table.items():
            assert f"| {number} | {words} |" in SPEC
    for number, name in enumerate(codes.MODES):
        assert f"| {number} | {name} |" in SPEC
    for table in (codes.STATUS, codes.SENSORS, codes.RECORDS, codes.ALARMS):
        for number, row in table.items():
            assert f"| {number} | {row[0]} |" in SPEC


def test_links_within_the_page_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", SPEC, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in titles}
    links = set(re.findall(r"\]\(#([^)]+)\)", SPEC))
    assert len(links) > 40
    assert links <= anchors
    assert "codes." not in SPEC, "a stranger has no codes"


# -- what is true ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", spec_words.TIMINGS)
def test_a_number_is_that_of_the_code(name: str) -> None:
    """Timings and limits of pump and programmer, which protocol/ cannot import."""
    value, source = spec_words.TIMINGS[name]
    module, constant = source.split(":")
    found = getattr(importlib.import_module(module), constant)
    assert value == (round(found * 1000) if constant.endswith("_S") else found)
    assert DATA["numbers"][name] == value


def test_elements_of_the_tails_are_those_of_the_vectors() -> None:
    letters = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "b8": "8s"}
    for (name, _), element in spec_words.TAILS.items():
        if element:
            assert "<" + "".join(letters[kind] for _, kind, _ in element) == gen_vectors.TAILS[name][1], name
    assert {name for name, _ in spec_words.TAILS} == set(gen_vectors.TAILS)


def test_the_rings_keep_what_the_page_says() -> None:
    from pumpfw.core.journal import Journal

    class Clock:
        trusted = 0

        def unix_ms(self, now_ms: int) -> int:
            return now_ms

    journal = Journal(Clock(), MemoryStore())
    journal.boot()
    numbers = DATA["numbers"]
    kept = numbers["event_segments"] * numbers["segment_records"]
    for number in range(kept + 1):
        journal.add(number, codes.REC_MODE)
    assert (journal.first, journal.next) == (numbers["segment_records"], kept + 1)
    assert struct.calcsize(codes.RECORD_FORMAT) == numbers["record_size"]


# -- versions ----------------------------------------------------------------------------------------


def test_the_first_version_is_minor_0() -> None:
    history = spec_versions.load()
    assert history["1.0"]["schema"] == MINOR_0
    assert messages.VERSION_MINOR >= 1
    assert history[spec_versions.version()]["schema"] == hashlib.sha256(messages.canonical().encode()).hexdigest()[:8]
    assert spec_versions.summed(history) == spec_versions.now()
    assert "11 STATUS" in history["1.0"]["adds"]
    assert "01 HELLO" not in history["1.0"]["adds"]
    assert "01 HELLO" in history["1.1"]["adds"]


def replaced(monkeypatch: pytest.MonkeyPatch, row: Message, new: list[Message], bump: bool) -> None:
    """The table with other rows in the place of one; with another minor version or not."""
    at = messages.TABLE.index(row)
    monkeypatch.setattr(messages, "TABLE", (*messages.TABLE[:at], *new, *messages.TABLE[at + 1 :]))
    monkeypatch.setattr(messages, "SCHEMA", hashlib.sha256(messages.canonical().encode()).digest()[:4])
    if bump:
        monkeypatch.setattr(messages, "VERSION_MINOR", messages.VERSION_MINOR + 1)


def with_fields(row: Message, reply: list[tuple[Any, ...]], id: int | None = None, name: str = "") -> Message:
    request = [(f.name, f.kind, f.unit, f.low, f.high, f.doc) for f in row.request.fields]
    return Message(id or row.id, name or row.name, row.roles, row.acts, row.doc, tuple(request), tuple(reply))


ORDER = messages.GET_ORDER
ROWS = [(f.name, f.kind, f.unit, f.low, f.high, f.doc) for f in ORDER.reply.fields]
EXTRA = ("extra", "u16", "nL", 0, 0xFFFF, "something new")
NEXT = messages.VERSION_MINOR + 1
UNIT = [*ROWS[:-1], ("t_commit", "u64", "s", 0, None, "pump time")]
RANGE = [("order", "u32", "", 1, None, ""), *ROWS[1:]]


@pytest.mark.parametrize("reply", [[*ROWS, EXTRA], RANGE], ids=["a field more", "another range"])
def test_a_change_without_a_version_is_refused(
    reply: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invariant 30: by the check and by the writer, which says what to do."""
    replaced(monkeypatch, ORDER, [with_fields(ORDER, reply)], bump=False)
    before = (elsewhere / "versions.json").read_text(encoding="utf-8")
    for arguments in (["--check"], []):
        assert gen_spec.main(arguments) == 1
        assert f"set VERSION_MINOR = {NEXT} in pumplink/message.py" in capsys.readouterr().err
    assert (elsewhere / "versions.json").read_text(encoding="utf-8") == before
    assert not (elsewhere / "SPEC.md").exists()


def test_appending_with_a_version_is_accepted(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    """Invariant 30; the page says since when the field is there, and a later change without a version is refused."""
    replaced(monkeypatch, ORDER, [with_fields(ORDER, [*ROWS, EXTRA])], bump=True)
    assert gen_spec.main(["--check"]) == 1, "stale until it was written"
    assert gen_spec.main([]) == 0
    assert gen_spec.main(["--check"]) == 0
    history = spec_versions.load(elsewhere / "versions.json")
    assert history[f"1.{NEXT}"]["adds"] == {"14 GET_ORDER": {"reply": ["extra:u16:nL"]}}
    chapter = (elsewhere / "SPEC.md").read_text(encoding="utf-8").split("### GET_ORDER\n")[1].split("\n### ")[0]
    assert f"| 6 | extra | u16 | nL |  | since minor version {NEXT}: something new |" in chapter
    entry = json.loads((elsewhere / "protocol.json").read_text(encoding="utf-8"))["messages"]
    (reply,) = [row["reply"] for row in entry if row["name"] == "GET_ORDER"]
    assert [field["since"] for field in reply] == [0] * 6 + [NEXT]
    monkeypatch.setattr(messages, "SCHEMA", b"else")
    assert gen_spec.main(["--check"]) == 1


NEW = Message(0x7E, "PING", messages.C, 0, "an example", NONE, NONE)
BROKEN = {
    "a field taken away": ([with_fields(ORDER, ROWS[:-1])], "fields are only ever appended"),
    "a field moved": ([with_fields(ORDER, [ROWS[1], ROWS[0], *ROWS[2:]])], "fields are only ever appended"),
    "a field put in between": ([with_fields(ORDER, [EXTRA, *ROWS])], "fields are only ever appended"),
    "another unit": ([with_fields(ORDER, UNIT)], "fields are only ever appended"),
    "a message taken away": ([], "GET_ORDER is gone"),
    "its id used again": ([with_fields(NEW, [], id=ORDER.id)], "id 14 was GET_ORDER: ids are never used again"),
    "another id": ([with_fields(ORDER, ROWS, id=0x7E)], "GET_ORDER had id 14: a message keeps its id"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_what_breaks_an_older_end_is_refused_with_any_version(
    why: str, monkeypatch: pytest.MonkeyPatch, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invariant 30: reused ids, fields that are not appended."""
    rows, sentence = BROKEN[why]
    replaced(monkeypatch, ORDER, rows, bump=True)
    assert gen_spec.main([]) == 1
    assert sentence in capsys.readouterr().err
    assert not (elsewhere / "SPEC.md").exists()


def test_versions_never_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "VERSION_MINOR", 0)
    assert any("never go back" in sentence for sentence in spec_versions.faults(spec_versions.load()))


def test_a_field_that_no_range_narrows_has_none_on_the_page() -> None:
    layout = FieldLayout((("a", "u16", "", 0, None, ""), ("b", "u16", "", 0, 9, ""), ("c", "b4", "", None, None, "")))
    assert [spec_tables._range(field) for field in layout.fields] == ["", "0 … 9", ""]
