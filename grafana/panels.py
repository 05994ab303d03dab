"""What a panel is: a look (kind, options, how its queries are asked), its queries and what its values mean."""

from __future__ import annotations

import dataclasses
import string
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]
Step = tuple[float | None, str]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_TOOLTIP = {"mode": "multi", "sort": "desc"}
_LEGEND = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull"]}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How a panel draws: Grafana's panel type with its options, and the form in which it wants its answers.

    `points` cuts the range into at most so many steps; None, into as many as there are pixels.
    """

    kind: str
    options: Json
    custom: Json = dataclasses.field(default_factory=dict)
    color_mode: Literal["thresholds", "palette-classic"] = "thresholds"
    instant: bool = False
    answer: Literal["time_series", "table", "heatmap"] = "time_series"
    points: int | None = None


STAT = Look(
    "stat",
    {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _LAST,
        "textMode": "value",
    },
    instant=True,
)
STAT_NAME = dataclasses.replace(STAT, options={**STAT.options, "textMode": "name"})
STAT_EACH = dataclasses.replace(STAT, options={**STAT.options, "textMode": "value_and_name"})
LINES = Look(
    "timeseries",
    {"tooltip": _TOOLTIP, "legend": _LEGEND},
    {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 0,
        "showPoints": "never",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "off"},
    },
    color_mode="palette-classic",
)
LINES_TO_LIMIT = dataclasses.replace(LINES, custom={**LINES.custom, "thresholdsStyle": {"mode": "dashed"}})
LINES_LOG = dataclasses.replace(LINES, custom={**LINES.custom, "scaleDistribution": {"type": "log", "log": 10}})
STEPS = dataclasses.replace(LINES, custom={**LINES.custom, "lineInterpolation": "stepAfter"})
BARS = dataclasses.replace(
    LINES,
    custom={
        **LINES.custom,
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 80,
        "stacking": {"mode": "normal", "group": "A"},
    },
    points=72,
)
TIMELINE = Look(
    "state-timeline",
    {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.8,
        "tooltip": {"mode": "single", "sort": "none"},
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
    },
    {"fillOpacity": 75, "lineWidth": 0},
)
TABLE = Look(
    "table",
    {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
    {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "minWidth": 80, "wrapHeaderText": True},
    instant=True,
    answer="table",
)
RANKING = Look(
    "bargauge",
    {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": _LAST,
        "showUnfilled": False,
        "valueMode": "color",
        "sizing": "manual",
        "minVizHeight": 16,
        "maxVizHeight": 32,
        "minVizWidth": 8,
        "namePlacement": "left",
        # A name gets the room that it takes in the size 12.
        "text": {"titleSize": 12, "valueSize": 14},
    },
    instant=True,
)
HISTOGRAM = dataclasses.replace(RANKING, answer="heatmap")
BARS_BY_NAME = Look(
    "barchart",
    {
        "orientation": "vertical",
        "showValue": "auto",
        "stacking": "none",
        "groupWidth": 0.7,
        "barWidth": 0.95,
        "barRadius": 0,
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 0,
        "fullHighlight": False,
        "tooltip": _TOOLTIP,
        "legend": {**_LEGEND, "displayMode": "list", "calcs": []},
    },
    {"fillOpacity": 80, "lineWidth": 0},
    color_mode="palette-classic",
    instant=True,
    answer="table",
)
HEATMAP = Look(
    "heatmap",
    {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Blues",
            "fill": "dark-blue",
            "steps": 64,
            "exponent": 0.5,
            "reverse": False,
        },
        "yAxis": {"unit": "percentunit", "axisPlacement": "left", "reverse": False},
        "rowsFrame": {"layout": "auto"},
        "filterValues": {"le": 1e-9},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "legend": {"show": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
    },
    answer="heatmap",
    points=72,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel; `legend` names series by their labels, as `{{host}} {{target}}`."""

    promql: str
    legend: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel before it has a place: `width` of 24 columns, `height` in rows of 30 pixels.

    `links` are where a click on one of its values leads, `menu` what its heading offers.
    """

    look: Look
    title: str
    description: str
    targets: Sequence[Target]
    unit: str
    width: int
    height: int = 8
    steps: Sequence[Step] = ((None, "green"),)
    least: float | None = None
    most: float | None = None
    no_value: str = "none"
    mappings: Sequence[Json] = ()
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    links: Sequence[Json] = ()
    menu: Sequence[Json] = ()


def panel_json(panel: Panel, panel_id: int, x: int, y: int) -> Json:
    """Write `panel` as Grafana's classic JSON, with its upper left corner at column `x`, row `y`."""
    return {
        "id": panel_id,
        "type": panel.look.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [
            _target_json(panel.look, *pair) for pair in zip(string.ascii_uppercase, panel.targets, strict=False)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        **({"maxDataPoints": panel.look.points} if panel.look.points else {}),
        "links": list(panel.menu),
        "options": panel.look.options,
        "transformations": list(panel.transformations),
    }


def _target_json(look: Look, ref: str, target: Target) -> Json:
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": target.promql,
        "legendFormat": target.legend,
        "format": look.answer,
        "instant": look.instant,
        "range": not look.instant,
    }


