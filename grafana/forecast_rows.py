"""What will run out, when, how it looked before, and what leaks."""

from __future__ import annotations

from typing import Any

from grafana.layout import Row
from grafana.leads import DECISIONS_OF_SERIES, to_console
from grafana.panels import (
    LINES,
    LINES_LOG,
    LINES_TO_LIMIT,
    TABLE,
    Panel,
    Target,
    beyond,
    color,
    columns,
    field,
    fields_like,
    sorted_by,
    thresholds,
    words,
)
from grafana.promql import PROBLEM, TARGET, with_console

DECISION_COLORS = {"auto-execute": "green", "notify-execute": "yellow", "propose": "blue", "alert-only": "text"}
# Severity's own bounds: critical under a day, warning under a week (SPEC 3.4).
_SOON = ((None, "red"), (86_400, "orange"), (604_800, "green"))
_TEN_YEARS_SECONDS = 315_360_000
_LEAK_BYTES_PER_HOUR = 10_000_000
_TO_LIMIT = ((None, "green"), (0.9, "orange"), (1, "red"))


def _of(metric: str, matchers: str = "") -> str:
    """Read one metric by problem, for the chosen hosts and targets."""
    return f"max by ({PROBLEM}) ({metric}{{{TARGET}{matchers}}})"


def _time_left(bound: str) -> str:
    return _of("homeostat_time_to_limit_seconds", f', bound="{bound}"')


def next_to_exhaust() -> Row:
    """Say what reaches its limit first, and how fast everything goes there."""
    return Row("Next to exhaust", (_table(), _time_to_limit(), _usage(), _growth()))


def _table() -> Panel:
    labels, decided = ("host", "target", "resource", "problem"), ("decision", "action", "console")
    values = ("time to limit", "earliest", "latest", "used", "probability", "confidence")
    return Panel(
        look=TABLE,
        title="Next to exhaust",
        description="Everything that may reach its limit at the cautious end of its 90 % interval, and every asserted problem, "
        "soonest first. Probability is that of the longest horizon. Confidence and decision appear once a problem is asserted; "
        "the last column leads to its incidents on its host's console.",
        targets=[Target(promql) for promql in _table_queries()],
        unit="none",
        width=24,
        height=9,
        no_value="",
        overrides=[*_table_cells(), to_console()],
        transformations=[*columns(labels, values, after=decided), sorted_by("time to limit")],
    )


def _table_queries() -> list[str]:
    asserted = f"target:homeostat_prediction:ratio{{{TARGET}}}"
    listed = f"({_time_left('lower')} < Inf or {asserted})"
    return [
        with_console(f"{_time_left('median')} and on ({PROBLEM}) {listed} or max by ({PROBLEM}) ({asserted}) * 0 + Inf"),
        f"{_time_left('lower')} and on ({PROBLEM}) {listed}",
        f"{_time_left('upper')} and on ({PROBLEM}) {listed}",
        f"{_of('homeostat_usage_ratio')} and on ({PROBLEM}) {listed}",
        f"{_of('homeostat_limit_probability_ratio')} and on ({PROBLEM}) {listed}",
        f"max by ({PROBLEM}, decision, action) (target_action:homeostat_decision:ratio{{{TARGET}}})",
    ]


def _table_cells() -> list[dict[str, Any]]:
    colored = {"custom.cellOptions": {"type": "color-text"}}
    moment = {"unit": "s", "decimals": 1, "mappings": [beyond(_TEN_YEARS_SECONDS, "not in sight", "text")]}
    ratio = {"unit": "percentunit", "decimals": 0}
    decisions = words({decision: (decision, name) for decision, name in DECISION_COLORS.items()})
    return [
        field("time to limit", {**moment, **colored, "thresholds": thresholds(_SOON)}),
        field("earliest", moment),
        field("latest", moment),
        field("used", {**ratio, **colored, "thresholds": thresholds(_TO_LIMIT)}),
        field("probability", ratio),
        field("confidence", ratio),
        field("decision", {**colored, "mappings": [decisions]}),
    ]


def _time_to_limit() -> Panel:
    return Panel(
        look=LINES_LOG,
        title="Time to limit",
        description="Median of the time until the limit, for what has one in sight. A line that climbs was given room, "
        "one that ends is safe.",
        targets=[
            Target(f"clamp_min({_time_left('median')} < Inf, 60)", "{{host}} {{target}} {{resource}}"),
        ],
        unit="s",
        width=8,
        no_value="nothing is in sight",
        links=[DECISIONS_OF_SERIES],
    )


def forecast_against_actual() -> Row:
    """Hold what was forecast against what came, for the surest prediction."""
    return Row("Forecast against actual", (_against(), _fan()))


