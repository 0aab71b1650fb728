"""Reservoir: what was put in, taken out and pumped, and the air drawn once it is dry.

    tank = Reservoir(content_nl=18_000_000, capacity_nl=20_000_000); tank.settle(peak_nl); tank.delivered_nl(pumped_nl)

The pump displaces; the reservoir decides how much of that is liquid. With A = put in - withdrawn and W = volume
displaced so far, air = max(0, the largest W - A so far), delivered = W - air, content = A - delivered. Because air
only needs the *peak* of W since the last settling, a run may be evaluated at the instants somebody asks for and
is exact all the same; content + delivered = A holds identically.

A bubble is air that is drawn before anything else: it counts from the displacement at which it was put there.
Deliberately not here: inlet pressure, and the way of the air through the tube (`air.py`).
"""

import math
import random

from pumphil.plant.errors import PlantError


class Reservoir:
    """Volumes in nL. `pumped_nl` arguments are the displaced volume since rig time 0."""

    __slots__ = ("bubble_nl", "capacity_nl", "filled_nl", "withdrawn_nl", "_bubble_at_nl", "_bubbles_nl", "_dry_nl")

    def __init__(self, content_nl: float, capacity_nl: float) -> None:
        self.filled_nl = float(content_nl)  # content at the start and every refill
        self.withdrawn_nl = 0.0
        self.bubble_nl = 0.0  # of bubbles that are not drawn yet
        self.capacity_nl = float(capacity_nl)
        self._bubble_at_nl = 0.0  # displaced volume up to which bubbles were drawn
        self._bubbles_nl = self._dry_nl = 0.0  # air drawn: from bubbles, and because it was dry

    @property
    def liquid_nl(self) -> float:
        """All liquid there ever was to pump: filled - withdrawn."""
        return self.filled_nl - self.withdrawn_nl

    @property
    def air_nl(self) -> float:
        """All air that was drawn."""
        return self._dry_nl + self._bubbles_nl

    @property
    def supply_nl(self) -> float:
        """Displaced volume up to which no air but that of bubbles is drawn."""
        return self.liquid_nl + self._bubbles_nl

    def bubble(self, pumped_nl: float, volume_nl: float) -> None:
        """The next so much is air. Settle first."""
        self._bubble_at_nl = pumped_nl
        self.bubble_nl += volume_nl

    def settle(self, peak_nl: float) -> None:
        """Note the largest displaced volume since the last call; what exceeds the liquid was air."""
        if self.bubble_nl and peak_nl > self._bubble_at_nl:
            drawn_nl = min(self.bubble_nl, peak_nl - self._bubble_at_nl)
            self._bubble_at_nl += drawn_nl
            self.bubble_nl -= drawn_nl
            self._bubbles_nl += drawn_nl
        shortage_nl = peak_nl - self.supply_nl
        if shortage_nl > self._dry_nl:
            self._dry_nl = shortage_nl

    def delivered_nl(self, pumped_nl: float) -> float:
        """Liquid out of the outlet since rig time 0."""
        return pumped_nl - self.air_nl

    def content_nl(self, pumped_nl: float) -> float:
        """Liquid in the reservoir."""
        return self.liquid_nl - self.delivered_nl(pumped_nl)

    def refill(self, pumped_nl: float, volume_nl: float) -> None:
        """Add liquid to what is there; PlantError when it does not fit. Settle first."""
        content_nl = self.content_nl(pumped_nl)
        room_nl = max(0.0, self.capacity_nl - content_nl)
        # 1 nL of slack: the content is a float sum, the volumes people enter are whole nanolitres
        if not 0 <= volume_nl <= room_nl + 1:
            raise PlantError(
                f"refill of {volume_nl:.0f} nL refused: the reservoir holds {content_nl:.0f} of "
                f"{self.capacity_nl:.0f} nL; drain it first or give 0 to {room_nl:.0f} nL"
            )
        self.filled_nl += volume_nl

    def drain(self, pumped_nl: float) -> float:
        """Take everything out, as before a refill, and return how much that was. Settle first."""
        content_nl = self.content_nl(pumped_nl)
        self.withdrawn_nl += content_nl
        return content_nl


class LevelSensor:
    """Shows the content with a gain error drawn from the seed, in whole digits; stuck it shows what it showed."""

    __slots__ = ("gain", "stuck_nl", "_digit_nl")

    def __init__(self, digit_nl: float, error: float, seed: int) -> None:
        self.gain = 1 + error * random.Random(f"{seed}:level").uniform(-1.0, 1.0)
        self.stuck_nl: float | None = None
        self._digit_nl = digit_nl

    def show_nl(self, content_nl: float) -> float:
        """Its display for a content."""
        if self.stuck_nl is not None:
            return self.stuck_nl
        return math.floor(self.gain * content_nl / self._digit_nl) * self._digit_nl
