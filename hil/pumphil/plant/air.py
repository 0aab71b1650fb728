"""Air on its way through the line: where it entered, and how much of it has left.

    air = AirInLine(hold_nl=0.0, out_nl=0.0); air.enter(800, 1_000, air_nl=200); air.leave(out_nl=900)

What enters first leaves first: what entered when so much had entered leaves when as much and `hold_nl` (what the line
held at first) have left, whatever the pressure stored meanwhile. Liquid that the tip draws back goes out as liquid.
"""

TOUCHING_NL = 1e-3  # less than a step: sums of floats


class AirInLine:
    """Volumes nL since rig time 0, of all that enters the catheter and all that leaves it."""

    __slots__ = ("inside_nl", "out_nl", "_end_nl", "_hold_nl", "_left_nl", "_passing_nl", "_pieces")

    def __init__(self, hold_nl: float, out_nl: float) -> None:
        self.inside_nl = 0.0
        self.out_nl = out_nl  # air that has left
        self._end_nl, self._passing_nl = -float("inf"), 0.0  # of the last bubble: where it ends, how large it is
        self._hold_nl = hold_nl
        self._left_nl = -float("inf")  # most that has left so far
        self._pieces: list[tuple[float, float]] = []  # disjoint, rising, [from, until) in volume entered

    def copy(self) -> "AirInLine":
        """To look ahead without going there."""
        twin = AirInLine(self._hold_nl, self.out_nl)
        twin.inside_nl, twin._left_nl, twin._pieces = self.inside_nl, self._left_nl, list(self._pieces)
        twin._end_nl, twin._passing_nl = self._end_nl, self._passing_nl
        return twin

    def bubble_nl(self, entered_nl: float) -> float:
        """Size of the bubble that has just entered, as far as it has; 0 when liquid has since."""
        return self._passing_nl if entered_nl <= self._end_nl + TOUCHING_NL else 0.0

    def enter(self, before_nl: float, entered_nl: float, air_nl: float) -> None:
        """Of what entered since before_nl so much is air: the first of it where a bubble goes on, else the last."""
        goes_on = self.bubble_nl(before_nl) > 0
        start_nl = before_nl if goes_on else entered_nl - air_nl
        start_nl = max(start_nl, self._pieces[-1][1] if self._pieces else self._left_nl - self._hold_nl)
        self._passing_nl = air_nl + (self._passing_nl if goes_on else 0.0)
        self._end_nl = start_nl + air_nl
        self._pieces.append((start_nl, self._end_nl))
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
