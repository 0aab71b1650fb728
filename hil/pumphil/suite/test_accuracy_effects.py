"""One effect of the plant after the other: each has a measurement that bears its name."""

from __future__ import annotations

import pytest

from pumphil.hil_record import HilRecord
from pumphil.suite.rungs import climb
from pumphil.treatment import Treatment


@pytest.mark.requirement("FLOW-02")
@pytest.mark.needs("plant-senses")
def test_accuracy_no_effect_of_the_plant(treatment: Treatment, record: HilRecord) -> None:
    """Condition: a pump that nobody has programmed. Action: a day of rest, 10 h at the ceiling. Then rung by rung."""
    rejected = []
    for rung in climb(treatment):
        try:
            record.expect(rung.name, rung.unit, error=rung.error, limit=rung.limit, uncertainty=rung.u)
        except AssertionError as said:
            rejected.append(str(said))
    if rejected:
        raise AssertionError("\n".join(rejected))
