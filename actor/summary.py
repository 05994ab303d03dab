"""Once a day and once a week: what was done, what failed, what waits and what is held back, posted once each, over restarts and set clocks."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from actor.briefing import tell
from actor.journal import news
from actor.notify import links, send
from homeostat.alertmanager import PostedAlert
from homeostat.clock import rfc3339
from homeostat.config.section import DAY, MINUTE
from homeostat.time_intervals import local_time, zone

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.config.notifications import Notifications

EVERY_SECONDS = MINUTE
PERIODS = {"24h": DAY, "7d": 7 * DAY}
_STAYS_SECONDS = 5 * MINUTE
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def post_what_is_due(world: World) -> None:
    """Post each summary whose time has come; of several that were missed the last, and one that nobody took is tried again. Raises JournalError."""
    now = world.clock.now()
    for period, seconds in PERIODS.items():
        due_at = last_due(world.config.notifications, period, now)
        if due_at is None:
            continue
        posted_at = news.last_summary(world.journal, period)
        # A new install has nothing to tell yet, and what a clock that went far ahead has posted must not silence the months to come.
        if posted_at is None or posted_at > now + seconds or (due_at > posted_at and _post(world, period, due_at)):
            with world.journal.transaction() as db:
                news.note_summary(db, period, due_at)


def last_due(when: Notifications, period: str, now: float) -> float | None:
    """Return the last Unix time up to `now` at which the summary of a period was due; None where the owner wants none."""
    if when.daily_at is None or (period == "7d" and when.weekly_on is None):
        return None
    at, here = datetime.time.fromisoformat(when.daily_at), local_time(now, when.location).date()
    for back in range(9):
        day = here - datetime.timedelta(days=back)
        # Without a zone of its own it is the host's.
        due_at = datetime.datetime.combine(day, at, tzinfo=zone(when.location)).timestamp()
        if due_at <= now and (period == "24h" or _DAYS[day.weekday()] == when.weekly_on):
            return due_at
    raise AssertionError("every weekday comes within nine days")


def _post(world: World, period: str, due_at: float) -> bool:
    summary, description = tell(world, (due_at - PERIODS[period], due_at))
    labels = {"alertname": "HomeostatSummary", "host": world.config.host, "period": period, "severity": "info"}
    annotations = {"summary": summary, "description": description, **links(world, "HomeostatSummary")}
    now = world.clock.now()
    return send(world, PostedAlert(labels, annotations, rfc3339(now), rfc3339(now + _STAYS_SECONDS)))
