"""`homeostat again`: a person asks for another try in an episode whose action ran, expired or met a no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.desk import IncidentId, speak, with_doors

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId())
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@with_doors
def again(doors: Doors, incident_id: str, reason: str) -> None:
    """Have the action of incident ID proposed anew. It is planned for now, and runs when you approve that."""
    speak(doors, incident_id, "again", reason=reason)


COMMAND = again
