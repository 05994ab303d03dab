"""Every word of the dashboards that only Grafana understands is one that Grafana's own libraries know."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from grafana import generate
from tests.grafana import browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Check = Callable[[dict[str, Any]], list[str]]

pytestmark = pytest.mark.integration

_TYPES = browser.MODULES / "@grafana" / "schema" / "dist"


def declared() -> dict[str, list[str]]:
    """List, for each panel type, the options and custom field properties that its published types name."""
    shared = (_TYPES / "types" / "common" / "common.gen.d.ts").read_text(encoding="utf-8")
    panel_types = (_TYPES / "esm" / "raw" / "composable").glob("*/panelcfg/x/*.d.ts")
    names = {path.parents[2].name: re.findall(r"^\s*(\w+)\??:", shared + path.read_text(encoding="utf-8"), re.MULTILINE) for path in panel_types}
    return {**names, "state-timeline": names["statetimeline"]}


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    if shutil.which("npm") is None:
        pytest.skip(browser.NO_NPM)
    browser.install(everything=False)
    folder = tmp_path_factory.mktemp("check")
    browser.bundle("check.js", folder)
    with browser.opened(folder) as page:
        page.goto(f"{browser.ORIGIN}page.html")
        yield lambda dashboard: page.evaluate("([dashboard, declared]) => unknown(dashboard, declared)", [dashboard, declared()])


@pytest.mark.parametrize("name", generate.DASHBOARDS)
def test_grafana_knows_every_word_of_a_dashboard(check: Check, name: str) -> None:
    assert check(generate.DASHBOARDS[name]()) == []


def panel(**parts: Any) -> dict[str, Any]:
    """Give a panel with these parts on top of one that holds nothing unknown."""
    return {"id": 1, "title": "A", "type": "timeseries", "options": {}, "fieldConfig": {"defaults": {}, "overrides": []}, **parts}


def defaults(**properties: Any) -> dict[str, Any]:
    return panel(fieldConfig={"defaults": properties, "overrides": []})


def override(matcher: str, name: str, value: Any) -> dict[str, Any]:
    change = {"matcher": {"id": matcher, "options": ""}, "properties": [{"id": name, "value": value}]}
    return panel(fieldConfig={"defaults": {}, "overrides": [change]})


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        (panel(type="graph"), "unknown panel type graph"),
        (defaults(unit="furlongs"), 'unknown unit "furlongs"'),
        (defaults(color={"mode": "palette-modern"}), 'unknown color.mode "palette-modern"'),
        (defaults(color={"mode": "fixed", "fixedColor": "grene"}), 'unknown color.fixedColor "grene"'),
        (defaults(thresholds={"mode": "relative", "steps": []}), 'unknown thresholds.mode "relative"'),
        (defaults(mappings=[{"type": "values", "options": {}}]), 'unknown mappings.type "values"'),
        (defaults(colour={}), 'unknown field property "colour"'),
        (defaults(custom={"drawStyle": "lines"}), 'unknown custom.drawStyle "lines"'),
        (defaults(custom={"drawLook": "line"}), 'unknown field property "custom.drawLook"'),
        (override("byTitle", "unit", "s"), 'unknown matcher.id "byTitle"'),
        (override("byName", "unit", "furlongs"), 'unknown unit "furlongs"'),
        (override("byName", "custom.width_", 80), 'unknown field property "custom.width_"'),
        (panel(options={"legend": {"calcs": ["newest"]}}), 'unknown legend.calcs "newest"'),
        (panel(options={"legends": {}}), 'unknown option "legends"'),
        (panel(transformations=[{"id": "mergeAll", "options": {}}]), 'unknown transformations.id "mergeAll"'),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_word_that_grafana_does_not_know_is_told_in_one_line(check: Check, spoiled: dict[str, Any], told: str) -> None:
    dashboard = {"schemaVersion": 39, "templating": {"list": []}, "annotations": {"list": []}, "panels": [spoiled]}
    assert check(dashboard) == [f"panel 1 'A': {told}"]


def test_an_old_schema_an_unknown_color_and_an_unknown_sort_are_told(check: Check) -> None:
    variable, annotation = {"name": "host", "hide": 0, "refresh": 1, "sort": 99}, {"name": "Actions", "iconColor": "grene"}
    dashboard = {"schemaVersion": 16, "templating": {"list": [variable]}, "annotations": {"list": [annotation]}, "panels": []}
    assert check(dashboard) == ["schemaVersion 16 is not one of 39 to 42", "variable host: unknown sort 99", 'annotation Actions: unknown iconColor "grene"']
