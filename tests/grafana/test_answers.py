from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from grafana import generate
from grafana.queries import Query, panel_queries, panels, unanswered
from tests.grafana import history

if TYPE_CHECKING:
    from homeostat.prometheus import Prometheus, Series

DASHBOARD = json.loads((generate.DIRECTORY / "autonomous-operations.json").read_text(encoding="utf-8"))
VALUES = {"__range": "3h", "ahead": "1h"}
QUERIES = panel_queries(DASHBOARD, VALUES)


def ask(prometheus: Prometheus, query: Query) -> list[Series]:
    """Ask as Grafana does, at the end of the history or over all of it, and keep what can be drawn."""
    start = history.END if query.instant else history.START
    answers = prometheus.query_range(query.promql, start, history.END, 60)
    return [series for series in answers if not all(math.isnan(value) for value in series.values)]


def value_of(prometheus: Prometheus, title: str, ref: str = "A") -> dict[frozenset[str], float]:
    query = next(query for query in QUERIES if query.where == f"panel {title!r}" and query.ref == ref)
    return {frozenset(series.labels.values()): series.values[-1] for series in ask(prometheus, query)}


@pytest.mark.integration
def test_a_real_prometheus_answers_every_query_with_the_labels_that_are_shown(prometheus: Prometheus) -> None:
    assert unanswered(QUERIES, lambda query: [series.labels for series in ask(prometheus, query)]) == []


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
