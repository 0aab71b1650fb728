"""What portable code must not use, read from the syntax trees of `pumplink`, `pumpfw` and the probe.

    python -m pytest tests/test_dialect.py

Each rule was measured: CPython accepts the form, MicroPython 1.28 refuses it, fails at run time or gives another
result. The compiler check of `make lint` sees only what cannot be parsed; most of these it lets pass. Dose code
(`pumpfw.core`) is held to integers besides. Types are not followed: what a tree cannot show, a run on MicroPython must.
"""

import ast
import builtins
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PORTABLE = ("protocol/pumplink", "firmware", "hil/probe")
DOSE = "firmware/pumpfw/core"

ABSENT_MODULES = frozenset(
    "__future__ typing dataclasses enum contextlib abc functools itertools pathlib unittest fractions decimal".split()
)
OUTSIDE_WORLD = frozenset("time utime os sys machine rp2 math cmath random asyncio select socket".split())
ABSENT_NAMES = frozenset(
    "bit_length bit_count removeprefix removesuffix zfill ljust rjust casefold isascii expandtabs isqrt crc_hqx "
    "hexdigest iter_unpack cast tobytes nbytes __cause__ __doc__ __defaults__ __annotations__ defaultdict".split()
)
POSITIONAL_ONLY = frozenset("from_bytes to_bytes split rsplit encode decode unpack_from pack_into".split())
POSITIONAL_ONLY_BUILTINS = frozenset("int sum zip str round pow".split())
DICT_VIEWS = frozenset("items keys values".split())
BUILTIN_TYPES = frozenset("int str bytes bytearray bool list dict tuple set frozenset type object".split())
Finding = tuple[ast.AST, str]


def annotations(tree: ast.AST) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
    return [annotation for annotation in found if annotation is not None]


def foreign_annotations(nodes: list[ast.AST]) -> Iterator[Finding]:
    """Names in annotations that only an import could bring: CPython evaluates them."""
    for node in nodes:
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and not hasattr(builtins, node.id)):
            yield node, f"annotation {name_of(node)} is evaluated by CPython: quote it or leave it out"


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def syntax(node: ast.AST) -> Iterator[Finding]:
    """Forms that MicroPython cannot parse."""
    if isinstance(node, ast.Match):
        yield node, "match does not parse: use if and elif"
    elif isinstance(node, ast.TryStar):
        yield node, "except* does not parse"
    elif isinstance(node, ast.arguments) and node.posonlyargs:
        yield node.posonlyargs[0], "positional-only / does not parse"
    elif isinstance(node, ast.List | ast.Tuple | ast.Set) and not isinstance(getattr(node, "ctx", None), ast.Store):
        if any(isinstance(item, ast.Starred) for item in node.elts):
            yield node, "a starred item in a display does not parse: add the lists"
    elif isinstance(node, ast.Dict) and None in node.keys:
        yield node, "** in a display does not parse: use update()"
    elif isinstance(node, ast.JoinedStr):
        yield from f_string(node)


def f_string(node: ast.JoinedStr) -> Iterator[Finding]:
    for part in node.values:
        if isinstance(part, ast.Constant) and set("{}") & set(str(part.value)):
            yield node, "a brace in or beside an f-string is taken for a field: build the text in two steps"
        if isinstance(part, ast.FormattedValue):
            for inner in ast.walk(part.value):
                text = inner.value if isinstance(inner, ast.Constant) and isinstance(inner.value, str) else ""
                if isinstance(inner, ast.Lambda | ast.JoinedStr) or set("{}:'\"") & set(text):
                    yield node, "text inside a field of an f-string may end it: name the value first"


