"""Every dialect against its table of replies, through the driver: right or an error, never silently wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest
from instrument_cases import TABLES, WHOLE_LINES, Expected, Scripted, even

from pumphil.instruments.dialects import DIALECTS, Display
from pumphil.instruments.failures import Garbage, InstrumentFailure, Refused, Restarted, Silent, Unstable, WrongFormat
from pumphil.instruments.framing import NAMES, Framing
from pumphil.instruments.scale import ScaleSettings, SerialBalance
from pumphil.instruments.serial_line import SerialLine

ROWS = [
    pytest.param(dialect, framing, before, reply, expected, id=f"{dialect} {reply!r}")
    for dialect, (framing, before, rows) in TABLES.items()
    for reply, expected in rows
]


def balance(dialect: str, framing: str, port: Scripted, **settings: object) -> SerialBalance:
    line = SerialLine(port, Framing(framing), "balance", lambda: 7)
    chosen = ScaleSettings(**settings)  # type: ignore[arg-type]
    return SerialBalance(DIALECTS[dialect], line, chosen, checked=Framing(framing).checked)


def test_every_dialect_has_a_table_of_twenty_replies_or_more() -> None:
    assert set(TABLES) == set(DIALECTS)
    for dialect, (_, _, rows) in TABLES.items():
        assert len({reply for reply, _ in rows}) >= 20, dialect
        assert len(rows) == len({reply for reply, _ in rows}), f"{dialect}: a row twice"


@pytest.mark.parametrize("dialect, framing, before, reply, expected", ROWS)
def test_a_reply_is_a_right_reading_or_the_right_failure(
    dialect: str, framing: str, before: bytes, reply: bytes, expected: Expected
) -> None:
    port = Scripted(before, before, reply)
    scale = balance(dialect, framing, port)
    scale.read()  # what its display looks like is known from here on
    if isinstance(expected, tuple):
        reading = scale.read()
        assert (reading.value, reading.stable) == (Decimal(expected[0]), expected[1])
        assert (reading.unit, reading.t_us) == ("g", 7)
        assert reading.raw
        assert reading.raw.encode() in bytes(b & 0x7F for b in reply)
        return
    with pytest.raises(InstrumentFailure) as caught:
        scale.read()
    assert type(caught.value) is expected
    assert caught.value.instrument == "balance"
    assert str(caught.value).startswith("balance ")
    assert caught.value.next_step in str(caught.value)


@pytest.mark.parametrize("dialect, line, value, unit, stable", WHOLE_LINES)
def test_lines_as_the_makers_print_them(dialect: str, line: str, value: Decimal, unit: str, stable: bool) -> None:
    display = DIALECTS[dialect].parse(line, "balance")
    assert (display.value, display.unit, display.stable) == (value, unit, stable)
    assert display.decimals == len(line.partition(".")[2].partition(" ")[0]) if "." in line else display.decimals == 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("value", ["0.0000", "12.3450", "-0.0001", "219.9999", "-100.0000"])
@pytest.mark.parametrize("stable", [True, False])
def test_what_a_dialect_shows_it_reads(dialect: str, value: str, stable: bool) -> None:
    shown = DIALECTS[dialect].show(Display(Decimal(value), "g", stable))
    back = DIALECTS[dialect].parse(shown, "balance")
    assert (back.value, back.stable) == (Decimal(value), stable)


# -- forms that differ between models are recognised and then held on to ----------------------------------


@pytest.mark.parametrize(
    "dialect, layout, line",
    [
        ("sbi", "22 characters", b"N     +  20.0000 g  \r\n"),
        ("ad", "16 characters", b"ST,+0020.0000  g\r\n"),
        ("ohaus", "short, value in 9", b"  20.0000 g\r\n"),
        ("ohaus", "padded, value in 12", b"     20.0000 g     \r\n"),
    ],
)
def test_other_forms_of_a_dialect(dialect: str, layout: str, line: bytes) -> None:
    shown = DIALECTS[dialect].show(Display(Decimal("20.0000"), "g", True, frozenset({layout})))
    assert shown.encode() + b"\r\n" == line
    scale = balance(dialect, "8N1", Scripted(line))
    assert scale.read().value == Decimal("20.0000")


def test_a_short_ohaus_line_that_lost_its_mark_is_not_a_stable_one() -> None:
    scale = balance(
        "ohaus", "7E1", Scripted(even(b"  20.0000 g  \r\n"), even(b"  20.0000 g ?\r\n"), even(b"  20.0000 g\r\n"))
    )
    scale.read()
    with pytest.raises(WrongFormat, match="another form"):
        scale.read()


def test_a_form_that_an_unstable_line_leaves_open_is_settled_by_the_first_stable_one() -> None:
    moving, marked, short = even(b"  20.0000 g ?\r\n"), even(b"  20.0000 g  \r\n"), even(b"  20.0000 g\r\n")
    scale = balance("ohaus", "7E1", Scripted(moving, moving, marked, short))
    assert not scale.read().stable
    assert scale.read().stable
    with pytest.raises(WrongFormat, match="another form, expected marked, value in 9"):
        scale.read()


def test_the_first_reading_needs_two_replies_that_agree_in_form() -> None:
    port = Scripted(even(b"ST,+20.00000  g\r\n"), even(b"ST,+020.0000  g\r\n"))  # a damaged line first
    scale = balance("ad", "7E1", port)
    assert scale.read().value == Decimal("20.0000")
    assert len(port.asked) == 3


def test_digits_that_the_rig_file_names_need_no_second_reply_to_be_held() -> None:
    with pytest.raises(WrongFormat, match="shows 3 digits behind the point, expected 4"):
        balance("mt-sics", "8N1", Scripted(b"S S    20.000 g\r\n".replace(b"   20", b"    20")), decimals=4).read()


# -- a line without parity: the next reply must agree -----------------------------------------------------


def test_without_parity_a_changed_digit_is_outvoted() -> None:
    port = Scripted(b"S S    30.0000 g\r\n", b"S S    20.0000 g\r\n", b"S S    20.0003 g\r\n")
    reading = balance("mt-sics", "8N1", port).read()
    assert reading.value == Decimal("20.0003")
    assert len(port.asked) == 3


def test_with_parity_one_reply_is_enough_once_the_form_is_known() -> None:
    port = Scripted(even(b"ST,+020.0000  g\r\n"))
    scale = balance("ad", "7E1", port)
    scale.read()
    scale.read()
    assert len(port.asked) == 2 + 1


def test_without_parity_a_reading_is_stable_only_if_both_replies_were() -> None:
    port = Scripted(b"S D    20.0000 g\r\n", b"S S    20.0000 g\r\n")
    assert not balance("mt-sics", "8N1", port).read().stable


def test_replies_that_never_agree_are_no_reading() -> None:
    replies = [b"S D  %3d.0000 g\r\n" % (n % 100) for n in range(100, 4_000, 7)]
    replies = [reply.replace(b"S D  ", b"S D   ") for reply in replies]

    class Slow(Scripted):
        def write(self, data: bytes) -> None:
            super().write(data)
            self._now_s += 0.1

    with pytest.raises(Garbage, match="no two replies in a row that agree within 10 digits"):
        balance("mt-sics", "8N1", Slow(*replies)).read()


# -- what comes besides the answer ------------------------------------------------------------------------


def test_lines_that_are_no_answer_are_skipped() -> None:
    port = Scripted(b"Z A\r\nS S    20.0000 g\r\n", b"S S    20.0000 g\r\n")
    assert balance("mt-sics", "8N1", port).read().value == Decimal("20.0000")


def test_a_balance_that_was_switched_on_meanwhile_says_so() -> None:
    port = Scripted(b'I4 A "B123456789"\r\nS S     0.0000 g\r\n')
    with pytest.raises(Restarted, match="tare, and begin the measurement again"):
        balance("mt-sics", "8N1", port).read()


def test_that_it_was_switched_on_is_noticed_after_a_silence_as_well() -> None:
    port = Scripted(b"")
    scale = balance("mt-sics", "8N1", port)
    with pytest.raises(Silent):
        scale.read()
    port._waiting = b'I4 A "B123456789"\r\n'
    port.replies = [b"S S     0.0000 g\r\n"]
    with pytest.raises(Restarted):
        scale.read()


def test_what_the_print_key_sent_before_the_question_is_not_the_answer() -> None:
    port = Scripted(even(b"ST,+020.0000  g\r\n"))
    scale = balance("ad", "7E1", port)
    scale.read()
    port._waiting = even(b"ST,+099.0000  g\r\n")
    assert scale.read().value == Decimal("20.0000")


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    port = Scripted(b"")
    scale = balance("ad", "7E1", port)
    with pytest.raises(Silent):
        scale.read()
    port._waiting = even(b"ST,+099.0000  g\r\n")  # the answer to the question before
    port.replies = [even(b"ST,+020.0000  g\r\n")]
    assert scale.read().value == Decimal("20.0000")


def test_a_balance_that_prints_by_itself_is_found_out() -> None:
    class Streaming(Scripted):
        def read(self, timeout_s: float) -> bytes:
            if timeout_s:
                self._now_s += 0.1
                return b"US,+020.0000  g\r\n"
            return b""

    scale = balance("ad", "7E1", Streaming(b""))
    with pytest.raises(Garbage):
        scale.read()
    with pytest.raises(Garbage, match="switch automatic printing off"):
        scale.read()


def test_bytes_without_end_are_no_line() -> None:
    class Babble(Scripted):
        def read(self, timeout_s: float) -> bytes:
            return b"x" * 100 if timeout_s else b""

    with pytest.raises(Garbage, match="sends without end"):
        balance("mt-sics", "8N1", Babble(b"")).read()


# -- orders -----------------------------------------------------------------------------------------------


def test_tare_is_done_when_the_display_shows_zero() -> None:
    port = Scripted(b"TI S    20.0000 g\r\n", b"S S     0.0001 g\r\n")
    balance("mt-sics", "8N1", port).tare()
    assert port.asked[0] == b"TI\r\n"


@pytest.mark.parametrize(
    "answer, shown, words",
    [
        (b"TI I\r\n", b"S S     0.0000 g\r\n", "did not tare: is busy or not stable"),
        (b"TI +\r\n", b"S S     0.0000 g\r\n", "did not tare: is above its range"),
        (b"", b"S S    20.0000 g\r\n", "does not show zero after tare"),
    ],
)
def test_a_tare_that_was_not_carried_out_is_an_error(answer: bytes, shown: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        balance("mt-sics", "8N1", Scripted(answer, shown)).tare()


def test_never_stable_is_an_error_with_the_last_line() -> None:
    with pytest.raises(Unstable, match=r"did not settle in 30 s: 'S D    20.0000 g' came"):
        balance("mt-sics", "8N1", Scripted(b"S D    20.0000 g\r\n")).read(stable=True)


def test_milligrams_become_grams() -> None:
    port = Scripted(b"S S    2000.12 mg\r\n")
    reading = balance("mt-sics", "8N1", port, unit="mg").read()
    assert (reading.value, reading.unit) == (Decimal("2.00012"), "g")


def test_a_coarse_display_has_its_own_uncertainty() -> None:
    # 10 mg in the last place: readability 10 mg (rectangular) and repeatability at least 10 mg
    reading = balance("mt-sics", "8N1", Scripted(b"S S      20.01 g\r\n")).read()
    assert reading.standard_uncertainty == Decimal("0.0104083")  # sqrt(10^2 + 10^2/12) mg


# -- framing ----------------------------------------------------------------------------------------------


def test_parity_bits_by_hand() -> None:
    # A has two bits set, C three
    assert Framing("7E1").encode("AC") == b"\x41\xc3"
    assert Framing("7O1").encode("AC") == b"\xc1\x43"
    assert Framing("8N1").encode("AC") == b"AC"
    assert [Framing(name).port_parity for name in NAMES] == ["N", "N", "N", "E", "O"]
    assert [Framing(name).checked for name in NAMES] == [False, True, True, False, False]


def test_a_framing_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="framing is '9X1': give one of 8N1, 7E1, 7O1, 8E1, 8O1"):
        Framing("9X1")
