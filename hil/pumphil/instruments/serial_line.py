"""One question, one line: what a driver of a talking instrument needs of a port.

    line = SerialLine(transport, Framing("7E1"), "balance", clock_us)
    answer = line.ask("SI\\r\\n", 1.0)           # Answer(text, t_us): the line without CR LF, stamped at its first byte

Before a question all that came unasked is taken away, and after a failure the line must have been quiet for a moment,
so that a late answer is never taken for the next one. No thread, no retry, no meaning: that is the driver's.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumphil.instruments.contract import ClockUs
from pumphil.instruments.failures import Garbage, Silent, Unplugged
from pumphil.instruments.framing import Framing
from pumphost.errors import TransportError
from pumphost.transport import Transport, clock_of

LONGEST = 256
"""More bytes than this without a line end are no line."""
QUIET_S = 0.15
QUIET_AT_MOST_S = 3.0
LINE_FEED = 0x0A


@dataclass(frozen=True, slots=True)
class Answer:
    """A line without CR LF, and rig time at its first byte."""

    text: str
    t_us: int


class SerialLine:
    """Lines over a transport. Every failure is an InstrumentFailure in the name of `instrument`."""

    def __init__(self, transport: Transport, framing: Framing, instrument: str, clock_us: ClockUs) -> None:
        self._transport = transport
        self._framing = framing
        self._instrument = instrument
        self._clock_us = clock_us
        self._now_s = clock_of(transport)
        self._waiting = bytearray()
        self._first_us = 0
        self._doubtful = False  # an answer to an earlier question may still come

    def now_s(self) -> float:
        """Seconds on the clock that waiting goes by."""
        return self._now_s()

    def unasked(self) -> list[str]:
        """Whole lines that came since the last answer, as far as they can be read; all of it is taken away."""
        if self._doubtful:
            self._until_quiet()
        while (data := self._receive(0.0)) and len(self._waiting) < LONGEST:
            self._waiting += data
        came, self._waiting = bytes(self._waiting), bytearray()
        return [bytes(byte & 0x7F for byte in line).decode("ascii") for line in came.split(b"\n") if line]

    def send(self, command: str) -> None:
        """Hand over a command with its line end."""
        try:
            self._transport.write(self._framing.encode(command))
        except TransportError as error:
            raise self._unplugged(error) from error

    def ask(self, command: str, timeout_s: float) -> Answer:
        """The first line after the command; `next` for more. Call `unasked` before."""
        self.send(command)
        return self.next(timeout_s)

    def next(self, timeout_s: float) -> Answer:
        """One more line. Silent: nothing came; Garbage: half a line, an endless one, or wrong parity."""
        deadline = self._now_s() + timeout_s
        while (end := self._line_end()) < 0:
            left = deadline - self._now_s()
            data = self._receive(left) if left > 0 else b""
            if not data:
                raise self._nothing_whole()
            if not self._waiting:
                self._first_us = self._clock_us()
            self._waiting += data
            if len(self._waiting) > LONGEST:
                self._doubtful = True
                raise Garbage(self._instrument, self._shown(), "sends without end")
        line = bytes(self._waiting[: end + 1])
        del self._waiting[: end + 1]
        t_us, self._first_us = self._first_us, self._clock_us()
        try:
            text = self._framing.decode(line, self._instrument)
        except Garbage:
            self._doubtful = True
            raise
        if not text.endswith("\r\n"):
            self._doubtful = True
            raise Garbage(self._instrument, text, "sent a line without CR LF")
        return Answer(text[:-2], t_us)

    def pause(self, seconds: float) -> None:
        """Let time pass on the port's clock; what comes meanwhile is kept."""
        until = self._now_s() + seconds
        while (left := until - self._now_s()) > 0 and (data := self._receive(left)):
            self._waiting += data
            del self._waiting[:-LONGEST]

    def doubt(self) -> None:
        """The last answer made no sense: wait until the line is quiet before the next question."""
        self._doubtful = True

    def close(self) -> None:
        """Give the port back."""
        self._transport.close()

    def _line_end(self) -> int:
        """Place of the line feed, whatever its parity bit."""
        mask = 0x7F if self._framing.checked else 0xFF
        return next((place for place, byte in enumerate(self._waiting) if byte & mask == LINE_FEED), -1)

    def _nothing_whole(self) -> Silent | Garbage:
        self._doubtful = True
        if not self._waiting:
            return Silent(self._instrument)
        shown = self._shown()
        self._waiting.clear()
        return Garbage(self._instrument, shown, "sent half a line")

    def _shown(self) -> str:
        mask = 0x7F if self._framing.checked else 0xFF
        return bytes(byte & mask for byte in self._waiting).decode("latin-1")

    def _until_quiet(self) -> None:
        """What comes meanwhile is kept: it may say that the instrument has started anew."""
        deadline = self._now_s() + QUIET_AT_MOST_S
        while data := self._receive(QUIET_S):
            self._waiting += data
            del self._waiting[:-LONGEST]
            if self._now_s() >= deadline:  # on a clock that stands still this ends with the bytes
                raise Garbage(
                    self._instrument, "", "sends without being asked", "switch automatic printing off, then ask again"
                )
        self._doubtful = False

    def _receive(self, timeout_s: float) -> bytes:
        try:
            return self._transport.read(timeout_s)
        except TransportError as error:
            raise self._unplugged(error) from error

    def _unplugged(self, error: TransportError) -> Unplugged:
        return Unplugged(self._instrument, "", f"is not there ({error})")
