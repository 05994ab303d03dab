"""One actor for this host, one exporter for each of its targets, and all parts of one version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat import __version__
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.prometheus import Sample


def _ask(subject: Subject) -> Iterator[Finding]:
    prometheus, host = subject.doors.prometheus, subject.doors.config.host
    actors = prometheus.query(selector("homeostat_actor_build_info", host=host))
    exporters = prometheus.query(selector("homeostat_exporter_build_info", host=host))
    twice = prometheus.query(f"count by (problem, target, resource) ({selector('homeostat_usage_ratio', host=host)}) > 1")
    found = []
    if not actors:
        found.append(failed(f"Prometheus knows no actor of host {host!r}", "see what the checks targets and actor say"))
    if len(_places(actors)) > 1:
        found.append(failed(f"two actors act for {host}: {named(_places(actors))}; they do not know of each other", "stop all but one, or give each a host of its own"))
    if twice:
        targets = sorted({sample.labels.get("target", "") for sample in twice})
        found.append(failed(f"two exporters forecast {named(targets)} of {host}: each decision is made of both", "take what both read out of the queries of one"))
    others = sorted({f"{sample.labels.get('__name__', '').split('_')[1]} {sample.labels.get('version', '')}" for sample in [*actors, *exporters] if sample.labels.get("version") != __version__})
    if others:
        found.append(warned(f"this is version {__version__}, and there run: {named(others)}", "restart homeostat-exporter and homeostat-actor after an upgrade"))
    yield from found or [passed(f"one actor acts for {host}, and all parts are of version {__version__}")]


def _places(samples: list[Sample]) -> list[str]:
    return sorted({sample.labels.get("instance", "") for sample in samples})


CHECK = Check(order=240, ask=_ask)
