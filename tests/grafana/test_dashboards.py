from __future__ import annotations

import itertools
import json
import re
import typing
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from actor.console.pages import decisions
from grafana import generate
from grafana.decision_rows import SEVERITY_COLORS
from grafana.forecast_rows import DECISION_COLORS
from grafana.frame import SCHEMA_VERSION
from grafana.layout import Row, place
from grafana.outcome_rows import OUTCOME_COLORS
from grafana.panels import STAT, Panel
from grafana.queries import Query, panel_queries, panels, unanswered
from homeostat.config import Config
from homeostat.words import DECISIONS, MODES, SEVERITIES, Outcome
from tests.grafana.known import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DASHBOARDS = {name: json.loads((generate.DIRECTORY / name).read_text(encoding="utf-8")) for name in generate.DASHBOARDS}
OPERATIONS = DASHBOARDS["autonomous-operations.json"]
PROVISIONING = generate.DIRECTORY.parent / "provisioning"
# What a caller of the queries says; the fixtures' history is three hours long.
VALUES = {"__range": "3h", "ahead": "1h"}
PANELS = [pytest.param(panel, id=f"{name} {panel['title']}") for name, dashboard in DASHBOARDS.items() for panel in panels(dashboard) if panel["type"] != "row"]
QUERIES = [pytest.param(query, id=f"{name} {query.where} {query.ref}") for name, dashboard in DASHBOARDS.items() for query in panel_queries(dashboard, VALUES)]
HELP = "run python -m grafana.generate"
VALUES_OF = {"decision": DECISIONS, "outcome": typing.get_args(Outcome), "mode": MODES, "severity": SEVERITIES}

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
every_panel = pytest.mark.parametrize("panel", PANELS)


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


@every_dashboard
def test_a_dashboard_can_be_imported_by_hand_and_found_again(dashboard: dict[str, Any]) -> None:
    assert 39 <= dashboard["schemaVersion"] == SCHEMA_VERSION <= 42
    # With an id it would replace another's, with __inputs or __requires it would ask for what it does not need.
    assert not {"id", "version", "__inputs", "__requires", "__elements"} & set(dashboard)
    variables = dashboard["templating"]["list"]
    assert [variable["name"] for variable in variables][:2] == ["datasource", "host"]
    asking = [panel for panel in panels(dashboard) if panel["type"] != "row"]
    asking += [target for panel in asking for target in panel["targets"]]
    asking += [annotation for annotation in dashboard["annotations"]["list"] if "expr" in annotation]
    asking += [variable for variable in variables if variable["type"] == "query"]
    assert {json.dumps(one["datasource"]) for one in asking} == {'{"type": "prometheus", "uid": "${datasource}"}'}


