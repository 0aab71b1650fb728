"""Virtual balances: settling, noise, drift, overload, the words of each dialect, faults; figures by hand."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal
from random import Random

import pytest

from pumphil.instruments import Balance, BalanceParameters
from pumphil.instruments.dialects import DIALECTS
from pumphil.instruments.virtual import FAULTS, Faulty, Pan, PanParameters, VirtualBalance, mass_of
from pumphil.plant import Plant, PlantParameters

QUIET = PanParameters(noise_g=0.0)


def steps_to(grams: float, at_s: float = 1.0):
    return lambda t_s: grams if t_s >= at_s else 0.0


def test_the_display_follows_the_load_with_its_time_constant() -> None:
    pan = Pan(steps_to(100.0), PanParameters(noise_g=0.0, settling_s=0.5))
    assert pan.shown(0.95).value_g == 0
    after = float(pan.shown(1.0 + 0.5).value_g)
    # one time constant: 1 - 1/e of the step, with up to one internal step of 50 ms more, and the last digit
    assert 100 * (1 - math.exp(-1)) - 0.0001 <= after <= 100 * (1 - math.exp(-1.1)) + 0.0001
    assert pan.shown(11.0).value_g == Decimal("100.0000")


def test_it_is_stable_a_second_after_it_came_within_a_digit() -> None:
    pan = Pan(steps_to(1.0), QUIET)
    assert pan.shown(0.5).stable
    # 1 g to 0.1 mg takes ln(10^4) = 9.2 time constants of 0.3 s, and then a second
    settled_s = 1.0 + 9.21 * 0.3 + 1.0
    assert not pan.shown(settled_s - 0.15).stable
    assert pan.shown(settled_s + 0.1).stable


def test_it_settles_the_same_however_often_it_is_asked() -> None:
    often, seldom = Pan(steps_to(5.0), QUIET), Pan(steps_to(5.0), QUIET)
    seldom.shown(0.0)
    for tenth in range(25):
        last = often.shown(tenth / 10)
    assert abs(last.value_g - seldom.shown(2.4).value_g) < Decimal("0.001")


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    pan = Pan(lambda t_s: 20.0, PanParameters(noise_g=0.001), seed=3)
    seen = [float(pan.shown(n / 10).value_g) for n in range(1, 2_000)]
    assert statistics.fmean(seen) == pytest.approx(20.0, abs=1e-4)
    assert statistics.stdev(seen) == pytest.approx(0.001, rel=0.1)


def test_noise_is_the_same_for_the_same_seed_and_instant() -> None:
    shown = [Pan(lambda t_s: 20.0, seed=seed).shown(7.0).value_g for seed in (1, 1, 2)]
    assert shown[0] == shown[1]
    assert len({Pan(lambda t_s: 20.0, seed=seed).shown(7.0).value_g for seed in range(20)}) > 1


def test_drift_adds_up() -> None:
    pan = Pan(lambda t_s: 20.0, PanParameters(noise_g=0.0, drift_g_per_h=0.001))
    pan.shown(0.0)
    assert abs(pan.shown(7_200.0).value_g - Decimal("20.002")) <= Decimal("0.0001")


def test_overload_and_underload_are_judged_by_the_gross_load() -> None:
    loads = {"g": 200.0}
    pan = Pan(lambda t_s: loads["g"], QUIET)
    pan.tare(0.0)
    assert pan.shown(0.0).value_g == 0
    loads["g"] = 230.0
    assert pan.shown(10.0).over
    loads["g"] = -10.0
    shown = pan.shown(20.0)
    assert (shown.over, shown.under) == (False, True)


def test_the_weight_of_what_a_plant_delivered() -> None:
    plant = Plant(PlantParameters(calibration_error=0.0))
    plant.enable(True)
    ideal = Balance(plant, parameters=BalanceParameters(repeatability_mg=0.0, evaporation_mg_per_h=0.0))
    pan = Pan(mass_of(plant, vessel_g=20.0), QUIET)
    pan.tare(0.0)
    plant.move(0, 2_000, 10_000)  # ten turns
    simulated = ideal.read(20_000_000)
    assert simulated.value > Decimal("0.4")
    assert abs(pan.shown(60.0).value_g - simulated.value) <= Decimal("0.0001")


# -- words ------------------------------------------------------------------------------------------------


def device(dialect: str, load=lambda t_s: 20.0, **options) -> VirtualBalance:
    return VirtualBalance(DIALECTS[dialect], Pan(load, QUIET), **options)


@pytest.mark.parametrize(
    "dialect, command, reply",
    [
        ("mt-sics", b"SI\r\n", b"S S    20.0000 g\r\n"),
        ("mt-sics", b"S\r\n", b"S S    20.0000 g\r\n"),
        ("mt-sics", b"ZI\r\n", b"ZI S\r\n"),
        ("mt-sics", b"Z\r\n", b"Z A\r\n"),
        ("mt-sics", b"T\r\n", b"T S    20.0000 g\r\n"),
        ("mt-sics", b"TI\r\n", b"TI S    20.0000 g\r\n"),
        ("mt-sics", b"TAC\r\n", b"TAC A\r\n"),
        ("mt-sics", b"@\r\n", b'I4 A "B123456789"\r\n'),
        ("mt-sics", b"I4\r\n", b'I4 A "B123456789"\r\n'),
        ("mt-sics", b"XYZ\r\n", b"ES\r\n"),
        ("sbi", b"\x1bP\r\n", b"+  20.0000 g  \r\n"),
        ("sbi", b"\x1bx1_\r\n", b"QUINTIX224-1S\r\n"),
        ("sbi", b"\x1bU\r\n", b""),
        ("sbi", b"nonsense\r\n", b""),
        ("ad", b"Q\r\n", b"ST,+020.0000  g\r\n"),
        ("ad", b"S\r\n", b"ST,+020.0000  g\r\n"),
        ("ad", b"?SN\r\n", b"SN,T1234567\r\n"),
        ("ad", b"Z\r\n", b""),
        ("ohaus", b"IP\r\n", b"    20.0000 g  \r\n"),
        ("ohaus", b"SP\r\n", b"    20.0000 g  \r\n"),
        ("ohaus", b"T\r\n", b"OK!\r\n"),
        ("ohaus", b"PSN\r\n", b"B512345678\r\n"),
        ("ohaus", b"HUH\r\n", b"ES\r\n"),
    ],
)
def test_words_of_a_dialect(dialect: str, command: bytes, reply: bytes) -> None:
    assert device(dialect).feed(command, 10.0) == reply


def test_a_command_in_pieces_and_two_at_once() -> None:
    balance = device("mt-sics")
    assert balance.feed(b"S", 1.0) == b""
    assert balance.feed(b"I\r", 1.0) == b""
    assert balance.feed(b"\nSI\r\n", 1.0) == b"S S    20.0000 g\r\n" * 2


def test_a_balance_that_waits_for_stability_answers_when_it_is_stable() -> None:
    balance = device("mt-sics", steps_to(20.0))
    assert balance.feed(b"", 0.0) == b""
    balance.pan.shown(0.9)
    assert balance.feed(b"S\r\n", 1.5) == b""
    assert balance.feed(b"", 2.0) == b""
    assert balance.feed(b"", 8.0) == b"S S    20.0000 g\r\n"
    assert balance.feed(b"", 9.0) == b""


@pytest.mark.parametrize(
    "dialect, command, reply, patience_s", [("mt-sics", b"S", b"S I\r\n", 10), ("ohaus", b"SP", b"ES\r\n", 40)]
)
def test_a_balance_that_never_becomes_stable_gives_up(
    dialect: str, command: bytes, reply: bytes, patience_s: int
) -> None:
    balance = device(dialect, lambda t_s: 0.01 * t_s)
    balance.pan.shown(0.0)
    assert balance.feed(command + b"\r\n", 1.0) == b""
    assert balance.feed(b"", 1.0 + patience_s - 0.1) == b""
    assert balance.feed(b"", 1.0 + patience_s + 0.1) == reply


def test_a_stream_runs_until_the_next_command() -> None:
    balance = device("mt-sics")
    assert balance.feed(b"SIR\r\n", 1.0) == b"S S    20.0000 g\r\n"
    assert balance.feed(b"", 1.9) == b"S S    20.0000 g\r\n" * 4
    assert balance.feed(b"SI\r\n", 2.0) == b"S S    20.0000 g\r\n"
    assert balance.feed(b"", 5.0) == b""


@pytest.mark.parametrize(
    "dialect, over",
    [
        ("mt-sics", b"S +\r\n"),
        ("sbi", b"      High    \r\n"),
        ("ad", b"OL,+9999999E+19\r\n"),
        ("ohaus", b"Err 8.3\r\n"),
    ],
)
def test_overload_in_each_dialect(dialect: str, over: bytes) -> None:
    assert device(dialect, lambda t_s: 300.0).feed(DIALECTS[dialect].ask.encode(), 1.0) == over


def test_a_display_in_milligrams() -> None:
    assert device("mt-sics", lambda t_s: 2.5, unit="mg").feed(b"SI\r\n", 1.0) == b"S S     2500.0 mg\r\n"


def test_switching_on_is_announced_and_forgets_the_tare() -> None:
    balance = device("mt-sics")
    balance.feed(b"TI\r\n", 1.0)
    assert balance.feed(b"SI\r\n", 2.0) == b"S S     0.0000 g\r\n"
    assert balance.power_on() == b'I4 A "B123456789"\r\n'
    assert balance.feed(b"SI\r\n", 3.0) == b"S S    20.0000 g\r\n"


# -- faults -----------------------------------------------------------------------------------------------

REPLY = b"S S    20.0000 g\r\n"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_never_leaves_the_reply_as_it_was(kind: str) -> None:
    seen = {FAULTS[kind](REPLY, Random(seed)) for seed in range(100)}
    assert REPLY not in seen
    assert len(seen) > 1 or kind == "silence"


def test_faults_come_as_planned_and_then_by_chance() -> None:
    faults = Faulty(("silence",), probability=0.25, seed=1)
    faults.planned = ["", "half-line"]
    assert faults(REPLY) == REPLY
    assert REPLY.startswith(faults(REPLY))
    silent = sum(faults(REPLY) == b"" for _ in range(4_000))
    assert 900 <= silent <= 1_100


def test_a_fault_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no fault 'fire': give some of half-line, silence"):
        Faulty(("fire",))
