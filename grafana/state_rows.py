"""The first row, how Homeostat stands, and the last, how its own parts do."""

from __future__ import annotations

from grafana.layout import Row
from grafana.panels import (
    LINES,
    STAT,
    STAT_NAME,
    STEPS,
    TABLE,
    TIMELINE,
    Panel,
    Target,
    color,
    columns,
    fields_like,
    sorted_by,
    words,
)
from grafana.promql import ACTION_LABELS, DECISION_ALERTS, EXECUTIONS, HOST, TARGET, grown
from homeostat.words import MODES

MODE_COLORS = dict(zip(MODES, ("blue", "green", "purple"), strict=True))
_SUCCEEDED = EXECUTIONS.replace("outcome=~", 'outcome="succeeded", outcome=~')
_OWN_ALERTS = f'ALERTS{{alertname=~"Homeostat.+", alertname!~"{DECISION_ALERTS}|HomeostatProblem|HomeostatWatchdog", alertstate="firing"}}'
_GOOD_OR_NOT = (words({"0": ("failed", "red"), "1": ("good", "green")}),)


def state_at_a_glance() -> Row:
    """Show mode, breaker, pauses, what is open, what was done, how fresh the forecasts are."""
    return Row(
        "State at a glance", (_mode(), _breaker(), _paused(), _problems(), _waiting(), _done(), _success(), _fresh(), *_scores(), _held_back())
    )


def _mode() -> Panel:
    return Panel(
        look=STAT_NAME,
        title="Mode",
        description="shadow decides and records, active acts, interactive turns everything into a proposal. "
        "One word per mode in use on the selected hosts.",
        targets=[Target(f"count by (mode) (homeostat_mode{{{HOST}}} == 1)", "{{mode}}")],
        unit="none",
        width=3,
        height=4,
        no_value="no actor",
        overrides=[fields_like(mode, {"color": color(name)}) for mode, name in MODE_COLORS.items()],
    )


def _breaker() -> Panel:
    return Panel(
        look=STAT,
        title="Breaker",
        description="Open after failures in a row, for everything or for one action on one target: what it covers is not done. "
        "The annotation names it; `homeostat resume` closes it.",
        targets=[Target(f"max(homeostat_breaker_open{{{HOST}}})")],
        unit="none",
        width=3,
        height=4,
        no_value="no actor",
        mappings=[words({"0": ("closed", "green"), "1": ("open", "red")})],
    )


def _paused() -> Panel:
    causes = ("silence", "breaker", "stop")
    ranks = [f'homeostat_paused{{{HOST}, by="{cause}"}} * {rank}' for rank, cause in enumerate(causes, start=1)]
    return Panel(
        look=STAT,
        title="Paused",
        description="Whether anything holds back execution on a selected host: a silence in Alertmanager, the breaker, "
        "or the kill switch. The strongest of them is shown.",
        targets=[Target(f"max({' or '.join(ranks)})")],
        unit="none",
        width=3,
        height=4,
        no_value="no actor",
        mappings=[
            words(
                {
                    "0": ("no", "green"),
                    "1": ("by a silence", "orange"),
                    "2": ("by the breaker", "red"),
                    "3": ("stopped", "red"),
                }
            ),
        ],
    )


def _problems() -> Panel:
    return Panel(
        look=STAT,
        title="Problems now",
        description="Problems asserted at this moment: likely within their horizon, near enough, and lasting.",
        targets=[Target(f"count(target:homeostat_prediction:ratio{{{TARGET}}}) or vector(0)")],
        unit="short",
        width=3,
        height=4,
        steps=((None, "green"), (1, "orange")),
    )


def _waiting() -> Panel:
    return Panel(
        look=STAT,
        title="Waiting for you",
        description="Proposals that a person has to approve or deny, and announcements that can still be vetoed.",
        targets=[Target(f'sum(homeostat_incidents{{{HOST}, state=~"proposed|announced"}}) or vector(0)')],
        unit="short",
        width=3,
        height=4,
        steps=((None, "green"), (1, "blue")),
    )


