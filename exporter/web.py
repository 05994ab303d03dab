"""The exporter's pages: `/metrics` and one target's forecast as JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import flask
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from exporter.collector import ResultCollector, Served, served, span_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.collector import State
    from forecasting import Bounds
    from homeostat.clock import Clock


def make_app(state: Callable[[], State], clock: Clock) -> flask.Flask:
    """Return the application that serves `state`."""
    app = flask.Flask("exporter", static_folder=None)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ResultCollector(state, clock))

    @app.get("/")
    def index() -> str:
        return '<h1>homeostat-exporter</h1><p><a href="/metrics">Metrics</a></p>\n'

    @app.get("/metrics")
    def metrics() -> flask.Response:
        return flask.Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    @app.get("/api/v1/forecast")
    def forecast() -> tuple[dict[str, Any], int]:
        wanted = {name: flask.request.args[name] for name in ("host", "target") if name in flask.request.args}
        if len(wanted) < 2:
            return {"error": "name one target: /api/v1/forecast?host=HOST&target=TARGET"}, 400
        entries = served(state().result, clock.monotonic())
        found = [entry for entry in entries if wanted.items() <= _names(entry).items()]
        if not found:
            return {"error": f"no target {wanted['target']!r} on host {wanted['host']!r} is forecast now"}, 404
        return {"forecasts": [as_json(entry) for entry in found]}, 200

    return app


def as_json(entry: Served) -> dict[str, Any]:
    """Describe one prediction; null is a number that does not exist: no forecast, or a limit that is never reached."""
    reading, expected = entry.prediction.reading, entry.prediction.forecast
    curve = expected.curve
    return {
        **_names(entry),
        "unit": reading.unit,
        "limit": reading.limit.value,
        "direction": reading.limit.direction,
        "value": float(reading.series.values[-1]),
        "usage_ratio": _number(reading.usage_ratio),
        "age_seconds": reading.age_seconds + entry.waited_seconds,
        "asserted": entry.asserted,
        "reason": expected.reason,
        "explanation": expected.explanation,
        "since": _number(expected.since),
        "action_horizon_seconds": reading.action_horizon_seconds,
        "time_to_limit_seconds": _bounds(expected.time_to_limit_seconds),
        "probabilities": {span_label(horizon): chance for horizon, chance in expected.probabilities.items()},
        "slope_per_second": _bounds(expected.slope_per_second),
        "leak": {name: _number(value) for name, value in dataclasses.asdict(expected.leak).items()},
        "curve": {field.name: getattr(curve, field.name).tolist() for field in dataclasses.fields(curve)},
    }


def _names(entry: Served) -> dict[str, str]:
    return dataclasses.asdict(entry.prediction.reading.key)


def _bounds(bounds: Bounds) -> dict[str, float | None]:
    return {name: _number(value) for name, value in dataclasses.asdict(bounds).items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
