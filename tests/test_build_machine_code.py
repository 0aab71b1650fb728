"""The codec as machine code on a board: the build decides, and both firmwares say the same on the wire (design D2).

python -m pytest tests/test_build_machine_code.py
"""

import platform
import random
import shutil
import sys

import pytest

from pumphil.rigs import RigBroken, open_rig, vm
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.find import find_micropython, firmware_packages
from pumphost.build import BuildError, build, compile_tree
from pumphost.build.machine_code import decided
from pumphost.build.tree import NATIVE_FILE, read_native
from pumplink import frame, messages

ENTRY = "pumpfw.boards.vm"
# byte 2 of an .mpy file: the processor in bits 2 to 5 (MicroPython's tools/mpy-tool.py)
X64, ARMV6M = 2, 4
TRIED = """import struct
try:
    from pumplink.native import write_k
    NATIVE = True
except (ImportError, SyntaxError):
    from pumplink.crc32c import write_k
    NATIVE = False
K = 5
"""


def processor(path) -> int:
    return path.read_bytes()[2] >> 2 & 15


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    """Folders of the firmware as any processor runs it, as x64 does, and that with machine code of the RP2040."""
    x64, armv6m = (tmp_path_factory.mktemp("firmware") / march for march in ("x64", "armv6m"))
    build(firmware_packages(), x64, ENTRY, "x64")
    shutil.copytree(x64, armv6m)
    compile_tree({NATIVE_FILE: read_native(firmware_packages())}, armv6m, "armv6m")
    return {"": compiled_firmware(), "x64": x64, "armv6m": armv6m}


def test_the_build_takes_one_branch():
    sources = {"pumplink/frame.py": TRIED, "pumplink/other.py": "from pumplink import frame\n"}
    native, python = decided(sources, native=True), decided(sources, native=False)
    assert native["pumplink/frame.py"] == ("import struct\nfrom pumplink.native import write_k\nNATIVE = True\nK = 5")
    assert python["pumplink/frame.py"] == ("import struct\nfrom pumplink.crc32c import write_k\nNATIVE = False\nK = 5")
    assert native["pumplink/other.py"] == python["pumplink/other.py"] == sources["pumplink/other.py"]


@pytest.mark.parametrize(
    "source, words",
    [
        ("from pumplink.native import write_k\n", "imported where there may be none: use try"),
        (TRIED.replace("K = 5", "") + "else:\n    X = 1\n", "one except and nothing else"),
        (TRIED + "finally:\n    X = 1\n", "one except and nothing else"),
    ],
)
def test_the_build_refuses_what_it_cannot_decide(source, words):
    source = source.replace("K = 5\n", "")
    with pytest.raises(BuildError, match=words):
        decided({"pumplink/frame.py": source}, native=False)


def test_only_a_named_processor_gets_machine_code(firmware):
    assert not (firmware[""] / "pumplink").exists()
    assert {processor(path) for path in firmware[""].rglob("*.mpy")} == {0}
    assert processor(firmware["x64"] / "pumplink/native.mpy") == X64
    assert processor(firmware["armv6m"] / "pumplink/native.mpy") == ARMV6M


def rig_with(monkeypatch, folder):
    monkeypatch.setattr(vm, "compiled_firmware", lambda: folder)
    return open_rig("vm", seed=5)


def x64_micropython() -> None:
    if find_micropython() is None or sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("FIRMWARE WITH MACHINE CODE NOT RUN: it needs a MicroPython for Linux on x86-64")


def talk(rig) -> list[bytes]:
    """Sound, damaged and random input, and what the pump said to each."""
    rng = random.Random(11)
    requests = (messages.IDENTIFY, messages.STATUS, messages.LINK_STATS, messages.STOP)
    said = []
    for number in range(1, 400):
        message = rng.choice(requests)
        payload = rng.choice((b"", message.request.pack((0,) * len(message.request.fields)), rng.randbytes(200)))
        wire = bytearray(frame.encode(frame.pack_body(frame.REQ, message.id, payload, number)))
        for _ in range(rng.randrange(3)):
            wire[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
        said.append(rig.send(bytes(wire) + rng.randbytes(rng.choice((0, 0, 300)))))
    said.append(rig.send(b"\0" + frame.encode(frame.pack_body(frame.REQ, messages.LINK_STATS.id, b"", 500))))
    return said


def test_both_firmwares_say_the_same_on_the_wire(firmware, monkeypatch):
    x64_micropython()
    said = {}
    for march in ("", "x64"):
        with rig_with(monkeypatch, firmware[march]) as rig:
            said[march] = talk(rig)
            heap, _ = rig.heap()
            print(f"heap of the firmware with codec {march or 'in Python'}: {heap} bytes")
    assert said["x64"] == said[""]
    assert len([answer for answer in said["x64"] if answer]) > 100


def test_machine_code_of_another_processor_does_not_start(firmware, monkeypatch):
    """So a wrong file on a board is seen at once, and the test above ran what it says."""
    x64_micropython()
    with pytest.raises(RigBroken, match=r"incompatible \.mpy arch"), rig_with(monkeypatch, firmware["armv6m"]):
        pass
