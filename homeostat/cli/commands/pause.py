"""`homeostat pause`: an Alertmanager silence on the executing decisions; people still hear of every problem."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from homeostat.alertmanager import AlertmanagerError
from homeostat.cli.author import author
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.clock import rfc3339
from homeostat.config import Duration
from homeostat.daemon_client import DaemonError
from homeostat.silences import is_pause, judge, known_names, pause_matchers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeostat.alertmanager import Matcher
    from homeostat.doors import Doors


@click.command()
@click.option("--for", "length", type=DurationParameter(), default=Duration(3600), show_default="1h", help="How long.")
@click.option("--service", help="Only this service.")
@click.option("--filesystem", help="Only this file system.")
@click.option("--action", help="Only this action.")
@click.option("--reason", required=True, help="Why; everyone who looks will read it.")
@with_doors
def pause(doors: Doors, length: Duration, service: str | None, filesystem: str | None, action: str | None, reason: str) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """Let nothing be executed for a while. People go on to hear of every problem."""
    if service is not None and filesystem is not None:
        raise click.UsageError("a pause is of one --service or one --filesystem; pause the other in a command of its own")
    if service is not None:
        _see_that_it_is_known("service", service, doors.config.services)
    if filesystem is not None:
        _see_that_it_is_known("file system", filesystem, doors.config.filesystems)
    if action is not None:
        _see_that_it_is_one(doors, action)
    if not length:
        raise click.UsageError("--for says how long, as in 2h; 0s is no time")
    if not reason.strip():
        raise click.UsageError("--reason says why; everyone who looks will read it")
    matchers = pause_matchers(doors.config.host, service if service is not None else filesystem, action)
    if not is_pause(matchers, doors.config.host):
        raise click.ClickException("this would mute more than what is executed on this host; nothing was made")
    now = doors.clock.now()
    made = doors.alertmanager.silence(matchers, (now, now + length), author(), reason)
    _see_that_it_is_what_was_meant(doors, made, matchers, action)
    click.echo(f"paused until {rfc3339(now + length)} by silence {made}; end it with: homeostat resume")


def _see_that_it_is_known(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise click.ClickException(printable(f"there is no {kind} {name!r} in the configuration; known: {', '.join(known) or 'none'}"))


def _see_that_it_is_one(doors: Doors, action: str) -> None:
    """Refuse an action that the actor does not have; one that does not answer must not keep anybody from pausing."""
    if not action.strip():
        raise click.UsageError("--action names an action; see: homeostat status")
    with contextlib.suppress(DaemonError):
        known: list[str] = doors.actor.get("status")["playbooks"]
        if action not in known:
            raise click.ClickException(printable(f"the actor has no action {action!r}; known: {', '.join(known) or 'none'}"))


def _see_that_it_is_what_was_meant(doors: Doors, made: str, matchers: list[Matcher], action: str | None) -> None:
    """Read the silence back: what it mutes is what Alertmanager understood, not what was said. Raises ClickException."""
    try:
        silence = doors.alertmanager.silence_of(made)
    except AlertmanagerError as error:
        raise click.ClickException(f"silence {made} was made, but whether it is what was meant cannot be seen: {error}; see: homeostat status") from None
    found = judge([silence], known_names(doors.config, () if action is None else (action,)))
    pauses_us = is_pause(silence.matchers, doors.config.host) and set(silence.matchers) == set(matchers)
    if not pauses_us or not found or found[0].executing == "none":
        doors.alertmanager.expire(made)
        told = " ".join(str(matcher) for matcher in silence.matchers)
        raise click.ClickException(printable(f"Alertmanager understood something else: {told}; silence {made} was ended again, and nothing is paused"))
    if silence.status.state == "pending":
        click.echo(f"it begins at {silence.starts_at} by Alertmanager's clock, which is behind this host's", err=True)


COMMAND = pause
