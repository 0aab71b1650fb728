"""The web bench as a process of its own, and a browser in front of it: what the tests of the pages share.

    with served() as bench:
        bench.post("bolus", {})                         # as our own page would, without one
        page = browser.new_page(); page.goto(bench.url + "live")

Needs the packages of the extra `dev` and Debian's Chromium. Where one is missing the tests are skipped, and say what.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SHOTS = Path(__file__).resolve().parent.parent / "build" / "web"
NO_BROWSER = "THE PAGES OF pumpbench web ARE NOT TESTED: no {}; {}"
CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))


@dataclass
class Bench:
    """A running `pumpbench web`. `children`: (simulated pump process) below it."""

    process: subprocess.Popen[str]
    url: str
    cookie: str = ""
    csrf: str = field(default="", repr=False)

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:  # fmt: skip
        """(status, headers, JSON or text) of one request, exactly as given: no cookie, no origin of its own."""
        at = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body),
                sent | {name.replace("_", "-"): value for name, value in headers.items()},
            )  # fmt: skip
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, json.loads(text) if "json" in found.get("content-type", "") else text

    def enter(self) -> None:
        """As a browser does when it loads a page."""
        _, headers, who = self.ask("GET", "/api/session")
        self.cookie, self.csrf = headers["set-cookie"].partition(";")[0], who["csrf"]

    @property
    def proof(self) -> dict[str, str]:
        """What a request of our own page carries."""
        if not self.cookie:
            self.enter()
        return {"Cookie": self.cookie, "X_CSRF_Token": self.csrf, "Origin": self.url.rstrip("/")}

    def post(self, path: str, body: object) -> tuple[int, Any]:
        status, _, said = self.ask("POST", f"/api/{path}", body, **self.proof)
        return status, said

    def done(self, action: str, **form: object) -> None:
        """Review and commit as a clinician."""
        status, made = self.post("review", {"action": action, "form": form})
        assert status == 200, made
        keys = [one["key"] for one in made["confirm"]]
        status, said = self.post("commit", {"review": made["id"], "confirmed": keys})
        assert (status, "again" in said) == (200, False), said

    def running(self) -> None:
        """Starting condition: no fault, no alarm, delivering; nobody is clinician."""
        assert self.post("clinician", {"take": True})[0] == 200
        assert self.post("bench", {"do": "clear"})[0] == 200
        for code in self.post("act", {"action": "stop"})[1]["alarm_codes"]:
            self.done("acknowledge", code=code)
        self.done("start")
        self.post("clinician", {"take": False})


@contextlib.contextmanager
def served(*options: str) -> Iterator[Bench]:
    """`pumpbench web` at a free port, until the end of the block."""
    command = [sys.executable, "-m", "pumphost.cli", "web", "--http-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, process.communicate()[1]
            yield Bench(process, url)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=15)
            process.kill()


@contextlib.contextmanager
def pump_at_port(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(process, port) of `pumpbench serve`: a pump that outlives every server of pages."""
    command = [sys.executable, "-m", "pumphost.cli", "serve", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = "".join(process.stdout.readline() for _ in range(4))
            assert told, process.communicate()[1]
            yield process, json.loads(told)["port"]
        finally:
            process.kill()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        pytest.skip(NO_BROWSER.format("package playwright", "make setup"))
    if CHROMIUM is None:
        pytest.skip(NO_BROWSER.format("chromium", "make browser, or apt-get install chromium"))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def shown(page: Any, name: str) -> str:
    """What the status strip shows under a name."""
    return str(page.locator(f"[data-show={name}]").first.inner_text())


def shot(page: Any, name: str) -> None:
    """Keep what the page looks like, for people."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True, animations="disabled")
