"""Everything a pump can be asked without changing it, typed.

    reader = Reader(session)
    reader.status().mode_name, reader.reservoir().remaining_nl

Base of `pumphost.programmer.Programmer`; it sends nothing that acts.
"""

from __future__ import annotations

from pumphost import replies
from pumphost.errors import PumpError
from pumphost.logbook import EVENTS, read_log
from pumphost.provisioning import KeySlot, listed
from pumphost.readback import NO_PROGRAM, STEP_SIZE, canonical_profile, unpack_steps
from pumphost.replies import Order, Program, ProgramProfile, Status
from pumphost.session import Session
from pumplink import messages
from pumplink.digest import digest8


class ReadBackDiffers(PumpError):
    """What the pump says it has is not what was sent: do not believe the therapy to be active."""


class Reader:
    """Reads one pump over `session`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def identify(self) -> replies.Identity:
        """Who answers, in which version."""
        return replies.Identity.of(self.session.request(messages.IDENTIFY))

    def limits(self) -> replies.Limits:
        """What this pump can do."""
        return replies.Limits.of(self.session.request(messages.GET_LIMITS))

    def status(self) -> Status:
        """Mode, rate, account, lockout, alarms."""
        return Status.of(self.session.request(messages.STATUS))

    def link_stats(self) -> replies.LinkStats:
        """Frames the pump took and dropped, by reason."""
        return replies.LinkStats.of(self.session.request(messages.LINK_STATS))

    def order(self, order: int) -> Order:
        """What became of an order."""
        return Order.of(self.session.request(messages.GET_ORDER, (order,)))

    def reservoir(self) -> replies.Reservoir:
        """Ledger, fill, time to the low threshold, tube."""
        return replies.Reservoir.of(self.session.request(messages.GET_RESERVOIR))

    def counters(self, *, since_refill: bool = False) -> replies.Counters:
        """Bolus requests and what became of them, ever or since the last refill."""
        return replies.Counters.of(self.session.request(messages.GET_COUNTERS, (int(since_refill),)))

    def bolus_settings(self) -> replies.BolusSettings:
        """Patient bolus, periodic bolus, bridge and delayed start as the pump has them."""
        return replies.BolusSettings.of(self.session.request(messages.GET_BOLUS_SETTINGS))

    def read_program(self) -> Program:
        """The active program, all profiles. Raises `ReadBackDiffers` if it does not match its own digest."""
        profiles: list[ProgramProfile] = []
        whole, digest, count = b"", NO_PROGRAM, 1
        digests = set()
        while len(profiles) < count:
            packed, part, parts, days = b"", 0, 1, 0
            while part < parts:
                values = self.session.request(messages.GET_PROGRAM, (len(profiles), part))
                _, count, days, _, parts, digest, steps = values
                digests.add(digest)
                packed += steps
                part += 1
            if not count:
                break
            profiles.append(ProgramProfile(days, unpack_steps(packed[: len(packed) // STEP_SIZE * STEP_SIZE])))
            whole += canonical_profile(days, packed)
        if digests != {digest} or digest != (digest8(whole) if profiles else NO_PROGRAM):
            raise ReadBackDiffers(
                f"the program read back ({len(whole)} bytes) does not match its own digest {digest.hex()}; "
                "read it again, and if it happens again stop the pump"
            )
        return Program(tuple(profiles), digest)

    def alarms(self) -> list[replies.Alarm]:
        """Active and latched alarms, oldest first."""
        found: dict[int, replies.Alarm] = {}
        total, first = 1, 0
        while first < total:
            values = self.session.request(messages.GET_ALARMS, (first,))
            total, rows = values[0], replies.Alarm.all_of(values)
            if not rows:  # fewer by now than when the first were read
                break
            found |= {alarm.code: alarm for alarm in rows}
            first += len(rows)
        return list(found.values())

    def key_list(self) -> list[KeySlot]:
        """Which keys the pump has, by slot; never the keys. Needs a service key."""
        return listed(self.session)

    def log(self, first: int | None = None, *, ring: int = EVENTS) -> list[replies.Record]:
        """Log records from number `first` on (default: the oldest kept), up to those there when it was asked.

        `ring`: `logbook.EVENTS` or `logbook.FAULTS`. Records that do not follow from the one before them are marked
        (`chain_ok`), see `logbook.broken`.
        """
        return read_log(self.session, first, ring)
