"""How well a host is and how much Homeostat does by itself, each 0 to 100 with its parts (SPEC 3.7; docs/scores.md says it in words)."""

from __future__ import annotations

import collections
import dataclasses
import logging
from typing import TYPE_CHECKING

from homeostat.hosts import host_of
from homeostat.prometheus import PrometheusError
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from homeostat.config import Config
    from homeostat.config.health import Health
    from homeostat.prometheus import Prometheus, Sample

    Answers = Mapping[str, list[Sample]]
    # Points by host, and by reason or part.
    Points = Mapping[str, Mapping[str, float]]

log = logging.getLogger(__name__)

OWN_JOBS = ("homeostat-exporter", "homeostat-actor")
HELP = {
    "health_score": "How well the host is, 0 to 100: 100 less the penalties.",
    "health_penalty": "Points off the health score, by the problem or the lack that takes them.",
    "autonomy_score": "How much Homeostat does by itself on the host, 0 to 100: the sum of its parts.",
    "autonomy_part": "Points of the autonomy score, by part.",
}
_BEST = 100.0
_SURE = 0.8
_MOST = {"closed": 10.0, "known_action": 10.0, "found": 10.0, "checks": 30.0, "prediction": 25.0, "learning": 15.0}
_LIVE, _CERTAIN, _HEALED = 5.0, 10.0, 10.0
_OF_PROBLEM = "host, problem, target, resource"
_FORECASTS = f'homeostat_limit_probability_ratio{{problem!="{SELFTEST}"}}'
_TRIALS = f'max by (host, action) (homeostat_action_trials{{action!="{SELFTEST}"}})'


@dataclasses.dataclass(frozen=True, slots=True)
class Scores:
    """What was scored when Prometheus was last asked: penalties and parts by host; nothing where it did not answer."""

    penalties: Points = dataclasses.field(default_factory=dict)
    parts: Points = dataclasses.field(default_factory=dict)


def _grown(counter: str, labels: str) -> str:
    """Write by how much the actor's `counter` grew within 30 days: its totals never fall, and are born with their first event."""
    now, before = (f"max by (host, {labels}) ({series})" for series in (counter, f"last_over_time({counter}[1d] offset 30d)"))
    return f"(clamp_min({now} - {before}, 0) or {now})"


QUERIES = {
    "problems": f'count by (host, problem, severity) (group by ({_OF_PROBLEM}, severity) (homeostat_problem_severity{{problem!="{SELFTEST}"}}))',
    "failed": "max by (host) (homeostat_failed_units)",
    "parts": f'up{{job=~"{"|".join(OWN_JOBS)}|alertmanager"}}',
    "actors": "group by (host) (homeostat_actor_ready)",
    "gone": f"sum by (host, problem) ({_grown('homeostat_resolution_seconds_count', 'problem')})",
    "ended": f"sum by (host, action, outcome) ({_grown('homeostat_actions_total', 'action, target, decision, outcome')})",
    "checks": "sum by (host, result) (max by (host, result) (homeostat_doctor_checks))",
    "live": f"count by (host) (group by ({_OF_PROBLEM}) ({_FORECASTS}))",
    "certain": f"count by (host) (group by ({_OF_PROBLEM}) ({_FORECASTS} > {_SURE}))",
    "actions": f"count by (host) ({_TRIALS})",
    "tried": f"count by (host) ({_TRIALS} > 0)",
}


def refresh(prometheus: Prometheus, config: Config, watched: Collection[str]) -> Scores:
    """Score every host that is watched or has an actor; nothing at all where one question stays unanswered."""
    try:
        answers = {name: prometheus.query(promql) for name, promql in QUERIES.items()}
    except PrometheusError as error:
        log.warning("health and autonomy not scored: %s", error)
        return Scores()
    actors = {sample.labels["host"] for sample in answers["actors"]}
    penalties = _penalties(config, answers, {config.host, *watched, *actors})
    return Scores(penalties, {host: _parts(config, answers, host) for host in actors})


