"""The order of the checks: computer, rig file, pump, probe, balance, calibration, wiring.

list(examine(None)); list(examine("my-bench.toml", wiring=True))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

from pumphil.doctor.check import OK, Check
from pumphil.doctor.computer import computer
from pumphil.doctor.lines import Prompt, lines
from pumphil.instruments import InstrumentError, open_instrument
from pumphil.instruments.probe import Probe
from pumphil.rigs.bench.options import BenchOptions
from pumphil.rigs.compiled import compiled_firmware
from pumphil.rigs.contract import RigBroken
from pumphil.rigs.rig_file import load
from pumphost import keyring
from pumphost.errors import PumpError
from pumphost.flashing.files import ENTRY, PROCESSOR, board_files, firmware_digest
from pumphost.programmer import Programmer
from pumphost.transport import Transport, open_transport
from pumplink import alarms

MOTOR_MV = 10_800, 13_200  # 12 V by 10 %
START_S, OFF_S = 20.0, 1.0
NEEDS_RIG = "pumpbench doctor --rig my-bench.toml, after docs/bench.md"


def examine(rig: str | None = None, *, wiring: bool = False) -> Iterator[Check]:
    """Every check, as it is made. `wiring`: each line is tried too, for which the pump stops and starts anew."""
    yield from computer()
    if rig is None:
        yield Check.skip("bench", "no rig file given: neither pump nor probe nor balance was looked for", NEEDS_RIG)
        return
    try:
        kind, options = load(rig)
    except RigBroken as error:
        yield Check.fail("rig file", str(error), "correct the file; hil/rigs/bench.toml is a pattern")
        return
    if not isinstance(options, BenchOptions):
        yield Check.skip("bench", f"rig {rig} is of kind {kind}, which has nothing to plug in", NEEDS_RIG)
        return
    yield Check.ok("rig file", rig)
    pump_is_there = False
    for check in _pump(options):
        pump_is_there = pump_is_there or (check.name, check.state) == ("pump", OK)
        yield check
    yield from _with_probe(options, wiring, pump_is_there)
    yield _balance(options)
    yield _calibration(options)


# -- pump


def _pump(options: BenchOptions) -> Iterator[Check]:
    try:
        with closing(open_transport(options.pump)) as port:
            yield from _ask_pump(options, port)
    except PumpError as error:
        yield Check.fail(
            "pump", str(error), f"plug the pump board in; a new one: pumpbench flash --port {options.pump}"
        )


def _ask_pump(options: BenchOptions, port: Transport) -> Iterator[Check]:
    pump = Programmer(port, keys=None)
    who, status = pump.identify(), pump.status()
    flash = f"pumpbench flash --port {options.pump}"
    yield Check.ok("pump", f"{who.model} {who.uid.hex()}, mode {status.mode_name}")
    wanted = firmware_digest(board_files(compiled_firmware(ENTRY, PROCESSOR)))[: len(who.fw_digest)]
    if who.fw_digest == wanted or options.firmware == "any":
        yield Check.ok("firmware", f"{who.fw_digest.hex()}, {'test' if who.build else 'delivery'} build")
    else:
        yield Check.fail("firmware", f"{who.fw_digest.hex()}, this installation is {wanted.hex()}", flash)
    failed = bool(status.alarm_bits >> alarms.ALARM_SELF_TEST & 1)
    if failed:
        yield Check.fail("self-test", "failed: the pump will not deliver", f"{flash}; see also pumpbench alarms")
    else:
        yield Check.ok("self-test", "passed")
    try:
        ring = keyring.load(who.uid)
    except PumpError as error:
        yield Check.fail("keys", str(error), "make them readable for you alone")
        return
    if ring is None:
        fix = f"fit the jumper, then: pumpbench keys provision --port {options.pump}"
        yield Check.fail("keys", f"none of pump {who.uid.hex()} on this computer", fix)
    else:
        yield Check.ok("keys", ", ".join(key.role for key in ring.keys))


# -- probe and wiring


def _with_probe(options: BenchOptions, wiring: bool, pump_is_there: bool) -> Iterator[Check]:
    try:
        with closing(open_transport(options.probe)) as port:
            probe = Probe(port)
            who = probe.identify()
            yield Check.ok("probe", f"{who.uid}, version {who.version}, MicroPython {who.micropython}")
            yield _motor_supply(probe)
            if not wiring:
                fix = "pumpbench doctor --wiring tries each line; the pump starts anew for it"
                yield Check.skip("wiring", "not tried", fix)
            elif not pump_is_there:
                yield Check.skip("wiring", "not tried: there is no pump", "mend the pump first")
            else:
                yield from _wiring(options, probe)
    except (PumpError, InstrumentError) as error:
        yield Check.fail(
            "probe", str(error), "plug the probe board in; a new one: copy hil/probe onto it (docs/bench.md)"
        )


def _motor_supply(probe: Probe) -> Check:
    volts = probe.read().motor_mv / 1_000
    if MOTOR_MV[0] <= volts * 1_000 <= MOTOR_MV[1]:
        return Check.ok("motor supply", f"{volts:.1f} V")
    fix = "release the emergency stop, switch the 12 V on, look at the fuse" if volts < 2 else "set the supply to 12 V"
    return Check.fail("motor supply", f"{volts:.1f} V behind the emergency stop", fix)


def _wiring(options: BenchOptions, probe: Probe) -> Iterator[Check]:
    from pumphost.flashing.boards import find_board
    from pumphost.flashing.way_in import enter

    try:
        prompt = enter(find_board(options.pump), lambda words: None)
    except PumpError as error:
        yield Check.fail("wiring", f"the pump gave no prompt: {error}", "stop the pump: pumpbench stop")
        return
    try:
        yield from tried(prompt, probe, time.sleep)
    except PumpError as error:
        yield Check.fail("wiring", str(error), "plug the pump board in anew, then try again")
    finally:
        prompt.close()


def tried(prompt: Prompt, probe: Probe, sleep: Callable[[float], None]) -> Iterator[Check]:
    """All lines, then reset and power, which start the firmware again."""
    yield from lines(prompt, probe, sleep)
    for name, fault, fix in (
        ("RUN", "reset", "connect probe GP10 (pin 14) to RUN of the pump (pin 30)"),
        (
            "POWER",
            "power-off",
            "cut the red wire of the pump's USB cable; connect probe GP16 (pin 21) to ON of the switch",
        ),
    ):
        yield _ends_and_starts(name, fault, fix, probe, sleep)


def _ends_and_starts(name: str, fault: str, fix: str, probe: Probe, sleep: Callable[[float], None]) -> Check:
    """A pump that starts lets SYNC rise; one that was not ended has it high all the time, or low at its prompt."""
    probe.drive(fault)
    sleep(OFF_S)
    went_low = not probe.read().lines["sync"]
    probe.drive(fault, on=False)
    waited = 0.0
    while waited < START_S and not probe.read().lines["sync"]:
        sleep(0.2)
        waited += 0.2
    started = bool(probe.read().lines["sync"])
    if went_low and started:
        return Check.ok(name, "the probe ends the pump, and it starts again")
    if not went_low:
        return Check.fail(name, "the pump goes on while the probe ends it", fix)
    return Check.fail(
        name, f"the pump did not start within {START_S:.0f} s after it", f"{fix}; then plug the pump in anew"
    )


# -- the rest


def _balance(options: BenchOptions) -> Check:
    if options.scale is None:
        return Check.fail("balance", "none in the rig file", "give [instruments.balance], see hil/rigs/bench.toml")
    try:
        with closing(open_instrument(dict(options.scale), "balance")) as balance:
            reading = balance.read()
            who = balance.identify()
    except (ValueError, InstrumentError) as error:
        return Check.fail("balance", str(error), "pumpbench instrument read shows what it sends")
    told = ", ".join(filter(None, (who.get("maker", ""), who.get("model", ""))))
    still = "settled" if reading.stable else "not settled"
    return Check.ok("balance", f"{told}: {reading.value} {reading.unit}, {still}")


def _calibration(options: BenchOptions) -> Check:
    told = options.calibration
    again = "pumpbench calibrate --rig FILE --tube NAME, and name the file in the rig file"
    if told is None:
        return Check.skip("calibration", "none: the design's volume of a turn is taken", again)
    days = told.age_days(datetime.now(UTC))
    found = (
        f"{told.nl_per_rev:.0f} nL a turn (U {told.relative_expanded_uncertainty:.2%}), tube {told.tube}, {days:.0f} d"
    )
    if days > options.calibration_days:
        return Check.fail("calibration", f"{found} old, more than {options.calibration_days}", again)
    return Check.ok("calibration", f"{found} old")
