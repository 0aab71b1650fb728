"""A whole bench without hardware: the pump's firmware (rig `sim`), the probe's firmware, a balance, one virtual clock.

    rig = BenchRig(seed=0, options=options(), devices=World())

The pulses on the probe's pin are those of the pump's motor port, one period apart; buttons that the probe plays reach
the pump's inputs; its reset and power lines end and start the pump. Time passes when somebody waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from probe_chip import ProbeBoard

from pumpfw.core.config import Config
from pumpfw.core.ports import KEY_AREAS
from pumphil.instruments import Balance, Reading
from pumphil.instruments.probe import Probe
from pumphil.rigs.bench.options import BenchOptions
from pumphil.rigs.contract import RigMissing
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphost.keyring import Keyring
from pumphost.transport import Transport
from pumplink import codes

PERIOD_US = Config().step_period_us
BEFORE_US = 7_654_321  # the probe is on for so long when the pump starts
SYNC, STEP, ENABLE, RED, YELLOW, BUZZER = 22, 2, 4, 20, 21, 12
LAMP_US = 50_000
INPUTS = {14: codes.SENSE_BUTTON, 15: codes.SENSE_STOP, 18: codes.SENSE_JUMPER, 19: codes.SENSE_PRESENCE}
RESET, POWER, COVER = 10, 16, 17


def options(**chosen: object) -> BenchOptions:
    """Of a bench whose devices are in the world already."""
    return BenchOptions(pump="pump", probe="probe", scale={}, firmware="any", **{"erase": True, **chosen})  # type: ignore[arg-type]


class WorldBalance:
    """The balance of the simulated pump, which shows now, as a real one does."""

    name, unit = "balance", "g"

    def __init__(self, balance: Balance, now_us: Callable[[], int]) -> None:
        self._balance = balance
        self._now_us = now_us
        self.parameters = balance.parameters
        self.volume_nl = balance.volume_nl

    def read(self, t_us: int | None = None, *, stable: bool = False) -> Reading:
        return self._balance.read(self._now_us())

    def tare(self) -> None: ...

    def identify(self) -> dict[str, str]:
        return {"kind": "balance", "maker": "simulated"}

    def close(self) -> None: ...


class World:
    """`Devices` of pumphil.rigs.bench. `wrong`: words that say what is broken here (see the code)."""

    def __init__(self, seed: int = 0, *wrong: str, plant: RigOptions | None = None) -> None:
        self.sim = SimRig(seed, plant or RigOptions())
        self.wrong = wrong
        self.board = ProbeBoard()
        self.probe = Probe(self, answer_s=0.01)
        self.closed = False
        self._made = 0
        self._pulses: deque[int] = deque()
        self._seen = 0
        self._shown_us = BEFORE_US
        self._traced = 0
        self._changes: list[tuple[int, int, int]] = []
        self._origin_us = BEFORE_US  # the probe's time at the sim's time 0
        self._answers = b""
        self.board.chip.changed = self._driven
        self._running = True
        self.board.at_us(BEFORE_US)
        self.board.chip.set(SYNC, 1)
        self.sim.run_for(seconds=3)

    # -- time

    def now_s(self) -> float:
        return self.sim.now_us / 1_000_000

    def sleep(self, seconds: float) -> None:
        self.sim.run_until(self.sim.now_us + round(seconds * 1_000_000))

    # -- probe: a line to its firmware, brought up to now before it answers

    def write(self, data: bytes) -> None:
        if "silent probe" in self.wrong:
            return
        self._catch_up()
        for line in data.splitlines():
            self._answers += self.board.answer(line)

    def read(self, timeout_s: float) -> bytes:
        data, self._answers = self._answers, b""
        return data

    def _catch_up(self) -> None:
        sim, chip = self.sim, self.board.chip
        for t_ms, steps in sim.packets[self._seen :]:
            begun_us = t_ms * 1_000 + self._origin_us + self._late_us(t_ms)
            self._pulses += [begun_us + PERIOD_US * (n + 1) for n in range(steps)]
        self._seen = len(sim.packets)
        now_us = sim.now_us + self._origin_us
        events = self._signals(now_us)
        while self._pulses and self._pulses[0] + 16 <= now_us:
            t_us = self._pulses.popleft()
            self._made += 1
            if "every tenth pulse is lost" not in self.wrong or self._made % 10:
                events.append((t_us, STEP, 2))
        for t_us, pin, level in sorted(events):
            self.board.at_us(max(t_us - 1, chip.now_us))
            if level == 2:
                self.board.pulse(max(t_us, chip.now_us), pin)
            else:
                chip.now_us = max(t_us, chip.now_us)
                chip.set(pin, level)
            self.board.loop()
        self.board.at_us(max(now_us, chip.now_us))
        enabled = sim.plant.enabled
        if chip.level(ENABLE) == enabled:
            chip.set(ENABLE, int(not enabled))

    def _late_us(self, t_ms: int) -> int:
        if "wakes are 90 ms late and the clock 100 ppm slow" in self.wrong:
            return 90_000 + t_ms // 10
        return 150_000 if "wakes are 150 ms late" in self.wrong else 0

    def _signals(self, now_us: int) -> list[tuple[int, int, int]]:
        """(us, pin, level) of the lamps and (us, BUZZER, 2) of each oscillation, as `Annunciator` makes them.

        Of a long time only the last seconds: what a lamp did before is of no use to anybody who looks now.
        """
        since_us, self._shown_us = max(self._shown_us, now_us - 3_000_000), now_us
        for t_ms, kind, words in self.sim.trace[self._traced :]:
            if kind == "signal":
                light, sound = (int(word) for word in words.split()[1::2])
                self._changes.append((t_ms * 1_000 + self._origin_us, light, sound))
        self._traced = len(self.sim.trace)
        events: list[tuple[int, int, int]] = []
        changes = self._changes
        if not changes or (changes[-1][0] < since_us - 3_000_000 and not changes[-1][1]):
            return events
        for t_us in range(since_us - since_us % LAMP_US + LAMP_US, now_us + 1, LAMP_US):
            light = next((light for at_us, light, _ in reversed(changes) if at_us <= t_us), 0)
            red = light == 3 and t_us // 250_000 % 2 == 0
            yellow = light == 1 or (light == 2 and t_us // 1_000_000 % 2 == 0)
            events += [(t_us, RED, int(red)), (t_us, YELLOW, int(yellow))]
        for at_us, _, sound in changes:
            played_us = (0, 1_000_000, 3_000_000)[sound]
            t_us = at_us
            while sound and t_us < min(at_us + played_us, now_us):
                low = sound == 2 and (t_us - at_us) // 250_000 % 2
                if t_us > since_us:
                    events.append((t_us, BUZZER, 2))
                t_us += 556 if low else 417
        return events

    def _driven(self, pin: int) -> None:
        """The probe has driven a pin, or let go of it."""
        level = self.board.chip.driven[pin]
        if pin in INPUTS and self.sim.powered:
            self.sim.set_input(INPUTS[pin], int(level == 0))
        elif pin == COVER and self.sim.powered:
            self.sim.set_input(codes.SENSE_COVER, int(level is None))
        elif pin in (RESET, POWER):
            self._run(level != 0)

    def _run(self, on: bool) -> None:
        """Reset and power: one way or the other the pump runs, or does not."""
        if on and not self._running and "pump stays dead" not in self.wrong:
            self._pulses.clear()
            self.sim.power_on()
            self.board.at_us(self.sim.now_us + self._origin_us)
            self.board.chip.set(SYNC, 1)
        elif not on and self._running:
            self.sim.power_cut()
            self.board.chip.set(SYNC, 0)
        self._running = self.sim.powered

    # -- the rest

    def pump(self) -> Transport:
        return self.sim.transport()

    def keys(self, uid: bytes) -> Keyring:
        if "no keys" in self.wrong:
            raise RigMissing(f"bench: no keys of pump {uid.hex()} on this computer")
        return self.sim.keys

    def check_firmware(self, digest: bytes) -> None: ...

    def erase(self) -> None:
        self._run(False)
        for area in set(self.sim.store.areas) - set(KEY_AREAS):
            del self.sim.store.areas[area]
        self._run(True)

    def balance(self, clock_us: Callable[[], int]) -> WorldBalance | None:
        return None if "no balance" in self.wrong else WorldBalance(self.sim.balance, lambda: self.sim.now_us)

    def close(self) -> None:
        self.closed = True
        self.sim.close()
