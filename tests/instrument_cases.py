"""Replies of balances as they arrive, and what each must be: the table of every dialect, and ports without wires.

Written by hand from the manuals named in `pumphil/instruments/dialects`. A row is the bytes after one question and
either (grams, stable) or the kind of failure. In the tables of 7E1 the parity bits are set by `even`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from pumphil.instruments.failures import (
    Garbage,
    InstrumentFailure,
    Overload,
    Refused,
    Restarted,
    Silent,
    Underload,
    Unplugged,
    WrongFormat,
)
from pumphost.errors import TransportError

GONE = b"<the port is gone>"
Expected = tuple[str, bool] | type[InstrumentFailure]
Row = tuple[bytes, Expected]


def even(text: bytes) -> bytes:
    """Seven data bits and even parity."""
    return bytes(byte | (byte.bit_count() & 1) << 7 for byte in text)


def odd(text: bytes) -> bytes:
    """Seven data bits and odd parity."""
    return bytes(byte | (~byte.bit_count() & 1) << 7 for byte in text)


def flipped(data: bytes, place: int, bit: int) -> bytes:
    """One bit of one byte changed."""
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


MT_SICS: list[Row] = [
    (b"S S   100.0000 g\r\n", ("100.0000", True)),
    (b"S D   100.0012 g\r\n", ("100.0012", False)),
    (b"SI S   100.0000 g\r\n", ("100.0000", True)),  # as some emulators answer
    (b"SI D    99.9987 g\r\n", ("99.9987", False)),
    (b"S S     0.0000 g\r\n", ("0.0000", True)),
    (b"S S    -0.0082 g\r\n", ("-0.0082", True)),
    (b"S D  -100.0001 g\r\n", ("-100.0001", False)),
    (b'I4 A "B123456789"\r\nS S     1.2345 g\r\n', Restarted),
    (b"S +\r\n", Overload),
    (b"SI +\r\n", Overload),
    (b"S -\r\n", Underload),
    (b"S I\r\n", Refused),
    (b"ES\r\n", Refused),
    (b"ET\r\n", Refused),
    (b"EL\r\n", Refused),
    (b"S S Error 10b\r\n", Refused),
    (b"S S   100.000 g\r\n", Garbage),  # a digit lost
    (b"S S   100.00000 g\r\n", Garbage),  # a digit too many
    (b"S S  0100.0000 g\r\n", Garbage),  # a blank that became a digit
    (b"S S   1 0.0000 g\r\n", Garbage),  # a digit that became a blank
    (b"S S   100,0000 g\r\n", Garbage),
    (b"S X   100.0000 g\r\n", Garbage),
    (b"S S  100.0000 mg\r\n", Garbage),
    (b"S S   100.0000 mg\r\n", WrongFormat),
    (b"S S    100.000 g\r\n", WrongFormat),
    (b"S S   100.0000 g\n", Garbage),  # CR lost
    (b"S S   100.0000 gM\n", Garbage),  # CR that became M
    (b"S S   100.00", Garbage),  # half a line
    (b"S S   100.0000 g\r", Garbage),
    (b"\xff\x80S S   100.0000 g\r\n", Garbage),
    (b"", Silent),
    (GONE, Unplugged),
]
SBI: list[Row] = [
    (b"+ 123.5600 g  \r\n", ("123.5600", True)),
    (b"+ 123.5600    \r\n", ("123.5600", False)),
    (b"- 123.5600 g  \r\n", ("-123.5600", True)),
    (b"  123.5600 g  \r\n", ("123.5600", True)),
    (b"+   0.0000 g  \r\n", ("0.0000", True)),
    (b"-   0.0012    \r\n", ("-0.0012", False)),
    (b"+  20.0001 g  \r\n", ("20.0001", True)),
    (b"      High    \r\n", Overload),
    (b"      H       \r\n", Overload),
    (b"      Low     \r\n", Underload),
    (b"      L       \r\n", Underload),
    (b"   Cal.Int.   \r\n", Refused),
    (b"      C       \r\n", Refused),
    (b"      --      \r\n", Refused),
    (b"              \r\n", Refused),
    (b"Err 054       \r\n", Refused),
    (b"APP.ERR       \r\n", Refused),
    (b"+ 123.560 g  \r\n", Garbage),
    (b"+ 123.5600 g \r\n", Garbage),
    (b"+0123.5600 g  \r\n", Garbage),
    (b"+ 12 .5600 g  \r\n", Garbage),
    (b"+ 123.5600 mg \r\n", WrongFormat),
    (b"+  123.560 g  \r\n", WrongFormat),
    (b"N     + 123.5600 g  \r\n", WrongFormat),  # 22 characters from a balance that sent 16
    (b"Stat        High    \r\n", Overload),
    (b"+ 123.5600 g  \n", Garbage),
    (b"+ 123.56", Garbage),
    (b"+ 123.56\xb00 g  \r\n", Garbage),
    (b"", Silent),
    (GONE, Unplugged),
]
AD: list[Row] = [
    (even(b"ST,+123.4560  g\r\n"), ("123.4560", True)),
    (even(b"US,+123.4561  g\r\n"), ("123.4561", False)),
    (even(b"ST,-000.0120  g\r\n"), ("-0.0120", True)),
    (even(b"ST,+000.0000  g\r\n"), ("0.0000", True)),
    (even(b"US,-100.0000  g\r\n"), ("-100.0000", False)),
    (even(b"ST,+020.0001  g\r\n"), ("20.0001", True)),
    (even(b"OL,+9999999E+19\r\n"), Overload),
    (even(b"OL,-9999999E+19\r\n"), Underload),
    (even(b"OL,+999.9999  g\r\n"), Overload),
    (even(b"QT,+00000012 PC\r\n"), WrongFormat),
    (even(b"EC,E01\r\n"), Refused),
    (even(b"ST,+123.4560 mg\r\n"), WrongFormat),
    (even(b"ST,+1234.560  g\r\n"), WrongFormat),
    (even(b"ST,+0123.4560  g\r\n"), WrongFormat),  # 16 characters from a balance that sent 15
    (even(b"ST,+123.456  g\r\n"), Garbage),
    (even(b"ST,+123.45606  g\r\n"), WrongFormat),
    (even(b"ST +123.4560  g\r\n"), Garbage),
    (even(b"ST,123.4560   g\r\n"), Garbage),
    (even(b"ST,+123.4560  g\n"), Garbage),
    (even(b"ST,+123."), Garbage),
    (flipped(even(b"ST,+123.4560  g\r\n"), 4, 0), Garbage),  # 1 that became 0
    (flipped(even(b"ST,+123.4560  g\r\n"), 9, 7), Garbage),  # the parity bit itself
    (flipped(even(b"US,+123.4560  g\r\n"), 0, 1), Garbage),
    (b"ST,+123.4560  g\r\n", Garbage),  # no parity bits at all
    (odd(b"ST,+123.4560  g\r\n"), Garbage),
    (b"", Silent),
    (GONE, Unplugged),
]
OHAUS: list[Row] = [
    (b"   192.2100 g  \r\n", ("192.2100", True)),
    (b"   192.2100 g ?\r\n", ("192.2100", False)),
    (b"    -0.0100 g  \r\n", ("-0.0100", True)),
    (b"     0.0000 g  \r\n", ("0.0000", True)),
    (b"  -192.2100 g ?\r\n", ("-192.2100", False)),
    (b"    20.0001 g  \r\n", ("20.0001", True)),
    (b"Err 8.3\r\n", Overload),
    (b"Err 8.4\r\n", Underload),
    (b"Err 9.5\r\n", Refused),
    (b"ES\r\n", Refused),
    (b"   192.2100 g\r\n", WrongFormat),  # the blank in the place of the mark, and one more, lost
    (b"   192.2100 g \r\n", Garbage),  # the mark lost
    (b"   192.210 g  \r\n", WrongFormat),
    (b"    192.210 g  \r\n", WrongFormat),
    (b"   192.21000 g  \r\n", WrongFormat),
    (b"  192.2100 g  \r\n", WrongFormat),
    (b"  0192.2100 g  \r\n", Garbage),
    (b"   19 .2100 g  \r\n", Garbage),
    (b"   192.2100 mg  \r\n", WrongFormat),
    (b"   192.2100 oz  \r\n", WrongFormat),
    (b"   192.2100 g TOTAL\r\n", Garbage),
    (b"   192.2100 g  \n", Garbage),
    (b"   192.2", Garbage),
    (b"   192\xae2100 g  \r\n", Garbage),
    (b"", Silent),
    (GONE, Unplugged),
]
TABLES: dict[str, tuple[str, bytes, list[Row]]] = {
    "mt-sics": ("8N1", b"S S    50.0000 g\r\n", MT_SICS),
    "sbi": ("8N1", b"+  50.0000 g  \r\n", SBI),
    "ad": ("7E1", even(b"ST,+050.0000  g\r\n"), AD),
    "ohaus": ("8N1", b"    50.0000 g  \r\n", OHAUS),
}
"""dialect -> framing, a whole reply from before, rows"""
WHOLE_LINES: list[tuple[str, str, Decimal, str, bool]] = [
    # worked examples of the makers and of our own reference, one line each
    ("mt-sics", "S S   100.0000 g", Decimal("100.0000"), "g", True),
    ("mt-sics", "S S     100.00 g", Decimal("100.00"), "g", True),
    ("mt-sics", "S D    -0.6800 g", Decimal("-0.6800"), "g", False),
    ("sbi", "+   123.56 g  ", Decimal("123.56"), "g", True),
    ("sbi", "+   123.56    ", Decimal("123.56"), "", False),
    ("sbi", "N     +   123.56 g  ", Decimal("123.56"), "g", True),
    ("sbi", "G#    + 1234.567 kg ", Decimal("1234.567"), "kg", True),
    ("ad", "ST,+00123.456  g", Decimal("123.456"), "g", True),
    ("ad", "ST,+00018.27  g", Decimal("18.27"), "g", True),
    ("ad", "US,-00183.96  g", Decimal("-183.96"), "g", False),
    ("ohaus", "     192.21 g", Decimal("192.21"), "g", True),
    ("ohaus", "       0.01 g ?", Decimal("0.01"), "g", False),
    ("ohaus", "        0.00 g     ", Decimal("0.00"), "g", True),
    ("ohaus", "       12.73 g    ?", Decimal("12.73"), "g", False),
    ("ohaus", "      0.4500 oz    ", Decimal("0.4500"), "oz", True),
    ("ohaus", "        200 g  ", Decimal("200"), "g", True),
    ("ohaus", "        311 g ?", Decimal("311"), "g", False),
    ("ohaus", "      0.211 kg ?", Decimal("0.211"), "kg", False),
]


class Scripted:
    """A port that answers each question with the next reply, the last one again and again. Time passes in waiting."""

    name = "scripted"

    def __init__(self, *replies: bytes) -> None:
        self.replies = list(replies)
        self.asked: list[bytes] = []
        self._waiting = b""
        self._gone = False
        self._now_s = 0.0

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self._gone = reply == GONE
        self._waiting += b"" if self._gone else reply

    def read(self, timeout_s: float) -> bytes:
        if self._gone:
            raise TransportError("scripted was lost while reading (input/output error)")
        data, self._waiting = self._waiting, b""
        if not data:
            self._now_s += timeout_s
        return data

    def now_s(self) -> float:
        return self._now_s

    def close(self) -> None:
        self._gone = True


class Wired:
    """A virtual instrument at the other end of this port, in virtual time: waiting lets it work."""

    name = "wired"

    def __init__(self, feed: Callable[[bytes, float], bytes]) -> None:
        self._feed = feed
        self._waiting = b""
        self._now_s = 0.0

    def write(self, data: bytes) -> None:
        self._waiting += self._feed(data, self._now_s)

    def read(self, timeout_s: float) -> bytes:
        until = self._now_s + timeout_s
        while not self._waiting and self._now_s < until:
            self._now_s = min(until, self._now_s + 0.05)
            self._waiting += self._feed(b"", self._now_s)
        data, self._waiting = self._waiting, b""
        return data

    def now_s(self) -> float:
        return self._now_s

    def now_us(self) -> int:
        return round(self._now_s * 1e6)

    def wait(self, seconds: float) -> None:
        """Nobody asks for so long."""
        self._now_s += seconds

    def close(self) -> None:
        self._waiting = b""
