"""A whole session in a browser against the real server and rig `vm`: HMI-01, -03, -04 and -05 as people see them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from web_bench import browser, served, shot, shown

pytestmark = pytest.mark.timeout(180)
THERAPY = {"p-patient_bolus.lockout": "01:00", "p-fill.volume": "18 mL"}


def commit(page: Any, expected: str) -> str:
    """The second action: what the finish screen says."""
    page.locator("#review[open] .review").wait_for()
    for box in page.locator("#review input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Commit to the pump").click()
    done = page.locator("#review .finished")
    done.wait_for(timeout=15_000)
    text = str(done.inner_text())
    assert expected in text
    return text


def close(page: Any) -> None:
    page.get_by_role("button", name="Done").click()


def wait_for(page: Any, name: str, pattern: str) -> None:
    """Until the status strip shows it."""
    page.locator(f"[data-show={name}]").first.filter(has_text=re.compile(pattern)).wait_for(timeout=15_000)


def test_a_pump_from_blank_to_refilled() -> None:
    with served("--rig", "vm") as bench, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if "Content Security" in said.text else None)

        # program -> review -> commit -> read-back
        page.goto(f"{bench.url}programmer")
        wait_for(page, "mode", "Stopped")
        for field, text in THERAPY.items():
            page.locator(f"[id='{field}']").fill(text)
        shot(page, "programmer")
        page.locator("#program").get_by_role("button", name="Review").click()
        page.locator("#review[open] .review").wait_for()
        sides = page.locator("#review tbody tr", has_text="highest rate").locator("td").all_inner_texts()
        assert sides[:2] == ["none", "0.960 mL/day"]  # nothing has been sent yet, and the pump has no program
        assert shown(page, "mode") == "Stopped"
        shot(page, "review")
        text = commit(page, "read back from the pump and identical, 800 uL a day")
        shot(page, "finished")
        close(page)
        wait_for(page, "mode", "Schedule")
        document = page.evaluate("async () => (await import('/static/link.js')).state()")
        assert document["status"]["program_digest"] in text  # what the pump itself says is active

        # bolus granted, then denied with the time left
        page.goto(f"{bench.url}patient")
        page.get_by_text("20 µL over 10 min").wait_for()
        page.locator("#bolus").click()
        page.locator(".answer.granted", has_text="20 µL").wait_for()
        shot(page, "patient-granted")
        wait_for(page, "nextbolus", "running")
        assert bench.post("advance", {"seconds": 900})[0] == 200
        wait_for(page, "nextbolus", r"in \d+ min")
        page.locator("#bolus").click()
        denied = page.locator(".answer.denied", has_text="too early")
        denied.wait_for()
        minutes = int(re.search(r"Ask again in (\d+) min", denied.inner_text()).group(1))  # type: ignore[union-attr]
        assert 44 <= minutes <= 45  # an hour from its start, of which a quarter has passed
        shot(page, "patient-denied")

        # fault -> alarm
        page.goto(f"{bench.url}faults")
        page.get_by_role("button", name="Inject: Kinked catheter").click()
        wait_for(page, "alarms", "downstream-occlusion")
        shot(page, "faults")
        page.goto(f"{bench.url}live")
        alarm = page.locator(".alarm.medium", has_text="downstream-occlusion")
        alarm.wait_for()
        page.locator("#lamp[data-light='2']").wait_for()  # flashes yellow: a look at the pump itself
        wait_for(page, "mode", "Fault")
        shot(page, "live-alarm")

        # cause gone -> acknowledge -> start
        assert bench.post("bench", {"do": "clear"})[0] == 200
        page.get_by_role("button", name="Acknowledge downstream-occlusion").click()
        commit(page, "downstream-occlusion acknowledged")
        close(page)
        wait_for(page, "alarms", "none")
        page.goto(f"{bench.url}programmer#refill")

        # refill
        page.locator("[id='r-refill.filled']").fill("19 mL")
        page.locator("#refill").get_by_role("button", name="Review").click()
        commit(page, "the pump counts on 19.000 mL of saline")
        close(page)
        wait_for(page, "remaining", "19.000 mL")
        page.get_by_role("button", name="Start delivery").click()
        commit(page, "Started: schedule")
        close(page)
        wait_for(page, "mode", "Schedule")

        page.goto(f"{bench.url}log")
        page.locator("#log td", has_text=re.compile("^refill$")).first.wait_for()
        shot(page, "log")
        assert trouble == []
