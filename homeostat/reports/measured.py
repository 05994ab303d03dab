"""What Prometheus knows for a report: a few questions, and everything else reckoned from their answers."""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING

from homeostat.config import Duration
from homeostat.config.section import DAY, MINUTE
from homeostat.prometheus import quoted, selector
from homeostat.reports.model import Decided, Foreseen, Now, Outlook, Past, RunsOut, Trend
from homeostat.reports.predictions import stretches
from homeostat.reports.success import MEASURES
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from homeostat.prometheus import Prometheus, Sample, Series
    from homeostat.reports.model import Asked

MOST_RUNS_OUT = 5
_MOST_POINTS = 240
_MOST_TRENDS = 6
_OUTLOOK_SECONDS = 7 * DAY
_FRESH_PROOF_SECONDS = 90 * DAY
# No ratio and no score is so large; a sum of what is would be no number.
_MOST_REAL = 1e12

_TIME = "homeostat_time_to_limit_seconds"
_USAGE = "homeostat_usage_ratio"
_AHEAD = "homeostat_forecast_usage_ratio"
_DECISION = "target_action:homeostat_decision:ratio"
_CHOICE = "homeostat_problem_action_info"
_CONFIDENCE = "target_action:homeostat_confidence:ratio"
_MEAN, _CHANGED = "host_action:homeostat_confidence:avg7d", "host_action:homeostat_confidence:delta7d"
_SCORES = {"homeostat_health_score": "health", "homeostat_autonomy_score": "autonomy"}
_INTEGRITY, _RESTORED, _MARKED = "homeostat_backup_integrity_ok", "homeostat_backup_restore_test_age_seconds", "homeostat_backup_marker_age_seconds"
_ASKED_NOW = (
    _TIME, _USAGE, _AHEAD, _DECISION, _CHOICE, *_SCORES, "homeostat_health_penalty", "homeostat_observer_up", "homeostat_doctor_check_failed",
    _INTEGRITY, _RESTORED, _MARKED, _MEAN, _CHANGED, *(measure.rule for measure in MEASURES),
)  # fmt: skip

Key = tuple[str, str, str]


def measure_now(prometheus: Prometheus, asked: Asked, now: float) -> Now:
    """Ask for all that is known at this moment. Raises PrometheusError."""
    found = _by_name(prometheus.query(_any_of(_ASKED_NOW, asked.host)))
    forecasts = {key: bounds for key, bounds in _bounds(found[_TIME]).items() if key[0] != SELFTEST}
    runs_out = _runs_out(forecasts, found)
    return Now(
        forecasts=len(forecasts),
        runs_out=runs_out,
        outlook=_outlook(prometheus, asked, runs_out[0], found[_AHEAD], now) if runs_out else None,
        measures={measure.rule: found[measure.rule][0].value for measure in MEASURES if found[measure.rule] and _is_real(found[measure.rule][0].value)},
        decided=_decided(found),
        scores={_SCORES[sample.labels["__name__"]]: sample.value for name in _SCORES for sample in found[name] if _is_real(sample.value)},
        penalties={sample.labels.get("reason", ""): sample.value for sample in found["homeostat_health_penalty"] if sample.value > 0 and _is_real(sample.value)},
        blind=tuple(sorted(sample.labels.get("observer", "") for sample in found["homeostat_observer_up"] if sample.value == 0)),
        failed_checks=tuple(sorted(sample.labels.get("check", "") for sample in found["homeostat_doctor_check_failed"] if sample.value > 0)),
        proven_backups=tuple(sorted(_proven(found))),
    )


def measure_past(prometheus: Prometheus, asked: Asked) -> Past:
    """Ask for the courses of the period and of the one before it. Raises PrometheusError."""
    begins = asked.since - (asked.until - asked.since)
    step = float(max(MINUTE, math.ceil((asked.until - begins) / _MOST_POINTS)))

    def read(promql: str) -> list[Series]:
        return prometheus.query_range(promql, begins, asked.until, step)

    courses = read(_any_of((*_SCORES, _CONFIDENCE), asked.host))
    host = quoted(asked.host)
    forecast = f'homeostat_problem_confidence_ratio{{host={host}}} and on (problem, host, target, resource) {_TIME}{{host={host},bound="median"}}'
    # A crossing between two readings counts too.
    at_limit = f"max_over_time({_USAGE}{{host={host}}}[{math.ceil(step)}s]) >= 1"
    return Past(
        step=step,
        confidence=_confidence(courses, asked.since)[:_MOST_TRENDS],
        scores=tuple(_trend(_SCORES[series.labels["__name__"]], series.timestamps, series.values, asked.since) for series in courses if series.labels.get("__name__") in _SCORES),
        foreseen=_foreseen(read(forecast), read(at_limit), step),
    )


def _any_of(names: Iterable[str], host: str) -> str:
    return f'{{__name__=~"{"|".join(names)}",host={quoted(host)}}}'


