"""A client that knows only SPEC.md, protocol.json and vectors.json, against a pump that it has never seen.

    python -m pytest tests/test_stranger.py

`stranger_client.py` runs as a process of its own; what it reports is compared with the rig's packets, its store and the
oracle. Pump time goes on by two seconds with every piece of input, so that no test waits for it.
"""

import ast
import hashlib
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import stranger_client as stranger

from pumpfw.core.ports import EVENT_AREA
from pumphil.oracle import Prescription, max_abs_error
from pumphil.rigs.sim import SimRig
from pumphost.transport.pty import PtyServer
from pumphost.transport.tcp import TcpServer
from pumplink import codes

HERE = Path(__file__).resolve().parent
PROTOCOL = HERE.parent / "protocol"
VECTORS = json.loads((PROTOCOL / "vectors.json").read_text(encoding="utf-8"))
TABLES = stranger.Protocol(PROTOCOL / "protocol.json")
STEPS = [[minute, 480_000 + 24_000 * (minute % 7)] for minute in range(0, 1_440, 40)]  # 36: two pieces
FILL_NL, VOLUME_NL, DURATION_MS, LOCKOUT_MS = 18_000_000, 20_000, 240_000, 7_200_000
UNIX_MS = 1_767_225_600_000  # a Thursday, midnight
PLAN = {
    "fill_nl": FILL_NL, "unix_ms": UNIX_MS, "steps": STEPS, "look_every_s": 0,
    "patient_bolus": [VOLUME_NL, DURATION_MS, LOCKOUT_MS, 6],
}  # fmt: skip
CLINICIAN = 2
posix = pytest.mark.skipif(sys.platform == "win32", reason="terminals as on POSIX")
pytestmark = posix


def received(rig: SimRig) -> list[tuple[int, bytes]]:
    """(pump ms, body) of every sound frame that the pump was sent."""
    reader = stranger.Receiver()
    return [(t_ms, body) for t_ms, way, data in rig.trace if way == "rx" for body in reader.feed(bytes.fromhex(data))]


def harmless(data: bytes) -> bytes:
    return data


def visit(
    line: TcpServer | PtyServer, rig: SimRig, *arguments: str, change: Callable[[bytes], bytes] = harmless
) -> subprocess.CompletedProcess[str]:
    """Run the stranger against a rig until it leaves; `change` is what the line does to the pump's answers."""
    port = line.path if isinstance(line, PtyServer) else line.url
    action, *more = arguments
    command = [sys.executable, str(HERE / "stranger_client.py"), action, port, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            data = line.read(0.02)
            if data:
                rig.run_for(seconds=2)
                line.write(change(rig.send(data)))
        out, error = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, error)


@pytest.fixture
def rig() -> SimRig:
    made = SimRig(seed=4)
    made.run_for(seconds=1)
    return made


def with_key(rig: SimRig, folder: Path, role: int = CLINICIAN) -> list[str]:
    key = next(key for key in rig.keys.keys if key.number == role)
    file = folder / "key.hex"
    file.write_text(key.secret.hex() + "\n")
    return ["--key-file", str(file), "--slot", str(key.slot), "--role", str(role)]


