"""Port `Watchdog`, and what is told across a reset: a word in a register that only a power cut clears.

The dog of this chip cannot be called off once it runs. While the pump starts, and nothing can move yet, it waits
longer: reading a full journal and its sectors takes 3.5 s (decision 0015).
"""

from machine import WDT, mem32

TIMEOUT_MS = 2_000
START_MS = 8_300  # the longest that it can (RP2040-E1)
_SCRATCH = 0x4005800C  # SCRATCH0: the boot code uses 4 to 7, nobody 0 to 3 (RP2040 datasheet, 4.7.6)
STAY = 0x504D4255  # at the next start stay in the prompt, with the motor off


class Watchdog:
    """`restarting` is looked at after each wake. To be armed before the first one, and so before the first step."""

    def __init__(self):
        self._dog = WDT(timeout=START_MS)
        self.restarting = False

    def arm(self):
        """From now on it waits no longer than PWR-03 allows."""
        self._dog = WDT(timeout=TIMEOUT_MS)

    def feed(self):
        self._dog.feed()

    def restart(self):
        self.restarting = True


def leave_word(word):
    """For the start after the next reset; 0: nothing."""
    mem32[_SCRATCH] = word
