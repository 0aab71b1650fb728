"""A Sensirion SLF3S flow sensor on an SCC1 cable that is not there: SHDLC frames in, frames out.

    device = VirtualFlowSensor(lambda t_s: 69.4)            # uL/min
    device.feed(bytes.fromhex("7E 00 35 01 03 C6 7E"), t_s)

Own framing, so that the maker's package at the other end is checked by somebody else. Frames from Sensirion's SHDLC
description. It knows what a driver needs: type, scale, start, stop, last value, part name, serial number, version.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from pumphil.instruments.virtual.faults import Faulty

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
STUFFED = (FLAG, ESCAPE, 0x11, 0x13)
NOT_MEASURING, UNKNOWN_COMMAND = 0x22, 0x02
AIR, HIGH_FLOW = 1, 2
UL_PER_MIN = 0x0844
LONGEST = 600


def checksum(frame: bytes) -> int:
    """One's complement of the low byte of the sum."""
    return ~sum(frame) & 0xFF


def stuffed(frame: bytes) -> bytes:
    """Frame and checksum between two flags."""
    body = b"".join(
        bytes([ESCAPE, byte ^ FLIP]) if byte in STUFFED else bytes([byte]) for byte in [*frame, checksum(frame)]
    )
    return bytes([FLAG]) + body + bytes([FLAG])


def unstuffed(body: bytes) -> bytes | None:
    """Frame without checksum, from what stood between the flags; None if it is damaged."""
    frame, flip = bytearray(), 0
    for byte in body:
        if byte == ESCAPE:
            flip = FLIP
        else:
            frame.append(byte ^ flip)
            flip = 0
    good = len(frame) >= 4 and checksum(bytes(frame[:-1])) == frame[-1] and frame[2] == len(frame) - 4
    return bytes(frame[:-1]) if good else None


class VirtualFlowSensor:
    """`flow_ul_min` at a time in seconds; with `noise_ul_min` on it. Beyond `full_scale_ul_min` it flags high flow."""

    def __init__(
        self, flow_ul_min: Callable[[float], float], *, scale: int = 10, full_scale_ul_min: float = 2000.0,
        noise_ul_min: float = 0.0, temperature_c: float = 22.35, seed: int = 0, faults: Faulty | None = None,
    ) -> None:  # fmt: skip
        self.air = False
        self.faults = faults if faults is not None else Faulty()
        self._flow_ul_min = flow_ul_min
        self._scale = scale
        self._full_scale_ul_min = full_scale_ul_min
        self._noise_ul_min = noise_ul_min
        self._temperature = round(temperature_c * 200)
        self._rng = Random(f"{seed}:flow")
        self._came = bytearray()
        self._measuring = False

    def feed(self, data: bytes, t_s: float) -> bytes:
        """Replies to the whole frames that came."""
        self._came += data
        out = b""
        while (begin := self._came.find(FLAG)) >= 0 and (end := self._came.find(FLAG, begin + 1)) >= 0:
            frame = unstuffed(bytes(self._came[begin + 1 : end]))
            if frame is None:  # the second flag may be the first of the next frame
                del self._came[:end]
                continue
            del self._came[: end + 1]
            state, payload = self._obey(frame[1], frame[3:], t_s)
            reply = bytes([frame[0], frame[1], state, len(payload)]) + payload
            out += self.faults(stuffed(reply))
        del self._came[:-LONGEST]
        return out

    def _obey(self, command: int, data: bytes, t_s: float) -> tuple[int, bytes]:
        """(state, payload)"""
        if command == 0x33 and len(data) == 4:
            self._measuring = True
        elif command == 0x34:
            self._measuring = False
        elif command == 0x35:
            return (0, self._last(t_s)) if self._measuring else (NOT_MEASURING, b"")
        else:
            told = {
                0x24: b"\x03", 0x25: b"\x08", 0x53: struct.pack(">HHH", self._scale, UL_PER_MIN, 0),
                0x50: b"0703030100000001\0", 0xD0: b"FTVIRTUAL\0", 0xD1: bytes([1, 7, 0, 1, 0, 1, 1]),
            }.get(command)  # fmt: skip
            return (0, told) if told is not None else (UNKNOWN_COMMAND, b"")
        return 0, b""

    def _last(self, t_s: float) -> bytes:
        flow = self._flow_ul_min(t_s) + self._noise_ul_min * self._rng.gauss(0.0, 1.0)
        flags = (AIR if self.air else 0) | (HIGH_FLOW if abs(flow) > self._full_scale_ul_min else 0)
        counts = max(-32768, min(32767, round(flow * self._scale)))
        return struct.pack(">hhH", counts, self._temperature, flags)
