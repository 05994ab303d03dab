"""What Prometheus tells of one target while a deed is verified, and whether it has looked since."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from homeostat.explanation.parts import span
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from actor.model import EpisodeKey
    from actor.world import World
    from homeostat.prometheus import Sample

_CYCLES = 2


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What Prometheus tells of one target: how much of its limit is used (None: it has none), whether the problem is asserted, and seen or forecast."""

    usage: float | None
    asserted: bool
    observed: bool

    @property
    def gone(self) -> bool:
        """Whether a problem that was seen is over: below its limit again, or, where it has none, no longer asserted."""
        return self.usage < 1 if self.usage is not None else not self.asserted


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What the exporter expects of one target: how much more of its limit is used with each second, and how long until it is reached (infinite: never)."""

    growth: float
    limit_seconds: float


def outlook(world: World, key: EpisodeKey) -> Outlook | None:
    """Return what is expected, or None where there is no forecast, or Prometheus does not answer."""
    labels = {**key._asdict(), "bound": "median"}
    try:
        growth = world.prometheus.query(f"max({selector('homeostat_usage_growth_ratio_per_second', **labels)})")
        limit = world.prometheus.query(f"max({selector('homeostat_time_to_limit_seconds', **labels)})")
    except PrometheusError:
        return None
    return Outlook(growth=growth[0].value, limit_seconds=limit[0].value) if growth and limit else None


def expectation(before: Outlook | None, now: Outlook | None, usage: float) -> str:
    """Say when a limit of which `usage` is used is expected to be reached now, and when it was before; nothing where nobody knows.

    A deed begins a new regime, of which for a while there is no forecast: until then the pace of before has to do.
    """
    if before is None or (now is None and before.growth <= 0):
        return ""
    seconds, how = (now.limit_seconds, "by the new forecast") if now is not None else (max(0.0, 1 - usage) / before.growth, "at the pace of before")
    expected = "is not expected to be reached" if math.isinf(seconds) else f"is expected in {span(seconds)}"
    return f", which {how} {expected}, and before was expected {'never' if math.isinf(before.limit_seconds) else f'in {span(before.limit_seconds)}'}"


def tell(world: World, key: EpisodeKey) -> Told | None:
    """Return what Prometheus tells, or None when it does not answer.

    What is past its limit is seen, and so is what nothing is forecast of; the exporter gives every forecast its probabilities.
    """
    labels = key._asdict()
    try:
        usage = _latency_now(world, key) or world.prometheus.query(f"max({selector('homeostat_usage_ratio', **labels)})")
        asserted = world.prometheus.query(selector("homeostat_problem_confidence_ratio", **labels))
        forecast = world.prometheus.query(selector("homeostat_limit_probability_ratio", **labels))
    except PrometheusError:
        return None
    used = usage[0].value if usage else None
    return Told(usage=used, asserted=bool(asserted), observed=not forecast or (used is not None and used >= 1))


def health_score(world: World, host: str) -> float | None:
    """Return the host's health score (0..100) as Prometheus has it, None where it tells none."""
    try:
        samples = world.prometheus.query(f"max({selector('homeostat_health_score', host=host)})")
    except PrometheusError:
        return None
    return samples[0].value if samples else None


def _latency_now(world: World, key: EpisodeKey) -> list[Sample]:
    """Return how much of its limit a service's latency is at this moment, as `homeostat_usage_ratio` is of a whole week: that would tell of a cure a week late."""
    settings = world.config.exporter.targets.latency
    query = settings.services.get(key.target) if key.resource == "latency" else None
    if query is None:
        return []
    before = f"avg_over_time((({query}) >= 0)[{settings.over}:{world.config.exporter.step}] offset {settings.over})"
    return world.prometheus.query(f"max(({query}) >= 0) / (max({before}) * {1 + settings.limit_growth_ratio:g})")


def has_seen(world: World, key: EpisodeKey, *, observed: bool, began: tuple[float, float]) -> bool:
    """Say whether Prometheus has seen enough: what was forecast, when it is fresh; what was observed, when it is fresh and gone."""
    if not seen_since(world, key.host, began):
        return False
    if not observed:
        return True
    told = tell(world, key)
    return told is not None and told.gone


def seen_since(world: World, host: str, began: tuple[float, float]) -> bool:
    """Say whether the exporter has gone round twice since, and everything it reads was scraped; the clock may be set meanwhile."""
    exporter = world.config.exporter
    enough = max(_CYCLES * exporter.cycle, exporter.scrape_interval)
    if world.clock.monotonic() < began[1] + enough:
        return False
    try:
        samples = world.prometheus.query(f"max({selector('homeostat_exporter_last_success_timestamp_seconds', host=host)})")
    except PrometheusError:
        return False
    return bool(samples) and samples[0].value >= began[0] + enough
