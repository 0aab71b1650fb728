"""`make bench`: how fast, how lean, against yardsticks measured in the same run.

    python -m pumphil.bench [--out build/bench.json]

Ratios, not seconds, are what to compare between machines: every speed is divided by a bare ping-pong of the same
number of exchanges with a MicroPython that does nothing. No assertion here; the targets are in the table it prints.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from pumpfw.boards.lockstep import REPLY_SIZE, REQUEST_SIZE
from pumphil.bench_link import chip_codec, frames
from pumphil.bench_plant import calls_s, followed_share
from pumphil.bench_wear import flash_wear
from pumphil.heap import runs_in, smallest_heap_kb
from pumphil.records import write_whole
from pumphil.rigs import RigBroken, default_rig, open_rig
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.find import find_micropython
from pumphil.rigs.one_core import one_core
from pumphil.treatment import DAY_MS, Treatment
from pumphost.build import MAX_SHIPPED_BYTES
from pumphost.therapy import Therapy, load

DAYS = 30
FOLLOWED_DAYS = 2
REFILL_DAY = 15  # 18 mL last three weeks: with a refill all thirty days deliver
# the same bytes in and out as a wake of the firmware, and nothing in between
PING_PONG = f"""
import sys
source, sink = sys.stdin.buffer, sys.stdout.buffer
request, reply = bytearray({REQUEST_SIZE}), bytes({REPLY_SIZE})
while source.readinto(request):
    sink.write(reply)