def samples(scores: Scores) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield what is exposed of it: metric (without its prefix), labels and value."""
    for host, penalties in scores.penalties.items():
        yield "health_score", {"host": host}, max(0.0, _BEST - sum(penalties.values()))
        for reason, points in penalties.items():
            yield "health_penalty", {"host": host, "reason": reason}, points
    for host, parts in scores.parts.items():
        yield "autonomy_score", {"host": host}, sum(parts.values())
        for part, points in parts.items():
            yield "autonomy_part", {"host": host, "part": part}, points


def _penalties(config: Config, answers: Answers, hosts: Collection[str]) -> Points:
    """Return, for each host, what takes points from its health and how many."""
    health = config.exporter.health
    found: dict[str, dict[str, float]] = {host: collections.defaultdict(float) for host in hosts}
    for sample in answers["problems"]:
        host, problem, severity = (sample.labels[name] for name in ("host", "problem", "severity"))
        found.setdefault(host, collections.defaultdict(float))[problem] += sample.value * _points(health, problem, severity)
    for sample in answers["failed"]:
        # The catalogue's are among them, which are told as problems too.
        reasons = found.setdefault(sample.labels["host"], collections.defaultdict(float))
        reasons["service_down"] = max(reasons["service_down"], sample.value * health.service_down)
    for host in _unreachable(config, answers["parts"], hosts):
        found[host]["unreachable"] += health.unreachable
    for reasons in found.values():
        reasons["service_down"] = min(reasons["service_down"], health.service_down_most)
    return {host: {reason: points for reason, points in reasons.items() if points} for host, reasons in found.items()}


def _points(health: Health, problem: str, severity: str) -> int:
    by_problem = {name: getattr(health, name) for name in ("service_down", "config_drift_major", "config_drift_minor", "backup_stale", "log_errors")}
    by_severity = {"critical": health.critical, "warning": health.warning}
    points: int = by_problem.get(problem, by_severity.get(severity, 0))
    return points


def _unreachable(config: Config, parts: list[Sample], hosts: Collection[str]) -> Iterator[str]:
    """Yield the host of each part that cannot be scraped; what is on no known host, or nowhere at all, is the exporter's own."""
    for sample in parts:
        if sample.value == 0:
            host = sample.labels.get("host") or host_of(sample.labels, config)
            yield host if host in hosts else config.host
    scraped = {sample.labels["job"] for sample in parts}
    yield from (config.host for job in OWN_JOBS if job not in scraped)


def _parts(config: Config, answers: Answers, host: str) -> dict[str, float]:
    """Return how many points each part of a host's autonomy has."""
    told = {entry.problem for entry in config.exporter.targets.alert}
    gone, found = _sum(answers["gone"], host), _sum(answers["gone"], host, lambda labels: labels["problem"] not in told)
    ended, known = _sum(answers["ended"], host), _sum(answers["ended"], host, lambda labels: labels["action"] != "none")
    healed = _sum(answers["ended"], host, lambda labels: labels["outcome"] == "succeeded")
    passed = _sum(answers["checks"], host, lambda labels: labels["result"] == "passed")
    shares = {
        # Where nothing stands open, nothing was left undone.
        "closed": _share(gone, gone + _sum(answers["problems"], host), nothing=1.0),
        "known_action": _share(known, ended),
        "found": _share(found, gone),
        "checks": _share(passed, _sum(answers["checks"], host)),
        "prediction": min(1.0, (_LIVE * _sum(answers["live"], host) + _CERTAIN * _sum(answers["certain"], host) + _HEALED * healed) / _MOST["prediction"]),
        "learning": _share(_sum(answers["tried"], host), _sum(answers["actions"], host)),
    }
    return {part: round(_MOST[part] * share, 2) for part, share in shares.items()}


def _sum(found: list[Sample], host: str, fits: Callable[[Mapping[str, str]], bool] = lambda _: True) -> float:
    return sum(sample.value for sample in found if sample.labels["host"] == host and fits(sample.labels))


def _share(part: float, whole: float, nothing: float = 0.0) -> float:
    return part / whole if whole else nothing