def treated(rig: SimRig, folder: Path, change: Callable[[bytes], bytes] = harmless) -> dict[str, Any]:
    with TcpServer() as line:
        done = visit(line, rig, "treat", "--plan", json.dumps(PLAN), *with_key(rig, folder), change=change)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_imports_nothing_of_ours() -> None:
    """Invariant 34: from the document and the vectors alone."""
    tree = ast.parse((HERE / "stranger_client.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names
    assert names <= set(sys.stdlib_module_names)
    assert names.isdisjoint({"importlib", "runpy"})


def oracle_of(rig: SimRig, order: int) -> tuple[Prescription, int, int]:
    """What should have flowed by the frames that the pump was sent; pump ms of the start and of the bolus."""
    frames = received(rig)
    commits = [t_ms for t_ms, body in frames if body[2] == 0x28]
    started_ms = commits[-1]
    asked_ms = next(t_ms for t_ms, body in frames if body[2] == 0x2E and body[10:14] == struct.pack("<I", order))
    steps = [SimpleNamespace(start_min=start, rate_nl_per_day=rate) for start, rate in STEPS]
    bolus = SimpleNamespace(volume_nl=VOLUME_NL, duration_ms=DURATION_MS, lockout_ms=LOCKOUT_MS, max_per_24h=6)
    therapy = SimpleNamespace(fill_nl=FILL_NL, steps=steps, bolus=bolus, profiles=None)
    oracle = Prescription(None)
    oracle.set_clock(commits[1], 0, weekday=3)
    oracle.refill(commits[1], FILL_NL)
    oracle.start(started_ms, therapy)
    oracle.request_bolus(asked_ms, pump_granted=True)
    return oracle, started_ms, asked_ms


def test_it_treats_a_pump(rig: SimRig, tmp_path: Path) -> None:
    """Invariant 34 (SEC-01, SEC-10, SCHED-06, SCHED-07, LINK-05, LOG-03): session, program, bolus and log export."""
    report = treated(rig, tmp_path)
    order, status, log = report["order"], report["status"], report["log"]
    assert bytes.fromhex(report["uid"]) == rig.uid
    assert (order["state"], order["delivered"], order["requested"]) == (codes.DONE, VOLUME_NL, VOLUME_NL)
    canonical = bytes([0x7F, len(STEPS)]) + b"".join(struct.pack("<HI", *step) for step in STEPS)
    assert status["program_digest"] == hashlib.sha256(canonical).digest()[:8].hex()
    assert (status["mode"], status["rate"]) == (codes.SCHEDULE, STEPS[0][1])
    assert report["sessions"] >= 2  # it looked for longer than a session lasts

    pump = rig.options.plant
    steps = sum(steps for _, steps in rig.packets)
    assert status["delivered"] == -(-steps * pump.nl_per_rev // pump.steps_per_rev)  # rounded up
    oracle, _, asked_ms = oracle_of(rig, order["order"])
    error = max_abs_error(oracle, rig.packets, pump.nl_per_rev, pump.steps_per_rev, rig.now_us // 1000)
    assert error.worst_ratio <= 1, error
    assert oracle.expected_nl(asked_ms + DURATION_MS) - oracle.expected_nl(asked_ms) > VOLUME_NL

    stored = len(rig.store.areas[EVENT_AREA]) - 32  # two heads of 16 bytes before the records
    assert stored // 40 == log["records"] == status["log_next"]
    assert (log["first"], log["chain_ok"]) == (0, True)
    assert log["kinds"].count("bolus-start") == log["kinds"].count("bolus-end") == 1
    assert log["kinds"].count("session") == report["sessions"]


def test_lost_answers_give_no_second_bolus(rig: SimRig, tmp_path: Path) -> None:
    """LINK-04, LINK-10, BOL-12: a repeat is answered from the cache; one bolus is given, once."""
    bolus_seen: list[bytes] = []

    def change(data: bytes) -> bytes:
        for _, body in received(rig)[-1:]:
            if body[2] == 0x2E and not bolus_seen:
                bolus_seen.append(body)
                return b""
        return data

    report = treated(rig, tmp_path, change)
    assert report["repeats"] >= 1  # a busy computer may need another one elsewhere
    assert report["link"]["duplicate"] >= 1
    assert report["order"]["delivered"] == VOLUME_NL
    assert report["log"]["kinds"].count("bolus-start") == 1
    asked = [body for _, body in received(rig) if body[2] == 0x2E]
    assert len(asked) >= 2
    assert set(asked) == {bolus_seen[0]}


def test_a_changed_log_is_noticed(rig: SimRig, tmp_path: Path) -> None:
    """LOG-03, LOG-08: a bit that rotted in the store breaks the chain that the stranger checks."""
    rig.run_for(seconds=1)
    rig.store.flip(EVENT_AREA, 32 + 22, 3)  # in the first record
    report = treated(rig, tmp_path)
    assert report["log"]["chain_ok"] is False
    assert report["order"]["delivered"] == VOLUME_NL


def test_a_forged_answer_is_not_believed(rig: SimRig, tmp_path: Path) -> None:
    """SEC-10: one bit of an answer to COMMIT is changed and its CRC repaired: as if it had not come."""
    done = []

    def change(data: bytes) -> bytes:
        bodies = stranger.Receiver().feed(data)
        if bodies and bodies[0][2] == 0x28 and not done:
            done.append(bodies[0])
            return stranger.encode(bodies[0][:15] + bytes([bodies[0][15] ^ 1]) + bodies[0][16:])
        return data

    report = treated(rig, tmp_path, change)
    asked = [body for _, body in received(rig) if body[2] == 0x28 and body[6:10] == done[0][6:10]]
    assert len(asked) >= 2
    assert len(set(asked)) == 1
    assert report["order"]["delivered"] == VOLUME_NL


@pytest.mark.parametrize(("role", "secret"), [(1, ""), (CLINICIAN, "55" * 32)])
def test_without_the_right_key_nothing_changes(rig: SimRig, tmp_path: Path, role: int, secret: str) -> None:
    """SEC-01, SEC-03: a patient's key programs nothing, a wrong one opens no session."""
    options = with_key(rig, tmp_path, role)
    if secret:
        (tmp_path / "key.hex").write_text(secret)
    with TcpServer() as line:
        done = visit(line, rig, "treat", "--plan", json.dumps(PLAN), *options)
    assert done.returncode == 1
    assert ("FORBIDDEN" if role == 1 else "no session") in done.stderr
    assert rig.packets == []
    kinds = {bytes(rig.store.areas[EVENT_AREA])[at + 21] for at in range(32, len(rig.store.areas[EVENT_AREA]), 40)}
    assert kinds.isdisjoint({codes.REC_REFILL, codes.REC_PROGRAM, codes.REC_CLOCK})


def test_over_a_pseudo_terminal(rig: SimRig) -> None:
    """LINK-01: the same bytes; without a key it may look."""
    with PtyServer() as line:
        done = visit(line, rig, "status")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)["status"]
    assert (status["mode"], status["rate"], status["remaining"]) == (codes.STOP_MODE, 0, 0)
    assert status["unmonitored"] == rig.board.pump.sensors.unmonitored()


# -- its codec against the vectors -------------------------------------------------------------------


@pytest.mark.parametrize("row", VECTORS["golden"] + VECTORS["session"], ids=lambda row: row["name"])
def test_frames(row: dict[str, Any]) -> None:
    body, wire = bytes.fromhex(row["body"]), bytes.fromhex(row["wire"])
    assert stranger.encode(body) == wire
    assert stranger.Receiver().feed(wire) == [body]


def test_messages() -> None:
    for row in VECTORS["messages"]:
        message = TABLES.messages[row["name"]]
        sides = {"event": "fields", "refusal": None}
        side = sides.get(row["side"], row["side"])
        fields = message[side] if side else TABLES.data["refusal"]
        values = [bytes.fromhex(value) if isinstance(value, str) else value for _, value in row["fields"]]
        head = b"" if row["side"] in ("request", "event") else bytes([row["status"]])
        payload = head + TABLES.pack(fields, values)
        body = bytearray(stranger.unsigned(message, payload, row["seq"]))
        body[0] |= row["kind"]
        assert body.hex() == row["body"], row
        assert stranger.encode(bytes(body)).hex() == row["wire"], row
        assert TABLES.unpack(fields, payload[len(head) :]) == dict(
            zip([n for n, _ in row["fields"]], values, strict=True)
        )
    assert len(VECTORS["messages"]) > 200


def test_rejects_and_junk() -> None:
    for row in [*VECTORS["reject"], VECTORS["junk"] | {"why": "junk"}]:
        receiver = stranger.Receiver()
        bodies = [body.hex() for body in receiver.feed(bytes.fromhex(row["stream"]))]
        assert bodies == row.get("bodies", []), row["why"]
        expected = row.get("counts") or dict.fromkeys(receiver.counts, 0) | {row["counter"]: row["times"]}
        assert receiver.counts == expected, row["why"]


def test_keys_tags_digests_and_chain() -> None:
    keys = {name: bytes.fromhex(VECTORS["session_keys"][name]) for name in ("key", "h2p", "p2h")}
    bodies = {row["name"]: bytes.fromhex(row["body"]) for row in VECTORS["session"]}
    assert stranger.direction_keys(keys["key"], bodies["HELLO"], bodies["HELLO_RSP"]) == (keys["h2p"], keys["p2h"])
    for row in VECTORS["session"]:
        body = bodies[row["name"]]
        if row["signed"] and row["way"] == "h2p":
            assert stranger.mac(keys["h2p"], body[:-16])[:16] == body[-16:], row["name"]
        elif row["signed"]:
            bound_to = bodies[row["answers"]][-16:] if row["answers"] else bytes(16)
            assert stranger.genuine(keys["p2h"], bound_to, body), row["name"]
    to_host = [row for row in VECTORS["session_reject"] if row["to"] == "host"]
    for row in to_host:
        body, request = bytes.fromhex(row["body"]), bytes.fromhex(row["request"])
        client = object.__new__(stranger.Client)
        client.protocol = TABLES
        assert client.judged(body, request, (0x1234, 0x21, keys["h2p"], keys["p2h"])) == "", row["why"]
    assert len(to_host) >= 7
    for row in VECTORS["digests"]:
        assert stranger.digest8(bytes.fromhex(row["ticket"]), bytes.fromhex(row["covers"])).hex() == row["digest"]
    before = bytes.fromhex(VECTORS["chain"]["before"])
    for row in VECTORS["chain"]["records"]:
        before = stranger.digest8(before, bytes.fromhex(row["record"]))
        assert before.hex() == row["chain"]


def test_a_reply_of_a_newer_pump_and_of_an_older_one() -> None:
    """Invariant 32, the stranger's side: fields behind the last are ignored, missing ones are absent and not 0."""
    fields = TABLES.messages["GET_ORDER"]["reply"]
    payload = struct.pack("<IBBIIQ", 7, 0x20, 4, 20_000, 20_000, 86_400_000)
    whole = TABLES.unpack(fields, payload)
    assert TABLES.unpack(fields, payload + b"\x01\x02\x03") == whole
    assert TABLES.unpack(fields, payload[:-8]) == {k: v for k, v in whole.items() if k != "t_commit"}
    assert Fraction(whole["delivered"], whole["requested"]) == 1
