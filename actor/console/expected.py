"""What is forecast, as the exporter answers it now, and the past of it that Prometheus has; whoever does not answer is Silent."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from actor.model import EpisodeKey
from homeostat.config import Duration
from homeostat.config.section import DAY, MINUTE
from homeostat.daemon_client import DaemonClient, DaemonError, DaemonRefused
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent
from homeostat.prometheus import quoted, selector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from actor.world import World
    from homeostat.prometheus import Prometheus, Series

# A person waits for the page, and a thread of the web server with them.
PATIENCE_SECONDS = 3.0
# As much of the past is shown as of the time ahead, up to this.
_MOST_PAST_SECONDS = 7 * DAY
_LEAST_PAST_SECONDS = MINUTE
FEW_SAMPLES, MANY_SAMPLES = 84, 336

Answered = TypeVar("Answered")
Past = dict[EpisodeKey, "Series"]


class Interval(msgspec.Struct, frozen=True):
    """A 90 % interval with its middle; None is never, or not known."""

    lower: float | None
    median: float | None
    upper: float | None


class Leak(msgspec.Struct, frozen=True):
    """How sure it is that a memory grows without end, and by how many bytes a second."""

    confidence: float | None
    slope_per_second: float | None


class Assertion(msgspec.Struct, frozen=True):
    """How sure it is that there is a problem, and how severe it is."""

    confidence: float
    severity: str


class Ahead(msgspec.Struct, frozen=True):
    """The expected course and its band as usage ratios, at seconds from now; None is what cannot be drawn."""

    ahead_seconds: list[float]
    lower: list[float | None]
    median: list[float | None]
    upper: list[float | None]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One problem's forecast at one target, in the words of the exporter's API; what else that tells is left out."""

    problem: str
    host: str
    target: str
    resource: str
    unit: str
    limit: float | None
    value: float
    usage_ratio: float | None
    age_seconds: float
    asserted: bool
    assertion: Assertion | None
    why_not: str | None
    reason: str | None
    explanation: str
    action_horizon_seconds: float
    time_to_limit_seconds: Interval
    probability: float | None
    probabilities: dict[str, float]
    slope_per_second: Interval
    leak: Leak | None
    fan: Ahead | None = None
    # When it was made, where the exporter does not answer and Prometheus has it from before; else it is of now.
    as_of: float | None = None

    @property
    def key(self) -> EpisodeKey:
        """What makes it the same trouble as that of an incident."""
        return EpisodeKey(self.host, self.problem, self.target, self.resource)


class Listed(msgspec.Struct, frozen=True):
    """What runs out first, and how many there are in all."""

    forecasts: list[Expected]
    total: int = 0


class Window(msgspec.Struct, frozen=True):
    """When a service is quiet, in Unix seconds, and its expected load then, of which its busiest hour is 1."""

    start: float
    end: float
    load_ratio: float


@dataclasses.dataclass(frozen=True, slots=True)
class Published:
    """A fan as it was published: usage ratios by bound and seconds ahead; and what was used before and after."""

    ahead_seconds: tuple[float, ...]
    edges: Mapping[str, Mapping[float, float]]
    past: Series | None


class _Windows(msgspec.Struct, frozen=True):
    windows: list[Window]


def soonest(world: World, **asked: str | float) -> Listed | Silent:
    """Return what runs out first, as `host`, `like`, `limit` and `offset` choose it, each with its fan."""
    return _asked(world, "forecast", Listed, fan="true", **asked)


def of_target(world: World, host: str, target: str) -> Listed | Silent:
    """Return all that is forecast of one target; nothing where the exporter knows none of that name."""
    return _asked(world, "forecast", Listed, host=host, target=target)


def quiet_windows(world: World, service: str) -> list[Window] | Silent:
    """Return the quietest window of each of the next days of a service whose traffic is known, the quietest first; none of any other."""
    if service not in {traffic.service for traffic in world.config.exporter.traffic}:
        return []
    answer = _asked(world, "windows", _Windows, service=service)
    return answer if isinstance(answer, Silent) else answer.windows


def past_of(world: World, found: Sequence[Expected], samples: int) -> Past | Silent:
    """Return how much was used before now, of each that Prometheus knows, as so many samples."""
    drawn = [entry for entry in found if entry.usage_ratio is not None]
    if not drawn:
        return {}
    # In a fleet every host has a target of the same name, and none of the others is drawn.
    hosts, targets = any_of(entry.host for entry in drawn), any_of(entry.target for entry in drawn)
    ends = [entry.fan.ahead_seconds[-1] for entry in found if entry.fan is not None and entry.fan.ahead_seconds]
    now, length = world.clock.now(), _past_seconds(max(ends, default=_MOST_PAST_SECONDS))
    return told(functools.partial(_used, world.prometheus, f"homeostat_usage_ratio{{host=~{hosts},target=~{targets}}}", (now - length, now, length / samples)))


def any_of(names: Iterable[str]) -> str:
    """Return a quoted pattern that fits exactly these names."""
    return quoted("|".join(re.escape(name) for name in sorted(set(names))))


def _past_seconds(ahead_seconds: float) -> float:
    return min(max(ahead_seconds, _LEAST_PAST_SECONDS), _MOST_PAST_SECONDS)


def at_decision(world: World, key: EpisodeKey, at: float) -> Published | Silent:
    """Return what was expected of a problem at a moment (Unix seconds), as long as Prometheus keeps it, and what came of it."""
    return told(functools.partial(_published, world, key, at))


def _published(world: World, key: EpisodeKey, at: float) -> Published:
    found = world.prometheus.query(f"{selector('homeostat_forecast_usage_ratio', **key._asdict())} @ {at:.3f}")
    edges: dict[str, dict[float, float]] = {"lower": {}, "median": {}, "upper": {}}
    for sample in found:
        with contextlib.suppress(KeyError, ValueError):
            edges[sample.labels["bound"]][Duration.parse(sample.labels["ahead"])] = sample.value
    if not edges["median"]:
        return Published((), edges, None)
    ahead = sorted(edges["median"])
    start, end = at - _past_seconds(ahead[-1]), min(world.clock.now(), at + ahead[-1])
    past = _used(world.prometheus, selector("homeostat_usage_ratio", **key._asdict()), (start, end, (end - start) / MANY_SAMPLES))
    return Published(tuple(ahead), edges, past.get(key))


def _used(prometheus: Prometheus, series: str, at: tuple[float, float, float]) -> Past:
    start, end, step = at
    # Two exporters, as before and after it moved, tell of one target.
    found = prometheus.query_range(f"max by (host, problem, target, resource) ({series})", start, end, step)
    return {EpisodeKey(*(one.labels.get(name, "") for name in EpisodeKey._fields)): one for one in found}


def _asked(world: World, path: str, kind: type[Answered], **parameters: str | float) -> Answered | Silent:
    client = DaemonClient(world.config.exporter.url, None)

    def question() -> Answered:
        try:
            return msgspec.convert(client.get(path, **parameters), kind)
        except DaemonRefused:
            # It knows no such thing.
            return kind([])  # type: ignore[call-arg]
        except msgspec.ValidationError as error:
            raise DaemonError(f"{client.url} answers in a shape that this version does not know: {error}") from None

    return told(question)


def told(question: Callable[[], Answered]) -> Answered | Silent:
    """Return what is answered to a question, waiting for it no longer than a person waits for a page."""
    answer: Answered | Silent = ask({"forecasts": question}, PATIENCE_SECONDS)["forecasts"]
    return answer
