"""`homeostat resume`: ends the stop and every pause of ours, and resets the breaker."""

from __future__ import annotations

import pathlib

import click

from homeostat.cli.desk import Desk, pauses, with_desk


@click.command()
@with_desk
def resume(desk: Desk) -> None:
    """Let things be executed again. This lifts the stop, ends every `homeostat pause` of this host, and closes every breaker."""
    stop = pathlib.Path(desk.config.actor.root_directory, "stop")
    if stop.exists():
        stop.unlink()
        click.echo("the stop is lifted")
    for silence in pauses(desk.alertmanager.silences(), desk.config.host):
        desk.alertmanager.expire(silence.id)
        click.echo(f"the pause of {silence.created_by} is over: {silence.comment}")
    desk.actor.post("breakers/reset")
    click.echo("every breaker is closed")


COMMAND = resume
