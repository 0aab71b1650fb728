"""Folding of firmware sources: what must go, and each hazard in which nothing may be changed.

    python -m pytest tests/test_build_fold.py

Every case is a small tree whose `main` prints. The expected text is worked out by hand; the tree must print it as
it was written and as it was folded.
"""

import re

import pytest
from build_cases import printed

from pumphost.build import fold


@pytest.fixture
def folded(tmp_path):
    """Fold a tree of files, see that it prints the same before and after; the sources after."""

    def run(expected, **modules):
        sources = {f"{name}.py": source for name, source in modules.items()}
        assert printed(tmp_path / "written", sources) == expected
        after = fold(sources).sources
        assert printed(tmp_path / "folded", after) == expected, after
        return {name.removesuffix(".py"): source for name, source in after.items()}

    return run


def names_in(source):
    return set(re.findall(r"\w+", source))


# -- constants that go ---------------------------------------------------------------------------


def test_a_constant_becomes_a_literal_and_its_assignment_goes(folded):
    after = folded("10 7 -3", main="A = 3\n_B = A + 4\n_C = -A\n\ndef f():\n    return A + _B\nprint(f(), _B, _C)\n")
    assert not names_in(after["main"]) & {"A", "_B", "_C"}


def test_a_row_of_numbers_by_range_goes_and_what_is_asked_for_stays(folded):
    source = "A, B, C = range(3)\nD, E = range(5, 7)\nF, G = 8, 9\n"
    after = folded("0 1 2 6 9 9", main="from t import A, B, C, E\nimport t\nprint(A, B, C, E, t.G, [t][0].G)", t=source)
    assert after["t"].split() == "G = 9".split()
    assert "from t" not in after["main"]


def test_constants_are_folded_across_modules_however_they_are_imported(folded):
    after = folded(
        "5 6 5 6 11 11",
        t="FIVE = 5\nSIX = FIVE + 1\n",
        through="from t import FIVE, SIX as OTHER\nSUM = FIVE + OTHER\n",
        main="import t\nimport t as u\nimport through\nfrom t import FIVE\nfrom through import OTHER, SUM\n"
        "print(FIVE, t.SIX, u.FIVE, OTHER, SUM, through.SUM)",
    )
    assert after["main"].strip() == "print(5, 6, 5, 6, 11, 11)"
    assert after["through"].strip() == after["t"].strip() == "pass"


def test_modules_of_a_package_and_relative_imports(tmp_path):
    sources = {
        "p/__init__.py": "",
        "p/t.py": "FIVE = 5\n",
        "p/q.py": "from . import t\nfrom .t import FIVE\nfrom p import t as u\n\ndef f():\n"
        "    return FIVE + t.FIVE + u.FIVE\n",
        "main.py": "from p import q\nprint(q.f())",
    }
    after = fold(sources).sources
    assert printed(tmp_path / "a", sources) == printed(tmp_path / "b", after) == "15"
    assert "import" not in after["p/q.py"]


def test_a_negative_constant_keeps_its_brackets(folded):
    """-2 ** 2 is -4, (-2) ** 2 is 4."""
    folded("4 2 -2", main="LOW = -2\nprint(LOW ** 2, LOW.__abs__(), LOW)\n")


def test_numbers_about_zero(folded):
    folded("-1 0 1", main="A = -1\nB = 0\nC = 1\nprint(A, B, C)")


def test_of_an_import_only_the_constants_go(folded):
    after = folded("5 f", main="from t import FIVE, f\nprint(FIVE, f())", t="FIVE = 5\n\ndef f():\n    return 'f'\n")
    assert "from t import f\n" in after["main"]


def test_a_default_argument_is_folded(folded):
    after = folded("7 8", main="LIMIT = 7\n\ndef f(x=LIMIT, *, y=LIMIT + 1):\n    return x, y\nprint(*f())\n")
    assert "LIMIT" not in after["main"]


def test_every_operator(folded):
    source = (
        "A = 6 + 2 * 3 - 1\nB = 17 // 3 % 4\nC = 1 << 63\nD = C >> 60\nE = 12 & 10\nF = 12 | 10\nG = 12 ^ 10\nH = ~5\n"
        "I = 1 << 0\nprint(A, B, C, D, E, F, G, H, I)"
    )
    after = folded("11 1 9223372036854775808 8 8 14 6 -6 1", main=source)
    assert "=" not in after["main"]


