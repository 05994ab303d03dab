"""Whether the exporter keeps pace and sees: its cycle, its series, what it kept, and its observers."""

from __future__ import annotations

from grafana.health_rows import YES_OR_NO
from grafana.layout import Row
from grafana.panels import (
    BARS,
    LINES,
    LINES_LOG,
    RANKING,
    STEPS,
    TABLE,
    TIMELINE,
    Panel,
    Target,
    columns,
    field,
    sorted_by,
    thresholds,
)
from grafana.promql import HOST


def forecasting() -> Row:
    """Show how long a cycle takes, what failed in it, and what it forecasts."""
    return Row("Forecasting", (_cycle(), _stages(), _errors(), _series(), _ages(), _unavailable(), _kept(), _scored(), _oldest()))


def _cycle() -> Panel:
    return Panel(
        look=LINES,
        title="Cycle",
        description="How long the exporter's last cycle took; it should stay well below the cycle's interval (`exporter.cycle`).",
        targets=[Target(f"max by (host) (homeostat_exporter_cycle_duration_seconds{{{HOST}}})", "{{host}}")],
        unit="s",
        width=8,
        least=0,
        no_value="no exporter",
    )


def _stages() -> Panel:
    return Panel(
        look=BARS,
        title="Stages of the cycle",
        description="Where the time goes: reading the series, forecasting, scoring what was kept, writing the page. The slowest of the selected hosts.",
        targets=[Target(f"max by (stage) (homeostat_exporter_stage_duration_seconds{{{HOST}}})", "{{stage}}")],
        unit="s",
        width=8,
        least=0,
        no_value="no exporter",
    )


def _errors() -> Panel:
    return Panel(
        look=STEPS,
        title="Errors",
        description="Errors of the exporter by the stage that failed. Forecasts of other targets go on; its log says more.",
        targets=[Target(f"sum by (stage) (increase(homeostat_exporter_errors_total{{{HOST}}}[$__rate_interval]))", "{{stage}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no exporter",
    )


def _series() -> Panel:
    return Panel(
        look=LINES,
        title="Series",
        description="How many series are forecast and served.",
        targets=[Target(f"max by (host) (homeostat_exporter_series{{{HOST}}})", "{{host}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no exporter",
    )


def _ages() -> Panel:
    return Panel(
        look=LINES_LOG,
        title="Age of the data",
        description="Age of the newest sample that forecasts rest on: of the freshest series of each host, and of the oldest. "
        "An old one may be a stopped service; where all are old, what they come from is gone.",
        targets=[
            Target(f"min by (host) (homeostat_series_age_seconds{{{HOST}}})", "{{host}} freshest"),
            Target(f"max by (host) (homeostat_series_age_seconds{{{HOST}}})", "{{host}} oldest"),
        ],
        unit="s",
        width=8,
        no_value="no series",
    )


def _unavailable() -> Panel:
    return Panel(
        look=LINES,
        title="Series without a forecast",
        description="How many series the exporter would not forecast, by its reason. It never makes a number up.",
        targets=[Target(f"sum by (reason) (homeostat_forecast_unavailable{{{HOST}}})", "{{reason}}")],
        unit="short",
        width=8,
        least=0,
        no_value="every series has a forecast",
    )


def _kept() -> Panel:
    return Panel(
        look=LINES,
        title="Kept forecasts that wait",
        description="Forecasts whose horizon has not ended, by horizon; then they are held against what happened.",
        targets=[Target(f"sum by (horizon) (homeostat_forecast_pending{{{HOST}}})", "{{horizon}}")],
        unit="short",
        width=8,
        least=0,
        no_value="none is kept",
    )


def _scored() -> Panel:
    return Panel(
        look=LINES,
        title="Scored forecasts",
        description="Forecasts that were held against what happened, by horizon, and those that were void by reason, since the exporter keeps them.",
        targets=[
            Target(f"sum by (horizon) (homeostat_forecast_scored_total{{{HOST}}})", "scored: {{horizon}}"),
            Target(f"sum by (reason) (homeostat_forecast_void_total{{{HOST}}})", "void: {{reason}}"),
        ],
        unit="short",
        width=8,
        least=0,
        no_value="none is kept",
    )


def _oldest() -> Panel:
    oldest = f"max by (host, horizon) (time() - homeostat_forecast_pending_oldest_timestamp_seconds{{{HOST}}})"
    return Panel(
        look=LINES,
        title="Oldest forecast that waits",
        description="How long ago the oldest kept forecast of each horizon was made. Much more than the horizon: they are not scored.",
        targets=[Target(oldest, "{{host}} {{horizon}}")],
        unit="s",
        width=8,
        least=0,
        no_value="none waits",
    )


def observers() -> Row:
    """Show whether the exporters' own looks at their hosts work."""
    return Row("Observers", (_looks(), _seeing(), _taking(), _lines()))


def _looks() -> Panel:
    labels = ("host", "observer")
    up, last, took = (f"homeostat_observer_{name}{{{HOST}}}" for name in ("up", "last_success_timestamp_seconds", "duration_seconds"))
    of = "max by (host, observer)"
    return Panel(
        look=TABLE,
        title="Looks",
        description="Each observer: whether its last look worked, when one last did, and how long it took. `homeostat observations` says what is wrong.",
        targets=[Target(f"{of} ({up})"), Target(f"{of} (time() - {last})"), Target(f"{of} ({took})")],
        unit="s",
        width=10,
        no_value="",
        overrides=[
            field("sees", {"unit": "none", "custom.cellOptions": {"type": "color-text"}, "mappings": list(YES_OR_NO)}),
            field("last", {"custom.cellOptions": {"type": "color-text"}, "thresholds": thresholds(((None, "green"), (900, "orange"), (3600, "red")))}),
        ],
        transformations=[*columns(labels, ("sees", "last", "took")), sorted_by("sees")],
    )


def _seeing() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Seeing",
        description="When each observer's looks worked. What a blind one would see is asserted no longer.",
        targets=[Target(f"min by (host, observer) (homeostat_observer_up{{{HOST}}})", "{{host}} {{observer}}")],
        unit="none",
        width=14,
        steps=((None, "red"), (1, "green")),
        mappings=YES_OR_NO,
        no_value="no observer is enabled",
    )


def _taking() -> Panel:
    return Panel(
        look=RANKING,
        title="How long looks take",
        description="Duration of each observer's last look, on the slowest of the selected hosts.",
        targets=[Target(f"sort_desc(max by (observer) (homeostat_observer_duration_seconds{{{HOST}}}))", "{{observer}}")],
        unit="s",
        width=10,
        steps=((None, "blue"),),
        least=0,
        no_value="no observer is enabled",
    )


def _lines() -> Panel:
    read, unread = (f"sum by (host) (rate(homeostat_log_lines{name}_total{{{HOST}}}[$__rate_interval]))" for name in ("", "_unread"))
    return Panel(
        look=LINES,
        title="Log lines",
        description="Lines of the journal that the observer of logs read per second, and lines that came too fast to be read.",
        targets=[Target(read, "{{host}} read"), Target(unread, "{{host}} unread")],
        unit="short",
        width=14,
        least=0,
        no_value="no logs are observed",
    )
