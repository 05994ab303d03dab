"""Alertmanager hands every decision of this host to its actor: by a route that nothing shadows, with a token, and tells when it is over."""

from __future__ import annotations

import contextlib
import urllib.parse
from typing import TYPE_CHECKING, Any

from homeostat.daemon_client import DaemonError
from homeostat.doctor import addressees, told
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.generate.alertmanager import UNCROSSING, crossings
from homeostat.routing import RoutingError
from homeostat.words import DECISION_ALERTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homeostat.routing import Route, Routing

_MERGE = "homeostat generate alertmanager --write /etc/prometheus/alertmanager.yml, then reload Alertmanager"
# What a newer Alertmanager tells in the place of an address.
_HIDDEN = "<secret>"


def _ask(subject: Subject) -> Iterator[Finding]:
    try:
        routing, text = addressees.routing(subject.doors)
    except RoutingError as error:
        yield failed(f"Alertmanager's configuration cannot be read: {error}", "amtool check-config /etc/prometheus/alertmanager.yml")
        return
    webhooks = {name: addressees.webhooks_of(text, name) for name in routing.webhooks}
    ours = _ours(subject, webhooks)
    taken: dict[str, list[str]] = {}
    for alertname in DECISION_ALERTS:
        trouble = _way(subject, routing, ours, alertname)
        if trouble:
            taken.setdefault(trouble, []).append(alertname)
    for trouble, alertnames in taken.items():
        yield failed(f"{named(alertnames)}: {trouble}", _MERGE)
    found = [finding for name in ours for webhook in webhooks[name] for finding in _webhook(subject, name, webhook)]
    found += [
        warned(f"by the inhibit rule {rule} one decision of Homeostat's mutes another", f"{UNCROSSING}, and reload Alertmanager")
        for rule in crossings(text)
    ]
    yield from found
    if not taken and not found:
        takers = {name for alertname in DECISION_ALERTS for name in routing.receivers(addressees.decision_labels(subject.doors.config.host, alertname))}
        hidden = any(webhook.get("url") == _HIDDEN for name in ours for webhook in webhooks[name])
        unseen = "; Alertmanager does not tell its address, so only homeostat selftest shows whether it leads here" if hidden else ""
        yield passed(f"every decision of {subject.doors.config.host} goes to the receiver {named(sorted(takers.intersection(ours)))}, and nothing shadows its route{unseen}")


def _ours(subject: Subject, webhooks: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """Return the receivers whose webhook leads to this actor.

    Where no address is surely its own, those on its port count: in Alertmanager's network its name may be another. A newer
    Alertmanager tells no address; then the name that `homeostat generate` gives must do.
    """
    sure, likely = _addresses(subject)
    addresses = {name: [urllib.parse.urlsplit(str(webhook.get("url") or "")) for webhook in each] for name, each in webhooks.items()}
    of_intake = {name: [(url.hostname, url.port) for url in urls if url.path.rstrip("/") in {"", "/webhook"}] for name, urls in addresses.items()}
    surely = [name for name, places in of_intake.items() if not sure.isdisjoint(places)]
    by_port = [name for name, places in of_intake.items() if not likely.isdisjoint(port for _, port in places)]
    if surely or by_port:
        return surely or by_port
    hidden = [name for name, each in webhooks.items() if any(webhook.get("url") == _HIDDEN for webhook in each)]
    return [name for name in hidden if name in {"homeostat-actor", f"homeostat-actor-{subject.doors.config.host}"}]


def _addresses(subject: Subject) -> tuple[set[tuple[str | None, int | None]], set[int]]:
    """Return the addresses and the ports that are surely this actor's."""
    doors = subject.doors
    known = [urllib.parse.urlsplit(url) for url in (doors.actor.url, doors.config.links.console)]
    ports = {url.port for url in known if url.port is not None}
    with contextlib.suppress(DaemonError):
        # Behind a proxy only the actor itself knows where it listens.
        ports.add(told.health(doors).port)
    names = {*(url.hostname for url in known), doors.config.host, "127.0.0.1", "localhost", "::1"}
    return {(url.hostname, url.port) for url in known} | {(name, port) for name in names for port in ports}, ports


def _way(subject: Subject, routing: Routing, ours: list[str], alertname: str) -> str | None:
    """Say what keeps a decision alert from us, or None."""
    if not ours:
        return "no receiver of Alertmanager has a webhook that leads to this actor"
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


def _webhook(subject: Subject, name: str, webhook: dict[str, Any]) -> Iterator[Finding]:
    if str(webhook.get("send_resolved", "true")).lower() == "false":
        yield warned(f"the receiver {name} does not tell when a decision is over: what was refused waits longer than it need", f"set send_resolved: true in the receiver {name}")
    if webhook.get("max_alerts") not in {None, "0", ""}:
        yield failed(f"the receiver {name} cuts deliveries short: what is cut counts as told and never comes", f"remove max_alerts from the receiver {name}")
    http = webhook.get("http_config") or {}
    if subject.doors.config.security.intake_token_files and not (http.get("authorization") or http.get("basic_auth") or http.get("bearer_token")):
        yield failed(f"the receiver {name} sends no token, and the webhook needs one", f"set http_config: {{authorization: {{credentials_file: ...}}}} in the receiver {name}")


CHECK = Check(order=110, ask=_ask)
