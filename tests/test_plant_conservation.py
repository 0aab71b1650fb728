"""Volume is conserved to a nanolitre over 30 days, under any faults: nothing appears and nothing is lost."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from pumphil.plant import FAULTS, Plant, PlantParameters

DAYS = 30
S = 1_000_000
DAY = 86_400 * S
END = DAYS * DAY
HEADS = (
    {},
    {
        "rollers": 3,
        "nl_per_rev": 50_000,
        "roller_volume_nl": 5_000.0,
        "release_angle_rad": math.radians(40),
    },  # reverses
)


@st.composite
def faults(draw):
    """A fault with its beginning and end, and values anywhere within their limits."""
    fault = FAULTS[draw(st.sampled_from(sorted(FAULTS)))]
    start = draw(st.integers(0, END - 1))
    end = draw(st.one_of(st.none(), st.integers(start + 1, END)))
    values = {p.name: draw(st.one_of(st.just(p.default), st.floats(p.low, p.high))) for p in fault.parameters}
    return fault.name, start, end, values


def balance(plant: Plant, t_us: int) -> None:
    """Sources less sinks, of liquid and of air."""
    kept = plant.reservoir_nl(t_us) + plant.line_nl(t_us)
    gone = plant.withdrawn_nl + plant.delivered_nl(t_us) + plant.leaked_nl(t_us)
    assert abs(plant.filled_nl - kept - gone) < 1
    assert abs(plant.air_nl(t_us) - plant.air_in_line_nl(t_us) - plant.air_out_nl(t_us)) < 1
    assert plant.air_in_line_nl(t_us) >= 0
    assert plant.reservoir_nl(t_us) > -1


@given(
    st.sampled_from(HEADS),
    st.sampled_from([0.0, 286_000.0]),
    st.lists(faults(), min_size=1, max_size=4),
    st.integers(1, 1_500),
    st.lists(st.integers(1, DAYS - 1), max_size=3),
    st.integers(0, 99),
)
@example({}, 0.0, [("occlusion", 0, None, {})], 168, [7], 0)  # a decay whose last digit falls beyond its end
def test_thirty_days_conserve_volume_under_any_faults(head, dead_nl, wrong, steps, refills, seed):
    plant = Plant(PlantParameters(catheter_volume_nl=dead_nl, reservoir_nl=3_000_000, **head), seed)
    plant.enable(True)
    for name, start, end, values in wrong:
        plant.inject(name, start, end, **values)
    packets = 3 * DAYS
    for k in range(packets):
        t_us = k * END // packets
        if k % 3 == 0 and k // 3 in refills:
            plant.drain(t_us)
            plant.refill(t_us, 3_000_000, concentration=2.0)
        plant.move(t_us, steps=steps, period_us=10_000)
        if k % 7 == 0:
            balance(plant, t_us + steps * 3_000)
            plant.enable(k % 35 != 0, t_us + steps * 4_000)
    balance(plant, END)


def test_thirty_days_of_small_packets_with_everything_at_once():
    """As a pump at 1 mL/day makes them, one of 5 steps every 93 s."""
    plant = Plant(PlantParameters(catheter_volume_nl=286_000, reservoir_nl=18_000_000), seed=3)
    plant.enable(True)
    for name, start, end, values in [
        ("head", 0, None, {}), ("leak", DAY, 20 * DAY, {}), ("trapped-air", 2 * DAY, None, {}), ("run-in", 0, None, {}),
        ("bubble", 3 * DAY, None, {}), ("occlusion", 4 * DAY, 5 * DAY, {}), ("creep", 0, None, {}),
        ("kink", 6 * DAY, 9 * DAY, {"factor": 1e5}), ("disconnect", 12 * DAY, 13 * DAY, {}),
        ("missed-steps", 0, None, {}), ("snap", 0, None, {}), ("temperature", 0, DAY, {}),
    ]:  # fmt: skip
        plant.inject(name, start, end, **values)
    for t_us in range(0, END, 93 * S):
        plant.move(t_us, steps=5, period_us=10_000)
        if t_us % (50 * 93 * S) == 0:
            balance(plant, t_us + 25_000)
    balance(plant, END)
    assert plant.leaked_nl(END) > 1_000_000
    assert plant.delivered_nl(END) > 5_000_000
