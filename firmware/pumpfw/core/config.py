"""Numbers of the pump that a program cannot change: geometry, calibration, limits.

    config = Config(reservoir_nl=20_000_000)

Reported by GET_LIMITS; kept in RAM here, provisioning comes with the authenticated link.
"""

from pumplink.device import RATE_MAX_NL_PER_DAY, RATE_MIN_NL_PER_DAY

PROGRAM_STEPS_MAX = 48
PACKET_INTERVAL_MS = 30_000  # a packet holds this much of the commanded rate: what a crash can add
PACKET_MAX_NL = 10_000  # and never more than this (FLOW-03)
LATE_MS = 100  # a deadline missed by more is an overrun (TIME-09)
OVERRUNS_MAX = 3
IDLE_WAKE_MS = 3_600_000  # far below half a wrap of the tick counter, so no wrap is missed
TICKET_LIFE_MS = 30_000
FRESH_MS = 30_000  # valid_until may lie this far ahead
REVISION = 1  # of these limits
FIRMWARE_VERSION = b"\x00\x01\x00"  # major, minor, patch


class Config:
    """Geometry in full steps and nL, thresholds in nL, step period in µs."""

    __slots__ = (
        "reservoir_nl", "low_nl", "empty_nl", "nl_per_rev", "steps_per_rev", "step_period_us",
        "packet_max_steps", "time_scale", "uid", "fw_digest", "model",
        "rate_min", "rate_max",
    )  # fmt: skip

    def __init__(
        self, reservoir_nl=20_000_000, nl_per_rev=43_100, steps_per_rev=200, fw_digest=b"\0" * 8, uid=b"\0" * 8
    ):
        self.reservoir_nl = reservoir_nl
        self.low_nl = 3_000_000
        self.empty_nl = 500_000
        self.nl_per_rev = nl_per_rev
        self.steps_per_rev = steps_per_rev
        self.step_period_us = 10_000  # 30 turns a minute: inside the pull-out torque of a small stepper
        self.packet_max_steps = PACKET_MAX_NL * steps_per_rev // nl_per_rev
        self.time_scale = 1
        self.uid = uid
        self.fw_digest = fw_digest
        self.model = b"pumpbench"
        self.rate_min = RATE_MIN_NL_PER_DAY
        self.rate_max = RATE_MAX_NL_PER_DAY
