"""`homeostat feedback`: a person's word in hindsight, by which false positives are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.completing import incidents
from homeostat.cli.desk import IncidentId, speak, with_doors
from homeostat.cli.said import json_option

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId(), shell_complete=incidents)
@click.argument("mark", type=click.Choice(["unnecessary", "necessary"]))
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@json_option()
@with_doors
def feedback(doors: Doors, incident_id: str, mark: str, reason: str, as_json: bool) -> None:
    """Say whether incident ID was necessary. Unnecessary is a false positive, and the last word counts."""
    speak(doors, incident_id, mark, as_json=as_json, reason=reason)


COMMAND = feedback
