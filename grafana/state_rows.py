"""The first row, how Homeostat stands and the hosts with it, and the last, whether its own parts do."""

from __future__ import annotations

from grafana import health_rows
from grafana.layout import Row
from grafana.leads import NOW
from grafana.panels import (
    STAT,
    STAT_EACH,
    STAT_NAME,
    TABLE,
    Panel,
    Target,
    color,
    columns,
    fields_like,
    sorted_by,
    words,
)
from grafana.promql import ACTION_LABELS, EXECUTIONS, HOST, TARGET, grown
from homeostat.words import MODES

MODE_COLORS = dict(zip(MODES, ("blue", "green", "purple"), strict=True))
_SUCCEEDED = EXECUTIONS.replace("outcome=~", 'outcome="succeeded", outcome=~')


def state_at_a_glance() -> Row:
    """Show mode, breaker, pauses, what is open, what was done, how fresh the forecasts are."""
    return Row(
        "State at a glance",
        (_mode(), _breaker(), _paused(), _health(), _autonomy(), _fresh(), _done(), _success(), _problems(), _waiting(), *_made_of_both(), _held_back()),
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
        links=[NOW],
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
        title="Waiting",
        description="Proposals that a person has to approve or deny, and announcements that can still be vetoed.",
        targets=[Target(f'sum(homeostat_incidents{{{HOST}, state=~"proposed|announced"}}) or vector(0)')],
        unit="short",
        width=3,
        height=4,
        steps=((None, "green"), (1, "blue")),
        links=[NOW],
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


def _health() -> Panel:
    return _score("Health", "homeostat_health_score", "100 less what is wrong now, of the selected host that is worst off.")


def _autonomy() -> Panel:
    return _score("Autonomy", "homeostat_autonomy_score", "How much Homeostat does by itself, on the selected host where it is least.")


def _made_of_both() -> tuple[Panel, ...]:
    """Show what the two scores are made of."""
    return (
        _made_of("Points off health", "homeostat_health_penalty", "reason", "What takes points from a host's health, at the host where it takes most.", "none"),
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
        look=STAT_EACH,
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


def homeostat_itself() -> Row:
    """Say whether Homeostat itself is well; its own dashboard says more."""
    return Row("Homeostat itself", health_rows.in_short())
