"""There is something to read for every query that the configuration asks, and something is known of all that may be acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat import prometheus_status
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config
    from homeostat.prometheus import Prometheus

_KINDS = ("filesystem", "inodes", "memory", "swap", "fds", "certificates", "backup")


def _ask(subject: Subject) -> Iterator[Finding]:
    config, prometheus = subject.doors.config, subject.doors.prometheus
    ages = prometheus.query(selector("homeostat_series_age_seconds"))
    watched = {sample.labels.get("target", "") for sample in ages if sample.labels.get("host") == config.host}
    if not watched:
        yield _unmapped(config.host, sorted({sample.labels.get("host", "") for sample in ages}))
    trouble = [*_written(config, prometheus), *_counting(config, prometheus), *_alerts(config, prometheus), *(_catalogue(config, watched) if watched else ())]
    yield from trouble
    if watched and not trouble:
        yield passed(f"{len(watched)} targets of {config.host} are watched, and nothing in the catalogue is out of sight")


def _unmapped(host: str, others: list[str]) -> Finding:
    """Name what the series' instances say in place of this host, for the owner's own line to be made of."""
    if not others:
        return failed(f"the exporter watches nothing of host {host!r}", "see that node_exporter is scraped, and what the check freshness says")
    return failed(
        f"the exporter watches nothing of host {host!r}, but of {named(others)}",
        f"map the instances of this host in exporter.hosts, as in exporter.hosts: {{{others[0]!r}: {host}}}, and reload homeostat-exporter",
    )


def _written(config: Config, prometheus: Prometheus) -> Iterator[Finding]:
    """Ask each query that the owner wrote: what a default finds nothing for is just not there."""
    for key, query in _queries(config):
        trouble = _trouble(prometheus, f"count({query})", key)
        if trouble is not None:
            yield trouble


def _queries(config: Config) -> Iterator[tuple[str, str]]:
    targets = config.exporter.targets
    for kind in _KINDS:
        section = getattr(targets, kind)
        if section.enabled and section.query != type(section)().query:
            yield f"exporter.targets.{kind}.query", section.query
    memory = targets.service_memory
    if memory.enabled and memory.query is not None:
        yield "exporter.targets.service_memory.query", memory.query
    for service, query in targets.latency.services.items():
        yield f"exporter.targets.latency.services.{service}", query
    for custom in targets.custom:
        yield f"exporter.targets.custom {custom.name!r}", custom.query
    for traffic in config.exporter.traffic:
        yield f"exporter.traffic of {traffic.service!r}", traffic.query


def _counting(config: Config, prometheus: Prometheus) -> Iterator[Finding]:
    """Ask what a gate asks before it lets act: no answer is a no for ever."""
    asked = [(f"services.{name}.sessions", service.sessions) for name, service in config.services.items() if service.sessions]
    asked += [(f"groups.{name}.healthy", group.healthy) for name, group in config.groups.items() if group.healthy]
    for key, query in asked:
        trouble = _trouble(prometheus, query, key)
        if trouble is not None:
            yield trouble


def _trouble(prometheus: Prometheus, promql: str, key: str) -> Finding | None:
    try:
        if prometheus.query(promql):
            return None
    except PrometheusError as error:
        return failed(f"{key}: {error}", f"mend the query at {key}")
    return failed(f"{key}: Prometheus has no series for it", f"mend the query at {key}, or see that what it reads is scraped")


def _alerts(config: Config, prometheus: Prometheus) -> Iterator[Finding]:
    wanted = {entry.alert for entry in config.exporter.targets.alert}
    if not wanted:
        return
    known = {rule.name for group in prometheus_status.rule_groups(prometheus) for rule in group.rules}
    for name in sorted(wanted - known):
        yield failed(f"exporter.targets.alert: no rule of Prometheus is called {name!r}, so it never fires", "write the alert's name as its rule does, or load its rule")


def _catalogue(config: Config, watched: set[str]) -> Iterator[Finding]:
    unseen = [name for name in config.filesystems if name not in watched]
    if unseen:
        yield warned(f"no series is about {named(unseen)} of filesystems, so nothing is ever done there", "name it as its label mountpoint does")
    # An alert of the owner's may be about any service, and is seen only while it fires.
    by_alert = any(entry.target_label is not None for entry in config.exporter.targets.alert)
    told = watched | {entry.target for entry in config.exporter.targets.alert}
    unseen = [name for name in config.services if name not in told and not by_alert]
    if unseen:
        looked_at = config.exporter.observers.services.enabled
        yield warned(
            f"no series is about {named(unseen)} of services: "
            + ("whether it runs is seen, but no leak of its memory is foreseen" if looked_at else "only an alert of yours can tell of it"),
            "name it as the series do (docs/targets.md), or add its source to exporter.targets.service_memory.sources",
        )


CHECK = Check(order=60, ask=_ask)
