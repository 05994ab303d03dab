"""`homeostat undo`: takes back what an action did, where nobody touched it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.author import signature
from homeostat.cli.completing import incidents
from homeostat.cli.desk import IncidentId, printable, with_doors
from homeostat.cli.said import as_text, json_option
from homeostat.cli.showing import waiting

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="[ID]", type=IncidentId(), shell_complete=incidents, required=False)
@click.option("--dry-run", is_flag=True, help="Only show what would go back.")
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@json_option()
@with_doors
def undo(doors: Doors, incident_id: str | None, dry_run: bool, reason: str, as_json: bool) -> None:
    """Take back the last action, or that of incident ID. What somebody touched since is left and named."""
    said = {"author": signature(), "reason": reason, "incident_id": incident_id or "", "dry_run": dry_run}
    with waiting("asking what would go back" if dry_run else "putting back"):
        done = doors.actor.post("undo", said)
    if as_json:
        click.echo(as_text(done))
    else:
        click.echo(printable(done["reason"]))
        for path in done["paths"]:
            click.echo(printable(f"  {'would go back' if dry_run else 'put back'}: {path}"))
        for path in done["conflicts"]:
            click.echo(printable(f"  left: {path}"))
    if done["conflicts"]:
        raise click.exceptions.Exit(1)


COMMAND = undo
