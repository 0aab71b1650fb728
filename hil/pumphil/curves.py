"""A treatment as curves for a figure: schedule, commands, balance, errors, requests, alarms."""

from __future__ import annotations

from pumphil.metrology import Budget, instrument_budget
from pumphil.oracle import packet_steps
from pumphil.report.series import Bolus, RunSeries
from pumphil.treatment import Treatment

HOUR_MS = 3_600_000
PLOTTED_PACKETS = 4_000


def budget_of(treatment: Treatment, commanded_nl: float, hours: float) -> Budget:
    """Named budget of balance against pump for a volume measured over `hours` since the start."""
    options = treatment.rig.options
    pump = options.plant
    peak = max(rate for _, _, rate in treatment.prescription.segments_until(treatment.now_ms + 1))
    steps = packet_steps(peak, pump.nl_per_rev, pump.steps_per_rev)
    return instrument_budget(commanded_nl, hours, pump, options.balance, steps)


def run_series(treatment: Treatment, name: str) -> RunSeries:
    """The run as curves for a figure."""
    samples = treatment.samples
    first = samples[0].balance
    weigh = treatment.rig.balance.volume_nl
    packet_ms, packet_nl = treatment.commanded_curve_nl()
    times = [s.t_ms for s in samples]
    commanded = _at(times, packet_ms, packet_nl)
    budgets = [budget_of(treatment, c, t / HOUR_MS) for c, t in zip(commanded, times, strict=True)]
    ordered = treatment.scheduled  # what an empty reservoir keeps back shows as the gap to this line
    error_t, error_nl = _error_curve(treatment, packet_ms, packet_nl)
    bolus = treatment.therapy.bolus if treatment.therapy else None
    lockout_h = bolus.lockout_ms / HOUR_MS if bolus else 0.0
    return RunSeries(
        name=name,
        t_h=[t / HOUR_MS for t in times],
        scheduled_nl=[float(ordered.expected_nl(t)) for t in times],
        commanded_nl=commanded,
        delivered_nl=[float(weigh(first, s.balance).value) for s in samples],
        reservoir_nl=[s.reservoir_nl for s in samples],
        rates=[
            (t0 / HOUR_MS, t1 / HOUR_MS, float(rate))
            for t0, t1, rate in ordered.segments_until(max(treatment.now_ms, 1))
        ],
        error_t_h=[t / HOUR_MS for t in error_t],
        error_nl=error_nl,
        budget_nl={term: [b.terms[term] for b in budgets] for term in budgets[0].terms},
        quantum_nl=treatment.quantum_nl(),
        boluses=[
            Bolus(r.t_ms / HOUR_MS, r.granted, r.reason, (r.duration_ms or 0) / HOUR_MS, lockout_h * r.granted)
            for r in treatment.requests
        ],
        alarms=[(t / HOUR_MS, alarm) for t, alarm in treatment.alarms() if t],
        refills=[(r.t_ms / HOUR_MS, r.commanded_nl, r.used_nl) for r in treatment.refills],
        reservoir_low_nl=3_000_000,
        reservoir_empty_nl=500_000,
    )


def _at(times: list[int], at_ms: list[int], values: list[float]) -> list[float]:
    """Value of a staircase at each of the rising `times`."""
    found, k = [], 0
    for t_ms in times:
        while k < len(at_ms) and at_ms[k] <= t_ms:
            k += 1
        found.append(values[k - 1] if k else 0.0)
    return found


def _error_curve(treatment: Treatment, packet_ms: list[int], packet_nl: list[float]) -> tuple[list[int], list[float]]:
    """Commanded minus scheduled just before and just after packets; of a long run every n-th packet."""
    stride = max(1, len(packet_ms) // PLOTTED_PACKETS)
    times, errors = [], []
    for k in range(0, len(packet_ms), stride):
        expected_nl = float(treatment.prescription.expected_nl(packet_ms[k]))
        times += [packet_ms[k], packet_ms[k]]
        errors += [(packet_nl[k - 1] if k else 0.0) - expected_nl, packet_nl[k] - expected_nl]
    return times, errors
