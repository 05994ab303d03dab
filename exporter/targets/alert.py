"""A user's own alerts: while one fires, its problem is seen, not forecast."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from exporter.assertion import Assertion
from exporter.model import Key, Observed, Reading, Target, Watch
from forecasting import Limit
from homeostat.hosts import host_of
from homeostat.prometheus import selector
from homeostat.words import SEVERITIES

if TYPE_CHECKING:
    from homeostat.config import Config
    from homeostat.config.targets import AlertTarget
    from homeostat.words import Severity

# A rule's result is a sample an evaluation, as a metric is one a scrape: older than two, it says nothing of now.
_FRESH_EVALUATIONS = 2


def _watches(config: Config) -> list[Watch]:
    return [_watch(config, number, entry) for number, entry in enumerate(config.exporter.targets.alert, 1)]


def _watch(config: Config, number: int, entry: AlertTarget) -> Watch:
    query = selector("ALERTS", alertname=entry.alert, alertstate="firing")
    return Watch(f"alert {number} {entry.alert}", query, functools.partial(_read, config, entry))


def _read(config: Config, entry: AlertTarget, observed: Observed) -> Reading | None:
    target = entry.target or observed.labels.get(entry.target_label or "")
    interval = entry.evaluation_interval or config.prometheus.evaluation_interval
    if not target or observed.age_seconds > _FRESH_EVALUATIONS * interval:
        return None
    return Reading(
        key=Key(entry.problem, host_of(observed.labels, config), target, entry.resource),
        series=observed.series,
        limit=Limit(math.inf),
        unit="count",
        action_horizon_seconds=0.0,
        usage_ratio=math.nan,
        usage_per_unit=math.nan,
        age_seconds=observed.age_seconds,
        observed=Assertion(entry.confidence, _severity(observed.labels.get("severity"), entry)),
    )


def _severity(said: str | None, entry: AlertTarget) -> Severity:
    return next((severity for severity in SEVERITIES if severity == said), entry.severity)


TARGET = Target(_watches)
