"""The metrics that dashboards may name, with their labels: what the daemons publish, what rules record, what Prometheus and Alertmanager tell of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

_ROOT = Path(__file__).resolve().parents[2]
_ALWAYS = {"job", "instance", "__name__"}
_PROBLEM = "problem host target resource"
_DECIDED = f"{_PROBLEM} action risk"


def _published() -> dict[str, frozenset[str]]:
    """Read the daemons' metrics; any may be a histogram."""
    lines = re.findall(r"^\w+ (\w+) (\S+)$", (_ROOT / "tests/rules/metrics.txt").read_text(), re.MULTILINE)
    found = {name: frozenset(labels.split(",")) for name, labels in lines}
    return {f"{name}{suffix}": labels | {"le"} for name, labels in found.items() for suffix in ("", "_bucket", "_count", "_sum")}


RECORDED = {
    "target:homeostat_prediction:ratio": _PROBLEM,
    "target_action:homeostat_confidence:ratio": _DECIDED,
    "target_action:homeostat_decision:ratio": f"{_DECIDED} decision",
    "host:homeostat_actions_succeeded:ratio30d": "host",
    "host_action:homeostat_actions_succeeded:ratio30d": "host action",
    "host:homeostat_incidents_proactive:ratio30d": "host",
    "host_problem:homeostat_incidents_proactive:ratio30d": "host problem",
    "host:homeostat_verifications_passed:ratio30d": "host",
    "host:homeostat_decisions_manual:ratio30d": "host",
    "host:homeostat_actions_unnecessary:ratio30d": "host",
    "host:homeostat_actions_rolled_back:ratio30d": "host",
    "host:homeostat_resolution_seconds:mean30d": "host",
    "host_problem:homeostat_resolution_seconds:mean30d": "host problem",
    "host:homeostat_unplanned_downtime_seconds:increase30d": "host",
    "host_target:homeostat_unplanned_downtime_seconds:increase30d": "host target",
    "host_action:homeostat_confidence:avg7d": "host action",
    "host_action:homeostat_confidence:delta7d": "host action",
}
_OF_OTHERS = {
    "ALERTS": f"alertname alertstate severity {_DECIDED} decision",
    "ALERTS_FOR_STATE": f"alertname severity {_DECIDED} decision",
    "up": "",
    "prometheus_rule_group_last_duration_seconds": "rule_group",
    "prometheus_rule_evaluation_failures_total": "rule_group",
    "prometheus_rule_group_iterations_missed_total": "rule_group",
    "alertmanager_notifications_total": "integration",
    "alertmanager_notifications_failed_total": "integration",
}
METRICS = {name: labels | _ALWAYS for name, labels in {**_published(), **{name: frozenset(labels.split()) for name, labels in {**RECORDED, **_OF_OTHERS}.items()}}.items()}


def recorded() -> set[str]:
    """Return every series that a rule of ours records."""
    files = (yaml.safe_load(path.read_text()) for path in (_ROOT / "alert-rules").glob("*.rules.yml"))
    return {rule["record"] for file in files for group in file["groups"] for rule in group["rules"] if "record" in rule}
