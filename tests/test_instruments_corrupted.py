"""Whatever a cable does to a reply: the reading is right, or there is none.

Faults are drawn: changed bits, lost, doubled and added bytes, cut lines. With seven data bits and parity nothing wrong
passes. With eight data bits a digit can become another digit, so there a reading may be off, by no more than what two
replies in a row may differ.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instrument_cases import Scripted

from pumphil.instruments.dialects import DIALECTS, Display
from pumphil.instruments.failures import InstrumentFailure
from pumphil.instruments.framing import Framing
from pumphil.instruments.scale import ScaleSettings, SerialBalance
from pumphil.instruments.serial_line import SerialLine

LAYOUTS = {
    "mt-sics": [""],
    "sbi": ["16 characters", "22 characters"],
    "ad": ["15 characters", "16 characters"],
    "ohaus": ["marked, value in 11", "padded, value in 12"],
}
FORMS = [(dialect, layout) for dialect, layouts in LAYOUTS.items() for layout in layouts]
DIGIT = Decimal("0.0001")
AGREEMENT = 10
values = st.integers(-1_000_000, 2_200_000).map(lambda digits: digits * DIGIT)


@st.composite
def odd_masks(draw: st.DrawFn) -> int:
    """One, three, five or seven changed bits: what parity can see."""
    return draw(st.integers(1, 255).filter(lambda mask: mask.bit_count() % 2 == 1))


@st.composite
def faults(draw: st.DrawFn, size: int) -> tuple[str, int, bytes]:
    """(kind, place, what) for a reply of that many bytes."""
    kind = draw(st.sampled_from(["change", "lose", "double", "add", "cut"]))
    place = draw(st.integers(0, size - 1))
    if kind == "change":
        return kind, place, bytes([draw(odd_masks())])
    length = draw(st.integers(1, 3))
    return kind, place, draw(st.binary(min_size=length, max_size=length))


def spoiled(reply: bytes, fault: tuple[str, int, bytes]) -> bytes:
    kind, place, what = fault
    if kind == "change":
        return reply[:place] + bytes([reply[place] ^ what[0]]) + reply[place + 1 :]
    if kind == "lose":
        return reply[:place] + reply[place + len(what) :]
    if kind == "double":
        return reply[: place + len(what)] + reply[place:]
    return reply[:place] + what + reply[place:] if kind == "add" else reply[:place]


def line(dialect: str, layout: str, framing: str, value: Decimal, stable: bool) -> bytes:
    display = Display(value, "g", stable, frozenset({layout} if layout else ()))
    return Framing(framing).encode(DIALECTS[dialect].show(display) + "\r\n")


def scale(dialect: str, framing: str, port: Scripted) -> SerialBalance:
    bits = Framing(framing)
    wire = SerialLine(port, bits, "balance", lambda: 0)
    return SerialBalance(DIALECTS[dialect], wire, ScaleSettings(agreement_digits=AGREEMENT), checked=bits.checked)


@pytest.mark.parametrize("dialect, layout", FORMS)
@pytest.mark.parametrize("framing", ["7E1", "7O1"])
@given(data=st.data(), value=values, stable=st.booleans())
def test_with_parity_a_spoiled_line_is_the_right_reading_or_none(
    dialect: str, layout: str, framing: str, data: st.DataObject, value: Decimal, stable: bool
) -> None:
    before = line(dialect, layout, framing, Decimal("50.0000"), True)
    whole = line(dialect, layout, framing, value, stable)
    port = Scripted(before, before, spoiled(whole, data.draw(faults(len(whole)))))
    balance = scale(dialect, framing, port)
    balance.read()
    try:
        reading = balance.read()
    except InstrumentFailure:
        return
    assert (reading.value, reading.stable) == (value, stable)


@pytest.mark.parametrize("dialect, layout", FORMS)
@given(data=st.data(), value=values, stable=st.booleans(), first=st.booleans())
def test_without_parity_a_spoiled_line_is_a_reading_within_the_agreement_or_none(
    dialect: str, layout: str, data: st.DataObject, value: Decimal, stable: bool, first: bool
) -> None:
    before = line(dialect, layout, "8N1", Decimal("50.0000"), True)
    whole = line(dialect, layout, "8N1", value, stable)
    bad = spoiled(whole, data.draw(faults(len(whole))))
    port = Scripted(before, before, *([bad, whole] if first else [whole, bad, whole]))
    balance = scale(dialect, "8N1", port)
    balance.read()
    try:
        reading = balance.read()
    except InstrumentFailure:
        return
    assert abs(reading.value - value) <= AGREEMENT * DIGIT
    assert stable or not reading.stable


@pytest.mark.parametrize("dialect", DIALECTS)
@given(noise=st.binary(max_size=40), value=values)
def test_noise_alone_is_no_reading(dialect: str, noise: bytes, value: Decimal) -> None:
    before = line(dialect, LAYOUTS[dialect][0], "7E1", value, True)
    balance = scale(dialect, "7E1", Scripted(before, before, noise))
    balance.read()
    with pytest.raises(InstrumentFailure):
        balance.read()


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=st.text(st.characters(codec="ascii"), max_size=30))
def test_a_parser_gives_a_display_that_is_written_the_same_way_or_fails(dialect: str, text: str) -> None:
    """So no two lines that differ in anything but a sign, a name or padding are read as one value."""
    try:
        display = DIALECTS[dialect].parse(text, "balance")
    except InstrumentFailure:
        return
    assert f"{abs(display.value):f}" in text
