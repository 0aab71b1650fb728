"""The ports of the core: what a board must provide. Described once; duck-typed at run time.

`Clock.ticks_ms() -> int`            milliseconds, wrapping at 2^30; never read by the core itself, the board's loop
                                    extends it with `Timebase` and hands pump time to `Pump.poll`
`Motor.queue(steps, period_us)`     emit exactly `steps` full steps, one each `period_us`, then starve; never called
                                    while a packet is in hand
`Motor.done() -> int`               full steps emitted since boot, modulo 2^30
`Motor.stop()`                      end the packet in hand now; its remaining steps are lost
`Motor.enable(on)`                  a separate line: pulses without it move nothing
`Link.read_into(buf) -> int`        bytes put into `buf`, 0 if none wait; never blocks
`Link.write(data)`                  never blocks; what the host does not read may be dropped
`Annunciator.light(priority)`       0 none, 1 low, 2 medium, 3 high
`Annunciator.sound(priority)`       the same
`Watchdog.feed()`                   called once per poll, after everything due has been done

Sensors and store join with supervision and the durable journal.
"""


class Ports:
    """The port objects of one board."""

    __slots__ = ("motor", "link", "annunciator", "watchdog")

    def __init__(self, motor, link, annunciator, watchdog):
        self.motor = motor
        self.link = link
        self.annunciator = annunciator
        self.watchdog = watchdog
