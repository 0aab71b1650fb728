"""Where keys stand: against lines counted by hand, and against what the TOML reader finds in the same text."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumphost.therapy.locate import locate, show_path

TEXT = """\
# line 1
top = 1   # a comment = no key
[pump]
reservoir = "20 mL" # "quoted" # comment
a.b = [1, 2, # [not = a table]
  [3, 4],
]

[[program.step]]
start = "00:00"
"quoted key" = 'lite]ral'
[[program.step]]
start = 08:00:00
text = \"\"\"
[no.table]
x = 1 \\"\"\" still text\"\"\"
raw = '''
# no comment
'it''s'''
empty = ""
many = \"\"\"""\"\"\"
inline = { x = 1, y = [ {z = 2}, {z = 3} ] }
[[program.step.deep]]
k = 1979-05-27 07:32:00
[[program.step.deep]]
[fill] # header with comment
\tvolume=   "18 mL"
max = -1_000
"""
PLACES = {  # counted by hand
    ("top",): (2, "1"),
    ("pump",): (3, ""),
    ("pump", "reservoir"): (4, '"20 mL"'),
    ("pump", "a"): (5, ""),
    ("pump", "a", "b", 1): (5, "2"),
    ("pump", "a", "b", 2): (6, "[3, 4]"),
    ("pump", "a", "b", 2, 1): (6, "4"),
    ("program", "step"): (9, ""),
    ("program", "step", 0): (9, ""),
    ("program", "step", 0, "start"): (10, '"00:00"'),
    ("program", "step", 0, "quoted key"): (11, "'lite]ral'"),
    ("program", "step", 1): (12, ""),
    ("program", "step", 1, "start"): (13, "08:00:00"),
    ("program", "step", 1, "text"): (14, '"""\n[no.table]\nx = 1 \\""" still text"""'),
    ("program", "step", 1, "raw"): (17, "'''\n# no comment\n'it''s'''"),
    ("program", "step", 1, "empty"): (20, '""'),
    ("program", "step", 1, "inline"): (22, "{ x = 1, y = [ {z = 2}, {z = 3} ] }"),
    ("program", "step", 1, "inline", "y", 1, "z"): (22, "3"),
    ("program", "step", 1, "deep", 0, "k"): (24, "1979-05-27 07:32:00"),
    ("program", "step", 1, "deep", 1): (25, ""),
    ("fill",): (26, ""),
    ("fill", "volume"): (27, '"18 mL"'),
    ("fill", "max"): (28, "-1_000"),
}


def paths(value, path=()):
    """Every path of a parsed document, tables and array entries too."""
    found = {path} if path else set()
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found |= paths(entry, (*path, key))
    return found


@pytest.mark.parametrize("path", PLACES)
def test_line_and_value_as_written(path):
    assert locate(TEXT)[path] == PLACES[path]


@pytest.mark.parametrize("path", PLACES)
def test_windows_line_ends_count_the_same(path):
    assert locate(TEXT.replace("\n", "\r\n"))[path] == PLACES[path]


def test_nothing_is_missed_and_nothing_invented():
    assert set(locate(TEXT)) == paths(tomllib.loads(TEXT))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("program", "step", 2, "rate"), "program.step[2].rate"),
        (("fill",), "fill"),
        (("odd key", "x"), '"odd key".x'),
        ((), ""),
    ],
)
def test_paths_are_shown_as_people_write_them(path, expected):
    assert show_path(path) == expected


KEYS = st.one_of(st.from_regex(r"\A[A-Za-z0-9_-]{1,4}\Z"), st.text(st.characters(codec="ascii"), max_size=4))
STRINGS = st.text(st.sampled_from("ab #=[]{}'\".,\\"), max_size=8)
SCALARS = st.one_of(st.integers(-(10**6), 10**6).map(str), st.booleans().map(json.dumps), STRINGS.map(json.dumps))


def quoted(key):
    return json.dumps(key).replace("\x7f", "\\u007f")


@st.composite
def values(draw, depth=2):
    """The text of a value: a scalar, an array over several lines or an inline table."""
    kind = draw(st.integers(0, 3)) if depth else 0
    if kind < 2:
        return draw(SCALARS)
    if kind == 2:
        gap = draw(st.sampled_from(["", " ", "\n  ", " # a, comment ]\n"]))
        return "[" + gap + ("," + gap).join(draw(st.lists(values(depth - 1), max_size=3))) + gap + "]"
    keys = draw(st.lists(KEYS, unique=True, max_size=3))
    return "{" + ", ".join(f"{quoted(key)} = {draw(values(depth - 1))}" for key in keys) + "}"


@st.composite
def documents(draw):
    """A TOML text of some tables, some of them in arrays, with the line of each key at the top of a table."""
    text, expected, counts = "", {}, {}
    for name in draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5)):
        if name in ("a", "b"):
            if name in counts:
                continue
            header, path = f"[{name}]", (name,)
            counts[name] = 1
        else:
            header, path = f"[[ {name} ]] # header", (name, counts.get(name, 0))
            counts[name] = path[1] + 1
        text += draw(st.sampled_from(["", "\n", "# x = 1\n\n"])) + header + "\n"
        for key in draw(st.lists(KEYS, unique=True, max_size=3)):
            expected[(*path, key)] = text.count("\n") + 1
            text += f"{quoted(key)} = {draw(values())}" + draw(st.sampled_from(["\n", "  # end\n"]))
    return text, expected


@given(documents())
def test_any_document(document):
    text, expected = document
    places = locate(text)
    assert set(places) == paths(tomllib.loads(text))
    assert {path: places[path].line for path in expected} == expected
    for path in expected:
        value = tomllib.loads(text)
        for part in path:
            value = value[part]
        assert tomllib.loads(f"x = {places[path].raw}")["x"] == value