def test_a_constant_of_a_constant_of_another_module(folded):
    after = folded("6 7", main="import t\nB = t.FIVE + 1\nC = B + 1\nprint(B, C)", t="FIVE = 5\n")
    assert after["main"].strip() == "print(6, 7)"


def test_ranges(folded):
    """Of one or two numbers; what is longer than its row of names is no row of constants."""
    after = folded("0 1 3 4 0", main="A, B = range(2)\nC, D = range(3, 5)\nE, *F = range(9)\nprint(A, B, C, D, E)")
    assert not names_in(after["main"]) & set("ABCD")
    assert "E, *F = range(9)" in after["main"]
    assert "range(0, 4, 2)" in folded("0 2", main="A, B = range(0, 4, 2)\nprint(A, B)")["main"]


# -- hazards: nothing is folded ------------------------------------------------------------------


@pytest.mark.parametrize(
    "expected, source",
    [
        ("1 2", "LIMIT = 1\nprint(LIMIT, end=' ')\nLIMIT = 2\nprint(LIMIT)"),  # assigned twice
        ("3", "LIMIT = 1\nLIMIT += 2\nprint(LIMIT)"),
        ("2", "LIMIT = 1\n\ndef f():\n    global LIMIT\n    LIMIT = 2\nf()\nprint(LIMIT)"),
        ("9 1", "LIMIT = 1\n\ndef f(LIMIT):\n    return LIMIT\nprint(f(9), LIMIT)"),  # shadowed by a parameter
        ("9 1", "LIMIT = 1\n\ndef f(n):\n    LIMIT = n\n    return LIMIT\nprint(f(9), LIMIT)"),  # by a local
        ("[0, 2] 1", "LIMIT = 1\nprint([LIMIT * 2 for LIMIT in range(2)], LIMIT)"),  # by a comprehension
        ("8 1", "LIMIT = 1\nprint((lambda LIMIT: LIMIT)(8), LIMIT)"),
        ("2 1", "LIMIT = 1\n\nclass A:\n    LIMIT = LIMIT + 1\nprint(A.LIMIT, LIMIT)"),  # class attribute
        ("1 2", "LIMIT = 1\nprint(LIMIT, (LIMIT := 2))"),
        ("2", "import sys\nif sys.argv:\n    LIMIT = 2\nelse:\n    LIMIT = 3\nprint(LIMIT)"),  # not at the top level
        ("2", "LIMIT = 1\nfor LIMIT in (1, 2):\n    pass\nprint(LIMIT)"),
        ("gone", "LIMIT = 1\ndel LIMIT\ntry:\n    LIMIT\nexcept NameError:\n    print('gone')"),
        ("True", "LIMIT = True\nprint(LIMIT)"),  # no int
        ("0.5", "LIMIT = 1 / 2\nprint(LIMIT)"),
        ("1", "LIMIT = 1\nprint(globals()['LIMIT'])"),  # the module looks at itself
        ("1", "LIMIT = 1\nprint(eval('LI' + 'MIT'))"),
        ("4", "LIMIT = 1\nimport sys\nsetattr(sys.modules['main'], 'LIMIT', 4)\nprint(LIMIT)"),  # name in a string
        ("4", "LIMIT = 1\nimport sys\nsys.modules['main'].LIMIT = 4\nprint(LIMIT)"),  # attribute assigned
        ("36893488147419103232", "LIMIT = 1 << 65\nprint(LIMIT)"),  # rather a name than a large object at each place
        ("18446744073709551616", "LIMIT = 1 << 64\nprint(LIMIT)"),
        ("range", "LIMIT, OTHER = range(2)\n\ndef f(range):\n    return LIMIT\nprint('range')"),
    ],
)
def test_what_may_not_be_constant_is_left(folded, expected, source):
    assert "LIMIT" in names_in(folded(expected, main=source)["main"])


