"""`homeostat deny`: a person's no to a proposal."""

from __future__ import annotations

import click

from homeostat.cli.desk import Desk, IncidentId, speak, with_desk


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId())
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@with_desk
def deny(desk: Desk, incident_id: str, reason: str) -> None:
    """Say no to the proposal of incident ID. It holds for as long as the problem lasts."""
    speak(desk, incident_id, "deny", reason=reason)


COMMAND = deny
