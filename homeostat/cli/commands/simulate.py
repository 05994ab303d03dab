"""`homeostat simulate`: what an alert would bring, by every gate and the plan, with nothing done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat.cli.desk import printable, with_doors
from homeostat.cli.said import as_text
from homeostat.clock import rfc3339
from homeostat.config import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from homeostat.doors import Doors


@click.command()
@click.argument("alert", metavar="ALERT.json", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def simulate(doors: Doors, alert: BinaryIO, as_json: bool) -> None:
    """Ask every gate about an alert, and show the plan. Nothing is done.

    ALERT.json is one alert, a list of them as `amtool alert query -o json` prints it, or a webhook's payload; `-` reads standard input.
    """
    try:
        payload = msgspec.json.decode(alert.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.ClickException(f"{printable(str(getattr(alert, 'name', '-')))}: no JSON: {error}") from None
    # Alertmanager's API and amtool list alerts; its webhook wraps them.
    foreseen: list[dict[str, Any] | str] = doors.actor.post("simulate", {"alerts": payload} if isinstance(payload, list) else payload)
    if as_json:
        click.echo(as_text(foreseen))
        return
    for one in foreseen:
        for line in [f"No decision: {one}"] if isinstance(one, str) else _tell(one):
            click.echo(printable(line))


def _tell(foreseen: dict[str, Any]) -> Iterator[str]:
    incident = foreseen["incident"]
    yield f"{incident['problem']} at {incident['target']}, {incident['decision']} {incident['action']}: {foreseen['would']}"
    for asked in foreseen["gates"]:
        until = f" (until {rfc3339(asked['until'])})" if asked["until"] is not None else ""
        seen = ", ".join(f"{name} {value}" for name, value in asked["inputs"].items())
        yield f"  gate {asked['gate']}: {asked['answer']}: {asked['reason']}{until}" + (f" [{seen}]" if seen else "")
    yield from _tell_plan(foreseen)


def _tell_plan(foreseen: dict[str, Any]) -> Iterator[str]:
    plan = foreseen["plan"]
    if plan is None:
        yield "  no plan: no playbook has this name"
        return
    if foreseen["obstacle"] is not None:
        yield f"  no plan: {foreseen['obstacle']}"
    if plan["commands"]:
        yield f"  plan: confidence {plan['confidence']:.2f}, risk {plan['risk']}, about {Duration(round(plan['duration_seconds']))}"
    for number, command in enumerate(plan["commands"], start=1):
        yield f"  plan {number}. {command['summary']}; expected: {command['expected']}{'; cannot be undone' if command['irreversible'] else ''}"
        yield from (f"       {line}" for line in command.get("difference", ()))
    if not plan["commands"] and foreseen["obstacle"] is None:
        yield "  plan: nothing to do at this moment"
    yield f"  undo: {foreseen['undo']}"


COMMAND = simulate
