"""A balance that is not there: commands of a dialect in, replies out, for any driver.

    device = VirtualBalance(DIALECTS["mt-sics"], Pan(lambda t_s: 20.0))
    device.feed(b"SI\\r\\n", t_s)            # b"S S    20.0000 g\\r\\n"

Without port or clock: `server` puts it on one. It shows what the pan shows, waits for stability where its dialect does,
and streams when told to.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pumphil.instruments.dialects import TO_GRAMS, Dialect, Display
from pumphil.instruments.framing import Framing
from pumphil.instruments.virtual import manners
from pumphil.instruments.virtual.faults import Faulty
from pumphil.instruments.virtual.pan import Pan, Shown

STREAM_EVERY_S = 0.2
LONGEST = 64


class VirtualBalance:
    """`framing`: with 7E1 or 7O1 every byte carries its parity bit, which no pty adds by itself. `layout`: form of the
    line where the dialect has several. `unit`: what the display is set to; it has as many digits as the pan in g, so
    that kg or mg show another value."""

    def __init__(
        self, dialect: Dialect, pan: Pan, *, framing: str = "8N1", layout: str = "", unit: str = "g",
        faults: Faulty | None = None,
    ) -> None:  # fmt: skip
        self.dialect = dialect
        self.pan = pan
        self.faults = faults if faults is not None else Faulty()
        self._framing = Framing(framing)
        self._manners = manners.MANNERS[dialect.name]
        self._layouts = frozenset({layout} if layout else ())
        self._unit = unit
        self._typed = bytearray()
        self._waiting: tuple[tuple[str, ...], float] | None = None
        self._stream_s: float | None = None

    def feed(self, data: bytes, t_s: float) -> bytes:
        """Replies to what came, and what is due."""
        out = b""
        self._typed += bytes(byte & 0x7F for byte in data)
        while (end := self._typed.find(b"\n")) >= 0:
            command = self._typed[:end].decode("ascii").strip("\r ")
            del self._typed[: end + 1]
            out += self._answer(self._obey(command, t_s))
        del self._typed[:-LONGEST]
        return out + self._due(t_s)

    def power_on(self) -> bytes:
        """What it says of itself when it is switched on."""
        self.pan.clear_tare()
        self._waiting = self._stream_s = None
        known = self._manners.words.get("@")
        return self._answer(known[1].format(**self._manners.identity)) if known else b""

    def _obey(self, command: str, t_s: float) -> str:
        self._stream_s = None
        word = self._manners.words.get(command)
        if word is None:
            return self._manners.unknown
        if len(word) == 3:
            self._waiting = (word, t_s + self._manners.patience_s)
            return ""
        if word[0] == manners.STREAM:
            self._stream_s = t_s
            return ""
        self._waiting = None
        return self._carry_out(word, t_s)

    def _carry_out(self, word: tuple[str, ...], t_s: float) -> str:
        action = word[0]
        if action in (manners.NOW, manners.STABLE):
            return self._weight(self.pan.shown(t_s))
        shown = self.pan.shown(t_s)
        if action == manners.ZERO:
            self.pan.zero(t_s)
        elif action == manners.TARE:
            self.pan.tare(t_s)
            shown = replace(shown, value_g=self.pan.tare_shown_g)
        elif action == manners.CLEAR:
            self.pan.clear_tare()
        return self._filled(word[1], shown) if len(word) > 1 else ""

    def _due(self, t_s: float) -> bytes:
        out = b""
        if self._waiting is not None:
            word, until_s = self._waiting
            shown = self.pan.shown(t_s)
            if shown.stable or shown.over or shown.under:
                self._waiting = None
                out += self._answer(self._carry_out(word, t_s))
            elif t_s >= until_s:
                self._waiting = None
                out += self._answer(word[2])
        while self._stream_s is not None and self._stream_s <= t_s:
            self._stream_s += STREAM_EVERY_S
            out += self._answer(self._weight(self.pan.shown(t_s)))
        return out

    def _weight(self, shown: Shown) -> str:
        if shown.over or shown.under:
            return self.dialect.over if shown.over else self.dialect.under
        return self.dialect.show(Display(self._in_unit(shown.value_g), self._unit, shown.stable, self._layouts))

    def _in_unit(self, value_g: Decimal) -> Decimal:
        return value_g.scaleb(-TO_GRAMS[self._unit])

    def _filled(self, text: str, shown: Shown) -> str:
        for name, value in self._manners.identity.items():
            text = text.replace(f"{{{name}}}", value)
        text = text.replace("{capacity}", f"{self.pan.parameters.capacity_g:.4f}")
        weight = f"{self._in_unit(shown.value_g):>10f} {self._unit}"
        return text.replace("{S}", "S" if shown.stable else "D").replace("{weight}", weight)

    def _answer(self, line: str) -> bytes:
        return self.faults(self._framing.encode(line + "\r\n")) if line else b""
