"""`make mutation`: break the dose modules in every small way and see whether a test notices.

    python tests/mutation/run.py [MODULE ...] [--jobs 2] [--out build/mutation] [--again]

Works in private copies of the tree, so nothing here is touched. Which tests a module has to be caught by is in
selection.toml; they run in that order until one fails. A result is kept as long as neither the module nor its tests
change, so an interrupted run goes on where it was; a killed mutant is not run again for changed tests unless
`--again` says so. A survivor whose key stands in firmware/decisions/0008-mutants.md, with its reason, is accepted.
Exit status 1 if less than 95 % are killed or accepted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant, mutants

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ACCEPTED = ROOT / "firmware/decisions/0008-mutants.md"
COPIED = ("protocol", "firmware", "host", "hil", "tests", "pyproject.toml", "Makefile", "docs", "README.md")
TARGET = 0.95
LONG_AGO_S = 1_500_000_000
SLACK, LEAST_S = 6, 20.0  # a mutant may take so many times the whole sound run, and at least so long


@dataclass
class Job:
    """One mutant of one module."""

    module: str
    path: str
    mutant: Mutant
    tests: list[list[str]]
    timeout_s: float
    state: str  # of the module and its tests


class Copy:
    """A private tree to break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        skip = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=skip)
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, folder / name)
        paths = [str(folder / name) for name in ("protocol", "firmware", "host", "hil", "tests")]
        self._written = 0
        self._environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths),
            "HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "dev"),
        }  # fmt: skip

    def write(self, path: str, source: str) -> None:
        """Put a source in its place, older than any before it.

        By size and second of a file Python tells whether its .pyc is stale: written in one second, one mutant would
        run as the one before it.
        """
        self._written += 1
        target = self.folder / path
        target.write_text(source, encoding="utf-8")
        os.utime(target, (LONG_AGO_S - self._written,) * 2)

    def passes(self, tests: list[list[str]], timeout_s: float) -> str:
        """ "passed", "failed" or "timeout" of the first command that does not pass."""
        until = time.monotonic() + timeout_s
        for command in tests:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                if process.wait(timeout=max(0.1, until - time.monotonic())):
                    return "failed"
            except subprocess.TimeoutExpired:
                return "timeout"
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # with the interpreters it may have started
                    process.wait()
        return "passed"


def commands(names: list[str]) -> list[list[str]]:
    """Command lines for tests by name, neighbours of a kind in one process."""
    found: list[list[str]] = []
    for name in names:
        if not (ROOT / "tests" / name).exists():
            raise SystemExit(f"mutation stopped: selection.toml names tests/{name}, which does not exist")
        portable = name.startswith("portable/")
        if portable:
            found.append([sys.executable, "tests/portable/run.py", Path(name).stem])
        elif found and "pytest" in found[-1]:
            found[-1].append(f"tests/{name}")
        else:
            options = ("-x", "-q", "-p", "no:cacheprovider", "--assert=plain")  # nobody reads why it failed
            found.append([sys.executable, "-m", "pytest", *options, f"tests/{name}"])
    return found


