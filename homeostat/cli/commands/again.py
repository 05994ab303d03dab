"""`homeostat again`: a person asks for another try in an episode whose action ran, expired or met a no."""

from __future__ import annotations

import click

from homeostat.cli.desk import Desk, IncidentId, speak, with_desk


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId())
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@with_desk
def again(desk: Desk, incident_id: str, reason: str) -> None:
    """Have the action of incident ID proposed anew. It is planned for now, and runs when you approve that."""
    speak(desk, incident_id, "again", reason=reason)


COMMAND = again
