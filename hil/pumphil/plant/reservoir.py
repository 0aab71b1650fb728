"""Reservoir: what was put in, taken out and pumped, and the air drawn once it is dry.

    tank = Reservoir(content_nl=18_000_000, capacity_nl=20_000_000); tank.settle(peak_nl); tank.delivered_nl(pumped_nl)

The pump displaces; the reservoir decides how much of that is liquid. With A = put in - withdrawn and W = volume
displaced so far, air = max(0, the largest W - A so far), delivered = W - air, content = A - delivered. Because air
only needs the *peak* of W since the last settling, a run may be evaluated at the instants somebody asks for and
is exact all the same; content + delivered = A holds identically.

Deliberately not here: a level sensor, inlet pressure, an air bubble on its way through the tube.
"""

from pumphil.plant.errors import PlantError


class Reservoir:
    """Volumes in nL. `pumped_nl` arguments are the displaced volume since rig time 0."""

    __slots__ = ("air_nl", "capacity_nl", "filled_nl", "withdrawn_nl")

    def __init__(self, content_nl: float, capacity_nl: float) -> None:
        self.filled_nl = float(content_nl)  # content at the start and every refill
        self.withdrawn_nl = 0.0
        self.air_nl = 0.0
        self.capacity_nl = float(capacity_nl)

    @property
    def liquid_nl(self) -> float:
        """All liquid there ever was to pump: filled - withdrawn."""
        return self.filled_nl - self.withdrawn_nl

    def settle(self, peak_nl: float) -> None:
        """Note the largest displaced volume since the last call; what exceeds the liquid was air."""
        shortage_nl = peak_nl - self.liquid_nl
        if shortage_nl > self.air_nl:
            self.air_nl = shortage_nl

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
