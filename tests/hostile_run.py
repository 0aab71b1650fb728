"""At most once under a hostile link: a user with the real programmer, a real pump, and all in between goes wrong.

    python tests/hostile_run.py --orders 100000 --seed 1        # progress and result; exit code 1 if anything was wrong

Every episode is a pump of its own, prepared and put on the hostile line of hostile_world.py; its user asks for boluses,
settings, programs, refills, stops and starts, and does what the programmer tells him: when an outcome is unknown, he
settles it, again and again until the pump answers. What became of each order is judged by hostile_judge.py.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hostile_world import BOLUS_NL, DURATION_MS, LOCKOUT_MS, MAX_24H, TROUBLE, Trouble, World, keys_of
from pump_driver import AMPLE_NL, DAY_MS, MINUTE_MS, SECOND_MS

from pumphost.errors import NoAnswer, OutcomeUnknown, PumpError, Refused
from pumphost.handshake import OtherPump
from pumphost.keyring import KeyMissing
from pumphost.programmer import Programmer
from pumphost.reading import ReadBackDiffers
from pumphost.therapy import PatientBolus, Step, Therapy
from pumphost.two_phase import DigestDiffers
from pumplink import codes

EPISODE = 60  # wishes of one user
PATIENCE = 60  # times that he asks what became of an order
SEVERITIES = (0.5, 1.0, 2.0, 3.0)  # of the lines, one after the other
DRUG = "saline"
PARTS = ("refill", "patient bolus", "program")
WISHES = {
    "clinician bolus": 34, "patient bolus": 22, "settings": 12, "refill": 12, "stop": 7, "clock": 4, "abort": 6,
    "program": 3,
}  # fmt: skip
UNSENT = (NoAnswer, KeyMissing, OtherPump)


class User:
    """One person with a programmer. `counts`: how his wishes ended."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = random.Random(f"user {seed}")
        self.pump = Programmer(world.transport, keys=keys_of, rng=random.Random(f"programmer {seed}"))
        self.counts: Counter[str] = Counter()
        self.drawn: list[int] = []
        new_order = self.pump._phases.new_order

        def noted() -> int:
            self.drawn.append(new_order())
            return self.drawn[-1]

        self.pump._phases.new_order = noted  # type: ignore[method-assign]

    @property
    def orders(self) -> int:
        """Order ids that were drawn, and stops."""
        return len(self.drawn) + self.counts["stop"]

    # -- one wish ---------------------------------------------------------------------------------

    def attempt(self, kind: str, act: Callable[[], object]) -> bool:
        """Do it, and tell the judge what the programmer says; True if it happened."""
        drawn, losses = len(self.drawn), self._losses()
        self.counts[kind] += 1
        happened = False
        try:
            act()
            happened = True
            for order in self.drawn[drawn:]:
                self._claim(order, True, losses)
        except ReadBackDiffers:  # committed, but the status after it could not be read
            happened = True
            self.counts["not read back"] += 1
        except Refused as refusal:
            self.counts[f"refused: {refusal.name}"] += 1
            # of several orders, if a part of them was refused and not a question in between
            if len(self.drawn) > drawn and (kind != "program" or refusal.action in PARTS):
                self._claim(self.drawn[-1], False, losses)
        except UNSENT as error:
            self.counts[f"not sent: {type(error).__name__}"] += 1
            if len(self.drawn) > drawn and kind != "program":  # several orders, of which some may have been sent
                self._claim(self.drawn[-1], False, losses)
        except OutcomeUnknown:
            self.counts["unknown"] += 1
            happened = self._settle(losses)
        except DigestDiffers as error:
            self._claim(error.order, False, losses)
        except PumpError as error:
            self.world.judge.wrong.append(f"{kind}: the programmer gave up: {error}")
        return happened

    def _losses(self) -> int:
        return self.world.bench.boots

    def _claim(self, order: int, happened: bool, losses: int) -> None:
        self.world.judge.claim(order, happened, power_lost=self._losses() != losses)

    def _settle(self, losses: int) -> bool:
        """Ask until the pump answers; True if it acted on it."""
        session = self.pump.session
        assert session.unsettled
        asked = session.unsettled
        for tries in range(PATIENCE):
            try:
                outcome = self.pump.settle()
            except (Refused, *UNSENT):
                self.counts["settle again"] += 1
                self.world.wait(min(MINUTE_MS, SECOND_MS << tries))
                continue
            assert outcome
            self.counts[f"settled: {asked.message.name} {outcome.happened}"] += 1
            if asked.message.name == "ABORT_BOLUS":
                return bool(outcome.happened)
            if asked.order and outcome.happened is None:
                self.world.judge.wrong.append(f"order {asked.order} was never settled: {outcome.sentence}")
            elif asked.order:
                self._claim(asked.order, bool(outcome.happened), losses)
            return bool(outcome.happened)
        self.world.judge.wrong.append(f"order {asked.order} ({asked.message.name}): no answer in {PATIENCE} tries")
        session.unsettled = None
        return False

    # -- wishes -----------------------------------------------------------------------------------

    def wish(self) -> None:
        """One wish, and what a careful person does after it."""
        kind = self.rng.choices([*WISHES], [*WISHES.values()])[0]
        getattr(self, "_" + kind.replace(" ", "_"))()

    def _clinician_bolus(self) -> None:
        volume_nl = self.rng.choice(BOLUS_NL)
        self._bolus("clinician bolus", lambda: self.pump.clinician_bolus(volume_nl, DURATION_MS, accept_warnings=True))

    def _patient_bolus(self) -> None:
        if self.rng.random() < 0.8:
            self.world.wait(LOCKOUT_MS)
        self._bolus("patient bolus", lambda: self.pump.bolus())

    def _bolus(self, kind: str, act: Callable[[], object]) -> None:
        drawn = len(self.drawn)
        if not self.attempt(kind, act):
            self._look_after()
            return
        order = self.drawn[drawn]
        what = self.rng.random()
        if what < 0.06:
            self.world.wait(self.rng.randrange(DURATION_MS))
            self._stop()
        elif what < 0.12:
            self.world.wait(self.rng.randrange(DURATION_MS))
            self.attempt("abort", lambda: self.pump.abort_bolus(order))
        if what < 0.9:
            self.world.wait(DURATION_MS + SECOND_MS)
            self._read_back(order)

    def _read_back(self, order: int) -> None:
        try:
            told = self.pump.order(order)
        except (Refused, *UNSENT):
            return
        if told.state == codes.RUNNING:  # something held the start of the wait back
            self.world.wait(DURATION_MS)
            return
        self.world.judge.outcome(order, told.state, told.delivered_nl)

    def _abort(self) -> None:
        self.attempt("abort", self.pump.abort_bolus)

    def _settings(self) -> None:
        bolus = self._wanted_bolus()
        self.attempt("settings", lambda: self.pump.set_patient_bolus(bolus, accept_warnings=True))

    def _wanted_bolus(self) -> PatientBolus:
        return PatientBolus(self.rng.choice(BOLUS_NL), DURATION_MS, LOCKOUT_MS, MAX_24H)

    def _refill(self) -> None:
        volume_nl = AMPLE_NL - self.rng.randrange(1_000)
        self.attempt("refill", lambda: self.pump.refill(volume_nl, DRUG, 1_000_000, accept_warnings=True))

    def _clock(self) -> None:
        unix_ms = DAY_MS + self.rng.randrange(DAY_MS)
        self.attempt("clock", lambda: self.pump.set_clock(unix_ms, 0, accept_warnings=True))

    def _stop(self) -> None:
        before = self.world.judge.stops
        if self.attempt("stop", self.pump.stop) and self.world.judge.stops == before:
            self.world.judge.wrong.append("a stop was said to have happened, and there is no record of one")
        self._look_after()

    def _program(self) -> None:
        steps = (Step(0, 0), Step(self.rng.randrange(1, 1_440), 0))
        therapy = Therapy(AMPLE_NL, AMPLE_NL, DRUG, 1_000_000, "day", steps, self._wanted_bolus())
        self.attempt("program", lambda: self.pump.program(therapy, accept_warnings=True))

    def _look_after(self) -> None:
        """Acknowledge what is latched, set the clock and start, if the pump asks for it."""
        try:
            status = self.pump.status()
        except (Refused, *UNSENT):
            return
        for code in status.alarm_codes:
            if code != codes.ALARM_CLOCK:
                self.attempt("acknowledge", lambda code=code: self.pump.acknowledge(code))  # type: ignore[misc]
        if not status.clock_trusted:
            self._clock()
        if status.mode in (codes.STOP_MODE, codes.FAULT):
            self.world.wait(10 * MINUTE_MS)  # three restarts or four resets within that stay stopped
            self.attempt("start", lambda: self.pump.start(accept_warnings=True))


