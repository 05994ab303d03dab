"""One process of the actor, from its start to its death or to the end of the story."""

from __future__ import annotations

import functools
import gc
import logging
import os
import secrets
import signal
from typing import TYPE_CHECKING, Any

import flask
import flask.testing
from werkzeug.test import Client

from actor import execution
from actor.api import api_routes
from actor.journal import incidents, totals
from actor.loop import Loop
from actor.reconcile import reconcile
from actor.service import Service
from actor.webhook import with_intake
from homeostat import shell
from tests import support
from tests.crash.outside import Deliveries, Notification, WatchedAlertmanager, notification, user_edits
from tests.crash.points import Kill, Points
from tests.crash.trace import SharedClock, Trace
from tests.support import MINUTE, NOW, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from flask.testing import FlaskClient

    from tests.crash.scenario import Scenario

MOST_SECONDS = 30
_INTAKE = "intake-4f8a1c09d2e7b365"
_HEADERS = {"Authorization": f"Bearer {_INTAKE}"}

# Reading YAML takes longer than all the rest of a life; the same story reads the same every time.
_configured: dict[str, Any] = {}


def configured_once(settings: dict[str, Any], **changes: Any) -> Any:
    """Read a configuration, or remember it."""
    key = repr((settings, changes))
    if key not in _configured:
        _configured[key] = _really_configured(settings, **changes)
    return _configured[key]


_really_configured = support.configured


def read_once() -> None:
    """Let this process read each configuration and the playbooks once; not for a process that runs other tests too."""
    support.configured = configured_once
    support.load_playbooks = functools.cache(support.load_playbooks)


class Inline:
    """A pool of no threads: whoever submits does it himself, so that a life runs the same way every time."""

    def submit(self, work: Callable[..., None], *values: Any) -> None:
        work(*values)


class Complaints(logging.Handler):
    """Writes down every error that the actor logs: it swallows what breaks, and the matrix must hear of it."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.ERROR)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        self._trace.write("error", text=self.format(record)[-2000:])


def _no_pages(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("404 Not Found", [])
    return []


class Life:
    """The actor with its loop but without its threads, and the outside world turning around it."""

    def __init__(self, scenario: Scenario, points: Points, actor: Actor) -> None:
        self.scenario, self.points, self.actor = scenario, points, actor
        self.clock = actor.clock
        actor.alertmanager = WatchedAlertmanager(points, self.clock)
        actor.world.alertmanager = actor.alertmanager
        service = Service(actor.world, (_INTAKE,), ())
        self.client = Client(with_intake(_no_pages, service))
        self.service = service
        self.deliveries = Deliveries(points.trace, self.clock, notifications(scenario))
        self.loop = Loop(service)
        self.loop._pool = Inline()  # type: ignore[assignment]
        self.loop._threads = []
        self.reconciled_at = 0.0
        self.happened = {event["due"] for event in points.trace.of("moment")}

    @functools.cached_property
    def desk(self) -> FlaskClient:
        """Where a person speaks: the operator's API."""
        app = flask.Flask("crash")
        api_routes(app, self.service)
        return app.test_client()

    def run(self) -> None:
        """Live to the end of the story."""
        self.prometheus_turns()
        with self.points.unwatched():
            self.scenario.begin(self)
        self.loop.start()
        while True:
            self.turn()
            if self.clock.now() >= self.scenario.ends_at:
                return
            self.clock.advance(max(0.5, min(self.next_times(), default=0.0) - self.clock.now()))

    def turn(self) -> None:
        """Let everything happen that is due."""
        self.prometheus_turns()
        self.deliveries.deliver(self.client, self.points, _HEADERS)
        for due, happen in self.scenario.moments.items():
            if due not in self.happened and self.clock.now() >= NOW + due and happen(self):
                self.happened.add(due)
                self.points.trace.write("moment", due=due, at=self.clock.now())
        self.loop._turn()
        if self.clock.now() - self.reconciled_at >= MINUTE:
            self.reconciled_at = self.clock.now()
            reconcile(self.actor.world)
        self.points.trace.write("totals", totals=totals.read(self.actor.journal))

    def prometheus_turns(self) -> None:
        """Let the problems be there until they are over."""
        for decide in self.scenario.decides:
            if self.clock.now() < self.scenario.gone_at:
                self.actor.prometheus.decide(decide.key, decide.action, decide.decision, decide.confidence)
            else:
                self.actor.prometheus.forget(decide.key)

    def next_times(self) -> list[float]:
        """Return the times at which something is next due; reconciling each minute counts while something is on its way."""
        now = self.clock.now()
        open_now = [incident for incident in incidents.recent(self.actor.journal, 0.0) if incident.state is not None]
        moments = [at if (at := NOW + due) > now else now + MINUTE for due in self.scenario.moments if due not in self.happened]
        waking = [incident.wake_at for incident in open_now if incident.wake_at is not None]
        minute = [self.reconciled_at + MINUTE] if open_now else []
        fixed = [at for at in (self.scenario.gone_at, self.scenario.ends_at) if at > now]
        return [*self.deliveries.next_at(), *moments, *waking, *minute, *fixed]


def notifications(scenario: Scenario) -> list[Notification]:
    """Return what Alertmanager posts in this story: the group while it fires, and once that it is resolved."""
    alerts = [decide.labels for decide in scenario.decides]
    return [
        notification(alerts, (NOW, scenario.gone_at)),
        notification(alerts, (scenario.gone_at + MINUTE, scenario.ends_at), "resolved"),
    ]


def live(scenario: Scenario, about: tuple[pathlib.Path, int], changes: dict[str, Any], kill: Kill | None) -> None:
    """Be one process of the actor in a case's folder, the n-th; ends in `os._exit` or by SIGKILL."""
    folder, number = about
    signal.alarm(MOST_SECONDS)
    trace, clock = Trace(folder / "trace"), SharedClock(folder / "clock")
    trace.write("life", number=number, at=clock.now())
    logging.getLogger("actor").addHandler(Complaints(trace))
    numbers = iter(range(1000))
    secrets.token_hex = lambda size=8: f"{number:x}{next(numbers):0{2 * size - 1}x}"
    # By the same tokens the lives of the other servers would end this one's processes.
    execution._NAMED_BY, shell._MARK = (f"{name}_{os.getppid()}" for name in (execution._NAMED_BY, shell._MARK))
    # With systemd or without, a life is the same: the units are tried on a real one elsewhere.
    execution._SYSTEMD_RUNS = folder / "no-systemd"
    gc.disable()
    points = Points(trace, folder, kill)
    if scenario.lingers:
        points.about_to_linger = (folder / "service" / "hold").touch
    host = Host(folder, clock)
    points.user_edits = lambda: user_edits(scenario, host, trace, (points.last_phase() or {}).get("phase"))
    points.install()
    try:
        Life(scenario, points, Actor(host, **changes)).run()
    except BaseException as error:  # noqa: BLE001 - whatever breaks is a finding, and the process ends here
        trace.write("error", text=f"{type(error).__name__}: {error}")
    os._exit(0)
