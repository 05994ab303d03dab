"""How well it does over thirty days, against what it aims at (SPEC 8)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from grafana.layout import Row
from grafana.leads import DECISIONS_OF_SERIES
from grafana.outcome_rows import EARNED
from grafana.panels import HISTOGRAM, RANKING, STAT, TABLE, Panel, Target, columns, field, sorted_by, thresholds
from grafana.promql import ACTION, HOST, grown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.panels import Step

    Steps = Sequence[Step]

_TIMELY = ((None, "red"), (0.6, "orange"), (0.8, "green"))
_LEFT = ((None, "green"), (0.1, "orange"), (0.25, "red"))
_NEEDLESS = ((None, "green"), (0.05, "orange"), (0.1, "red"))
_UNDONE = ((None, "green"), (0.05, "orange"), (0.1, "red"))
_DOWN = ((None, "green"), (600, "orange"), (3600, "red"))
_PLAIN = ((None, "text"),)


def success() -> Row:
    """Show each success metric, and where it comes from."""
    return Row(
        "Success, 30 d",
        (*_figures(), _proactive_by_problem(), _resolution_by_problem(), _lasted(), _downtime_by_target(), _trend()),
    )


def _figures() -> tuple[Panel, ...]:
    return (
        _worst("Proactive", "incidents_proactive", _TIMELY, "Incidents acted on before their limit was reached, among all of those problems. The aim is 80 %."),
        _worst("Succeeded", "actions_succeeded", EARNED, "Executed actions that were verified and whose problem was not back within the hour. The aim is above 95 %."),
        _worst("Verified", "verifications_passed", EARNED, "Verifications that found what they looked for, among all that were made."),
        _most("Left to people", "decisions_manual", _LEFT, "Decisions that were alert-only, among those, the executed and the proposed. The aim is below 10 %."),
        _most("Unnecessary", "actions_unnecessary", _NEEDLESS, "Executed actions that a person marked as unnecessary. The aim is below 5 %."),
        _most("Rolled back", "actions_rolled_back", _UNDONE, "Executed actions that had to be undone, wholly, partly or in vain. The aim is below 5 %."),
        _seconds(
            "Resolved in",
            f"max(host:homeostat_resolution_seconds:mean30d{{{HOST}}})",
            _PLAIN,
            "Mean time from noticed to confirmed gone (MTTR), on the selected host where it is longest.",
        ),
        _seconds(
            "Downtime",
            f"sum(host:homeostat_unplanned_downtime_seconds:increase30d{{{HOST}}})",
            _DOWN,
            "For how long services were down though nobody had them down on purpose (unplanned), all together.",
        ),
    )


def _worst(title: str, metric: str, steps: Steps, description: str) -> Panel:
    return _ratio(title, f"min(host:homeostat_{metric}:ratio30d{{{HOST}}})", steps, description)


def _most(title: str, metric: str, steps: Steps, description: str) -> Panel:
    return _ratio(title, f"max(host:homeostat_{metric}:ratio30d{{{HOST}}})", steps, description)


def _ratio(title: str, promql: str, steps: Steps, description: str) -> Panel:
    return dataclasses.replace(_seconds(title, promql, steps, f"{description} Of the selected hosts, the one that does worst."), unit="percentunit")


def _seconds(title: str, promql: str, steps: Steps, description: str) -> Panel:
    return Panel(look=STAT, title=title, description=description, targets=[Target(promql)], unit="s", width=3, height=4, steps=steps, no_value="nothing yet")


def _proactive_by_problem() -> Panel:
    return Panel(
        look=RANKING,
        title="Acted before the limit, by problem",
        description="Of each problem's incidents in 30 days, the share that was acted on before the limit was reached.",
        targets=[Target(f"sort_desc(min by (problem) (host_problem:homeostat_incidents_proactive:ratio30d{{{HOST}}}))", "{{problem}}")],
        unit="percentunit",
        width=6,
        steps=_TIMELY,
        least=0,
        most=1,
        no_value="no incident ended",
    )


def _resolution_by_problem() -> Panel:
    return Panel(
        look=RANKING,
        title="Time to resolve, by problem",
        description="Mean time in 30 days from when a problem was noticed until it was confirmed gone.",
        targets=[Target(f"sort_desc(max by (problem) (host_problem:homeostat_resolution_seconds:mean30d{{{HOST}}}))", "{{problem}}")],
        unit="s",
        width=6,
        steps=((None, "blue"),),
        least=0,
        no_value="nothing was resolved",
    )


def _lasted() -> Panel:
    lasted = grown(f"homeostat_resolution_seconds_bucket{{{HOST}}}", "host, problem, le", "$__range")
    return Panel(
        look=HISTOGRAM,
        title="How long problems lasted in this range",
        description="Problems that went away, by the seconds from noticed to confirmed gone: up to each bound and above the one before.",
        targets=[Target(f"sum by (le) ({lasted})", "{{le}}")],
        unit="short",
        width=6,
        steps=((None, "blue"),),
        least=0,
        no_value="nothing was resolved",
    )


def _downtime_by_target() -> Panel:
    down = f"max by (host, target) (host_target:homeostat_unplanned_downtime_seconds:increase30d{{{HOST}}}) > 0"
    return Panel(
        look=RANKING,
        title="Unplanned downtime, by service",
        description="For how long each service was down in 30 days though nobody had it down on purpose.",
        targets=[Target(f"topk(10, {down})", "{{host}} {{target}}")],
        unit="s",
        width=6,
        steps=_DOWN,
        least=0,
        no_value="no service was down",
        links=[DECISIONS_OF_SERIES],
    )


def _trend() -> Panel:
    values = {"this week": "avg7d", "against the week before": "delta7d"}
    ratio = {"unit": "percentunit", "decimals": 1}
    change = {**ratio, "custom.cellOptions": {"type": "color-text"}, "thresholds": thresholds(((None, "red"), (-0.02, "text"), (0.02, "green")))}
    return Panel(
        look=TABLE,
        title="Trend of confidence, by action",
        description="Mean confidence of each action's decisions in the last seven days, and by how much that is more than in the week before.",
        targets=[Target(f"max by (host, action) (host_action:homeostat_confidence:{window}{{{ACTION}}})") for window in values.values()],
        unit="percentunit",
        width=24,
        height=6,
        no_value="",
        overrides=[field("this week", ratio), field("against the week before", change)],
        transformations=[*columns(("host", "action"), tuple(values)), sorted_by("action")],
    )
