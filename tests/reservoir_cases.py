"""A ledger of the reservoir with the counter it reads, for tests; nothing flows but what a test says.

    ledger = Ledger()
    ledger.fill(18_000_000)
    ledger.turns(10)  # 431 000 nL
    assert ledger.report()["remaining"] == 17_569_000

A turn of 200 steps is 43 100 nL, so 2 steps are 431 nL.
"""

from __future__ import annotations

from types import SimpleNamespace

from pumpfw.core.config import Config
from pumpfw.core.delivery import Delivery
from pumpfw.core.reservoir import Reservoir
from pumplink.messages import GET_RESERVOIR

DAY_MS = 86_400_000
DRUG = b"water\0\0\0"
UNKNOWN = (1 << 30) - 1


class Ledger:
    """A reservoir and the counter it reads."""

    def __init__(self, steps: int = 0) -> None:
        self.config = SimpleNamespace(
            low_nl=3_000_000, empty_nl=500_000, fill_age_ms=90 * DAY_MS, tube_life_nl=2_000_000_000
        )
        self.geometry = Config()
        self.delivery = Delivery(self.geometry)
        self.move(steps)
        self.res = Reservoir(self.config, self.delivery)

    def fill(self, volume_nl: int, withdrawn_nl: int = -1, now_ms: int = 0) -> bool:
        return bool(self.res.fill(volume_nl, withdrawn_nl, DRUG, 1_000_000, now_ms))

    def move(self, steps: int) -> None:
        """What flows goes out: the account carries nothing."""
        while steps:
            part = min(steps, 100_000)
            self.delivery.add(part * self.geometry.nl_per_rev * DAY_MS)
            self.delivery.issue(part)
            steps -= part

    def turns(self, count: int) -> None:
        self.move(200 * count)

    def calibrate(self, nl_per_rev: int) -> None:
        """As the pump does: settle, then count the steps to come at another volume."""
        self.res.settle()
        steps = self.delivery.total
        self.geometry.nl_per_rev = nl_per_rev
        self.res._delivery = self.delivery = Delivery(self.geometry)
        self.move(steps)

    def report(self, now_ms: int = 0, **kwargs: int) -> dict[str, object]:
        values = self.res.report(now_ms, kwargs.get("low", -1), kwargs.get("worst", -1), kwargs.get("level", -1))
        return dict(zip([f.name for f in GET_RESERVOIR.reply.fields], values, strict=True))


def refill_at_ratio(ledger: Ledger, percent: int) -> None:
    """Deliver 4.31 mL by the ledger; that share of it has really gone out."""
    ledger.fill(18_000_000) if not ledger.res.filled else None
    ledger.turns(100)
    ledger.fill(18_000_000, 18_000_000 - 43_100 * percent)