def _against() -> Panel:
    return _band(
        title="Forecast $ahead before, against actual",
        description="What was used (1 is the limit), and what had been forecast for each moment $ahead before, as median and 90 % band: the line should "
        "stay inside. With a range that ends later than now (two weeks around now, at the top) the band runs on ahead.",
        offset=" offset $ahead",
    )


def _fan() -> Panel:
    return _band(
        title="Forecast fan, $ahead ahead",
        description="What was used (1 is the limit), and at each moment what was forecast for $ahead later, as median and 90 % band.",
        offset="",
    )


def _band(title: str, description: str, offset: str) -> Panel:
    """Draw use and forecast of one problem, the surest of the range."""
    surest = f"topk(1, max_over_time(target:homeostat_prediction:ratio{{{TARGET}}}[$__range] @ end()))"
    forecast = f'max by ({PROBLEM}, bound) (homeostat_forecast_usage_ratio{{{TARGET}, ahead=~"$ahead"}}{offset})'
    band = {"custom.lineWidth": 0, "color": color("blue")}
    return Panel(
        look=LINES_TO_LIMIT,
        title=title,
        description=f"{description} Of the chosen hosts and targets it is the one with the surest prediction in this range; choose a target above to see another.",
        targets=[
            Target(
                f"{_of('homeostat_usage_ratio')} and on ({PROBLEM}) {surest}", "used: {{host}} {{target}} {{resource}}"
            ),
            Target(f"{forecast} and on ({PROBLEM}) {surest}", "{{bound}}"),
        ],
        unit="percentunit",
        width=12,
        height=11,
        steps=_TO_LIMIT,
        least=0,
        no_value="no problem was asserted in this range",
        overrides=[
            fields_like("^used: ", {"custom.lineWidth": 2, "color": color("text")}),
            field("median", {"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}, "color": color("blue")}),
            field("lower", band),
            field("upper", {**band, "custom.fillBelowTo": "lower", "custom.fillOpacity": 20}),
        ],
    )


def _usage() -> Panel:
    return Panel(
        look=LINES_TO_LIMIT,
        title="Used",
        description="How much of the way to its limit each watched thing has gone: 100 % is the limit, not the last byte.",
        targets=[Target(_of("homeostat_usage_ratio"), "{{host}} {{target}} {{resource}}")],
        unit="percentunit",
        width=8,
        steps=_TO_LIMIT,
        least=0,
        no_value="nothing is watched",
        links=[DECISIONS_OF_SERIES],
    )


def _growth() -> Panel:
    growth = _of("homeostat_growth_bytes_per_second", ', bound="median"')
    return Panel(
        look=LINES,
        title="Growth per hour",
        description="Median growth, where the unit is bytes. Below zero is room gained.",
        targets=[
            Target(f"{growth} * 3600", "{{host}} {{target}} {{resource}}"),
        ],
        unit="decbytes",
        width=8,
        no_value="nothing that grows is watched",
        links=[DECISIONS_OF_SERIES],
    )


def leaks() -> Row:
    """Name the services whose memory grows without an end in shape."""
    return Row("Leaks", (_leaked(), _leak_confidence(), _leak_usage()))


def _leaked() -> Panel:
    return Panel(
        look=LINES_TO_LIMIT,
        title="Leaked per hour",
        description="Memory that a service keeps gaining, warm-up and caches left out. From 10 MB an hour over a day it is called a leak.",
        targets=[
            Target(
                f"max by (host, target) (homeostat_memory_leak_bytes_per_second{{{TARGET}}}) * 3600",
                "{{host}} {{target}}",
            ),
        ],
        unit="decbytes",
        width=8,
        steps=((None, "green"), (_LEAK_BYTES_PER_HOUR, "orange")),
        no_value="no service's memory is watched",
        links=[DECISIONS_OF_SERIES],
    )


def _leak_confidence() -> Panel:
    return Panel(
        look=LINES,
        title="Leak confidence",
        description="How sure the verdict is that this is a leak and no legitimate growth.",
        targets=[
            Target(
                f"max by (host, target) (homeostat_memory_leak_confidence_ratio{{{TARGET}}})", "{{host}} {{target}}"
            ),
        ],
        unit="percentunit",
        width=8,
        least=0,
        most=1,
        no_value="nothing leaks",
        links=[DECISIONS_OF_SERIES],
    )


def _leak_usage() -> Panel:
    usage = f'max by (host, target) (homeostat_usage_ratio{{{TARGET}, problem="memory_leak"}})'
    return Panel(
        look=LINES_TO_LIMIT,
        title="Memory used by services",
        description="Memory in use over the service's limit. A restart shows as a step down, and an annotation says whose it was.",
        targets=[Target(usage, "{{host}} {{target}}")],
        unit="percentunit",
        width=8,
        steps=_TO_LIMIT,
        least=0,
        no_value="no service's memory is watched",
        links=[DECISIONS_OF_SERIES],
    )
