"""Draws the pictures of docs/web.md: a real session of `pumpbench web` in Chromium, some hours of pump time long.

python tests/web_figures.py          # make figures does this
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cli_tools import THERAPY
from web_bench import Bench, browser, served

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
HOUR_S = 3_600


def hours(bench: Bench) -> None:
    """Ten of them, with boluses, denials, and an occlusion that is found and cleared."""
    for passed in (4.5, 1.2, 1.3):
        bench.post("bolus", {})
        bench.post("advance", {"seconds": round(passed * HOUR_S)})
    bench.post("bolus", {})
    bench.post("bench", {"do": "inject", "fault": "occlusion"})
    bench.post("advance", {"seconds": round(0.5 * HOUR_S)})
    bench.running()
    bench.post("advance", {"seconds": round(1.6 * HOUR_S)})
    bench.post("bench", {"do": "inject", "fault": "occlusion"})
    bench.post("advance", {"seconds": 600})


def live(page: Any, bench: Bench) -> None:
    page.goto(f"{bench.url}live")
    page.get_by_role("button", name="6 h", exact=True).click()
    page.locator("li.alarm").first.wait_for()
    page.locator("#lamp[data-light='2']").wait_for()
    page.wait_for_timeout(600)
    page.screenshot(path=str(IMAGES / "web-live.png"), full_page=True, animations="disabled")


def review(page: Any, bench: Bench) -> None:
    page.goto(f"{bench.url}programmer")
    page.locator("#program[data-loaded]").wait_for()
    page.locator("[data-key='program.step[1].rate']").fill("1.920 mL/day")
    page.locator("#program").get_by_role("button", name="Review").click()
    page.locator("#review[open] .review").wait_for()
    page.evaluate("document.activeElement.blur(); document.getElementById('review').scrollTop = 0")
    page.locator("#review").screenshot(path=str(IMAGES / "web-review.png"))
    page.get_by_role("button", name="Change nothing").click()
    page.get_by_role("button", name="End clinician session").click()
    page.get_by_role("button", name="Begin clinician session").wait_for()


def patient(page: Any, bench: Bench) -> None:
    """Two phones side by side."""
    bench.running()
    bench.post("advance", {"seconds": 3 * HOUR_S})
    page.goto(f"{bench.url}patient")
    page.get_by_text("20 µL over 10 min").wait_for()
    shots = []
    for answer in ("granted", "denied"):
        page.locator("#bolus").click()
        page.locator(f".answer.{answer}").wait_for()
        page.wait_for_timeout(700)
        shots.append(page.screenshot())
        bench.post("advance", {"seconds": 1_500})
    beside(shots, IMAGES / "web-patient.png")


def beside(shots: list[bytes], path: Path) -> None:
    """Pictures of one height in a row."""
    import io

    from PIL import Image  # comes with matplotlib

    images = [Image.open(io.BytesIO(shot)) for shot in shots]
    gap = 24
    row = Image.new("RGB", (sum(one.width for one in images) + gap, images[0].height), "white")
    for at, one in enumerate(images):
        row.paste(one, (at * (one.width + gap), 0))
    row.save(path, optimize=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        therapy = Path(folder) / "therapy.toml"
        therapy.write_text(THERAPY)
        with served("--rig", "vm", str(therapy)) as bench, browser() as chromium:
            hours(bench)
            wide = chromium.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light").new_page()
            live(wide, bench)
            review(wide, bench)
            phone = {"width": 390, "height": 780}
            patient(chromium.new_context(viewport=phone, color_scheme="light").new_page(), bench)


if __name__ == "__main__":
    main()
