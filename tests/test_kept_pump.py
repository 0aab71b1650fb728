"""A simulated pump in a folder: what it was told and what it gave is there again, however its process ended."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import THERAPY, run
from store_cases import SCRIPT, Run
from test_cli_serve import served

from pumphil.kept_pump import kept_pump
from pumphil.rigs import RigBroken, open_rig
from pumphil.rigs.file_store import FileStore
from pumphil.rigs.store import MemoryStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks and signals as on POSIX")


def told(*words: str) -> dict[str, object]:
    """JSON that a command of ours prints."""
    done = run(*words, "--json")
    assert done.exit_code == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_files_hold_after_every_write_what_memory_holds(tmp_path: Path) -> None:
    kept, memory = Run(FileStore(tmp_path)), Run(MemoryStore())
    kept.boot()
    memory.boot()
    for action in SCRIPT:
        kept.play((action,))
        memory.play((action,))
        assert FileStore(tmp_path).snapshot() == memory.store.snapshot() == kept.store.snapshot()
    kept.store.erase(0)
    assert 0 not in FileStore(tmp_path).areas


def test_what_a_killed_process_left_half_is_part_of_no_later_append(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    assert store.append(3, b"whole")
    with (tmp_path / "area-3.bin").open("ab") as file:
        file.write(b"torn")  # by somebody who died before it was acknowledged
    assert store.append(3, b" next")
    assert FileStore(tmp_path).read(3, 0, 99) == b"whole next"


@pytest.mark.parametrize("write", [lambda s: s.append(1, b"x"), lambda s: s.append(2, b"x"), lambda s: s.erase(1)])
def test_a_disk_that_cannot_be_written_is_a_store_that_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[FileStore], bool]
) -> None:
    store = FileStore(tmp_path)
    assert store.append(1, b"before")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("open", "unlink"):
        monkeypatch.setattr(Path, name, full)
    assert write(store) is False
    monkeypatch.undo()
    assert store.read(1, 0, 99) == FileStore(tmp_path).read(1, 0, 99) == b"before"
    assert store.size(2) == 0


def test_a_killed_pump_goes_on_with_its_program_account_and_water(tmp_path: Path) -> None:
    therapy, state = tmp_path / "therapy.toml", str(tmp_path / "pump")
    therapy.write_text(THERAPY)
    options = ("--rig", "sim", "--seed", "7", "--state", state, "--time-scale", "60")
    with served(*options, str(therapy)) as (process, port):
        bolus = told("bolus", "--port", port)["order"]
        assert told("stop", "--port", port)
        before = told("status", "--port", port)
        process.send_signal(signal.SIGKILL)
    assert int(str(before["delivered_nl"])) > 0
    water = json.loads((tmp_path / "pump" / "water.json").read_text())
    with served("--rig", "sim", "--seed", "8", "--state", state, str(therapy)) as (_, port):  # for a new pump only
        after = told("status", "--port", port, "--order", str(bolus))
    for same in ("program_digest", "mode", "stop_reason"):
        assert after[same] == before[same], same
    # never less than was given, and at most two packets of 216 nL more: what a power cut leaves in doubt
    assert 0 <= int(str(after["delivered_nl"])) - int(str(before["delivered_nl"])) <= 2 * 216
    assert 0 <= int(str(before["remaining_nl"])) - int(str(after["remaining_nl"])) <= 2 * 216
    assert after["order"]["state"] in ("done", "cancelled")  # type: ignore[index]
    left_nl = json.loads((tmp_path / "pump" / "water.json").read_text())["content_nl"]
    assert left_nl == int(water["content_nl"])  # it is stopped


def test_a_folder_is_of_one_process_at_a_time(tmp_path: Path) -> None:
    with kept_pump(tmp_path), pytest.raises(RigBroken, match="runs in another process; end that, or name another"):
        kept_pump(tmp_path).__enter__()
    with kept_pump(tmp_path) as kept:
        assert kept.is_new


def test_a_pump_that_was_killed_before_it_was_complete_is_begun_anew(tmp_path: Path) -> None:
    with kept_pump(tmp_path) as kept, open_rig("sim", store=kept.store) as rig:
        first = rig.store.snapshot()
        assert first, "its keys"
    with kept_pump(tmp_path) as kept:
        assert kept.store.snapshot() == {}
        with open_rig("sim", store=kept.store) as rig:
            kept.made(rig, None)
            assert rig.store.snapshot().keys() == first.keys()
    with kept_pump(tmp_path) as kept:
        assert not kept.is_new
        assert kept.store.snapshot().keys() == first.keys()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "pump.json cannot be read"),
        ("[]", "is not what pumpbench has written"),
        ('{"format": 1, "seed": 1}', "has lost its water.json"),
        ('{"format": 99}', "holds a pump of another version of pumpbench"),
    ],
)
def test_a_folder_that_is_not_understood_is_left_alone(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "pump.json").write_text(content)
    assert FileStore(tmp_path / "flash").append(5, b"somebody's")
    with pytest.raises(RigBroken, match=words):
        kept_pump(tmp_path).__enter__()
    assert FileStore(tmp_path / "flash").read(5, 0, 99) == b"somebody's"


def test_a_chip_and_a_pump_at_a_port_are_not_kept(tmp_path: Path) -> None:
    done = run("serve", "--rig", "emulated", "--state", str(tmp_path))
    assert (done.exit_code, "rig emulated cannot be kept in a folder" in done.stderr) == (2, True), done.stderr
    done = run("web", "--port", "/dev/null", "--state", str(tmp_path))
    assert (done.exit_code, "has its own flash" in done.stderr) == (2, True), done.stderr
