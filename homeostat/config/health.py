"""What each thing that is wrong takes from the health score (SPEC 3.7)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from homeostat.config.section import Section

Points = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Health(Section, frozen=True, kw_only=True):
    """Points off a health of 100, for every problem that is asserted and every part of Homeostat that is gone; see docs/scores.md."""

    service_down: Points = 8
    """For each service that is down, and each unit that failed."""
    service_down_most: Points = 32
    """For all of these together, at most."""
    config_drift_major: Points = 5
    """For each service that runs with other limits, mounts or another image than its file says."""
    config_drift_minor: Points = 2
    """For each that differs in what matters less."""
    backup_stale: Points = 10
    """For each backup that is too old."""
    log_errors: Points = 4
    """For each burst of errors in the journal."""
    critical: Points = 15
    """For each other problem that is critical, such as a disk that is full within a day."""
    warning: Points = 6
    """For each other problem that is a warning."""
    unreachable: Points = 10
    """For each part of Homeostat, and Alertmanager, that Prometheus cannot reach."""