def digest(*paths: Path) -> str:
    """Of the contents of files."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def accepted() -> set[str]:
    """Keys in the table of the decision record."""
    text = ACCEPTED.read_text(encoding="utf-8") if ACCEPTED.exists() else ""
    return set(re.findall(r"^\| `([0-9a-f]{8})`", text, re.MULTILINE))


def jobs(selection: dict[str, list[str]], wanted: list[str], trees: list[Copy]) -> Iterator[Job]:
    """Every mutant; first it is seen that the tests pass on the sound tree and notice a module that is gone."""
    for module in wanted or selection:
        path = f"firmware/pumpfw/core/{module}.py"
        source = (ROOT / path).read_text(encoding="utf-8")
        tests = commands(selection[module])
        started = time.monotonic()
        if (said := trees[0].passes(tests, 600)) != "passed":
            raise SystemExit(f"mutation stopped: the tests of {module} do not pass as they are ({said})")
        timeout_s = max(LEAST_S, SLACK * (time.monotonic() - started))
        trees[0].write(path, "raise ValueError\n")
        if trees[0].passes(tests, timeout_s) == "passed":
            raise SystemExit(f"mutation stopped: the tests of {module} pass without it")
        trees[0].write(path, source)
        state = digest(ROOT / path) + " " + digest(*(ROOT / "tests" / name for name in selection[module]))
        for mutant in mutants(source):
            yield Job(module, path, mutant, tests, timeout_s, state)


class Results:
    """One line of JSON a mutant, written as it is known."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines if line.endswith("}")]  # the last may have been cut short
        self.known = {(row["module"], row["key"]): row for row in rows}

    def outcome(self, job: Job, again: bool) -> str | None:
        """What is known of this mutant and still holds."""
        row = self.known.get((job.module, job.mutant.key))
        if row is None or row["state"].split()[0] != job.state.split()[0]:
            return None
        if row["state"] != job.state and (again or row["outcome"] == "passed"):
            return None
        return str(row["outcome"])

    def add(self, job: Job, outcome: str, seconds: float) -> None:
        """Keep a result."""
        row = {
            "module": job.module, "key": job.mutant.key, "line": job.mutant.line, "what": job.mutant.what,
            "outcome": outcome, "seconds": round(seconds, 1), "state": job.state, "diff": job.mutant.diff(),
        }  # fmt: skip
        with self._lock:
            self.known[job.module, job.mutant.key] = row
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def report(done: list[tuple[Job, str]]) -> tuple[str, float]:
    """Text and the ratio of killed or accepted mutants."""
    fine = accepted()
    lines, left, total_left = [], [], 0
    for module in dict.fromkeys(job.module for job, _ in done):
        rows = [(job, outcome) for job, outcome in done if job.module == module]
        alive = [job for job, outcome in rows if outcome == "passed"]
        open_ = [job for job in alive if job.mutant.key not in fine]
        late = sum(outcome == "timeout" for _, outcome in rows)
        killed = len(rows) - len(alive)
        numbers = f"{len(rows):>5} mutants {killed:>5} killed ({late} by time) {len(alive) - len(open_):>4} accepted"
        shares = f"{killed / len(rows):7.1%} killed, {1 - len(open_) / len(rows):7.1%} with accepted"
        lines.append(f"{module:<12} {numbers} {len(open_):>4} survive   {shares}")
        total_left += len(open_)
        left += [
            f"\n{job.path}:{job.mutant.line} `{job.mutant.key}` {job.mutant.what}\n{job.mutant.diff()}" for job in open_
        ]
    ratio = 1 - total_left / len(done) if done else 0.0
    lines.append(f"{'all':<12} {len(done):>5} mutants, {ratio:.1%} killed or accepted; target {TARGET:.0%}")
    return "\n".join([*lines, *left]), ratio


def main() -> int:
    """Run; the exit status."""
    parser = argparse.ArgumentParser(description="Mutation testing of the dose modules.")
    parser.add_argument("modules", nargs="*", help="names such as delivery; all of the selection if none is given")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "build/mutation")
    parser.add_argument("--selection", type=Path, default=HERE / "selection.toml")
    parser.add_argument("--again", action="store_true", help="run killed mutants again whose tests have changed")
    options = parser.parse_args()
    selection = tomllib.loads(options.selection.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    results = Results(options.out / "results.jsonl")
    with tempfile.TemporaryDirectory(prefix="pumpbench-mutants-") as folder:
        trees = [Copy(Path(folder) / str(number)) for number in range(options.jobs)]
        free = list(trees)
        done: list[tuple[Job, str]] = []

        def one(job: Job) -> tuple[Job, str]:
            known = results.outcome(job, options.again)
            if known is not None:
                return job, known
            tree = free.pop()
            started = time.monotonic()
            try:
                tree.write(job.path, job.mutant.source)
                outcome = tree.passes(job.tests, job.timeout_s)
            finally:
                tree.write(job.path, job.mutant.original)
                free.append(tree)
            results.add(job, outcome, time.monotonic() - started)
            return job, outcome

        every = list(jobs(selection, options.modules, trees))
        with ThreadPoolExecutor(options.jobs) as pool:
            try:
                for number, row in enumerate(pool.map(one, every), 1):
                    done.append(row)
                    if row[1] == "passed" or number % 50 == 0:
                        job = row[0]
                        print(
                            f"{number}/{len(every)} {job.path}:{job.mutant.line} {job.mutant.what}: {row[1]}",
                            flush=True,
                        )
            except KeyboardInterrupt:
                pool.shutdown(cancel_futures=True)
                print("stopped; the next run goes on from here", file=sys.stderr)
                return 130
    text, ratio = report(done)
    (options.out / "report.txt").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
