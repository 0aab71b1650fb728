"""A pump without faults, limits or firmware: it hands out what the reference pump orders, in packets of 30 s.

    flow = IdealFlow(model, judge)
    flow.run_until(t_ms)

For tests of the model and the judge by themselves. It denies nothing and withholds nothing.
"""

from __future__ import annotations

from pump_judge import Judge
from pump_model import Model

PACKET_MS = 30_000


class IdealFlow:
    def __init__(self, model: Model, judge: Judge) -> None:
        self.model, self.judge = model, judge

    def run_until(self, t_ms: int) -> None:
        model = self.model
        while model.now_ms < t_ms:
            model.advance(min(t_ms, model.now_ms + PACKET_MS))
            steps = int((model.may_nl - model.moved_nl) / model.step_nl())
            if steps and model.mode not in ("stopped", "fault"):
                model.packet(model.now_ms, steps)
                self.judge.packet(model.now_ms, steps, model.nl_per_rev, model.mode == "prime")
