"""`homeostat investigate`: what happened at a target and around it, and which known pattern of trouble that is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from homeostat.cli.completing import targets
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.cli.showing import waiting

if TYPE_CHECKING:
    from homeostat.config import Duration
    from homeostat.doors import Doors


@click.command()
@click.argument("target", shell_complete=targets)
@click.option("--last", type=DurationParameter(), help="How far back, as in 6h; without it, to when it got worse.")
@click.option("--markdown", is_flag=True, help="All of it, with every number and the query that gave it, as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="What the exporter's API answers.")
@with_doors
def investigate(doors: Doors, target: str, last: Duration | None, markdown: bool, as_json: bool) -> None:
    """Look into TARGET: what happened there, since when.

    It is a service, a file system, or whatever else the configuration names, the host too; nothing is changed.
    """
    asked: dict[str, str | float] = {"target": target}
    if last is not None:
        asked["since"] = round(doors.clock.now() - last)
    with waiting(f"looking into {target}"):
        found = doors.exporter.get("investigation", **asked)
    if as_json:
        click.echo(json.dumps(found))
        return
    for line in found["markdown"].splitlines() if markdown else found["words"]:
        click.echo(printable(line))


COMMAND = investigate
