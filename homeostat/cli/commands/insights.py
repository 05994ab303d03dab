"""`homeostat insights`: what always works, what never does, and what does not last, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat.cli.desk import printable, with_doors

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@with_doors
def insights(doors: Doors) -> None:
    """Say what the track record teaches."""
    for sentence in doors.actor.get("insights") or ["Nothing was tried three times at one target yet."]:
        click.echo(printable(sentence))


COMMAND = insights