def test_dashboards_are_told_apart_and_the_first_is_where_alerts_lead() -> None:
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len({dashboard["title"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)
    assert Config().links.dashboard.endswith(f"/d/{OPERATIONS['uid']}")


def test_variables_are_those_that_people_choose_by() -> None:
    names = [variable["name"] for variable in OPERATIONS["templating"]["list"]]
    assert names[:4] == ["datasource", "host", "target", "action"]


def test_actions_silences_and_the_breaker_are_annotations() -> None:
    names = {annotation["name"] for annotation in OPERATIONS["annotations"]["list"]}
    assert {"Actions", "Silences, pauses, stop", "Breaker"} <= names


@every_dashboard
def test_dashboards_lead_to_one_another(dashboard: dict[str, Any]) -> None:
    (others,) = (link for link in dashboard["links"] if link["type"] == "dashboards")
    assert all(set(others["tags"]) <= set(other["tags"]) for other in DASHBOARDS.values())
    named = set(re.findall(r"/d/([\w-]+)", json.dumps(dashboard)))
    assert named <= {other["uid"] for other in DASHBOARDS.values()}


@every_dashboard
def test_every_address_uses_variables_that_are_there_and_encodes_what_others_wrote(dashboard: dict[str, Any]) -> None:
    known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__url_time_range"}
    addresses = re.findall(r'"url": "([^"]+)"', json.dumps(dashboard))
    assert addresses
    for address in addresses:
        for name, form in re.findall(r"\$\{([^}:]+)(?::(\w+))?\}", address):
            if name.startswith(("__field.labels.", "__data.fields.")):
                assert form == "percentencode", address
            elif name == "__value.raw":
                assert address.startswith("${__value.raw:raw}/"), address
            else:
                assert name in known, address


@every_dashboard
def test_the_console_understands_what_a_click_asks_it(dashboard: dict[str, Any]) -> None:
    asked = re.findall(r"/decisions\?(\w+)=", json.dumps(dashboard))
    assert set(asked) <= set(decisions._WORDS)
    assert set(re.findall(r"\$\{runbooks:raw\}/\$\{[\w.]+:percentencode\}(\S*?)\"", json.dumps(dashboard))) <= {".md"}


@every_panel
def test_what_a_click_needs_of_its_row_or_series_is_there(panel: dict[str, Any]) -> None:
    legends = " ".join(target["legendFormat"] for target in panel["targets"])
    columns = {name for step in panel["transformations"] for name in step["options"].get("indexByName", ())}
    said = json.dumps(panel["fieldConfig"])
    assert set(re.findall(r"__data\.fields\.(\w+)", said)) <= columns
    assert set(re.findall(r"__field\.labels\.(\w+)", said)) <= set(re.findall(r"\{\{(\w+)\}\}", legends))


@every_dashboard
def test_panel_ids_and_titles_are_unique(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in panels(dashboard)]
    titles = [panel["title"] for panel in panels(dashboard) if panel["type"] != "row"]
    assert (len(set(ids)), sorted(set(titles))) == (len(ids), sorted(titles))


@every_dashboard
def test_no_panel_overlaps_another_or_leaves_the_grid(dashboard: dict[str, Any]) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in panels(dashboard)]
    for (one, a), (other, b) in itertools.combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, f"{one} and {other} overlap"
    assert all(place["x"] + place["w"] <= 24 for _, place in places)


@every_dashboard
def test_every_line_of_panels_fills_the_width_and_is_of_one_height(dashboard: dict[str, Any]) -> None:
    lines: dict[int, list[dict[str, int]]] = {}
    for panel in panels(dashboard):
        lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    ragged = [y for y, line in lines.items() if sum(each["w"] for each in line) != 24 or len({each["h"] for each in line}) != 1]
    assert ragged == [], [panel["title"] for panel in panels(dashboard) if panel["gridPos"]["y"] in ragged]


def test_a_panel_that_no_longer_fits_its_line_begins_the_next_below_the_tallest() -> None:
    sizes = ((16, 4), (8, 9), (4, 3))
    some = [Panel(look=STAT, title="", description="", targets=(), unit="none", width=w, height=h) for w, h in sizes]
    placed = [panel["gridPos"] for panel in place([Row("one", some), Row("two", some[:1])])]
    assert [(at["x"], at["y"]) for at in placed] == [(0, 0), (0, 1), (16, 1), (0, 10), (0, 13), (0, 14)]


@every_panel
def test_every_panel_says_what_it_is(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    # An empty table says so by itself.
    assert bool(defaults["noValue"]) == (panel["type"] != "table")
    assert panel["type"] != "gauge"
    refs = [target["refId"] for target in panel["targets"]]
    assert refs == sorted(set(refs)) != []


@every_panel
def test_every_series_has_a_legend_where_there_may_be_several(panel: dict[str, Any]) -> None:
    if panel["type"] not in {"stat", "table", "barchart"}:
        assert all(target["legendFormat"] for target in panel["targets"])


@every_panel
def test_thresholds_rise_from_below_everything(panel: dict[str, Any]) -> None:
    held = [panel["fieldConfig"]["defaults"]["thresholds"]]
    for override in panel["fieldConfig"]["overrides"]:
        held += [setting["value"] for setting in override["properties"] if setting["id"] == "thresholds"]
    for thresholds in held:
        first, *rest = (step["value"] for step in thresholds["steps"])
        assert first is None
        assert rest == sorted(set(rest))


@every_panel
def test_overrides_by_name_meet_a_column_or_a_legend(panel: dict[str, Any]) -> None:
    shown = {value for label in VALUES_OF for value in VALUES_OF[label]} | {"lower", "median", "upper", "passed", "warned", "failed"}
    for step in panel["transformations"]:
        shown |= {*step["options"].get("indexByName", ()), *step["options"].get("renameByName", {}).values()}
        if step["id"] == "sortBy":
            assert {order["field"] for order in step["options"]["sort"]} <= shown
    named = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"] if override["matcher"]["id"] == "byName"}
    assert named <= shown


def test_every_decision_outcome_and_severity_has_its_color() -> None:
    assert set(DECISION_COLORS) == set(DECISIONS)
    assert set(OUTCOME_COLORS) == set(VALUES_OF["outcome"])
    assert set(SEVERITY_COLORS) == set(SEVERITIES)


def test_the_range_and_the_interval_are_the_callers_to_choose() -> None:
    demo = panel_queries(OPERATIONS, {"__range": "10m", "__interval": "5s", "ahead": "1m"})
    assert any("offset 10m" in query.promql for query in demo)
    assert any("offset 5s" in query.promql for query in demo)
    assert not any("$" in query.promql for query in demo)


def test_a_query_with_an_unknown_variable_is_an_error() -> None:
    broken = json.loads(json.dumps(OPERATIONS).replace("$host", "$hots"))
    with pytest.raises(KeyError, match="hots"):
        panel_queries(broken)


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_parses_and_names_only_what_is_published(query: Query) -> None:
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
