"""A real balance at a serial port, in one of the dialects: readings in g behind the contract of all instruments.

    balance = SerialBalance(DIALECTS["mt-sics"], SerialLine(...), ScaleSettings())
    start = balance.read(stable=True); ...; balance.volume_nl(start, balance.read())

It asks for immediate values only and waits for stability by asking again: a vessel that fills may never be stable, and
a balance that waits cannot be asked for anything else. A line not exactly as its dialect writes it is a failure.

Two guards against a line that is well formed and yet wrong. What the display looks like (unit, digits behind the point,
form of the line) must stay as the settings say or as the first two replies in a row agreed on. And where no parity
shows a changed bit, a value counts when the next one agrees with it within `agreement_digits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from pumphil.instruments.balance import BalanceParameters, weighed_volume_nl
from pumphil.instruments.dialects import TO_GRAMS, Dialect, Display
from pumphil.instruments.failures import Garbage, Refused, Restarted, Silent, Unstable, WrongFormat
from pumphil.instruments.reading import Reading, decimal_of
from pumphil.instruments.serial_line import Answer, SerialLine

POLL_S = 0.1
FOREIGN_LINES = 5  # of the print key or a power-on, before an answer
AGREE_WITHIN_S = 3.0
TARED_DIGITS = 10  # how far from zero a display may be after tare, for noise and a vessel that fills


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSettings:
    """What the display of this balance looks like, and how long to wait for it.

    `decimals`: digits behind the point; None takes what the first two replies agree on, and the last digit for
    readability and, if that is larger, repeatability. `agreement_digits`: in units of the last place, where the framing
    has no parity.
    """

    unit: str = "g"
    decimals: int | None = None
    agreement_digits: int = 10
    timeout_s: float = 1.0
    stable_timeout_s: float = 30.0
    weighing: BalanceParameters = field(default_factory=BalanceParameters)

    def __post_init__(self) -> None:
        if self.unit not in TO_GRAMS:
            raise ValueError(f"unit is {self.unit!r}: give one of {', '.join(TO_GRAMS)}, and set the balance to it")


class SerialBalance:
    """One balance. Not for several threads at a time; `close` when done."""

    unit = "g"

    def __init__(
        self, dialect: Dialect, line: SerialLine, settings: ScaleSettings, *, checked: bool, name: str = "balance"
    ) -> None:
        self.name = name
        self.dialect = dialect
        self._settings = settings
        self._line = line
        self._checked = checked
        self._decimals = settings.decimals
        self._layouts: frozenset[str] | None = None
        self.parameters = settings.weighing

    # -- the contract

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        """What the display shows now; `stable` waits until it has settled."""
        deadline = self._line.now_s() + self._settings.stable_timeout_s
        while True:
            display, answer = self._sure()
            if display.stable or not stable:
                return self._reading(display, answer)
            if self._line.now_s() >= deadline:
                raise Unstable(self.name, answer.text, f"did not settle in {self._settings.stable_timeout_s:g} s")
            self._line.pause(POLL_S)

    def identify(self) -> dict[str, str]:
        """Maker, dialect, and what it tells of model, serial number and firmware; without what it does not answer."""
        told = {"kind": "balance", "maker": self.dialect.maker, "dialect": self.dialect.name}
        for what, command in self.dialect.identity:
            self._look_at_unasked()
            try:
                text = self.dialect.answer_of(self._line.ask(command, self._settings.timeout_s).text)
            except (Silent, Garbage):
                text = ""
            if text:
                told[what] = text
        return told

    def close(self) -> None:
        self._line.close()

    # -- a balance

    def tare(self) -> None:
        """Net zero with what is on the pan; done when the display shows it. Refused otherwise."""
        self._order(self.dialect.tare, "tare")

    def zero(self) -> None:
        """Gross zero, within the zeroing range of the balance; done when the display shows it. Refused otherwise."""
        self._order(self.dialect.zero, "zero")

    def volume_nl(self, start: Reading, end: Reading) -> Reading:
        """Volume that arrived between two readings, nL, with the evaporation and density of the settings."""
        return weighed_volume_nl(self.parameters, start, end)

    # -- inside

    def _sure(self) -> tuple[Display, Answer]:
        """A display that can be believed: of the known form, and where no parity guards it, confirmed by the next."""
        known = self._layouts is not None
        if self._checked and known:
            return self._display()
        deadline = self._line.now_s() + AGREE_WITHIN_S
        last = self._display()
        while True:
            this = self._display()
            if (known or self._same_form(last[0], this[0])) and (self._checked or self._agree(last[0], this[0])):
                self._learn(last[0], this[0])
                return replace(this[0], stable=this[0].stable and last[0].stable), this[1]
            if self._line.now_s() >= deadline:
                raise Garbage(
                    self.name, f"{last[1].text} | {this[1].text}",
                    f"sent no two replies in a row that agree within {self._settings.agreement_digits} digits",
                    "wait until it moves less, set balance and rig file to framing 7E1, or raise agreement_digits",
                )  # fmt: skip
            last = this

    def _display(self) -> tuple[Display, Answer]:
        """One reply, of the right unit and form."""
        self._look_at_unasked()
        answer = self._line.ask(self.dialect.ask, self._settings.timeout_s)
        for _ in range(FOREIGN_LINES):
            if self.dialect.own(answer.text):
                break
            self._stop_if_restarted(answer.text)
            answer = self._line.next(self._settings.timeout_s)
        try:
            display = self.dialect.parse(answer.text, self.name)
            self._check(display, answer.text)
        except (Garbage, WrongFormat):
            self._line.doubt()
            raise
        if self._layouts:
            self._layouts &= display.layouts
        return display, answer

    def _check(self, display: Display, raw: str) -> None:
        if display.unit and display.unit != self._settings.unit:
            raise WrongFormat(self.name, raw, f"shows {display.unit}, expected {self._settings.unit}")
        if self._decimals is not None and display.decimals != self._decimals:
            raise WrongFormat(
                self.name, raw, f"shows {display.decimals} digits behind the point, expected {self._decimals}"
            )
        if self._layouts is not None and not display.layouts & self._layouts and self._layouts:
            raise WrongFormat(self.name, raw, f"sent a line of another form, expected {' or '.join(self._layouts)}")

    def _same_form(self, one: Display, other: Display) -> bool:
        return one.decimals == other.decimals and (one.layouts == other.layouts or bool(one.layouts & other.layouts))

    def _agree(self, one: Display, other: Display) -> bool:
        return abs(one.value - other.value) <= self._settings.agreement_digits * Decimal(1).scaleb(-other.decimals)

    def _learn(self, one: Display, other: Display) -> None:
        if self._decimals is None:
            self._decimals = other.decimals
            digit_mg = float(Decimal(1000).scaleb(TO_GRAMS[self._settings.unit] - other.decimals))
            finest = self.parameters
            self.parameters = replace(
                finest, readability_mg=digit_mg, repeatability_mg=max(digit_mg, finest.repeatability_mg)
            )
        before = one.layouts if self._layouts is None else self._layouts
        self._layouts = before & other.layouts

    def _order(self, command: str, what: str) -> None:
        self._look_at_unasked()
        self._line.send(command)
        self._line.pause(self._settings.timeout_s)
        for line in self._line.unasked():
            if why := self.dialect.refusal(line.rstrip("\r")):
                raise Refused(self.name, line.rstrip("\r"), f"did not {what}: {why}")
        display, answer = self._sure()
        if abs(display.value) > TARED_DIGITS * Decimal(1).scaleb(-display.decimals):
            raise Refused(
                self.name, answer.text, f"does not show zero after {what}", "wait until it is stable, then repeat"
            )

    def _look_at_unasked(self) -> None:
        for line in self._line.unasked():
            self._stop_if_restarted(line)

    def _stop_if_restarted(self, line: str) -> None:
        if self.dialect.restarted(line):
            raise Restarted(self.name, line.rstrip("\r"))

    def _reading(self, display: Display, answer: Answer) -> Reading:
        power = TO_GRAMS[self._settings.unit]
        return Reading(
            value=display.value.scaleb(power),
            unit="g",
            standard_uncertainty=decimal_of(self.parameters.reading_uncertainty_mg / 1000, 7),
            t_us=answer.t_us,
            stable=display.stable,
            raw=answer.text,
        )
