"""Pump, server and browser are killed in turn: therapy goes on, the page says what is old, and finds back by itself."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_tools import THERAPY, run
from web_bench import browser, pump_at_port, served, shot, shown

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and pty as on POSIX"),
]
STALE = "Stale: no authentic status for more than 5 s"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def delivered_nl(page: Any) -> int:
    return int(page.evaluate("async () => (await import('/static/link.js')).state().status.delivered_nl"))


def test_killed_in_any_order(tmp_path: Path) -> None:
    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY.replace("0.480", "20").replace("0.960", "20"))
    listen, pages = ["--listen", f"127.0.0.1:{free_port()}"], str(free_port())
    options = ["--rig", "sim", "--time-scale", "20", *listen, str(therapy)]
    with pump_at_port(*options) as (pump, port), browser() as chromium:
        command = ["--port", port, "--http-port", pages]
        with served(*command) as bench:
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"{bench.url}live")
            page.locator("[data-show=mode]", has_text="Schedule").wait_for()
            page.locator("body:not(.stale)").wait_for()
            before_nl = delivered_nl(page)

            # the server is killed: the page says so without it, and the pump delivers on
            bench.process.send_signal(signal.SIGKILL)
            bench.process.wait()
            page.locator("#banner", has_text=f"{STALE}. What is shown is old. The server does not answer").wait_for()
            assert page.locator("body.stale").count() == 1
            shot(page, "live-stale")
            assert pump.poll() is None
        with served(*command) as bench:
            page.locator("body:not(.stale)").wait_for()  # no click, no reload
            assert page.locator("#banner").is_hidden()
            assert shown(page, "mode") == "Schedule"
            assert delivered_nl(page) > before_nl  # by itself, while nobody was there

            # the browser is killed: the pump and other browsers do not notice
            chromium.new_page().goto(f"{bench.url}patient")
            other = chromium.contexts[-1]
            other.close()
            assert bench.ask("GET", "/api/session")[0] == 200

            # the pump is killed: the page says it, the server stays, and both come back with the pump
            pump.send_signal(signal.SIGKILL)
            pump.wait()
            page.locator("#banner", has_text=STALE).wait_for()
            assert bench.post("bolus", {})[0] == 503
            with pump_at_port(*options):
                page.locator("body:not(.stale)").wait_for()
                assert shown(page, "mode") == "Schedule"
            assert bench.process.poll() is None


def test_a_killed_server_takes_its_simulated_pump_with_it() -> None:
    with served("--rig", "sim") as bench:
        (child,) = Path(f"/proc/{bench.process.pid}/task/{bench.process.pid}/children").read_text().split()
        bench.process.kill()
        bench.process.wait()
        ended = subprocess.run(["tail", f"--pid={child}", "-f", "/dev/null"], timeout=20, check=False)
        assert ended.returncode == 0


def test_a_killed_simulated_pump_comes_back_with_its_therapy(tmp_path: Path) -> None:
    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY.replace("0.480", "20").replace("0.960", "20"))
    with served("--rig", "sim", "--time-scale", "20", str(therapy)) as bench, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{bench.url}live")
        page.locator("body:not(.stale)").wait_for()
        assert bench.post("bolus", {})[0] == 200
        before_nl = delivered_nl(page)
        (child,) = Path(f"/proc/{bench.process.pid}/task/{bench.process.pid}/children").read_text().split()
        subprocess.run(["kill", "-9", child], check=True)
        page.locator("[data-show=alarms]", has_text="unexpected-reset").wait_for()  # no click, no reload
        assert shown(page, "mode") == "Schedule"
        assert delivered_nl(page) >= before_nl
        status, said = bench.post("bolus", {})
        assert (status, "lockout" in json.dumps(said).lower()) == (200, True), said


def test_a_port_without_a_pump_is_no_reason_to_end() -> None:
    with served("--port", f"socket://127.0.0.1:{free_port()}") as bench:
        status, said = bench.post("bolus", {})
        assert (status, "cannot open socket://" in said["error"]) == (503, True)
        assert bench.ask("GET", "/live")[0] == 200


def test_without_its_packages_the_command_says_which_and_how() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from pumphost.cli import main; sys.argv[1:] = ['web']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: pages need the package uvicorn: pip install 'pumpbench[web]'\n"


def test_a_therapy_is_for_a_simulated_pump_only() -> None:
    done = run("web", "therapy.toml", "--port", "/dev/null")
    assert done.exit_code == 2
    assert "program the one at the port in the browser" in done.stderr
