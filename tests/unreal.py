"""An Alertmanager that is none, for tests: it holds silences and alerts in memory."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from homeostat.alertmanager import Alert, AlertmanagerError, Matcher, PostedAlert, Silence, SilenceStatus
from homeostat.clock import rfc3339
from homeostat.prometheus import PrometheusError, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class WithoutPast:
    """The half of a Prometheus that is asked of the past, and remembers nothing."""

    url = "http://prometheus.invalid"
    down = False

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        if self.down:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {promql!r}: it is down")
        return []


class FakeAlertmanager:
    """Holds silences and alerts in memory and keeps what is posted; `down` answers nothing, `crash` forgets every silence."""

    url = "http://alertmanager.invalid"

    def __init__(self) -> None:
        self.active: list[Silence] = []
        self.told: dict[str, Silence] = {}
        self.firing: list[Alert] = []
        self.posted: list[PostedAlert] = []
        self.down = False

    def silences(self) -> list[Silence]:
        self._answer()
        return list(self.active)

    def every_silence(self) -> list[Silence]:
        self._answer()
        self.told |= {each.id: each for each in self.active}
        over = [msgspec.structs.replace(each, status=SilenceStatus("expired")) for each in self.told.values() if each not in self.active]
        return [*self.active, *over]

    def silence_of(self, silence_id: str) -> Silence:
        found = {each.id: each for each in self.every_silence()}
        if silence_id not in found:
            raise AlertmanagerError(f"Alertmanager at {self.url} answered 404")
        return found[silence_id]

    def silence(self, matchers: Iterable[Matcher], ends: tuple[float, float], author: str, comment: str) -> str:
        self._answer()
        made = Silence(f"made-{len(self.told)}-{len(self.active)}", tuple(matchers), author, comment, rfc3339(ends[0]), rfc3339(ends[1]), SilenceStatus("active"))
        self.active.append(made)
        return made.id

    def expire(self, silence_id: str) -> None:
        self.silence_of(silence_id)
        self.active = [each for each in self.active if each.id != silence_id]

    def crash(self) -> None:
        self.active, self.told = [], {}

    def alerts(self, *matchers: str) -> list[Alert]:
        self._answer()
        return list(self.firing)

    def all_alerts(self, *matchers: str) -> list[Alert]:
        self._answer()
        return list(self.firing)

    def post(self, alerts: list[PostedAlert]) -> None:
        self._answer()
        self.posted += alerts

    def _answer(self) -> None:
        if self.down:
            raise AlertmanagerError(f"Alertmanager at {self.url} gave no answer: it is down")

    def names(self) -> list[str]:
        """Return the names of what was posted, in order."""
        return [alert.labels["alertname"] for alert in self.posted]


class Hanging:
    """A Prometheus or an Alertmanager that answers nothing until it is `over`."""

    url = "http://hanging.invalid"

    def __init__(self, error: type[Exception]) -> None:
        self.over, self._error = threading.Event(), error

    def __getattr__(self, name: str) -> Callable[..., None]:
        def asked(*_: object, **__: object) -> None:
            self.over.wait(20)
            raise self._error("it hung")

        return asked
