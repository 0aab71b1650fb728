"""What a cable does to a reply, on purpose.

    FAULTS["half-line"](b"S S     100.0000 g\\r\\n", rng)

Each takes the bytes of a whole reply and gives what arrives. A load that is too large, an unstable reading or a port
that is gone are no faults of a line: the pan and the server make those.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def half_line(reply: bytes, rng: Random) -> bytes:
    """The end is missing."""
    return reply[: rng.randrange(1, max(2, len(reply)))]


def silence(reply: bytes, rng: Random) -> bytes:
    """Nothing arrives."""
    return b""


def garbage(reply: bytes, rng: Random) -> bytes:
    """As with a wrong baud rate."""
    return rng.randbytes(len(reply)) + b"\r\n"


def changed_bit(reply: bytes, rng: Random) -> bytes:
    """One bit of the eight in one byte."""
    place = rng.randrange(len(reply))
    return reply[:place] + bytes([reply[place] ^ 1 << rng.randrange(8)]) + reply[place + 1 :]


def lost_byte(reply: bytes, rng: Random) -> bytes:
    """One byte is missing."""
    place = rng.randrange(len(reply))
    return reply[:place] + reply[place + 1 :]


def doubled_byte(reply: bytes, rng: Random) -> bytes:
    """One byte comes twice."""
    place = rng.randrange(len(reply))
    return reply[: place + 1] + reply[place:]


def noise_before(reply: bytes, rng: Random) -> bytes:
    """A burst in front of the reply, as from a plug."""
    return rng.randbytes(3) + reply


FAULTS: dict[str, Callable[[bytes, Random], bytes]] = {
    "half-line": half_line, "silence": silence, "garbage": garbage, "changed-bit": changed_bit, "lost-byte": lost_byte,
    "doubled-byte": doubled_byte, "noise-before": noise_before,
}  # fmt: skip


class Faulty:
    """Lets replies pass, but for the chosen faults.

    `planned`: names for the next replies, one each, "" for a whole one. Behind them each reply gets one of `kinds`
    with that probability.
    """

    def __init__(self, kinds: tuple[str, ...] = (), probability: float = 0.0, seed: int = 0) -> None:
        for kind in kinds:
            if kind not in FAULTS:
                raise ValueError(f"no fault {kind!r}: give some of {', '.join(FAULTS)}")
        self.planned: list[str] = []
        self._kinds = kinds
        self._probability = probability
        self._rng = Random(f"{seed}:faults")

    def __call__(self, reply: bytes) -> bytes:
        """What arrives of a reply."""
        kind = ""
        if self.planned:
            kind = self.planned.pop(0)
        elif self._kinds and self._rng.random() < self._probability:
            kind = self._rng.choice(self._kinds)
        return FAULTS[kind](reply, self._rng) if kind and reply else reply
