"""Temperature: a cold tube is stiff and fills less; a warm one hardly more.

temperature_gain(2.0, per_k=0.003, reference_c=22.0)         # 0.94
"""


def temperature_gain(celsius: float, per_k: float, reference_c: float) -> float:
    """Factor on the volume per turn: 1 at and above the reference, less below it."""
    return 1 + per_k * min(0.0, celsius - reference_c)
