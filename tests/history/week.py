"""A week and a half of two hosts, as Prometheus would have scraped and recorded them until now: what docs/decision-history.md and docs/success.md ask about."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Prometheus looks back five minutes for a sample.
STEP_SECONDS = 240
HOUR, DAY = 3600, 86400
LENGTH_SECONDS = 8 * DAY + 6 * HOUR
RUNGS = (0.7, 0.8, 0.9, 1.0)
LASTED = (900, 3600, 14400)
TOOK = (30, 120)

# A value so many seconds ago; None where the series does not exist then.
Course = Callable[[float], float | None]
Row = tuple[str, dict[str, str], Course]


def openmetrics(now: float) -> str:
    """Write every sample until `now`, as promtool reads them."""
    end = math.floor(now)
    lines = []
    for name, labels, course in (*_served(end), *_recorded()):
        series = selector(name, **labels)
        for moment in range(end - LENGTH_SECONDS // STEP_SECONDS * STEP_SECONDS, end + 1, STEP_SECONDS):
            value = course(end - moment)
            if value is not None:
                lines.append(f"{series} {'+Inf' if math.isinf(value) else repr(float(value))} {moment}")
    return "\n".join([*lines, "# EOF", ""])


def _counted(*events: float, before: float = 0) -> Course:
    """Count events so many seconds ago; a counter is born with its first one, unless it counted `before`."""

    def course(ago: float) -> float | None:
        count = before + sum(ago <= event for event in events)
        return count or None

    return course


def _during(begin: float, end: float, value: float = 1.0) -> Course:
    return lambda ago: value if end < ago <= begin else None


def _holds(begin: float, end: float) -> Course:
    return lambda ago: float(end < ago <= begin)


def _always(value: float) -> Course:
    return lambda ago: value


def _of(host: str, **labels: str) -> dict[str, str]:
    return {"host": host, **labels}


DISK = {"problem": "disk_exhaustion", "target": "/srv", "resource": "filesystem"}
LEAK = {"problem": "memory_leak", "target": "jellyfin", "resource": "memory"}
ROOT = {"problem": "disk_exhaustion", "target": "/", "resource": "filesystem"}
ACTIONS: tuple[tuple[dict[str, str], Course], ...] = (
    (_of("nas", action="disk-cleanup", target="/srv", decision="auto-execute", outcome="succeeded"), _counted(4 * DAY, 20 * HOUR, before=3)),
    (_of("nas", action="disk-cleanup", target="/srv", decision="auto-execute", outcome="refused"), _counted(2 * DAY)),
    (_of("nas", action="service-restart", target="jellyfin", decision="notify-execute", outcome="succeeded"), _counted(6 * DAY, 5 * HOUR)),
    (_of("nas", action="service-restart", target="jellyfin", decision="notify-execute", outcome="failed"), _counted(3 * DAY)),
    (_of("nas", action="service-restart", target="jellyfin", decision="propose", outcome="denied"), _counted(5 * DAY)),
    (_of("pi", action="disk-cleanup", target="/", decision="auto-execute", outcome="shadowed"), _counted(3 * DAY)),
    (_of("pi", action="service-restart", target="immich", decision="alert-only", outcome="alerted"), _counted(20 * HOUR, before=1)),
)
REFUSALS: tuple[tuple[dict[str, str], Course], ...] = (
    (_of("nas", gate="silenced", action="disk-cleanup"), _counted(2 * DAY)),
    (_of("nas", gate="cooldown", action="service-restart"), _counted(3.2 * DAY, 2.9 * DAY, 5.5 * HOUR)),
    (_of("nas", gate="window", action="disk-cleanup"), _counted(4 * DAY, before=2)),
    (_of("pi", gate="stopped", action="disk-cleanup"), _counted(3 * DAY)),
)
# When decisions were heard of, by host and tier, with their confidence.
HEARD: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {
    ("nas", "auto-execute"): ((8.1 * DAY, 0.94), (4 * DAY, 0.957), (2 * DAY, 0.957), (20 * HOUR, 0.961)),
    ("nas", "notify-execute"): ((6 * DAY, 0.83), (3 * DAY, 0.86), (5 * HOUR, 0.84)),
    ("nas", "propose"): ((5 * DAY, 0.74), (6 * HOUR, 0.74)),
    ("pi", "alert-only"): ((20 * HOUR, 0.4),),
}


def _served(end: float) -> Iterator[Row]:
    yield from (("homeostat_actions_total", labels, course) for labels, course in ACTIONS)
    yield from (("homeostat_gate_refusals_total", labels, course) for labels, course in REFUSALS)
    for (host, decision), heard in HEARD.items():
        yield from _histogram("homeostat_decision_confidence_ratio", _of(host, decision=decision), heard, RUNGS)
    yield from _deeds(end)
    yield from _successes()
    yield from _problems()
    yield from _states(end)


def _histogram(name: str, labels: dict[str, str], seen: Iterable[tuple[float, float]], bounds: Iterable[float]) -> Iterator[Row]:
    seen = tuple(seen)

    def total(ago: float, of: Callable[[float], float]) -> float | None:
        heard = [value for event, value in seen if ago <= event]
        return sum(map(of, heard)) if heard else None

    yield f"{name}_count", labels, lambda ago: total(ago, lambda _: 1.0)
    yield f"{name}_sum", labels, lambda ago: total(ago, lambda value: value)
    for bound in (*bounds, math.inf):
        text = "+Inf" if math.isinf(bound) else repr(float(bound))
        yield f"{name}_bucket", {**labels, "le": text}, lambda ago, bound=bound: total(ago, lambda value: float(value <= bound))


def _deeds(end: float) -> Iterator[Row]:
    for action, target, resource, ago_seconds in (("disk-cleanup", "/srv", "filesystem", 20 * HOUR), ("service-restart", "jellyfin", "memory", 5 * HOUR)):
        labels = _of("nas", action=action, target=target, resource=resource)
        yield "homeostat_action_last_timestamp_seconds", labels, _from(ago_seconds, end - ago_seconds)
    yield from _histogram("homeostat_action_duration_seconds", _of("nas", action="disk-cleanup"), ((4 * DAY, 95), (20 * HOUR, 110)), TOOK)
    yield from _histogram("homeostat_action_duration_seconds", _of("nas", action="service-restart"), ((6 * DAY, 40), (3 * DAY, 58), (5 * HOUR, 44)), TOOK)
    yield "homeostat_action_recurrences_total", _of("nas", action="service-restart", target="jellyfin", outcome="succeeded"), _counted(6 * DAY - 1800)
    yield "homeostat_feedback_incidents", _of("nas", action="disk-cleanup", mark="unnecessary", executed="yes"), _counted(3.5 * DAY)
    yield "homeostat_action_target_success_ratio", _of("nas", action="disk-cleanup", target="/srv"), _always(5.5 / 6)
    yield "homeostat_action_target_success_ratio", _of("nas", action="service-restart", target="jellyfin"), _always(1.5 / 4)


# How episodes ended, what verification saw, and when decisions for an action were heard of with which confidence.
ENDED: tuple[tuple[dict[str, str], Course], ...] = (
    (_of("nas", problem="disk_exhaustion", decision="auto-execute", acted="before"), _counted(3.9 * DAY, 19 * HOUR)),
    (_of("nas", problem="memory_leak", decision="notify-execute", acted="before"), _counted(3 * DAY)),
    (_of("nas", problem="memory_leak", decision="propose", acted="not"), _counted(5 * DAY)),
    (_of("nas", problem="service_down", decision="auto-execute", acted="no_limit"), _counted(5.9 * DAY)),
    (_of("pi", problem="memory_leak", decision="alert-only", acted="not"), _counted(14 * HOUR)),
)
CONFIDENCES: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {
    ("nas", "disk-cleanup"): ((8.1 * DAY, 0.94), (4 * DAY, 0.957), (2 * DAY, 0.957), (20 * HOUR, 0.961)),
    ("nas", "service-restart"): ((6 * DAY, 0.83), (3 * DAY, 0.86), (6 * HOUR, 0.74)),
}


def _successes() -> Iterator[Row]:
    yield from (("homeostat_incidents_ended_total", labels, course) for labels, course in ENDED)
    for host, key, usage in (("nas", DISK, 0.81), ("nas", LEAK, 0.64), ("pi", ROOT, 0.4), ("pi", {**LEAK, "target": "immich"}, 0.9)):
        yield "homeostat_usage_ratio", _of(host, **key), _always(usage)
    for action, finding, course in (
        ("disk-cleanup", "verified", _counted(4 * DAY, 20 * HOUR)),
        ("service-restart", "verified", _counted(6 * DAY, 5 * HOUR)),
        ("service-restart", "failed", _counted(3 * DAY)),
    ):
        yield "homeostat_verifications_total", _of("nas", action=action, finding=finding), course
    for (host, action), heard in CONFIDENCES.items():
        yield from _histogram("homeostat_action_confidence_ratio", _of(host, action=action), heard, ())
    for host, target, course in (("nas", "jellyfin", _always(1500.0)), ("nas", "web", _always(0.0)), ("pi", "immich", _always(43200.0))):
        yield "homeostat_service_observed", _of(host, target=target), _always(1.0)
        yield "homeostat_service_unplanned_downtime_seconds_total", _of(host, target=target), course


def _from(begin: float, value: float) -> Course:
    return lambda ago: value if ago <= begin else None


def _problems() -> Iterator[Row]:
    yield from _histogram("homeostat_resolution_seconds", _of("nas", problem="disk_exhaustion"), ((3.9 * DAY, 2400), (19 * HOUR, 3000)), LASTED)
    # What was decided, from when until when (seconds ago).
    for host, key, (action, risk, decision, alert, confidence), (begin, end) in (
        ("nas", DISK, ("disk-cleanup", "low", "auto-execute", "HomeostatAutoExecute", 0.957), (2.1 * DAY, 1.9 * DAY)),
        ("nas", LEAK, ("service-restart", "low", "propose", "HomeostatPropose", 0.74), (6 * HOUR, -1)),
        ("pi", ROOT, ("disk-cleanup", "low", "auto-execute", "HomeostatAutoExecute", 0.93), (3 * DAY, 3 * DAY - 4 * HOUR)),
        ("pi", {**LEAK, "target": "immich"}, ("service-restart", "low", "alert-only", "HomeostatAlertOnly", 0.4), (20 * HOUR, 14 * HOUR)),
    ):
        labels = {"host": host, **key, "action": action, "risk": risk}
        yield "target_action:homeostat_decision:ratio", {**labels, "decision": decision}, _during(begin, end, confidence)
        yield "target_action:homeostat_confidence:ratio", labels, _during(begin, end, confidence)
        yield "ALERTS", {"alertname": alert, "alertstate": "firing", "severity": "warning", **labels, "decision": decision}, _during(begin, end)
        yield "ALERTS", {"alertname": "HomeostatProblem", "alertstate": "firing", "severity": "warning", "host": host, **key}, _during(begin, end)


def _states(end: float) -> Iterator[Row]:
    for host, mode in (("nas", "active"), ("pi", "shadow")):
        for name in ("shadow", "active", "interactive"):
            yield "homeostat_mode", _of(host, mode=name), _always(float(name == mode))
        for state in ("accepted", "deferred", "proposed", "announced", "running"):
            yield "homeostat_incidents", _of(host, state=state), _holds(6 * HOUR, -1) if (host, state) == ("nas", "proposed") else _always(0)
        for cause in ("breaker", "stop", "silence"):
            yield "homeostat_paused", _of(host, by=cause), _holds(2.25 * DAY, 1.75 * DAY) if (host, cause) == ("nas", "silence") else _always(0)
        yield "homeostat_breaker_open", _of(host, scope="global"), _always(0)
    yield from _pauses(end)
    yield "homeostat_breaker_open", _of("nas", scope="service-restart/jellyfin"), _holds(3 * DAY, 3 * DAY - 2 * HOUR)
    proposal = {"host": "nas", **LEAK, "action": "service-restart"}
    yield "homeostat_proposal_expires_timestamp_seconds", proposal, _from(6 * HOUR, end + 7 * DAY - 6 * HOUR)


def _pauses(end: float) -> Iterator[Row]:
    name, moving = "homeostat_pause_until_timestamp_seconds", {"by": "silence", "author": "ada@desk", "reason": "moving house"}
    yield name, _of("nas", scope="everything", **moving), _during(2.25 * DAY, 1.75 * DAY, end - 1.75 * DAY)
    film = {"by": "silence", "author": "bob@sofa", "reason": "a film"}
    yield name, _of("nas", scope="target jellyfin", **film), _from(5 * HOUR, end + 10 * HOUR)


def _recorded() -> Iterator[Row]:
    """Yield the past of what the rules add up: its differences reach back to it."""
    yield from _summed("host_action_outcome:homeostat_actions:sum", ACTIONS, ("host", "action", "outcome"))
    yield from _summed("host_action_target_decision_outcome:homeostat_actions:sum", ACTIONS, ("host", "action", "target", "decision", "outcome"))
    yield from _summed("host_gate_action:homeostat_gate_refusals:sum", REFUSALS, ("host", "gate", "action"))
    heard = [(_of(host, decision=decision), _counted(*(event for event, _ in events))) for (host, decision), events in HEARD.items()]
    yield from _summed("host_decision:homeostat_decisions:sum", heard, ("host", "decision"))
    for (host, action), events in CONFIDENCES.items():
        for name, labels, course in _histogram("homeostat_action_confidence_ratio", _of(host, action=action), events, ()):
            part = name.rpartition("_")[2]
            if part != "bucket":
                recorded = f"host_action:homeostat_confidence_{part}"
                yield from _summed(f"{recorded}:sum", [(labels, course)], ("host", "action"))
                # A week ago all of it was of that week.
                yield f"{recorded}:increase7d", labels, lambda ago, course=course: course(ago) if ago >= 7 * DAY else None


def _summed(name: str, counters: Iterable[tuple[dict[str, str], Course]], by: tuple[str, ...]) -> Iterator[Row]:
    groups: dict[tuple[str, ...], list[Course]] = {}
    for labels, course in counters:
        groups.setdefault(tuple(labels[label] for label in by), []).append(course)
    for values, courses in groups.items():

        def course(ago: float, courses: list[Course] = courses) -> float | None:
            # What the rules record now, they record themselves.
            found = [value for one in courses if (value := one(ago)) is not None]
            return sum(found) if found and ago > STEP_SECONDS else None

        yield name, dict(zip(by, values, strict=True)), course