def modules_and_names(node: ast.AST) -> Iterator[Finding]:
    """Modules and attributes that MicroPython does not have."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name.split(".")[0] for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [(node.module or "").split(".")[0]]
        yield from ((node, f"{alias.name} is absent") for alias in node.names if alias.name in ABSENT_NAMES)
    yield from ((node, f"module {name} is absent") for name in names if name in ABSENT_MODULES)
    if isinstance(node, ast.Attribute) and node.attr in ABSENT_NAMES:
        yield node, f".{node.attr} is absent"
    if isinstance(node, ast.Name) and node.id == "vars":
        yield node, "vars is absent"


def run_time(node: ast.AST) -> Iterator[Finding]:
    """Forms that parse and then fail, or do something else."""
    if isinstance(node, ast.Subscript) and name_of(node.value) in BUILTIN_TYPES and isinstance(node.value, ast.Name):
        yield node, f"{node.value.id}[...] fails outside an annotation"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = (node.left, node.right)
        if any((isinstance(s, ast.Constant) and s.value is None) or name_of(s) in BUILTIN_TYPES for s in sides):
            yield node, "a union of types fails outside an annotation: use a tuple"
    elif isinstance(node, ast.ClassDef) and node.keywords:
        yield node, "a keyword in a class statement fails"
    elif isinstance(node, ast.Raise) and node.cause is not None:
        yield node, "raise ... from prints a warning instead of chaining"
    elif isinstance(node, ast.Call) and any(keyword.arg for keyword in node.keywords):
        by_attribute = isinstance(node.func, ast.Attribute) and node.func.attr in POSITIONAL_ONLY
        if by_attribute or (isinstance(node.func, ast.Name) and node.func.id in POSITIONAL_ONLY_BUILTINS):
            yield node, f"{name_of(node.func)}() takes no keyword"


def dict_order(tree: ast.AST) -> Iterator[Finding]:
    """A dict has no order there; a run would differ between interpreters."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    in_order = {id(argument) for call in calls if name_of(call.func) == "sorted" for argument in call.args}
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in DICT_VIEWS and id(call) not in in_order:
            yield call, f".{call.func.attr}() has no fixed order: go over a tuple, or wrap it in sorted()"


