"""Sensors on both sides of their limits, and sensors that cannot be believed; motion after a fault; two clocks."""

from __future__ import annotations

import pytest

from pumpfw.core.ports import ABSENT
from pumphil.hil_record import HilRecord
from pumphil.suite import faults
from pumphil.suite.by_hand import OK, Answers, ByHand, judge_answers
from pumphil.suite.measures import LOOK_S, MINUTE_MS, last_motion_ms, run_into_packet, steps_between
from pumphil.suite.therapies import BolusText
from pumphil.treatment import Treatment
from pumplink import codes

# channel, the last value that is right, the first one beyond, one that is right again, alarm, motion after it in ms
LIMITS = {
    "HW-03 outlet": (codes.SENSE_OUTLET, 70_000, 70_001, 60_000, codes.ALARM_OCCLUSION, 100),
    "HW-05 inlet": (codes.SENSE_INLET, -7_000, -7_001, -6_000, codes.ALARM_INLET, 100),
    "HW-06 air": (codes.SENSE_AIR, 50_000, 50_001, 0, codes.ALARM_AIR, 100),
    "HW-09 cover": (codes.SENSE_COVER, 0, 1, 0, codes.ALARM_COVER, 100),
    "PWR-13 critical": (codes.SENSE_SUPPLY, 4_200, 4_199, 5_000, codes.ALARM_SUPPLY_CRITICAL, 100),
    "PWR-14 temperature": (codes.SENSE_TEMPERATURE, 55_000, 55_001, 49_000, codes.ALARM_TEMPERATURE, 100),
}