@pytest.mark.parametrize(
    "expected, main",
    [
        ("3 1", "from t import LIMIT\nimport t\nLIMIT = 3\nprint(LIMIT, t.LIMIT)"),  # the reader's own name changes
        (
            "3",
            "import t\n\ndef f(t):\n    return t.LIMIT\n\nclass A:\n    LIMIT = 3\nprint(f(A))",
        ),  # the module's name does
        ("1", "def f():\n    from t import LIMIT\n    return LIMIT\nprint(f())"),
        ("1", "def f():\n    import t\n    return t.LIMIT\nprint(f())"),
        ("1", "from t import *\nprint(LIMIT)"),
        ("1", "import t\nprint(getattr(t, 'LIMIT'))"),
        ("1", "import t\nprint({'t': t}['t'].LIMIT)"),  # through something else
        ("2", "import t\nt.LIMIT = 2\nprint(t.f())"),
        ("1", "try:\n    from t import LIMIT\nexcept ImportError:\n    LIMIT = 5\nprint(LIMIT)"),
        ("1 a", "import t\nprint(t.LIMIT, 'a')\nexec('import t')"),
    ],
)
def test_what_a_reader_may_still_ask_for_is_left(folded, expected, main):
    after = folded(expected, main=main, t="LIMIT = 1\n\ndef f():\n    return LIMIT\n")
    assert "LIMIT = 1" in after["t"]


def test_what_is_imported_only_to_be_imported_from_there_stays_if_it_is_asked_for(folded):
    main = "def f():\n    from u import LIMIT\n    return LIMIT\nprint(f())"
    after = folded("1", main=main, u="from v import LIMIT\n", v="from t import LIMIT\n", t="LIMIT = 1\n")
    assert [after[name].strip() for name in "uvt"] == ["from v import LIMIT", "from t import LIMIT", "LIMIT = 1"]


@pytest.mark.parametrize("way", ["import loud", "from loud import thing", "from p import q"])
def test_an_import_stays_if_what_it_loads_does_something(tmp_path, way):
    sources = {
        "main.py": "import t\nprint(t.FIVE)", "t.py": f"{way}\nFIVE = 5\n", "loud.py": "thing = []\nprint('loaded')\n",
        "p/__init__.py": "", "p/q.py": "import loud\n",
    }  # fmt: skip
    after = fold(sources).sources
    assert printed(tmp_path / "a", sources) == printed(tmp_path / "b", after) == "loaded\n5"


@pytest.mark.parametrize(
    "statement", ["for i in [1]:\n    print('done')", "x = {}\nx[1] = print('done')", "if True:\n    print('done')"]
)
def test_a_module_that_does_something_when_loaded_is_loaded(folded, statement):
    folded("done\n5", main="import t\nprint(t.FIVE)", t=f"FIVE = 5\n{statement}\n")


def test_an_import_that_does_something_stays(folded):
    after = folded("loaded\n5", main="import t\nfrom t import FIVE\nprint(FIVE)", t="FIVE = 5\nprint('loaded')\n")
    assert "import t" in after["main"]


def test_an_import_that_nobody_reads_stays(folded):
    after = folded("5", main="import t\nprint(5)", t="FIVE = 5\n")
    assert "import t" in after["main"]


# -- __slots__ and annotations -------------------------------------------------------------------


def test_slots_and_annotations_go_and_behaviour_stays(folded):
    source = (
        "from t import Thing\n\nclass A:\n    __slots__ = ('x',)\n\n"
        "    def f(self, x: int, y: 'Thing' = None) -> Thing:\n"
        "        self.x: int = x\n        return self.x\n\nclass B:\n    __slots__ = ('x',)\n"
        "print(A().f(4), B.__name__)"
    )
    after = folded("4 B", main=source, t="class Thing:\n    pass\n")["main"]
    assert not names_in(after) & {"__slots__", "int", "Thing"}


@pytest.mark.parametrize(
    "expected, source, kept",
    [
        ("('x',)", "class A:\n    __slots__ = ('x',)\nprint(A.__slots__)", "__slots__"),
        ("A(x=3)", "from dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: int = 3\nprint(A())", "int"),
        ("{'x': <class 'int'>}", "class A:\n    x: int = 3\nprint(A.__annotations__)", "int"),
        (
            "local",
            "x = 1\n\ndef f():\n    x: int\n    try:\n        return x\n    except UnboundLocalError:\n"
            "        return 'local'\nprint(f())",
            "int",
        ),
    ],
)
def test_slots_and_annotations_that_somebody_needs_stay(folded, expected, source, kept):
    assert kept in names_in(folded(expected, main=source)["main"])


def test_a_folded_tree_has_nothing_left_to_fold(folded):
    source = (
        "A = 3\n\nclass _Thing:\n    __slots__ = ('_x',)\n\n    def __init__(self):\n        self._x = A\n"
        "print(_Thing()._x)"
    )
    after = folded("3", main=source)
    again = folded("3", main=after["main"])
    assert again["main"] == after["main"].replace("a_", "b_"), "names new to a tree that has a_ already"
