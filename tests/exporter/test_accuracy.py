"""How good the forecasts were, as it stands on /metrics and in the API."""

from __future__ import annotations

import math

import pytest

from exporter.accuracy import as_json, samples
from exporter.collector import span_label
from exporter.scorekeeper import Pending, Recalibration, Report
from exporter.tally import Score, Tally, score

DAY = 86400.0
REPORT = Report(
    scores={DAY: Score(120, 0.05, 0.2, 0.25, 0.9, math.inf), 2 * DAY: Score(7, 0.1, 0.3, 0.0, 0.8, math.nan), 30 * DAY: score(Tally())},
    pending={DAY: Pending(24, 1.7e9), 30 * DAY: Pending(1, 1.6e9)},
    recalibrations={"memory_leak": Recalibration(-0.12, 80.5, 4.25)},
    voids={"acted": 3, "moved": 0, "unobserved": 1},
)


def value(name: str, **labels: str) -> float | None:
    found = [value for metric, of, value in samples(REPORT, span_label) if (metric, of) == (name, labels)]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("forecast_brier_score", {"horizon": "24h"}, 0.05),
        ("forecast_expected_crossing_ratio", {"horizon": "24h"}, 0.2),
        ("forecast_crossing_ratio", {"horizon": "48h"}, 0.0),
        ("forecast_interval_coverage_ratio", {"horizon": "24h"}, 0.9),
        ("forecast_time_error_ratio", {"horizon": "24h"}, math.inf),
        ("forecast_time_error_ratio", {"horizon": "48h"}, None),
        ("forecast_scored_total", {"horizon": "24h"}, 120),
        ("forecast_pending", {"horizon": "30d"}, 1),
        ("forecast_scored_total", {"horizon": "30d"}, 0),
        ("forecast_brier_score", {"horizon": "30d"}, None),
        ("forecast_pending_oldest_timestamp_seconds", {"horizon": "24h"}, 1.7e9),
        ("forecast_void_total", {"reason": "acted"}, 3),
        ("forecast_recalibration_logit", {"problem": "memory_leak"}, -0.12),
        ("forecast_recalibration_evidence", {"problem": "memory_leak"}, 80.5),
        ("forecast_recalibration_acted", {"problem": "memory_leak"}, 4.25),
    ],
)
def test_every_score_is_a_metric_and_one_that_is_not_known_is_none(name: str, labels: dict[str, str], expected: float | None) -> None:
    assert value(name, **labels) == expected


def test_the_api_says_null_for_what_is_not_known_and_lists_a_horizon_that_only_waits() -> None:
    told = as_json(REPORT, span_label)
    assert told["horizons"]["24h"] == {
        "brier": 0.05, "coverage": 0.9, "time_error": None, "expected": 0.2, "crossed": 0.25, "scored": 120, "pending": 24,
    }  # fmt: skip
    assert told["horizons"]["30d"] == {
        "brier": None, "coverage": None, "time_error": None, "expected": None, "crossed": None, "scored": 0, "pending": 1,
    }  # fmt: skip
    assert list(told["horizons"]) == ["24h", "48h", "30d"]
    assert told["problems"] == {"memory_leak": {"shift": -0.12, "evidence": 80.5, "acted": 4.25}}
    assert told["voids"] == {"acted": 3, "moved": 0, "unobserved": 1}


def test_before_anything_was_kept_there_is_nothing_to_tell() -> None:
    assert list(samples(Report(), span_label)) == []
    assert as_json(Report(), span_label) == {"horizons": {}, "problems": {}, "voids": {}}
