"""Flow over SHDLC: Sensirion's own framing at one end, ours at the other, frames from the reference by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instrument_cases import GONE, Scripted, Wired

from pumphil.instruments.failures import (
    Garbage,
    InstrumentFailure,
    Overload,
    Refused,
    Silent,
    Unplugged,
    WrongFormat,
)
from pumphil.instruments.shdlc import FlowSensorSf06
from pumphil.instruments.virtual import VirtualFlowSensor
from pumphil.instruments.virtual.shdlc import stuffed, unstuffed

TYPE = bytes.fromhex("7E 00 24 00 01 03 D7 7E")
SCALE = stuffed(bytes.fromhex("00 53 00 06 00 0A 08 44 00 00"))  # 10 counts for one uL/min
START = stuffed(bytes.fromhex("00 33 00 00"))
LAST = bytes.fromhex("7E 00 35 00 06 02 B6 7D 31 76 00 00 85 7E")  # 69.4 uL/min, 22.35 degrees C, no flag


def last(hex_payload: str) -> bytes:
    payload = bytes.fromhex(hex_payload)
    return stuffed(bytes([0, 0x35, 0, len(payload)]) + payload)


def sensor(*replies: bytes) -> FlowSensorSf06:
    return FlowSensorSf06(Scripted(*replies), "flow", lambda: 7)


@pytest.mark.parametrize(
    "frame, request_hex",
    [
        ("00 D0 01 03", "7E 00 D0 01 03 2B 7E"),
        ("00 33 04 00 64 36 08", "7E 00 33 04 00 64 36 08 26 7E"),
        ("00 33 04 00 11 36 08", "7E 00 33 04 00 7D 31 36 08 79 7E"),
        ("00 35 01 03", "7E 00 35 01 03 C6 7E"),
        ("00 34 00", "7E 00 34 00 CB 7E"),
    ],
)
def test_frames_by_hand(frame: str, request_hex: str) -> None:
    assert stuffed(bytes.fromhex(frame)) == bytes.fromhex(request_hex)
    assert unstuffed(bytes.fromhex(request_hex)[1:-1]) == bytes.fromhex(frame)


def test_what_the_driver_asks_and_reads() -> None:
    port = Scripted(TYPE, SCALE, START, LAST)
    flow = FlowSensorSf06(port, "flow", lambda: 7, interval_ms=100)
    reading = flow.read()
    assert port.asked[2] == bytes.fromhex("7E 00 33 04 00 64 36 08 26 7E")
    assert port.asked[3] == bytes.fromhex("7E 00 35 01 03 C6 7E")
    assert (reading.value, reading.unit, reading.t_us) == (Decimal("69.4"), "uL/min", 7)
    assert reading.raw == "02 b6 11 76 00 00"
    # 5 % of the value as a rectangle, and half a digit
    assert reading.standard_uncertainty == Decimal("2.0036")


ROWS = [
    (LAST, "69.4"),
    (last("FD 4A 11 76 00 00"), "-69.4"),
    (last("00 00 11 76 00 00"), "0.0"),
    (last("4E 20 11 76 00 00"), "2000.0"),
    (last("00 01 11 76 00 20"), "0.1"),  # smoothed
    (last("02 B6 11 76 00 01"), Refused),  # air in the line
    (last("02 B6 11 76 00 02"), Overload),
    (last("02 B6 11 76 00 03"), Overload),
    (last("7F FF 11 76 00 00"), Overload),
    (last("80 00 11 76 00 00"), Overload),
    (last("80 01 11 76 00 00"), Overload),
    (last("02 B6 11 76"), Garbage),
    (last("02 B6 11 76 00 00 00"), Garbage),
    (last(""), Silent),
    (stuffed(bytes.fromhex("00 35 22 00")), Refused),  # device error: not measuring
    (stuffed(bytes.fromhex("01 35 00 06 02 B6 11 76 00 00")), Garbage),  # another address
    (stuffed(bytes.fromhex("00 36 00 06 02 B6 11 76 00 00")), Garbage),  # the answer to another command
    (LAST.replace(b"\xb6", b"\xb7"), Garbage),  # checksum
    (LAST.replace(b"\x06", b"\x05"), Garbage),  # length
    (LAST[:9], Garbage),
    (LAST[:-1], Garbage),
    (b"\x7e\x7e", Garbage),
    (b"S S    20.0000 g\r\n", Garbage),
    (b"\0" * 1_000, Garbage),
    (b"", Silent),
    (GONE, Unplugged),
]


@pytest.mark.parametrize("reply, expected", ROWS, ids=[f"{reply.hex(' ')[:60]}" for reply, _ in ROWS])
def test_a_reply_is_a_right_reading_or_the_right_failure(reply: bytes, expected: str | type[InstrumentFailure]) -> None:
    flow = sensor(TYPE, SCALE, START, LAST, reply)
    flow.read()
    if isinstance(expected, str):
        assert flow.read().value == Decimal(expected)
        return
    with pytest.raises(InstrumentFailure) as caught:
        flow.read()
    assert type(caught.value) is expected
    assert str(caught.value).startswith("flow ")


@given(
    place=st.integers(0, len(LAST) - 1),
    mask=st.integers(1, 255),
    how=st.sampled_from(["change", "lose", "double", "cut"]),
)
def test_one_spoiled_byte_is_the_right_flow_or_none(place: int, mask: int, how: str) -> None:
    """The sum of all bytes and their number are in the frame: no single byte can change unseen."""
    spoiled = {
        "change": LAST[:place] + bytes([LAST[place] ^ mask]) + LAST[place + 1 :],
        "lose": LAST[:place] + LAST[place + 1 :],
        "double": LAST[: place + 1] + LAST[place:],
        "cut": LAST[:place],
    }[how]
    flow = sensor(TYPE, SCALE, START, LAST, spoiled)
    flow.read()
    try:
        reading = flow.read()
    except InstrumentFailure:
        return
    assert reading.value == Decimal("69.4")


@pytest.mark.parametrize(
    "replies, failure",
    [
        ((bytes.fromhex("7E 00 24 00 01 00 DA 7E"),), WrongFormat),  # a sensor of type 0
        ((TYPE, stuffed(bytes.fromhex("00 53 00 06 00 0A 00 44 00 00"))), WrongFormat),  # norm litres: a gas sensor
        ((TYPE, stuffed(bytes.fromhex("00 53 00 02 00 0A"))), Garbage),
    ],
)
def test_a_sensor_that_is_not_what_it_should_be(replies: tuple[bytes, ...], failure: type[InstrumentFailure]) -> None:
    with pytest.raises(failure):
        sensor(*replies).read()


def test_a_sensor_in_millilitres_reads_the_same() -> None:
    flow = sensor(TYPE, stuffed(bytes.fromhex("00 53 00 06 01 F4 08 45 00 00")), START, last("02 B6 11 76 00 00"))
    assert flow.read().value == Decimal("1388.0")  # 694 counts, 500 for one mL/min


def test_driver_and_virtual_sensor_agree() -> None:
    flow_ul_min = {"now": 0.0}
    device = VirtualFlowSensor(lambda t_s: flow_ul_min["now"])
    port = Wired(device.feed)
    flow = FlowSensorSf06(port, "flow", port.now_us)
    assert flow.identify()["serial"] == "FTVIRTUAL"
    for value in (0.0, 0.7, 69.4, -12.5, 1_999.9):
        flow_ul_min["now"] = value
        assert float(flow.read().value) == pytest.approx(value, abs=0.051)
    flow_ul_min["now"] = 2_500.0
    with pytest.raises(Overload):
        flow.read()
    flow_ul_min["now"], device.air = 10.0, True
    with pytest.raises(Refused, match="sees air in the line"):
        flow.read()
    device.air = False
    device.faults.planned = ["changed-bit"]
    with pytest.raises(InstrumentFailure):
        flow.read()
    assert flow.read().value == Decimal("10.0")
    flow.close()


def test_the_virtual_sensor_measures_only_after_start() -> None:
    device = VirtualFlowSensor(lambda t_s: 1.0)
    ask = bytes.fromhex("7E 00 35 01 03 C6 7E")
    assert device.feed(ask, 0.0) == stuffed(bytes.fromhex("00 35 22 00"))
    device.feed(bytes.fromhex("7E 00 33 04 00 64 36 08 26 7E"), 0.0)
    assert device.feed(ask, 0.0) == stuffed(bytes.fromhex("00 35 00 06 00 0A 11 76 00 00"))
