"""The wiring of the bench: the table is whole and fits the firmware, page and drawing are made from it.

python -m pytest tests/test_wiring.py
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from pumpfw.boards.pico import wiring as firmware
from pumphil.wiring import LOOPS, PARTS, SIGNALS, SUPPLIES, physical_pin
from pumphil.wiring.drawing import draw
from pumphil.wiring.page import filled

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/bench.md"
# what of wiring.py is no pin of the header
NO_PINS = {"TEMPERATURE", "ENCODER_ADDRESS", "ENCODER_ANGLE", "AIR_NL"}
# by hand, from the pinout in the Raspberry Pi Pico datasheet
BY_HAND = {
    0: 1,
    2: 4,
    5: 7,
    6: 9,
    9: 12,
    10: 14,
    13: 17,
    14: 19,
    15: 20,
    16: 21,
    17: 22,
    18: 24,
    21: 27,
    22: 29,
    28: 34,
}


def test_every_pin_of_the_firmware_has_its_row_and_no_other() -> None:
    pins = {
        name: value
        for name, value in vars(firmware).items()
        if name.isupper() and isinstance(value, int) and name not in NO_PINS
    }
    assert len(pins) >= 18, "the pins were not found: the check saw nothing"
    rows = {signal.name.replace(" ", "_"): signal.pump for signal in SIGNALS if isinstance(signal.pump, int)}
    assert rows == pins


def test_no_pin_of_a_board_is_used_twice() -> None:
    for board in ("pump", "probe"):
        used = Counter(getattr(signal, board) for signal in SIGNALS)
        del used[None]
        assert used.most_common(1)[0][1] == 1, used.most_common(3)


def test_a_line_between_the_boards_has_the_same_number_on_both() -> None:
    """What lets a person check it by eye; a test of the wiring that follows the table alone would not notice."""
    shared = [signal for signal in SIGNALS if isinstance(signal.pump, int) and signal.probe is not None]
    assert len(shared) >= 12
    assert [signal.name for signal in shared if signal.pump != signal.probe] == []
    assert {signal.name for signal in LOOPS} == {signal.name for signal in shared}


def test_every_signal_ends_at_a_part_that_is_on_the_list() -> None:
    keys = [part.key for part in PARTS]
    assert len(set(keys)) == len(keys)
    assert {signal.part for signal in SIGNALS} - {""} <= set(keys)


def test_pins_of_the_header() -> None:
    assert {gp: physical_pin(gp) for gp in BY_HAND} == BY_HAND
    assert (physical_pin("RUN"), physical_pin("3V3"), physical_pin("VSYS"), physical_pin("GND")) == (30, 36, 39, 38)
    with pytest.raises(KeyError):
        physical_pin(23)  # inside of the board


def test_the_page_shows_every_part_signal_and_supply() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text
    for name in [*(part.name for part in PARTS), *(signal.name for signal in SIGNALS), *(s.line for s in SUPPLIES)]:
        assert f"| {name} |" in text


def test_a_page_without_its_marks_is_refused() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for wrong in (text.replace("<!-- end of signals -->", ""), text + text):
        with pytest.raises(ValueError, match="exactly one table"):
            filled(wrong)


def test_the_drawing_is_whole() -> None:
    root = ElementTree.fromstring(draw())
    words = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")]
    pins = Counter(re.sub(r" · pin \d+", "", word) for word in words if "· pin" in word)
    expected = Counter(
        f"GP{pin}" if isinstance(pin, int) else pin
        for signal in SIGNALS
        for pin in (signal.pump, signal.probe)
        if pin is not None
    )
    assert pins == expected
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    for node in root.iter():
        if "x" in node.attrib:
            assert 0 <= float(node.attrib["x"]) <= width
            assert 0 <= float(node.attrib["y"]) <= height
