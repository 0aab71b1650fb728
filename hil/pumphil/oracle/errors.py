"""What the judge says when a fact cannot be true, or when no verdict may be given.

    raise JudgeError("empty reported at 5 ms, possible from 100 ms to 300 ms; look at the reservoir ledger")

Wrong use of the oracle itself (times out of order, a schedule with a gap) is a ValueError, not this.
"""


class JudgeError(Exception):
    """A reported fact contradicts the prescription, or the prescription does not say what should happen."""


def checked_ms(t_ms: int, what: str) -> int:
    """`t_ms` if it is a whole number of milliseconds, 0 or later; ValueError naming `what` otherwise."""
    if type(t_ms) is not int or t_ms < 0:
        raise ValueError(
            f"{what}: time {t_ms!r} is not a whole number of milliseconds from 0 on; give pump time as int"
        )
    return t_ms
