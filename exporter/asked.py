"""A person's own query, forecast once: its series read over the window, and what is to be expected of each; nothing of it is kept."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from exporter.collector import span_label
from forecasting import Limit, Question, Series, Terms, forecast

if TYPE_CHECKING:
    from forecasting import Bounds, Forecast
    from homeostat.config.types import Exporter
    from homeostat.prometheus import Prometheus
    from homeostat.prometheus import Series as Read

MOST_SERIES = 50
MOST_SAMPLES = 500_000
_MOST_DRAWN = 400


class TooMuchError(Exception):
    """The query matches more than is forecast at once; the message says how much in one line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What is asked: PromQL, and the limit that its series must not reach, if there is one."""

    promql: str
    limit: Limit | None


def answer(query: Query, prometheus: Prometheus, settings: Exporter, now: float) -> list[dict[str, Any]]:
    """Forecast every series that the query shows now, the soonest to reach the limit first.

    Raises:
        PrometheusError: no answer, or the query was refused.
        TooMuchError: it matches too many series.

    """
    step = max(float(settings.step), settings.window * MOST_SERIES / MOST_SAMPLES)
    end = math.floor(now / step) * step
    # As a range from the first: a vector of one moment and a scalar are both told so, and what is neither is refused in its words.
    live = {_identity(series) for series in prometheus.query_range(query.promql, end - step, end, step)}
    if len(live) > MOST_SERIES:
        raise TooMuchError(f"the query matches {len(live)} series, and at most {MOST_SERIES} are forecast at once; narrow it down, or sum over some labels")
    read = prometheus.query_range(query.promql, end - settings.window, end, step) if live else []
    wanted = [series for series in read if _identity(series) in live]
    horizons = tuple(float(horizon) for horizon in settings.horizons)
    terms = Terms(now, minimum_samples=settings.minimum_samples)
    questions = [Question(_series(series), query.limit, horizons, terms) for series in wanted]
    told = [_told(query, series, expected) for series, expected in zip(wanted, forecast(questions), strict=True)]
    return sorted(told, key=_order)


def _identity(series: Read) -> frozenset[tuple[str, str]]:
    return frozenset(series.labels.items())


def _series(read: Read) -> Series:
    return Series(np.array(read.timestamps), np.array(read.values))


def _told(query: Query, series: Read, expected: Forecast) -> dict[str, Any]:
    curve = expected.curve
    return {
        "labels": dict(series.labels),
        "limit": query.limit.value if query.limit is not None else None,
        "direction": query.limit.direction if query.limit is not None else None,
        "value": _number(series.values[-1]),
        "reason": expected.reason,
        "explanation": expected.explanation,
        "time_to_limit_seconds": _bounds(expected.time_to_limit_seconds) if query.limit is not None else None,
        "probabilities": {span_label(horizon): chance for horizon, chance in expected.probabilities.items()} if query.limit is not None else {},
        "slope_per_second": _bounds(expected.slope_per_second),
        "curve": {field.name: getattr(curve, field.name).tolist() for field in dataclasses.fields(curve)},
        "history": _history(series),
    }


def _history(series: Read) -> dict[str, list[Any]]:
    """Return what was, thinned out to what a picture needs; the newest is always there."""
    every = -(-len(series.values) // _MOST_DRAWN)
    first = (len(series.values) - 1) % every
    return {"timestamps": list(series.timestamps[first::every]), "values": [_number(value) for value in series.values[first::every]]}


def _order(told: dict[str, Any]) -> tuple[bool, float, str]:
    bounds = told["time_to_limit_seconds"]
    seconds = bounds["median"] if bounds is not None and bounds["median"] is not None else math.inf
    return told["reason"] is not None, seconds, str(sorted(told["labels"].items()))


def _bounds(bounds: Bounds) -> dict[str, float | None]:
    return {name: _number(value) for name, value in dataclasses.asdict(bounds).items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
