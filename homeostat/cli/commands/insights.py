"""`homeostat insights`: what always works, what never does, and what does not last, in words."""

from __future__ import annotations

import click

from homeostat.cli.desk import Desk, printable, with_desk


@click.command()
@with_desk
def insights(desk: Desk) -> None:
    """Say what the track record teaches."""
    for sentence in desk.actor.get("insights") or ["Nothing was tried three times at one target yet."]:
        click.echo(printable(sentence))


COMMAND = insights
