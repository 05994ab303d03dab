"""The actor's pages, for tests: its app on a world with fakes, and what Alertmanager would post to it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from waitress import wasyncore

from actor.__main__ import make_app
from actor.loop import Loop
from actor.metrics import Collector
from actor.service import Service
from homeostat.daemon import Server
from tests.support import WEB, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import flask
    from flask.testing import FlaskClient

    from tests.support import Actor

INTAKE = ("intake-4f8a1c09d2e7b365", "intake-91b7e2c4a8d03f56")
OPERATOR = ("operator-7d2c5e8f1a3b4096",)
AS_ALERTMANAGER = {"Authorization": f"Bearer {INTAKE[0]}"}
AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR[0]}"}


@dataclasses.dataclass(frozen=True)
class Pages:
    """The app with what stands behind it."""

    app: flask.Flask
    service: Service
    collector: Collector

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


def pages_of(actor: Actor, intake: tuple[str, ...] = INTAKE, operator: tuple[str, ...] = OPERATOR) -> Pages:
    """Build the actor's app, with these tokens."""
    service = Service(actor.world, intake, operator)
    collector = Collector(service, Loop(service))
    return Pages(make_app(service, collector, lambda: None), service, collector)


@contextlib.contextmanager
def served(app: flask.Flask) -> Iterator[tuple[str, int]]:
    """Serve through waitress on a port that the kernel chose, and leave no connection behind."""
    server = Server(app, "127.0.0.1:0")
    server.start()
    try:
        yield "127.0.0.1", int(server._server.effective_port)
    finally:
        server.close()
        wasyncore.close_all(server._server._map, ignore_all=True)
        server._thread.join()


def alert(**changes: Any) -> dict[str, Any]:
    """Return one alert as Alertmanager 0.25 posts it."""
    return {
        "status": "firing",
        "labels": labels_of(WEB, "service-restart", "auto-execute"),
        "annotations": {"confidence": "0.950", "summary": "memory_leak on h1 web"},
        "startsAt": "2026-01-01T00:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "8d2f1a3c5e7b9046",
    } | changes


def payload(*alerts: dict[str, Any], **changes: Any) -> bytes:
    """Return a webhook body, version 4."""
    body = {
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "homeostat-actor", "groupLabels": {},
        "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alertmanager:9093", "alerts": list(alerts) or [alert()],
    }  # fmt: skip
    return json.dumps(body | changes).encode()
