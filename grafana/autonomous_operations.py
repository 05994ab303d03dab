"""The dashboard "Autonomous Operations": what will run out, what was decided, what was done, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import accuracy_rows, decision_rows, forecast_rows, state_rows
from grafana.layout import place
from grafana.panels import DATASOURCE
from grafana.promql import DECISION_ALERTS, HOST, TARGET_ACTION

if TYPE_CHECKING:
    from grafana.panels import Json

UID = "homeostat-autonomous-operations"
# Grafana 10.4's; newer ones migrate it by themselves.
SCHEMA_VERSION = 39
_ANNOTATION_STEP = "15s"
_ON_LOAD, _ON_TIME_RANGE = 1, 2
_SHOWN, _HIDDEN = 0, 2
_LABEL_VALUES, _ALPHABETICAL = 1, 1


def dashboard() -> Json:
    """Build the dashboard as classic JSON."""
    rows = (
        state_rows.state_at_a_glance(),
        forecast_rows.next_to_exhaust(),
        forecast_rows.forecast_against_actual(),
        forecast_rows.leaks(),
        decision_rows.decisions_over_time(),
        decision_rows.outcomes(),
        decision_rows.confidence_distribution(),
        decision_rows.gate_refusals(),
        state_rows.self_health(),
        accuracy_rows.forecast_accuracy(),
    )
    return {
        "uid": UID,
        "title": "Autonomous Operations",
        "description": "Homeostat: what will run out and when, what was decided and how sure, what was done and what came of it.",
        "tags": ["homeostat"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "links": [_link("Console", "${console}"), _link("Runbooks", "${runbooks}")],
        "templating": {"list": _variables()},
        "annotations": {"list": _annotations()},
        "panels": place(rows),
    }


def _link(title: str, url: str) -> Json:
    return {"type": "link", "title": title, "url": url, "icon": "external link", "targetBlank": True, "tags": []}


def _variables() -> list[Json]:
    source = {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": _ON_LOAD,
    }
    return [
        {**source, "hide": _SHOWN, "multi": False, "includeAll": False, "options": [], "regex": "", "current": {}},
        _choice("host", "label_values(homeostat_exporter_last_success_timestamp_seconds, host)"),
        _choice("target", f"label_values(homeostat_usage_ratio{{{HOST}}}, target)"),
        _choice("action", f"label_values(homeostat_action_trials{{{HOST}}}, action)"),
        _single("ahead", f'label_values(homeostat_forecast_usage_ratio{{{HOST}, ahead!="0s"}}, ahead)', _SHOWN),
        _single("console", f"label_values(homeostat_links_info{{{HOST}}}, console)", _HIDDEN),
        _single("runbooks", f"label_values(homeostat_links_info{{{HOST}}}, runbooks)", _HIDDEN),
    ]


def _choice(name: str, query: str) -> Json:
    """Offer a label's values, several at once, at first all of them."""
    everything = {"text": ["All"], "value": ["$__all"], "selected": True}
    return {**_single(name, query, _SHOWN), "multi": True, "includeAll": True, "allValue": ".*", "current": everything}


def _single(name: str, query: str, hide: int) -> Json:
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


def _annotations() -> list[Json]:
    alerts = f'ALERTS{{alertname=~"{DECISION_ALERTS}", alertstate="firing", {TARGET_ACTION}}}'
    last = (
        f"max by (host, action, target, resource) (homeostat_action_last_timestamp_seconds{{{TARGET_ACTION}}}) * 1000"
    )
    return [
        {
            "builtIn": 1,
            "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True,
            "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)",
            "name": "Annotations & Alerts",
            "type": "dashboard",
        },
        {
            **_annotation("Actions", last, "{{action}}", "{{host}} {{target}} {{resource}}", "green"),
            "useValueForTime": True,
        },
        _annotation(
            "Decisions",
            f"max by (problem, action, decision, host, target) ({alerts})",
            "{{decision}}: {{action}}",
            "{{problem}} on {{host}} {{target}}",
            "orange",
        ),
        _annotation(
            "Breaker",
            f"max by (host, scope) (homeostat_breaker_open{{{HOST}}})",
            "breaker open: {{scope}}",
            "{{host}}",
            "red",
        ),
        _annotation(
            "Pauses",
            f"max by (host, by, scope, author, reason) (homeostat_pause_until_timestamp_seconds{{{HOST}}}) >= bool 0",
            "{{by}}: {{scope}}",
            "{{author}} on {{host}}: {{reason}}",
            "purple",
        ),
    ]


def _annotation(name: str, promql: str, title: str, text: str, icon_color: str) -> Json:
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
