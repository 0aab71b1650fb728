"""`device.py` is what `gen_device.py` makes of the tables, and the pump uses nothing that was left out of it."""

import importlib.util
import re
import struct
from pathlib import Path

import pytest

from pumplink import codes, device, messages

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


@pytest.mark.parametrize("message", messages.TABLE, ids=lambda message: message.name)
def test_every_message_has_the_layout_of_the_table(message):
    row = getattr(device, message.name)
    assert device.BY_ID[message.id] is row
    assert row[:2] == (message.id, message.acts)
    assert struct.calcsize(row[2]) == message.request.size
    assert struct.calcsize(row[5]) == message.reply.size
    assert (row[3], row[6]) == (message.request.has_tail, message.reply.has_tail)
    limits = {row[4][at]: row[4][at + 1 : at + 3] for at in range(0, len(row[4]), 3)}
    for index, field in enumerate(message.request.fields):
        if index in limits:
            assert limits[index] == (field.low, field.high)


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
