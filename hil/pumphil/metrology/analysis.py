"""From a balance log to a judged trumpet: everything between the rows of a file and a result.

    result = analyse(read_log(path), Settings(rate_ml_per_h=1 / 24, interval_min=Fraction(15), …))
    result.trumpet, result.judgement.outcome, result.to_dict()

In the style of IEC 60601-2-24, whose scope leaves implantable pumps out: no test of conformity with anything. All
periods are parameters and come back with the result. Deliberately not here: files, pictures, the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

from pumphil.metrology import continuity, resolution
from pumphil.metrology.balance_log import BalanceLog
from pumphil.metrology.budget import FLOW_TOLERANCE
from pumphil.metrology.conversion import Conversion, sources_of
from pumphil.metrology.decisive import Judgement, explain
from pumphil.metrology.errors import MeasurementError
from pumphil.metrology.loss import Loss
from pumphil.metrology.ripple import packet_percent
from pumphil.metrology.sampling import MEDIAN_US, on_grid
from pumphil.metrology.trumpet import (
    FlowTest,
    TrumpetPoint,
    flow_ml_per_h,
    overall_error_percent,
    plain_min,
    samples_in,
    trumpet,
)
from pumphil.metrology.uncertainty import Sources, UncertaintyBudget
from pumphil.metrology.verdict import Outcome, decide

WINDOW_SAMPLES = (1, 4, 10, 22, 38, 62)  # default windows: 2, 5, 11, 19, 31 min of an interval of 0.5, and one sample
NOISE_SHARE = 3  # a window is judged where the noise floor is at most a third of the tolerance
US_PER_MIN = 60_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What was set and what is asked. Times in minutes from the first reading; None: as the log and S allow.

    terms      figures of uncertainty by name, see uncertainty.SOURCES
    packet_ul  says what packets of that volume must look like
    """

    rate_ml_per_h: float
    interval_min: Fraction
    loss: Loss
    analysis_min: tuple[Fraction, Fraction] | None = None
    windows_min: tuple[Fraction, ...] | None = None
    conversion: Conversion = field(default_factory=Conversion)
    tolerance_percent: float = float(100 * FLOW_TOLERANCE)
    terms: Mapping[str, float] = field(default_factory=dict)
    packet_ul: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A window length of the trumpet, with the noise floor (k = 2) and what it allows to say about the tolerance."""

    point: TrumpetPoint
    noise_percent: float
    outcome: Outcome
    predicted_percent: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """All that is known after the analysis; flow from the first reading on, everything else of the analysis period."""

    log_name: str
    log_sha256: str
    settings: Settings
    analysis_min: tuple[Fraction, Fraction]
    ul_per_mg: float
    sampling: str
    sources: Sources
    flow_ml_per_h: tuple[float, ...]
    error_percent: float
    volume_ul: float
    gain_mg: float
    trumpet: tuple[Window, ...]
    readable_from_min: float
    start_up: continuity.StartUp | None
    gap_min: float
    gap_floor_min: float
    gap_seen_every_min: float
    levels: Mapping[float, tuple[float, float]]
    budget: UncertaintyBudget
    judgement: Judgement
    notes: tuple[str, ...]

    @property
    def hours(self) -> float:
        """Length of the analysis period."""
        return float(self.analysis_min[1] - self.analysis_min[0]) / 60

    @property
    def set_volume_ul(self) -> float:
        """What the set rate is in the analysis period."""
        return 1000 * self.settings.rate_ml_per_h * self.hours

    @property
    def expanded_percent(self) -> float:
        """Expanded uncertainty of the overall error (k = 2), % of the set rate."""
        return 100 * self.budget.expanded_ul / self.set_volume_ul


def analyse(log: BalanceLog, settings: Settings) -> Analysis:
    """Analyse a log. LogError or MeasurementError where it cannot be: gap, too short, windows that do not fit."""
    interval, interval_us = settings.interval_min, interval_us_of(settings.interval_min)
    if not settings.rate_ml_per_h > 0 or not settings.tolerance_percent > 0:
        raise MeasurementError("analysis refused: rate and tolerance must be above 0")
    wanted = settings.analysis_min
    if wanted is not None and not 0 <= wanted[0] < wanted[1]:
        raise MeasurementError(
            f"analysis from {plain_min(wanted[0])} to {plain_min(wanted[1])} refused: give FROM:TO in minutes from "
            "the first reading, FROM before TO"
        )
    grid = on_grid(log, interval_us, None if wanted is None else round(wanted[1] * US_PER_MIN))
    masses = settings.loss.added(grid).mass_mg
    start, end = wanted or (Fraction(0), (len(masses) - 1) * interval)
    first = samples_in(start, interval, "start of the analysis") if start else 0
    last = first + samples_in(end - start, interval, "analysis")
    ul_per_mg = settings.conversion.ul_per_mg
    whole = FlowTest(
        mass_mg=masses[: last + 1],
        interval_min=interval,
        rate_ml_per_h=settings.rate_ml_per_h,
        density_g_per_ml=1 / ul_per_mg,
    )
    test = replace(whole, mass_mg=masses[first : last + 1])
    fine = _fine(log, whole, settings.loss, start, end)
    windows = settings.windows_min or _default_windows(test)
    sources = sources_of(log, settings.loss, settings.conversion, settings.terms)
    gain_mg, hours = test.mass_mg[-1] - test.mass_mg[0], float(test.length_min) / 60
    budget = settings.conversion.budget(sources, gain_mg, hours)
    reading_mg = resolution.reading_uncertainty_mg(sources.repeatability, sources.readability)
    error = overall_error_percent(test)
    threshold_mg = resolution.COVERAGE_FACTOR * 2**0.5 * reading_mg
    quiet = continuity.quiet_window_min(test, windows)
    steady = gain_mg / float(test.length_min)
    points = [_window(point, settings, reading_mg, test) for point in trumpet(test, windows)]
    return Analysis(
        log_name=log.name,
        log_sha256=log.sha256,
        settings=settings,
        analysis_min=(start, end),
        ul_per_mg=ul_per_mg,
        sampling=grid.method,
        sources=sources,
        flow_ml_per_h=tuple(flow_ml_per_h(whole)),
        error_percent=error,
        volume_ul=gain_mg * ul_per_mg,
        gain_mg=gain_mg,
        trumpet=tuple(points),
        readable_from_min=resolution.shortest_window_min(
            reading_mg, settings.rate_ml_per_h, settings.tolerance_percent / NOISE_SHARE, test.density_g_per_ml
        ),
        start_up=continuity.start_up(whole.mass_mg, interval, steady, quiet) if quiet and steady > 0 else None,
        gap_min=continuity.longest_gap_min(fine, threshold_mg),
        gap_floor_min=threshold_mg / test.sample_mg * float(interval),
        gap_seen_every_min=float(fine.interval_min),
        levels={half: continuity.level_deviation_percent(fine, half) for half in continuity.HALF_LIVES_MIN},
        budget=budget,
        judgement=explain(error, settings.tolerance_percent, budget, 1000 * settings.rate_ml_per_h * hours, hours),
        notes=tuple(_notes(settings, points)),
    )


def interval_us_of(interval_min: Fraction) -> int:
    """Interval in us; MeasurementError below a second."""
    exact = interval_min * US_PER_MIN
    if exact.denominator != 1 or exact < 1_000_000:
        raise MeasurementError(
            f"interval of {plain_min(interval_min)} refused: give one second or more, in whole microseconds"
        )
    return int(exact)


def _fine(log: BalanceLog, whole: FlowTest, loss: Loss, start: Fraction, end: Fraction) -> FlowTest:
    """The analysis period as finely as the log has it, down to 10 s: what is about gaps must not be smoothed by S."""
    spacing_us = max(now - before for before, now in pairwise(log.time_us))
    fine_us = min(int(whole.interval_min * US_PER_MIN), max(MEDIAN_US, spacing_us))
    masses = loss.added(on_grid(log, fine_us, int(end * US_PER_MIN))).mass_mg
    first = -int(-start * US_PER_MIN // fine_us)
    return replace(whole, mass_mg=masses[first:], interval_min=Fraction(fine_us, US_PER_MIN))


def _default_windows(test: FlowTest) -> tuple[Fraction, ...]:
    count = len(test.mass_mg) - 1
    return tuple(samples * test.interval_min for samples in WINDOW_SAMPLES if samples <= count)


def _window(point: TrumpetPoint, settings: Settings, reading_mg: float, test: FlowTest) -> Window:
    noise = resolution.noise_floor_percent(
        reading_mg, settings.rate_ml_per_h, float(point.window_min), test.density_g_per_ml
    )
    worst = max(abs(point.upper_percent), abs(point.lower_percent))
    limit = settings.tolerance_percent
    outcome: Outcome = "inconclusive" if NOISE_SHARE * noise > limit else decide(worst, noise, limit)
    predicted = None
    if settings.packet_ul is not None:
        rate_ul_per_min = settings.rate_ml_per_h * 1000 / 60
        predicted = packet_percent(settings.packet_ul, rate_ul_per_min, point.window_min)
    return Window(point, noise, outcome, predicted)


def _notes(settings: Settings, windows: list[Window]) -> list[str]:
    notes = list(settings.loss.notes)
    noisy = [w for w in windows if NOISE_SHARE * w.noise_percent > settings.tolerance_percent]
    if noisy:
        longest = plain_min(max(w.point.window_min for w in noisy))
        notes.append(f"windows up to {longest} are not judged: their noise floor is more than a third of the tolerance")
    few = [w for w in windows if w.point.windows < 10]
    if few:
        notes.append(
            f"{len(few)} of the window lengths have fewer than 10 windows: their extremes say little; analyse longer"
        )
    return notes
