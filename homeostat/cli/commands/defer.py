"""`homeostat defer`: a person moves what is deferred or announced to later, or to now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.completing import scheduled
from homeostat.cli.desk import DurationParameter, IncidentId, speak, with_doors
from homeostat.cli.moments import NOW, Moment, moment
from homeostat.cli.said import json_option

if TYPE_CHECKING:
    from homeostat.config import Duration
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId(), shell_complete=scheduled)
@click.option("--until", type=Moment(), help="now, 22:30, or a date with time, as in 2026-01-31T22:30.")
@click.option("--for", "length", type=DurationParameter(), help="From now on, as in 2h.")
@click.option("--reason", default="", help="Why; everyone who looks will read it.")
@json_option()
@with_doors
def defer(doors: Doors, incident_id: str, until: str | None, length: Duration | None, reason: str, as_json: bool) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """Move incident ID to later, or to now. A cooldown or another gate's no is not shortened by it."""
    if (until is None) == (length is None):
        raise click.UsageError("say either --until TIME or --for DURATION")
    now = doors.clock.now()
    moved_to = now + length if length is not None else moment(until or NOW, now)
    speak(doors, incident_id, "defer", until=None if until == NOW else moved_to, as_json=as_json, reason=reason)


COMMAND = defer
