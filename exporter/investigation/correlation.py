"""Did a deployment make it worse? Time order and distance say how likely; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.investigation.model import Correlation
from homeostat.config.section import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from exporter.investigation.model import Onset
    from exporter.observation import Happened

# What comes so much later is half as likely the effect.
_HALF_LIFE_SECONDS = 4 * HOUR
# Of what the target only depends on, a deployment says less.
_OF_A_DEPENDENCY = 0.6


def correlated(events: Iterable[Happened], target: str, needed: Collection[str], found: tuple[Onset | None, float]) -> Correlation | None:
    """Return the deployment of the target, or of what it needs, that most likely made it worse; None where none came before.

    `found` is the onset and how exactly its time is known (seconds): so much later a deployment may seem and still be before.
    Its confidence is the onset's own, halved for every four hours between, and 0.6 of that where only a dependency changed.
    """
    onset, slack_seconds = found
    if onset is None:
        return None
    candidates = [event for event in events if event.kind == "deployment" and (event.target == target or event.target in needed) and event.at <= onset.at + slack_seconds]
    judged = [_judged(event, target, onset.at, onset.confidence) for event in candidates]
    return max(judged, key=lambda one: one.confidence, default=None)


def _judged(event: Happened, target: str, at: float, sure: float) -> Correlation:
    distance_seconds = max(0.0, at - event.at)
    share = 1.0 if event.target == target else _OF_A_DEPENDENCY
    return Correlation(event, distance_seconds, round(sure * share * 0.5 ** (distance_seconds / _HALF_LIFE_SECONDS), 3))
