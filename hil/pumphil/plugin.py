"""The pytest plugin: rigs as fixtures, requirement ids as markers, every number on record.

    pytest --rig vm --rig-seed 1 --hil-out build/hil

Options   --rig auto|sim|vm|emulated|FILE.toml, --rig-seed N, --hil-out DIR (report.html, report.json),
          --hil-history FILE (with the reports)
Fixtures  rig, programmer, treatment, record
Markers   requirement("BOL-02", …)   ids that the test verifies; unknown ids end the collection
          needs("real-interpreter")  capabilities; without them the test is skipped, naming what is missing
          short                      takes minutes at most: runs where time is real too; others need virtual time
          reservoir("100 mL")        capacity of the pump, 20 mL without it

Sequence of a test: skip if the rig broke before or lacks something; open the rig; test; close the rig; record.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pumphil.parallel import Collector, hand_over, is_worker, take_a_core

if TYPE_CHECKING:
    from pumphil.hil_record import HilRecord
    from pumphil.records import Recorder, RunRecord
    from pumphil.rigs.lockstep import LockstepRig
    from pumphil.treatment import Treatment
    from pumphost.programmer import Programmer

SLOW_TEST_S = 3_600  # where an hour costs an hour
BENCH = pytest.StashKey["BenchState"]()
DEFAULT_RESERVOIR = "20 mL"
NOT_HERE = "not here: "  # begins the reason of a test that was skipped because its rig cannot run in this place


class BenchState:
    """What the tests of one run share: the recorder, and the first cause if the rig broke."""

    def __init__(self, rig: str, seed: int, out: Path | None, recorder: Recorder) -> None:
        self.rig = rig
        self.seed = seed
        self.out = out
        self.recorder = recorder
        self.broken: str | None = None
        self.history = ""  # where the run was kept, or why not
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.started = time.perf_counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the bench."""
    group = parser.getgroup("pumpbench", "pump bench")
    group.addoption(
        "--rig", default="auto", metavar="RIG", help="auto, sim, vm, emulated or a rig file (default: auto)"
    )
    group.addoption("--rig-seed", type=int, default=0, metavar="N", help="seed of plant and instruments (default: 0)")
    group.addoption("--hil-out", type=Path, metavar="DIR", help="write report.html and report.json there")
    group.addoption("--hil-history", type=Path, metavar="FILE", help="keep the run in this history")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and what tests in other processes need."""
    config.addinivalue_line("markers", "requirement(*ids): requirement ids that the test verifies")
    config.addinivalue_line("markers", "needs(*capabilities): capabilities of the rig that the test needs")
    config.addinivalue_line("markers", "short: takes minutes of rig time at most, under the profile of the rig")
    config.addinivalue_line("markers", "reservoir(volume): capacity of the pump's reservoir, such as '100 mL'")
    if is_worker(config):
        take_a_core(config)
    else:
        config.pluginmanager.register(Collector(lambda: _state(config).recorder), "pumpbench-collector")


def _ids(item: pytest.Item) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(i) for mark in item.iter_markers("requirement") for i in mark.args))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An id that no requirement has is a mistake in the test, told before anything runs."""
    marked = [(item.nodeid, _ids(item)) for item in items if item.get_closest_marker("requirement")]
    if not marked:
        return
    from pumphil.requirements import RequirementError, check_ids, load
    from pumphil.rigs import RigBroken, capabilities

    with suppress(RigBroken):  # told when the first test asks for it
        if "virtual-time" not in capabilities(config.getoption("--rig")):
            for item in items:
                item.add_marker(pytest.mark.timeout(SLOW_TEST_S))
    known = load()
    try:
        for nodeid, ids in marked:
            check_ids(ids, known, nodeid)
    except RequirementError as error:
        raise pytest.UsageError(str(error)) from None


def _state(config: pytest.Config) -> BenchState:
    """The shared state, made when the first test asks: runs that use no rig pay nothing."""
    state = config.stash.get(BENCH, None)
    if state is None:
        from importlib.metadata import version

        from pumphil.records import Recorder
        from pumphil.rigs.find import firmware_digest

        rig, seed = config.getoption("--rig"), config.getoption("--rig-seed")
        recorder = Recorder(
            rig=rig, interpreter="", firmware_digest=firmware_digest().hex(), seed=seed,
            pumpbench_version=version("pumpbench"),
        )  # fmt: skip
        state = config.stash[BENCH] = BenchState(rig, seed, config.getoption("--hil-out"), recorder)
    return state


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[LockstepRig]:
    """A fresh rig for this test."""
    from pumphil.history.keep import calibration_words
    from pumphil.rigs import RigBroken, RigMissing, capabilities, open_rig
    from pumphost.units import parse_volume_nl

    state = _state(request.config)
    if state.broken:
        pytest.skip(f"the rig broke earlier: {state.broken}")
    mark = request.node.get_closest_marker("reservoir")
    reservoir_nl = parse_volume_nl(mark.args[0] if mark else DEFAULT_RESERVOIR)
    wanted = {str(name) for mark in request.node.iter_markers("needs") for name in mark.args}
    try:
        able = capabilities(state.rig)
        if missing := sorted(wanted - able):
            pytest.skip(f"rig {state.rig} has no {', '.join(missing)}: use another rig, for example --rig vm")
        if "virtual-time" not in able and not request.node.get_closest_marker("short"):
            pytest.skip(f"rig {state.rig} runs in its own time and this test takes hours: use --rig vm")
        opened = open_rig(state.rig, seed=state.seed, reservoir_nl=reservoir_nl)
    except RigMissing as error:
        pytest.skip(f"{NOT_HERE}{error}")
    except RigBroken as error:
        state.broken = str(error)
        pytest.fail(str(error), pytrace=False)
    run = state.recorder.run
    run.rig, run.interpreter, run.calibration = opened.name, opened.interpreter, calibration_words(opened.options)
    with opened:
        yield opened


