"""The exporter's pages: `/metrics`, and as JSON the forecasts, how good they were, and the quiet windows."""

from __future__ import annotations

import dataclasses
import math
import re
import zlib
from typing import TYPE_CHECKING, Any

import flask

from exporter import accuracy, listing
from exporter.collector import Served, exposition, served, span_label
from exporter.load import rank
from exporter.textformat import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.collector import State
    from forecasting import Bounds
    from homeostat.clock import Clock

_DAY_SECONDS = 86400
_AHEAD_SECONDS = 7 * _DAY_SECONDS
_MOST_AHEAD_SECONDS = 90 * _DAY_SECONDS
_MOST_OFFSET = 10_000_000
_MOST_DIGITS = 8
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def make_app(state: Callable[[], State], clock: Clock, may_scrape: Callable[[str | None], bool] = lambda _: True) -> flask.Flask:
    """Return the application that serves `state`, its metrics to whoever `may_scrape` with that Authorization."""
    app = flask.Flask("exporter", static_folder=None)
    # Horizons stay in their order.
    app.json = flask.json.provider.DefaultJSONProvider(app)
    app.json.sort_keys = False

    @app.get("/")
    def index() -> str:
        return '<h1>homeostat-exporter</h1><p><a href="/metrics">Metrics</a></p>\n'

    @app.get("/metrics")
    def metrics() -> flask.Response:
        if not may_scrape(flask.request.headers.get("Authorization")):
            return flask.Response("Metrics need their token, as bearer or basic; see security.metrics_token_files.\n", 401)
        pieces = exposition(state(), clock.monotonic())
        if not flask.request.accept_encodings.quality("gzip"):
            return flask.Response(iter(pieces), headers={"Content-Length": str(sum(map(len, pieces)))}, content_type=CONTENT_TYPE)
        return flask.Response(_packed(pieces), headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}, content_type=CONTENT_TYPE)

    @app.get("/api/v1/forecast")
    def forecast() -> tuple[dict[str, Any], int]:
        return _forecasts(served(state().page.result, clock.monotonic()))

    @app.get("/api/v1/accuracy")
    def how_good() -> dict[str, Any]:
        return accuracy.as_json(state().page.result.scores, span_label)

    @app.get("/api/v1/windows")
    def windows() -> tuple[dict[str, Any], int]:
        try:
            ahead = _span("next", _MOST_AHEAD_SECONDS) or _AHEAD_SECONDS
            length = _span("length", _DAY_SECONDS)
        except ValueError as error:
            return {"error": str(error)}, 400
        loads, service = state().loads, flask.request.args.get("service")
        services = {profile.traffic.service for profile in loads.profiles if service in {None, profile.traffic.service}}
        if not services:
            return {"error": f"no traffic is known of {service or 'any service'}; exporter.traffic names a query for each"}, 404
        now = clock.now()
        return {"windows": rank(loads, services, (now, now + ahead), length)}, 200

    return app


def _packed(pieces: Iterable[bytes]) -> bytes:
    """Write gzip at its fastest level: Prometheus asks for it on loopback too, where time is all that counts."""
    packer = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def _forecasts(entries: list[Served]) -> tuple[dict[str, Any], int]:
    """Answer with all that is forecast of the target that is named, else with what runs out first."""
    host, target = (flask.request.args.get(name) for name in ("host", "target"))
    if target is None:
        return _soonest(entries, host)
    found = listing.of_target(entries, host, target)
    if not found:
        return {"error": listing.unknown(entries, host, target)}, 404
    return {"forecasts": [as_json(entry) | _curve(entry) | _fan(entry) for entry in found]}, 200


def _soonest(entries: list[Served], host: str | None) -> tuple[dict[str, Any], int]:
    """List what runs out first, from the `offset`th on: briefly, and with its fan only where `fan=true` asks for it."""
    asked = flask.request.args
    fans = asked.get("fan") == "true"
    try:
        most = _whole("limit", (1, listing.MOST_FANS if fans else listing.MOST), listing.USUAL)
        first = _whole("offset", (0, _MOST_OFFSET), 0)
    except ValueError as error:
        return {"error": str(error)}, 400
    found = listing.soonest(entries, host, asked.get("like", ""))
    return {"forecasts": [as_json(entry) | (_fan(entry) if fans else {}) for entry in found[first : first + most]], "total": len(found)}, 200


