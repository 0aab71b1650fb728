"""Every vector of protocol/vectors.json against pumplink, and the file against its generator.

    python -m pytest tests/test_wire_vectors.py

tests/portable/test_wire.py runs the same vectors under MicroPython too.
"""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pumplink import codes, device, layout, messages, rows
from pumplink.digest import digest8
from pumplink.frame import MAX_BODY, FrameReader, encode, pack_body, parse_body

PROTOCOL = Path(__file__).resolve().parents[1] / "protocol"
VECTORS = json.loads((PROTOCOL / "vectors.json").read_text(encoding="utf-8"))
SOURCES = ("gen_vectors.py", "vectors_session.py", "reference_codec.py")
COUNTERS = ("ok", "bad_crc", "bad_cobs", "bad_len", "oversize")
GOOD = VECTORS["golden"][0]


def label(row: dict) -> str:
    return row.get("why") or "-".join(str(row[key]) for key in ("name", "side", "case") if key in row)


def host_layout(row: dict):
    message = messages.BY_ID[row["id"]]
    sides = {"request": message.request, "reply": message.reply, "event": message.reply, "refusal": messages.REFUSAL}
    return sides[row["side"]]


def device_layout(row: dict) -> tuple[str, bool, tuple]:
    """(format, has tail, ranges) as a pump keeps them."""
    _, _, request, request_tail, ranges, reply, reply_tail, _ = rows.row(row["id"])
    sides = {
        "request": (request, request_tail, tuple(rows.ranges(ranges))),
        "reply": (reply, reply_tail, ()),
        "event": (reply, reply_tail, ()),
        "refusal": (device.REFUSAL, False, ()),
    }
    return sides[row["side"]]


def values_of(row: dict) -> list:
    return [bytes.fromhex(value) if isinstance(value, str) else value for _, value in row["fields"]]


@pytest.mark.parametrize("row", VECTORS["golden"] + VECTORS["messages"], ids=label)
def test_body_and_wire(row):
    body, wire = bytes.fromhex(row["body"]), bytes.fromhex(row["wire"])
    assert encode(body) == wire
    assert FrameReader().feed(wire) == [body]


@pytest.mark.parametrize("row", VECTORS["messages"], ids=label)
def test_fields_and_body(row):
    """Names, values and bytes belong together: on the host by its layout, on the pump by the generated table."""
    host, (form, has_tail, ranges) = host_layout(row), device_layout(row)
    values = values_of(row)
    assert [name for name, _ in row["fields"]] == [field.name for field in host.fields]
    head = b"" if row["side"] in ("request", "event") else bytes([row["status"]])
    body = bytes.fromhex(row["body"])
    for packed in (host.pack(values), layout.pack(form, has_tail, values)):
        assert pack_body(row["kind"], row["id"], head + packed, row["seq"]) == body
    kind, msg_id, flags, sid, seq, payload = parse_body(body)
    assert (kind, msg_id, flags, sid, seq) == (row["kind"], row["id"], 0, 0, row["seq"])
    content = payload[len(head) :]
    assert list(host.unpack(content)) == list(layout.unpack(form, has_tail, content)) == values
    assert host.violation(values) == layout.violation(ranges, values) == (-1, 0), "a vector is within the ranges"


def test_every_message_has_its_vectors():
    have = {(row["name"], row["side"], row["case"]) for row in VECTORS["messages"]}
    names = [message.name for message in messages.TABLE]
    want = set(itertools.product(names, ("request", "reply"), ("min", "typical", "max")))
    assert want <= have
    assert len(VECTORS["golden"]) == 5
    assert max(len(row["body"]) // 2 for row in VECTORS["messages"]) <= MAX_BODY


@pytest.mark.parametrize("row", VECTORS["reject"], ids=label)
def test_reject(row):
    """Nothing comes out, exactly the named counter moves, and the next frame is taken (LINK-02, LINK-03)."""
    reader = FrameReader()
    assert reader.feed(bytes.fromhex(row["stream"])) == []
    expected = dict.fromkeys(COUNTERS, 0) | {row["counter"]: row["times"]}
    assert {name: getattr(reader, name) for name in COUNTERS} == expected
    assert reader.feed(bytes.fromhex(GOOD["wire"])) == [bytes.fromhex(GOOD["body"])]


def test_reject_vectors_are_enough():
    assert len({row["stream"] for row in VECTORS["reject"]}) >= 30
    assert {row["counter"] for row in VECTORS["reject"]} == set(COUNTERS) - {"ok"}


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_junk_stream(step):
    stream = bytes.fromhex(VECTORS["junk"]["stream"])
    reader = FrameReader()
    found = [body.hex() for at in range(0, len(stream), step) for body in reader.feed(stream[at : at + step])]
    assert found == VECTORS["junk"]["bodies"]
    assert {name: getattr(reader, name) for name in COUNTERS} == VECTORS["junk"]["counts"]


def test_digests():
    """SHA-256 of "abc" as FIPS 180-4 prints it, begins ba7816bf 8f01cfea."""
    assert digest8(b"abc").hex() == "ba7816bf8f01cfea"
    assert digest8(b"a", memoryview(b"xbc")[1:2], b"c") == digest8(b"abc")


def test_schema_is_the_same_on_both_ends():
    assert messages.SCHEMA.hex() == device.SCHEMA.hex() == VECTORS["schema"]


def test_refusals_use_known_status_codes():
    rows = [row for row in VECTORS["messages"] if row["side"] == "refusal" and row["case"] != "max"]
    assert rows
    assert {row["status"] for row in rows} <= set(codes.STATUS) - {codes.OK}


def run_generator(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "gen_vectors.py"), *arguments], capture_output=True, text=True, timeout=60
    )


def test_the_file_is_current():
    done = run_generator(PROTOCOL, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_file_is_noticed_and_mended(tmp_path):
    for name in (*SOURCES, "pumplink", "vectors.json"):
        source = PROTOCOL / name
        if source.is_dir():
            (tmp_path / name).mkdir()
            for file in source.glob("*.py"):
                (tmp_path / name / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        else:
            (tmp_path / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    vectors = tmp_path / "vectors.json"
    good = vectors.read_text(encoding="utf-8")
    vectors.write_text(good.replace('"seq": 1,', '"seq": 2,', 1), encoding="utf-8")
    stale = run_generator(tmp_path, "--check")
    assert stale.returncode == 1
    assert "vectors.json is stale: run" in stale.stdout
    vectors.unlink()
    assert run_generator(tmp_path, "--check").returncode == 1
    assert run_generator(tmp_path).returncode == 0
    assert vectors.read_text(encoding="utf-8") == good


def test_the_generator_uses_nothing_of_our_codec():
    text = "".join((PROTOCOL / name).read_text(encoding="utf-8") for name in SOURCES)
    ours = set(re.findall(r"^\s*(?:from|import) (pumplink.*)", text, re.MULTILINE))
    assert ours == {"pumplink import messages  # noqa: E402"}
