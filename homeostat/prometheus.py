"""The one door to Prometheus: prometheus-api-client with a timeout, POST bodies, escaping, warnings and splitting."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from homeostat.config.types import Prometheus as PrometheusConfig

log = logging.getLogger(__name__)

Answered = TypeVar("Answered", "Sample", "Series")

# Prometheus answers 400 to a range of more than 11,000 points a series.
MOST_POINTS = 11_000


class PrometheusError(Exception):
    """Prometheus gave no usable answer; the message says why in one line."""


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


class _BodySession(requests.Session):
    """Sends a POST's parameters in its body, where a long query fits, and keeps the last answer of each thread."""

    def __init__(self) -> None:
        super().__init__()
        self.last = threading.local()

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]
        """Do as `requests.Session.request` does, with `params` in the body of a POST."""
        if method == "POST":
            options["data"] = options.pop("params", None)
        response = super().request(method, url, **options)
        self.last.response = response
        return response


class Prometheus:
    """Asks one Prometheus; safe to share between threads."""

    def __init__(self, config: PrometheusConfig, bearer_token: str | None = None) -> None:
        """Take the address and timeout from `config`; `bearer_token` is sent when given."""
        self.url = config.url.rstrip("/")
        self._session = _BodySession()
        # A query changes nothing, so a POST may be repeated as a GET may.
        retry = Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504], allowed_methods=None)
        self._connection = PrometheusConnect(
            url=self.url,
            headers={"Authorization": f"Bearer {bearer_token}"} if bearer_token else None,
            retry=retry,
            session=self._session,
            timeout=float(config.timeout),
            method="POST",
        )

    def query(self, promql: str) -> list[Sample]:
        """Evaluate `promql` now; a string or scalar result is not asked for.

        Raises:
            PrometheusError: no connection, no answer in time, or the query was refused.

        """
        return self._ask(promql, lambda: [_sample(row) for row in self._connection.custom_query(promql)])

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

    def _range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        return self._ask(
            promql,
            lambda: [_series(row) for row in self._connection.custom_query_range(promql, _moment(start), _moment(end), str(step))],
        )

    def _ask(self, promql: str, call: Callable[[], list[Answered]]) -> list[Answered]:
        try:
            answered = call()
        except PrometheusApiClientException as error:
            raise PrometheusError(f"Prometheus refused {promql!r}: {error}") from None
        except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError) as error:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {promql!r}: {_short(error)}") from None
        response = self._session.last.response
        if b'"warnings"' in response.content and (warnings := response.json().get("warnings")):
            log.warning("prometheus warned query=%r warnings=%s", promql, warnings)
        return answered


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
