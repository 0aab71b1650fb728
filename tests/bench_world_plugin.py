"""pytest plugin: a bench rig finds the world of bench_world.py in the place of ports.

python -m pytest -p bench_world_plugin --rig my-bench.toml …
"""

from __future__ import annotations

from bench_world import World

from pumphil.rigs.bench import rig

rig.SerialDevices = lambda options: World(0, plant=options)  # type: ignore[assignment, misc]
