"""Tables of rig files: what is refused, in words, and what is taken from them."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import serial

from pumphil.instruments import open_instrument
from pumphil.instruments.failures import WrongFormat
from pumphil.instruments.scale import SerialBalance
from pumphost.transport import serial_url

LOOP = {"dialect": "mt-sics", "port": "loop://"}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"dialect": "mettler"}, "balance.dialect is 'mettler': give one of mt-sics, sbi, ad, ohaus, shdlc"),
        ({"dialect": None}, "balance.dialect is None: give one of"),
        ({"port": ""}, "balance.port is missing: give a device"),
        ({"speed": 9600}, "unknown key balance.speed: known are agreement_digits, baud,"),
        ({"baud": "9600"}, "balance.baud is '9600': give a whole number"),
        ({"baud": 0}, "balance.baud is 0: give a number above 0"),
        ({"framing": "7N2"}, "balance.framing is '7N2': give one of 8N1, 7E1, 7O1, 8E1, 8O1"),
        ({"framing": 7}, "balance.framing is 7: give a text"),
        ({"unit": "oz"}, "balance.unit is 'oz': give one of g, mg, kg"),
        ({"readability_mg": 0}, "balance.readability_mg is 0: give a number above 0"),
        ({"readability_mg": float("nan")}, "balance.readability_mg is nan: give a number"),
        ({"evaporation_mg_per_h": -1}, "balance.evaporation_mg_per_h is -1: give 0 or more"),
        ({"timeout_s": True}, "balance.timeout_s is True: give a number"),
        ({"dialect": "shdlc", "liquid": "beer"}, "balance.liquid is 'beer': give one of water, ipa"),
        ({"dialect": "shdlc", "unit": "g"}, "unknown key balance.unit"),
    ],
)
def test_a_table_that_makes_no_sense(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared below
        open_instrument({**LOOP, **change}, "balance")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "table, decimals",
    [
        ({"readability_mg": 0.1}, 4),
        ({"readability_mg": 1}, 3),
        ({"readability_mg": 0.01}, 5),
        ({"readability_mg": 0.5}, 4),
        ({"readability_mg": 10, "unit": "g"}, 2),
        ({"readability_mg": 0.1, "unit": "mg"}, 1),
        ({"readability_mg": 1000, "unit": "kg"}, 3),
        ({"readability_mg": 5000, "unit": "g"}, 0),
    ],
)
def test_readability_tells_the_digits_of_the_display(table: dict[str, Any], decimals: int) -> None:
    unit = table.get("unit", "g")
    with closing(open_instrument({**LOOP, **table}, "balance")) as scale:
        assert isinstance(scale, SerialBalance)
        right = scale.dialect.parse(f"S S {Decimal(1).scaleb(-decimals):>10f} {unit}", "balance")
        wrong = scale.dialect.parse(f"S S {Decimal(1).scaleb(-decimals - 1):>10f} {unit}", "balance")
        scale._check(right, "")
        with pytest.raises(WrongFormat):
            scale._check(wrong, "")


@pytest.mark.parametrize(
    "table, asked_for",
    [
        ({"dialect": "sbi"}, (9600, "O")),  # 8O1 as shipped: the port itself makes parity
        ({"dialect": "sbi", "framing": "7O1"}, (9600, "N")),  # eight bits as they are, parity is looked at here
        ({"dialect": "ad"}, (2400, "N")),
        ({"dialect": "ohaus", "framing": "8E1", "baud": 19_200}, (19_200, "E")),
    ],
)
def test_speed_and_parity_that_the_port_is_opened_with(
    table: dict[str, Any], asked_for: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def remember(url: str, **options: Any) -> Any:
        opened.append((options["baudrate"], options["parity"]))
        return serial.serial_for_url(url, **options)

    monkeypatch.setattr(serial_url, "serial", SimpleNamespace(serial_for_url=remember))
    with closing(open_instrument({"port": "loop://", **table}, "balance")):
        assert opened == [asked_for]


def test_figures_of_the_balance_reach_its_uncertainty() -> None:
    table = {**LOOP, "readability_mg": 1.0, "evaporation_mg_per_h": 0.5, "evaporation_uncertainty": 0.2}
    with closing(open_instrument(table, "balance")) as scale:
        assert isinstance(scale, SerialBalance)
        # repeatability that is not given is the last digit: sqrt(1 + 1/12) mg
        assert scale.parameters.reading_uncertainty_mg == pytest.approx(1.0408, abs=1e-4)
        # 0.5 mg/h * 24 h * 20 % * 1.00285 uL/mg
        assert scale.parameters.evaporation_uncertainty_nl(24) == pytest.approx(2_406.8, abs=0.1)
