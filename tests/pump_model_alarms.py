"""Alarms of the reference pump: which must be listed, which may be, and which may not.

    book.cause("low-reservoir", True, t_ms, within_ms=60_000)     # has to be listed within 60 s from now
    book.raised("low-reservoir", t_ms)                            # the pump lists it: refused without a cause (ALM-07)
    book.overdue(t_ms)                                            # what should be listed by now and is not

When exactly an alarm comes is the pump's affair inside the time that the requirement leaves it; so the book takes the
instant from the pump and checks that it is one of those. Priorities and actions are those of the alarm table.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumplink import codes

ROWS = {row[0]: row for row in codes.ALARMS.values()}
CODES = {row[0]: code for code, row in codes.ALARMS.items()}
PRIORITY = {name: row[1] for name, row in ROWS.items()}
STOPS = frozenset(name for name, row in ROWS.items() if row[2] == codes.ACT_STOP)
LATCHES = frozenset(name for name, row in ROWS.items() if row[3])
FOREVER = 1 << 62
OF_THE_WORLD = {
    "downstream-occlusion", "upstream-occlusion", "air-in-line", "supply-low", "supply-critical", "over-temperature",
    "cover-open", "sensor-fault", "stuck-button",
}  # fmt: skip


@dataclass
class Cause:
    """A condition: true from, must be signalled by, no longer true from."""

    since_ms: int
    by_ms: int = FOREVER
    gone_ms: int | None = None
    answered: bool = False  # it has been signalled
    loose: bool = False  # left open whether it is signalled at all, and until when


class AlarmBook:
    """`listed`: name -> instant, in order of occurrence, as the pump shows them."""

    def __init__(self) -> None:
        self.listed: dict[str, int] = {}
        self.causes: dict[str, Cause] = {}
        self.young: set[str] = set()  # raised so shortly before a power cut that they may not have been stored

    # -- conditions ------------------------------------------------------------------------------

    def cause(self, name: str, there: bool, t_ms: int, within_ms: int = FOREVER) -> None:
        """The condition holds now, or does not. `within_ms` FOREVER: it may be signalled and need not."""
        old = self.causes.get(name)
        active = old is not None and old.gone_ms is None and not old.loose
        if there and not active:
            self.causes[name] = Cause(t_ms, t_ms + within_ms, answered=name in self.listed)
        elif old and not there and old.gone_ms is None:
            old.gone_ms, old.loose = t_ms, False

    def event(self, name: str, t_ms: int, within_ms: int = FOREVER) -> None:
        """Something that has happened and does not last."""
        self.causes[name] = Cause(t_ms, t_ms + within_ms, t_ms, answered=name in self.listed)

    def loosen(self, name: str, t_ms: int) -> None:
        """From now on it may be listed or not."""
        self.causes[name] = Cause(t_ms, loose=True, answered=name in self.listed)

    def awaited(self, name: str) -> bool:
        """Something has happened that the pump may still show."""
        return name in self.causes and not self.causes[name].answered

    def holds(self, name: str) -> bool:
        return name in self.causes and self.causes[name].gone_ms is None

    # -- what the pump shows -----------------------------------------------------------------------

    def raised(self, name: str, t_ms: int) -> None:
        cause = self.causes.get(name)
        assert cause is not None, f"{name} is shown at {t_ms} ms and never had a cause"
        assert cause.since_ms <= t_ms, f"{name} is shown at {t_ms} ms before its cause: {cause}"
        assert cause.gone_ms is None or not cause.answered, f"{name} is shown again at {t_ms} ms: {cause}"
        cause.answered = True
        self.listed[name] = t_ms

    def cleared(self, name: str, t_ms: int) -> None:
        """ALM-06: a latching alarm goes by acknowledgement only, which goes through `acknowledge`."""
        assert name not in LATCHES or name in self.young, f"{name} went at {t_ms} ms without acknowledgement"
        loose = name in self.young or self.causes[name].loose
        assert loose or not self.holds(name), f"{name} went at {t_ms} ms with its cause there"
        self.listed.pop(name, None)

    def may_acknowledge(self, name: str) -> bool:
        return name in self.listed and (not self.holds(name) or self.causes[name].loose)

    def acknowledge(self, name: str) -> None:
        del self.listed[name]

    def of_the_world(self) -> dict[str, bool]:
        """Conditions that hold whatever the pump remembers, those of its sensors: must they be signalled?"""
        return {name: self.causes[name].by_ms < FOREVER for name in sorted(OF_THE_WORLD) if self.holds(name)}

    def boot(self, t_ms: int, within_ms: int) -> None:
        """After a reset conditions of sensors are found anew; an alarm that does not latch may be away until then."""
        for name, must in self.of_the_world().items():
            if name not in LATCHES:
                self.listed.pop(name, None)
                self.causes[name] = Cause(t_ms, t_ms + within_ms if must else FOREVER)

    # -- what follows ------------------------------------------------------------------------------

    def overdue(self, t_ms: int) -> set[str]:
        """What has to be listed by now: a lasting condition, or an event that latches."""
        return {
            name
            for name, cause in self.causes.items()
            if t_ms >= cause.by_ms and not cause.answered and (cause.gone_ms is None or name in LATCHES)
        }

    def lingering(self, t_ms: int, within_ms: int) -> set[str]:
        """Non-latching alarms that are listed although their condition is over for longer than `within_ms`."""
        return {
            name
            for name in self.listed
            if name not in LATCHES and not self.holds(name) and t_ms > (self.causes[name].gone_ms or 0) + within_ms
        }

    def stopping(self) -> set[str]:
        """ALM-03: the strictest action of all that are listed."""
        return {name for name in self.listed if name in STOPS}

    def forbid_boluses(self) -> set[str]:
        """BOL-07."""
        return {name for name in self.listed if PRIORITY[name] >= codes.MEDIUM}

    def highest(self) -> int:
        return max((PRIORITY[name] for name in self.listed), default=0)