"""
# what is measured: (key, meaning, target or None)
FIGURES = (
    ("vm_30_days_s", "30 days on vm, s of wall time", 6.0),
    ("vm_over_ping_pong", "the same over a bare ping-pong of as many wakes", 12.0),
    ("plant_share", "plant and instruments in it, share of the wall time", 0.4),
    ("plant_line_share", "the same with the line followed, of 2 days", 0.4),
    ("sim_30_days_s", "30 days on sim, s of wall time", None),
    ("vm_heap_start_bytes", "heap in use after two days, bytes", None),
    ("vm_heap_end_bytes", "heap in use after 30 days, bytes", None),
    ("vm_heap_growth_bytes", "growth from day 2 to day 30, bytes", 0),
    ("vm_heap_needed_kb", "smallest heap for all a pump can hold, log export, KB", 120),
    ("store_bytes_per_day", "written to the store on a day of 1 mL and 6 boluses", None),
    ("store_erases_per_day", "sectors of 4 KB that a Pico erases for it", None),
    ("store_years", "until the sectors of its store are worn out", 10),
    ("link_frames_per_s", "frames of 51 bytes made and taken by the host a second", None),
    ("link_over_pymavlink", "the same over pymavlink with a message of like size", 4),
    ("link_time_over_sketch", "their time over bare struct + COBS + CRC-32C calls", 3),
    ("link_native_over_python", "codec of the pump: machine code over Python, unix VM", None),
    ("link_python_garbage_bytes", "garbage of a frame there and back in Python, bytes", 0),
    ("shipped_bytes", "all compiled firmware files, bytes", MAX_SHIPPED_BYTES),
)
AT_LEAST = ("store_years", "link_over_pymavlink")  # the targets of all others are upper limits


def packaged_therapy() -> Therapy:
    """The example that every figure is about."""
    return load(Path(str(resources.files("pumphil") / "examples" / "night-and-morning.toml")))


def thirty_days(rig: str, heap_kb: int | None = None) -> dict[str, Any]:
    """Run the example for 30 days with one refill; wall time, wakes and, on vm, heap before and after."""
    therapy = packaged_therapy()
    started = time.perf_counter()
    with open_rig(rig, seed=1, reservoir_nl=therapy.reservoir_nl, fill_nl=therapy.fill_nl, heap_kb=heap_kb) as bench:
        treatment = Treatment(bench)
        treatment.begin(therapy)
        treatment.run_until(DAY_MS)
        treatment.refill(therapy.fill_nl)  # so that the last order and the last request are alike at both looks
        treatment.run_until(2 * DAY_MS)
        before = bench.heap() if rig == "vm" else (0, 0)
        treatment.run_until(REFILL_DAY * DAY_MS)
        treatment.refill(therapy.fill_nl)
        treatment.run_until(DAYS * DAY_MS)
        error = treatment.pump_against_oracle()
        wall_s = time.perf_counter() - started
        after = bench.heap() if rig == "vm" else (0, 0)
        return {
            "wall_s": wall_s, "wakes": bench.wakes, "heap": (before, after), "packets": len(bench.packets),
            "commanded_nl": float(error.commanded_nl), "max_abs_error_nl": float(error.max_abs_nl),
        }  # fmt: skip


def ping_pong_s(exchanges: int) -> float:
    """Wall time of as many bare exchanges with a MicroPython, both on one core as the rig does it."""
    micropython = find_micropython()
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(PING_PONG)
        script.flush()
        child = subprocess.Popen(
            [str(micropython), "-X", "heapsize=192k", script.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        assert child.stdin
        assert child.stdout
        write_to, read_from = child.stdin.fileno(), child.stdout.fileno()
        os.write(write_to, bytes(REQUEST_SIZE))
        os.read(read_from, REPLY_SIZE)
        with one_core(child.pid):
            started = time.perf_counter()
            for _ in range(exchanges):
                os.write(write_to, bytes(REQUEST_SIZE))
                os.read(read_from, REPLY_SIZE)
            wall_s = time.perf_counter() - started
        child.stdin.close()
        child.wait()
    return wall_s


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {}
    say("frames")
    figures |= frames() | chip_codec()
    say("30 days on sim")
    figures["sim_30_days_s"] = thirty_days("sim")["wall_s"]
    default_rig()
    figures["shipped_bytes"] = sum(path.stat().st_size for path in compiled_firmware().rglob("*.mpy"))
    say("typical days of the store")
    wear = flash_wear()
    figures |= {
        "store_appends_per_day": wear.appends, "store_erases_per_day": wear.sectors,
        "store_bytes_per_day": wear.bytes, "store_years": wear.years,
    }  # fmt: skip
    say("30 days on vm, three times")
    runs = [thirty_days("vm") for _ in range(3)]
    best = min(runs, key=lambda run: run["wall_s"])
    say("plant and instruments alone")
    therapy = packaged_therapy()
    figures["plant_share"] = calls_s(therapy, DAYS, followed=False) / best["wall_s"]
    figures["plant_line_share"] = followed_share(therapy, FOLLOWED_DAYS)
    say("ping-pong")
    ping_pong = min(ping_pong_s(best["wakes"]) for _ in range(3))
    (start, _), (end, _) = best["heap"]
    figures |= {
        "vm_30_days_s": best["wall_s"],
        "vm_wakes": best["wakes"],
        "vm_us_per_wake": best["wall_s"] / best["wakes"] * 1e6,
        "ping_pong_s": ping_pong,
        "ping_pong_us": ping_pong / best["wakes"] * 1e6,
        "vm_over_ping_pong": best["wall_s"] / ping_pong,
        "vm_heap_start_bytes": start,
        "vm_heap_end_bytes": end,
        "vm_heap_growth_bytes": max(0, end - start),
        "max_abs_error_nl": best["max_abs_error_nl"],
    }
    say("the fullest use in ever smaller heaps")
    figures["vm_heap_needed_kb"] = smallest_heap_kb(64, 192, runs_in)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in sorted(figures.items())}


def main() -> int:
    """Measure, print, write; always 0: a bench informs, tests decide."""
    parser = argparse.ArgumentParser(description="Measure speed and memory of the bench.")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    out: Path = parser.parse_args().out
    try:
        figures = measure(lambda what: print(f"bench: {what}", file=sys.stderr))
    except RigBroken as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, (json.dumps(figures, indent=2, sort_keys=True) + "\n").encode())
    for key, meaning, target in FIGURES:
        limit = "" if target is None else f"target {'≥' if key in AT_LEAST else '≤'} {target:g}"
        print(f"{figures[key]:>12,.3f}  {meaning:<52} {limit}")
    print(f"written: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
