"""Numbers of the pump that a program cannot change: geometry, limits, thresholds.

    config = Config(reservoir_nl=20_000_000)

Reported by GET_LIMITS. The calibration in force is durable state of the pump (HW-10); `nl_per_rev` here is the design.
"""

from pumplink.device import DAY_MS, RATE_MAX_NL_PER_DAY, RATE_MIN_NL_PER_DAY, RESET_POWER_ON

PACKET_INTERVAL_MS = 30_000  # a packet holds this much of the commanded rate: what a crash can add
PACKET_MAX_NL = 10_000  # and never more than this (FLOW-03)
LATE_MS = 100  # a deadline missed by more is an overrun (TIME-09)
OVERRUNS_MAX = 3
IDLE_WAKE_MS = 60_000
UPKEEP_MS = 120_000  # while packets go out what changes slowly is looked at so often, with one of their wakes
TICKET_LIFE_MS = 30_000
FRESH_MS = 30_000  # valid_until may lie this far ahead
SOFT_CHANGE_PERCENT = 20  # a larger change of rate, daily total or bolus asks for a second confirmation (HMI-03, F08)
CLOCK_SOFT_MS = 300_000  # and so does a larger step of the clock (TIME-03)
CHANGES_MAX = 12  # programs committed in a rolling 24 h (F08)
MINIMUM_RATE_MIN = 6_000  # nL/day, the smallest minimum rate and its default (FLOW-13)
REMIND_MS = 900_000  # stopped by command for this long: reminder (ALM-10)
STOPPED_MAX_MS = 172_800_000  # 48 h
RESTART_MS = 600_000  # three restarts or four resets within this stay stopped (ALM-09, PWR-07)
RESETS_MAX = 3
VERIFY_MS = 3_300_000  # what is stored is read back at least every 60 min (PWR-12), at an upkeep
FLOW_MAX_NL_PER_MIN = 5_000_000  # physical flow under time compression (TIME-10)
BOLUS_MAX = 2_000_000  # nL, the largest bolus of any kind
REVISION = 3  # of these limits
FIRMWARE_VERSION = b"\x00\x02\x00"  # major, minor, patch


class Config:
    """Geometry in full steps and nL, thresholds in nL, step period in µs, ages in ms."""

    __slots__ = (
        "reservoir_nl", "low_nl", "empty_nl", "nl_per_rev", "steps_per_rev", "step_period_us",
        "time_scale", "uid", "fw_digest", "model", "rate_min", "rate_max", "reset_cause",
        "fill_age_ms", "tube_life_nl", "service_ms", "bolus_max", "build",
    )  # fmt: skip

    def __init__(
        self, reservoir_nl=20_000_000, nl_per_rev=43_100, steps_per_rev=200, fw_digest=b"\0" * 8, uid=b"\0" * 8,
        reset_cause=RESET_POWER_ON, time_scale=1, build=1,
    ):  # fmt: skip
        self.reservoir_nl = reservoir_nl
        self.low_nl = 3_000_000
        self.empty_nl = 500_000
        self.nl_per_rev = nl_per_rev
        self.steps_per_rev = steps_per_rev
        # 30 turns a minute: inside the pull-out torque of a small stepper; compressed time has to be faster
        self.step_period_us = 10_000 if time_scale <= 60 else 2_500
        self.time_scale = time_scale
        self.uid = uid
        self.fw_digest = fw_digest
        self.model = b"pumpbench"
        self.rate_min = RATE_MIN_NL_PER_DAY
        # the ceiling, or what keeps the physical flow under 5 mL/min (TIME-10)
        self.rate_max = min(RATE_MAX_NL_PER_DAY, FLOW_MAX_NL_PER_MIN * 1440 // time_scale)
        self.bolus_max = BOLUS_MAX
        self.build = build  # 0 for delivery, 1 for tests
        self.reset_cause = reset_cause
        self.fill_age_ms = 90 * DAY_MS
        self.tube_life_nl = 2_000_000_000
        self.service_ms = 2_555 * DAY_MS  # seven years
