"""The world outside the actor, which no kill touches: Alertmanager with its real re-delivery, and Prometheus."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import msgspec

from actor.steps import investigate
from homeostat.alertmanager import AlertmanagerError
from homeostat.clock import rfc3339
from tests.support import MINUTE, NOW, FakeAlertmanager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.test import Client

    from homeostat.alertmanager import PostedAlert
    from tests.crash.points import Points
    from tests.crash.scenario import Scenario
    from tests.crash.trace import Trace
    from tests.support import Host, JumpingClock

REPEAT_SECONDS = 15 * MINUTE
RETRY_SECONDS = 1.0


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One group's payload; repeats and retries are byte-identical. Times are Unix seconds."""

    body: bytes
    from_time: float
    until: float
    repeats: bool

    @property
    def name(self) -> str:
        """What identifies the body."""
        return digest(self.body)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def notification(alerts: Sequence[dict[str, str]], between: tuple[float, float], status: str = "firing") -> Notification:
    """Build what Alertmanager posts of a group of alerts, given by their labels."""
    told = [
        {
            "status": status,
            "labels": labels,
            "annotations": {"confidence": labels["confidence"]} if "confidence" in labels else {"confidence": "0.950"},
            "startsAt": rfc3339(NOW),
            "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else rfc3339(between[0]),
            "generatorURL": "http://prometheus/graph",
            "fingerprint": digest(msgspec.json.encode(labels)),
        }
        for labels in alerts
    ]
    body = {"version": "4", "groupKey": "{}", "status": status, "receiver": "homeostat", "truncatedAlerts": 0, "alerts": told}
    return Notification(body=msgspec.json.encode(body), from_time=between[0], until=between[1], repeats=status == "firing")


class Deliveries:
    """Alertmanager's notification log: what was not acknowledged comes again at once, what was at the repeat interval."""

    def __init__(self, trace: Trace, clock: JumpingClock, notifications: Sequence[Notification]) -> None:
        self._trace = trace
        self._clock = clock
        self._notifications = notifications
        self._acknowledged = {event["body"]: event["at"] for event in trace.of("acknowledged")}
        self._tried: dict[str, float] = {}

    def due_at(self, one: Notification) -> float | None:
        """Return when a notification is posted next, or None when it never is again."""
        acknowledged = self._acknowledged.get(one.name)
        if acknowledged is None:
            at = max(one.from_time, self._tried.get(one.name, 0.0) + RETRY_SECONDS)
        elif one.repeats:
            at = acknowledged + REPEAT_SECONDS
        else:
            return None
        return at if at <= one.until else None

    def next_at(self) -> list[float]:
        """Return the times at which something will be posted."""
        return [at for one in self._notifications if (at := self.due_at(one)) is not None]

    def deliver(self, client: Client, points: Points, headers: dict[str, str]) -> None:
        """Post what is due; an answer that never came is no acknowledgement."""
        for one in self._notifications:
            at = self.due_at(one)
            if at is None or at > self._clock.now():
                continue
            self._tried[one.name] = self._clock.now()
            code = client.post("/webhook", data=one.body, headers=headers).status_code
            points.around(f"answer {code}", lambda one=one, code=code: self._hear(one, code))

    def _hear(self, one: Notification, code: int) -> None:
        if 200 <= code < 300:
            self._acknowledged[one.name] = self._clock.now()
            self._trace.write("acknowledged", body=one.name, at=self._clock.now())


class WatchedAlertmanager(FakeAlertmanager):
    """Alertmanager's API; what the actor posts is a point."""

    def __init__(self, points: Points, clock: JumpingClock) -> None:
        super().__init__()
        self._points = points
        self._clock = clock

    def post(self, alerts: list[PostedAlert]) -> None:
        if self.down:
            raise AlertmanagerError("it is down")
        self._points.around(f"post {' '.join(alert.labels['alertname'] for alert in alerts)}", lambda: self._keep(alerts))

    def _keep(self, alerts: list[PostedAlert]) -> None:
        self.posted += alerts
        for alert in alerts:
            facts: dict[str, Any] = {"alertname": alert.labels["alertname"], "incident": alert.labels.get("incident"), "outcome": alert.labels.get("outcome")}
            self._points.trace.write("posted", at=self._clock.now(), **facts)


class Exporter:
    """The exporter's API, which has looked into everything; it only answers, so to be asked is no point."""

    def get(self, what: str, **about: str) -> dict[str, Any]:
        """Answer with an investigation."""
        return {"words": [f"the {what} of {about['target']} found nothing"], "markdown": "nothing", "known": None}


def exporter_answers() -> None:
    """Have this process find an exporter that answers."""
    investigate.exporter_door = lambda config, token: Exporter()  # type: ignore[assignment,return-value]


def user_edits(scenario: Scenario, host: Host, trace: Trace, moment: str | None = None) -> None:
    """Be the user of the scenario: write files, and write down what they hold from now on, and in which phase that was."""
    for path, content in scenario.edit(host).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        # As editors do: a new file takes the old one's place.
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        os.utime(new, (host.clock.now(), host.clock.now()))
        new.rename(path)
        trace.write("edited", path=str(path), content=content, moment=moment)
