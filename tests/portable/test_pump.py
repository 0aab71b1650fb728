"""A whole pump, told everything in frames, on both interpreters: a day of therapy, a bolus, a stop, numbers by hand.

    micropython tests/portable/run.py test_pump

The ports here do the least a port may do. Random treatments and faults are in tests/test_pump_*.py, under CPython.
"""

import hashlib
import struct

from portable_client import BLOCK, Client

from pumpfw.core.config import Config
from pumpfw.core.ports import ABSENT, KEY_AREAS, Ports
from pumpfw.core.pump import Pump
from pumplink import device
from pumplink.frame import RSP, FrameReader

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NOT_MEASURED = (1 << 30) - 1
DAY = ((0, 480_000), (480, 960_000))  # until 08:00, from 08:00: 800 000 nL a day


class Motor:
    """Every packet is through when the next one is due. Keeps the first packets only: the heap is that of a Pico."""

    def __init__(self):
        self.steps = 0
        self.count = 0
        self.packets = []
        self.largest = 0
        self.enabled = False
        self.now_ms = 0

    def queue(self, steps, period_us):
        assert self.enabled
        self.steps += steps
        self.count += 1
        self.largest = max(self.largest, steps)
        if self.count <= 2:
            self.packets.append((self.now_ms, steps, period_us))

    def done(self):
        return self.steps & (1 << 30) - 1

    def stop(self):
        raise AssertionError("a fault stop")

    def enable(self, on):
        self.enabled = on


class Wire:
    def __init__(self):
        self.waiting = b""
        self.answers = []
        self.reader = FrameReader()

    def read_into(self, buf):
        count = min(len(buf), len(self.waiting))
        buf[:count] = self.waiting[:count]
        self.waiting = self.waiting[count:]
        return count

    def write(self, data):
        self.reader.feed(data, self.answers)


class Store:
    """What was appended, in RAM; a slot only, for the heap is that of a Pico."""

    def __init__(self):
        self.areas = {}

    def read(self, area, offset, count):
        return bytes(self.areas.get(area, b"")[offset : offset + count])

    def append(self, area, data, more=False):
        if area not in self.areas:
            self.areas[area] = bytearray()
        self.areas[area].extend(data)
        return True

    def erase(self, area):
        self.areas.pop(area, None)
        return True


class Silent:
    """Annunciator, watchdog, noise that is always zero, and sensors of which none is fitted."""

    def __init__(self):
        self.feeds = 0

    def read(self, channel):
        return ABSENT

    def changed(self):
        return False

    def watch(self, channel, low, high):
        pass

    def light(self, priority):
        pass

    def sound(self, priority):
        pass

    def feed(self):
        self.feeds += 1

    def fill(self, buf):
        pass


class Bench:
    def __init__(self):
        self.motor = Motor()
        self.wire = Wire()
        self.silent = Silent()
        store = Store()
        for area in KEY_AREAS:
            store.append(area, BLOCK)
        ports = Ports(self.motor, self.wire, self.silent, self.silent, self.silent, store, self.silent)
        self.pump = Pump(Config(), ports)
        self.client = Client(self.send)
        self.now_ms = 0
        self.order = 0
        self.polls = 0
        self.wake_ms = self.poll(0)

    def poll(self, now_ms):
        self.now_ms = self.motor.now_ms = now_ms
        self.polls += 1
        self.wake_ms = self.pump.poll(now_ms)
        return self.wake_ms

    def run_until(self, t_ms):
        while self.wake_ms <= t_ms:
            self.poll(self.wake_ms)
        self.now_ms = t_ms

    def ask(self, msg_id, *values):
        """(status, rest of the payload)."""
        return self.client.ask(msg_id, *values)

    def send(self, wire):
        """Body of the answer."""
        self.wire.waiting = wire
        self.poll(self.now_ms)
        (body,) = [body for body in self.wire.answers if body[0] & 15 == RSP]  # and no event
        self.wire.answers.clear()
        return body

    def prepare(self, message, *values):
        self.order += 1
        return self.ask(message, self.order, *values)

    def commit(self, message, *values):
        """Both phases; the status of the second, or of a refused first."""
        status, rest = self.prepare(message, *values)
        return status or self.ask(device.COMMIT, rest[:8], rest[-8:], 0)[0]

    def program(self, steps, day_total_nl):
        packed = b"".join([struct.pack("<HI", *step) for step in steps])
        assert self.ask(device.STAGE_BEGIN, self.order + 1, 0, 0x7F, len(steps), day_total_nl)[0] == 0
        assert self.ask(device.STAGE_STEPS, 0, len(steps), packed) == (0, bytes([len(steps)]))
        return self.commit(device.PREPARE_PROGRAM)

    def status(self):
        """(mode, flags, rate, delivered, remaining, lockout left, boluses left)."""
        status, rest = self.ask(device.STATUS)
        assert status == 0
        return struct.unpack_from("<BHIQIIB", rest, 0)


def running(fill_nl=18_000_000):
    bench = Bench()
    assert bench.commit(device.PREPARE_REFILL, NOT_MEASURED, fill_nl, b"saline\0\0", 1_000_000) == 0
    assert bench.commit(device.PREPARE_CLOCK, DAY_MS, 0, 0, 0) == 0
    assert bench.program(DAY, 800_000) == 0
    assert bench.commit(device.PREPARE_PATIENT_BOLUS, 20_000, 10 * MINUTE_MS, 2 * HOUR_MS, 2, 0, 0) == 0
    assert bench.commit(device.PREPARE_MODE, 2, 0, 0) == 0
    return bench


def request_bolus(bench, order=0):
    bench.order += 1
    return bench.ask(device.REQUEST_BOLUS, order or bench.order, bench.now_ms + 10_000)


