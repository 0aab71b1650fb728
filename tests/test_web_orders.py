"""Reviews and commits at the server of pages: what is committed is what was seen, once, on a pump that is still so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web_bench import Bench, served

PROGRAM: dict[str, Any] = {
    "refill": True, "start": True,
    "fill.volume": "18 mL", "fill.drug": "saline", "fill.concentration": "1 mg/mL",
    "program.step": [{"start": "00:00", "rate": "2.4 mL/day"}],
    "patient_bolus": True, "patient_bolus.volume": "20 uL", "patient_bolus.duration": "00:10",
    "patient_bolus.lockout": "02:00", "patient_bolus.max_per_24h": "6",
}  # fmt: skip


@pytest.fixture(scope="module")
def one_bench() -> Iterator[Bench]:
    with served("--rig", "sim") as found:
        yield found


@pytest.fixture
def bench(one_bench: Bench) -> Bench:
    """Condition: a stopped pump, at the beginning of a day without changes of its program; we are the clinician."""
    one_bench.post("clinician", {"take": True})
    one_bench.post("act", {"action": "stop"})
    one_bench.post("advance", {"seconds": 86_400})
    return one_bench


def reviewed(bench: Bench, action: str, form: object) -> dict[str, Any]:
    status, made = bench.post("review", {"action": action, "form": form})
    assert status == 200, made
    return dict(made)


def committed(bench: Bench, made: dict[str, Any], *confirmed: str) -> tuple[int, Any]:
    return bench.post("commit", {"review": made["id"], "confirmed": confirmed})


def test_a_review_is_committed_once_by_who_has_seen_it_on_a_pump_that_is_still_so(bench: Bench) -> None:
    form = PROGRAM | {"program.step": [{"start": "00:00", "rate": "3.6 mL/day"}]}
    first, second = reviewed(bench, "program", form), reviewed(bench, "program", form)
    other = Bench(bench.process, bench.url)
    assert committed(other, first)[0] == 409  # another browser; and then it is gone
    assert "no such review" in committed(bench, first)[1]["error"]
    third = reviewed(bench, "program", form)
    status, said = committed(bench, second, "large")
    assert (status, "read back from the pump and identical, 3.600 mL a day" in said["sentence"]) == (200, True)
    status, said = committed(bench, third, "large")
    assert (status, "the pump has changed since this review" in said["error"]) == (409, True)


def recorded(bench: Bench, kind: str) -> int:
    """Records of this kind among the newest of the pump."""
    records = bench.ask("GET", "/api/log", **bench.proof)[2]["records"]
    return [record["kind"] for record in records].count(kind)


def test_a_program_without_a_refill_leaves_the_account_of_the_reservoir(bench: Bench) -> None:
    bench.done("program", **PROGRAM)
    bench.post("advance", {"seconds": 3_600})
    slower = [{"start": "00:00", "rate": "2.2 mL/day"}]
    made = reviewed(bench, "program", PROGRAM | {"refill": False, "program.step": slower})
    rows = {row["label"]: row for row in made["rows"]}
    assert (rows["highest rate"]["present"], rows["highest rate"]["proposed"]) == ("2.400 mL/day", "2.200 mL/day")
    assert not rows["reservoir holds"]["changed"]
    before = [recorded(bench, kind) for kind in ("refill", "program")]
    assert "2.200 mL a day" in committed(bench, made)[1]["sentence"]
    assert [recorded(bench, kind) for kind in ("refill", "program")] == [before[0], before[1] + 1]


def test_a_warning_that_was_not_foreseen_is_confirmed_before_it_is_accepted(bench: Bench) -> None:
    bench.done("program", **PROGRAM)
    form = {
        "refill.filled": "19 mL", "refill.withdrawn": "10 mL", "fill.drug": "saline", "fill.concentration": "1 mg/mL",
    }  # fmt: skip
    made = reviewed(bench, "refill", form)  # 18 mL were expected
    assert made["confirm"] == []
    status, said = committed(bench, made)
    assert status == 200
    (asked,) = said["again"]["confirm"]
    assert "withdrawn" in asked["says"][0]
    assert committed(bench, made)[1]["error"].startswith("not committed: confirm each of these first")


def test_a_wrong_form_sends_nothing_and_names_every_field(bench: Bench) -> None:
    wrong = PROGRAM | {"patient_bolus.lockout": "2", "program.step": [{"start": "00:00", "rate": ".5 mL/day"}]}
    status, said = bench.post("review", {"action": "program", "form": wrong})
    assert status == 422
    assert [one["field"] for one in said["problems"]] == ["program.step[0].rate", "patient_bolus.lockout"]
    together = PROGRAM | {"patient_bolus.duration": "00:30", "patient_bolus.lockout": "00:10"}
    status, said = bench.post("review", {"action": "program", "form": together})
    assert (status, [one["field"] for one in said["problems"]]) == (422, ["patient_bolus.lockout"])


def test_prime_bridge_and_clinician_bolus_are_reviewed_with_their_arithmetic(bench: Bench) -> None:
    bench.done("program", **PROGRAM | {"start": False})
    prime = reviewed(bench, "prime", {"prime.volume": "0.100 mL"})
    assert any("6.0 min at 1 mL/h" in note for note in prime["notes"])  # 0.1 mL at 1 mL/h
    bridge = reviewed(bench, "bridge", {
        "path.volume": "0.240 mL", "bridge.concentration": "1 mg/mL", "bridge.dose": "480 ug/day",
    })  # fmt: skip
    assert any("480 ug/day / 1 mg/mL = 0.480 mL/day" in note for note in bridge["notes"])
    assert committed(bench, prime)[0] == 200
    status, said = bench.post("act", {"action": "abort"})
    assert status == 200, said
