"""What a measurement cannot be made from, in words: object, state, limit, next step.

    raise MeasurementError("trumpet refused: window 7 min is no multiple of the interval 2 min; give 6 or 8")

A ValueError, so that whoever only asks for numbers need not know this module.
"""


class MeasurementError(ValueError):
    """An input that a measurement cannot be made from; `str()` is a full sentence."""


class LogError(MeasurementError):
    """A line of a log that cannot be used. `line` counts from 1; None: the file as a whole."""

    def __init__(self, file: str, line: int | None, what: str) -> None:
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}: {what}")
        self.file = file
        self.line = line
