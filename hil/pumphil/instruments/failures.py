"""Why an instrument gave no reading: each names the instrument, what came from it, and the next step.

    raise Overload("balance", "S +")
    # balance shows overload: 'S +' came; take load off the pan or tare less, then read again

Catch `InstrumentFailure` for all of them: what is no reading is one of these, never a number.
"""

from __future__ import annotations

from pumphil.instruments.reading import InstrumentError


class InstrumentFailure(InstrumentError):
    """No reading. `instrument`: its name; `came`: what it sent, "" for nothing; `next_step`: what to do."""

    what = "gave no reading"
    next_step = "ask again"

    def __init__(self, instrument: str, came: str = "", what: str = "", next_step: str = "") -> None:
        self.instrument = instrument
        self.came = came
        self.what = what or self.what
        self.next_step = next_step or self.next_step
        sent = f": {came!r} came" if came else ""
        super().__init__(f"{instrument} {self.what}{sent}; {self.next_step}")


class Overload(InstrumentFailure):
    """More than the instrument can show."""

    what = "shows overload"
    next_step = "take load off the pan or bring it back into its range, then read again"


class Underload(InstrumentFailure):
    """Less than the instrument can show."""

    what = "shows underload"
    next_step = "put pan and vessel back, zero, then read again"


class Unstable(InstrumentFailure):
    """A stable reading was asked for and none came in time."""

    what = "did not settle in time"
    next_step = "keep draughts and vibration away, or read without waiting for stability while the vessel fills"


class Silent(InstrumentFailure):
    """Nothing came in time."""

    what = "does not answer"
    next_step = "switch it on; check cable, baud rate, framing and that it is set to this dialect"


class Garbage(InstrumentFailure):
    """Something came that is not a whole reply of this dialect."""

    what = "sent what is no reading"
    next_step = "check cable, baud rate and framing, and that nothing else is set to print, then ask again"


class WrongFormat(InstrumentFailure):
    """A reading in another unit or with other digits than the rest: a changed setting, or a damaged line."""

    what = "shows another unit or other digits than expected"
    next_step = "set its display as the rig file says, or correct the rig file"


class Refused(InstrumentFailure):
    """The instrument understood and cannot: it is busy, adjusts itself or reports an error of its own."""

    what = "cannot do it now"
    next_step = "look at its display, wait until it weighs again, then repeat"


class Restarted(InstrumentFailure):
    """It was switched on meanwhile: zero and tare are not those of the readings before."""

    what = "has started anew"
    next_step = "readings from before cannot be compared with those from now: tare, and begin the measurement again"


class Unplugged(InstrumentFailure):
    """The port is gone or cannot be opened."""

    what = "is not there"
    next_step = "check cable and power, then open it again"
