"""Homeostat's own health at a glance, and the alerts about itself."""

from __future__ import annotations

from typing import Any

from grafana.layout import Row
from grafana.leads import HEALTH, RUNBOOK_OF_ROW, RUNBOOK_OF_SERIES
from grafana.panels import STAT, STAT_NAME, TABLE, TIMELINE, Panel, Target, columns, field, sorted_by, words
from grafana.promql import DAEMONS, HOST, OWN_ALERTS, ranked

SEVERITY_COLORS = {"critical": "red", "warning": "orange", "info": "blue"}
YES_OR_NO = (words({"0": ("no", "red"), "1": ("yes", "green")}),)
_NONE_IS_GOOD = ((None, "green"), (1, "red"))
# The actor makes a selftest a day.
_SELFTEST_AGE = ((None, "green"), (93_600, "orange"), (180_000, "red"))
_FORECAST_AGE = ((None, "green"), (180, "orange"), (600, "red"))


def in_short() -> tuple[Panel, ...]:
    """Say in one line of figures whether Homeostat is well; each leads to its own dashboard."""
    return (_down(6), _firing(6), _doctor(6), _selftest(6))


def at_a_glance() -> Row:
    """Show whether every part is there, and whether the chain is known to work."""
    return Row("At a glance", (_down(3), _ready(), _firing(3), _doctor(3), _selftest(3), _forecast(), _journal(), _versions()))


def _figure(title: str, description: str, promql: str, width: int, **said: Any) -> Panel:
    form = {"unit": "short", "steps": _NONE_IS_GOOD, "no_value": "not known", "links": [HEALTH], **said}
    return Panel(look=STAT, title=title, description=description, targets=[Target(promql)], width=width, height=4, **form)


def _down(width: int) -> Panel:
    words_ = "Exporters and actors that Prometheus cannot scrape now."
    return _figure("Daemons down", words_, f"count(up{{{DAEMONS}}} == 0) or 0 * count(up{{{DAEMONS}}})", width, no_value="none scraped")


def _firing(width: int) -> Panel:
    return _figure(
        "Own alerts",
        "Alerts about Homeostat itself that fire now; each has a runbook page. Decisions, problems and the watchdog, which always fires, are not counted.",
        f"count({OWN_ALERTS}) or vector(0)",
        width,
    )


def _doctor(width: int) -> Panel:
    return _figure(
        "Failed checks",
        "Links of the chain that the doctor found broken when it last looked; `homeostat doctor` says how to mend each.",
        f'sum(homeostat_doctor_checks{{{HOST}, result="failed"}})',
        width,
        no_value="not looked yet",
    )


def _selftest(width: int) -> Panel:
    last = f"homeostat_selftest_last_success_timestamp_seconds{{{HOST}}}"
    return _figure(
        "Chain proven",
        "How long ago a synthetic problem last came through the whole chain, on the host where that is longest ago. The actor sends one a day.",
        f"time() - min({last} > 0)",
        width,
        unit="s",
        steps=_SELFTEST_AGE,
        no_value="never",
    )


def _ready() -> Panel:
    description = "Whether every selected host's actor serves complete data and may decide."
    return _figure("Actor ready", description, f"min(homeostat_actor_ready{{{HOST}}})", 3, unit="none", no_value="no actor", mappings=YES_OR_NO)


def _forecast() -> Panel:
    return _figure(
        "Last forecast",
        "Age of the oldest last forecast among the selected hosts. It keeps counting for a day when the exporter is gone.",
        f"time() - min(last_over_time(homeostat_exporter_last_success_timestamp_seconds{{{HOST}}}[1d]))",
        3,
        unit="s",
        steps=_FORECAST_AGE,
        no_value="no forecast",
    )


def _journal() -> Panel:
    description = "Whether the last commit of every selected actor reached its disk. Nothing is done while it does not."
    return _figure("Journal writable", description, f"min(homeostat_journal_writable{{{HOST}}})", 3, unit="none", no_value="no actor", mappings=YES_OR_NO)


def _versions() -> Panel:
    return Panel(
        look=STAT_NAME,
        title="Versions",
        description="What runs: the exporters' and the actors' versions.",
        targets=[
            Target(f"count by (version) (homeostat_exporter_build_info{{{HOST}}})", "exporter {{version}}"),
            Target(f"count by (version) (homeostat_actor_build_info{{{HOST}}})", "actor {{version}}"),
        ],
        unit="none",
        width=3,
        height=4,
        steps=((None, "text"),),
        no_value="nothing runs",
    )


def own_alerts() -> Row:
    """Show which alerts about Homeostat fired when, and which fire now."""
    return Row("Own alerts", (_fired(), _now()))


def numbered(colors: dict[str, str]) -> list[dict[str, object]]:
    """Name the numbers that `ranked` gives to the states in the order of `colors`."""
    names = reversed(colors.items())
    return [words({str(number): (name, shade) for number, (name, shade) in enumerate(names, start=1)})]


def _fired() -> Panel:
    states = [OWN_ALERTS.replace("}", f', severity="{severity}"}}') for severity in ("critical", "warning")]
    return Panel(
        look=TIMELINE,
        title="When they fired",
        description="Alerts about Homeostat itself by severity; a bar leads to its runbook page.",
        targets=[Target(ranked("alertname, host", [*states, OWN_ALERTS]), "{{alertname}} {{host}}")],
        unit="none",
        width=14,
        steps=((None, "blue"),),
        mappings=numbered(SEVERITY_COLORS),
        no_value="nothing fired",
        links=[RUNBOOK_OF_SERIES],
    )


def _now() -> Panel:
    since = f"max by (alertname, severity, host) (ALERTS_FOR_STATE * 1000 and on (alertname, host) {OWN_ALERTS})"
    severities = words({severity: (severity, shade) for severity, shade in SEVERITY_COLORS.items()})
    return Panel(
        look=TABLE,
        title="What fires now",
        description="Alerts about Homeostat itself that fire now, and since when they hold; the name leads to the runbook page.",
        targets=[Target(since)],
        unit="dateTimeFromNow",
        width=10,
        no_value="",
        overrides=[
            field("alertname", {"links": [RUNBOOK_OF_ROW], "custom.width": 260}),
            field("severity", {"custom.cellOptions": {"type": "color-text"}, "mappings": [severities]}),
        ],
        transformations=[*columns(("alertname", "severity", "host"), ("since",)), sorted_by("since")],
    )
