"""What a real Prometheus answers that holds what the demo's held, and one that holds two made-up hosts' past hours."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from grafana import generate
from grafana.promql import with_console
from grafana.queries import Query, panel_queries, panels, unanswered
from tests.grafana import history
from tests.grafana.recording import recording

if TYPE_CHECKING:
    from homeostat.prometheus import Prometheus, Series

DASHBOARDS = {name: json.loads((generate.DIRECTORY / name).read_text(encoding="utf-8")) for name in generate.DASHBOARDS}
DASHBOARD = DASHBOARDS["autonomous-operations.json"]
VALUES = {"__range": "3h", "ahead": "1h"}
QUERIES = panel_queries(DASHBOARD, VALUES)
OF_THE_DEMO = {"__range": "15m", "ahead": "1m", "__interval": "30s", "__rate_interval": "1m"}
# What a demo of a quarter of an hour never shows; `additions` has it.
NEVER_SHOWN = {
    "autonomous-operations.json": {"panel 'Downtime'", "panel 'Unplanned downtime, by service'", "panel 'Trend of confidence, by action'"},
    "homeostat-health.json": {"panel 'Selftests'", "panel 'Log lines'", "panel 'Rows pruned'", "panel 'Protections pruned'"},
}

every_dashboard = pytest.mark.parametrize("name", DASHBOARDS)


def ask(prometheus: Prometheus, query: Query) -> list[Series]:
    """Ask as Grafana does, at the end of the history or over all of it, and keep what can be drawn."""
    start = history.END if query.instant else history.START
    return drawn(prometheus.query_range(query.promql, start, history.END, 60))


def ask_the_demo(prometheus: Prometheus, query: Query) -> list[Series]:
    recorded = recording()
    start = recorded.end if query.instant else recorded.start
    return drawn(prometheus.query_range(query.promql, start, recorded.end, recorded.step))


def drawn(answers: list[Series]) -> list[Series]:
    return [series for series in answers if not all(math.isnan(value) for value in series.values)]


def value_of(prometheus: Prometheus, title: str, ref: str = "A") -> dict[frozenset[str], float]:
    query = next(query for query in QUERIES if query.where == f"panel {title!r}" and query.ref == ref)
    return {frozenset(series.labels.values()): series.values[-1] for series in ask(prometheus, query)}


@pytest.mark.integration
@every_dashboard
def test_the_demos_prometheus_answers_every_query_with_the_labels_that_are_shown(demo: Prometheus, name: str) -> None:
    told = unanswered(panel_queries(DASHBOARDS[name], OF_THE_DEMO), lambda query: [series.labels for series in ask_the_demo(demo, query)])
    assert [line for line in told if not line.startswith(tuple(NEVER_SHOWN[name]))] == []
    assert [place for place in NEVER_SHOWN[name] if not any(line.startswith(place) for line in told)] == []


@pytest.mark.integration
@every_dashboard
def test_with_what_the_demo_never_shows_on_top_every_query_is_answered(more_than_the_demo: Prometheus, name: str) -> None:
    queries = panel_queries(DASHBOARDS[name], OF_THE_DEMO)
    assert unanswered(queries, lambda query: [series.labels for series in ask_the_demo(more_than_the_demo, query)]) == []


@pytest.mark.integration
@every_dashboard
def test_no_two_lines_of_a_panel_have_one_name(more_than_the_demo: Prometheus, name: str) -> None:
    legends = {(f"panel {panel['title']!r}", target["refId"]): target["legendFormat"] for panel in panels(DASHBOARDS[name]) for target in panel.get("targets", ())}
    names: Counter[tuple[str, str]] = Counter()
    for query in panel_queries(DASHBOARDS[name], OF_THE_DEMO):
        legend = legends.get((query.where, query.ref), "")
        if legend:
            names.update((query.where, _filled(legend, series)) for series in ask_the_demo(more_than_the_demo, query))
    assert [shown for shown, count in names.items() if count > 1] == []
    assert names


def _filled(legend: str, series: Series) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: series.labels.get(match[1], ""), legend)


@pytest.mark.integration
def test_actions_count_from_the_sample_that_they_are_born_with(prometheus: Prometheus) -> None:
    assert value_of(prometheus, "Actions, 24 h") == {frozenset(): 5}
    assert value_of(prometheus, "Success, 7 d") == {frozenset(): 0.8}


@pytest.mark.integration
def test_what_ran_before_the_range_is_not_counted_in_it(prometheus: Prometheus) -> None:
    query = next(
        query
        for query in panel_queries(DASHBOARD, {**VALUES, "__range": "2h"})
        if query.where == "panel 'What was done in this range'"
    )
    counts = {series.labels["outcome"]: series.values[-1] for series in ask(prometheus, query)}
    assert counts == {"succeeded": 1, "failed": 1, "refused": 2}


@pytest.mark.integration
def test_the_table_lists_what_runs_out_and_leaves_out_what_never_will(prometheus: Prometheus) -> None:
    soonest = value_of(prometheus, "Next to exhaust")
    assert {labels & {"/", "/srv", "jellyfin"} for labels in soonest} == {frozenset({"/srv"}), frozenset({"jellyfin"})}
    assert all(math.isfinite(seconds) for seconds in soonest.values())


@pytest.mark.integration
def test_the_fan_shows_one_target_the_surest_of_the_range(prometheus: Prometheus) -> None:
    actual, fan = (
        next(query for query in QUERIES if query.where.startswith("panel 'Forecast fan") and query.ref == ref)
        for ref in "AB"
    )
    assert [series.labels["target"] for series in ask(prometheus, actual)] == ["/srv"]
    assert sorted({series.labels["bound"] for series in ask(prometheus, fan)}) == ["lower", "median", "upper"]


@pytest.mark.integration
def test_decisions_and_states_are_numbered_as_their_words_are(prometheus: Prometheus) -> None:
    decisions = next(panel for panel in panels(DASHBOARD) if panel["title"] == "Decisions" and panel["type"] != "row")
    meaning = decisions["fieldConfig"]["defaults"]["mappings"][0]["options"]
    (proposed,) = (int(number) for number, word in meaning.items() if word["text"] == "propose")
    assert list(value_of(prometheus, "Decisions").values())[-1] == proposed
    assert value_of(prometheus, "Paused") == {frozenset(): 0}


@pytest.mark.integration
def test_what_is_held_back_says_who_what_why_and_until_when(prometheus: Prometheus) -> None:
    said = ("silence", "target jellyfin", "ada", "a film")
    until = (history.END + 3600) * 1000
    assert value_of(prometheus, "Held back") == {frozenset({*said, host}): until for host in history.ACTORS}


@pytest.mark.integration
def test_the_watchdog_and_the_decisions_are_no_alerts_about_homeostat(prometheus: Prometheus) -> None:
    assert value_of(prometheus, "Own alerts") == {frozenset(): 0}


@pytest.mark.integration
def test_a_row_leads_to_the_console_of_its_host_and_stays_where_none_is_known(prometheus: Prometheus) -> None:
    rows = prometheus.query_range(with_console("homeostat_usage_ratio"), history.END, history.END, 60)
    assert {(row.labels["host"], row.labels.get("console", "")) for row in rows} == {("atlas", "http://atlas:9922"), ("vega", "")}
