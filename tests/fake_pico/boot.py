"""Power-on of a stand-in for a Pico, in MicroPython on this computer: its modules, its flash, then the program there.

    micropython -i boot.py SETTINGS         # in a terminal of its own; then the prompt, the real one

SETTINGS is a JSON file, see tests/flash_board.py, which starts this anew after each reset. The file system is littlefs
with the blocks of a Pico in a file: what a power cut leaves of it is what littlefs leaves. Motor, sensors and time are
those of nobody: the firmware runs, and nothing moves.
"""

import json
import os
import sys
import termios
import time

import micropython
import vfs

with open(sys.argv[1]) as _file:
    settings = json.load(_file)
SIZE = 4096
ISIG = 1


def power_cut():
    os.system("kill -9 $PPID")
    while True:
        time.sleep(1)


class Flash:
    """Blocks in a file. The power goes in the middle of write number `cut`."""

    def __init__(self, path, blocks, cut):
        self._file = open(path, "r+b")  # noqa: SIM115 - for as long as this process
        self._blocks = blocks
        self._left = cut

    def readblocks(self, number, buf, offset=0):
        self._file.seek(number * SIZE + offset)
        self._file.readinto(buf)

    def writeblocks(self, number, buf, offset=None):
        if offset is None:
            self.ioctl(6, number)
            offset = 0
        self._put(number * SIZE + offset, buf)

    def _put(self, at, data):
        self._left -= 1
        if self._left == 0:
            data = memoryview(data)[: len(data) // 2]
        self._file.seek(at)
        self._file.write(data)
        if self._left == 0:
            power_cut()

    def ioctl(self, what, number):
        if what == 4:
            return self._blocks
        if what == 5:
            return SIZE
        if what == 6:
            self._put(number * SIZE, b"\xff" * SIZE)
        return 0


class Object:
    """Attributes by name."""

    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


levels = {}


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 1, 2

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self._number = number
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return levels.get(self._number, int(not (self._number == 18 and settings["jumper"])))
        levels[self._number] = level
        _tell(f"pin {self._number} {level}")

    def on(self):
        levels[self._number] = 1

    def off(self):
        levels[self._number] = 0


class Nothing:
    """A peripheral that does what it is told, and nobody sees it."""

    def __init__(self, *_, **__):
        pass

    def __getattr__(self, name):
        return lambda *_, **__: 0


class Adc(Nothing):
    """0 kPa, 5 V and 25 degrees by the scales of pumpfw.boards.pico.wiring."""

    def __init__(self, pin):
        self._raw = {26: 186, 27: 563, 4: 880}[pin]

    def read_u16(self):
        return self._raw << 4


class Bus(Nothing):
    def readfrom_mem_into(self, address, register, buf):
        raise OSError(5)


class Machine(Nothing):
    def get(self):
        return 0


class Memory:
    """Registers; the one that survives a reset is kept in a file."""

    def __getitem__(self, address):
        if address != 0x4005800C:
            return 1 << 18 if address == 0xD0000004 else 0
        scratch.seek(0)
        return int(scratch.read() or "0")

    def __setitem__(self, address, word):
        scratch.seek(0)
        scratch.write(f"{word:<12}")


def _tell(line):
    told.write(line + "\n")


class Clock:
    """Microseconds that pass while somebody sleeps, however busy this computer is; or do not, with `wild_clock`."""

    now_us = 0

    def sleep_ms(self, ms):
        time.sleep_ms(ms)
        if not settings["wild_clock"]:
            self.now_us += ms * 1000

    def ticks_us(self):
        return self.now_us


def reset():
    sys.exit(0)  # whoever started this does so again


def kbd_intr(character):
    """On a Pico the byte alone decides; here the terminal does, and MicroPython only what comes of it."""
    mode = termios.tcgetattr(0)
    mode[3] = mode[3] | ISIG if character == 3 else mode[3] & ~ISIG
    termios.tcsetattr(0, termios.TCSANOW, mode)
    micropython.kbd_intr(3)


scratch = open(settings["scratch"], "r+")  # noqa: SIM115 - as above
told = open(settings["told"], "a")  # noqa: SIM115 - as above
_tell("start")
sys.modules["machine"] = Object(
    Pin=Pin, ADC=Adc, PWM=Nothing, UART=Nothing, I2C=Bus, WDT=Nothing, mem32=Memory(), reset=reset,
    reset_cause=lambda: 1, unique_id=lambda: b"fakepico", WDT_RESET=3,
)  # fmt: skip
sys.modules["rp2"] = Object(
    asm_pio=lambda **_: lambda program: program, StateMachine=Machine, PIO=Object(OUT_LOW=0, SHIFT_RIGHT=1),
    Flash=lambda: _flash,
)  # fmt: skip
sys.modules["micropython"] = Object(const=lambda value: value, kbd_intr=kbd_intr)
_clock = Clock()
sys.modules["time"] = Object(
    sleep=time.sleep, sleep_ms=_clock.sleep_ms, ticks_us=_clock.ticks_us, ticks_ms=time.ticks_ms,
    ticks_diff=time.ticks_diff, ticks_add=time.ticks_add,
)  # fmt: skip
_own = sys
sys.modules["sys"] = Object(
    path=sys.path, stdin=sys.stdin, stdout=sys.stdout, exit=sys.exit, print_exception=sys.print_exception,
    modules=sys.modules, platform=settings["platform"],
    implementation=Object(
        name=settings["name"], _machine=settings["machine"], version=tuple(settings["version"]), _mpy=settings["mpy"]
    ),
)  # fmt: skip
_flash = Flash(settings["flash"], settings["blocks"], settings["cut"])
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(_flash, progsize=256, readsize=256), "/")
sys.path[:] = ["", ".frozen", "/lib"]
os.chdir("/")
for _name in ("boot.py", "main.py"):
    try:
        with open(_name) as _file:
            _text = _file.read()
    except OSError:
        continue
    kbd_intr(3)
    try:
        exec(_text, {"__name__": "__main__"})
    except SystemExit:
        raise
    except BaseException as _error:  # noqa: BLE001 - whatever it is, the prompt comes after it
        _own.print_exception(_error)
kbd_intr(-1)  # at the prompt a byte 0x03 is read; as a signal between two steps it would end this process
