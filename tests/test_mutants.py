"""The mutator of `make mutation`: each kind of mistake once, by hand; what is left alone; keys that stay.

python -m pytest tests/test_mutants.py
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutation.mutants import mutants

ROOT = Path(__file__).resolve().parent.parent


def changed(source):
    """What the changed lines of every mutant of a function body become."""
    whole = f'def f(a, b, c):\n    """1 + 1."""\n    {source}\n'
    return {mutant.diff().split("\n+")[1].strip() for mutant in mutants(whole)}


@pytest.mark.parametrize(
    "source, wanted",
    [
        ("a.x = b < c", {"a.x = (b <= c)", "a.x = (b >= c)", "pass"}),
        ("a.x = b == c", {"a.x = (b != c)", "pass"}),
        ("a.x = b is not c", {"a.x = (b is c)", "pass"}),
        ("a.x = b in c", {"a.x = (b not in c)", "pass"}),
        ("a.x = b + c", {"a.x = (b - c)", "pass"}),
        ("a.x = b * c", {"a.x = (b // c)", "pass"}),
        ("a.x = b >> c", {"a.x = (b << c)", "pass"}),
        ("a.x = b and c", {"a.x = (b or c)", "pass"}),
        ("a.x = not b", {"a.x = b", "pass"}),
        ("a.x = -b", {"a.x = b", "pass"}),
        ("a.x = 7", {"a.x = 8", "a.x = 6", "pass"}),
        ("a.x = 0", {"a.x = 1", "a.x = -1", "pass"}),
        ("a.x = True", {"a.x = False", "pass"}),
        ("a.x = min(b, c)", {"a.x = max(b, c)", "pass"}),
        ("return a", {"return None", "return 0"}),
        ("return 0", {"return None", "return 1", "return -1"}),
        ("a.x -= b", {"a.x += b", "pass"}),
        ("a.x()", {"pass"}),
        ("raise a", {"pass"}),
        ("a.x = b if c else a", {"a.x = b if not c else a", "pass"}),
    ],
)
def test_each_mistake(source, wanted):
    assert changed(source) == wanted


def test_a_condition_is_negated_and_its_branches_stay():
    source = "def f(a, b):\n    if a.x:\n        return b  # why\n    elif a and b:\n        return a\n"
    lines = {
        mutant.source.splitlines()[mutant.line - 1] for mutant in mutants(source) if mutant.what == "condition negated"
    }
    assert lines == {"    if not (a.x):", "    elif not (a and b):"}


def test_brackets_keep_the_rest_of_the_line_as_it_was():
    (mutant,) = (m for m in mutants("def f(a, b):\n    return a * (b + 3)\n") if m.what == "Add to Sub")
    assert eval(mutant.source.split("return ")[1], {"a": 2, "b": 5}) == 4


def test_texts_docstrings_imports_slots_and_annotations_are_left_alone():
    source = (
        '"""Doc 1."""\nfrom a import b\n\n\nclass C:\n    """Doc."""\n\n    __slots__ = ("x",)\n\n'
        '    def f(self, x: "1 + 1" = None):\n        """Doc."""\n'
    )
    assert list(mutants(source)) == []


def test_a_constant_at_the_top_is_changed_and_no_statement_there_left_out():
    assert [mutant.what for mutant in mutants("LIMIT = 5\nf()\n")] == ["5 to 6", "5 to 4"]


def test_every_mutant_is_another_and_compiles_and_keeps_its_key_when_lines_move():
    source = "def f(a):\n    if a < 3 and a < 3:\n        a += 1\n        return a\n    return max(a, 1)\n"
    found = list(mutants(source))
    assert len({mutant.key for mutant in found}) == len({mutant.source for mutant in found}) == len(found) > 15
    for mutant in found:
        compile(mutant.source, "mutant", "exec")
        assert mutant.source != source
    moved = list(mutants("# a line\n" + source))
    assert [mutant.key for mutant in moved] == [mutant.key for mutant in found]


TINY = '''"""Tiny."""


def larger(a, b):
    """The larger one."""
    return a if a > b else b
'''
RUN = """import sys
sys.path.insert(0, "firmware")
from pumpfw.core.tiny import larger
sys.exit(not (larger(1, 2) == larger(2, 1) == 2))
"""


@pytest.fixture
def tree(tmp_path):
    """A whole project of one module, with a test that cannot tell > from >=, as none can."""
    shutil.copytree(ROOT / "tests/mutation", tmp_path / "tests/mutation", ignore=shutil.ignore_patterns("__pycache__"))
    files = {"firmware/pumpfw/core/tiny.py": TINY, "tests/portable/run.py": RUN, "tests/portable/test_tiny.py": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests/mutation/selection.toml").write_text('tiny = ["portable/test_tiny.py"]\n')
    return tmp_path


def run(tree):
    done = subprocess.run(
        [sys.executable, tree / "tests/mutation/run.py"], capture_output=True, text=True, timeout=110, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_whole_run_names_the_survivor_goes_on_where_it_was_and_knows_what_is_accepted(tree):
    status, text = run(tree)
    assert status == 1
    # a > b: two comparisons; the condition as a whole; the result lost twice: 5, and `>=` gives the same
    assert "tiny             5 mutants     4 killed (0 by time)    0 accepted    1 survive" in text
    assert "firmware/pumpfw/core/tiny.py:6 `" in text
    assert "+    return a if (a >= b) else b" in text
    known = (tree / "build/mutation/results.jsonl").read_text()
    assert known.count("\n") == 5
    key = text.split("tiny.py:6 `")[1][:8]
    record = tree / "firmware/decisions/0008-mutants.md"
    record.parent.mkdir()
    record.write_text(f"| key | why |\n|---|---|\n| `{key}` | equal numbers are each the larger one |\n")
    status, text = run(tree)
    assert status == 0, text
    assert "100.0% killed or accepted" in text
    assert (tree / "build/mutation/results.jsonl").read_text() == known, "nothing was run a second time"
    assert (tree / "firmware/pumpfw/core/tiny.py").read_text() == TINY


def test_tests_that_fail_or_see_nothing_stop_the_run(tree):
    (tree / "tests/portable/run.py").write_text("import sys; sys.exit(1)")
    assert "do not pass as they are" in run(tree)[1]
    (tree / "tests/portable/run.py").write_text("")
    assert "the tests of tiny pass without it" in run(tree)[1]
    (tree / "tests/mutation/selection.toml").write_text('tiny = ["test_gone.py"]\n')
    assert "selection.toml names tests/test_gone.py, which does not exist" in run(tree)[1]
