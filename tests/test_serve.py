"""`pumpbench serve` as a process: what a client of its port sees, on a pty and on TCP, and what its end leaves behind.

    python -m pytest tests/test_serve.py

Times are asserted from below only: a busy computer makes everything later, never earlier.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bench_cases import THERAPY, needs_micropython
from cli_tools import one_sentence, run

from pumphost.errors import Refused
from pumphost.programmer import Programmer
from pumphost.therapy import loads
from pumphost.transport import Transport, open_transport
from pumplink import codes, messages
from pumplink.frame import REQ, RSP, FrameReader, encode, pack_body, parse_body

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pty as on POSIX")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc: no look at processes here")
TCP = ["--listen", "127.0.0.1:0"]
EVERY_WAY = [
    pytest.param(["--rig", "sim"], id="sim-pty"),
    pytest.param(["--rig", "sim", *TCP], id="sim-tcp"),
    pytest.param(["--rig", "vm"], id="vm-pty", marks=needs_micropython),
    pytest.param(["--rig", "vm", *TCP], id="vm-tcp", marks=needs_micropython),
]


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(process, port) of a pump that is being served."""
    command = [sys.executable, "-m", "pumphost.cli", "serve", *options, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = ""
            while not told.endswith("}\n"):
                line = process.stdout.readline()
                assert line, process.communicate()[1]
                told += line
            yield process, json.loads(told)["port"]
        finally:
            process.kill()


def programmer(port: str) -> Programmer:
    return Programmer(open_transport(port), rng=random.Random(port))


def firmware_of(pid: int) -> list[int]:
    """Process ids of the firmware that runs below `pid`."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"start" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            found.append(int(child))
    return found


def answer_to(line: Transport, seq: int) -> bytes:
    """Payload of the first sound frame that comes within 5 s; it must answer number `seq`."""
    reader, until = FrameReader(), time.monotonic() + 5
    while time.monotonic() < until:
        for body in reader.feed(line.read(0.2)):
            kind, _, _, _, number, payload = parse_body(body)
            assert (kind, number) == (RSP, seq)
            return bytes(payload)
    raise AssertionError("no frame came within 5 s")


def status_request(seq: int) -> bytes:
    return encode(pack_body(REQ, messages.STATUS.id, b"", seq=seq))


@pytest.fixture(scope="module", params=EVERY_WAY)
def port(request: pytest.FixtureRequest) -> Iterator[str]:
    """A pump without a therapy. Only one test here changes its state."""
    with served(*request.param) as (_, told):
        yield told


def test_a_pump_without_a_therapy_is_stopped_and_can_be_treated(port: str) -> None:
    with programmer(port) as pump:
        before = pump.status()
        assert (before.mode, before.rate_nl_per_day, before.remaining_nl) == (codes.STOP_MODE, 0, 0)
        assert pump.read_program().steps == ()
        done = pump.program(loads(THERAPY), set_clock=(1_767_225_600_000, 0))  # a midnight: the first step holds
        assert done.steps == ((0, 480_000), (480, 960_000))
        running = pump.start()
        assert (running.mode, running.rate_nl_per_day) == (codes.SCHEDULE, 480_000)
        grant = pump.bolus()
        assert (grant.volume_nl, grant.duration_ms) == (20_000, 600_000)
        with pytest.raises(Refused) as refused:
            pump.bolus()
        assert refused.value.name == "BUSY"
        assert pump.status().rate_nl_per_day == 480_000 + 20_000 * 144  # 144 times ten minutes a day
        kinds = [record.kind for record in pump.log()]
        assert kinds.count(codes.REC_BOLUS_START) == 1


def test_one_client_leaves_and_another_finds_the_same_pump(port: str) -> None:
    with programmer(port) as first:
        before = first.status()
    rude = open_transport(port)
    rude.write(status_request(5))
    rude.write(status_request(6)[:9])  # leaves in the middle of a frame, with an answer unread
    rude.close()
    with programmer(port) as second:
        after = second.status()
    assert after.uptime_ms >= before.uptime_ms
    assert (after.log_next, after.program_digest) == (before.log_next, before.program_digest)


def test_junk_before_a_frame_costs_nothing_but_the_junk(port: str) -> None:
    with programmer(port) as pump:
        before = pump.link_stats().to_dict()
        line = pump.transport
        line.write(random.Random(3).randbytes(700) + status_request(3)[:-4] + status_request(0x2A5A5A5A))
        assert answer_to(line, 0x2A5A5A5A)
        after = pump.link_stats().to_dict()
    assert sum(after.values()) - sum(before.values()) > 2  # more than the two good frames in between


def test_time_scale_is_seconds_of_pump_time_in_one_second() -> None:
    with served("--rig", "sim", "--time-scale", "200") as (_, port), programmer(port) as pump:
        before = pump.status().uptime_ms
        since = time.monotonic()
        time.sleep(0.3)
        waited_s = time.monotonic() - since
        assert pump.status().uptime_ms - before >= 200 * waited_s * 1000 - 2


def hung_up(line: int, timeout_ms: int) -> bool:
    """Whether the server's side of a pty is gone, or goes within that time. Its name would not tell: it is reused."""
    poll = select.poll()
    poll.register(line, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(timeout_ms))


@needs_proc
@needs_micropython
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_leaves_neither_child_nor_port(number: signal.Signals) -> None:
    with served("--rig", "vm") as (process, port), open(port, "rb", buffering=0) as client:
        firmware = firmware_of(process.pid)
        assert len(firmware) == 1
        assert not hung_up(client.fileno(), 0)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130
        assert said == "stopped by Ctrl-C\n"
        assert not Path(f"/proc/{firmware[0]}").exists()  # the bench has waited for it
        assert hung_up(client.fileno(), 2000)


@needs_proc
@needs_micropython
def test_a_firmware_that_dies_ends_the_service_in_one_sentence() -> None:
    with served("--rig", "vm") as (process, port), programmer(port) as pump:
        pump.status()
        os.kill(firmware_of(process.pid)[0], signal.SIGKILL)
        while firmware_of(process.pid):  # a process that has ended has no command line
            time.sleep(0.01)
        pump.transport.write(status_request(1))  # a stopped pump is woken once an hour, or by its link
        _, said = process.communicate(timeout=20)
        assert process.returncode == 2
        assert said.startswith("error: rig vm: the firmware process has ended at ")
        assert "Traceback" not in said


def as_json(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@needs_micropython
def test_a_pump_with_a_therapy_through_the_whole_command_line(tmp_path: Path) -> None:
    therapy = tmp_path / "therapy.toml"
    therapy.write_text(THERAPY)
    with served(str(therapy), "--rig", "vm") as (_, port):
        now = as_json("status", "--port", port)
        assert now["mode"] == "schedule"
        assert now["rate_nl_per_day"] in (480_000, 960_000)  # as the clock of this computer has it
        assert 17_900_000 < now["remaining_nl"] <= 18_000_000
        grant = as_json("bolus", "--port", port)
        assert (grant["volume_nl"], grant["duration_ms"]) == (20_000, 600_000)
        again = run("bolus", "--port", port, "--json")
        assert (again.exit_code, json.loads(again.stdout)["error"]["name"]) == (1, "BUSY")
        assert as_json("stop", "--port", port)["order"] == grant["order"]
        assert as_json("status", "--port", port)["mode"] == "stopped"
        kinds = [record["kind"] for record in as_json("log", "--port", port)]
        assert kinds.index("bolus-start") < kinds.index("bolus-end")


def test_a_rig_file_says_how_large_and_full_the_reservoir_is(tmp_path: Path) -> None:
    rig = tmp_path / "small.toml"
    rig.write_text('[rig]\nkind = "sim"\n[plant]\nreservoir_capacity_nl = 10_000_000\nreservoir_nl = 4_000_000\n')
    with served("--rig", str(rig)) as (_, port), programmer(port) as pump:
        assert pump.limits().reservoir_nl == 10_000_000
        with pytest.raises(Refused):
            pump.refill(10_000_001, "saline", 1_000_000)


def test_what_cannot_be_served_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        result = run("serve", "--rig", "sim", "--listen", taken)
    assert result.exit_code == 3
    assert f"cannot listen at {taken}" in one_sentence(result)
    result = run("serve", "--rig", str(tmp_path / "none.toml"))
    assert result.exit_code == 2
    assert "give one of bench, emulated, sim, tired-tube, vm or the path of a rig file" in one_sentence(result)
