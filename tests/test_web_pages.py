"""The pages for everybody: axe-core's judgement, the keyboard, wrong entries, and several browsers at one pump."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_tools import THERAPY
from web_bench import Bench, browser, served, shot, shown
from wrong_entries import WRONG

from pumphil.history import History, Run, Value

pytestmark = pytest.mark.timeout(180)
PAGES = ("live", "programmer", "patient", "faults", "runs", "log")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("web")
    therapy, report = folder / "therapy.toml", folder / "report.html"
    therapy.write_text(THERAPY)
    report.write_text("<!doctype html><title>Report</title><p id=said></p><script>said.textContent = origin</script>")
    history = folder / "history.db"
    keep_runs(history)
    with served("--rig", "sim", "--history", str(history), "--report", str(report), str(therapy)) as found:
        yield found


def keep_runs(path: Path) -> None:
    """An accepted trumpet, and one that is worse."""
    with History.open(path) as history:
        for error, outcome in ((1.2, "accept"), (9.9, "reject")):
            values = [Value(name="overall error", unit="%", value=error, outcome=outcome, tolerance=5.0)]
            for minutes in (15, 60, 240):
                for side, value in (("upper", error + 60 / minutes), ("lower", error - 60 / minutes)):
                    values.append(Value(name=f"trumpet, {side}, {minutes} min", unit="%", value=value))
            run = Run(
                kind="trumpet", subject="water.csv", verdict=outcome, started_at="2026-01-01T00:00:00+00:00", wall_s=1.0
            )
            number = history.keep(run, values)
            if outcome == "accept":
                history.accept(number)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


def axe_script() -> str:
    """axe-core as its Python package brings it: nothing is fetched."""
    import axe_playwright_python

    (found,) = Path(axe_playwright_python.__file__).parent.glob("axe.min.js")
    return found.read_text(encoding="utf-8")


def findings(page: Any, rules: tuple[str, ...] = ()) -> list[str]:
    """Serious and critical ones, each with its place. `rules`: only these, () all."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    result = page.evaluate("async (options) => await axe.run(document, options)", options)
    assert len(result["passes"]) >= (len(rules) or 10), "axe has looked at nothing"
    return [
        f"{page.url}: {one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:160]}"
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("scheme", "rules"), [("light", ()), ("dark", ("color-contrast",))])
def test_axe_finds_nothing_serious(bench: Bench, chromium: Any, scheme: str, rules: tuple[str, ...]) -> None:
    bench.running()
    bench.post("bench", {"do": "inject", "fault": "occlusion"})
    # bypass_csp: axe is put into the page from outside, which our own policy forbids
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    script = axe_script()
    found: list[str] = []
    for name in PAGES if not rules else ("live", "programmer", "patient", "faults"):
        page.set_viewport_size(PHONE if name == "patient" else {"width": 1280, "height": 900})
        page.goto(f"{bench.url}{name}")
        page.locator("[data-show=alarms]", has_text="downstream-occlusion").first.wait_for()
        if name == "runs":
            page.locator(".trumpet svg").wait_for()
        if name == "faults":
            page.locator(".fault.active").wait_for()
        shot(page, f"{name}-{scheme}")
        page.evaluate(script)
        found += findings(page, rules)
    page.goto(f"{bench.url}live")
    bench.post("bench", {"do": "clear"})
    page.get_by_role("button", name="Acknowledge downstream-occlusion").click()
    page.locator("#review[open] .review").wait_for()
    page.evaluate(script)
    found += findings(page, rules)
    page.get_by_role("button", name="Change nothing").click()
    page.get_by_role("button", name="End clinician session").click()
    page.get_by_role("button", name="Begin clinician session").wait_for()
    context.close()
    assert found == []


def test_a_schedule_is_drawn_and_reviewed_with_the_keyboard_alone(bench: Bench, chromium: Any) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{bench.url}programmer")
    page.locator("#program[data-loaded]").wait_for()

    def tab_to(selector: str, most: int = 80) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached with the keyboard")

    tab_to("circle.handle[data-step='1']")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):  # 08:00 -> 08:30, 0.960 -> 0.984 mL/day
        page.keyboard.press(key)
    assert page.locator("[data-key='program.step[1].start']").input_value() == "08:30"
    assert page.locator("[data-key='program.step[1].rate']").input_value() == "0.984 mL/day"
    tab_to("#program button[type=submit]")
    page.keyboard.press("Enter")
    page.locator("#review[open] .review").wait_for()
    row = page.locator("#review tbody tr", has_text="08:00 to 08:30").locator("td").all_inner_texts()
    assert row[:2] == ["0.960 mL/day", "0.480 mL/day"]
    page.keyboard.press("Escape")
    assert page.locator("#review[open]").count() == 0
    page.get_by_role("button", name="End clinician session").click()
    page.get_by_role("button", name="Begin clinician session").wait_for()
    page.context.close()


