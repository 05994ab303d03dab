from __future__ import annotations

import itertools
import json
import math
import typing
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from grafana import generate
from grafana.decision_rows import OUTCOME_COLORS
from grafana.forecast_rows import DECISION_COLORS
from grafana.layout import Row, place
from grafana.panels import STAT, Panel
from grafana.queries import Query, panel_queries, panels, unanswered
from homeostat.words import DECISIONS, MODES, SEVERITIES, Outcome
from tests.grafana import history
from tests.grafana.known import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homeostat.prometheus import Prometheus, Series

PATH = generate.DIRECTORY / "autonomous-operations.json"
DASHBOARD = json.loads(PATH.read_text(encoding="utf-8"))
PROVISIONING = generate.DIRECTORY.parent / "provisioning"
PANELS = [panel for panel in panels(DASHBOARD) if panel["type"] != "row"]
QUERIES = panel_queries(DASHBOARD, {"__range": "3h"})
HELP = "run python -m grafana.generate"
VALUES_OF = {"decision": DECISIONS, "outcome": typing.get_args(Outcome), "mode": MODES, "severity": SEVERITIES}


def by_title(panel: Mapping[str, Any]) -> str:
    return str(panel["title"])


def selectors(promql: str) -> Iterator[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(promql), visit)
    yield from found


@pytest.mark.parametrize("name", generate.DASHBOARDS)
def test_the_committed_dashboard_is_what_the_program_writes(name: str) -> None:
    assert (generate.DIRECTORY / name).read_text(encoding="utf-8") == generate.text(generate.DASHBOARDS[name]()), HELP


def test_every_committed_dashboard_is_written_by_the_program() -> None:
    assert {path.name for path in generate.DIRECTORY.iterdir()} == set(generate.DASHBOARDS)


def test_the_dashboard_can_be_imported_by_hand_and_found_again() -> None:
    assert DASHBOARD["uid"] == "homeostat-autonomous-operations"
    assert 39 <= DASHBOARD["schemaVersion"] <= 42
    assert "id" not in DASHBOARD
    sources = {json.dumps(panel["datasource"]) for panel in PANELS}
    assert sources == {'{"type": "prometheus", "uid": "${datasource}"}'}
    names = [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert names[:4] == ["datasource", "host", "target", "action"]


def test_panel_ids_are_unique() -> None:
    ids = [panel["id"] for panel in panels(DASHBOARD)]
    assert len(ids) == len(set(ids))


def test_no_panel_overlaps_another_or_leaves_the_grid() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in panels(DASHBOARD)]
    for (one, a), (other, b) in itertools.combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, f"{one} and {other} overlap"
    assert all(place["x"] + place["w"] <= 24 for _, place in places)


def test_a_panel_that_no_longer_fits_its_line_begins_the_next_below_the_tallest() -> None:
    sizes = ((16, 4), (8, 9), (4, 3))
    some = [Panel(look=STAT, title="", description="", targets=(), unit="none", width=w, height=h) for w, h in sizes]
    placed = [panel["gridPos"] for panel in place([Row("one", some), Row("two", some[:1])])]
    assert [(at["x"], at["y"]) for at in placed] == [(0, 0), (0, 1), (16, 1), (0, 10), (0, 13), (0, 14)]