def _done() -> Panel:
    return Panel(
        look=STAT,
        title="Actions, 24 h",
        description="Actions executed in the last 24 hours, whatever came of them. Where Prometheus holds nothing older, "
        "the whole of the actor's journal.",
        targets=[Target(f"sum({grown(EXECUTIONS, ACTION_LABELS, '24h')}) or vector(0)")],
        unit="short",
        width=3,
        height=4,
        steps=((None, "text"),),
    )


def _success() -> Panel:
    succeeded, executed = (f"sum({grown(counter, ACTION_LABELS, '7d')})" for counter in (_SUCCEEDED, EXECUTIONS))
    return Panel(
        look=STAT,
        title="Success, 7 d",
        description="Verified successes among all executed actions of the last seven days; weak, failed, undone and "
        "interrupted ones count against it. The aim is above 95 %.",
        targets=[Target(f"({succeeded} or vector(0)) / ({executed} > 0)")],
        unit="percentunit",
        width=3,
        height=4,
        steps=((None, "red"), (0.8, "orange"), (0.95, "green")),
        no_value="no actions",
    )


def _fresh() -> Panel:
    return Panel(
        look=STAT,
        title="Last forecast",
        description="Age of the oldest last forecast among the selected hosts. It keeps counting for a day "
        "when the exporter is gone.",
        targets=[
            Target(f"time() - min(last_over_time(homeostat_exporter_last_success_timestamp_seconds{{{HOST}}}[1d]))"),
        ],
        unit="s",
        width=3,
        height=4,
        steps=((None, "green"), (180, "orange"), (600, "red")),
        no_value="no forecast",
    )


def _scores() -> tuple[Panel, ...]:
    """Show how well the hosts are and how much is done without people, each with what it is made of."""
    return (
        _score("Health", "homeostat_health_score", "100 less what is wrong now, of the selected host that is worst off."),
        _made_of("Points off health", "homeostat_health_penalty", "reason", "What takes points from a host's health, at the host where it takes most.", "none"),
        _score("Autonomy", "homeostat_autonomy_score", "How much Homeostat does by itself, on the selected host where it is least."),
        _made_of("Points of autonomy", "homeostat_autonomy_part", "part", "What autonomy is made of, at the host where each is least; docs/scores.md explains the parts.", "no actor"),
    )


def _score(title: str, metric: str, description: str) -> Panel:
    return Panel(
        look=STAT,
        title=title,
        description=f"{description} Below 60 an alert fires.",
        targets=[Target(f"min({metric}{{{HOST}}})")],
        unit="none",
        width=3,
        height=4,
        steps=((None, "red"), (60, "orange"), (80, "green")),
        no_value="not scored",
    )


def _made_of(title: str, metric: str, label: str, description: str, no_value: str) -> Panel:
    worst = "max" if label == "reason" else "min"
    return Panel(
        look=STAT,
        title=title,
        description=description,
        targets=[Target(f"{worst} by ({label}) ({metric}{{{HOST}}})", f"{{{{{label}}}}}")],
        unit="none",
        width=9,
        height=4,
        steps=((None, "text"),),
        no_value=no_value,
    )


def _held_back() -> Panel:
    labels = ("host", "scope", "by", "author", "reason")
    until = f"max by ({', '.join(labels)}) (homeostat_pause_until_timestamp_seconds{{{HOST}}}) * 1000"
    return Panel(
        look=TABLE,
        title="Held back",
        description="What is not done now though it is decided: who stopped, paused or silenced it, why, and until when. "
        "`homeostat resume` ends a pause, a stop and an open breaker.",
        targets=[Target(until)],
        unit="dateTimeAsIso",
        width=24,
        height=5,
        steps=((None, "orange"),),
        no_value="",
        mappings=[words({"0": ("until a person ends it", "red")})],
        transformations=[*columns(labels, ("until",)), sorted_by("until")],
    )


def self_health() -> Row:
    """Show whether Homeostat's own parts run, keep pace and are fed."""
    return Row(
        "Self health", (_parts(), _own_alerts(), _versions(), _pace(), _ages(), _errors(), _intake(), _unavailable())
    )


