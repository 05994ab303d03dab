"""`homeostat veto`: a person's no to what was announced, or waits, and would act without asking."""

from __future__ import annotations

import click

from homeostat.cli.desk import Desk, IncidentId, speak, with_desk


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId())
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@with_desk
def veto(desk: Desk, incident_id: str, reason: str) -> None:
    """Say no to what incident ID would do by itself. It holds for as long as the problem lasts."""
    speak(desk, incident_id, "veto", reason=reason)


COMMAND = veto
