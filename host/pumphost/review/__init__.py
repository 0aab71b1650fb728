"""Side by side: what a pump has, and what a therapy would make of it, before anything is sent (HMI-01, HMI-03).

    review = compare(read_running(pump), therapy)
    review.rows, review.large, review.warnings, review.problems

`running` is one reading of a pump, `compare` sets the rows beside each other, `segments` cuts days into pieces of
constant rate. Plain data: it prints nothing, sends nothing that acts, and what a person
answers is the caller's affair.
"""

from pumphost.review.compare import compare
from pumphost.review.rows import Review, Row
from pumphost.review.running import Running, read_running
from pumphost.review.segments import Segment, segments

__all__ = ["Review", "Row", "Running", "Segment", "compare", "read_running", "segments"]
