"""`homeostat resume`: ends the stop and every pause of ours, and resets the breaker."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import click

from homeostat.cli.desk import with_doors
from homeostat.silences import pauses

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@with_doors
def resume(doors: Doors) -> None:
    """Let things be executed again. This lifts the stop, ends every `homeostat pause` of this host, and closes every breaker."""
    stop = pathlib.Path(doors.config.actor.root_directory, "stop")
    if stop.exists():
        stop.unlink()
        click.echo("the stop is lifted")
    for silence in pauses(doors.alertmanager.silences(), doors.config.host):
        doors.alertmanager.expire(silence.id)
        click.echo(f"the pause of {silence.created_by} is over: {silence.comment}")
    forgotten = doors.actor.post("silences/forget")["forgotten"]
    if forgotten:
        click.echo(f"{forgotten} {'silence' if forgotten == 1 else 'silences'} that Alertmanager had lost {'is' if forgotten == 1 else 'are'} over")
    doors.actor.post("breakers/reset")
    click.echo("every breaker is closed")


COMMAND = resume
