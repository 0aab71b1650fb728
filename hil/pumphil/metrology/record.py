"""An analysis as plain numbers for a JSON file: everything that was set, found and assumed.

    json.dumps(record(analysis))

The same log and settings give the same record; nothing in it is a time of day or a path.
"""

from typing import Any

from pumphil.metrology.analysis import Analysis, Window
from pumphil.metrology.resolution import COVERAGE_FACTOR
from pumphil.metrology.uncertainty import Term

TITLE = "Flow test in the style of IEC 60601-2-24; no test of conformity"
SCHEMA_VERSION = 1
DIGITS = 12  # significant: more than any balance has, fewer than two C libraries may disagree about


def record(analysis: Analysis) -> dict[str, Any]:
    """JSON-ready dictionary; units are in the names."""
    settings = analysis.settings
    found = {
        "title": TITLE,
        "schema_version": SCHEMA_VERSION,
        "log": {"name": analysis.log_name, "sha256": analysis.log_sha256, "sampling": analysis.sampling},
        "parameters": {
            "rate_ml_per_h": settings.rate_ml_per_h,
            "interval_min": float(settings.interval_min),
            "analysis_min": [float(edge) for edge in analysis.analysis_min],
            "windows_min": [float(window.point.window_min) for window in analysis.trumpet],
            "density": settings.conversion.words,
            "ul_per_mg": analysis.ul_per_mg,
            "evaporation": settings.loss.words,
            "evaporation_mg_per_h": settings.loss.rate_mg_per_h,
            "tolerance_percent": settings.tolerance_percent,
            "packet_ul": settings.packet_ul,
        },
        "overall": {
            "error_percent": analysis.error_percent,
            "expanded_uncertainty_percent": analysis.expanded_percent,
            "coverage_factor": COVERAGE_FACTOR,
            "corrected_gain_mg": analysis.gain_mg,
            "volume_ul": analysis.volume_ul,
            "set_volume_ul": analysis.set_volume_ul,
        },
        "verdict": analysis.judgement.to_dict(),
        "trumpet": [_window(window) for window in analysis.trumpet],
        "windows_judged_from_min": analysis.readable_from_min,
        "start_up": {
            "minutes": analysis.start_up.minutes if analysis.start_up else None,
            "window_min": float(analysis.start_up.window_min) if analysis.start_up else None,
        },
        "continuity": {
            "longest_gap_min": analysis.gap_min,
            "gap_floor_min": analysis.gap_floor_min,
            "seen_every_min": analysis.gap_seen_every_min,
        },
        "pk_weighted": [
            {"half_life_min": half_life, "lowest_percent": low, "highest_percent": high}
            for half_life, (low, high) in analysis.levels.items()
        ],
        "budget": [_term(term, analysis) for term in analysis.budget.terms],
        "flow": {"interval_min": float(settings.interval_min), "ml_per_h": list(analysis.flow_ml_per_h)},
        "notes": list(analysis.notes),
    }
    return {key: _rounded(value) for key, value in found.items()}


def _window(window: Window) -> dict[str, Any]:
    point = window.point
    return {
        "window_min": float(point.window_min),
        "windows": point.windows,
        "upper_percent": point.upper_percent,
        "lower_percent": point.lower_percent,
        "noise_floor_percent": window.noise_percent,
        "share_below_half_rate": point.share_below_half,
        "outcome": window.outcome,
        "predicted_percent": list(window.predicted_percent) if window.predicted_percent else None,
    }


def _term(term: Term, analysis: Analysis) -> dict[str, Any]:
    return {
        "name": term.name,
        "standard_uncertainty": term.standard_uncertainty,
        "unit": term.unit,
        "sensitivity_ul_per_unit": term.sensitivity,
        "contribution_ul": term.contribution_ul,
        "share_of_variance": analysis.budget.shares[term.name],
        "grows_with_the_run": term.grows,
        "basis": term.basis,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") + 0.0
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return value
