"""`homeostat proposals`: what waits for a person's yes, with its exact plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.desk import with_doors
from homeostat.cli.said import as_text
from homeostat.cli.showing import When, panel
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.doors import Doors

_FRAMES = {"low": "green", "medium": "yellow", "high": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def proposals(doors: Doors, as_json: bool) -> None:
    """List what waits for your yes or no. Say it with: homeostat approve ID, or homeostat deny ID."""
    found: list[dict[str, Any]] = doors.actor.get("proposals")
    if as_json:
        click.echo(as_text(found))
        return
    if not found:
        click.echo("Nothing waits for a person.")
    now = doors.clock.now()
    for incident in found:
        panel(_title(incident), _tell(incident, now), _FRAMES.get(incident["risk"], ""))


def _title(incident: dict[str, Any]) -> str:
    confidence = f" at confidence {incident['confidence']:.3f}" if incident["confidence"] is not None else ""
    return f"{incident['id']}  {incident['action']} at {incident['target']}, risk {incident['risk']}, because of {incident['problem']}{confidence}"


def _tell(incident: dict[str, Any], now: float) -> Iterator[str]:
    proposal = incident["proposal"]
    expires = When(proposal["expires_at"], now).shown
    yield f"{incident['reason']}; plan {proposal['plan_hash'][:12]}, it expires {expires}"
    if proposal["approved_by"] is not None:
        yield f"approved by {proposal['approved_by']} at {rfc3339(proposal['approved_at'])}; it begins as soon as every gate agrees"
    for number, command in enumerate(proposal["plan"]["commands"], start=1):
        yield f"{number}. {command['summary']}: {command['expected']}{' (cannot be undone)' if command['irreversible'] else ''}"
        yield from (f"   {line}" for line in command.get("difference", ()))
    if not proposal["plan"]["commands"]:
        yield "nothing to do at this moment"


COMMAND = proposals
