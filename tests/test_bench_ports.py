"""The rig of a bench at real ports: a served pump, the probe's firmware and a virtual balance, each on a pty.

python -m pytest tests/test_bench_ports.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from probe_chip import ProbeBoard
from test_serve import served

from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.virtual import Pan, VirtualBalance
from pumphil.instruments.virtual import served as balance_served
from pumphil.rigs import RigMissing, open_rig
from pumphost.programmer import Programmer
from pumphost.transport.pty import PtyServer
from pumplink import codes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pty as on POSIX")
TESTS = Path(__file__).resolve().parent


class ProbePort:
    """The probe's firmware on a pty, in the time of this computer."""

    def __init__(self) -> None:
        self.line = PtyServer()
        self.board = ProbeBoard()
        self._began_s = time.monotonic()
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        rest = b""
        while self._open:
            rest += self.line.read(0.02)
            self.board.at_us(int((time.monotonic() - self._began_s) * 1_000_000))
            *lines, rest = rest.split(b"\n")
            for line in lines:
                self.line.write(self.board.answer(line))

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self.line.close()


@pytest.fixture
def probe_port() -> Iterator[ProbePort]:
    port = ProbePort()
    yield port
    port.close()


@pytest.fixture(scope="module")
def pump() -> Iterator[str]:
    """A simulated pump that nobody changes; its keys are lent meanwhile."""
    with served("--rig", "sim") as (_, told):
        yield told


def rig_file(folder: Path, pump: str, probe: str, balance: str, more: str = 'firmware = "any"\nerase = false') -> str:
    file = folder / "mine.toml"
    file.write_text(
        f'[rig]\nkind = "bench"\n[pump]\nport = "{pump}"\n{more}\n[probe]\nport = "{probe}"\n'
        f'[instruments.balance]\ndialect = "mt-sics"\nport = "{balance}"\nreadability_mg = 0.1\n'
    )
    return str(file)


def test_a_bench_opens_at_its_ports(tmp_path: Path, probe_port: ProbePort, pump: str) -> None:
    pan = Pan(lambda t_s: 12.3456)
    with (
        balance_served(VirtualBalance(DIALECTS["mt-sics"], pan)) as balance,
        open_rig(rig_file(tmp_path, pump, probe_port.line.path, balance.path)) as rig,
    ):
        before_us = rig.now_us
        rig.run_for(seconds=0.3)
        assert rig.now_us >= before_us + 300_000
        pump_now = Programmer(rig.transport(), keys=lambda uid: rig.keys)
        status = pump_now.status()
        assert (status.mode, rig.packets) == (codes.STOP_MODE, [])
        assert abs(status.uptime_ms - rig.now_us // 1_000) < 5_000, "rig time is pump time"
        reading = rig.balance.read(rig.now_us)
        assert abs(float(reading.value) - 12.3456) < 0.01
        assert before_us < reading.t_us <= rig.now_us
        pump_now.session.close()
    assert probe_port.board.chip.driven[15] == 0, "the stop button is the last that was pressed"


@pytest.mark.parametrize("missing", ["pump", "probe", "balance"])
def test_the_device_that_is_missing_is_named(tmp_path: Path, probe_port: ProbePort, pump: str, missing: str) -> None:
    there = {"pump": pump, "probe": probe_port.line.path, "balance": "/dev/no-balance"}
    file = rig_file(tmp_path, **{**there, missing: f"/dev/no-{missing}"})
    with pytest.raises(RigMissing, match=f"/dev/no-{missing}"):
        open_rig(file)


def test_other_firmware_than_this_is_told(tmp_path: Path, probe_port: ProbePort, pump: str) -> None:
    file = rig_file(tmp_path, pump, probe_port.line.path, "/dev/none", more="erase = false")
    with pytest.raises(RigMissing, match=r"the pump runs firmware \w{16}, this installation is .*pumpbench flash"):
        open_rig(file)


def test_the_suite_runs_with_a_rig_file_of_a_bench(tmp_path: Path) -> None:
    """By way of the command line and the plugin, with the world of bench_world.py behind the ports."""
    file = rig_file(tmp_path, "pump", "probe", "balance", more='firmware = "any"')
    words = ["-m", "pumphost.cli", "hil", "--rig", file, "-k", "security_limits_hold", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *words, "--", "-p", "bench_world_plugin"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "rig bench, pump " in done.stdout
