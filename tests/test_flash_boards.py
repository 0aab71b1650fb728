"""Finding a board: by USB serial number, the only one, a list of several, and a Pico that waits for MicroPython.

python -m pytest tests/test_flash_boards.py
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pumphost.errors import TransportError
from pumphost.flashing import boards
from pumphost.flashing.boards import Board, boards_here, bootsel_drives, find_board

# as the boot ROM of an RP2040 writes it (pico-bootrom, usb_virtual_disk.c), and that of its successor
RP2040_INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
RP2350_INFO = "UF2 Bootloader v1.0\r\nModel: Raspberry Pi RP2350\r\nBoard-ID: RP2350\r\n"


def port(device: str, vid: int | None, pid: int | None, number: str | None) -> SimpleNamespace:
    return SimpleNamespace(device=device, vid=vid, pid=pid, serial_number=number, description="n/a")


FIRST = port("/dev/ttyACM1", 0x2E8A, 0x0005, "E6614103E7452D2F")
SECOND = port("/dev/ttyACM0", 0x2E8A, 0x0005, "E6614103E7999999")
OTHERS = [port("/dev/ttyUSB0", 0x0403, 0x6001, "A5069RR4"), port("/dev/ttyS0", None, None, None),
          port("/dev/ttyACM7", 0x2E8A, 0x000A, "SDK-PROGRAM")]  # fmt: skip


@pytest.fixture(autouse=True)
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The serial ports of a computer without any drive."""
    ports: list[SimpleNamespace] = list(OTHERS)
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    monkeypatch.setattr(boards, "_MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(boards, "_VOLUMES", tmp_path / "Volumes")
    monkeypatch.setattr(boards, "_BY_LABEL", tmp_path / "RPI-RP2")
    return ports


def drive(tmp_path: Path, name: str, info: str, kind: str = "vfat") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(info)
    escaped = str(folder).replace(" ", "\\040")
    with (tmp_path / "mounts").open("a") as mounts:
        mounts.write(f"/dev/sda1 {escaped} {kind} rw,nosuid 0 0\n")
    return folder


def refusal(name: str | None) -> str:
    with pytest.raises(TransportError) as caught:
        find_board(name)
    return str(caught.value)


def test_the_only_one_is_found_and_keeps_its_number_when_its_port_changes(computer: list[SimpleNamespace]) -> None:
    computer.append(FIRST)
    assert find_board(None) == Board("/dev/ttyACM1", "E6614103E7452D2F")
    assert find_board(None).address == "usb:E6614103E7452D2F"


def test_several_are_refused_with_the_list(computer: list[SimpleNamespace]) -> None:
    computer += [FIRST, SECOND]
    assert refusal(None) == (
        "no board chosen: 2 are plugged in, usb:E6614103E7999999 (/dev/ttyACM0), usb:E6614103E7452D2F (/dev/ttyACM1); "
        "name one: --port usb:E6614103E7999999"
    )
    assert boards_here() == [
        Board("/dev/ttyACM0", "E6614103E7999999"),
        Board("/dev/ttyACM1", "E6614103E7452D2F"),
    ]


def test_a_number_and_a_device_name_the_same_board(computer: list[SimpleNamespace]) -> None:
    computer += [FIRST, SECOND]
    assert find_board("usb:e6614103e7452d2f").port == find_board("/dev/ttyACM1").port == "/dev/ttyACM1"
    assert find_board("/dev/ttyACM1").address == "usb:E6614103E7452D2F"


def test_a_pty_and_a_socket_are_boards_without_a_number() -> None:
    assert find_board("/dev/pts/7") == Board("/dev/pts/7", "")
    assert find_board(" socket://127.0.0.1:5555 ").address == "socket://127.0.0.1:5555"


def test_none_at_all_says_how_a_new_one_is_prepared() -> None:
    told = refusal(None)
    assert told.startswith("no board with MicroPython is plugged in; serial ports here: /dev/ttyACM7, ")
    assert "hold its BOOTSEL button while you plug it in, copy RPI_PICO (v1.28 or newer, .uf2)" in told


def test_a_blank_board_in_bootsel_mode_is_seen_and_told_what_to_do(tmp_path: Path) -> None:
    folder = drive(tmp_path, "RPI RP2", RP2040_INFO)
    assert bootsel_drives() == [folder]
    assert refusal(None) == (
        f"no board with MicroPython is plugged in; one waits in BOOTSEL mode (drive {folder}): copy RPI_PICO (v1.28 or "
        "newer, .uf2) from micropython.org to that drive, wait until the drive is gone, then run the command again"
    )
    assert f"BOOTSEL mode (drive {folder})" in refusal("usb:E6614103E7452D2F")


def test_a_drive_that_nobody_has_mounted_is_seen_too(tmp_path: Path) -> None:
    (tmp_path / "RPI-RP2").write_text("")
    assert f"one waits in BOOTSEL mode ({tmp_path}/RPI-RP2, which is not mounted: mount it): copy" in refusal(None)


def test_other_drives_are_none(tmp_path: Path) -> None:
    """A Pico 2, a stick with such a file on another file system, and one whose folder is gone."""
    drive(tmp_path, "RP2350", RP2350_INFO)
    drive(tmp_path, "disk", RP2040_INFO, kind="ext4")
    drive(tmp_path, "gone", RP2040_INFO).joinpath("INFO_UF2.TXT").unlink()
    assert bootsel_drives() == []
    assert "BOOTSEL mode (" not in refusal(None)


def test_where_volumes_have_a_folder_it_is_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "Volumes" / "RPI-RP2"
    folder.mkdir(parents=True)
    (folder / "INFO_UF2.TXT").write_text(RP2040_INFO)
    assert bootsel_drives() == [folder]
