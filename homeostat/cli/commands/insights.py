"""`homeostat insights`: what always works, what never does, and what does not last, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.desk import printable, with_doors
from homeostat.cli.said import as_text, json_option

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@json_option("One JSON array of sentences.")
@with_doors
def insights(doors: Doors, as_json: bool) -> None:
    """Say what the track record teaches."""
    found: list[str] = doors.actor.get("insights")
    if as_json:
        click.echo(as_text(found))
        return
    for sentence in found or ["Nothing was tried three times at one target yet."]:
        click.echo(printable(sentence))


COMMAND = insights
