"""Certificates that expire: the seconds that are left, which fall by one a second until somebody renews."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import falling_to_limit
from forecasting import Series
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.certificates
    return [Watch("certificates", settings.query, functools.partial(_read, config))] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.certificates
    target = observed.labels.get(settings.target_label)
    if not target:
        return None
    moments = observed.series.timestamps
    left = dataclasses.replace(observed, series=Series(moments, observed.series.values - moments))
    key = Key("certificate_expiry", _host(config, observed), target, "certificate")
    return falling_to_limit(left, key, "seconds", settings.limit, settings.action_horizon)


def _host(config: Config, observed: Observed) -> str:
    """Return the host to which a probed address belongs: as `exporter.hosts` says, else the exporter's own.

    A probe's instance is what was probed, often a URL, and no host of ours.
    """
    mapped = observed.labels.get("instance") in config.exporter.hosts
    return host_of(observed.labels if mapped else {}, config)


TARGET = Target(_watches)
