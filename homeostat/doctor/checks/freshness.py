"""Forecasts come as often as they should, and rest on data that is still coming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.config.units import Duration
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

_CYCLES = 3
_LATE_SECONDS = 900


def _ask(subject: Subject) -> Iterator[Finding]:
    prometheus, config, host = subject.doors.prometheus, subject.doors.config, subject.doors.config.host
    ages = prometheus.query(f"time() - max({selector('homeostat_exporter_last_success_timestamp_seconds', host=host)})")
    if not ages:
        yield failed(f"Prometheus knows no forecast for host {host!r}", "see what the checks targets and exporter say")
        return
    if ages[0].value > _CYCLES * config.exporter.cycle:
        yield failed(
            f"the last forecast is {Duration(round(ages[0].value))} old, though there should be one every {config.exporter.cycle}",
            "journalctl -u homeostat-exporter --since -1h",
        )
        return
    old = [
        f"{sample.labels.get('target', '')} ({sample.labels.get('resource', '')})"
        for sample in prometheus.query(f"{selector('homeostat_series_age_seconds', host=host)} > {_LATE_SECONDS}")
    ]
    if old:
        yield warned(f"no new data for {Duration(_LATE_SECONDS)}: {named(old)}", "see whether what it is read from still runs; what is gone for good leaves by itself")
    errors = prometheus.query(f"sum by (stage) (increase({selector('homeostat_exporter_errors_total', host=host)}[15m])) > 0")
    if errors:
        stages = [sample.labels.get("stage", "") for sample in errors]
        yield warned(f"the exporter met errors within 15 minutes: {named(stages)}", "journalctl -u homeostat-exporter --since -15min")
    if not old and not errors:
        yield passed(f"the last forecast is {ages[0].value:.0f} s old, and its data are fresh")


CHECK = Check(order=70, ask=_ask)
