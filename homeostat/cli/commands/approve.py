"""`homeostat approve`: a person's yes to exactly the plan that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.completing import proposed
from homeostat.cli.desk import IncidentId, printable, speak, with_doors
from homeostat.cli.said import json_option

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.argument("incident_id", metavar="ID", type=IncidentId(), shell_complete=proposed)
@click.option("--plan", "plan", help="Say yes to the plan whose hash begins so, as `homeostat proposals` shows it, and to no other.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", default="", help="Why; it stays in the incident's story.")
@json_option()
@with_doors
def approve(doors: Doors, incident_id: str, plan: str | None, yes: bool, reason: str, as_json: bool) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """Say yes to the proposal of incident ID. It runs once every gate still agrees."""
    proposal = _proposal(doors, incident_id)
    if plan is not None and not (plan and proposal["plan_hash"].startswith(plan)):
        raise click.ClickException(f"the plan is now {proposal['plan_hash'][:12]}, not {printable(plan)}; look at it with: homeostat proposals")
    if as_json and not yes and plan is None:
        raise click.UsageError("--json asks nothing: say --yes, or which --plan")
    if not as_json:
        _show(proposal["plan"]["commands"])
    if not yes and plan is None:
        click.confirm("Do exactly this?", abort=True)
    speak(doors, incident_id, "approve", plan_hash=proposal["plan_hash"], as_json=as_json, reason=reason)


def _show(commands: list[dict[str, Any]]) -> None:
    for number, command in enumerate(commands, start=1):
        click.echo(printable(f"{number}. {command['summary']}{' (cannot be undone)' if command['irreversible'] else ''}"))
        for line in command.get("difference", ()):
            click.echo(printable(f"   {line}"))
    if not commands:
        click.echo("nothing to do at this moment")


def _proposal(doors: Doors, incident_id: str) -> dict[str, Any]:
    incident: dict[str, Any] = doors.actor.get(f"incidents/{incident_id}")
    if incident["proposal"] is None:
        raise click.ClickException(printable(f"nothing is proposed in {incident_id}: it is {incident['outcome'] or incident['state']}: {incident['reason']}"))
    proposal: dict[str, Any] = incident["proposal"]
    return proposal


COMMAND = approve
