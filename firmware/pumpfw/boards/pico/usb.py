"""Port `Link`: the USB serial port of the chip, every byte value as it is.

A test build gives way to a tool that wants the prompt: two bytes 0x03 outside of a frame end it (`interrupted`). In a
delivery build they are noise like any other (SEC-09).
"""

import select
import sys

import micropython

_CHUNK = 16
_CTRL_C = 3


class UsbLink:
    """Never blocks. `interrupted`: somebody wants the prompt."""

    def __init__(self, build=1):
        micropython.kbd_intr(-1)
        self.interrupted = False
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._input = select.poll()
        self._input.register(sys.stdin, select.POLLIN)
        self._output = select.poll()
        self._output.register(sys.stdout, select.POLLOUT)
        self._one = bytearray(1)
        self._yields = build
        self._breaks = 0  # 0x03 in a row since the last frame; below 0: inside of a frame

    def wait(self, ms):
        """Sleep until bytes wait, `ms` at most. Whether they do."""
        for _ in self._input.ipoll(ms):
            return True
        return False

    def read_into(self, buf):
        one = self._one
        count = 0
        while count < len(buf) and self.wait(0):
            self._in.readinto(one)
            byte = one[0]
            buf[count] = byte
            count += 1
            if self._yields:
                self._look(byte)
        return count

    def _look(self, byte):
        # a frame begins and ends with 0x00
        if byte == 0:
            self._breaks = 0 if self._breaks < 0 else -1
        elif byte == _CTRL_C and self._breaks >= 0:
            self._breaks += 1
            self.interrupted = self._breaks >= 2
        elif self._breaks > 0:
            self._breaks = 0

    def write(self, data):
        """What the host does not read is dropped: a frame that is not whole fails its CRC there."""
        view = memoryview(data)
        for at in range(0, len(data), _CHUNK):
            if not self._room():
                return
            self._out.write(view[at : at + _CHUNK])

    def _room(self):
        for _ in self._output.ipoll(20):
            return True
        return False
