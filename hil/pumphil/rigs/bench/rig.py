"""Rig `bench`: see the package. Rig time is that of the probe and begins with pump time: when the line SYNC rises at
the start of an erased pump, else by the uptime that the pump tells.

What the rig tells of the motor comes from the pulses that the probe saw: `plant` is the model of the pump head, moved
by these pulses and by nothing else, so that steps and turns are measured; what is weighed is the balance's business.
Time stands as it was at the last look at the probe: each call on the link looks, and so does waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pumpfw.core.config import Config
from pumpfw.core.ports import ABSENT
from pumphil.instruments import Encoder, EncoderParameters, InstrumentError, Weigher
from pumphil.instruments.probe import Edge, Overwritten
from pumphil.plant import Plant
from pumphil.rigs.bench.devices import Devices, SerialDevices
from pumphil.rigs.bench.link import BenchTransport
from pumphil.rigs.bench.options import BenchOptions
from pumphil.rigs.contract import RigBroken, RigMissing
from pumphil.rigs.emulated.lamps import LOOK_US, Lamps
from pumphil.rigs.find import firmware_digest
from pumphil.rigs.profile import SHORT
from pumphost.errors import PumpError
from pumphost.programmer import Programmer
from pumplink import codes

LOOK_S = 10.0  # between two looks at most: the probe lets go of its faults after 30 s of silence
START_S = 20.0  # power-on to pump time
RESET_MS, STOP_MS = 100, 500
LATE_MS = 100  # TIME-09
CLOCK_PPM = 130  # TIME-05, and 30 of the probe's crystal
LOW_TONE_HZ = range(1_650, 1_950)  # 1 800 Hz, as counted over 50 ms
STAYS_US = 100_000
SETTLE_US = 150_000  # what the pump has just decided shows on lamps after 40 ms, and as a counted tone after 100 ms
TELL_US = 750_000  # after which a burst with two tones, 250 ms each, has had the lower one and left it
PLAYED = {
    codes.SENSE_BUTTON: "bolus", codes.SENSE_STOP: "stop", codes.SENSE_COVER: "cover-open", codes.SENSE_AIR: "air",
    codes.SENSE_JUMPER: "jumper", codes.SENSE_PRESENCE: "presence",
}  # fmt: skip


class Sound:
    """Bursts as [begin in µs, pattern] from the frequencies that the probe counts: 1 for one tone, 2 for two.

    A frequency over a window in which a tone begins or ends is too low: only one that stays is a tone.
    """

    def __init__(self) -> None:
        self.bursts: list[list[int]] = []
        self._last_us = self._last_hz = 0

    def heard(self, t_us: int, hertz: int) -> None:
        """Another frequency from now on; 0: silence."""
        if self._last_hz in LOW_TONE_HZ and t_us - self._last_us >= STAYS_US and self.bursts:
            self.bursts[-1][1] = 2
        if hertz and not self._last_hz:
            self.bursts.append([t_us, 1])
        self._last_us, self._last_hz = t_us, hertz


class BenchRig:
    """The contract of `pumphil.rigs.contract`, in real time."""

    name = "bench"
    capabilities = frozenset({"chip", "real-interpreter", "link-faults", "power-cuts"})
    profile = SHORT
    lag_ms = 500  # as on the emulated chip: the slow sensors are read every 320 ms, an order takes up to 150 ms

    def __init__(self, seed: int = 0, options: BenchOptions | None = None, devices: Devices | None = None) -> None:
        if options is None:
            raise RigMissing("rig bench: it has no ports; copy hil/rigs/bench.toml and put in those of your boards")
        if options.reservoir_nl != Config().reservoir_nl:
            raise RigMissing(
                f"rig bench: the board has a reservoir of {Config().reservoir_nl} nL, not {options.reservoir_nl}; "
                "use --rig vm"
            )
        self.seed = seed
        plant = replace(options.plant, calibration_error=0.0, start_step=0)
        self.plant = Plant(plant, seed)
        self.encoder = Encoder(self.plant, seed, EncoderParameters(noise_deg=0.0, nonlinearity_deg=0.0))
        self.packets: list[tuple[int, int]] = []
        self.trace: list[tuple[int, str, str]] = []
        self.wakes = 0
        self.pulses = 0
        self._lamps = Lamps()
        self._sound = Sound()
        self._period_us = Config().step_period_us
        self._last_pulse_us = -(1 << 60)
        self._moved_us = -1
        self._zero_us = 0  # the probe's time at which rig time began
        self._now_us = 0
        self._step_number = self._edge_number = 0
        self._powered = True
        self._devices = devices if devices is not None else SerialDevices(options)
        try:
            self._open(options)
        except (InstrumentError, PumpError) as error:
            self.close()
            raise RigMissing(f"rig bench: {error}") from None
        except BaseException:
            self.close()
            raise
        weighing = getattr(self.balance, "parameters", options.balance)
        self.options = replace(options, plant=plant, balance=weighing)

    def _open(self, options: BenchOptions) -> None:
        probe = self._devices.probe
        probe.rest()
        self._skip_what_was()
        self._transport = BenchTransport(self, self._devices.pump)
        if options.erase:
            self._devices.erase()
            self._zero_us = self._await_start()
        with_no_keys = Programmer(self._transport, keys=None)
        identity = with_no_keys.identify()
        if not options.erase:
            uptime_us = with_no_keys.status().uptime_ms * 1_000
            self._zero_us = probe.t_us - uptime_us
        self._now_us = max(probe.t_us - self._zero_us, 0)
        self._devices.check_firmware(identity.fw_digest)
        self.interpreter = f"pump {identity.uid.hex()}, firmware {identity.fw_digest.hex()}"
        self.uid = identity.uid
        self.keys = self._devices.keys(identity.uid)
        if options.calibration is not None:
            # in force with the next program: before one, nothing is delivered
            pump = Programmer(self._transport, keys=lambda uid: self.keys)
            pump.calibrate(round(options.calibration.nl_per_rev), accept_warnings=True)
            pump.session.close()
        found = self._devices.balance(lambda: self._clock_us())
        if found is None:
            raise RigMissing("rig bench: no balance, and without one nothing is weighed; give [instruments.balance]")
        self.balance: Weigher = found

    # -- time

    @property
    def now_us(self) -> int:
        """Rig time at the last look."""
        return self._now_us

    @property
    def late_ms(self) -> int:
        """As TIME-09 allows, and by as much as the clocks of pump and probe may have come apart."""
        return LATE_MS + -(-self._now_us * CLOCK_PPM // 1_000_000_000)

    def _clock_us(self) -> int:
        self.look()
        return self._now_us

    def look(self) -> None:
        """Fetch from the probe what has happened, up to now."""
        probe = self._devices.probe
        try:
            edges, self._edge_number = self._edges()
            times, self._step_number = probe.steps_since(self._step_number)
        except InstrumentError as error:
            raise RigBroken(f"rig bench: {error}") from None
        for edge in edges:
            self._edge(edge.t_us - self._zero_us, edge.line, edge.value)
        for t_us in times:
            self._pulse(t_us - self._zero_us)
        self._now_us = max(self._now_us, probe.t_us - self._zero_us, self.plant.now_us)

    def _edges(self) -> tuple[list[Edge], int]:
        """New edges. Many wakes in a row may push some out: then the trace says so, and the driver's level is asked."""
        probe = self._devices.probe
        try:
            return probe.edges_since(self._edge_number)
        except Overwritten as gone:
            self.trace.append((self._now_us // 1_000, "edges", f"{gone.first - self._edge_number} lost"))
            now = probe.read()
            edges, number = probe.edges_since(gone.first)
            return [*edges, Edge(now.t_us, "enable", now.lines["enable"])], number

    def run_until(self, t_us: int, progress: Callable[[int], None] | None = None) -> None:
        """Wait until rig time `t_us`, or a little later."""
        if t_us < self._now_us:
            raise ValueError(f"rig {self.name}: cannot run back from {self._now_us} µs to {t_us} µs")
        while self._now_us < t_us:
            self._devices.sleep(min(LOOK_S, (t_us - self._now_us) / 1_000_000))
            self.look()
            if progress:
                progress(self._now_us)

    def run_for(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """The same for a duration."""
        self.run_until(self._now_us + round((seconds + hours * 3600 + days * 86_400) * 1_000_000))

    # -- what the probe saw

    def _skip_what_was(self) -> None:
        probe = self._devices.probe
        levels = probe.read()
        self._step_number = levels.steps
        try:
            _, self._edge_number = probe.edges_since(0)
        except Overwritten as gone:
            _, self._edge_number = probe.edges_since(gone.first)

    def _pulse(self, t_us: int) -> None:
        self.pulses += 1
        # seen at the end of a look: a microsecond later than what the plant was asked about last
        self._moved_us = max(t_us, self.plant.now_us, self._moved_us + 1)
        self.plant.move(self._moved_us, 1, 1)
        if self.packets and t_us - self._last_pulse_us < 2 * self._period_us:
            t_ms, steps = self.packets[-1]
            self.packets[-1] = t_ms, steps + 1
        else:
            self.packets.append(((t_us - self._period_us) // 1_000, 1))
        self._last_pulse_us = t_us

    def _edge(self, t_us: int, line: str, value: int) -> None:
        self.trace.append((t_us // 1_000, line, str(value)))
        if line == "awake":
            self.wakes += value
        elif line == "tone":
            self._sound.heard(t_us, value)
        elif line == "red":
            self._lamps.red.changed(bool(value))
        elif line == "yellow":
            self._lamps.yellow.changed(bool(value))
        elif line == "enable":
            self.plant.enable(not value, max(t_us, self.plant.now_us))

    # -- link

    def transport(self) -> BenchTransport:
        """The link to the pump."""
        return self._transport

    # -- what a test does to the bench

    def set_input(self, channel: int, value: int) -> None:
        """Press a button, open the cover, show air, through the probe; the rotor's encoder may go absent."""
        fault = PLAYED.get(channel)
        if channel == codes.SENSE_ROTOR and value == ABSENT:
            self._devices.probe.drive("encoder-off")
        elif fault:
            self._devices.probe.drive(fault, on=bool(value))
        else:
            names = ", ".join(codes.SENSORS[known][0] for known in sorted(PLAYED))
            raise ValueError(f"the probe does not play {codes.SENSORS[channel][0]}: it plays {names}")

    def rotor_extra(self, counts: int) -> None:
        """Not on a bench: nobody turns the rotor."""
        raise ValueError("a bench cannot turn the rotor by itself; turn it by hand, with the driver off")

    @property
    def second_clock_ppm(self) -> int:
        """The board has no second clock."""
        return 0

    @property
    def powered(self) -> bool:
        """Whether the pump has power."""
        return self._powered

    @property
    def firmware_digest(self) -> str:
        """SHA-256 of the firmware tree, hex."""
        return firmware_digest().hex()

    def power_cut(self) -> None:
        """The supply goes now."""
        if self._powered:
            self._devices.probe.drive("power-off")
            self._transport.drop()
            self._powered = False
            self.look()
            self.plant.enable(False, self._now_us)

    def power_on(self, after_us: int = 0, cause: int = codes.RESET_POWER_ON) -> None:
        """The supply comes back."""
        if self._powered:
            raise ValueError(f"rig {self.name}: the power is on; cut it first")
        if cause != codes.RESET_POWER_ON:
            raise ValueError(f"rig {self.name}: a board that gets power says power-on, not {codes.RESETS[cause]}")
        self.run_until(self._now_us + after_us)
        self._devices.probe.drive("power-off", on=False)
        self._await_start()
        self._powered = True

    def reset(self, cause: int = codes.RESET_POWER_ON) -> None:
        """Power cut and power on, a tenth of a second apart."""
        self.power_cut()
        self.power_on(RESET_MS * 1_000, cause)

    def _await_start(self) -> int:
        """The probe's time at which the pump's time began. RigMissing: it did not."""
        until_s = self._devices.now_s() + START_S
        while self._devices.now_s() < until_s:
            self._devices.sleep(0.05)
            edges, self._edge_number = self._devices.probe.edges_since(self._edge_number)
            risen = [edge.t_us for edge in edges if edge.line == "sync" and edge.value]
            if risen:
                return risen[-1]
        raise RigMissing(
            f"rig bench: the probe did not see the pump start within {START_S:.0f} s (its line SYNC did not rise); "
            "run: pumpbench doctor"
        )

    @property
    def light(self) -> int:
        """What the lamps show, as `Annunciator.light` has it: a look, which takes a second."""
        self.run_until(self._now_us + SETTLE_US)
        self._lamps.begin()
        self.run_until(self._now_us + LOOK_US)
        return self._lamps.pattern()

    def bursts(self, from_ms: int = 0) -> list[tuple[int, int]]:
        """(rig ms, pattern) of each burst of sound that began since; one that has just begun is listened to."""
        self.run_until(self._now_us + SETTLE_US)
        if self._sound.bursts:
            self.run_until(max(self._now_us, self._sound.bursts[-1][0] + TELL_US))
        return [(t_us // 1_000, pattern) for t_us, pattern in self._sound.bursts if t_us >= from_ms * 1_000]

    def heap(self) -> tuple[int, int]:
        """Not from outside."""
        raise RigBroken(f"rig {self.name}: its heap is measured in the firmware")

    def close(self) -> None:
        """The pump stopped, every fault taken back, every port given back; errors on the way are of no use."""
        for act in (self._stop, getattr(self.__dict__.get("balance"), "close", None), self._devices.close):
            try:
                if act:
                    act()
            except (InstrumentError, PumpError, RigBroken):
                continue

    def _stop(self) -> None:
        self._devices.probe.rest()
        self._devices.probe.drive("stop", ms=STOP_MS)
        if link := self.__dict__.get("_transport"):
            link.drop()

    def __enter__(self) -> BenchRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
