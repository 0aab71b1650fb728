"""Catheter: resistance, and the drug that is on its way through its dead volume.

    resistance_kpa_s_per_nl(length_m=0.9, bore_mm=0.5, viscosity_mpa_s=1.0)         # 5.87e-4
    transport = Transport(volume_nl=286_000, mixing=0.0, concentration=1.0); transport.change(pumped_nl, 2.0)
    transport.delivered(out_nl)                      # what came out at the tip, nL times concentration

Liquid moves as a plug through (1 - mixing) of the volume and through a stirred rest; both depend on volume alone, so a
change of concentration is one entry and everything is closed form. Concentrations are relative or in mg/mL, as the
caller says. Kink and disconnect are resistances (`conditions.py`). Deliberately not here: what a patient makes of it.
"""

import math


def resistance_kpa_s_per_nl(length_m: float, bore_mm: float, viscosity_mpa_s: float) -> float:
    """Of laminar flow through a tube, 128 mu L/(pi d^4), kPa s/nL."""
    pascal_s_per_m3 = 128 * viscosity_mpa_s * 1e-3 * length_m / (math.pi * (bore_mm * 1e-3) ** 4)
    return pascal_s_per_m3 * 1e-12 / 1e3


def delay_h(volume_nl: float, rate_nl_per_day: float) -> float:
    """How long the old drug keeps arriving through a plug of that volume, h."""
    return volume_nl / rate_nl_per_day * 24


class Transport:
    """Drug through a dead volume. Volumes nL since rig time 0, counted where liquid enters and where it leaves."""

    __slots__ = ("plug_nl", "stirred_nl", "_changes")

    def __init__(self, volume_nl: float, mixing: float, concentration: float) -> None:
        self.stirred_nl = volume_nl * mixing
        self.plug_nl = volume_nl - self.stirred_nl
        # (outlet volume at which the change reaches the stirred part, concentration from there on), rising
        self._changes: list[tuple[float, float]] = [(-math.inf, float(concentration))]

    @property
    def concentration(self) -> float:
        """Of what enters now."""
        return self._changes[-1][1]

    def change(self, entered_nl: float, concentration: float) -> None:
        """What enters from this volume on has another concentration; a volume before the last change counts as that."""
        self._changes.append((max(entered_nl + self.plug_nl, self._changes[-1][0]), float(concentration)))

    def at_tip(self, out_nl: float) -> float:
        """Concentration at the tip when out_nl have left it."""
        return self._walk(out_nl)[1]

    def delivered(self, out_nl: float) -> float:
        """Drug that left the tip since rig time 0, nL times concentration."""
        return self._walk(out_nl)[0]

    def _walk(self, out_nl: float) -> tuple[float, float]:
        """(amount that left from 0 to out_nl, concentration at the tip there)."""
        amount, tip = 0.0, self._changes[0][1]
        at_nl = 0.0
        for k, (_, concentration) in enumerate(self._changes):
            end_nl = self._changes[k + 1][0] if k + 1 < len(self._changes) else math.inf
            length_nl = min(out_nl, end_nl) - at_nl
            if length_nl > 0:
                amount += concentration * length_nl
                if self.stirred_nl:
                    # the stirred part gives back what it held in excess
                    share = -math.expm1(-length_nl / self.stirred_nl)
                    amount += (tip - concentration) * self.stirred_nl * share
                    tip = concentration + (tip - concentration) * (1 - share)
                else:
                    tip = concentration
                at_nl += length_nl
            if at_nl >= out_nl:
                break
        return amount, tip
