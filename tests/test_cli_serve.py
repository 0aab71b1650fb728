"""`pumpbench serve` as a process of its own, and the other commands against it: a whole session over a real port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_tools import THERAPY, one_sentence, run

from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.find import find_micropython

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pty as on POSIX")


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(the process, the port it told) of `pumpbench serve`."""
    command = [sys.executable, "-m", "pumphost.cli", "serve", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = "".join(process.stdout.readline() for _ in range(4))  # {, the port, its keys, }
            assert told, process.communicate()[1]
            yield process, json.loads(told)["port"]
        finally:
            process.kill()


def children(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("listen", [[], ["--listen", "127.0.0.1:0"]])
def test_a_session_over_a_port(listen: list[str], tmp_path: Path) -> None:
    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY)
    with served("--rig", "sim", *listen) as (_, port):
        assert json.loads(run("status", "--port", port, "--json").stdout)["mode"] == "stopped"
        done = run("program", str(therapy), "--yes", "--port", port)
        assert "read back and identical" in done.stdout, done.stderr
        assert run("bolus", "--port", port).exit_code == 1  # stopped
        assert run("start", "--port", port).exit_code == 0
        grant = json.loads(run("bolus", "--port", port, "--json").stdout)
        denied = run("bolus", "--port", port)
        assert (denied.exit_code, f"order {grant['order']} (BUSY" in denied.stderr) == (1, True)
        assert json.loads(run("stop", "--port", port, "--json").stdout)["order"] == grant["order"]
        asked = json.loads(run("status", "--port", port, "--json", "--order", str(grant["order"])).stdout)
        assert asked["order"]["state"] == "cancelled"
        names = [record["kind"] for record in json.loads(run("log", "--port", port, "--json").stdout)]
        assert names.index("bolus-start") < names.index("bolus-end")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_130_and_no_traceback(sent: signal.Signals) -> None:
    with served("--rig", "sim") as (process, port):
        process.send_signal(sent)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 130
        assert "Traceback" not in errors
    result = run("status", "--port", port)
    assert result.exit_code == 3, "the pty is still there"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for keys of its own, also for the processes below."""
    path = tmp_path / "keys"
    monkeypatch.setenv("PUMPBENCH_KEYS", str(path))
    return path


def test_the_keys_of_a_served_pump_are_the_users_meanwhile_and_gone_afterwards(folder: Path) -> None:
    with served("--rig", "sim", "--seed", "3") as (process, port):
        assert run("stop", "--port", port).exit_code == 0  # in a second terminal it just works
        (row,) = json.loads(run("keys", "list", "--json").stdout)
        assert row["roles"] == ["patient", "clinician", "service", "tester"]
        assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert list(folder.iterdir()) == []


def test_what_a_killed_server_left_behind_is_taken_away_by_the_next_one(folder: Path) -> None:
    with served("--rig", "sim") as (process, _):
        process.kill()
        process.communicate(timeout=10)
    assert len(list(folder.iterdir())) == 2
    with served("--rig", "sim") as (process, port):
        assert run("stop", "--port", port).exit_code == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert list(folder.iterdir()) == []


def test_a_folder_for_keys_that_cannot_be_written_is_told_with_the_fix(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PUMPBENCH_KEYS", str(tmp_path / "file" / "keys"))
    result = run("serve", "--rig", "sim", "--listen", "127.0.0.1:0")
    assert result.exit_code == 1
    assert "name a folder you may write in PUMPBENCH_KEYS" in one_sentence(result)


@pytest.mark.skipif(find_micropython() is None or not os.path.isdir("/proc"), reason="needs MicroPython and /proc")
def test_ctrl_c_leaves_no_child_process() -> None:
    with served("--rig", "vm") as (process, port):
        assert run("status", "--port", port).exit_code == 0
        pids = children(process.pid)
        assert pids, "the firmware runs in a child"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 130
    assert all_gone(pids)


@pytest.mark.skipif(find_micropython() is None or not os.path.isdir("/proc"), reason="needs MicroPython and /proc")
@pytest.mark.parametrize("sent,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("during", ["mpy-cross", "micropython"])
def test_a_simulation_cut_short_leaves_no_child_and_no_file(
    tmp_path: Path, during: str, sent: signal.Signals, code: int
) -> None:
    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY)
    temporary, cache = tmp_path / "temporary", tmp_path / "cache"
    temporary.mkdir()
    if during == "micropython":  # what is compiled already need not be compiled once more before that
        built = compiled_firmware()
        shutil.copytree(built, cache / "pumpbench" / "firmware" / built.name)
    command = [sys.executable, "-m", "pumphost.cli", "simulate", str(therapy), "--rig", "vm", "--days", "3000"]
    command += ["--json", str(tmp_path / "result.json"), "--plot", str(tmp_path / "plot.png")]
    environment = {**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=environment) as process:  # type: ignore[call-overload]
        try:
            pids = wait_for_children(process, during)
            process.send_signal(sent)
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == code
    assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "temporary", "therapy.toml"]
    assert list(temporary.iterdir()) == []
    assert [name for name in os.listdir(cache / "pumpbench" / "firmware") if name.startswith("making")] == []
    assert all_gone(pids)


def wait_for_children(process: subprocess.Popen[str], name: str) -> list[int]:
    """Process ids of the children, once the command line of one of them holds this name."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        pids = children(process.pid)
        if any(name in program_of(pid) for pid in pids):
            return pids
        time.sleep(0.005)
    raise AssertionError(f"no child came up; exit code {process.poll()}")


def program_of(pid: int) -> str:
    """Command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def all_gone(pids: list[int]) -> bool:
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)
