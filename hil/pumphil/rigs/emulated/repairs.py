"""Five faults of the emulator (rp2040py 0.3.6), and what is done about them from outside of it.

1. An idle board is never idle: the emulated USB host answers every read that the firmware arms with an empty packet,
   10 us later, for ever. `hold_back_empty_reads` answers when there is something.
2. PIO loses its place while the processor sleeps: a jump over a sleep is worth one instruction of each state machine.
   `Pacer` puts an alarm where the next machine is due, so that no jump goes further.
3. `machine.UART` hangs when it is made. The firmware of this rig has its link on USB: nothing is done about it.
4. An output pin reads back as 0. `read_back` lets its input path see what is driven.
5. Emulated time runs away from the host's. The rig lives in emulated time alone; who serves a board to another process
   throttles it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CLOCK_NS = 8  # one system clock at 125 MHz
LOOK_NS = 1_000_000  # while no state machine can move
SOON_NS = 1_000


def hold_back_empty_reads(device: Any) -> None:
    """The host's end of the serial port says nothing while it has nothing to say. Before the chip starts."""
    port, controller = device.cdc, device.mcu.usb_ctrl
    answer, send, reset = controller.on_endpoint_read, port.send_serial_byte, controller.on_reset
    armed: list[tuple[int, int]] = []  # at most one read: endpoint, size

    def deliver() -> None:
        if armed and not port.tx_fifo.empty:
            answer(*armed.pop())

    alarm = device.mcu.clock.create_alarm(deliver)

    def on_endpoint_read(endpoint: int, size: int) -> None:
        if endpoint and endpoint == port._out_endpoint and port.tx_fifo.empty:
            armed[:] = [(endpoint, size)]
        else:
            answer(endpoint, size)

    def send_serial_byte(byte: int) -> None:
        send(byte)
        if armed:
            alarm.schedule(SOON_NS)

    def on_reset() -> None:
        armed.clear()
        reset()

    controller.on_endpoint_read, port.send_serial_byte, controller.on_reset = (
        on_endpoint_read,
        send_serial_byte,
        on_reset,
    )


class Pacer:
    """Keeps the state machines at their rate while the processor sleeps.

    The emulator moves them along after its alarms have run, so one alarm is to get there, and a second one a clock
    later may look at what is due next.
    """

    def __init__(self, mcu: Any, starts: tuple[int, ...]) -> None:
        """`starts`: pins whose edges say that a machine has begun to move."""
        self._mcu = mcu
        self._settling = self._idle = False
        self._alarm = mcu.clock.create_alarm(self._due)
        self._alarm.schedule(CLOCK_NS)
        for pin in starts:
            mcu.gpio[pin].add_listener(self._moved)

    def _moved(self, new: object, old: object) -> None:
        if self._idle:
            self._idle = self._settling = False
            self._alarm.schedule(CLOCK_NS)

    def _due(self) -> None:
        if self._settling:
            self._settling = False
            self._alarm.schedule(CLOCK_NS)
            return
        most = clocks = LOOK_NS // CLOCK_NS
        for pio in self._mcu.pio:
            if not pio.stopped:
                clocks = min(clocks, ((pio.next_due_fp - pio.cycle_fp + 255) >> 8) - 1)
        self._idle = clocks == most
        self._settling = clocks > 0
        self._alarm.schedule(max(clocks, 1) * CLOCK_NS)


def read_back(mcu: Any, pin: int, is_high: Callable[[object], bool]) -> None:
    """What the chip drives on this pin is what it reads there."""
    mcu.gpio[pin].set_input_value(is_high(mcu.gpio[pin].value))
    mcu.gpio[pin].add_listener(lambda new, old: mcu.gpio[pin].set_input_value(is_high(new)))
