"""The one door to Prometheus: prometheus-api-client within bounds, and bulk reading of many series at once."""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import logging
import math
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from homeostat.clock import SystemClock
from homeostat.http_session import BoundedSession, Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from homeostat.block import Block
    from homeostat.clock import Clock
    from homeostat.config.types import Prometheus as PrometheusConfig
    from homeostat.http_session import Answer
    from homeostat.matchers import Matcher

log = logging.getLogger(__name__)

Answered = TypeVar("Answered")

# Prometheus answers 400 to a range of more than 11,000 points a series.
MOST_POINTS = 11_000
MOST_BYTES = 64 * 1024**2
# Of a series that stands still a sample takes two bits in a chunk, and sixteen bytes where it is read.
MOST_SAMPLES = 8 * 1024**2
# A server that offered no remote_read is asked for it again after so long: it may have been replaced, or a proxy mended.
REMOTE_READ_RETRY_SECONDS = 3600.0
# Prometheus' own remarks on a query (a metric's name, a histogram's buckets); any other warning says that data may be missing.
_REMARKS = ("PromQL info", "PromQL warning")
_MOST_NAMED = 60
_MOST_TOLD = 1000
_MOST_CONNECTIONS = 32
# Statuses of a request that was understood and may be repeated later; any other 4xx, and 501, is a no for good.
_BUSY = {408, 429}


class PrometheusError(Exception):
    """Prometheus gave no usable answer; the message says why in one line."""


class RemoteReadError(PrometheusError):
    """The server does not offer remote_read, or not as we can read it: another way must be taken."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One value of an instant vector: its labels (with `__name__`), Unix seconds and value."""

    labels: Mapping[str, str]
    timestamp: float
    value: float


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """One row of a matrix: labels, and Unix seconds and values of equal length, in ascending time."""

    labels: Mapping[str, str]
    timestamps: tuple[float, ...]
    values: tuple[float, ...]


