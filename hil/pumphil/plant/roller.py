"""Roller pump in closed form: volume at the outlet as a function of rotor angle, with the dips of the rollers.

    RollerPump(nl_per_rev=43_100, rollers=8, roller_volume_nl=500, release_angle_rad=0.349).volume_nl(turns=0.25)

Volume per radian (N rollers, roller k leaves the tube at 2 pi k/N and takes the angle phi to do so, V_r is
what its foot-print had displaced):

    v(theta) = V_0/(2 pi) - sum_k (V_r/phi) (1 - cos(2 pi (theta - theta_k)/phi)),  0 <= theta - theta_k < phi
    V_0 = V_rev + N V_r,  so that one turn gives exactly V_rev and one pitch exactly V_rev/N

The raised cosine is the usual smooth model of a refilling foot-print; its integral is elementary, so nothing
here is summed step by step. Where V_r/phi is large the flow turns back for a moment, as it does in real heads.
Deliberately not here: back pressure, temperature, wear, tube compliance; the rotor turns forward only.
"""

import math

from pumphil.plant.errors import PlantError

TURN_RAD = 2 * math.pi


class RollerPump:
    """Outlet volume against rotor angle. All volumes nL; angles in turns from the release of roller 0."""

    __slots__ = ("_dip_nl_per_rad", "nl_per_rev", "pitch_rad", "release_angle_rad", "roller_volume_nl", "rollers")

    def __init__(self, nl_per_rev: float, rollers: int, roller_volume_nl: float, release_angle_rad: float) -> None:
        self.pitch_rad = TURN_RAD / rollers
        if not 0 < release_angle_rad <= self.pitch_rad:
            raise PlantError(
                f"roller pump refused: release angle {release_angle_rad:.4f} rad with {rollers} rollers overlaps "
                f"the next roller; give above 0 to {self.pitch_rad:.4f} rad"
            )
        self.nl_per_rev = float(nl_per_rev)
        self.rollers = rollers
        self.roller_volume_nl = float(roller_volume_nl)
        self.release_angle_rad = release_angle_rad
        self._dip_nl_per_rad = self.roller_volume_nl / release_angle_rad

    @property
    def plateau_nl_per_rad(self) -> float:
        """Flow while no roller is leaving, V_0/(2 pi)."""
        return (self.nl_per_rev + self.rollers * self.roller_volume_nl) / TURN_RAD

    @property
    def min_flow_nl_per_rad(self) -> float:
        """Flow in the middle of a dip; negative when the flow reverses there."""
        return self.plateau_nl_per_rad - 2 * self._dip_nl_per_rad

    @property
    def ripple_nl(self) -> float:
        """Peak to peak of the volume about a straight line: the most that rotor phase adds to a difference.

        The extremes lie where the flow equals its mean, 1 - cos u = c with c = phi/pitch; between them
        V_r [(1 - c)(1 - u/pi) + sin(u)/pi].
        """
        share = self.release_angle_rad / self.pitch_rad
        u = math.acos(1 - share)
        return self.roller_volume_nl * ((1 - share) * (1 - u / math.pi) + math.sin(u) / math.pi)

    def flow_nl_per_rad(self, turns: float) -> float:
        """Volume per radian at an angle."""
        pitches = turns * self.rollers
        x = (pitches - math.floor(pitches)) * self.pitch_rad
        if x >= self.release_angle_rad:
            return self.plateau_nl_per_rad
        return self.plateau_nl_per_rad - self._dip_nl_per_rad * (1 - math.cos(TURN_RAD * x / self.release_angle_rad))

    def volume_nl(self, turns: float) -> float:
        """Volume since angle 0; negative for angles before it."""
        pitches = turns * self.rollers
        whole = math.floor(pitches)
        x = (pitches - whole) * self.pitch_rad
        phi = self.release_angle_rad
        if x < phi:
            dip = self._dip_nl_per_rad * (x - phi / TURN_RAD * math.sin(TURN_RAD * x / phi))
        else:
            dip = self.roller_volume_nl
        return whole * self.nl_per_rev / self.rollers + self.plateau_nl_per_rad * x - dip


def volume_per_turn_nl(bore_mm: float, radius_mm: float, fill: float, rollers: int, roller_volume_nl: float) -> float:
    """Design volume of a head: bore times centre line times fill factor, less a foot-print for each roller, nL."""
    return math.pi * bore_mm**2 / 4 * TURN_RAD * radius_mm * fill * 1_000 - rollers * roller_volume_nl


def occlusion_percent(wall_mm: float, gap_mm: float) -> float:
    """How far a roller squeezes the tube, (2w - h)/(2w) in %; 10 to 20 % are usual."""
    return 100 * (2 * wall_mm - gap_mm) / (2 * wall_mm)
