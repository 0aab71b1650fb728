"""Faults that may befall a pump: sensors, motor, rotor, late wakes, power, store. Rules of the state machine."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from pump_driver import HOUR_MS, MINUTE_MS, SECOND_MS
from pump_faults import PowerCut
from pump_judge import Judge
from pump_model_flow import DELIVERING, HALTED
from pump_rules import Orders

from pumpfw.core.ports import SLOTS
from pumplink import codes

ROTOR_MS = 61 * SECOND_MS
# channel -> (reading at its limit, one over it, alarm, within ms)
LIMITS = {
    codes.SENSE_OUTLET: (70_000, 70_001, "downstream-occlusion", 100),  # HW-03
    codes.SENSE_INLET: (-7_000, -7_001, "upstream-occlusion", 10_000),  # HW-05
    codes.SENSE_AIR: (50_000, 50_001, "air-in-line", 10_000),  # HW-06
    codes.SENSE_SUPPLY: (4_500, 4_499, "supply-low", 10_000),  # PWR-13
    codes.SENSE_TEMPERATURE: (55_000, 55_001, "over-temperature", 10_000),  # PWR-14
    codes.SENSE_COVER: (0, 1, "cover-open", 1_000),  # HW-09
}
STALLS = ("motor-stall", "internal-fault", "motor-overrun")
OUT_OF_RANGE = (-(1 << 27), 1 << 27)


class Faults(Orders):
    """What goes wrong around the core, and is mended again."""

    # -- sensors -----------------------------------------------------------------------------------

    @rule(channel=st.sampled_from(sorted(LIMITS)), over=st.sampled_from([False, True, True]))
    def reading(self, channel: int, over: bool) -> None:
        """At its limit nothing happens, one over it the alarm comes in time (ALM-08: in every mode)."""
        if channel not in self.bench.sensors.fitted:
            return
        self.settle()
        at, beyond, name, within_ms = LIMITS[channel]
        self.replaced(channel)
        if over:
            self.model.alarms.cause(name, True, self.model.now_ms, within_ms)
        elif self.model.alarms.holds(name):  # at its limit again: a band for coming back is left open
            self.model.alarms.loosen(name, self.model.now_ms)
        if channel == codes.SENSE_SUPPLY:
            self.model.alarms.cause("supply-critical", False, self.model.now_ms)
        self.bench.sense(channel, beyond if over else at)
        self.wait(within_ms)

    def replaced(self, channel: int) -> None:
        """Another reading after one that was out of range: its fault may be over, if it is the only one."""
        if channel in self.bench.sensors.forced and self.model.alarms.holds("sensor-fault"):
            self.model.alarms.loosen("sensor-fault", self.model.now_ms)
            for name in (LIMITS[channel][2], "supply-critical"):
                if self.model.alarms.holds(name):
                    self.model.alarms.loosen(name, self.model.now_ms)

    @rule(low=st.sampled_from([4_200, 4_199]))
    def supply(self, low: int) -> None:
        """PWR-13: two thresholds."""
        if codes.SENSE_SUPPLY not in self.bench.sensors.fitted:
            return
        self.settle()
        self.replaced(codes.SENSE_SUPPLY)
        self.model.alarms.cause("supply-low", True, self.model.now_ms, 10_000)
        if low < 4_200:
            self.model.alarms.cause("supply-critical", True, self.model.now_ms, 10_000)
        elif self.model.alarms.holds("supply-critical"):
            self.model.alarms.loosen("supply-critical", self.model.now_ms)
        self.bench.sense(codes.SENSE_SUPPLY, low)
        self.wait(10_000)

    @rule(channel=st.sampled_from(sorted(LIMITS)), value=st.sampled_from(OUT_OF_RANGE))
    def broken_sensor(self, channel: int, value: int) -> None:
        """HW-07: out of its physical range; it may look like its own alarm as well."""
        if channel not in self.bench.sensors.fitted or channel == codes.SENSE_COVER:
            return
        self.settle()
        self.model.alarms.cause("sensor-fault", True, self.model.now_ms, 10_000)
        self.model.alarms.loosen(LIMITS[channel][2], self.model.now_ms)
        if channel == codes.SENSE_SUPPLY:
            self.model.alarms.loosen("supply-critical", self.model.now_ms)
        self.bench.sense(channel, value)
        self.wait(10_000)

    @rule(held_ms=st.sampled_from([10, 200, 59_000, 62_000]))
    def patient_button(self, held_ms: int) -> None:
        """BOL-11: one request a press, none of contact bounce, none queued."""
        if codes.SENSE_BUTTON not in self.bench.sensors.fitted:
            return
        self.settle()
        self.model.alarms.event("bolus-denied", self.model.now_ms)
        stuck = "stuck-button" in self.model.alarms.listed  # until it was released for 10 s
        self.pressed = codes.SENSE_BUTTON
        self.bench.sense(codes.SENSE_BUTTON, 1)
        self.wait(min(held_ms, 1_000))
        started = self.pressed is None
        denials = self._granted_or_denied(-1 - len(self.model.orders))
        assert started or held_ms < 50 or stuck or denials, "a press was ignored"
        self.pressed = None
        if held_ms > 1_000:
            if held_ms > 60_000:
                self.model.alarms.loosen("stuck-button", self.model.now_ms)
            self.wait(held_ms - 1_000)
            if held_ms > 60_000:
                assert "stuck-button" in self.model.alarms.listed, "BOL-11: held for more than 60 s"
                self.model.alarms.loosen("stuck-button", self.model.now_ms)
        self.bench.sense(codes.SENSE_BUTTON, None)
        self.wait(1_000)

    @rule()
    def stop_button(self) -> None:
        """SEC-06."""
        if codes.SENSE_STOP not in self.bench.sensors.fitted:
            return
        self.settle()
        was, self.pressed = self.model.mode, codes.SENSE_STOP
        if was in HALTED:
            self.model.delayed = None
        self.bench.sense(codes.SENSE_STOP, 1)
        self.wait(1_000)
        assert was in HALTED or self.model.mode in HALTED, "SEC-06: the stop button did nothing"
        self.pressed = None
        self.bench.sense(codes.SENSE_STOP, None)
        self.wait(1_000)

    # -- motor, rotor, time --------------------------------------------------------------------------

    @rule(again_after_ms=st.sampled_from([0, HOUR_MS, None]))
    def jam(self, again_after_ms: int | None) -> None:
        """The step generator stalls: the next packet stays in it, and it must be noticed before another."""
        self.settle()
        for name in STALLS:
            self.model.alarms.loosen(name, self.model.now_ms)  # whenever it is started again, too
        self.bench.motor.jam()
        self.since_jam = 0
        if again_after_ms is not None:
            self.wait(again_after_ms)
            self.unjam()

    def unjam(self) -> None:
        """It may still be found once: by the packet that stayed in the motor."""
        self.bench.motor.jam(False)
        for name in STALLS:
            if name in self.model.alarms.causes and self.model.alarms.causes[name].loose:
                self.model.alarms.event(name, self.model.now_ms)
                self.model.alarms.causes[name].answered = False

    @rule(free_after_ms=st.sampled_from([MINUTE_MS, HOUR_MS]))
    def rotor_stands(self, free_after_ms: int) -> None:
        """HW-01: pulses without movement."""
        if codes.SENSE_ROTOR not in self.bench.sensors.fitted:
            return
        self.settle()
        for name in ("motor-stall", "under-infusion", "stall-recovered"):
            self.model.alarms.event(name, self.model.now_ms)
        packets, since_ms = len(self.bench.motor.packets), self.model.now_ms
        self.bench.sensors.jam_rotor(True)
        self.wait(free_after_ms)
        given = self.bench.motor.packets[packets:]
        steps = sum(steps for _, steps in given[:-1])
        spent_ms = given[-1][0] - since_ms if given else 0
        stalled = "motor-stall" in self.model.alarms.listed
        assert stalled or steps < 47 or spent_ms < ROTOR_MS, f"HW-01: {steps} steps in {spent_ms} ms without movement"
        self.bench.sensors.jam_rotor(False)
        self.model.alarms.event("under-infusion", self.model.now_ms)
        self.model.alarms.event("stall-recovered", self.model.now_ms)

    @rule(counts=st.sampled_from([1_000, 2_200]))
    def rotor_turns_by_itself(self, counts: int) -> None:
        """FLOW-06 in a stopped pump: 20 uL are 1 900.7 counts of the design."""
        if codes.SENSE_ROTOR not in self.bench.sensors.fitted or self.model.mode not in HALTED:
            return
        self.wait(16 * MINUTE_MS)  # FLOW-04 looks back 15 min
        if self.model.mode not in HALTED or self.model.nl_per_rev != 43_100:
            return
        if counts > 2_000:
            self.model.alarms.event("free-flow", self.model.now_ms, 5_000)
            self.model.alarms.event("over-infusion", self.model.now_ms)
        self.bench.sensors.extra_counts += counts
        self.bench.poll()
        self.wait(5_000)
        self.wait(3 * MINUTE_MS)

    @rule(by_ms=st.sampled_from([1, 100, 101, 5_000, 700_000]), times=st.sampled_from([1, 1, 2, 3]))
    def late(self, by_ms: int, times: int) -> None:
        """TIME-09: 100 ms are in time; the third overrun in a row stops the pump. Nothing is caught up (FLOW-14)."""
        self.settle()
        for _ in range(times):
            due_ms = self.bench.wake_ms
            self.bench.run_until(due_ms - 1)
            self.observe()
            self.model.advance(due_ms)
            if by_ms > 100:
                self.overruns += 1
                self.model.alarms.event("late-wakes", self.model.now_ms, by_ms if self.overruns >= 3 else 1 << 62)
                if self.model.bolus:
                    self.model.bolus["slept"] = True
                self.model.advance(due_ms + by_ms, asleep=True)
            else:
                self.overruns = 0
                self.late_ms = max(self.late_ms, by_ms)
            self.bench.wake_late(by_ms)
            if by_ms <= 100:
                self.bench.poll()
            self.observe()
            if self.model.ended and self.model.ended["end"] > due_ms:  # the pump may see its end only now
                self.model.anchors_ms[1] = self.bench.bolus_ended_ms()
                assert self.model.anchors_ms[1] in (self.model.ended["end"], due_ms + by_ms)
                self.model.lock()
        self.overruns = 0
        self.bench.poll()
        self.observe()

    # -- power and store -------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([0, 1, 200, 10_000]))
    def power_cycle(self, ms: int) -> None:
        """PWR-06, PWR-07, PWR-08: between two wakes, maybe in a packet.

        Not while writes fail: what could not be written cannot survive (test_pump_model_finds.py has that case).
        """
        self.wait(ms)
        if self.bench.store.failing:
            return
        self.overruns = 0
        self.power_cut()

    @rule(after=st.integers(0, 3_000), what=st.sampled_from(["wait", "bolus", "program", "refill", "start", "stop"]))
    def power_cut_while_writing(self, after: int, what: str) -> None:
        """SCHED-04, LOG-04: at any byte that is written."""
        self.settle()
        self.bench.store.cut_after = after
        try:
            if what == "wait":
                self.wait(10 * MINUTE_MS)
            elif what == "bolus":
                self.request_bolus(False, 10_000, False)
            elif what == "program":
                self.program([(0x7F, [(0, 480_000)])], "plain")
            elif what == "refill":
                self.refill(18_000_000, b"saline", None, "plain")
            elif what == "start":
                self.start("plain")
            else:
                self.stop()
        except PowerCut:
            self.power_lost(None, None)
        self.bench.store.cut_after = None

    @rule(for_ms=st.sampled_from([0, MINUTE_MS, None]))
    def writes_fail(self, for_ms: int | None) -> None:
        """LOG-07: basal goes on, boluses are denied."""
        self.settle()
        delivering = self.model.mode in ("schedule", "minimum-rate", "patient-bolus")
        self.model.alarms.cause("journal-failed", True, self.model.now_ms)
        self.bench.store.failing = True
        if for_ms is not None:
            self.wait(for_ms)
            assert not delivering or self.model.mode in DELIVERING or self.model.alarms.stopping()
            self.writes_work()

    def writes_work(self) -> None:
        self.bench.store.failing = False
        self.model.alarms.causes["journal-failed"].gone_ms = self.model.now_ms + MINUTE_MS  # at the next write
        self.wait(MINUTE_MS + 1)

    @rule(which=st.sampled_from([(0,), (1,), (0, 1)]), at=st.integers(0, 60))
    def rot(self, which: tuple[int, ...], at: int) -> None:
        """PWR-10: the stored state rots while the power is off. One copy is enough, none is not."""
        self.settle()
        if self.bench.store.failing or not all(self.bench.store.areas.get(SLOTS[slot]) for slot in (0, 1)):
            return
        for slot in which:
            self.bench.store.rot(SLOTS[slot], at)
        if len(which) == 1:
            self.model.alarms.event("memory-repaired", 0)
            self.power_cut()
            assert "memory-repaired" in self.model.alarms.listed, "PWR-10: a corrupt copy was not noticed"
        else:
            self.memory_lost()

    def memory_lost(self) -> None:
        self.observe()
        self.bench.reset()
        self.model.reset(self.bench.pump.storage.t_ms)
        self.model.forget_everything()
        self.judge = Judge()
        self.blurred = True
        self.observe()
        assert self.model.mode == "fault"

    # -- and back ------------------------------------------------------------------------------------

    def mend(self) -> None:
        self.unjam()
        self.since_jam = 0
        self.bench.sensors.jam_rotor(False)
        for channel in list(self.bench.sensors.forced):
            self.bench.sense(channel, None)
        for name in ("sensor-fault", "supply-critical", *(row[2] for row in LIMITS.values())):
            self.model.alarms.cause(name, False, self.model.now_ms)
        if self.bench.store.failing:
            self.writes_work()

    @rule()
    def all_is_mended(self) -> None:
        self.settle()
        self.mend()
        self.wait(11_000)
