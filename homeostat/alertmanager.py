"""The one door to Alertmanager's API v2: alerts that are active, silences, and alerts of our own."""

from __future__ import annotations

import functools
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

import msgspec
import requests
from urllib3.exceptions import HTTPError

from homeostat.clock import rfc3339
from homeostat.http_session import BoundedSession, Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homeostat.config.types import Alertmanager as AlertmanagerConfig
    from homeostat.http_session import Answer

_MOST_BYTES = 64 * 1024**2


class AlertmanagerError(Exception):
    """Alertmanager gave no usable answer; the message says why in one line."""


class Matcher(msgspec.Struct, frozen=True, rename="camel"):
    """One condition of a silence or a route, as the API spells it."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether `labels` meet this condition; an absent label counts as empty, as in Alertmanager."""
        value = labels.get(self.name, "")
        if not self.is_regex:
            return (value == self.value) == self.is_equal
        pattern = _compiled(self.value)
        # Go reads patterns that Python does not: what we cannot tell counts as holding.
        return pattern is None or bool(pattern.fullmatch(value)) == self.is_equal

    def __str__(self) -> str:
        sign = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        return f'{self.name}{sign[self.is_regex, self.is_equal]}"{self.value}"'


_CASELESS = re.compile(r"\(\?[a-zA-Z]*i")
# Go needs a time that grows with the text; Python may need hours, and nothing else runs meanwhile, not even the stop.
_LETTERS = re.compile(r"\\.|\[\^?\]?[^\]]*\]|\(\?[a-zA-Z]*[):]?", re.DOTALL)
_MOST_REPEATS = 3


def _may_last(pattern: str) -> bool:
    """Say whether trying a pattern may take long: what repeats is repeated, or there are many repeats in one branch."""
    plain = _LETTERS.sub(lambda found: "(" if found[0].endswith(":") else "a", pattern)
    branches = [plain] if "(" in plain else plain.split("|")
    return re.search(r"\)[*+{]", plain) is not None or any(len(re.findall(r"[*+?{]", branch)) > _MOST_REPEATS for branch in branches)


@functools.lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return Go's pattern as Python's; None where they would differ (`[:alpha:]`, `{,2}`, what Python does not know), and where it may last."""
    try:
        # To Go digits, words and blanks are ASCII; letters without their case are not.
        return None if "[:" in pattern or "{," in pattern or _may_last(pattern) else re.compile(pattern, 0 if _CASELESS.search(pattern) else re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


class SilenceStatus(msgspec.Struct, frozen=True):
    """`state` is `active`, `pending` or `expired`."""

    state: str


class Silence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as Alertmanager tells it; times are RFC 3339."""

    id: str
    matchers: tuple[Matcher, ...]
    created_by: str
    comment: str
    starts_at: str
    ends_at: str
    status: SilenceStatus

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether this silence mutes an alert with `labels`."""
        return all(matcher.matches(labels) for matcher in self.matchers)


class MadeSilence(msgspec.Struct, frozen=True):
    """What Alertmanager says of a silence that it has made."""

    silence_id: str = msgspec.field(name="silenceID")


class AlertStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What mutes an alert: the ids of silences, and the fingerprints of alerts."""

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class Receiver(msgspec.Struct, frozen=True):
    """Who is told of an alert, by the name that Alertmanager's configuration has."""

    name: str


class _Original(msgspec.Struct, frozen=True):
    original: str


class _Version(msgspec.Struct, frozen=True):
    version: str


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    config: _Original
    version_info: _Version


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert as `/api/v2/alerts` tells it."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    status: AlertStatus | None = None
    receivers: tuple[Receiver, ...] = ()


class PostedAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert of our own; `ends_at` is when it resolves by itself."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    generator_url: str = msgspec.field(default="", name="generatorURL")


