"""A flash from the prompt to the self-test, on a stand-in that runs the real firmware in a real MicroPython.

    python -m pytest tests/test_flash.py

The files are those that a Pico gets, but for the machine code of the codec: that is for this computer's processor.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from flash_board import FlashBoard, needs_micropython

from pumpfw.boards.pico.sectors import MOST, SIZE, path_of
from pumpfw.core.ports import KEY_AREAS
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.emulated.lent import files_of
from pumphost.errors import PumpError
from pumphost.flashing import files as contents
from pumphost.flashing import prompt, way_in
from pumphost.flashing.boards import Board
from pumphost.flashing.flash import Flashed, Flasher
from pumphost.flashing.look import NotFlashed, look
from pumphost.flashing.start import SelfTestFailed
from pumphost.keyring import Keyring
from pumphost.programmer import Programmer
from pumphost.therapy import loads
from pumphost.transport import open_transport
from pumplink import codes

x86_64 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the stand-in takes machine code of x86-64 only: run this on such a computer"
)
pytestmark = [needs_micropython, x86_64]
THERAPY = """\
[pump]
reservoir = "20 mL"
[fill]
volume = "18 mL"
drug = "saline"
concentration = "1 mg/mL"
[program]
mode = "day"
[[program.step]]
start = "00:00"
rate = "0.480 mL/day"
"""
RING = Keyring.made(random_bytes=lambda count: bytes(range(count)))
PROVISIONED = files_of(dict.fromkeys(KEY_AREAS, RING.block()), seed=b"")


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """This board answers in milliseconds."""
    monkeypatch.setattr(way_in, "KNOCK_S", 0.3)
    monkeypatch.setattr(way_in, "LAST_KNOCK_S", 30.0)


@pytest.fixture(scope="module")
def firmware() -> dict[str, bytes]:
    return contents.board_files(compiled_firmware(contents.ENTRY, "x64"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Of a board. At the end: nobody ever switched its motor on."""
    yield tmp_path
    assert "pin 4 1" in (told := (tmp_path / "told").read_text().splitlines())
    assert "pin 4 0" not in told


def flash(board: FlashBoard, files: dict[str, bytes], **options: bool) -> Flashed:
    return Flasher(Board(board.port), files).run(**options)


def test_a_blank_board_gets_everything_and_its_pump_starts(folder: Path, firmware: dict[str, bytes]) -> None:
    said: list[str] = []
    with FlashBoard(folder, {}) as board:
        board.wait_for()
        done = Flasher(Board(board.port), firmware, note=said.append).run()
        on_board = board.files()
    assert {path: on_board[path] for path in firmware} == firmware
    assert set(done.written) == firmware.keys()
    assert done.started
    assert done.started.identity.fw_digest == firmware[contents.DIGEST_FILE][:8]
    assert done.started.status.mode == codes.STOP_MODE
    assert said[0] == "Raspberry Pi Pico with RP2040, MicroPython 1.28.0"
    told = (folder / "told").read_text().split("start\n")
    assert "pin 4 1" in told[1], "the motor was switched off at the prompt, before the firmware did so itself"


