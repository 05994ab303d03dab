"""Whether a service that got slower did so because of a deployment, for the actor to choose what answers: asked anew every few minutes."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from exporter.investigation import correlate
from exporter.investigation.model import Asked
from homeostat.config.section import MINUTE
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from exporter.observation import Sight
    from homeostat.config import Config
    from homeostat.prometheus import Prometheus

log = logging.getLogger(__name__)

HELP = {"deployment_correlation_ratio": "How likely a deployment is the reason why a service got slower, by time order and distance; 0 where none is."}
PROBLEM = "service_degradation"
_EVERY_SECONDS = 5 * MINUTE


@dataclasses.dataclass(frozen=True, slots=True)
class Correlated:
    """How likely a deployment is the reason (0..1), found at a Unix time."""

    ratio: float
    found_at: float


Correlations = dict[str, Correlated]


def refresh(doors: tuple[Config, Prometheus, float], sights: Mapping[str, Sight], degraded: Collection[str], before: Mapping[str, Correlated]) -> Correlations:
    """Look into each degraded service of this host now, unless that was done a moment ago; what is degraded no more is left out."""
    config, prometheus, now = doors
    found: Correlations = {}
    for target in degraded:
        known = before.get(target)
        if known is not None and 0 <= now - known.found_at < _EVERY_SECONDS:
            found[target] = known
            continue
        try:
            correlation = correlate(Asked(config, target, now), sights, prometheus)
        except PrometheusError as error:
            log.warning("whether a deployment is behind %s is not asked now: %s", target, error)
            # What was found stands until it can be asked again.
            found |= {target: known} if known is not None else {}
            continue
        found[target] = Correlated(correlation.confidence if correlation is not None else 0.0, now)
    return found