def _by_name(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = collections.defaultdict(list)
    for sample in samples:
        found[sample.labels.get("__name__", "")].append(sample)
    return found


def _key(labels: Mapping[str, str]) -> Key:
    return labels.get("problem", ""), labels.get("target", ""), labels.get("resource", "")


def _bounds(samples: Iterable[Sample]) -> dict[Key, dict[str, float]]:
    found: dict[Key, dict[str, float]] = collections.defaultdict(dict)
    for sample in samples:
        found[_key(sample.labels)][sample.labels.get("bound", "")] = sample.value
    return found


def _runs_out(forecasts: Mapping[Key, Mapping[str, float]], found: Mapping[str, Sequence[Sample]]) -> tuple[RunsOut, ...]:
    """Return the first few that will reach their limit, the soonest first."""
    decided = {_key(sample.labels): sample.labels for sample in found[_DECISION]}
    used = {_key(sample.labels): sample.value for sample in found[_USAGE]}
    soonest = sorted((bounds["median"], key) for key, bounds in forecasts.items() if 0 <= bounds.get("median", math.inf) < math.inf)
    return tuple(
        RunsOut(
            problem=key[0],
            target=key[1],
            resource=key[2],
            used=_real(used.get(key)),
            lower=_real(forecasts[key].get("lower")),
            median=median,
            upper=_real(forecasts[key].get("upper")),
            action=decided.get(key, {}).get("action") or _choice(key, found[_CHOICE]),
            decision=decided.get(key, {}).get("decision", ""),
        )
        for median, key in soonest[:MOST_RUNS_OUT]
    )


def _choice(key: Key, choices: Iterable[Sample]) -> str:
    """Return the action that answers a problem: the target's own before the host's."""
    actions = {sample.labels.get("target", ""): sample.labels.get("action", "") for sample in choices if sample.labels.get("problem") == key[0]}
    return actions.get(key[1]) or actions.get("") or "none"


def _outlook(prometheus: Prometheus, asked: Asked, soonest: RunsOut, ahead: Iterable[Sample], now: float) -> Outlook | None:
    """Return the course of what runs out first, with the fan that the exporter publishes of what is asserted; None where it is not."""
    key = (soonest.problem, soonest.target, soonest.resource)
    edges: dict[float, dict[str, float]] = collections.defaultdict(dict)
    for sample in ahead:
        if _key(sample.labels) == key and _is_real(sample.value):
            edges[_seconds(sample.labels.get("ahead", ""))][sample.labels.get("bound", "")] = sample.value
    whole = sorted((seconds, bounds) for seconds, bounds in edges.items() if {"lower", "median", "upper"} <= bounds.keys() and seconds <= 2 * _OUTLOOK_SECONDS)
    if not whole:
        return None
    labels = {"host": asked.host, "problem": key[0], "target": key[1], "resource": key[2]}
    courses = prometheus.query_range(selector(_USAGE, **labels), now - _OUTLOOK_SECONDS, now, _OUTLOOK_SECONDS / _MOST_POINTS)
    known = _drawn(courses[0].timestamps, courses[0].values) if courses else []
    return Outlook(
        problem=key[0],
        target=key[1],
        now=now,
        times=tuple(time for time, _ in known),
        past=tuple(value for _, value in known),
        ahead=tuple(now + seconds for seconds, _ in whole),
        **{bound: tuple(bounds[bound] for _, bounds in whole) for bound in ("lower", "median", "upper")},
    )


def _seconds(label: str) -> float:
    try:
        return float(Duration.parse(label))
    except ValueError:
        return math.inf


def _decided(found: Mapping[str, Sequence[Sample]]) -> dict[str, Decided]:
    changes = {sample.labels.get("action", ""): sample.value for sample in found[_CHANGED]}
    means = {sample.labels.get("action", ""): sample.value for sample in found[_MEAN] if _is_real(sample.value)}
    return {action: Decided(mean=mean, change=_real(changes.get(action))) for action, mean in sorted(means.items())}


def _proven(found: Mapping[str, Sequence[Sample]]) -> set[str]:
    """Return the backups that somebody or something has looked into: a check that passed, a restore, a mark that says so."""
    tests: dict[str, Callable[[float], bool]] = {
        _INTEGRITY: lambda value: value == 1,
        _RESTORED: lambda value: value < _FRESH_PROOF_SECONDS,
        _MARKED: lambda value: value < _FRESH_PROOF_SECONDS,
    }
    return {sample.labels.get("backup", "") for name, passed in tests.items() for sample in found[name] if passed(sample.value)}


def _confidence(courses: Iterable[Series], since: float) -> tuple[Trend, ...]:
    """Return the mean confidence in each action at each time, the busiest actions first."""
    values: dict[str, dict[float, list[float]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for series in courses:
        if series.labels.get("__name__") == _CONFIDENCE and series.labels.get("problem") != SELFTEST:
            for time, value in zip(series.timestamps, series.values, strict=True):
                values[series.labels.get("action", "")][time].append(value)
    busiest = sorted(values.items(), key=lambda named: -len(named[1]))
    return tuple(_trend(action, sorted(seen), [sum(seen[time]) / len(seen[time]) for time in sorted(seen)], since) for action, seen in busiest)


def _trend(name: str, times: Sequence[float], values: Sequence[float], since: float) -> Trend:
    known = _drawn(times, values)
    return Trend(
        name=name,
        mean=_mean([value for time, value in known if time >= since]),
        before=_mean([value for time, value in known if time < since]),
        times=tuple(time for time, _ in known),
        values=tuple(value for _, value in known),
    )


def _foreseen(asserted: Iterable[Series], at_limit: Iterable[Series], step: float) -> tuple[Foreseen, ...]:
    when = {_key(series.labels): stretches(series.timestamps, step) for series in asserted}
    limits = {_key(series.labels): stretches(series.timestamps, step) for series in at_limit}
    return tuple(
        Foreseen(problem=key[0], target=key[1], resource=key[2], asserted=when.get(key, ()), at_limit=limits.get(key, ()))
        for key in sorted(when.keys() | limits.keys())
        if key[0] != SELFTEST
    )


def _drawn(times: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """Return those readings that can be drawn and reckoned with."""
    return [(time, value) for time, value in zip(times, values, strict=True) if _is_real(value)]


def _is_real(value: float) -> bool:
    """Say whether a value can be drawn and reckoned with: neither infinite nor absurd."""
    return abs(value) < _MOST_REAL


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _real(value: float | None) -> float | None:
    return value if value is not None and _is_real(value) else None
