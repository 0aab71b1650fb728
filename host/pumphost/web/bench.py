"""What moves the surroundings of a simulated pump: its plant, its sensors, its time.

    bench.ask({"do": "look"})["outlet_pa"]

A real pump has none: then the pages that need one say so.
"""

from __future__ import annotations

from typing import Any, Protocol

from pumphost.errors import PumpError


class BenchRefused(PumpError):
    """The bench cannot do what was asked; the sentence says why."""


class Bench(Protocol):
    """Thread-safe; every answer is a JSON-ready document."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises `BenchRefused`, or `TransportError` once it has gone."""
        ...
