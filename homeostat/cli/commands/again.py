"""`homeostat again`: a person asks for another try in an episode whose action ran, expired or met a no."""

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
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@json_option()
@with_doors
def again(doors: Doors, incident_id: str, reason: str, as_json: bool) -> None:
    """Have the action of incident ID proposed anew. It is planned for now, and runs when you approve that."""
    speak(doors, incident_id, "again", as_json=as_json, reason=reason)


COMMAND = again
