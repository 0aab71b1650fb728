"""`sim` and `vm` are the same pump: same commands, same steps, same answers; and a seed repeats a run to the byte."""

import pytest
from bench_cases import BUSY, THERAPY, needs_micropython

from pumphil.play import play
from pumphil.rigs import open_rig
from pumphil.scenario import loads_scenario
from pumphil.treatment import Treatment
from pumphost.therapy import loads


def run(kind, seed):
    """(packets, trace, status, journal) of three busy days."""
    with open_rig(kind, seed=seed, reservoir_nl=20_000_000, fill_nl=18_000_000) as rig:
        treatment = Treatment(rig)
        treatment.begin(loads(THERAPY))
        for event in loads_scenario(BUSY):
            treatment.run_until(event.at_ms)
            play(event, treatment)
        treatment.run_for(days=1.5)
        status = treatment.programmer.status().to_dict()
        return rig.packets, rig.trace, status, treatment.records, rig.plant.delivered_nl(rig.now_us)


@needs_micropython
@pytest.mark.parametrize("seed", [0, 7])
def test_sim_and_vm_leave_the_same_traces(seed):
    sim, vm = run("sim", seed), run("vm", seed)
    assert len(sim[0]) > 4000
    assert len(sim[1]) > 100
    for what, one, other in zip(("packets", "trace", "status", "journal", "delivered"), sim, vm, strict=True):
        assert one == other, what


def test_the_same_seed_is_the_same_run():
    assert run("sim", 3) == run("sim", 3)


def test_another_seed_is_another_pump_under_the_same_commands():
    one, other = run("sim", 3), run("sim", 4)
    assert one[0] == other[0]  # what is commanded does not depend on the plant
    assert one[4] != other[4]  # what comes out does


def test_the_tick_counter_starts_where_the_seed_says_and_wraps():
    """Ticks wrap at 2^30 ms = 12.4 days, so in 38 days they wrap at least three times wherever they start."""
    with open_rig("sim", seed=5) as rig:
        starts = {open_rig("sim", seed=seed)._ticks_base for seed in range(8)}
        assert len(starts) == 8
        treatment = Treatment(rig)
        rig.run_for(days=38)
        assert treatment.programmer.status().uptime_ms == 38 * 86_400_000 + 50