@pytest.mark.parametrize("panel", PANELS, ids=by_title)
def test_every_panel_says_what_it_is(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert panel["type"] != "gauge"
    refs = [target["refId"] for target in panel["targets"]]
    assert refs == sorted(set(refs)) != []


@pytest.mark.parametrize("panel", PANELS, ids=by_title)
def test_thresholds_rise_from_below_everything(panel: dict[str, Any]) -> None:
    held = [panel["fieldConfig"]["defaults"]["thresholds"]]
    for override in panel["fieldConfig"]["overrides"]:
        held += [setting["value"] for setting in override["properties"] if setting["id"] == "thresholds"]
    for thresholds in held:
        first, *rest = (step["value"] for step in thresholds["steps"])
        assert first is None
        assert rest == sorted(set(rest))


@pytest.mark.parametrize("panel", PANELS, ids=by_title)
def test_overrides_by_name_meet_a_column_or_a_legend(panel: dict[str, Any]) -> None:
    shown = {value for label in VALUES_OF for value in VALUES_OF[label]} | {"lower", "median", "upper"}
    for step in panel["transformations"]:
        shown |= {*step["options"].get("indexByName", ()), *step["options"].get("renameByName", {}).values()}
        if step["id"] == "sortBy":
            assert {order["field"] for order in step["options"]["sort"]} <= shown
    named = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["id"] == "byName"
    }
    assert named <= shown


def test_every_decision_and_outcome_has_its_color() -> None:
    assert set(DECISION_COLORS) == set(DECISIONS)
    assert set(OUTCOME_COLORS) == set(VALUES_OF["outcome"])


def test_the_range_and_the_interval_are_the_callers_to_choose() -> None:
    demo = panel_queries(DASHBOARD, {"__range": "10m", "__interval": "5s"})
    assert any("offset 10m" in query.promql for query in demo)
    assert any("offset 5s" in query.promql for query in demo)
    assert not any("$" in query.promql for query in demo)


def test_a_query_with_an_unknown_variable_is_an_error() -> None:
    broken = json.loads(PATH.read_text(encoding="utf-8").replace("$host", "$hots"))
    with pytest.raises(KeyError, match="hots"):
        panel_queries(broken)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.where} {query.ref}")
def test_every_query_parses_and_names_only_what_homeostat_publishes(query: Query) -> None:
    for selector in selectors(query.promql):
        assert selector.name in METRICS, f"{query.where}: unknown metric {selector.name}"
        for matcher in selector.matchers.matchers:
            assert matcher.name in METRICS[selector.name], f"{query.where}: {selector.name} has no label {matcher.name}"
            known = VALUES_OF.get(matcher.name)
            if known and matcher.value != ".*":
                assert set(matcher.value.split("|")) <= set(known), f"{query.where}: {matcher}"


def test_provisioning_files_are_what_grafana_reads() -> None:
    dashboards = yaml.safe_load((PROVISIONING / "dashboards" / "homeostat.yml").read_text(encoding="utf-8"))
    sources = yaml.safe_load((PROVISIONING / "datasources" / "homeostat.yml").read_text(encoding="utf-8"))
    assert dashboards["apiVersion"] == sources["apiVersion"] == 1
    assert all(
        provider["type"] == "file" and provider["options"]["path"].startswith("/")
        for provider in dashboards["providers"]
    )
    assert {source["type"] for source in sources["datasources"]} == {"prometheus", "alertmanager"}
    assert all({"name", "uid", "url", "access"} <= source.keys() for source in sources["datasources"])
    assert len({source["uid"] for source in sources["datasources"]}) == len(sources["datasources"])


def test_an_unanswered_query_a_missing_label_and_an_empty_column_are_told() -> None:
    queries = [
        Query("panel 'A'", "A", "a", instant=True, labels=frozenset(), columns=frozenset({"host", "action"})),
        Query("panel 'A'", "B", "b", instant=True, labels=frozenset(), columns=frozenset({"host", "action"})),
        Query("panel 'B'", "A", "c", instant=True, labels=frozenset({"host"})),
    ]
    answers: dict[str, list[Mapping[str, str]]] = {
        "a": [{"host": "atlas"}],
        "b": [],
        "c": [{"host": "atlas"}, {"host": ""}],
    }
    assert unanswered(queries, lambda query: answers[query.promql]) == [
        "panel 'A', query B: no answer to b",
        "panel 'B', query A: an answer lacks the label host: c",
        "panel 'A': column action stays empty",
    ]


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
        for query in panel_queries(DASHBOARD, {"__range": "2h"})
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
    decisions = next(panel for panel in PANELS if panel["title"] == "Decisions")
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
