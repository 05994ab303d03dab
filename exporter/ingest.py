"""Reads from Prometheus what a cycle needs: the watched series, the actor's marks and one's own former assertions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from exporter.model import Key, Observed, Watch
from forecasting import Series
from homeostat.config import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homeostat.config.types import Exporter
    from homeostat.prometheus import Prometheus

_Identity = frozenset[tuple[str, str]]
# An assertion that was served this recently survives a restart; the rules bridge the same five minutes.
_RESTORE = "5m"


def observe(prometheus: Prometheus, watch: Watch, settings: Exporter, now: float) -> list[Observed]:
    """Read the watch's series over the window up to `now`, with the age of each newest raw sample.

    The age counts from the raw sample's own time, as a range repeats a value for minutes after the last one.

    Raises:
        PrometheusError: a query was not answered.

    """
    start = now - math.floor(settings.window / settings.step) * settings.step
    rows = prometheus.query_range(watch.query, start, now, settings.step)
    newest = {_identity(sample.labels): sample.value for sample in prometheus.query(f"timestamp({watch.query})")}
    sizes = _sizes(prometheus, watch)
    observed = []
    for row in rows:
        times, values = np.array(row.timestamps), np.array(row.values)
        finite = np.isfinite(values)
        if finite.any():
            age = max(0.0, now - newest.get(_identity(row.labels), float(times[-1])))
            size = sizes.get(_identity(row.labels, watch.size_labels))
            observed.append(Observed(row.labels, Series(times[finite], values[finite]), age, size))
    return observed


def action_marks(prometheus: Prometheus, window: float) -> dict[tuple[str, str], float]:
    """Return when each (host, target) last saw an action (Unix seconds), also while its actor is down.

    Raises:
        PrometheusError: the query was not answered.

    """
    query = f"max by (host, target) (max_over_time(homeostat_action_last_timestamp_seconds[{Duration(window)}]))"
    marks = prometheus.query(query)
    return {(mark.labels.get("host", ""), mark.labels.get("target", "")): mark.value for mark in marks}


def former_assertions(prometheus: Prometheus) -> set[Key]:
    """Return what was asserted before this process began.

    Raises:
        PrometheusError: the query was not answered.

    """
    query = f"max by (problem, host, target, resource) (last_over_time(homeostat_problem_confidence_ratio[{_RESTORE}]))"
    rows = [sample.labels for sample in prometheus.query(query)]
    return {Key(*(labels.get(name, "") for name in ("problem", "host", "target", "resource"))) for labels in rows}


def _sizes(prometheus: Prometheus, watch: Watch) -> dict[_Identity, float]:
    if watch.size_query is None:
        return {}
    return {_identity(sample.labels, watch.size_labels): sample.value for sample in prometheus.query(watch.size_query)}


def _identity(labels: Mapping[str, str], names: Iterable[str] | None = None) -> _Identity:
    """Return what tells series apart: the labels called `names`, or all but the metric's name."""
    return frozenset((name, labels.get(name, "")) for name in (names or labels.keys() - {"__name__"}))
