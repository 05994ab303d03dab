"""Who hears of what: Alertmanager's routes as it has them in force, and the alerts of ours that go along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from homeostat import rules
from homeostat.routing import Loader, Routing, parse_routes
from homeostat.words import DECISION_ALERTS

if TYPE_CHECKING:
    from homeostat.doors import Doors

_URGENT = ("critical", "warning")
# What the actor itself posts; its severity is the problem's, or that of how it ended. Summaries and good news are a matter of taste.
_POSTED = ("HomeostatProblem", "HomeostatProposal", "HomeostatAnnouncement", "HomeostatOutcome")


def for_people(host: str) -> list[dict[str, str]]:
    """Return the labels of every alert of ours that somebody must hear of. Raises OSError."""
    urgent = [(name, severity) for name in _POSTED for severity in _URGENT]
    urgent += [(name, severity) for name, severity in rules.severities().items() if severity in _URGENT]
    return [{"alertname": name, "host": host, "severity": severity} for name, severity in urgent]


def routing(doors: Doors) -> tuple[Routing, str]:
    """Ask Alertmanager for its routes, and for the text that they stand in. Raises AlertmanagerError and RoutingError."""
    text = doors.alertmanager.configuration()
    return parse_routes(text), text


def decision_labels(host: str, alertname: str) -> dict[str, str]:
    """Return the labels of a decision alert of this host, as its rule gives them."""
    decision = DECISION_ALERTS[alertname]
    return {
        "alertname": alertname, "host": host, "decision": decision, "severity": "warning", "risk": "low", "problem": "disk_exhaustion",
        "action": "disk-cleanup", "target": "/", "resource": "filesystem",
    }  # fmt: skip


def deaf(text: str) -> set[str]:
    """Return the receivers of a configuration that tell nobody: they have no integration."""
    written: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    receivers = written.get("receivers") or ()
    return {receiver["name"] for receiver in receivers if not any(key.endswith("_configs") and value for key, value in receiver.items())}


def webhooks_of(text: str, receiver: str) -> list[dict[str, Any]]:
    """Return the webhooks of a receiver as the configuration has them."""
    written: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    return [webhook for each in written.get("receivers") or () if each["name"] == receiver for webhook in each.get("webhook_configs") or ()]
