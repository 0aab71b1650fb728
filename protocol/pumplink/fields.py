"""Field kinds of PumpLink messages, and rows of them as layouts with names, units and words.

For the host; the pump keeps what `gen_device.py` makes of it. A `tail` is the one variable part a
message may end with; its length follows from the frame.
"""

import struct

from pumplink import layout

# kind: (struct letter, bytes, smallest, largest)
KINDS = {
    "u8": ("B", 1, 0, 0xFF),
    "u16": ("H", 2, 0, 0xFFFF),
    "i16": ("h", 2, -0x8000, 0x7FFF),
    "u32": ("I", 4, 0, 0xFFFFFFFF),
    "u64": ("Q", 8, 0, 0xFFFFFFFFFFFFFFFF),
    "b3": ("3s", 3, None, None),
    "b4": ("4s", 4, None, None),
    "b8": ("8s", 8, None, None),
    "b16": ("16s", 16, None, None),
}
TAIL = "tail"


class Field:
    """One field of a message: `kind` is a key of `KINDS` or `TAIL`; limits are inclusive, None for bytes."""

    __slots__ = ("name", "kind", "unit", "low", "high", "doc")

    def __init__(self, name, kind, unit, low, high, doc):
        self.name = name
        self.kind = kind
        self.unit = unit
        self.low = low
        self.high = KINDS[kind][3] if high is None and low is not None else high
        self.doc = doc


class FieldLayout:
    """The layout of rows (name, kind, unit, low, high, words); an open limit is that of the kind.

    `size` is the length of the fixed part in bytes; `has_tail` says whether bytes may follow it.
    """

    def __init__(self, rows):
        self.fields = tuple([Field(*row) for row in rows])
        self.has_tail = bool(rows) and rows[-1][1] == TAIL
        fixed = self.fields[:-1] if self.has_tail else self.fields
        ranges = []  # only where the limits are narrower than the kind
        for index, field in enumerate(fixed):
            if field.low is not None and (field.low, field.high) != KINDS[field.kind][2:]:
                ranges.append((index, field.low, field.high))
        self.ranges = tuple(ranges)
        self.format = "<" + "".join([KINDS[f.kind][0] for f in fixed])
        self._fixed = struct.Struct(self.format)
        self.size = self._fixed.size

    def pack(self, values):
        """Bytes of `values` (a sequence in field order; the tail, if any, is bytes)."""
        if self.has_tail:
            return layout.pack(self.format, True, values)
        return self._fixed.pack(*values)

    def unpack(self, payload):
        """Values in field order, or None if the length does not fit. Never raises on wire input."""
        if self.has_tail or len(payload) != self.size:
            return layout.unpack(self.format, self.has_tail, payload)
        return self._fixed.unpack(payload)

    def violation(self, values):
        """Index of the first field outside its range and the limit it breaks, or (-1, 0)."""
        return layout.violation(self.ranges, values)
