"""A Raspberry Pi Pico: ports, main loop, and what is left when anything fails: a motor that is off, and a reset.

`main` is the entry of the build for this board. It returns never and ends in no prompt (SEC-09, PWR-15).
"""

import gc
import os
import time

import machine
import rp2
from machine import UART, Pin

from pumpfw.boards.pico import selftest, wiring
from pumpfw.boards.pico.annunciator import Annunciator
from pumpfw.boards.pico.sensors import BoardSensors
from pumpfw.boards.pico.stepper import Stepper
from pumpfw.boards.pico.store import FlashStore
from pumpfw.boards.pico.uart import BAUD, BUFFER, UartLink
from pumpfw.boards.pico.usb import UsbLink
from pumpfw.boards.pico.watchdog import STAY, Watchdog, leave_word
from pumpfw.core.config import Config
from pumpfw.core.ports import Ports
from pumpfw.core.pump import Pump
from pumpfw.core.timebase import Timebase
from pumplink.device import RESET_POWER_ON, RESET_WATCHDOG

SCAN_MS = 40  # sensors are looked at so often while the core sleeps (HW-03, TIME-09: 100 ms)
FRESH_MS = 5  # and so shortly before it wakes: a wake with an order and a collection of garbage takes 90 ms
QUIET_MS = 100  # with so long to the next wake there is time for firmware files, and with that of an erase more for one
WAKE_MS = 1_000  # and the core at least so often: it feeds the watchdog
COLLECT_MS = 250  # so long the core works before garbage is collected in a quiet moment, 22 ms, and in no order
RECHECK_MS = 20_000  # from one piece of 512 bytes of the firmware to the next: 64 KB within 45 min (PWR-12)


class Noise:
    """Port `Noise`: the ring oscillator's bits."""

    def fill(self, buf):
        buf[:] = os.urandom(len(buf))


def open_link(build):
    """USB, and the serial line where flashing asked for it."""
    usb = UsbLink(build)
    if not selftest.serial_line():
        return usb
    line = UART(0, BAUD, tx=Pin(wiring.UART_TX), rx=Pin(wiring.UART_RX), timeout=0, rxbuf=BUFFER, txbuf=BUFFER)
    return UartLink(usb, line)


class Board:
    """One pump on one chip. The driver is off until the core says otherwise."""

    def __init__(self, stepper):
        self._watchdog = Watchdog()
        build = selftest.build()
        self._link = open_link(build)
        self._annunciator = Annunciator(wiring.RED, wiring.YELLOW, wiring.BUZZER)
        digest, failed = selftest.run()
        self._sensors = BoardSensors(failed)
        cause = RESET_WATCHDOG if machine.reset_cause() == machine.WDT_RESET else RESET_POWER_ON
        self._recheck = selftest.Recheck(digest)
        self._rechecked = self._scanned = time.ticks_ms()
        config = Config(fw_digest=digest[:8], uid=machine.unique_id(), reset_cause=cause, build=build)
        self._store = FlashStore(rp2.Flash())
        self._worked_ms = 0  # since garbage was collected
        self._erase_ms = 0  # the longest so far: 45 ms by the book, and up to 400 in a flash that is old
        ports = Ports(
            stepper, self._link, self._annunciator, self._watchdog, self._sensors, self._store, Noise()
        )  # fmt: skip
        self._pump = Pump(config, ports)
        self._time = Timebase(time.ticks_ms(), config.time_scale)
        self._time.start(self._pump.storage.t_ms)
        self._watchdog.arm()
        Pin(wiring.SYNC, Pin.OUT, value=1)

    def serve(self):
        """Until a reset is asked for."""
        pump, watchdog, extend = self._pump, self._watchdog, self._time.extend
        awake = Pin(wiring.AWAKE, Pin.OUT, value=0)
        while not watchdog.restarting:
            ticks = time.ticks_ms()
            now_ms = extend(ticks)
            awake.on()
            wait_ms = min(pump.poll(now_ms) - now_ms, WAKE_MS)
            awake.off()
            self._worked_ms += time.ticks_diff(time.ticks_ms(), ticks)
            if wait_ms > QUIET_MS and time.ticks_diff(ticks, self._rechecked) >= RECHECK_MS:
                self._rechecked = ticks
                if self._recheck.step():
                    self._sensors.fail(selftest.FIRMWARE)
            self._wait(ticks, wait_ms)
            if self._link.interrupted:
                leave_word(STAY)
                gc.collect()
                print("pumpbench: stops for the prompt; %d bytes of heap free" % gc.mem_free())
                return

    def _wait(self, ticks, wait_ms):
        """Until `wait_ms` after `ticks`, a byte, or a reading that the core wants to hear of.

        Sensors are scanned when they are due, whether bytes come or not: talk hides no button and no pressure. Nor does
        an erase, in which the processor stands still: each has a scan before it, and time to end before the wake. Nor a
        long wake: the last scan is just before it.
        """
        annunciator = self._annunciator
        while True:
            at = time.ticks_ms()
            annunciator.tick(at)
            scan_ms = SCAN_MS - time.ticks_diff(at, self._scanned)
            if scan_ms <= 0:
                self._scanned = at
                if self._sensors.scan():
                    return
                scan_ms = SCAN_MS
            left_ms = wait_ms - time.ticks_diff(at, ticks)
            untidy = left_ms > QUIET_MS + self._erase_ms and (self._store.untidy or self._worked_ms >= COLLECT_MS)
            if left_ms <= 0 or self._link.wait(1 if untidy else min(left_ms, scan_ms)):
                break
            if untidy:
                self._tidy()
        at = time.ticks_ms()
        if time.ticks_diff(at, self._scanned) >= FRESH_MS:
            self._scanned = at
            self._sensors.scan()

    def _tidy(self):
        # one thing at a time, with a scan of the sensors between two
        if self._worked_ms >= COLLECT_MS:
            self._worked_ms = 0
            gc.collect()
            return
        begun = time.ticks_ms()
        self._store.tidy()
        self._erase_ms = max(self._erase_ms, time.ticks_diff(time.ticks_ms(), begun))


def main():
    """Serve until something ends that; then motor off and reset."""
    stepper = Stepper(wiring.STEP, wiring.DIRECTION, wiring.ENABLE)
    try:
        Board(stepper).serve()
    finally:
        stepper.stop()
        stepper.enable(False)
        machine.reset()
