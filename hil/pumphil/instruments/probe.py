"""The probe: a second Pico that counts and times the pump's step pulses, sees its other outputs and plays faults.

    probe = Probe(line); probe.identify()
    times_us, number = probe.steps_since(0)
    probe.drive("bolus", ms=200)

Its firmware is in hil/probe, its line protocol in docs/bench.md. Times are µs since the probe began, by its crystal.
`line` is a pair of `write(data)` and `read(timeout_s)`; every request can be repeated, and is, where no sound answer
comes. Deliberately not here: what a pulse is worth, and when the pump's own time began.
"""

from __future__ import annotations

import binascii
import time
from dataclasses import dataclass
from typing import Protocol

from pumphil.instruments.reading import InstrumentError

NAME, VERSION = "pumpbench-probe", 1
ATTEMPTS = 3
ANSWER_S = 1.0
FAULTS = (
    "encoder-off", "reset", "air", "valve-shut", "bolus", "stop", "power-off", "cover-open", "jumper", "presence",
)  # fmt: skip
_NUMBERS = ("t", "steps", "lost", "tone", "motor_mv")


class ProbeError(InstrumentError):
    """The probe does not answer, refuses, or has lost what was asked for."""


class Overwritten(ProbeError):
    """Rows of a log are gone. `first`: the oldest that is left."""

    def __init__(self, log: str, number: int, first: int) -> None:
        self.first = first
        super().__init__(
            f"the probe has overwritten {log} {number} to {first - 1} before they were read; ask it more often, and "
            "see whether this computer sleeps"
        )


class Restarted(ProbeError):
    """The probe has begun anew: its counts and its time are not those of before."""

    def __init__(self, log: str, number: int, total: int) -> None:
        super().__init__(
            f"the probe has started anew: it has {total} {log} and had {number}; pulses may be missing, begin the "
            "measurement again, and see whether its power is steady"
        )


class Line(Protocol):
    """The way to the probe."""

    def write(self, data: bytes) -> None:
        """Send."""

    def read(self, timeout_s: float) -> bytes:
        """What has come, or b"" after this time."""


@dataclass(frozen=True, slots=True)
class ProbeIdentity:
    """Who answers. `uid` is the number of its chip, which is its USB serial number as well; hex."""

    version: int
    uid: str
    micropython: str


@dataclass(frozen=True, slots=True)
class Levels:
    """Everything at one instant. `lost`: pulses that were counted and whose time was not kept."""

    t_us: int
    steps: int
    lost: int
    tone_hz: int
    motor_mv: int
    lines: dict[str, int]
    faults: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Edge:
    """A line took this level; for the line `tone` the value is a frequency in Hz, 0 when it ended."""

    t_us: int
    line: str
    value: int


class Probe:
    """Raises `ProbeError`; what the line raises passes through. `t_us`: the probe's time at its last answer."""

    def __init__(self, line: Line, answer_s: float = ANSWER_S) -> None:
        self._line = line
        self._answer_s = answer_s
        self._number = 0
        self._rest = b""
        self.t_us = 0

    def identify(self) -> ProbeIdentity:
        """Who is there. ProbeError if it is no probe, or one of another version."""
        words = self._ask("who").split()
        if len(words) != 4 or words[0] != NAME or not words[1].isdigit():
            raise ProbeError(f"what answers at this port is no probe: it says {' '.join(words)!r}; check the port")
        if int(words[1]) != VERSION:
            raise ProbeError(
                f"the probe speaks version {words[1]}, this program {VERSION}; copy hil/probe onto it again"
            )
        return ProbeIdentity(int(words[1]), words[2], words[3])

    def read(self) -> Levels:
        """All levels and counts now."""
        said = _values(self._ask("read"))
        self.t_us = said.get("t", self.t_us)
        try:
            t_us, steps, lost, tone_hz, motor_mv = (said.pop(name) for name in _NUMBERS)
        except KeyError as missing:
            raise ProbeError(f"the probe did not say {missing}; copy hil/probe onto it again") from None
        faults = {name: bool(said.pop(name)) for name in FAULTS if name in said}
        return Levels(t_us, steps, lost, tone_hz, motor_mv, said, faults)

    def steps_since(self, number: int) -> tuple[list[int], int]:
        """Times in µs of all pulses from this number on, and the number of the next one.

        Overwritten if one of them is gone: the probe keeps about a thousand. Restarted: it has begun anew.
        """
        rows, after = self._rows("steps", number)
        return [int(row) for row in rows], after

    def edges_since(self, number: int) -> tuple[list[Edge], int]:
        """All edges from this number on, and the number of the next one. Overwritten: it keeps 256."""
        rows, after = self._rows("edges", number)
        return [_edge(row) for row in rows], after

    def drive(self, fault: str, on: bool = True, ms: int = 0) -> int:
        """Drive a fault line, for so many ms or until taken back; the probe's time at it, µs.

        After 30 s without any request the probe takes everything back by itself.
        """
        if fault not in FAULTS:
            raise ProbeError(f"the probe has no fault {fault!r}: it has {', '.join(FAULTS)}")
        self.t_us = _values(self._ask(f"drive {fault} {'on' if on else 'off'}{f' {ms}' if ms else ''}"))["t"]
        return self.t_us

    def rest(self) -> None:
        """Every fault line at rest."""
        self._ask("rest")

    def _rows(self, log: str, number: int) -> tuple[list[str], int]:
        rows: list[str] = []
        at, since_us = number, self.t_us
        while True:
            words = self._ask(f"{log} {at}").split()
            head = _values(" ".join(words[:3]))
            self.t_us = head["t"]
            if head["total"] < number or head["t"] < since_us:
                raise Restarted(log, number, head["total"])
            if head["first"] > at:
                raise Overwritten(log, at, head["first"])
            rows += words[3:]
            at += len(words) - 3
            if at >= head["total"] or len(words) == 3:
                return rows, at

    def _ask(self, words: str) -> str:
        for _ in range(ATTEMPTS):
            self._number += 1
            text = f"{self._number} {words}".encode()
            self._line.write(b"%s *%08x\n" % (text, binascii.crc32(text)))
            answer = self._answer(self._number)
            if answer is None:
                continue
            if answer[0] != "ok":
                raise ProbeError(f"probe refused {words!r}: {answer[1]}")
            return answer[1]
        raise ProbeError(
            f"the probe did not answer {words!r} within {ATTEMPTS * self._answer_s:g} s; check its cable, and that "
            "hil/probe is on it"
        )

    def _answer(self, number: int) -> tuple[str, str] | None:
        """State and words of the sound answer with this number; any other line is dropped."""
        until = time.monotonic() + self._answer_s
        while (left_s := until - time.monotonic()) > 0:
            self._rest += self._line.read(left_s)
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                text, _, crc = line.strip().rpartition(b" *")
                if crc == b"%08x" % binascii.crc32(text):
                    said, _, rest = text.decode("ascii", "replace").partition(" ")
                    state, _, words = rest.partition(" ")
                    if said == str(number):
                        return state, words
        return None


def _values(text: str) -> dict[str, int]:
    try:
        return {name: int(value) for name, _, value in (word.partition("=") for word in text.split())}
    except ValueError:
        raise ProbeError(f"the probe said {text!r}, which this program does not understand; update both") from None


def _edge(row: str) -> Edge:
    t_us, line, value = row.split(":")
    return Edge(int(t_us), line, int(value))
