"""POST `/simulate`: every gate, the plan and its undo for an alert as Alertmanager would deliver it; nothing is done or recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.answers import Refused, Routes, among_few, answered, body_of
from actor.foresight import simulate

if TYPE_CHECKING:
    import flask

    from actor.service import Service

_MOST_ALERTS = 100


class Alert(msgspec.Struct, frozen=True):
    """As much of an alert as a decision is read from, whichever of Alertmanager's shapes it stands in."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}


class Delivery(msgspec.Struct, frozen=True):
    """A webhook's payload, or one alert by itself."""

    alerts: tuple[Alert, ...] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] = {}


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/simulate")
    def simulated() -> flask.Response:
        alerts = _alerts(body_of(Delivery))
        with among_few(service):
            return answered([simulate(service.world, alert.labels, alert.annotations) for alert in alerts])


def _alerts(delivery: Delivery) -> tuple[Alert, ...]:
    alerts = delivery.alerts
    if alerts is None and delivery.labels is not None:
        alerts = (Alert(delivery.labels, delivery.annotations),)
    if not alerts:
        raise Refused("this is neither a webhook's payload with alerts nor an alert with labels", 400)
    if len(alerts) > _MOST_ALERTS:
        raise Refused(f"{len(alerts)} alerts are more than the {_MOST_ALERTS} that are simulated at once", 400)
    return alerts


ROUTES = Routes(add=_add)