def test_a_large_change_is_confirmed_once_more_before_it_can_be_committed(bench: Bench, chromium: Any) -> None:
    """HMI-03: old value, new value, ratio."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{bench.url}programmer")
    page.locator("#program[data-loaded]").wait_for()
    page.locator("[data-key='program.step[1].rate']").fill("1.920 mL/day")
    page.locator("#program").get_by_role("button", name="Review").click()
    page.locator("#review[open] .review").wait_for()
    assert page.get_by_role("button", name="Commit to the pump").is_disabled()
    said = page.locator("#review fieldset").inner_text()
    assert "highest rate: 0.960 mL/day becomes 1.920 mL/day (+100.0 %, 2 times)" in said
    shot(page, "review-large")
    page.locator("#review input[type=checkbox]").check()
    assert page.get_by_role("button", name="Commit to the pump").is_enabled()
    review = page.evaluate("() => fetch('/api/session').then(r => r.json())")
    refused = page.evaluate(
        """async ([csrf]) => {
          const ask = (path, body) => fetch(`/api/${path}`, {method: "POST", body: JSON.stringify(body),
            headers: {"Content-Type": "application/json", "X-CSRF-Token": csrf}}).then(r => r.json());
          const form = {"program.step": [{start: "00:00", rate: "2.4 mL/day"}]};
          const made = await ask("review", {action: "program", form});
          return [await ask("commit", {review: made.id, confirmed: []}), await ask("commit", {review: made.id})];
        }""",
        [review["csrf"]],
    )
    assert "confirm each of these first" in refused[0]["error"]
    assert "no such review any more" in refused[1]["error"]
    page.get_by_role("button", name="Change nothing").click()
    page.get_by_role("button", name="End clinician session").click()
    page.get_by_role("button", name="Begin clinician session").wait_for()
    page.context.close()


def test_wrong_entries_are_refused_by_field_with_the_fix(bench: Bench) -> None:
    """The same table as at the command line; HMI-02."""
    assert len(WRONG) >= 40
    for field, typed, what, fix in WRONG:
        status, said = bench.post("check", {"field": field, "form": {field: typed}})
        assert status == 200
        (problem,) = said["problems"]
        assert problem["field"] == field
        assert what in problem["sentence"], typed
        assert fix in problem["sentence"], typed


def test_a_wrong_entry_is_told_beside_its_field_and_nothing_is_sent(bench: Bench, chromium: Any) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{bench.url}programmer")
    page.locator("#program[data-loaded]").wait_for()
    page.locator("[id='p-patient_bolus.lockout']").fill("2")
    page.locator("[data-key='program.step[1].rate']").fill(".5 mL/day")
    page.locator("[data-key='program.step[1].rate']").press("Tab")
    wrong = page.locator("[data-wrong='program.step[1].rate']", has_text="no digit before the point")
    wrong.wait_for()
    page.locator("#program").get_by_role("button", name="Review").click()
    page.locator("[data-wrong='patient_bolus.lockout']", has_text="hours or minutes").wait_for()
    shot(page, "programmer-wrong")
    assert page.locator("#review[open]").count() == 0
    assert page.locator("[aria-invalid=true]").count() == 2
    bench.post("clinician", {"take": False})
    page.get_by_role("button", name="End clinician session").click()
    page.context.close()


def test_all_browsers_see_one_pump(bench: Bench, chromium: Any) -> None:
    bench.running()
    pages = [chromium.new_context(viewport=PHONE).new_page() for _ in range(3)]
    for page in pages:
        page.goto(f"{bench.url}patient")
        page.get_by_text("20 µL over 10 min").wait_for()
    assert len({shown(page, "nextbolus") for page in pages}) == 1
    pages[0].locator("#bolus").click()
    pages[0].locator(".answer:is(.granted, .denied)").wait_for()
    for page in pages:
        page.locator("[data-show=nextbolus]", has_text="one is running").wait_for()
        page.context.close()


def test_runs_are_listed_compared_and_drawn(bench: Bench, chromium: Any) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{bench.url}runs")
    page.get_by_role("heading", name="Run 2: trumpet, water.csv").wait_for()
    page.get_by_text("1 became worse since the accepted run").wait_for()
    page.get_by_text("overall error: accept → reject %").wait_for()
    curve = page.locator(".trumpet svg").get_attribute("aria-label")
    assert curve == "Trumpet curve: 15 min 13.9 to 5.9 %, 60 min 10.9 to 8.9 %, 240 min 10.2 to 9.7 %"
    page.get_by_role("button", name="Show run 1").click()
    page.get_by_role("heading", name="Run 1: trumpet").wait_for()
    page.get_by_role("link", name="Report of the last run").click()
    page.locator("#said", has_text="null").wait_for()  # it runs, and has not our origin
    page.context.close()
    assert bench.ask("GET", "/report")[0] == 401
    status, _, said = bench.ask("GET", "/api/runs/99", **bench.proof)
    assert (status, "99" in said["error"]) == (404, True)
