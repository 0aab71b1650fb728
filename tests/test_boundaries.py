"""Who may import whom, and the shape of a module, read from the syntax trees.

    python -m pytest tests/test_boundaries.py

`RULES` is the import table: the row with the longest matching prefix decides, a module without a row of its own
falls under that of its package, and the packages below `pumpfw.boards` each need one. Nothing is imported here, so
an import inside a function or behind a condition counts as well. What the dialect of MicroPython forbids is in
test_dialect.py.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("protocol", "firmware", "host", "hil", "tests")
PACKAGES = {"pumplink": "protocol", "pumpfw": "firmware", "pumphost": "host", "pumphil": "hil"}
MAX_LINES = 350
ANY = frozenset({"*"})
STANDARD = frozenset(sys.stdlib_module_names)


@dataclass(frozen=True)
class Rule:
    """What modules below `where` may import: of ours by prefix, of others by top-level name (`ANY`: all)."""

    where: str
    ours: tuple[str, ...]
    others: frozenset[str]


def rule(where: str, *ours: str, others: frozenset[str] = frozenset()) -> Rule:
    return Rule(where, (where, *ours), others)


# array and struct hold and pack integers: no clock, no port, no file, and both exist on every board.
DATA = frozenset({"array", "struct"})
FRONT_DOORS = (
    "pumphil.calibrate",
    "pumphil.doctor",
    "pumphil.campaign",
    "pumphil.entry",
    "pumphil.history",
    "pumphil.instruments",
    "pumphil.rigs",
    "pumphil.serve",
    "pumphil.simulate",
)
CORE = ("pumplink", "pumpfw.core")
RULES = (
    rule("pumplink", others=DATA | {"binascii", "hashlib", "micropython"}),
    Rule("pumpfw", (), frozenset()),
    rule("pumpfw.core", "pumplink", others=DATA),
    Rule("pumpfw.boards", (), frozenset()),
    rule("pumpfw.boards.lockstep", *CORE, others=DATA),
    rule(
        "pumpfw.boards.vm",
        *CORE,
        "pumpfw.boards.lockstep",
        others=DATA | {"binascii", "gc", "micropython", "os", "select", "sys"},
    ),
    rule(
        "pumpfw.boards.pico",
        *CORE,
        others=DATA | {"gc", "hashlib", "machine", "micropython", "os", "rp2", "select", "sys", "time"},
    ),
    rule("pumphost", "pumplink", others=ANY),
    # The command line is the one place that joins host and bench, and it knows only the bench's front doors.
    rule("pumphost.cli", "pumphost", "pumplink", *FRONT_DOORS, others=ANY),
    rule("pumphil", *PACKAGES, others=ANY),
    # The judge is independent: of the firmware, of the wire, of the plant.
    rule("pumphil.oracle", "pumphost.therapy", others=STANDARD),
    rule("pumphil.plant", others=ANY),
    rule("pumphil.metrology", others=ANY),
    rule(
        "pumphil.instruments", "pumphil.plant", "pumphil.metrology", "pumphost.transport", "pumphost.errors", others=ANY
    ),
)


def is_below(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def rule_of(module: str) -> Rule:
    """The row with the longest prefix that fits. KeyError for a module outside the four packages."""
    fitting = [row for row in RULES if is_below(module, row.where)]
    if not fitting:
        raise KeyError(f"no import rule covers {module}: add a row to RULES")
    return max(fitting, key=lambda row: len(row.where))


def imported(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import; `from a import b` is a.b, an unreadable dynamic import is `<dynamic>`."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called_name(node) in ("__import__", "import_module"):
            yield from ((node.lineno, name) for name in dynamic_names(tree, node))


def dynamic_names(tree: ast.AST, call: ast.Call) -> list[str]:
    """What a dynamic import may bring: its literal, or the literals that a loop gives its variable."""
    first = call.args[0] if call.args else None
    values: list[ast.expr | None] = [first]
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Tuple) and ast.dump(loop.target) == as_target(first):
            values = list(loop.iter.elts)
    return [str(v.value) if isinstance(v, ast.Constant) else "<dynamic>" for v in values]


def as_target(node: ast.expr | None) -> str:
    return ast.dump(ast.Name(node.id, ast.Store())) if isinstance(node, ast.Name) else ""


def called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def import_findings(source: str, module: str, is_package: bool = False) -> list[str]:
    """Sentences, one for each import that the table forbids to `module`."""
    row = rule_of(module)
    findings = []
    for line, name in imported(ast.parse(source, module), module, is_package):
        top = name.split(".")[0]
        if top in PACKAGES:
            allowed = any(is_below(name, prefix) for prefix in row.ours)
        else:
            allowed = row.others is ANY or top in row.others
        if not allowed:
            findings.append(f"{module}:{line} imports {name}, the rule of {row.where} does not allow it")
    return findings


def shape_findings(source: str, name: str) -> list[str]:
    """Sentences about a missing module docstring or too many lines."""
    findings = []
    lines = len(source.splitlines())
    if lines > MAX_LINES:
        findings.append(f"{name} has {lines} lines, {MAX_LINES} are allowed: split it by what it is about")
    if not ast.get_docstring(ast.parse(source, name)):
        findings.append(f"{name} has no module docstring: say its purpose, use and what it does not do")
    return findings


def modules() -> Iterator[tuple[str, bool, Path]]:
    """(dotted name, is a package, path) of every module of the four packages."""
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            yield ".".join(parts[:-1] if is_package else parts), is_package, path


def test_every_import_is_allowed() -> None:
    found = list(modules())
    assert {name.split(".")[0] for name, _, _ in found} == set(PACKAGES), (
        "a package was not found: the check saw nothing"
    )
    findings = [
        text for name, is_package, path in found for text in import_findings(path.read_text(), name, is_package)
    ]
    assert not findings, "\n".join(findings)


def test_every_rule_is_used() -> None:
    used = {rule_of(name).where for name, _, _ in modules()}
    unused = [row.where for row in RULES if row.where not in used]
    assert not unused, f"rules without a module, misspelt or to be removed: {unused}"


def test_every_file_is_short_and_says_what_it_is() -> None:
    paths = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(paths) > len(SOURCES)
    findings = [text for path in paths for text in shape_findings(path.read_text(), str(path.relative_to(ROOT)))]
    assert not findings, "\n".join(findings)


BAD_IMPORTS = [
    ("pumplink.frame", "import time", "time"),
    ("pumplink.frame", "from typing import Any", "typing.Any"),
    ("pumplink.frame", "import pumpfw.core.pump", "pumpfw.core.pump"),
    ("pumpfw.core.pump", "import machine", "machine"),
    ("pumpfw.core.pump", "def f():\n    import random", "random"),
    ("pumpfw.core.pump", "from pumpfw import boards", "pumpfw.boards"),
    ("pumpfw.core.pump", "from ..boards.vm import main", "pumpfw.boards.vm.main"),
    ("pumpfw.boards.vm", "import time", "time"),
    ("pumpfw.boards.vm", "from pumpfw.boards.pico import pins", "pumpfw.boards.pico.pins"),
    ("pumpfw.boards.unheard_of", "import pumplink", "pumplink"),
    ("pumphost.session", "from pumpfw.core import config", "pumpfw.core.config"),
    ("pumphost.session", "import pumphil", "pumphil"),
    ("pumphost.cli.simulate", "import pumpfw.core.pump", "pumpfw.core.pump"),
    ("pumphost.cli.simulate", "from pumphil.plant import Plant", "pumphil.plant.Plant"),
    ("pumphost.cli.simulate", "import pumphil", "pumphil"),
    ("pumphil.oracle.schedule", "from pumplink.messages import DAY_MS", "pumplink.messages.DAY_MS"),
    ("pumphil.oracle.schedule", "import numpy", "numpy"),
    ("pumphil.oracle.schedule", "from pumphost.session import Session", "pumphost.session.Session"),
    ("pumphil.oracle.schedule", "from pumphost import session", "pumphost.session"),
    ("pumphil.oracle", "from ..plant import Plant", "pumphil.plant.Plant"),
    ("pumphil.oracle.schedule", "x = __import__('pumpfw')", "pumpfw"),
    ("pumphil.oracle.schedule", "import importlib\nx = importlib.import_module(name)", "<dynamic>"),
    ("pumphil.oracle.schedule", "for name in ('json', 'pumpfw.core'):\n    __import__(name)", "pumpfw.core"),
    ("pumphil.plant.plant", "from pumpfw.core import delivery", "pumpfw.core.delivery"),
    ("pumphil.plant.plant", "from pumphil.oracle import quantum_nl", "pumphil.oracle.quantum_nl"),
    ("pumphil.metrology.budget", "from pumplink import codes", "pumplink.codes"),
    ("pumphil.instruments.encoder", "from pumphil.rigs import open_rig", "pumphil.rigs.open_rig"),
]


@pytest.mark.parametrize(("module", "source", "name"), BAD_IMPORTS)
def test_checker_sees_a_forbidden_import(module: str, source: str, name: str) -> None:
    is_package = module == "pumphil.oracle"
    findings = import_findings(source, module, is_package)
    assert len(findings) == 1
    assert f" imports {name}," in findings[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("pumplink.frame", "import struct, binascii, hashlib\nfrom pumplink.cobs import encode\nfrom . import crc32c"),
        ("pumpfw.core.pump", "from array import array\nfrom pumplink import codes\nfrom .bolus import Bolus"),
        ("pumpfw.boards.vm", "for _n in ('pumplink.frame', 'pumpfw.core.pump'):\n    __import__(_n)"),
        ("pumpfw.boards.vm", "import sys, gc\nfrom pumpfw.boards.lockstep import LockstepBoard"),
        ("pumphost.session", "import serial\nfrom pumplink import frame\nimport pumphost.errors"),
        ("pumphost.cli.simulate", "from pumphil.simulate import simulate"),
        ("pumphil.oracle.schedule", "from fractions import Fraction\nfrom pumphost.therapy import Therapy"),
        ("pumphil.instruments.balance", "from pumphil.plant import Plant\nimport numpy"),
        ("pumphil.rigs.sim", "import pumpfw.core.pump, pumplink, pumphost, pumphil.plant"),
    ],
)
def test_checker_lets_an_allowed_import_pass(module: str, source: str) -> None:
    assert import_findings(source, module) == []


def test_checker_asks_for_a_rule_of_an_unknown_package() -> None:
    with pytest.raises(KeyError, match="add a row"):
        rule_of("pumpcloud.upload")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1\n", "has no module docstring"),
        ("# a comment is none\nimport os\n", "has no module docstring"),
        ('"""Long."""\n' + "x = 1\n" * MAX_LINES, f"has {MAX_LINES + 1} lines"),
    ],
)
def test_checker_sees_a_bad_shape(source: str, complaint: str) -> None:
    findings = shape_findings(source, "sample.py")
    assert len(findings) == 1
    assert complaint in findings[0]


def test_checker_lets_a_good_shape_pass() -> None:
    assert shape_findings('"""Short."""\n' + "x = 1\n" * (MAX_LINES - 1), "sample.py") == []
