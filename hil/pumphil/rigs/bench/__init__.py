"""Rig `bench`: a pump on a table, behind its USB port, with a probe beside it and a balance under its outlet.

    pumpbench hil --rig my-bench.toml           # a copy of hil/rigs/bench.toml with the numbers of your boards

Real time. What is missing skips the tests and says so; how to wire it is in docs/bench.md.
"""

from pumphil.rigs.bench.options import BenchOptions, bench_options

__all__ = ["BenchOptions", "bench_options"]
