"""One look at a pump: the status each time, the rest when it may have changed.

    poll = Poll(history, local_offset_min, bench)
    authentic = poll.once(pump, authentic=True)
    poll.document

An authentic status needs a session; the one with the fewest rights is opened for it, and not before somebody looks.
The program and the clock need a clinician's key: they are read once, and that session is closed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pumphost import units
from pumphost.errors import PumpError, Refused, TransportError
from pumphost.keyring import KeyMissing
from pumphost.programmer import Programmer
from pumphost.replies import Counters, Status
from pumphost.web.bench import Bench
from pumphost.web.history import History, Sample
from pumphost.web.ordered import Ordered
from pumphost.web.snapshot import alarm_view, status_view, who_view
from pumplink import codes

DETAILS_S = 2.0


class Poll:
    """Keeps `document` as it grows; `renew` after anything that may have changed more than the status."""

    def __init__(self, history: History, local_offset_min: Callable[[int], int], bench: Bench | None) -> None:
        self.document: dict[str, Any] = {"status": None, "alarms": [], "bench": None}
        self.clinician_open = False
        self._history = history
        self._ordered = Ordered()
        self._offset_min = local_offset_min
        self._bench = bench
        self._first_nl: int | None = None
        self._out_nl: float | None = None
        self._alarm_bits = -1
        self._digest: bytes | None = None
        self._denied: int | None = None
        self._details_s = 0.0
        self._uid = ""

    def renew(self) -> None:
        """Read everything at the next look."""
        self._details_s = 0.0
        self._alarm_bits = -1
        self._digest = None

    def once(self, pump: Programmer, *, authentic: bool) -> bool:
        """Whether the status was authentic. Raises `PumpError`; what was read by then is in `document`."""
        if not self._uid or not self.document.get("who"):
            self._introduce(pump)
        status = pump.status()
        proved = pump.session.secured is not None
        if authentic and not proved:
            pump.alarms()  # opens a session
            status = pump.status()
            proved = pump.session.secured is not None
        document = {**self.document, "status": status_view(status)}
        if status.alarm_bits or status.alarm_bits != self._alarm_bits:  # one that is shown may turn latched
            document["alarms"] = alarm_view(pump.alarms()) if proved else self.document["alarms"]
            self._alarm_bits = status.alarm_bits if proved else -1
        if self._bench is not None:
            document["bench"] = self._bench.ask({"do": "look"})
        now_s = time.monotonic()
        if proved and now_s - self._details_s > DETAILS_S:
            self._details_s = now_s
            document |= self._details(pump)
        self.document = document
        self._remember(status, document["bench"])
        if proved and status.program_digest != self._digest:
            self._digest = status.program_digest
            self._read_program(pump, status)
        return proved

    def _introduce(self, pump: Programmer) -> None:
        who = pump.identify()
        if self._uid and who.uid.hex() != self._uid:
            self.document = {
                "status": None,
                "alarms": [],
                "bench": None,
            }  # nothing of the pump before is true of this one
            self._ordered, self._first_nl, self._out_nl, self._denied = Ordered(), None, None, None
        self._uid = who.uid.hex()
        self.document = {**self.document, "who": who_view(who)}

    def _details(self, pump: Programmer) -> dict[str, Any]:
        reservoir, settings = pump.reservoir(), pump.bolus_settings()
        self._count_denials(pump.counters())
        found = {
            "reservoir": {
                **reservoir.to_dict(), "concentration": units.format_concentration(reservoir.concentration_ng_per_ml)
            },
            "settings": settings.to_dict(),
        }  # fmt: skip
        if "limits" not in self.document:
            found["limits"] = pump.limits().to_dict()
        return found

    def _count_denials(self, counters: Counters) -> None:
        denied = counters.requested - counters.granted
        if self._denied is not None and denied > self._denied and self.document["status"]:
            self._history.point("denied", self.document["status"]["uptime_ms"])
        self._denied = denied

    def _read_program(self, pump: Programmer, status: Status) -> None:
        """Best effort: without a clinician's key there is no line of the schedule, and the page says so."""
        session = pump.session
        held = session.secured is not None and session.secured.key.role == "clinician"
        try:
            program = pump.read_program()
            newest = pump.log(status.log_next - 1) if status.log_next else []
        except TransportError:
            raise
        except (KeyMissing, Refused) as exc:
            self.document = {**self.document, "program": None, "program_trouble": str(exc)}
            return
        clock = [record for record in newest if record.clock_trusted]
        local_ms = None
        if clock:
            last = clock[-1]
            local_ms = last.wall_ms - last.uptime_ms + self._offset_min(last.wall_ms) * 60_000
        self._ordered.program(program, local_ms)
        self.document = {
            **self.document, "program": program.to_dict(), "program_trouble": "", "local_ms": local_ms
        }  # fmt: skip
        if not held and not self.clinician_open:
            with suppress(PumpError):
                session.close()

    def _remember(self, status: Status, bench: dict[str, Any] | None) -> None:
        if self._first_nl is None:
            self._first_nl = status.delivered_nl
        out = None
        if bench is not None:
            if self._out_nl is None:
                self._out_nl = bench["delivered_nl"]
            out = bench["delivered_nl"] - self._out_nl
        sample = Sample(
            status.uptime_ms, status.delivered_nl - self._first_nl, self._ordered.advance(status),
            status.rate_nl_per_day, status.remaining_nl, out, bench["outlet_pa"] if bench else None,
        )  # fmt: skip
        self._history.add(sample, _marks(status))


def _marks(status: Status) -> set[str]:
    marks = {f"alarm:{name}" for name in status.alarms}
    if status.mode in (codes.PATIENT_BOLUS, codes.CLINICIAN_BOLUS):
        marks.add("bolus")
    if status.lockout_left_ms:
        marks.add("lockout")
    if not status.delivering:
        marks.add("stopped")
    return marks
