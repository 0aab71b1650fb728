"""Who may do what at the server of pages: roles of the link, one clinician, nothing by GET, no foreign site."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from web_bench import Bench, served

from pumphost.web.access import IDLE_S, Access, NotAllowed
from pumplink import messages


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with served("--rig", "sim") as found:
        yield found


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


ACTS = ("clinician", "bolus", "act", "review", "commit", "check", "bench", "advance", "enter")


@pytest.mark.parametrize("path", ACTS)
def test_nothing_acts_by_get(bench: Bench, path: str) -> None:
    assert bench.ask("GET", f"/api/{path}", **bench.proof)[0] == 405


@pytest.mark.parametrize(
    ("headers", "sent", "status"),
    [
        ("Content-Length: 65537", b"", 413), ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", 411),
        ("Content-Length: many", b"", 400), ("Content-Length: -1", b"", 400),
    ],
)  # fmt: skip
def test_a_request_is_short_and_says_so(bench: Bench, headers: str, sent: bytes, status: int) -> None:
    at = urlsplit(bench.url)
    with socket.create_connection((str(at.hostname), int(at.port or 0)), timeout=10) as line:
        line.sendall(f"POST /api/enter HTTP/1.1\r\nHost: {at.netloc}\r\n{headers}\r\n\r\n".encode() + sent)
        assert int(line.recv(64).split()[1]) == status


@pytest.mark.parametrize("path", [act for act in ACTS if act != "enter"])
@pytest.mark.parametrize(
    ("lacking", "changed"),
    [
        ("Cookie", None), ("X_CSRF_Token", None), ("X_CSRF_Token", "guessed"), ("Origin", None),
        ("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1:1"),
    ],
)  # fmt: skip
def test_a_request_that_acts_proves_where_it_comes_from(
    bench: Bench, path: str, lacking: str, changed: str | None
) -> None:
    proof = bench.proof
    del proof[lacking]
    if changed is not None:
        proof[lacking] = changed
    status, _, said = bench.ask("POST", f"/api/{path}", {"take": True, "do": "clear"}, **proof)
    assert status in (401, 403)
    assert said["error"]


@pytest.mark.parametrize("path", ["history", "fields", "faults", "log"])
def test_what_the_pump_says_is_for_known_browsers(bench: Bench, path: str) -> None:
    assert bench.ask("GET", f"/api/{path}")[0] == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "192.168.1.5:8080"])
def test_a_foreign_name_of_this_computer_is_not_answered(bench: Bench, host: str) -> None:
    assert bench.ask("GET", "/api/session", Host=host)[0] == 421  # DNS rebinding


def test_pages_run_nothing_that_is_not_ours(bench: Bench) -> None:
    for page in ("live", "programmer", "patient", "faults", "runs", "log"):
        status, headers, text = bench.ask("GET", f"/{page}")
        assert status == 200
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http://" not in text
        assert "https://" not in text
        assert " style=" not in text


def test_a_patient_may_do_what_the_link_lets_a_patient_do(bench: Bench) -> None:
    bench.post("clinician", {"take": False})
    asked = {
        "act": {"action": "stop"}, "review": {"action": "refill", "form": {}},
    }  # fmt: skip
    for path, body in asked.items():
        status, said = bench.post(path, body)
        assert (status, "only a clinician" in said["error"]) == (403, True)
    assert bench.ask("GET", "/api/log", **bench.proof)[0] == 403
    status, said = bench.post("bolus", {})
    assert (status, said["granted"], said["reason"]) == (200, False, "STOPPED")  # asked, and the pump has answered


def test_one_clinician_at_a_time(bench: Bench) -> None:
    other = Bench(bench.process, bench.url)
    assert bench.post("clinician", {"take": True}) == (200, {"role": "clinician"})
    status, said = other.post("clinician", {"take": True})
    assert (status, "another browser has the clinician session" in said["error"]) == (403, True)
    assert other.post("act", {"action": "stop"})[0] == 403
    assert bench.post("clinician", {"take": False}) == (200, {"role": "patient"})
    assert other.post("clinician", {"take": True})[0] == 200
    other.post("clinician", {"take": False})


def test_the_clinicians_place_is_free_after_three_minutes_without_an_act() -> None:
    clock = Clock()
    access = Access(clock=clock)
    first, second = access.enter(), access.enter()
    access.take_clinician(first)
    clock.now_s = 100.0
    access.require(first, messages.STOP)
    clock.now_s = 100.0 + IDLE_S  # SEC-04
    with pytest.raises(NotAllowed):
        access.take_clinician(second)
    clock.now_s += 1
    with pytest.raises(NotAllowed, match="begin a clinician session first"):
        access.require(first, messages.STOP)
    access.take_clinician(second)


def test_tokens_let_in_and_say_as_what() -> None:
    access = Access("main-token", "patient-token")
    for wrong in ("", "main-toke", "main-token "):
        with pytest.raises(NotAllowed, match="not the token"):
            access.enter(wrong)
    remote = access.enter("patient-token")
    access.require(remote, messages.REQUEST_BOLUS)
    with pytest.raises(NotAllowed, match="remote cannot become clinician"):
        access.take_clinician(remote)
    with pytest.raises(NotAllowed, match="does not touch the bench"):
        access.require_bench(remote)
    access.take_clinician(access.enter("main-token"))


def test_a_server_for_others_wants_a_token(bench: Bench) -> None:
    with served("--rig", "sim", "--host", "0.0.0.0") as open_to_all:
        here = Bench(open_to_all.process, open_to_all.url.replace("0.0.0.0", "127.0.0.1"))
        assert here.ask("GET", "/api/session")[:1] == (401,)
        origin = here.url.rstrip("/")
        assert here.ask("POST", "/api/enter", {"token": "guessed"}, Origin=origin)[0] == 403
        assert here.process.stderr is not None
        told = [here.process.stderr.readline() for _ in range(4)]
        token = next(line.split("#token=")[1].strip() for line in told if "may program" in line)
        assert here.ask("POST", "/api/enter", {"token": token}, Origin="http://evil.example")[0] == 403
        status, headers, _ = here.ask("POST", "/api/enter", {"token": token}, Origin=origin)
        assert status == 200
        assert "HttpOnly" in headers["set-cookie"]
        assert "samesite=strict" in headers["set-cookie"].lower()
