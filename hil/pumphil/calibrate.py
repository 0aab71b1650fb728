"""Calibration of the pump head of a rig: prime, then runs of whole turns, each weighed; the work behind `calibrate`.

    run = Calibrator("my-bench.toml"); run.prime(300_000); run.turns(6); run.result("B04", 22.0, now)

Turns are those of the step pulses on the rig's record (of a bench: what the probe saw), not of the pump's account.
Whole turns, so that the roller's phase falls out. Deliberately not here: what the numbers become, that is metrology.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from pumphil.instruments import Reading
from pumphil.metrology.calibration import Calibration, CalibrationError, Conditions, Run, evaluate, read, write
from pumphil.rigs import RigBroken, open_rig
from pumphost.programmer import Programmer
from pumplink import codes

__all__ = ["Calibration", "CalibrationError", "Calibrator", "Conditions", "Run", "evaluate", "read", "write"]
DRUG, CONCENTRATION_NG_PER_ML = "water", 1_000_000  # what a pump must be told of its fill
LOOK_S = 5.0
SETTLE_S = 120.0
DAY_S = 86_400


class Calibrator:
    """A rig that is being calibrated: `with Calibrator(...) as run`. Raises RigBroken, PumpError, CalibrationError."""

    def __init__(self, rig: str, *, seed: int = 0, tell: Callable[[str], None] = lambda words: None) -> None:
        self._tell = tell
        self.rig = open_rig(rig, seed=seed)
        try:
            self._pump = Programmer(self.rig.transport(), keys=lambda uid: self.rig.keys)
            self._pump.refill(
                self._pump.limits().reservoir_nl, DRUG, CONCENTRATION_NG_PER_ML, accept_warnings=True
            )  # fmt: skip
            self.limits = self._pump.limits()
        except BaseException:
            self.rig.close()
            raise
        self.runs: list[Run] = []

    def __enter__(self) -> Calibrator:
        return self

    def __exit__(self, *_: object) -> None:
        self.rig.close()

    def seconds_for(self, revolutions: float) -> float:
        """What so many turns take at the ceiling of the flow, s."""
        return revolutions * self.limits.nl_per_rev / self.limits.rate_max_nl_per_day * DAY_S

    def prime(self, volume_nl: int) -> None:
        """Fill the path with water; nothing is weighed."""
        self._deliver(volume_nl)

    def turns(self, revolutions: int) -> Run:
        """One run: so many turns, weighed before and after."""
        volume_nl = revolutions * self.limits.nl_per_rev
        if volume_nl > self.limits.prime_max_nl:
            most = self.limits.prime_max_nl // self.limits.nl_per_rev
            raise CalibrationError(
                f"calibration refused: {revolutions} turns are more than this pump primes at once; {most} at most"
            )
        begun = self._weigh()
        steps_before = self.rig.plant.steps_done(self.rig.now_us)
        self._deliver(volume_nl)
        ended = self._weigh()
        steps = self.rig.plant.steps_done(self.rig.now_us) - steps_before
        wanted = revolutions * self.limits.steps_per_rev
        if abs(steps - wanted) > 1:
            raise RigBroken(
                f"calibration stopped: {steps} steps were seen for {revolutions} turns, which are {wanted}; a fault of "
                "the pump or of the probe: run pumpbench doctor"
            )
        run = Run(
            revolutions=steps / self.limits.steps_per_rev,
            gain_mg=float((ended.value - begun.value) * 1000),
            hours=(ended.t_us - begun.t_us) / 3.6e9,
        )
        self.runs.append(run)
        return run

    def result(self, tube: str, temperature_c: float | None, date: datetime) -> Calibration:
        """What the runs say. Balance, evaporation and, without another one, temperature are those of the rig."""
        weighing = self.rig.options.balance
        conditions = Conditions(
            tube=tube, date=date, temperature_c=weighing.temperature_c if temperature_c is None else temperature_c,
            pressure_hpa=weighing.pressure_hpa, humidity_percent=weighing.humidity_percent,
            readability_mg=weighing.readability_mg, repeatability_mg=weighing.repeatability_mg,
            evaporation_mg_per_h=weighing.evaporation_mg_per_h,
            evaporation_uncertainty=weighing.evaporation_uncertainty,
        )  # fmt: skip
        return evaluate(self.runs, conditions)

    def _deliver(self, volume_nl: int) -> None:
        """Ends when 1 the pump has stopped by itself 2 it takes twice its time: RigBroken, and it is stopped 3 Ctrl-C:
        closing the rig stops it."""
        self._pump.prime(volume_nl, accept_warnings=True)
        seconds = volume_nl / self.limits.rate_max_nl_per_day * DAY_S
        until_us = self.rig.now_us + round((2 * seconds + 60) * 1_000_000)
        while (status := self._pump.status()).mode != codes.STOP_MODE:
            if self.rig.now_us > until_us:
                self._pump.stop()
                raise RigBroken(
                    f"calibration stopped: the pump is still in mode {status.mode_name}; see pumpbench alarms"
                )
            self.rig.run_for(seconds=LOOK_S)
        if status.alarms:
            self._tell(f"the pump shows: {', '.join(status.alarms)}")

    def _weigh(self) -> Reading:
        """A settled reading, and what came between two of them is in one of the two."""
        until_us = self.rig.now_us + round(SETTLE_S * 1_000_000)
        while True:
            self.rig.run_for(seconds=LOOK_S)
            reading = self.rig.balance.read(self.rig.now_us)
            if reading.stable:
                return reading
            if self.rig.now_us > until_us:
                raise CalibrationError(
                    f"calibration stopped: the balance did not settle within {SETTLE_S:.0f} s; keep draughts and "
                    "vibration away, let nothing touch the pan"
                )


def masses(text: str) -> Sequence[float]:
    """Gains in mg from a list such as 516.2,515.9,516.4. CalibrationError: a word that is no number."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise CalibrationError(
            f"masses {text!r} cannot be read: write gains in mg with commas, 516.2,515.9,516.4"
        ) from None
