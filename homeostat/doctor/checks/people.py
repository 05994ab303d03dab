"""What people must hear of goes to a receiver that tells somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor import addressees
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed
from homeostat.routing import RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    try:
        routing, text = addressees.routing(subject.doors)
    except RoutingError as error:
        yield failed(f"Alertmanager's configuration cannot be read: {error}", "see what the check route says")
        return
    deaf, unheard = addressees.deaf(text), dict[str, list[str]]()
    for labels in addressees.for_people(subject.doors.config.host):
        receivers = routing.receivers(labels)
        if deaf.issuperset(receivers):
            unheard.setdefault(" and ".join(receivers), []).append(f"{labels['alertname']} ({labels['severity']})")
    for receiver, alerts in unheard.items():
        yield failed(
            f"nobody hears of {named(alerts)}: the receiver {receiver} has no integration",
            f"give the receiver {receiver} its webhook_configs, email_configs, slack_configs or discord_configs, or set notifications.failures",
        )
    if not unheard:
        yield passed("what is urgent, and every proposal, goes to receivers that tell somebody")


CHECK = Check(order=130, ask=_ask)