@pytest.mark.requirement("HW-03", "HW-05", "HW-06", "HW-09", "PWR-13", "PWR-14", "FLOW-09", "ALM-02")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("row", LIMITS.values(), ids=LIMITS)
def test_supervisor_limit_stops_inside_the_packet(
    treatment: Treatment, record: HilRecord, row: tuple[int, int, int, int, int, int]
) -> None:
    """Condition: a motor inside a packet. Action: a reading at its limit, then beyond. Then motion, step by step."""
    channel, right, beyond, again, code, within_ms = row
    faults.running(treatment, "20 mL/day", bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    rig.set_input(channel, right)
    treatment.run_for(seconds=90)
    name, priority, *_ = codes.ALARMS[code]
    got: Answers = {
        "at the limit": faults.shown(programmer, code),
        "delivers at the limit": programmer.status().delivering,
    }
    run_into_packet(treatment)
    issued = sum(steps for _, steps in rig.packets)
    in_packet = issued - rig.plant.steps_done(rig.now_us)
    assert in_packet > 5, "the condition is a motor inside a packet"
    rig.set_input(channel, beyond)
    moved_ms = last_motion_ms(rig, watch_s=2)
    record.expect(f"motion after {name}", "ms", error=moved_ms, limit=within_ms, uncertainty=1_000 * LOOK_S)
    alarm = faults.shown(programmer, code)
    made = rig.plant.steps_done(rig.now_us)
    got |= {"beyond": alarm and alarm.priority, "quantum finished": made == issued, "enable": rig.plant.enabled}
    rig.set_input(channel, again)
    treatment.idle_for(hours=1)
    got["steps afterwards without the cause"] = rig.plant.steps_done(rig.now_us) - made
    judge_answers(record, name, got, {
        "at the limit": None, "delivers at the limit": True, "beyond": priority, "quantum finished": False,
        "enable": False, "steps afterwards without the cause": 0,
    })  # fmt: skip


@pytest.mark.requirement("PWR-13")
@pytest.mark.short
@pytest.mark.needs("sensor-inputs", "power-cuts")
def test_supervisor_supply_fails_slowly(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: 4.49 V, 4.19 V, then no supply. Then low, stop, and a state written in time."""
    faults.running(treatment, bolus=BolusText())
    rig, programmer = treatment.rig, treatment.programmer
    assert treatment.bolus().granted
    treatment.run_for(seconds=100)
    rig.set_input(codes.SENSE_SUPPLY, 4_499)
    treatment.run_for(seconds=rig.lag_ms / 1_000)
    low = faults.shown(programmer, codes.ALARM_SUPPLY_LOW)
    got: Answers = {"4.499 V": (low and low.priority, programmer.status().delivering)}
    rig.set_input(codes.SENSE_SUPPLY, 4_199)
    treatment.run_for(seconds=rig.lag_ms / 1_000)
    made = rig.plant.steps_done(rig.now_us)
    rig.power_cut()
    # an RP2040 cannot tell a brown-out from power that came on
    rig.power_on(1_000_000, codes.RESET_POWER_ON if "chip" in rig.capabilities else codes.RESET_BROWN_OUT)
    rig.run_for(seconds=5)
    status = programmer.status()
    moved_nl = rig.plant.steps_done(rig.now_us) * rig.options.plant.nl_per_rev // rig.options.plant.steps_per_rev
    got |= {
        "4.199 V": (rig.light, status.delivering, rig.plant.steps_done(rig.now_us) - made),
        "critical": faults.shown(programmer, codes.ALARM_SUPPLY_CRITICAL) is not None,
    }
    judge_answers(record, "supply", got, {
        "4.499 V": (codes.LOW, True), "4.199 V": (3, False, 0), "critical": True,
    })  # fmt: skip
    excess_nl = status.delivered_nl - moved_nl
    record.expect("accounted for less than pumped", "nL", error=max(0, -excess_nl), limit=0)
    record.expect("accounted for beyond what was pumped", "nL", error=excess_nl, limit=2 * treatment.quantum_nl())


# a sensor's channel -> readings that are none
NO_READINGS = {
    "outlet": (codes.SENSE_OUTLET, (ABSENT, -100_001, 300_001)),
    "inlet": (codes.SENSE_INLET, (ABSENT, -100_001, 100_001)),
    "air": (codes.SENSE_AIR, (ABSENT, -1, 1_000_001)),
    "supply": (codes.SENSE_SUPPLY, (ABSENT, 999, 7_001)),
    "temperature": (codes.SENSE_TEMPERATURE, (ABSENT, -40_001, 125_001)),
    "cover": (codes.SENSE_COVER, (ABSENT, -1, 2)),
    "level": (codes.SENSE_LEVEL, (ABSENT, -1, 100_000_001)),
}  # fmt: skip


@pytest.mark.requirement("HW-07")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("sensor", NO_READINGS)
def test_supervisor_sensor_that_cannot_be_believed(treatment: Treatment, record: HilRecord, sensor: str) -> None:
    """Condition: running. Action: a sensor is unplugged, then below and above what is possible. Then the alarm."""
    channel, readings = NO_READINGS[sensor]
    right = 18_000_000 if sensor == "level" else faults.NORMAL_MV if sensor == "supply" else 20_000
    right = {"cover": 0, "air": 0, "inlet": 0}.get(sensor, right)
    faults.running(treatment, bolus=True)
    rig, programmer = treatment.rig, treatment.programmer
    rig.set_input(channel, right)
    treatment.run_for(seconds=1)
    got: Answers = {}
    wanted: Answers = {}
    for reading in readings:
        rig.set_input(channel, reading)
        start_ms = treatment.now_ms
        onset_ms = faults.until_alarm(treatment, codes.ALARM_SENSOR, 10)
        record.expect(f"{sensor} at {reading}", "ms", error=onset_ms, limit=10_000)
        assert treatment.now_ms - start_ms <= 10_000
        got[f"{reading}"] = ([alarm.name for alarm in programmer.alarms()], rig.light, treatment.bolus().reason)
        wanted[f"{reading}"] = (["sensor-fault"], 2, "ALARM_ACTIVE")
        treatment.run_for(seconds=30)
        rig.set_input(channel, right)
        got[f"after {reading}"] = programmer.alarms()
        wanted[f"after {reading}"] = []
    judge_answers(record, f"{sensor} without a reading", got, wanted)


@pytest.mark.requirement("HW-07")
@pytest.mark.needs("sensor-inputs")
def test_supervisor_fault_hides_no_alarm(treatment: Treatment, record: HilRecord) -> None:
    """Condition: an occlusion has stopped the pump. Action: its sensor is unplugged. Then nothing is released."""
    faults.running(treatment)
    rig, programmer, hand = treatment.rig, treatment.programmer, ByHand(treatment.programmer)
    rig.set_input(codes.SENSE_OUTLET, 80_000)
    treatment.run_for(seconds=10)
    rig.set_input(codes.SENSE_OUTLET, ABSENT)
    treatment.run_for(seconds=10)
    got: Answers = {
        "acknowledge": hand.answer(lambda: programmer.acknowledge(codes.ALARM_OCCLUSION)),
        "start": hand.answer(programmer.start), "shown": [alarm.name for alarm in programmer.alarms()],
    }  # fmt: skip
    rig.set_input(codes.SENSE_OUTLET, 0)
    got["acknowledge with the sensor"] = hand.answer(lambda: programmer.acknowledge(codes.ALARM_OCCLUSION))
    got["start with the sensor"] = hand.answer(programmer.start)
    judge_answers(record, "no evidence", got, {
        "acknowledge": ("ALARM_ACTIVE", 0), "start": ("ALARM_ACTIVE", 0),
        "shown": ["downstream-occlusion", "sensor-fault"],
        "acknowledge with the sensor": OK, "start with the sensor": OK,
    })  # fmt: skip


@pytest.mark.requirement("HW-07", "TIME-06")
@pytest.mark.needs("sensor-inputs")
def test_supervisor_second_clock_stands_still_or_is_lost(treatment: Treatment, record: HilRecord) -> None:
    """Condition: running. Action: the second clock is lost, is back, stands still. Then what is told."""
    faults.running(treatment, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    rig.set_input(codes.SENSE_TICKS, ABSENT)
    onset_ms = faults.until_alarm(treatment, codes.ALARM_SENSOR, 70, look_s=1)
    record.expect("sensor fault after the loss", "ms", error=onset_ms, limit=10_000)
    rig.set_input(codes.SENSE_TICKS, 0)
    treatment.run_for(seconds=70)
    back = [alarm.name for alarm in programmer.alarms()]
    rig.second_clock_ppm = -1_000_000
    faults.until_alarm(treatment, codes.ALARM_TIME, 120, look_s=1)
    got: Answers = {"back": back, "stands still": programmer.status().mode_name, "enable": rig.plant.enabled}
    judge_answers(record, "second clock", got, {"back": [], "stands still": "fault", "enable": False})


@pytest.mark.requirement("TIME-06", "TIME-09")
@pytest.mark.needs("sensor-inputs")
@pytest.mark.parametrize("rate", ["20 mL/day", "0.048 mL/day"])
@pytest.mark.parametrize("sign", [1, -1], ids=["fast", "slow"])
def test_supervisor_two_clocks(treatment: Treatment, record: HilRecord, rate: str, sign: int) -> None:
    """Condition: fast and slow flow. Action: the second clock is 1.9 % off for 6 h, then 2.1 %. Then a stop in time."""
    faults.running(treatment, rate, bolus=False)
    rig, programmer = treatment.rig, treatment.programmer
    rig.second_clock_ppm = sign * 19_000
    treatment.run_for(hours=6)
    quiet = programmer.alarms()
    rig.second_clock_ppm = sign * 21_000
    start_ms = treatment.now_ms
    faults.until_alarm(treatment, codes.ALARM_TIME, 125, look_s=1)
    told_ms = treatment.now_ms - start_ms
    # the minute in which it begins may still look right as a whole
    record.expect("alarm after 2 %", "ms", error=told_ms, limit=2 * MINUTE_MS + 1_000, uncertainty=1_000)
    alarm = faults.shown(programmer, codes.ALARM_TIME)
    treatment.run_for(seconds=1)
    from_ms = treatment.now_ms
    treatment.run_for(hours=1)
    got: Answers = {
        "1.9 %": quiet, "2.1 %": alarm and alarm.priority, "mode": programmer.status().mode_name,
        "enable": rig.plant.enabled, "steps": steps_between(rig, from_ms, treatment.now_ms),
    }  # fmt: skip
    judge_answers(record, "two clocks", got, {"1.9 %": [], "2.1 %": 3, "mode": "fault", "enable": False, "steps": 0})
