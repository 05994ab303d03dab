"""`homeostat pause`: an Alertmanager silence on the executing decisions; people still hear of every problem."""

from __future__ import annotations

import click

from homeostat.cli.author import author
from homeostat.cli.desk import Desk, DurationParameter, pause_matchers, with_desk
from homeostat.clock import rfc3339
from homeostat.config import Duration


@click.command()
@click.option("--for", "length", type=DurationParameter(), default=Duration(3600), show_default="1h", help="How long.")
@click.option("--service", help="Only this service.")
@click.option("--action", help="Only this action.")
@click.option("--reason", required=True, help="Why; everyone who looks will read it.")
@with_desk
def pause(desk: Desk, length: Duration, service: str | None, action: str | None, reason: str) -> None:
    """Let nothing be executed for a while."""
    if service is not None and service not in desk.config.services:
        raise click.ClickException(f"there is no service {service!r} in the configuration; known: {', '.join(desk.config.services) or 'none'}")
    now = desk.clock.now()
    matchers = pause_matchers(desk.config.host, service, action)
    silence = desk.alertmanager.silence(matchers, (now, now + length), author(), reason)
    click.echo(f"paused until {rfc3339(now + length)} by silence {silence}; end it with: homeostat resume")


COMMAND = pause
