"""The daemons as processes: whether they run, with which configuration, and what they take."""

from __future__ import annotations

from grafana.health_rows import YES_OR_NO
from grafana.layout import Row
from grafana.panels import LINES, TABLE, TIMELINE, Panel, Target, columns, sorted_by
from grafana.promql import DAEMONS, HOST

_DAEMONS = ("exporter", "actor")


def daemons() -> Row:
    """Show each daemon's state, configuration and resources."""
    return Row("Daemons", (_parts(), _configurations(), _cpu(), _memory(), _descriptors(), _turns()))


def _parts() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Parts",
        description="Scraped by Prometheus; Prometheus reached by the exporter; actor ready; journal writable; configuration accepted when it was last read.",
        targets=[
            Target(f"max by (job, instance) (up{{{DAEMONS}}})", "{{job}} {{instance}} up"),
            Target(f"min by (host) (homeostat_prometheus_up{{{HOST}}})", "{{host}} Prometheus reached"),
            Target(f"min by (host) (homeostat_actor_ready{{{HOST}}})", "{{host}} actor ready"),
            Target(f"min by (host) (homeostat_journal_writable{{{HOST}}})", "{{host}} journal writable"),
            Target(f"min by (host, daemon) (homeostat_config_last_reload_successful{{{HOST}}})", "{{host}} {{daemon}} configuration accepted"),
        ],
        unit="none",
        width=14,
        height=9,
        steps=((None, "red"), (1, "green")),
        mappings=YES_OR_NO,
        no_value="nothing is scraped",
    )


def _configurations() -> Panel:
    labels = ("host", "daemon", "version")
    of = "max by (host, daemon)"
    version = " or ".join(f'label_replace(homeostat_{daemon}_build_info{{{HOST}}}, "daemon", "{daemon}", "", "")' for daemon in _DAEMONS)
    started = " or ".join(f'label_replace(homeostat_{daemon}_process_start_time_seconds{{{HOST}}}, "daemon", "{daemon}", "", "")' for daemon in _DAEMONS)
    return Panel(
        look=TABLE,
        title="Versions and configurations",
        description="Each daemon's version, since when it runs, and when it took over the configuration that is in force.",
        targets=[
            Target(f"max by (host, daemon, version) ({version})"),
            Target(f"{of} ({started}) * 1000"),
            Target(f"{of} (homeostat_config_last_reload_success_timestamp_seconds{{{HOST}}}) * 1000"),
        ],
        unit="dateTimeFromNow",
        width=10,
        height=9,
        no_value="",
        transformations=[*columns(labels, (None, "started", "configured")), sorted_by("host")],
    )


def _of_each(promql: str) -> list[Target]:
    """Ask the same of both daemons."""
    return [Target(promql.replace("DAEMON", daemon), f"{{{{host}}}} {daemon}") for daemon in _DAEMONS]


def _cpu() -> Panel:
    return Panel(
        look=LINES,
        title="CPU",
        description="CPU time that each daemon takes; 100 % is one core.",
        targets=_of_each(f"max by (host) (rate(homeostat_DAEMON_process_cpu_seconds_total{{{HOST}}}[$__rate_interval]))"),
        unit="percentunit",
        width=6,
        least=0,
        no_value="nothing is scraped",
    )


def _memory() -> Panel:
    return Panel(
        look=LINES,
        title="Memory",
        description="Resident memory of each daemon.",
        targets=_of_each(f"max by (host) (homeostat_DAEMON_process_resident_memory_bytes{{{HOST}}})"),
        unit="decbytes",
        width=6,
        least=0,
        no_value="nothing is scraped",
    )


def _descriptors() -> Panel:
    opened, most = (f"homeostat_DAEMON_process_{which}_fds{{{HOST}}}" for which in ("open", "max"))
    return Panel(
        look=LINES,
        title="Open files",
        description="File descriptors that each daemon holds, of those that it may.",
        targets=_of_each(f"max by (host) ({opened} / {most})"),
        unit="percentunit",
        width=6,
        least=0,
        no_value="nothing is scraped",
    )


def _turns() -> Panel:
    return Panel(
        look=LINES,
        title="Ages",
        description="Since the last successful forecast of each host, and since the actor's loop last came round.",
        targets=[
            Target(f"time() - max by (host) (homeostat_exporter_last_success_timestamp_seconds{{{HOST}}})", "{{host}} forecast"),
            Target(f"time() - max by (host) (homeostat_actor_last_loop_timestamp_seconds{{{HOST}}})", "{{host}} actor's loop"),
        ],
        unit="s",
        width=6,
        least=0,
        no_value="nothing is scraped",
    )
