"""`homeostat pause`: an Alertmanager silence on the executing decisions; people still hear of every problem."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from homeostat.cli.author import author
from homeostat.cli.completing import actions, filesystems, services
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.cli.said import json_option, reply
from homeostat.clock import rfc3339
from homeostat.config import Duration
from homeostat.daemon_client import DaemonError
from homeostat.pausing import Pause, PauseError, make_pause, see_that_it_fits

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--for", "length", type=DurationParameter(), default=Duration(3600), show_default="1h", help="How long.")
@click.option("--service", shell_complete=services, help="Only this service.")
@click.option("--filesystem", shell_complete=filesystems, help="Only this file system.")
@click.option("--action", shell_complete=actions, help="Only this action.")
@click.option("--reason", required=True, help="Why; everyone who looks will read it.")
@json_option()
@with_doors
def pause(doors: Doors, length: Duration, service: str | None, filesystem: str | None, action: str | None, reason: str, as_json: bool) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """Let nothing be executed for a while. People go on to hear of every problem."""
    if service is not None and filesystem is not None:
        raise click.UsageError("a pause is of one --service or one --filesystem; pause the other in a command of its own")
    if not length:
        raise click.UsageError("--for says how long, as in 2h; 0s is no time")
    if not reason.strip():
        raise click.UsageError("--reason says why; everyone who looks will read it")
    if action is not None and not action.strip():
        raise click.UsageError("--action names an action; see: homeostat status")
    asked = Pause(seconds=length, reason=reason, service=service, filesystem=filesystem, action=action)
    now = doors.clock.now()
    try:
        see_that_it_fits(asked, doors.config, None if action is None else _known_actions(doors))
        made = make_pause(doors.alertmanager, doors.config, asked, (author(), now))
    except PauseError as error:
        raise click.ClickException(printable(str(error))) from None
    if made.note:
        click.echo(printable(made.note), err=True)
    words = f"paused until {rfc3339(now + length)} by silence {made.silence}; end it with: homeostat resume"
    reply(words, as_json=as_json, silence=made.silence, until=rfc3339(now + length))


def _known_actions(doors: Doors) -> list[str] | None:
    """Return the actions that the actor has; None where it does not answer, which must not keep anybody from pausing."""
    with contextlib.suppress(DaemonError):
        known: list[str] = doors.actor.get("status")["playbooks"]
        return known
    return None


COMMAND = pause
