"""Looks into one target that is degraded or fails: what happened there and around it, since when, and which known pattern that is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from exporter.investigation.correlation import correlated
from exporter.investigation.known import recognised
from exporter.investigation.model import Asked, Dependency, Investigation, Onset, Point, RootCause
from exporter.investigation.onset import onset
from exporter.investigation.surroundings import asserted, is_seen, measured
from exporter.logbook.causes import causes_of
from exporter.logbook.components import KERNEL
from homeostat.config.catalogue import needs
from homeostat.config.section import DAY, MINUTE
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.investigation.model import Correlation
    from exporter.observation import Happened, Sight
    from homeostat.prometheus import Prometheus

_POINTS = 300
_CORRELATES = 0.5
_RESTARTS = 3
_MOST_EVENTS = 50
# Patterns that are trouble of all of the host, whichever unit tells of them.
_OF_THE_HOST = {"disk-failing", "read-only", "disk-full", "mount-missing", "oom-loop", "dns-outage", "network-outage", "limit-reached", "intrusion-attempt"}


class UnknownTarget(Exception):  # noqa: N818 - an adjective of what was asked for
    """The configuration names no such target; the message says what is known."""


def investigate(asked: Asked, sights: Mapping[str, Sight], prometheus: Prometheus) -> Investigation:
    """Look into a target by what the observers saw and what Prometheus has; what does not answer is told as unseen.

    Raises:
        UnknownTarget: the configuration does not name it.

    """
    config, target = asked.config, asked.target
    if target not in config.names:
        raise UnknownTarget(f"{target!r} is nothing that the configuration names; known: {', '.join(sorted(config.names))}")
    seen = _Seen(asked, sights, prometheus)
    needed = needs(config.services, target)
    problems = seen.problems()
    began, slack_seconds = seen.onset()
    since = asked.since if asked.since is not None else (began.at - 2 * slack_seconds if began is not None else asked.now - DAY)
    # A deployment may lie before what it brought about.
    events = seen.events(since - DAY, needed)
    correlation = correlated(events, target, needed, (began, slack_seconds))
    dependencies = tuple(seen.dependency(name, problems) for name in sorted(needed))
    causes = seen.causes(needed, problems)
    points, pressure = seen.points(began.at if began is not None else since)
    signs = {*pressure, *_signs(asked, (problems, causes, dependencies), correlation, events)}
    return Investigation(
        target=target,
        host=config.host,
        since=since,
        until=asked.now,
        problems=tuple(sorted(problems.get(target, ()))),
        onset=began,
        events=events,
        correlation=correlation,
        dependencies=dependencies,
        causes=causes,
        points=points,
        known=recognised(signs),
        unseen=tuple(seen.unseen),
        seen=tuple(trouble.words for sight in sights.values() for trouble in sight.troubles if trouble.target == target),
    )


def correlate(asked: Asked, sights: Mapping[str, Sight], prometheus: Prometheus) -> Correlation | None:
    """Return the deployment that most likely made a target worse, None where none did, and ask no more than that takes. Raises PrometheusError."""
    seen, needed = _Seen(asked, sights, prometheus), needs(asked.config.services, asked.target)
    began, slack_seconds = seen.when_it_began()
    if began is None:
        return None
    return correlated(seen.events(began.at - 2 * slack_seconds - DAY, needed), asked.target, needed, (began, slack_seconds))


def _signs(
    asked: Asked,
    found: tuple[Mapping[str, set[str]], tuple[RootCause, ...], tuple[Dependency, ...]],
    correlation: Correlation | None,
    events: tuple[Happened, ...],
) -> Iterator[str]:
    """Yield what speaks for a known pattern (`known.yml` says which there are)."""
    problems, causes, dependencies = found
    concerned = {asked.target, KERNEL, *(each.name for each in dependencies)}
    # That some unit of the host crashes or may not log in says nothing of one that does not need it.
    yield from (f"cause:{cause.known}" for cause in causes if cause.component in concerned or cause.known in _OF_THE_HOST or asked.target == asked.config.host)
    yield from (f"problem:{problem}" for problem in problems.get(asked.target, ()))
    yield from (f"host-problem:{problem}" for each in problems.values() for problem in each)
    if any(dependency.standing == "sick" for dependency in dependencies):
        yield "dependency-sick"
    if correlation is not None and correlation.confidence >= _CORRELATES:
        yield "deployment-correlates"
    if sum(event.kind == "restart" and event.target == asked.target for event in events) >= _RESTARTS:
        yield "restarts"
    if any(event.kind == "errors" for event in events):
        yield "errors"


@dataclasses.dataclass
class _Seen:
    """What can be seen of one target, part by part; what does not answer is noted as `unseen` and goes without."""

    asked: Asked
    sights: Mapping[str, Sight]
    prometheus: Prometheus
    unseen: list[str] = dataclasses.field(default_factory=list)

    def problems(self) -> dict[str, set[str]]:
        """Return the problems of each target of this host: those that are asserted, and those that an observer sees now."""
        found: dict[str, set[str]] = {}
        try:
            found = asserted(self.prometheus, self.asked.config.host)
        except PrometheusError as error:
            self.unseen.append(f"which problems are asserted: {error}")
        for sight in self.sights.values():
            for trouble in sight.troubles:
                found.setdefault(trouble.target, set()).add(trouble.problem)
        return found

    def onset(self) -> tuple[Onset | None, float]:
        """Return when the target's series rose, and how exactly that is known (seconds)."""
        try:
            return self.when_it_began()
        except PrometheusError as error:
            self.unseen.append(f"when it began: {error}")
            return None, 0.0

    def when_it_began(self) -> tuple[Onset | None, float]:
        """Return that, looked for coarsely, then closely around there. Raises PrometheusError."""
        asked, latency = self.asked, self.asked.config.exporter.targets.latency
        promql = latency.services.get(asked.target) or f"max({selector('homeostat_usage_ratio', host=asked.config.host, target=asked.target)})"
        span = 2 * latency.over if asked.target in latency.services else DAY
        begin = asked.since if asked.since is not None else asked.now - span
        finest = float(asked.config.exporter.scrape_interval)
        step = max(finest, (asked.now - begin) / _POINTS)
        coarse = self._onset(promql, begin, asked.now, step)
        if coarse is None or step <= MINUTE:
            return coarse, step
        close = self._onset(promql, coarse.at - 10 * step, min(asked.now, coarse.at + 10 * step), max(finest, step / 10))
        return (dataclasses.replace(coarse, at=close.at), step / 5) if close is not None else (coarse, step)

    def _onset(self, promql: str, begin: float, end: float, step: float) -> Onset | None:
        found = self.prometheus.query_range(promql, begin, end, step)
        longest = max(found, key=lambda series: len(series.values), default=None)
        return onset(longest.timestamps, longest.values, promql) if longest is not None else None

    def events(self, since: float, needed: set[str]) -> tuple[Happened, ...]:
        """Return what happened at the target, at what it needs and at the host, in order."""
        concerned = {self.asked.target, self.asked.config.host, *needed}
        found = [event for sight in self.sights.values() for event in sight.events if event.target in concerned and since <= event.at <= self.asked.now]
        return tuple(sorted(found, key=lambda event: event.at)[-_MOST_EVENTS:])

    def dependency(self, name: str, problems: Mapping[str, set[str]]) -> Dependency:
        """Say how one that the target needs is: sick where a problem is seen there that could harm others."""
        there = sorted(problems.get(name, set()) - {"config_drift_minor"})
        if there:
            return Dependency(name, "sick", f"{', '.join(there)} at {name}")
        if not self.sights:
            return Dependency(name, "unknown", "no observer looks at it")
        return Dependency(name, "well", "no problem is seen there")

    def causes(self, needed: set[str], problems: Mapping[str, set[str]]) -> tuple[RootCause, ...]:
        """Return where the errors of the last hour come from, at the target, at what it needs, and of the host itself."""
        memory = self.sights["logs"].memory if "logs" in self.sights else None
        if memory is None:
            self.unseen.append("errors in the journal: the observer logs has seen nothing")
            return ()
        services = self.asked.config.services
        concerned = {self.asked.target, *needed}
        on_host = {problem for each in problems.values() for problem in each}
        found = [cause for cause in causes_of(memory.cells, on_host) if cause.component in concerned or cause.component not in services]
        return tuple(RootCause(**dataclasses.asdict(cause)) for cause in found)

    def points(self, began_at: float) -> tuple[tuple[Point, ...], set[str]]:
        """Return how processor, memory and disk were, and which of that is a sign."""
        points, signs = [], set()
        try:
            for point, sign in measured(self.prometheus, self.asked.config, began_at, self.asked.now):
                points.append(point)
                signs |= {sign} if sign is not None else set()
            if not points:
                few = is_seen(self.prometheus, self.asked.config)
                why = "there is too little history yet, ask again in a few minutes" if few else "Prometheus has no series of node_exporter for this host"
                self.unseen.append(f"processor, memory and disk: {why}")
        except PrometheusError as error:
            self.unseen.append(f"processor, memory and disk: {error}")
        return tuple(points), signs
