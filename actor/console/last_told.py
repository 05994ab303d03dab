"""What was forecast last, as Prometheus still has it, for while the exporter does not answer; each with when it was made."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

from actor.console.expected import Ahead, Expected, Interval, Listed, any_of, told
from actor.model import EpisodeKey
from homeostat.config import Duration
from homeostat.config.section import HOUR
from homeostat.prometheus import selector
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actor.world import World
    from homeostat.explanation.parts import Silent
    from homeostat.prometheus import Prometheus, Sample

# Older than this it says nothing of now. A scrape leaves a sample to every half minute.
_REMEMBERED_SECONDS = 6 * HOUR
_SUCCESS = "homeostat_exporter_last_success_timestamp_seconds"
_TIME = "homeostat_time_to_limit_seconds"
_TOLD = ("homeostat_usage_ratio", "homeostat_forecast_usage_ratio", _TIME, "homeostat_limit_probability_ratio")
_NEVER = math.inf


class Wanted(NamedTuple):
    """What is wanted of it: of one host or of all (empty), whose name holds a part, or of exactly one target; so many of them from an offset on."""

    host: str = ""
    like: str = ""
    target: str | None = None
    offset: int = 0
    most: int = 100


def last_told(world: World, wanted: Wanted) -> Listed | Silent:
    """Return what was forecast last, the soonest first; nothing where Prometheus has had none of it for hours."""
    return told(functools.partial(_last, world.prometheus, wanted))


def _last(prometheus: Prometheus, wanted: Wanted) -> Listed:
    labels = {"host": wanted.host} if wanted.host else {}
    scraped = prometheus.query(f"max(max_over_time(timestamp({selector(_SUCCESS, **labels)})[{_REMEMBERED_SECONDS:.0f}s:30s]))")
    if not scraped:
        return Listed([])
    at = f"@ {scraped[0].value:.3f}"
    made_at = {sample.labels.get("host"): sample.value for sample in prometheus.query(f"{selector(_SUCCESS, **labels)} {at}")}
    target = {} if wanted.target is None else {"target": wanted.target}
    medians = prometheus.query(f"{selector(_TIME, bound='median', **labels, **target)} {at}")
    keys = [_key(sample) for sample in sorted(medians, key=lambda sample: sample.value) if _is_wanted(sample, wanted)]
    shown = keys[wanted.offset : wanted.offset + wanted.most]
    if not shown:
        return Listed([], len(keys))
    hosts, targets = any_of(key.host for key in shown), any_of(key.target for key in shown)
    own: dict[EpisodeKey, list[Sample]] = {key: [] for key in shown}
    for sample in prometheus.query(f'{{__name__=~"{"|".join(_TOLD)}",host=~{hosts},target=~{targets}}} {at}'):
        own.get(_key(sample), []).append(sample)
    return Listed([_expected(key, own[key], made_at.get(key.host, scraped[0].value)) for key in shown], len(keys))


def _is_wanted(sample: Sample, wanted: Wanted) -> bool:
    names = (sample.labels.get("target", ""), sample.labels.get("resource", ""))
    return sample.labels.get("problem") != SELFTEST and any(wanted.like.lower() in name.lower() for name in names)


def _key(sample: Sample) -> EpisodeKey:
    return EpisodeKey(*(sample.labels.get(name, "") for name in EpisodeKey._fields))


def _expected(key: EpisodeKey, own: Sequence[Sample], as_of: float) -> Expected:
    """Put together what Prometheus has of one forecast; what it never had, as the value in its own unit, is not there."""
    times = {sample.labels.get("bound"): _number(sample.value) for sample in own if sample.labels.get("__name__") == _TIME}
    chances = {sample.labels.get("horizon", ""): sample.value for sample in own if sample.labels.get("__name__") == "homeostat_limit_probability_ratio"}
    chances = dict(sorted(chances.items(), key=lambda chance: _seconds(chance[0])))
    used = next((_number(sample.value) for sample in own if sample.labels.get("__name__") == "homeostat_usage_ratio"), None)
    last = next(reversed(chances), "")
    return Expected(
        **key._asdict(),
        unit="ratio",
        limit=None,
        value=math.nan,
        usage_ratio=used,
        age_seconds=0.0,
        asserted=False,
        assertion=None,
        why_not=None,
        reason=None,
        explanation="",
        action_horizon_seconds=_seconds(last),
        time_to_limit_seconds=Interval(times.get("lower"), times.get("median"), times.get("upper")),
        probability=chances.get(last),
        probabilities=chances,
        slope_per_second=Interval(None, None, None),
        leak=None,
        fan=_fan(own),
        as_of=as_of,
    )


def _fan(own: Iterable[Sample]) -> Ahead | None:
    edges: dict[str, dict[float, float | None]] = {"lower": {}, "median": {}, "upper": {}}
    for sample in own:
        if sample.labels.get("__name__") == "homeostat_forecast_usage_ratio" and sample.labels.get("bound") in edges:
            edges[sample.labels["bound"]][_seconds(sample.labels.get("ahead", ""))] = _number(sample.value)
    ahead = sorted(seconds for seconds in edges["median"] if seconds < _NEVER)
    lower, median, upper = ([edge.get(seconds) for seconds in ahead] for edge in edges.values())
    return Ahead(ahead, lower, median, upper) if ahead else None


def _seconds(span: str) -> float:
    try:
        return float(Duration.parse(span))
    except ValueError:
        return _NEVER


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