def dose(node: ast.AST) -> Iterator[Finding]:
    """Forms that bring a float, or the outside world, into dose code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
        yield node, f"float literal {node.value}"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        yield node, "/ gives a float: use //"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow):
        exponent = node.right if isinstance(node, ast.BinOp) else node.value
        if not (isinstance(exponent, ast.Constant) and isinstance(exponent.value, int)):
            yield node, "** with an exponent that may be negative gives a float: shift or multiply"
    elif isinstance(node, ast.Name) and node.id in ("float", "round", "complex"):
        yield node, f"{node.id} in dose code: integers only"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        outside = [name for name in names if name.split(".")[0] in OUTSIDE_WORLD]
        yield from ((node, f"{name} in dose code: time and ports come in as arguments") for name in outside)


def findings(source: str, name: str, is_dose: bool = False) -> list[str]:
    """Sentences, one for each breach in `source`, in the order of the lines."""
    tree = ast.parse(source, name)
    in_annotations = [inner for annotation in annotations(tree) for inner in ast.walk(annotation)]
    not_evaluated = {id(inner) for inner in in_annotations}
    found = [*dict_order(tree), *foreign_annotations(in_annotations)]
    checks: list[Callable[[ast.AST], Iterator[Finding]]] = [syntax, modules_and_names, run_time]
    if is_dose:
        checks.append(dose)
    for node in ast.walk(tree):
        if id(node) not in not_evaluated:
            found.extend(finding for check in checks for finding in check(node))
    return [f"{name}:{line} {text}" for line, text in sorted({(node.lineno, text) for node, text in found})]


def test_portable_code_keeps_to_the_dialect() -> None:
    paths = [path for folder in PORTABLE for path in sorted((ROOT / folder).rglob("*.py"))]
    dose_paths = set((ROOT / DOSE).rglob("*.py"))
    assert len(dose_paths) > 5, f"{DOSE} was not found: the check saw nothing"
    assert set(paths) > dose_paths
    found = [
        text
        for path in paths
        for text in findings(path.read_text(), str(path.relative_to(ROOT)), is_dose=path in dose_paths)
    ]
    assert not found, "\n".join(found)


BAD = [
    ("match x:\n    case 1: pass", "match does not parse"),
    ("try:\n    f()\nexcept* ValueError:\n    pass", "except* does not parse"),
    ("def f(a, /, b): pass", "positional-only /"),
    ("x = [*a, *b]", "starred item"),
    ("x = (*a, 1)", "starred item"),
    ("x = {*a}", "starred item"),
    ("x = {**a}", "** in a display"),
    ("x = f'{a}' '{c}'", "brace in or beside an f-string"),
    ("x = f'{d[\"}\"]}'", "text inside a field"),
    ("x = f'{(lambda: 1)()}'", "text inside a field"),
    ("from __future__ import annotations", "module __future__ is absent"),
    ("from typing import Any", "module typing is absent"),
    ("import dataclasses", "module dataclasses is absent"),
    ("def f():\n    import enum", "module enum is absent"),
    ("from collections import defaultdict", "defaultdict is absent"),
    ("n = x.bit_length()", ".bit_length is absent"),
    ("s = h.hexdigest()", ".hexdigest is absent"),
    ("x = vars(a)", "vars is absent"),
    ("x = list[int]", "list[...] fails"),
    ("x = int | None", "union of types"),
    ("isinstance(a, int | str)", "union of types"),
    ("class A(metaclass=B): pass", "keyword in a class statement"),
    ("raise ValueError(1) from error", "raise ... from"),
    ("x = int.from_bytes(b, byteorder='big')", "from_bytes() takes no keyword"),
    ("x = n.to_bytes(4, 'little', signed=True)", "to_bytes() takes no keyword"),
    ("x = int('10', base=16)", "int() takes no keyword"),
    ("x = zip(a, b, strict=True)", "zip() takes no keyword"),
    ("for k in d.items(): pass", ".items() has no fixed order"),
    ("def f(a: Foo): pass", "annotation Foo"),
    ("def f() -> Foo: pass", "annotation Foo"),
    ("x: a.Foo = 1", "annotation Foo"),
]
BAD_DOSE = [
    ("x = 0.5", "float literal 0.5"),
    ("x = 1e3", "float literal 1000.0"),
    ("x = 1j", "float literal"),
    ("x = a / b", "/ gives a float"),
    ("x /= 2", "/ gives a float"),
    ("x = 2 ** n", "** with an exponent"),
    ("x = 2 ** -1", "** with an exponent"),
    ("x = float(a)", "float in dose code"),
    ("x = map(float, a)", "float in dose code"),
    ("x = round(a)", "round in dose code"),
    ("import math", "math in dose code"),
    ("from time import ticks_ms", "time in dose code"),
    ("import os, sys", "os in dose code"),
    ("import machine", "machine in dose code"),
]
GOOD = [
    "def f(a: int, b: 'Foo', c: list[int], d: int | None = None) -> 'Foo': pass",
    "a, *b = c",
    "f(*a, **b)",
    "x = f'{a} of {b:>4}'",
    "x = '%d {}' % a",
    "for k in sorted(d.items()): pass",
    "x = a[0] | b[1]",
    "x = flags | 4",
    "def f(a, *, b=1): return (n := a)",
    "x = int.from_bytes(b, 'big')",
    "class A(B):\n    __slots__ = ('a',)",
]


@pytest.mark.parametrize(("source", "complaint"), BAD)
def test_checker_sees_what_micropython_refuses(source: str, complaint: str) -> None:
    assert any(complaint in text for text in findings(source, "sample.py"))


@pytest.mark.parametrize(("source", "complaint"), BAD_DOSE)
def test_checker_sees_a_float_or_a_port_in_dose_code(source: str, complaint: str) -> None:
    assert any(complaint in text for text in findings(source, "sample.py", is_dose=True))
    assert not any(complaint in text for text in findings(source, "sample.py"))


@pytest.mark.parametrize("source", [*GOOD, "x = a // b\nx //= 2\nx = 10 ** 6\nx = b'0.5'"])
def test_checker_lets_portable_code_pass(source: str) -> None:
    assert findings(source, "sample.py", is_dose=True) == []
