"""Air on its way through the line: where it entered, and how much of it has left.

    air = AirInLine(hold_nl=0.0, out_nl=0.0); air.enter(entered_nl=1_000, air_nl=200); air.leave(out_nl=900)

What enters first leaves first: what entered when so much had entered leaves when as much and `hold_nl` (what the line
held at first) have left, whatever the pressure stored meanwhile. Liquid that the tip draws back goes out as liquid.
"""


class AirInLine:
    """Volumes nL since rig time 0, of all that enters the catheter and all that leaves it."""

    __slots__ = ("inside_nl", "out_nl", "_hold_nl", "_left_nl", "_pieces")

    def __init__(self, hold_nl: float, out_nl: float) -> None:
        self.inside_nl = 0.0
        self.out_nl = out_nl  # air that has left
        self._hold_nl = hold_nl
        self._left_nl = -float("inf")  # most that has left so far
        self._pieces: list[tuple[float, float]] = []  # disjoint, rising, [from, until) in volume entered

    def copy(self) -> "AirInLine":
        """To look ahead without going there."""
        twin = AirInLine(self._hold_nl, self.out_nl)
        twin.inside_nl, twin._left_nl, twin._pieces = self.inside_nl, self._left_nl, list(self._pieces)
        return twin

    def enter(self, entered_nl: float, air_nl: float) -> None:
        """The last air_nl of what has entered are air."""
        start_nl = max(entered_nl - air_nl, self._pieces[-1][1] if self._pieces else self._left_nl - self._hold_nl)
        self._pieces.append((start_nl, start_nl + air_nl))
        self.inside_nl += air_nl

    def leave(self, out_nl: float) -> None:
        """So much has left in all, less when the tip drew back."""
        if out_nl > self._left_nl:
            self._left_nl = out_nl
        reached_nl = self._left_nl - self._hold_nl
        while self._pieces and self._pieces[0][0] < reached_nl:
            start_nl, end_nl = self._pieces.pop(0)
            gone_nl = min(end_nl, reached_nl) - start_nl
            self.out_nl += gone_nl
            self.inside_nl -= gone_nl
            if end_nl > reached_nl:
                self._pieces.insert(0, (reached_nl, end_nl))
                break
        if not self._pieces:
            self.inside_nl = 0.0
