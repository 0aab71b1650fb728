"""One answer of a pump, taken apart; `pump_driver` makes it and exports it too.

reply["rate"]                           # raises with the refusal in words if it is one
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pumplink import codes


@dataclass(frozen=True)
class Reply:
    """Status code of an answer; fields by name if it is OK, else `detail` and `info`."""

    status: int
    detail: int = 0
    info: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == codes.OK

    def __getitem__(self, name: str) -> Any:
        assert self.ok, f"refused: {codes.STATUS[self.status][0]}, detail {self.detail}, info {self.info}"
        return self.values[name]