class Prometheus:
    """Asks one Prometheus; safe to share between threads."""

    def __init__(self, config: PrometheusConfig, bearer_token: str | None = None, clock: Clock | None = None) -> None:
        """Take the address and timeout from `config`; `bearer_token` is sent when given."""
        self._clock = clock or SystemClock()
        self.url = config.url.rstrip("/")
        self._session = BoundedSession(Bounds(MOST_BYTES, float(config.timeout)), self._clock)
        self._headers = {"Authorization": f"Bearer {bearer_token}"} if bearer_token else {}
        self._timeout_seconds = float(config.timeout)
        self._remote_read_from = -math.inf
        self._told: set[str] = set()
        # A query changes nothing, so a POST may be repeated as a GET may.
        retry = Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504], allowed_methods=None)
        self._connection = PrometheusConnect(
            url=self.url,
            headers=self._headers,
            retry=retry,
            session=self._session,
            timeout=self._timeout_seconds,
            method="POST",
        )
        # Many ask at the same time: each keeps its connection.
        self._session.mount(self.url, HTTPAdapter(pool_maxsize=_MOST_CONNECTIONS, max_retries=retry))

    @property
    def reads_remotely(self) -> bool:
        """Whether remote_read may be asked for: not in the hour after it was refused."""
        return self._clock.monotonic() >= self._remote_read_from

    def query(self, promql: str, at: float | None = None) -> list[Sample]:
        """Evaluate `promql` now, or at a time (Unix seconds); a string or scalar result is not asked for.

        Raises:
            PrometheusError: no connection, no answer in time, or the query was refused.

        """
        return self._ask(promql, lambda: [_sample(row) for row in self._connection.custom_query(promql, None if at is None else {"time": str(at)})])

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        """Evaluate `promql` from `start` to `end` (Unix seconds) every `step` seconds, in parts where it is long.

        Raises:
            PrometheusError: as `query` does; then nothing of the other parts is returned.

        """
        parts: dict[tuple[tuple[str, str], ...], tuple[Mapping[str, str], list[float], list[float]]] = {}
        for part_start, part_end in _split(start, end, step):
            for series in self._range(promql, part_start, part_end, step):
                key = tuple(sorted(series.labels.items()))
                _, times, values = parts.setdefault(key, (series.labels, [], []))
                times.extend(series.timestamps)
                values.extend(series.values)
        return [Series(labels, tuple(times), tuple(values)) for labels, times, values in parts.values()]

    def vector(self, promql: str, at: float) -> Block:
        """Evaluate `promql` at one time (Unix seconds), for many series.

        Raises:
            PrometheusError: as `query` does, or the answer comes with a warning that it is not all there is.

        """
        return self._bulk("query", promql, {"time": at}, _columns().read_vector)

    def matrix(self, promql: str, start: float, end: float, step: float) -> Block:
        """Evaluate `promql` from `start` to `end` every `step` seconds, for many series; at most 11,000 points each.

        Raises:
            PrometheusError: as `vector` does.

        """
        return self._bulk("query_range", promql, {"start": start, "end": end, "step": step}, _columns().read_matrix)

    def remote_read(self, queries: Sequence[Sequence[Matcher]], start: float, end: float) -> Block:
        """Read the raw samples of the series that meet one of `queries`, from `start` to `end` (Unix seconds, inclusive).

        They bear the server's external labels. A server that does not offer this is not asked again for an hour.

        Raises:
            RemoteReadError: the server does not offer it, or answers in a way that cannot be read.
            PrometheusError: no connection, no answer in time, or the server is busy.

        """
        if not self.reads_remotely:
            raise RemoteReadError(f"Prometheus at {self.url} offers no remote_read")
        raw = _raw()
        options = {"data": raw.encode(queries, start, end), "headers": {**self._headers, **raw.HEADERS}}
        answer = self._try("remote_read", lambda: self._post("read", options))
        if answer.status_code in _BUSY or 500 <= answer.status_code != 501:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to remote_read: {_refusal(answer)}")
        try:
            return _raw_samples(answer)
        except _columns().MalformedError as error:
            self._remote_read_from = self._clock.monotonic() + REMOTE_READ_RETRY_SECONDS
            log.warning("Prometheus at %s offers no remote_read, query_range is asked instead: %s", self.url, error)
            raise RemoteReadError(f"Prometheus at {self.url} offers no remote_read: {error}") from None

    def told(self, path: str, kind: type[Answered], **parameters: str) -> Answered:
        """Return what GET `/api/v1/PATH` tells as `kind`: of the server itself, its rules, its targets.

        Raises:
            PrometheusError: no connection, no answer in time, a refusal, or an answer of another shape.

        """
        options = {"params": parameters, "headers": self._headers, "timeout": self._timeout_seconds}
        answer = self._try(path, lambda: self._session.request("GET", f"{self.url}/api/v1/{path}", **options))
        if answer.status_code != 200:
            raise PrometheusError(f"Prometheus at {self.url} does not tell of {path}: {_refusal(answer)}")
        try:
            return msgspec.convert(msgspec.json.decode(answer.content)["data"], kind)
        except (msgspec.DecodeError, LookupError, TypeError) as error:
            raise PrometheusError(f"Prometheus at {self.url} tells of {path} in an unknown shape: {_short(error)}") from None

    def _bulk(self, path: str, promql: str, more: dict[str, float], read: Callable[[bytes], Block]) -> Block:
        answer = self._try(repr(promql), lambda: self._post(path, {"params": {"query": promql, **more}, "headers": self._headers}))
        if answer.status_code != 200:
            raise PrometheusError(f"Prometheus refused {promql!r}: {_refusal(answer)}")
        try:
            block = read(answer.content)
        except _columns().MalformedError as error:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {promql!r}: {_short(error)}") from None
        if missing := [warning for warning in block.warnings if not warning.startswith(_REMARKS)]:
            raise PrometheusError(f"Prometheus at {self.url} answered {promql!r} in part: {'; '.join(missing)}"[:300])
        self._tell(promql, block.warnings)
        return block

    def _tell(self, promql: str, warnings: Sequence[str]) -> None:
        text = f"query={promql!r} warnings={list(warnings)}"
        if not warnings or text in self._told:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told.add(text)
        log.warning("prometheus warned %s", text)

    def _post(self, path: str, options: dict[str, Any]) -> Answer:
        return self._session.request("POST", f"{self.url}/api/v1/{path}", timeout=self._timeout_seconds, **options)

    def _range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        return self._ask(
            promql,
            lambda: [_series(row) for row in self._connection.custom_query_range(promql, _moment(start), _moment(end), str(step))],
        )

    def _ask(self, promql: str, call: Callable[[], Answered]) -> Answered:
        answered = self._try(repr(promql), call)
        answer = self._session.last.answer.json()
        if answer.get("status") != "success":
            raise PrometheusError(f"Prometheus refused {promql!r}: {answer.get('error', 'its answer is no success')}")
        self._tell(promql, answer.get("warnings", ()))
        return answered

    def _its_words(self) -> str:
        """Return what the last answer says is wrong, in Prometheus' own words; empty where it says nothing."""
        try:
            return str(self._session.last.answer.json()["error"])
        except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError):
            return ""

    def _try(self, asked: str, call: Callable[[], Answered]) -> Answered:
        try:
            return call()
        except PrometheusApiClientException as error:
            raise PrometheusError(f"Prometheus refused {asked}: {self._its_words() or error}") from None
        except (requests.RequestException, HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            # A long query has no part in that, and would bury why.
            named = asked if len(asked) <= _MOST_NAMED else f"{asked[:_MOST_NAMED]}..."
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {named}: {_short(error)}") from None


def selector(metric: str, **labels: str) -> str:
    """Write `metric{name="value"}` with every value escaped, whatever bytes it holds."""
    return f"{metric}{{{','.join(f'{name}={quoted(value)}' for name, value in sorted(labels.items()))}}}"


def quoted(value: str) -> str:
    """Write `value` as a PromQL string literal."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\x00")
    return f'"{escaped}"'


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(dict(row["metric"]), float(row["value"][0]), float(row["value"][1]))


def _series(row: dict[str, Any]) -> Series:
    return Series(dict(row["metric"]), tuple(float(time) for time, _ in row["values"]), tuple(float(value) for _, value in row["values"]))


def _split(start: float, end: float, step: float) -> list[tuple[float, float]]:
    parts = []
    while start <= end:
        part_end = min(end, start + (MOST_POINTS - 1) * step)
        parts.append((start, part_end))
        start = part_end + step
    return parts


def _moment(timestamp: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(timestamp, tz=datetime.UTC)


def _short(error: Exception) -> str:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return f"{type(error).__name__}: {reason or error}".splitlines()[0][:300]


def _raw_samples(answer: Answer) -> Block:
    if answer.status_code != 200:
        raise _columns().MalformedError(_refusal(answer))
    block: Block = _raw().decode(answer.content, MOST_SAMPLES)
    return block


def _columns() -> ModuleType:
    """Return homeostat.block, for many series at once: it brings numpy, for which no command of the CLI waits that asks for a few."""
    return importlib.import_module("homeostat.block")


def _raw() -> ModuleType:
    return importlib.import_module("homeostat.remote_read")


def _refusal(answer: Answer) -> str:
    return f"HTTP {answer.status_code}: {' '.join(answer.content[:300].decode(errors='replace').split())}"
