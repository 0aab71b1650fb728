"""How fast the pages are here: updates a second, the server's share of a core, time until a page is usable.

    python tests/web_measure.py

Five browsers at a pump with 24 h of history. Figures for people: no test rests on them.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

import websockets
from cli_tools import THERAPY
from web_bench import Bench, browser, served

BROWSERS, SECONDS = 5, 20


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watch(bench: Bench) -> float:
    """New states a second that one browser gets."""
    versions = set()
    url = bench.url.replace("http", "ws") + "api/stream"
    async with websockets.connect(
        url, additional_headers={"Cookie": bench.cookie}, origin=websockets.Origin(bench.url.rstrip("/"))
    ) as socket:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            versions.add(json.loads(await socket.recv())["version"])
    return len(versions) / SECONDS


async def watched(bench: Bench) -> list[float]:
    return list(await asyncio.gather(*(watch(bench) for _ in range(BROWSERS))))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        therapy = Path(folder) / "therapy.toml"
        therapy.write_text(THERAPY)
        with served("--rig", "vm", str(therapy)) as bench:
            for _ in range(12):
                bench.post("advance", {"seconds": 7_200})
            used_s, began_s = cpu_s(bench.process.pid), time.monotonic()
            rates = asyncio.run(watched(bench))
            share = (cpu_s(bench.process.pid) - used_s) / (time.monotonic() - began_s)
            print(f"{BROWSERS} browsers, 24 h: {min(rates):.1f} updates/s each, server {100 * share:.1f} % of a core")
            with browser() as chromium:
                page = chromium.new_page()
                for _ in range(3):
                    began_s = time.monotonic()
                    page.goto(f"{bench.url}live", wait_until="commit")
                    page.locator("[data-show=mode]", has_text="Schedule").wait_for()
                    page.locator("#plot-delivered path[d]").first.wait_for(state="attached")
                    print(f"usable after {time.monotonic() - began_s:.2f} s")


if __name__ == "__main__":
    main()
