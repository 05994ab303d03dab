"""`homeostat scheduled`: what is deferred or announced, until when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.desk import with_doors
from homeostat.cli.said import as_text
from homeostat.cli.showing import When, table

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def scheduled(doors: Doors, as_json: bool) -> None:
    """List what is deferred or announced. The soonest comes first, and every gate is asked again when its time has come."""
    found: list[dict[str, Any]] = doors.actor.get("scheduled")
    if as_json:
        click.echo(as_text(found))
    elif not found:
        click.echo("Nothing is deferred or announced.")
    else:
        now = doors.clock.now()
        table(("until", "id", "state", "action", "target", "~why"), (_row(incident, now) for incident in found))


def _row(incident: dict[str, Any], now: float) -> tuple[object, ...]:
    return (When(incident["wake_at"], now), *(incident[name] for name in ("id", "state", "action", "target", "reason")))


COMMAND = scheduled
