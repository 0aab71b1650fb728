"""The reservoir ledger: last confirmed fill minus every packet issued since (RES-01)."""

from array import array


class Reservoir:
    """Content in nL, from steps; low and empty thresholds; what is in it."""

    __slots__ = ("filled", "drug", "concentration_ng_per_ml", "_config", "_delivery", "_at_fill")

    def __init__(self, config, delivery):
        self.filled = False
        self.drug = b""
        self.concentration_ng_per_ml = 0
        self._config = config
        self._delivery = delivery
        self._at_fill = array("q", (0, 0))  # volume nL, steps issued before

    def fill(self, volume_nl, drug, concentration_ng_per_ml):
        """A confirmed refill: the content is now `volume_nl`."""
        self._at_fill[0] = volume_nl
        self._at_fill[1] = self._delivery.steps()
        self.drug = drug
        self.concentration_ng_per_ml = concentration_ng_per_ml
        self.filled = True

    def remaining_nl(self):
        """Content by the ledger, never negative."""
        used = self._delivery.volume_nl(self._delivery.steps() - self._at_fill[1])
        return max(0, self._at_fill[0] - used)

    def low(self):
        """At or below the low threshold."""
        return self.filled and self.remaining_nl() <= self._config.low_nl

    def empty(self):
        """At or below the empty threshold."""
        return self.filled and self.remaining_nl() <= self._config.empty_nl

    def lasts(self, volume_nl):
        """Whether `volume_nl` can be taken without falling below the empty threshold (RES-04)."""
        return self.remaining_nl() - volume_nl >= self._config.empty_nl