def refusal(reply):
    status, rest = reply
    detail, info = struct.unpack("<HI", rest)
    return status, detail, info


def test_a_day_is_3712_steps():
    """Until 08:00 160 000 nL are 742.5 steps, one each 38.79 s; until 24:00 800 000 nL are 3 712.3, two at a time."""
    bench = running()
    bench.run_until(8 * HOUR_MS - 1)
    assert (bench.motor.steps, bench.motor.count, bench.motor.largest) == (742, 742, 1)
    # 215.5 nL at 480 000 nL/day take 38 790 ms
    assert bench.motor.packets == [(38_790, 1, 10_000), (77_580, 1, 10_000)]
    bench.run_until(DAY_MS)
    assert (bench.motor.steps, bench.motor.count, bench.motor.largest) == (3_712, 742 + 1_485, 2)
    assert bench.polls < 2_300, "no wake without a reason"
    assert bench.silent.feeds == bench.polls
    # delivered 799 936 nL; remaining 18 000 000 less as much
    assert bench.status() == (2, 15, 480_000, 799_936, 17_200_064, 0, 2)


def test_a_bolus_over_the_link():
    bench = running()
    bench.run_until(HOUR_MS)
    before = bench.motor.steps
    reply = request_bolus(bench)
    assert reply == (0, struct.pack("<III", bench.order, 20_000, 10 * MINUTE_MS))
    assert bench.motor.steps == before + 1, "its first step goes out at once"
    assert bench.status()[:3] == (4, 15, 480_000 + 2_880_000)
    assert refusal(request_bolus(bench)) == (device.BUSY, 0, bench.order - 1)
    bench.run_until(HOUR_MS + 10 * MINUTE_MS)
    assert bench.status()[:3] == (2, 15, 480_000)
    assert refusal(request_bolus(bench)) == (device.LOCKOUT, 0, 110 * MINUTE_MS)
    bench.run_until(2 * HOUR_MS)
    # 40 000 nL of basal rate and 20 000 of bolus are 278.4 steps
    assert bench.motor.steps == 278
    bench.run_until(3 * HOUR_MS)
    assert request_bolus(bench)[0] == 0
    bench.run_until(5 * HOUR_MS)
    assert refusal(request_bolus(bench)) == (device.MAX_COUNT, 0, 20 * HOUR_MS)


def test_the_same_order_or_the_same_frame_gives_one_bolus():
    bench = running()
    reply = request_bolus(bench)
    steps = bench.motor.steps
    for _ in range(3):
        assert bench.send(bench.client.wire)[10:-16] == b"\0" + reply[1]
    assert bench.motor.steps == steps
    bench.run_until(3 * HOUR_MS)
    assert refusal(request_bolus(bench, bench.order)) == (device.DUPLICATE_ORDER, 0, 4)


def test_stop_ends_everything_and_start_makes_nothing_up():
    bench = running()
    bench.run_until(HOUR_MS)
    order = request_bolus(bench)[1][:4]
    bench.run_until(HOUR_MS + 5 * MINUTE_MS)
    status, rest = bench.ask(device.STOP, device.STOP_CLINICIAN)
    assert (status, rest) == (0, b"\x01" + order + struct.pack("<I", 10_000))
    steps = bench.motor.steps
    bench.run_until(HOUR_MS * 5)
    assert bench.motor.steps == steps
    assert not bench.motor.enabled
    assert bench.status()[0] == 1
    assert refusal(request_bolus(bench)) == (device.STOPPED, 0, 1)
    assert bench.commit(device.PREPARE_MODE, 2, 0, 0) == 0
    bench.run_until(HOUR_MS * 6)
    # two hours and five minutes of 20 000 nL an hour and half a bolus: 51 666.7 nL are 239.8 steps
    assert bench.motor.steps == 239


def test_digest_of_the_active_program():
    bench = running()
    wanted = hashlib.sha256(b"\x7f\x02" + struct.pack("<HIHI", 0, 480_000, 480, 960_000)).digest()[:8]
    steps = struct.pack("<HIHI", 0, 480_000, 480, 960_000)
    assert bench.ask(device.GET_PROGRAM, 0, 0) == (0, b"\0\1\x7f\0\1" + wanted + steps)
    assert bench.ask(device.GET_PROGRAM, 0, 1) == (0, b"\0\1\x7f\1\1" + wanted)


def test_refusals_say_which_limit():
    bench = running()
    status, _ = bench.ask(device.STAGE_BEGIN, 99, 0, 0x7F, 1, 480_000)
    assert status == 0
    assert bench.ask(device.STAGE_STEPS, 0, 1, struct.pack("<HI", 0, 47_999))[0] == 0
    assert refusal(bench.ask(device.PREPARE_PROGRAM, 99)) == (device.HARD_LIMIT, device.LIMIT_RATE_MIN, 48_000)
    refill = (NOT_MEASURED, 20_000_001, b"saline\0\0", 1_000_000)
    assert refusal(bench.prepare(device.PREPARE_REFILL, *refill)) == (21, device.LIMIT_CAPACITY, 20_000_000)
    settings = (20_000, HOUR_MS, 10 * MINUTE_MS, 2, 0, 0)
    assert refusal(bench.prepare(device.PREPARE_PATIENT_BOLUS, *settings)) == (21, device.LIMIT_LOCKOUT, HOUR_MS)
    settings = (999, HOUR_MS, HOUR_MS, 2, 0, 0)
    assert refusal(bench.prepare(device.PREPARE_PATIENT_BOLUS, *settings)) == (device.BAD_FIELD, 1, 1_000)
    assert refusal(bench.prepare(device.PREPARE_MODE, 2, 0, 0)) == (device.WRONG_MODE, 0, 2)
