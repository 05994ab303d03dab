"""Alertmanager hands every decision of this host to its actor: by a route that nothing shadows, with a token, and tells when it is over."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from homeostat.doctor import addressees
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.routing import RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.routing import Route, Routing

_MERGE = "homeostat generate alertmanager /etc/prometheus/alertmanager.yml prints what to merge; then reload Alertmanager"


def _ask(subject: Subject) -> Iterator[Finding]:
    try:
        routing, text = addressees.routing(subject.doors)
    except RoutingError as error:
        yield failed(f"Alertmanager's configuration cannot be read: {error}", "amtool check-config /etc/prometheus/alertmanager.yml")
        return
    ours = [name for name in routing.webhooks if _is_ours(subject, addressees.webhook_of(text, name))]
    taken: dict[str, list[str]] = {}
    for alertname in addressees.DECISIONS:
        trouble = _way(subject, routing, ours, alertname)
        if trouble:
            taken.setdefault(trouble, []).append(alertname)
    for trouble, alertnames in taken.items():
        yield failed(f"{named(alertnames)}: {trouble}", _MERGE)
    found = [finding for name in ours for webhook in addressees.webhook_of(text, name) for finding in _webhook(subject, name, webhook)]
    yield from found
    if not taken and not found:
        yield passed(f"every decision of {subject.doors.config.host} goes to the receiver {named(ours)}, and nothing shadows its route")


def _way(subject: Subject, routing: Routing, ours: list[str], alertname: str) -> str | None:
    """Say what keeps a decision alert from us, or None."""
    if not ours:
        return f"no receiver of Alertmanager has a webhook that leads to this actor; its addresses end with {_path(subject)}"
    labels = addressees.decision_labels(subject.doors.config.host, alertname)
    takers = routing.takers(labels)
    mine = [route for route in takers if route.receiver in ours]
    if not mine:
        shadows = {str(shadow) for name in ours if (shadow := routing.shadow(labels, name)) is not None}
        return f"the route {named(sorted(shadows))} takes it before ours" if shadows else f"no route leads it to {named(ours)}; it goes to {named(_names(takers))}"
    if any(routing.silent(route, subject.doors.clock.now()) for route in mine):
        return "the time intervals of its route keep it quiet now; the actor asks for windows itself"
    return None


def _names(takers: tuple[Route, ...]) -> list[str]:
    return [route.receiver for route in takers]


def _path(subject: Subject) -> str:
    return urllib.parse.urlsplit(subject.doors.actor.url).netloc + "/webhook"


def _is_ours(subject: Subject, webhooks: list[dict[str, Any]]) -> bool:
    """Say whether a receiver's webhook leads to this actor: by its port and path, for its name may be another in Alertmanager's network."""
    own = {urllib.parse.urlsplit(url).port for url in (subject.doors.actor.url, subject.doors.config.links.console)}
    for webhook in webhooks:
        parts = urllib.parse.urlsplit(str(webhook.get("url") or ""))
        hidden = str(webhook.get("url")) == "<secret>"
        if hidden or (parts.path.rstrip("/") == "/webhook" and parts.port in own):
            return True
    return False


def _webhook(subject: Subject, name: str, webhook: dict[str, Any]) -> Iterator[Finding]:
    if str(webhook.get("send_resolved", "true")).lower() == "false":
        yield warned(f"the receiver {name} does not tell when a decision is over: what was refused waits longer than it need", f"set send_resolved: true in the receiver {name}")
    if webhook.get("max_alerts") not in {None, "0", ""}:
        yield failed(f"the receiver {name} cuts deliveries short: what is cut counts as told and never comes", f"remove max_alerts from the receiver {name}")
    http = webhook.get("http_config") or {}
    if subject.doors.config.security.intake_token_files and not (http.get("authorization") or http.get("basic_auth") or http.get("bearer_token")):
        yield failed(f"the receiver {name} sends no token, and the webhook needs one", f"set http_config: {{authorization: {{credentials_file: ...}}}} in the receiver {name}")


CHECK = Check(order=110, ask=_ask)
