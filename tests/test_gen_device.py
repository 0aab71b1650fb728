"""`device.py` is what `gen_device.py` makes of the tables, and the pump uses nothing that was left out of it."""

import importlib.util
import re
import struct
from pathlib import Path

import pytest

from pumplink import codes, device, layout, messages, rows

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("gen_device", ROOT / "protocol" / "gen_device.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_up_to_date(generator):
    assert generator.TARGET.read_text(encoding="utf-8") == generator.text()


def test_a_stale_file_is_told(generator, monkeypatch, capsys, tmp_path):
    stale = tmp_path / "device.py"
    stale.write_text("# old\n")
    monkeypatch.setattr(generator, "TARGET", stale)
    monkeypatch.setattr(generator.sys, "argv", ["gen_device.py", "--check"])
    assert generator.main() == 1
    assert "python protocol/gen_device.py" in capsys.readouterr().err
    assert stale.read_text() == "# old\n"


@pytest.mark.parametrize("message", messages.TABLE + messages.EVENTS, ids=lambda message: message.name)
def test_every_message_has_the_layout_of_the_table(message):
    assert getattr(device, message.name) == message.id
    row = rows.row(message.id)
    assert (row[layout.ID], row[layout.ACTS], row[layout.ROLES]) == (message.id, message.acts, message.roles)
    assert struct.calcsize(row[layout.REQUEST]) == message.request.size
    assert struct.calcsize(row[layout.REPLY]) == message.reply.size
    assert (row[layout.REQUEST].decode(), row[layout.REPLY].decode()) == (message.request.format, message.reply.format)
    assert bool(row[layout.REQUEST_TAIL]) == message.request.has_tail
    assert bool(row[layout.REPLY_TAIL]) == message.reply.has_tail
    assert tuple(rows.ranges(row[layout.RANGES])) == message.request.ranges


def test_an_id_that_no_message_has_has_no_row():
    ids = {message.id for message in messages.TABLE + messages.EVENTS}
    assert [msg_id for msg_id in range(256) if rows.row(msg_id) is not None] == sorted(ids)


def test_a_wide_and_a_narrow_range_by_hand():
    """ABORT_BOLUS: order 1 to 2^32 - 1 in two u32, valid_until 0 to 2^62 in two u64; PREPARE_CLOCK has -840 to 840."""
    assert list(rows.ranges(rows.row(0x2C)[layout.RANGES])) == [(0, 1, 4294967295), (1, 0, 4611686018427387904)]
    assert list(rows.ranges(rows.row(0x27)[layout.RANGES]))[2] == (2, -840, 840)


def test_every_number_is_that_of_the_tables(generator):
    for table in (codes, messages):
        for name, value in vars(table).items():
            if name.isupper() and type(value) is int and name not in generator.HOST_ONLY:
                assert getattr(device, name) == value, name
    assert len(device.ALARMS) == len(codes.ALARMS)
    for code, (_, priority, action, latching, *_) in codes.ALARMS.items():
        row = device.ALARMS[code]
        assert (row % 4, row // 4 % 4, row // 16) == (priority, action, int(latching)), code
    assert struct.calcsize(device.RECORD_FORMAT) == device.RECORD_SIZE == codes.RECORD_SIZE


def test_a_gap_in_the_alarm_codes_is_refused(generator, monkeypatch):
    """The pump finds an alarm at its code: a gap would shift all that follow."""
    left = {code: row for code, row in codes.ALARMS.items() if code != codes.ALARM_COVER}
    monkeypatch.setattr(codes, "ALARMS", left)
    with pytest.raises(ValueError, match="without a gap"):
        generator.packed_alarms()


def test_what_is_left_out_is_not_used(generator):
    sources = "\n".join(path.read_text() for path in (ROOT / "firmware").rglob("*.py"))
    used = set(re.findall(r"device\.([A-Z][A-Z0-9_]*)", sources))
    assert used
    assert not used & generator.HOST_ONLY
    assert not {name for name in used if not hasattr(device, name)}
    assert not {name for name in generator.HOST_ONLY if hasattr(device, name)}
