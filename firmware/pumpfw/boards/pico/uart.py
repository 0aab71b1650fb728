"""Port `Link` of a board flashed with `--uart`: two pins at 115 200 baud, and the USB port as before.

Read from whichever speaks; the answer goes where the last bytes came from, and so does what the pump says by itself.
Two programmers at once break each other's frames, which the CRC finds. The prompt is given on USB alone.
"""

import select
import sys

BAUD = 115_200
BUFFER = 512  # more than any frame: nothing is lost while the core is at work, and a write never waits


class UartLink:
    """Never blocks. `interrupted`: somebody at the USB port wants the prompt."""

    def __init__(self, usb, uart):
        self._usb = usb
        self._uart = uart
        self._answers_uart = False
        self._pending = 0  # bytes written since the line was last silent
        self._input = select.poll()
        self._input.register(sys.stdin, select.POLLIN)
        self._input.register(uart, select.POLLIN)

    @property
    def interrupted(self):
        return self._usb.interrupted

    def wait(self, ms):
        """Sleep until bytes wait, `ms` at most. Whether they do."""
        for _ in self._input.ipoll(ms):
            return True
        return False

    def read_into(self, buf):
        count = self._usb.read_into(buf)
        if count:
            self._answers_uart = False
            return count
        count = self._uart.readinto(buf, min(self._uart.any(), len(buf))) or 0
        if count:
            self._answers_uart = True
        return count

    def write(self, data):
        """A frame that does not fit into the buffer is dropped whole."""
        if not self._answers_uart:
            self._usb.write(data)
            return
        if self._uart.txdone():
            self._pending = 0
        if self._pending + len(data) <= BUFFER:
            self._pending += len(data)
            self._uart.write(data)
