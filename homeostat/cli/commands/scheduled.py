"""`homeostat scheduled`: what is deferred or announced, until when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat.cli.desk import table, with_doors
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def scheduled(doors: Doors, as_json: bool) -> None:
    """List what is deferred or announced. The soonest comes first, and every gate is asked again when its time has come."""
    found: list[dict[str, Any]] = doors.actor.get("scheduled")
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif not found:
        click.echo("Nothing is deferred or announced.")
    else:
        table(("until", "id", "state", "action", "target", "why"), map(_row, found))


def _row(incident: dict[str, Any]) -> tuple[object, ...]:
    until = rfc3339(incident["wake_at"]) if incident["wake_at"] is not None else "unknown"
    return (until, *(incident[name] for name in ("id", "state", "action", "target", "reason")))


COMMAND = scheduled
