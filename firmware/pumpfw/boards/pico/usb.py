"""Port `Link`: the USB serial port of the chip, every byte value as it is.

A test build gives way to a tool that wants the prompt: the word PROMPT ends it (`interrupted`). It is too long to come
out of noise. In a delivery build it is noise like any other (SEC-09).
"""

import select
import sys

import micropython

_CHUNK = 32
PROMPT = b"\x03pumpbench\r"  # its first byte does not come again in it


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
        self._matched = 0  # bytes of PROMPT that came last

    def wait(self, ms):
        """Sleep until bytes wait, `ms` at most. Whether they do."""
        for _ in self._input.ipoll(ms):
            return True
        return False

    def read_into(self, buf):
        # byte by byte, because a longer read waits for the last of them; this loop is most of what receiving costs
        one, ready, take = self._one, self._input.ipoll, self._in.readinto
        size = len(buf)
        count = 0
        while count < size:
            for _ in ready(0):
                break
            else:
                break
            take(one)
            byte = one[0]
            buf[count] = byte
            count += 1
            if (self._matched or byte == PROMPT[0]) and self._yields:
                self._look(byte)
        return count

    def _look(self, byte):
        if byte != PROMPT[self._matched]:
            self._matched = 0
        if byte == PROMPT[self._matched]:
            self._matched += 1
            if self._matched == len(PROMPT):
                self._matched = 0
                self.interrupted = True

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