@dataclass
class Result:
    """Of one or several episodes."""

    orders: int = 0
    episodes: int = 0
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, world: World, user: User) -> None:
        self.orders += user.orders
        self.episodes += 1
        self.wrong += [f"episode {seed}: {sentence}" for sentence in world.judge.wrong]
        for counts in (user.counts, world.counts, world.judge.counts):
            self.counts += counts
        for name, way in (("to pump", world.line.to_pump), ("to host", world.line.to_host)):
            self.counts += Counter({f"{kind} {name}": count for kind, count in way.counts.items()})


def episode(seed: int, severity: float, trouble: Trouble = TROUBLE, wishes: int = EPISODE) -> tuple[World, User]:
    """One pump, one user, one line."""
    world = World(seed, severity, trouble)
    user = User(world, seed)
    user._look_after()
    for _ in range(wishes):
        user.wish()
    for chunk in world.line.to_pump.flush():  # whatever is still on its way arrives at last
        world.transport.pump_end.write(chunk)
    world.wait(2 * DURATION_MS)
    world.judge.end()
    return world, user


def run(orders: int, seed: int, report: Callable[[Result], None] = lambda result: None) -> Result:
    """Episodes until so many orders were asked for."""
    result = Result()
    while result.orders < orders:
        number = seed + result.episodes
        result.add(number, *episode(number, SEVERITIES[number % len(SEVERITIES)]))
        report(result)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()

    def report(result: Result) -> None:
        if result.episodes % 100 == 0:
            took = time.perf_counter() - start
            print(f"{result.orders} orders, {result.orders / took:.0f} a second, {len(result.wrong)} wrong", flush=True)

    result = run(options.orders, options.seed, report)
    took = time.perf_counter() - start
    for name, count in sorted(result.counts.items()):
        print(f"{count:9} {name}")
    print("\n".join(result.wrong[:20]))
    print(
        f"{result.orders} orders, {result.episodes} episodes, {took:.0f} s, {result.orders / took:.0f} orders a second"
    )
    print(f"wrong: {len(result.wrong)}")
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main())
