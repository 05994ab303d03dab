"""`homeostat decisions`: what was decided, what became of it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat.cli.desk import DurationParameter, table, with_doors
from homeostat.clock import rfc3339
from homeostat.config import Duration

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--last", type=DurationParameter(), default=Duration(7 * 86400), show_default="7d", help="How far back.")
@click.option("--action", help="Only this action.")
@click.option("--outcome", help="Only this outcome.")
@click.option("--pending", is_flag=True, help="Only what is on its way.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def decisions(doors: Doors, last: Duration, action: str | None, outcome: str | None, pending: bool, as_json: bool) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """List what was decided, newest first."""
    found: list[dict[str, Any]] = doors.actor.get("decisions", last=float(last))
    chosen = [
        incident
        for incident in found
        if action in {None, incident["action"]} and outcome in {None, incident["outcome"]} and not (pending and incident["outcome"])
    ]
    if as_json:
        click.echo(msgspec.json.encode(chosen))
        return
    if not chosen:
        click.echo(f"Of the last {last}, there is no such decision." if found else f"Nothing was decided in the last {last}.")
        return
    table(("when", "id", "problem", "target", "action", "decision", "became", "why"), map(_row, chosen))


def _row(incident: dict[str, Any]) -> tuple[object, ...]:
    became = incident["outcome"] or incident["state"]
    names = (incident[name] for name in ("id", "problem", "target", "action", "decision"))
    return (rfc3339(incident["opened_at"]), *names, became, incident["reason"])


COMMAND = decisions
