"""What all typed replies share: JSON, and words for the numbers that a pump says.

    class Grant(Reply): ...          # a frozen dataclass
    Grant(7).to_dict()

Numbers that this side does not know (a newer pump) keep their number and show as text, never as an error.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pumplink import codes


class Reply:
    """Base: `to_dict` for JSON, bytes as hex. A coded number gets `_code` behind its name, its word takes the name."""

    def to_dict(self) -> dict[str, Any]:
        """Every field, and what the class adds for people."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        return {name: _plain(value) for name, value in values}

    def _repr_html_(self) -> str:
        from pumphost.page import fields_table

        return fields_table(type(self).__name__, self.to_dict())

    def _coded(self, **words: str) -> dict[str, Any]:
        """Fields with the words of the coded ones: `mode="fault"` gives mode "fault" and mode_code 7."""
        plain = Reply.to_dict(self)
        result: dict[str, Any] = {}
        for name, value in plain.items():
            result[name] = words.get(name, value)
            if name in words:
                result[name + "_code"] = value
        return result


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.to_dict() if isinstance(value, Reply) else value


def mode_name(mode: int) -> str:
    """Name of a mode, or its number."""
    return codes.MODES[mode] if mode < len(codes.MODES) else f"mode {mode}"


def order_state_name(state: int) -> str:
    """Name of an order's state, or its number."""
    return str(codes.ORDER_STATES.get(state, f"state {state}"))


def alarm_name(code: int) -> str:
    """Name of an alarm, or its number."""
    return str(codes.ALARMS[code][0]) if code in codes.ALARMS else f"alarm {code}"


def text_of(name: bytes) -> str:
    """A name padded with zero bytes; "" if there is none."""
    return name.rstrip(b"\0").decode("ascii", "replace")
