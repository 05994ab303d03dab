"""Prometheus scrapes both daemons under the names that the rules ask for, and leaves their labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat import prometheus_status
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed
from homeostat.prometheus import PrometheusError, quoted
from homeostat.prometheus_status import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAEMONS = ("exporter", "actor")
_LATE_SECONDS = 5


def _ask(subject: Subject) -> Iterator[Finding]:
    strangers = _of_other_hosts(subject)
    scraped = tuple(target for target in _scraped(subject) if target.labels.get("instance") not in strangers)
    found = [finding for daemon in _DAEMONS for finding in (*_job(daemon, scraped), *_labels(subject, daemon))]
    yield from found
    if not found:
        yield passed("homeostat-exporter and homeostat-actor are scraped, and their labels stay")


def _of_other_hosts(subject: Subject) -> set[str | None]:
    """Return the instances of the daemons of other hosts, each of which has a doctor of its own; but an exporter that watches this host too is ours."""
    host = quoted(subject.doors.config.host)
    theirs = f'last_over_time({{__name__=~"homeostat_(actor|exporter)_build_info",host!={host},exported_host=""}}[1d])'
    watching = f"last_over_time(homeostat_exporter_last_success_timestamp_seconds{{host={host}}}[1d])"
    return {sample.labels.get("instance") for sample in subject.doors.prometheus.query(f"{theirs} unless on (instance) {watching}")}


def _scraped(subject: Subject) -> tuple[Target, ...]:
    """Ask what is scraped; who only stores what others scrape knows no targets, and still has their `up`."""
    prometheus = subject.doors.prometheus
    try:
        return prometheus_status.targets(prometheus)
    except PrometheusError:
        up = prometheus.query('up{job=~"homeostat-.+"}')
        return tuple(Target(dict(sample.labels), "up" if sample.value == 1 else "down") for sample in up)


def _job(daemon: str, scraped: tuple[Target, ...]) -> Iterator[Finding]:
    job = f"homeostat-{daemon}"
    targets = [target for target in scraped if target.labels.get("job") == job]
    if not targets:
        yield failed(f"nothing is scraped under the job {job}", "homeostat generate prometheus --write /etc/prometheus/prometheus.yml, then reload Prometheus")
    for target in targets:
        if target.health != "down":
            continue
        fix = f"systemctl status {job}, or mend the targets of the job {job}"
        if "401" in target.last_error:
            fix = f"name a copy of a token of security.metrics_token_files in the job {job}: authorization: {{credentials_file: ...}}"
        why = f": {target.last_error}" if target.last_error else ""
        yield failed(f"{job} at {target.labels.get('instance', '')} cannot be scraped{why}", fix)


def _labels(subject: Subject, daemon: str) -> Iterator[Finding]:
    job = f"homeostat-{daemon}"
    # What was so before a reload is still there for minutes.
    recent_seconds = 3 * subject.doors.config.exporter.scrape_interval + _LATE_SECONDS
    query = f'timestamp(homeostat_{daemon}_build_info{{job="{job}",exported_host!=""}}) > time() - {recent_seconds:g}'
    renamed = [sample.labels.get("instance", "") for sample in subject.doors.prometheus.query(query)]
    if renamed:
        yield failed(f"Prometheus overwrites the label host of {job} at {named(renamed)}, so that nothing of it fits the rules", f"set honor_labels: true in the job {job}")


CHECK = Check(order=50, ask=_ask)
