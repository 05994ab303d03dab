"""Who hears of what: the receivers that `homeostat generate alertmanager` routes Homeostat's own alerts to, and when summaries come."""

from __future__ import annotations

import re
from typing import Literal

from homeostat.config.section import Section
from homeostat.time_intervals import zone

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Notifications(Section, frozen=True, kw_only=True):
    """Names of Alertmanager's receivers, each for one kind of news; what names none goes the way that the owner's own routes send it."""

    before: str | None = None
    """Proposals, announcements with their veto link and grace, and deferrals: what is known before anything is done."""
    after: str | None = None
    """Outcomes that need nobody: succeeded, warned."""
    failures: str | None = None
    """What failed, was rolled back or stranded, and Homeostat's own trouble: told whatever else is not."""
    summary: str | None = None
    """The daily and the weekly summary."""
    critical: str | None = None
    """Whatever of all these is critical, in place of its own receiver."""
    problems: str | None = None
    """Problems themselves, as they are asserted."""
    watchdog: str | None = None
    """The heartbeat HomeostatWatchdog, for a dead man's switch that complains when it stops; null drops it."""
    daily_at: str | None = "08:00"
    """When the daily summary is posted; null for none."""
    weekly_on: Weekday | None = "monday"
    """On which day the weekly summary is posted, at `daily_at`; null for none."""
    location: str = "Local"
    """The time zone of `daily_at`, as in `windows`."""

    def __post_init__(self) -> None:
        """Refuse what is no time of day, no time zone, or a receiver without a name."""
        zone(self.location)
        if self.daily_at is not None and not _CLOCK.fullmatch(self.daily_at):
            raise ValueError(f"daily_at {self.daily_at!r} is no time of day; write it like 08:00")
        if self.weekly_on is not None and self.daily_at is None:
            raise ValueError("weekly_on needs daily_at, the time of day; set weekly_on: null for no summary at all")
        for kind in ("before", "after", "failures", "summary", "critical", "problems", "watchdog"):
            name = getattr(self, kind)
            if name is not None and not name.strip():
                raise ValueError(f"{kind} must be the name of a receiver in Alertmanager's configuration")
