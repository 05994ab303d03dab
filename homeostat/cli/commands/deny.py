"""`homeostat deny`: a person's no to a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.completing import proposed
from homeostat.cli.desk import IncidentId, speak, with_doors
from homeostat.cli.said import json_option

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId(), shell_complete=proposed)
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@json_option()
@with_doors
def deny(doors: Doors, incident_id: str, reason: str, as_json: bool) -> None:
    """Say no to the proposal of incident ID. It holds for as long as the problem lasts."""
    speak(doors, incident_id, "deny", as_json=as_json, reason=reason)


COMMAND = deny
