"""One line of the doctor.

Check.ok("probe", "version 1"); Check.fail("probe", "silent", "check its cable")
"""

from __future__ import annotations

from dataclasses import dataclass

OK, FAIL, SKIP = "ok", "fail", "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """`found`: what is there. `fix`: what to do, "" where nothing is."""

    name: str
    state: str
    found: str
    fix: str = ""

    @classmethod
    def ok(cls, name: str, found: str) -> Check:
        """As it must be."""
        return cls(name, OK, found)

    @classmethod
    def fail(cls, name: str, found: str, fix: str) -> Check:
        """Not so; every failure has a fix."""
        return cls(name, FAIL, found, fix)

    @classmethod
    def skip(cls, name: str, found: str, fix: str = "") -> Check:
        """Not looked at."""
        return cls(name, SKIP, found, fix)

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"name": self.name, "state": self.state, "found": self.found, "fix": self.fix}