def _whole(name: str, bounds: tuple[int, int], usual: int) -> int:
    """Return a query parameter that is a whole number within bounds; raises ValueError when it is none."""
    said = flask.request.args.get(name, str(usual))
    if not (said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS and bounds[0] <= int(said) <= bounds[1]):
        raise ValueError(f"{name}={said!r} is no number between {bounds[0]} and {bounds[1]}")
    return int(said)


def _span(name: str, most_seconds: float) -> float | None:
    """Return a query parameter in seconds, None when it is not given; raises ValueError when it is no such time."""
    said = flask.request.args.get(name)
    if said is None:
        return None
    seconds = float(said) if _SECONDS.fullmatch(said) else 0.0
    if not 0 < seconds <= most_seconds:
        raise ValueError(f"{name}={said!r} is no time of more than 0 and at most {most_seconds} seconds")
    return seconds


def as_json(entry: Served) -> dict[str, Any]:
    """Describe one prediction; null is what does not exist: a limit that is never reached, a leak of what cannot leak."""
    reading, expected = entry.prediction.reading, entry.prediction.forecast
    assertion = entry.prediction.standing.assertion
    return {
        **_names(entry),
        "unit": reading.unit,
        "limit": _number(reading.limit.value),
        "direction": reading.limit.direction,
        "value": float(reading.series.values[-1]),
        "usage_ratio": _number(reading.usage_ratio),
        "age_seconds": reading.age_seconds + entry.waited_seconds,
        "asserted": entry.asserted,
        "assertion": dataclasses.asdict(assertion) if entry.asserted and assertion else None,
        "why_not": _why_not(entry),
        "reason": expected.reason,
        "explanation": expected.explanation,
        "since": _number(expected.since),
        "action_horizon_seconds": reading.action_horizon_seconds,
        "time_to_limit_seconds": _bounds(expected.time_to_limit_seconds),
        "probability": expected.probabilities.get(reading.action_horizon_seconds),
        "probabilities": {span_label(horizon): chance for horizon, chance in expected.probabilities.items()},
        "slope_per_second": _bounds(expected.slope_per_second),
        "leak": {name: _number(value) for name, value in dataclasses.asdict(expected.leak).items()} if reading.leak_rule else None,
    }


def _curve(entry: Served) -> dict[str, Any]:
    curve = entry.prediction.forecast.curve
    return {"curve": {field.name: getattr(curve, field.name).tolist() for field in dataclasses.fields(curve)}}


def _fan(entry: Served) -> dict[str, Any]:
    """Return the curve as usage ratios, in which every target's limit is 1; null where there is no curve, or no usage known."""
    reading, curve = entry.prediction.reading, entry.prediction.forecast.curve
    if math.isnan(reading.usage_ratio) or not curve.ahead_seconds.size:
        return {"fan": None}
    # A target that is used up as its value falls has its bounds the other way round.
    edges = zip(*([reading.usage_at(float(value)) for value in edge] for edge in (curve.lower, curve.median, curve.upper)), strict=True)
    lower, median, upper = zip(*(sorted(each) for each in edges), strict=True)
    return {"fan": {"ahead_seconds": curve.ahead_seconds.tolist(), "lower": _brief(lower), "median": _brief(median), "upper": _brief(upper)}}


def _brief(values: Iterable[float]) -> list[float | None]:
    return [round(value, 5) if math.isfinite(value) else None for value in values]


def _why_not(entry: Served) -> str | None:
    """Say why no problem is asserted; None while one is."""
    if entry.asserted:
        return None
    standing = entry.prediction.standing
    if standing.assertion is not None:
        return f"it was, but could not be read again for {entry.waited_seconds:.0f} s: does Prometheus answer?"
    return standing.why_not


def _names(entry: Served) -> dict[str, str]:
    return dataclasses.asdict(entry.prediction.reading.key)


def _bounds(bounds: Bounds) -> dict[str, float | None]:
    return {name: _number(value) for name, value in dataclasses.asdict(bounds).items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