def _defaults(panel: Panel) -> Json:
    bounds = {name: bound for name, bound in (("min", panel.least), ("max", panel.most)) if bound is not None}
    return {
        "unit": "none" if panel.look.answer == "table" else panel.unit,
        "color": {"mode": panel.look.color_mode},
        "thresholds": thresholds(panel.steps),
        "mappings": list(panel.mappings),
        "noValue": panel.no_value,
        "links": list(panel.links),
        "custom": panel.look.custom,
        **bounds,
    }


def _overrides(panel: Panel) -> list[Json]:
    """Give a table's unit to its numbers alone: Grafana would read every text in a column of times as a time."""
    numbers = [_override("byType", "number", {"unit": panel.unit})] if panel.look.answer == "table" else []
    return [*numbers, *panel.overrides]


def thresholds(steps: Sequence[Step]) -> Json:
    """Color values from each step's lower bound upwards; the first bound is None, below all."""
    return {"mode": "absolute", "steps": [{"value": bound, "color": color} for bound, color in steps]}


def words(meanings: Mapping[str, tuple[str, str]]) -> Json:
    """Map single values, written as text, to a word and a color."""
    options = {
        value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(meanings.items())
    }
    return {"type": "value", "options": options}


def beyond(bound: float, text: str, color: str) -> Json:
    """Map everything from `bound` up to infinity to one word."""
    return {
        "type": "range",
        "options": {"from": bound, "to": None, "result": {"text": text, "color": color, "index": 0}},
    }


def whatever(text: str, color: str) -> Json:
    """Map every text to one word."""
    return {"type": "regex", "options": {"pattern": ".+", "result": {"text": text, "color": color, "index": 0}}}


def field(name: str, properties: Json) -> Json:
    """Override `properties` (Grafana's ids, such as `custom.lineWidth`) of the field shown as `name`."""
    return _override("byName", name, properties)


def fields_like(pattern: str, properties: Json) -> Json:
    """Override `properties` of every field whose shown name fits the regular expression."""
    return _override("byRegexp", f"/{pattern}/", properties)


def _override(matcher: str, options: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def color(name: str) -> Json:
    """Give the value of an override's `color` property: one fixed color."""
    return {"mode": "fixed", "fixedColor": name}


def columns(labels: Sequence[str], values: Sequence[str | None], called: Mapping[str, str] | None = None, after: Sequence[str] = ()) -> list[Json]:
    """Join a table's queries on their labels: first the label columns, then `values`, the queries' names in order, then the labels `after` them.

    A query whose name is None brings labels only. `called` gives a label's column another heading.
    """
    letters = string.ascii_uppercase if len(values) > 1 else [""]
    fields = [f"Value #{letter}".removesuffix(" #") for letter, _ in zip(letters, values, strict=False)]
    named = {column: name for column, name in zip(fields, values, strict=True) if name is not None}
    left_out = {"Time": True, **{column: True for column in fields if column not in named}}
    order = {name: index for index, name in enumerate([*labels, *named, *after])}
    organize = {"excludeByName": left_out, "indexByName": order, "renameByName": {**(called or {}), **named}}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]


def sorted_by(column: str, *, descending: bool = False) -> Json:
    """Sort a table's rows by one of its renamed columns."""
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": column, "desc": descending}]}}
