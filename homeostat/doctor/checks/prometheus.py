"""Prometheus answers, is of a version that the rules hold on, took its own configuration, and keeps data long enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homeostat import prometheus_status
from homeostat.config import Duration
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.prometheus_status import Runtime

_OLDEST = (2, 42)


def _ask(subject: Subject) -> Iterator[Finding]:
    prometheus = subject.doors.prometheus
    try:
        prometheus.query("vector(1)")
    except PrometheusError as error:
        yield failed(str(error), "start it (systemctl status prometheus), or mend prometheus.url and prometheus.bearer_token_file")
        return
    try:
        version = prometheus_status.build(prometheus).version
        runtime = prometheus_status.runtime(prometheus)
    except PrometheusError as error:
        # Thanos, Mimir and others answer queries, and tell less of themselves.
        yield passed(f"{prometheus.url} answers, and does not say what it is: {error}")
        return
    yield passed(f"{prometheus.url} answers, version {version}, keeps {runtime.storage_retention or 'data for a time that it does not tell'}")
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) < _OLDEST:
        yield warned(f"version {version} is older than the 2.42 that the rules are tested on", "install Prometheus 2.42 or newer")
    if not runtime.reload_config_success:
        yield failed("Prometheus refused its configuration at its last reload and keeps the one before", "promtool check config /etc/prometheus/prometheus.yml")
    yield from _retention(subject, runtime)


def _retention(subject: Subject, runtime: Runtime) -> Iterator[Finding]:
    window = subject.doors.config.exporter.window
    for part in runtime.storage_retention.split(" or "):
        try:
            kept = Duration.parse(part)
        except ValueError:
            # A size, of which nobody knows how long it lasts.
            continue
        if 0 < kept < window:
            fix = f"start Prometheus with --storage.tsdb.retention.time={window} or more, or set exporter.window: {kept}"
            yield warned(f"Prometheus keeps {kept}, less than the window of {window} that forecasts read", fix)


CHECK = Check(order=30, ask=_ask)