class Alertmanager:
    """Talks to one Alertmanager."""

    def __init__(self, config: AlertmanagerConfig, bearer_token: str | None = None) -> None:
        """Take the address and timeout from `config`; `bearer_token` is sent when given."""
        self.url = config.url.rstrip("/")
        self._timeout = float(config.timeout)
        self._headers = {"Authorization": f"Bearer {bearer_token}"} if bearer_token else {}

    def silences(self) -> list[Silence]:
        """Return the active silences. Raises as `every_silence`."""
        return [silence for silence in self.every_silence() if silence.status.state == "active"]

    def every_silence(self) -> list[Silence]:
        """Return every silence, those to come and, for some days, those that are over too.

        Raises:
            AlertmanagerError: no connection, no answer in time, or an answer of another shape.

        """
        silences: list[Silence] = self._decoded("GET", "silences", list[Silence])
        return silences

    def silence_of(self, silence_id: str) -> Silence:
        """Return one silence, whatever its state. Raises as `every_silence`, also where there is none of that id."""
        silence: Silence = self._decoded("GET", f"silence/{urllib.parse.quote(silence_id, safe='')}", Silence)
        return silence

    def alerts(self, *matchers: str) -> list[Alert]:
        """Return the active, unmuted alerts that fit every matcher (`alertname=~"Homeostat.*"`). Raises as `every_silence`."""
        return self._alerts(matchers, muted="false")

    def all_alerts(self, *matchers: str) -> list[Alert]:
        """Return the alerts that fit every matcher, also those that are silenced or inhibited. Raises as `every_silence`."""
        return self._alerts(matchers, muted="true")

    def _alerts(self, matchers: Iterable[str], muted: str) -> list[Alert]:
        query = [("filter", matcher) for matcher in matchers]
        flags = [("active", "true"), ("silenced", muted), ("inhibited", muted)]
        alerts: list[Alert] = self._decoded("GET", "alerts", list[Alert], params=[*query, *flags])
        return alerts

    def configuration(self) -> str:
        """Return the configuration that is in force as YAML, its secrets left out. Raises as `silences`."""
        status: _Status = self._decoded("GET", "status", _Status)
        return status.config.original

    def version(self) -> str:
        """Return the version that answers. Raises as `silences`."""
        status: _Status = self._decoded("GET", "status", _Status)
        return status.version_info.version

    def silence(self, matchers: Iterable[Matcher], ends: tuple[float, float], author: str, comment: str) -> str:
        """Create a silence from `ends[0]` to `ends[1]` (Unix seconds) and return its id. Raises as `every_silence`."""
        body = {
            "matchers": msgspec.to_builtins(list(matchers)),
            "startsAt": rfc3339(ends[0]),
            "endsAt": rfc3339(ends[1]),
            "createdBy": author,
            "comment": comment,
        }
        made: MadeSilence = self._decoded("POST", "silences", MadeSilence, json=body)
        return made.silence_id

    def expire(self, silence_id: str) -> None:
        """End a silence now. Raises as `every_silence`."""
        self._request("DELETE", f"silence/{urllib.parse.quote(silence_id, safe='')}")

    def post(self, alerts: Iterable[PostedAlert]) -> None:
        """Hand alerts of our own to Alertmanager. Raises as `every_silence`."""
        self._request("POST", "alerts", json=msgspec.to_builtins(list(alerts)))

    def _decoded(self, method: str, path: str, kind: Any, **options: Any) -> Any:
        response = self._request(method, path, **options)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError as error:
            raise AlertmanagerError(f"Alertmanager at {self.url} answered {path} in an unknown shape: {error}") from None

    def _request(self, method: str, path: str, **options: Any) -> Answer:
        try:
            with BoundedSession(Bounds(_MOST_BYTES, self._timeout)) as session:
                answer = session.request(
                    method,
                    f"{self.url}/api/v2/{path}",
                    timeout=self._timeout,
                    headers=self._headers,
                    allow_redirects=False,
                    **options,
                )
        except (requests.RequestException, HTTPError) as error:
            raise AlertmanagerError(f"Alertmanager at {self.url} gave no answer: {type(error).__name__}") from None
        if answer.status_code != requests.codes.ok:
            words = " ".join(answer.content[:200].decode(errors="replace").split())
            raise AlertmanagerError(f"Alertmanager at {self.url} answered {answer.status_code} to {method} {path}: {words}")
        return answer
