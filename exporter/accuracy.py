"""How good the forecasts were, as metrics and as JSON: what `homeostat validate-predictions` and the dashboard show."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.scorekeeper import Report
    from exporter.tally import Score

HELP = {
    "forecast_brier_score": "Mean squared error of the probabilities that were forecast for the horizon; older ones count less.",
    "forecast_interval_coverage_ratio": "Share of forecasts whose 90 % interval held what happened.",
    "forecast_time_error_ratio": "Median of the relative error of the time to the limit, where it was crossed within the horizon.",
    "forecast_expected_crossing_ratio": "Mean probability that was forecast for the horizon; compare with homeostat_forecast_crossing_ratio.",
    "forecast_crossing_ratio": "Share of the scored forecasts whose limit was crossed within the horizon.",
    "forecast_scored_total": "Forecasts that were scored.",
    "forecast_void_total": "Kept forecasts that could not be scored: the target was acted on, its limit moved, or it was not observed.",
    "forecast_pending": "Kept forecasts whose time has not come.",
    "forecast_pending_oldest_timestamp_seconds": "When the oldest forecast that is pending was made.",
    "forecast_recalibration_logit": "What is added to the logit of every probability of the problem, as its scored forecasts taught.",
    "forecast_recalibration_evidence": "How many independent forecasts the recalibration rests on.",
    "forecast_recalibration_acted": "How many independent forecasts were acted on: the recalibration holds whether those would have crossed or not.",
}
# Metric, and the part of a score that it shows.
_OF_SCORE = {
    "forecast_brier_score": "brier",
    "forecast_interval_coverage_ratio": "coverage",
    "forecast_time_error_ratio": "time_error",
    "forecast_expected_crossing_ratio": "expected",
    "forecast_crossing_ratio": "crossed",
    "forecast_scored_total": "scored",
}


def samples(report: Report, span_label: Callable[[float], str]) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield what SPEC 3.3 exposes of it: metric (without its prefix), labels beside the host, and value; nothing that is not known."""
    for horizon, score in report.scores.items():
        for name, part in _OF_SCORE.items():
            if not math.isnan(value := getattr(score, part)):
                yield name, {"horizon": span_label(horizon)}, value
    for horizon, pending in report.pending.items():
        yield "forecast_pending", {"horizon": span_label(horizon)}, pending.count
        yield "forecast_pending_oldest_timestamp_seconds", {"horizon": span_label(horizon)}, pending.oldest
    for reason, count in report.voids.items():
        yield "forecast_void_total", {"reason": reason}, count
    for problem, learned in report.recalibrations.items():
        yield "forecast_recalibration_logit", {"problem": problem}, learned.shift
        yield "forecast_recalibration_evidence", {"problem": problem}, learned.evidence
        yield "forecast_recalibration_acted", {"problem": problem}, learned.acted


def as_json(report: Report, span_label: Callable[[float], str]) -> dict[str, Any]:
    """Describe the report; null is a number that does not exist, as the time error where nothing was crossed."""
    horizons = report.scores.items()
    return {
        "horizons": {span_label(horizon): {**_parts(score), "pending": _pending(report, horizon)} for horizon, score in horizons},
        "problems": {problem: dataclasses.asdict(learned) for problem, learned in report.recalibrations.items()},
        "voids": dict(report.voids),
    }


def _parts(score: Score) -> dict[str, Any]:
    return {part: value if math.isfinite(value) else None for part, value in dataclasses.asdict(score).items()}


def _pending(report: Report, horizon: float) -> int:
    return report.pending[horizon].count if horizon in report.pending else 0
