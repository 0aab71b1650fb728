"""What only a processor with pins can show: what they do before its firmware runs."""

from __future__ import annotations

from typing import Any

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import Answers, judge_answers
from pumphil.treatment import Treatment


@pytest.mark.requirement("PWR-01", "PWR-02")
@pytest.mark.short
@pytest.mark.needs("chip", "start-pins", "power-cuts")
def test_chip_driver_is_off_until_the_self_test_has_passed(treatment: Treatment, record: HilRecord) -> None:
    """Condition: it delivers. Action: power off and on, as in a start. Then step and enable until the first wake."""
    faults.running(treatment, "20 mL/day", bolus=False)
    rig: Any = treatment.rig  # one that has pins
    seen: Answers = {"at the first power-on": rig.start_pins}
    rig.power_cut()
    rig.power_on(1_000_000)
    seen["after a power cut"] = rig.start_pins
    judge_answers(record, "pulses, and whether enable was on", seen, dict.fromkeys(seen, (0, False)))
    record.expect("power-on to the first wake", "ms", error=rig.boot_us / 1_000, limit=10_000)