def test_the_smallest_board_that_is_flashed_has_room_for_records(tmp_path: Path, firmware: dict[str, bytes]) -> None:
    """Blocks: root folder, files but `main.py`, spare ones, folder and files of the store. One less is refused."""
    blocks = 2 + sum(-(-len(firmware[path]) // SIZE) for path in firmware.keys() - {"/main.py"}) + 4 + 6 + MOST
    with FlashBoard(tmp_path, {}, blocks=blocks - 1) as board:
        board.wait_for()
        with pytest.raises(NotFlashed, match="board full"):
            flash(board, firmware)
    with FlashBoard(tmp_path, {}, blocks=blocks) as board:
        board.wait_for()
        flash(board, firmware)
        board.wait_for_store()
        assert flash(board, firmware).written == ()
        assert {f"/store{path_of(k)}" for k in range(MOST)} <= board.files().keys()


def test_a_second_flash_writes_nothing(folder: Path, firmware: dict[str, bytes]) -> None:
    """A pump that is stopped makes way by itself, and starts again."""
    with FlashBoard(folder, firmware) as board:
        board.wait_for_pump()
        told = flash(board, firmware)
        assert (told.written, told.removed, told.kept) == ((), (), len(firmware))
        assert told.started
        on_board = board.files()
    assert {path: data for path, data in on_board.items() if not path.startswith("/store/")} == firmware


def test_only_what_differs_is_written_and_what_is_stale_goes(folder: Path, firmware: dict[str, bytes]) -> None:
    older = {
        **firmware, "/pumpbench/board_2.mpy": b"older", "/pumpbench/old.mpy": b"of before", "/notes.txt": b"mine",
        "/pumpbench/pumplink/gone/deep.mpy": b"of before", "/main.py": b"# pumpbench: an older one\n",
    }  # fmt: skip
    with FlashBoard(folder, older) as board:
        board.wait_for()
        done = flash(board, firmware)
        on_board = board.files()
    assert done.written == ("/pumpbench/board_2.mpy", "/main.py")
    assert set(done.removed) == {"/pumpbench/old.mpy", "/pumpbench/pumplink/gone/deep.mpy"}
    assert {path: data for path, data in on_board.items() if not path.startswith("/store/")} == {
        **firmware, "/notes.txt": b"mine",
    }  # fmt: skip


def test_what_the_pump_knows_is_kept_unless_it_is_to_be_erased(folder: Path, firmware: dict[str, bytes]) -> None:
    """The keys from before the flash open a session after it; erased, the pump has none."""
    with FlashBoard(folder, PROVISIONED) as board:
        board.wait_for()
        flash(board, firmware)
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump:
            assert [slot.role_name for slot in pump.key_list()] == list(codes.ROLES[1:])
        flash(board, firmware, erase_data=True)
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump, pytest.raises(PumpError):
            pump.key_list()
        assert PROVISIONED.items().isdisjoint(board.files().items())


def test_a_pump_that_delivers_is_refused_and_goes_on(folder: Path, firmware: dict[str, bytes]) -> None:
    with FlashBoard(folder, {**firmware, **PROVISIONED}) as board:
        board.wait_for_pump()
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump:
            pump.program(loads(THERAPY), set_clock=(1_780_000_000_000, 0))
            pump.start()
        assert "pin 4 0" in board.told(), "the motor is on, so that what follows says something"
        starts = board.told().count("start")
        with pytest.raises(NotFlashed) as caught:
            flash(board, {**firmware, "/pumpbench/new.mpy": b"M\x06\x00\x1f"})
        assert str(caught.value) == (
            f"{board.port} not flashed, nothing on it was changed: the pump is in mode schedule at 0.480 mL/day; stop "
            f"it first: pumpbench stop --port {board.port}, then run the command again"
        )
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump:
            assert pump.status().mode == codes.SCHEDULE
            pump.stop()
            pump.start(delay_ms=1_800_000)
        with pytest.raises(NotFlashed, match="the pump is waiting for a delayed start; stop it first: pumpbench stop"):
            flash(board, firmware)
        with Programmer(open_transport(board.port), keys=lambda uid: RING) as pump:
            pump.stop()
        assert board.told().count("start") == starts
        before = len(board.told())
        assert flash(board, firmware).started
        assert "pin 4 0" not in board.told()[before:]
    (folder / "told").write_text("pin 4 1")  # the motor was meant to be on here


def test_a_delivery_build_gives_way_to_its_jumper_only(folder: Path, firmware: dict[str, bytes]) -> None:
    delivery = contents.board_files(compiled_firmware(contents.ENTRY, "x64"), delivery=True)
    with FlashBoard(folder, {}) as board:
        board.wait_for()
        done = flash(board, delivery)
        assert done.started
        assert done.started.identity.build == 0
        with pytest.raises(NotFlashed) as caught:
            flash(board, firmware)
        assert str(caught.value) == (
            f"{board.port} not flashed, nothing on it was changed: it runs a delivery build, which gives its prompt to "
            "nobody at the cable; fit its provisioning jumper (GP18 to ground) and plug the board in anew, run the "
            "command again, then take the jumper out"
        )
    with FlashBoard(folder, jumper=True) as board:
        board.wait_for()
        done = flash(board, firmware)
        assert done.removed == (contents.DELIVERY_FILE,)
        assert done.started is None, "the jumper keeps the pump from starting"
    with FlashBoard(folder) as board:
        board.wait_for_pump()
        assert flash(board, firmware).started
        assert contents.DELIVERY_FILE not in board.files()


def test_a_self_test_that_fails_is_told(folder: Path, firmware: dict[str, bytes]) -> None:
    """A clock that runs wild: test 3 of pumpfw.boards.pico.selftest."""
    with FlashBoard(folder, {}, wild_clock=True) as board:
        board.wait_for()
        with pytest.raises(SelfTestFailed, match="its pump shows the alarm self-test-failed, of this start"):
            flash(board, firmware)


def test_a_start_module_of_somebody_else_is_not_run(folder: Path, firmware: dict[str, bytes]) -> None:
    """Neither in the root of the board nor in /lib, where MicroPython looks first by itself."""
    others = {"/start.py": b"print('not ours')", "/lib/start.py": b"print('not ours')"}
    with FlashBoard(folder, {**firmware, **others}) as board:
        board.wait_for_pump()
        assert flash(board, firmware).started


def test_the_digest_that_the_board_computes_is_sha_256(folder: Path, firmware: dict[str, bytes]) -> None:
    with FlashBoard(folder, {**firmware, "/main.py": contents.UNFLASHED.encode()}) as board:
        board.wait_for(b"this board is not flashed completely, its motor is off; run: pumpbench flash")
        there = look(prompt.Prompt(board.port))
    expected = {**firmware, "/main.py": contents.UNFLASHED.encode()}
    assert there.files == {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in expected.items()}
