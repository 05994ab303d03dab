"""What every dashboard of ours has: its place in Grafana, its links, its variables and the shape of an annotation."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from grafana.layout import Row, place
from grafana.panels import DATASOURCE
from grafana.promql import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.panels import Json

# Grafana 10.4's; newer ones migrate it by themselves.
SCHEMA_VERSION = 39
_TAG = "homeostat"
_ANNOTATION_STEP = "15s"
_ON_LOAD, _ON_TIME_RANGE = 1, 2
_SHOWN, _HIDDEN = 0, 2
_LABEL_VALUES = 1
_ALPHABETICAL = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard before it is written: `variables` beside those that all have, and `ranges` of time to jump to (title, from, to)."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Json] = ()
    annotations: Sequence[Json] = ()
    ranges: Sequence[tuple[str, str, str]] = ()


def dashboard_json(dashboard: Dashboard) -> Json:
    """Write `dashboard` as classic JSON, which can be imported by hand: it asks for no data source of a name."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [_TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "links": [_others(), *_jumps(dashboard), _link("Console", "${console}"), _link("Runbooks", "${runbooks}")],
        "templating": {"list": [_datasource(), _hosts(), *dashboard.variables, *_addresses()]},
        "annotations": {"list": [_of_grafana(), *dashboard.annotations]},
        "panels": place(dashboard.rows),
    }


def _link(title: str, url: str) -> Json:
    return {"type": "link", "title": title, "url": url, "icon": "external link", "targetBlank": True, "tags": []}


def _others() -> Json:
    """Offer our other dashboards, with the same hosts and the same range."""
    kept = {"includeVars": True, "keepTime": True, "targetBlank": False, "asDropdown": False}
    return {"type": "dashboards", "title": "", "icon": "dashboard", "tags": [_TAG], **kept}


def _jumps(dashboard: Dashboard) -> list[Json]:
    """Offer the same dashboard over another range."""
    kept = {"icon": "time", "includeVars": True, "targetBlank": False}
    return [{**_link(title, f"/d/{dashboard.uid}?{urlencode({'from': begins, 'to': ends})}"), **kept} for title, begins, ends in dashboard.ranges]


def _datasource() -> Json:
    named = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": _ON_LOAD}
    return {**named, "hide": _SHOWN, "multi": False, "includeAll": False, "options": [], "regex": "", "current": {}}


def _hosts() -> Json:
    return choice("host", "label_values(homeostat_exporter_last_success_timestamp_seconds, host)")


def _addresses() -> list[Json]:
    return [_query(name, f"label_values(homeostat_links_info{{{HOST}}}, {name})", _HIDDEN) for name in ("console", "runbooks")]


def choice(name: str, query: str) -> Json:
    """Offer a label's values, several at once, at first all of them."""
    everything = {"text": ["All"], "value": ["$__all"], "selected": True}
    return {**_query(name, query, _SHOWN), "multi": True, "includeAll": True, "allValue": ".*", "current": everything}


def single(name: str, query: str, first: str) -> Json:
    """Offer a label's values, one at a time; `first` to begin with, where it is among them."""
    return {**_query(name, query, _SHOWN), "current": {"text": first, "value": first, "selected": True}}


def _query(name: str, query: str, hide: int) -> Json:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"qryType": _LABEL_VALUES, "query": query, "refId": f"variable-{name}"},
        "refresh": _ON_TIME_RANGE,
        "sort": _ALPHABETICAL,
        "hide": hide,
        "multi": False,
        "includeAll": False,
        "options": [],
        "regex": "",
        "current": {},
    }


def _of_grafana() -> Json:
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }


def annotation(name: str, promql: str, title: str, text: str, icon_color: str) -> Json:
    """Mark the times at which `promql` is above zero."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": icon_color,
        "expr": promql,
        "step": _ANNOTATION_STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "host",
        "useValueForTime": False,
    }


def moments(name: str, promql: str, title: str, text: str, icon_color: str) -> Json:
    """Mark the times, in milliseconds, that are `promql`'s values."""
    return {**annotation(name, promql, title, text, icon_color), "useValueForTime": True}