@pytest.fixture
def programmer(treatment: Treatment) -> Programmer:
    """A programmer on the link of the rig."""
    return treatment.programmer


@pytest.fixture
def treatment(rig: LockstepRig) -> Treatment:
    """Rig, programmer and oracle together; nothing programmed yet."""
    from pumphil.treatment import Treatment

    return Treatment(rig)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> HilRecord:
    """Puts measurements and curves of this test on record; judges them."""
    from pumphil.hil_record import HilRecord

    return HilRecord(_state(request.config).recorder, _name(request.node), _ids(request.node))


def _name(item: pytest.Item) -> str:
    """Test id without the place where the suite happens to be installed."""
    return f"{Path(item.nodeid.split('::', 1)[0]).name}::{item.nodeid.split('::', 1)[1]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Record the outcome of every test that names requirements; latch a rig that broke."""
    report = yield
    if not item.get_closest_marker("requirement"):
        return report
    state = _state(item.config)
    if call.excinfo is not None and call.excinfo.typename == "RigBroken":
        state.broken = state.broken or str(call.excinfo.value)
    if report.when == "call" or not report.passed:
        reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
        reason = reason.removeprefix("Skipped: ").removeprefix(NOT_HERE)
        if report.failed and call.excinfo is not None:
            reason = call.excinfo.exconly()
        state.recorder.test(_name(item), report.outcome, reason, _ids(item), report.duration)
    if is_worker(item.config):
        hand_over(state.recorder, report)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the reports."""
    state = session.config.stash.get(BENCH, None)
    if state is None or state.out is None or is_worker(session.config):
        return
    interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    wall_s = time.perf_counter() - state.started
    record = state.recorder.finish(state.started_at, wall_s, interrupted=interrupted)
    history: Path | None = session.config.getoption("--hil-history")
    if history is None:
        record.write(state.out)
    else:
        state.history = _write_and_keep(record, state.out, history, session.config.getoption("keyword"))


def _write_and_keep(record: RunRecord, out: Path, history: Path, note: str) -> str:
    """Reports first, whatever the history says; returns where the run was kept, or why it was not."""
    from pumphil.history import HistoryError, Keeper, of_record

    try:
        keeper, kept = Keeper(history), of_record(record, note)
        record.against = keeper.against(*kept)
    except HistoryError as error:
        record.write(out)
        return f"not in the history: {error}"
    record.write(out)
    try:
        return f"run {keeper.keep(*kept)} of {history}"
    except HistoryError as error:
        return f"not in the history: {error}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where the report is and what it says."""
    state = config.stash.get(BENCH, None)
    if state is None or state.out is None:
        return
    run = state.recorder.run
    statuses = Counter(str(row["status"]) for row in run.requirements().values())
    counts = ", ".join(f"{n} {status}" for status, n in sorted(statuses.items()))
    terminalreporter.write_line(
        f"rig {run.rig}, {run.interpreter}, firmware {run.firmware_digest[:16]}, seed {run.seed}"
    )
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    for reason, count in Counter(text for text in reasons if NOT_HERE in text).items():
        terminalreporter.write_line(f"{count} TESTS DID NOT RUN. {reason.partition(NOT_HERE)[2]}", red=True, bold=True)
    terminalreporter.write_line(f"requirements: {counts}")
    for why, ids in sorted(run.open().items(), reverse=True):
        terminalreporter.write_line(f"open, {why or 'named by no test of this run'}: {', '.join(ids)}")
    if run.against is not None and run.against.regressions:
        worse = (
            f"{len(run.against.regressions)} REGRESSIONS against accepted run {run.against.old.number}, see the report"
        )
        terminalreporter.write_line(worse, red=True, bold=True)
    if state.history:
        terminalreporter.write_line(f"history: {state.history}", red=state.history.startswith("not"))
    terminalreporter.write_line(f"report: {state.out / 'report.html'}")
