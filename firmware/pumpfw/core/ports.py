"""The ports of the core: what a board must provide. Described once; duck-typed at run time.

`Clock.ticks_ms() -> int`            milliseconds, wrapping at 2^30; never read by the core itself, the board's loop
                                    extends it with `Timebase` and hands pump time to `Pump.poll`
`Motor.queue(steps, period_us)`     emit exactly `steps` full steps, one each `period_us`, then starve; never called
                                    while a packet is in hand
`Motor.done() -> int`               full steps emitted since boot, modulo 2^30
`Motor.stop()`                      end the packet in hand now; its remaining steps are lost
`Motor.enable(on)`                  a separate line: pulses without it move nothing
`Link.read_into(buf) -> int`        bytes put into `buf`, 0 if none wait; never blocks
`Link.write(data)`                  never blocks; what the host does not read may be dropped; `data` is lent, not given
`Annunciator.light(pattern)`         shown until changed: 0 dark, 1 steady, 2 yellow 0.5 Hz, 3 red 2 Hz
`Annunciator.sound(pattern)`         one burst, the core repeats it: 1 one tone, 1 s, 2 two tones, 3 s; 0 ends it
`Sensors.read(channel) -> int`       the reading in the unit of `pumplink.codes.SENSORS`, or ABSENT if none is fitted
`Sensors.changed() -> bool`         False if no reading but rotor and second clock can have changed since the last call
`Sensors.watch(channel, low, high)`  wake the core at once when the reading is below low or above high
`Store.read(area, offset, count)`    bytes or a bytearray, fewer at the end of what was written
`Store.append(area, data, more=False) -> bool`   durable when it returns True; with `more` only when a later call
                                    without it has returned True: a board may gather what belongs together
`Store.erase(area) -> bool`          the area is empty when it returns True, durably with the next append to it
`Noise.fill(buf)`                    random bytes, as good as the board has them; keys never come from here
`Watchdog.restart()`                reset the processor once this wake is over
`Watchdog.feed()`                   called at one place, after control, supervisor and journal have reported progress

Store areas: two state slots, the segments of the event ring, those of the fault ring, two copies of keys and limits.
"""

ABSENT = -(1 << 29)  # small on every interpreter
SLOTS = (0, 1)
EVENT_AREA, EVENT_SEGMENTS = 2, 21
FAULT_AREA, FAULT_SEGMENTS = 23, 5
KEY_AREAS = (28, 29)
SEGMENT_RECORDS = 256  # one segment is erased at a time: 20 full ones hold 5 120 events, 4 hold 1 024 faults


class Ports:
    """The port objects of one board."""

    __slots__ = ("motor", "link", "annunciator", "watchdog", "sensors", "store", "noise")

    def __init__(self, motor, link, annunciator, watchdog, sensors, store, noise):
        self.motor = motor
        self.link = link
        self.annunciator = annunciator
        self.watchdog = watchdog
        self.sensors = sensors
        self.store = store
        self.noise = noise
