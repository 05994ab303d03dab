"""`homeostat pause`: an Alertmanager silence on the executing decisions; people still hear of every problem."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from homeostat.cli.author import author
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.clock import rfc3339
from homeostat.config import Duration
from homeostat.daemon_client import DaemonError
from homeostat.silences import pause_matchers

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--for", "length", type=DurationParameter(), default=Duration(3600), show_default="1h", help="How long.")
@click.option("--service", help="Only this service.")
@click.option("--action", help="Only this action.")
@click.option("--reason", required=True, help="Why; everyone who looks will read it.")
@with_doors
def pause(doors: Doors, length: Duration, service: str | None, action: str | None, reason: str) -> None:
    """Let nothing be executed for a while. People go on to hear of every problem."""
    if service is not None and service not in doors.config.services:
        raise click.ClickException(f"there is no service {service!r} in the configuration; known: {', '.join(doors.config.services) or 'none'}")
    if action is not None:
        _see_that_it_is_one(doors, action)
    if not length:
        raise click.UsageError("--for says how long, as in 2h; 0s is no time")
    now = doors.clock.now()
    matchers = pause_matchers(doors.config.host, service, action)
    silence = doors.alertmanager.silence(matchers, (now, now + length), author(), reason)
    click.echo(f"paused until {rfc3339(now + length)} by silence {silence}; end it with: homeostat resume")


def _see_that_it_is_one(doors: Doors, action: str) -> None:
    """Refuse an action that the actor does not have; one that does not answer must not keep anybody from pausing."""
    with contextlib.suppress(DaemonError):
        known: list[str] = doors.actor.get("status")["playbooks"]
        if action not in known:
            raise click.ClickException(printable(f"the actor has no action {action!r}; known: {', '.join(known) or 'none'}"))


COMMAND = pause
