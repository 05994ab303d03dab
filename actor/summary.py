"""Once a day and once a week: a report, written to its folder and posted in short, once each, over restarts and set clocks."""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING

from actor.briefing import record_of
from actor.journal import news
from actor.model import Summary
from actor.notify import links, send
from homeostat.alertmanager import PostedAlert
from homeostat.clock import rfc3339
from homeostat.config.section import DAY, MINUTE
from homeostat.doors import exporter_door
from homeostat.reports import folder
from homeostat.reports.brief import brief
from homeostat.reports.folder import KINDS
from homeostat.reports.gathering import Sources, asked_for, gather
from homeostat.time_intervals import local_time, zone

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.config.notifications import Notifications
    from homeostat.reports.model import Report

log = logging.getLogger(__name__)

EVERY_SECONDS = MINUTE
PERIODS = {"24h": DAY, "7d": 7 * DAY}
_STAYS_SECONDS = 5 * MINUTE
_LATE_SECONDS = 5 * MINUTE
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
    """Post the report in short. One that nobody took is not gathered again, only posted: that costs every door, once a minute."""
    told = world.summaries.get(period)
    if told is None or told.due_at != due_at:
        told = world.summaries[period] = _gathered(world, period, due_at)
    now, where = world.clock.now(), world.config.notifications.location
    late = now - told.gathered_at > _LATE_SECONDS
    below = f"{told.below}\nIt is of {local_time(told.gathered_at, where):%a %d %b %H:%M}: Alertmanager did not take it before." if late else told.below
    labels = {"alertname": "HomeostatSummary", "host": world.config.host, "period": period, "severity": "info"}
    annotations = {"summary": told.line, "description": below, **links(world, "HomeostatSummary")}
    return send(world, PostedAlert(labels, annotations, rfc3339(now), rfc3339(now + _STAYS_SECONDS)))


def _gathered(world: World, period: str, due_at: float) -> Summary:
    """Gather the report and write it to the folder; what is posted of it is there even where it could not be written."""
    report = gather(_sources(world), asked_for(world.config, PERIODS[period], due_at), world.clock.now())
    line, below = brief(report, _keep(world, report, KINDS[period]))
    return Summary(due_at, report.made_at, line, below)


def _sources(world: World) -> Sources:
    return Sources(world.config, lambda asked: record_of(world, (asked.since, asked.until)), world.prometheus, exporter_door(world.config, None))


def _keep(world: World, report: Report, kind: str) -> str:
    """Write the report, forget the oldest of its kind, and return where all of it stands; what cannot be written is logged and not kept."""
    actor, console = world.config.actor, world.config.links.console.rstrip("/")
    if not actor.reports.keep:
        return console
    name = folder.name_of(report, kind)
    try:
        folder.write(actor.reports_directory, name, folder.rendered(report), actor.ballast)
        folder.forget_all_but(actor.reports_directory, kind, actor.reports.keep)
    except OSError as error:
        log.warning("the report %s was not kept in %s: %s", name, actor.reports_directory, error.strerror or error)
        return f"{console} (the report could not be written: {error.strerror or error})"
    return f"{console}/reports/{name}"
