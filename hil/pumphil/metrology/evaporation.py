"""Evaporation from the receiving vessel: what a blank run tells, and the mass to add back.

    rate = blank_rate_mg_per_h(before=0.130, after=0.124); corrected_gain_mg(994.1, rate, hours=24.0)

Evaporation makes every later reading too low, so the loss is added. The before/after method takes the mean of
two blank runs (2 h each or longer). Deliberately not here: the control-vessel method and the diffusion model
that predicts a rate from the opening; both belong to a full gravimetric procedure.
"""


def blank_rate_mg_per_h(before: float, after: float) -> float:
    """Rate of loss during the run, mg/h, from the losses of the blank runs around it (a loss is positive)."""
    return (before + after) / 2


def corrected_gain_mg(gain_mg: float, rate_mg_per_h: float, hours: float) -> float:
    """Mass that arrived, mg: the gain of the reading plus what evaporated meanwhile. ValueError for hours < 0."""
    if not hours >= 0:
        raise ValueError(f"evaporation correction refused: {hours} h between the readings; give the earlier one first")
    return gain_mg + rate_mg_per_h * hours