def _parts() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Parts",
        description="Scraped by Prometheus; Prometheus reachable for the exporter; actor ready; journal writable; "
        "last configuration accepted.",
        targets=[
            Target('max by (job, instance) (up{job=~"homeostat-.+|node"})', "{{job}} {{instance}} up"),
            Target("min by (host) (homeostat_prometheus_up)", "{{host}} Prometheus reached"),
            Target(f"min by (host) (homeostat_actor_ready{{{HOST}}})", "{{host}} actor ready"),
            Target(f"min by (host) (homeostat_journal_writable{{{HOST}}})", "{{host}} journal writable"),
            Target(
                "min by (host, daemon) (homeostat_config_last_reload_successful)",
                "{{host}} {{daemon}} configuration accepted",
            ),
        ],
        unit="none",
        width=16,
        steps=((None, "red"), (1, "green")),
        mappings=_GOOD_OR_NOT,
    )


def _own_alerts() -> Panel:
    return Panel(
        look=STAT,
        title="Own alerts",
        description="Alerts about Homeostat itself that fire now; each has a runbook page. Decisions, problems and the watchdog, which always fires, are not counted.",
        targets=[Target(f"count({_OWN_ALERTS}) or vector(0)")],
        unit="short",
        width=4,
        steps=((None, "green"), (1, "red")),
    )


def _versions() -> Panel:
    return Panel(
        look=STAT_NAME,
        title="Versions",
        description="What runs: the exporter's and the actors' versions.",
        targets=[
            Target("count by (version) (homeostat_exporter_build_info)", "exporter {{version}}"),
            Target(f"count by (version) (homeostat_actor_build_info{{{HOST}}})", "actor {{version}}"),
        ],
        unit="none",
        width=4,
        steps=((None, "text"),),
    )


def _pace() -> Panel:
    return Panel(
        look=LINES,
        title="Forecast cycle",
        description="How long the exporter's last cycle took; it should stay well below the cycle's interval.",
        targets=[Target("max by (host) (homeostat_exporter_cycle_duration_seconds)", "{{host}}")],
        unit="s",
        width=8,
        least=0,
    )


def _ages() -> Panel:
    return Panel(
        look=LINES,
        title="Ages",
        description="Since the last successful forecast of each host, since the actor's loop last turned, "
        "and of the oldest series that a forecast still used.",
        targets=[
            Target(
                f"time() - max by (host) (homeostat_exporter_last_success_timestamp_seconds{{{HOST}}})",
                "{{host}} forecast",
            ),
            Target(
                f"time() - max by (host) (homeostat_actor_last_loop_timestamp_seconds{{{HOST}}})", "{{host}} actor loop"
            ),
            Target(f"max by (host) (homeostat_series_age_seconds{{{TARGET}}})", "{{host}} oldest series"),
        ],
        unit="s",
        width=8,
        least=0,
    )


def _errors() -> Panel:
    return Panel(
        look=STEPS,
        title="Exporter errors",
        description="Errors of the exporter by the stage that failed. Forecasts of other targets go on.",
        targets=[Target("sum by (stage) (increase(homeostat_exporter_errors_total[$__rate_interval]))", "{{stage}}")],
        unit="short",
        width=8,
        least=0,
    )


def _intake() -> Panel:
    return Panel(
        look=STEPS,
        title="Intake",
        description="Alertmanager's deliveries by the status they were answered with (202 stored, 401 not let in, 503 try again) "
        "and alerts that are stored but not yet decided.",
        targets=[
            Target(
                f"sum by (code) (increase(homeostat_webhook_requests_total{{{HOST}}}[$__rate_interval]))",
                "answered {{code}}",
            ),
            Target(f"sum by (host) (homeostat_alerts_pending{{{HOST}}})", "{{host}} undecided"),
        ],
        unit="short",
        width=12,
        least=0,
    )


def _unavailable() -> Panel:
    return Panel(
        look=LINES,
        title="Series without a forecast",
        description="How many series the exporter would not forecast, by its reason. It never makes a number up.",
        targets=[Target(f"sum by (reason) (homeostat_forecast_unavailable{{{TARGET}}})", "{{reason}}")],
        unit="short",
        width=12,
        least=0,
    )
