"""`homeostat resume`: ends the stop and every pause of ours, and resets the breaker; what cannot be done keeps nothing else from being done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from homeostat import stopping
from homeostat.alertmanager import Alertmanager, AlertmanagerError
from homeostat.cli.desk import printable
from homeostat.config import Config, ConfigError, load
from homeostat.credentials import CredentialError, read_token
from homeostat.daemon_client import DaemonClient, DaemonError
from homeostat.pausing import end_pauses
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@click.command()
@click.pass_obj
def resume(config_file: pathlib.Path) -> None:
    """Let things be executed again. This lifts the stop, ends every `homeostat pause` of this host, and closes every breaker.

    What cannot be done is told, the rest is done all the same, and the exit code is 1 then. Silences of other people stay, and are named.
    """
    try:
        config = load(config_file, Config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    steps: dict[str, Callable[[Config], bool]] = {
        "the stop": _lift_stop,
        "the pauses": _end_pauses,
        "what Alertmanager has lost": _forget_lost,
        "the breakers": _close_breakers,
    }
    done = [_do(name, step, config) for name, step in steps.items()]
    if not all(done):
        raise click.exceptions.Exit(1)


def _do(name: str, step: Callable[[Config], bool], config: Config) -> bool:
    try:
        return step(config)
    except (AlertmanagerError, CredentialError, DaemonError, OSError) as error:
        click.echo(printable(f"NOT DONE: {name}: {error}"), err=True)
        return False


def _lift_stop(config: Config) -> bool:
    paths = stopping.places(config.actor.stop_directories)
    stopped = any(path.exists() for path in paths)
    stay = stopping.lift(paths)
    for why in stay:
        click.echo(printable(f"NOT DONE: the stop: {why}"), err=True)
    if stopped and not stay:
        click.echo("the stop is lifted")
    return not stay


def _end_pauses(config: Config) -> bool:
    """End our pauses, each by itself, and name what other people's silences still hold back."""
    token = config.alertmanager.bearer_token_file
    alertmanager = Alertmanager(config.alertmanager, read_token(token) if token else None)
    ended = end_pauses(alertmanager, config.host)
    for silence, why in ended.not_over:
        click.echo(printable(f"NOT DONE: the pause of {silence.created_by}, silence {silence.id}: {why}"), err=True)
    for silence in ended.over:
        click.echo(printable(f"the pause of {silence.created_by} is over: {silence.comment}"))
    for other in judge(ended.others, known_names(config)):
        if other.executing != "none":
            click.echo(printable(f"still silenced ({other.scope}) {other.by_whom}; to end it: amtool silence expire {other.silence.id}"))
    return not ended.not_over


def _forget_lost(config: Config) -> bool:
    forgotten = _actor(config).post("silences/forget")["forgotten"]
    if forgotten:
        click.echo(f"{forgotten} {'silence' if forgotten == 1 else 'silences'} that Alertmanager had lost {'is' if forgotten == 1 else 'are'} over")
    return True


def _close_breakers(config: Config) -> bool:
    _actor(config).post("breakers/reset")
    click.echo("every breaker is closed")
    return True


def _actor(config: Config) -> DaemonClient:
    token = next(iter(config.security.operator_token_files), None)
    return DaemonClient(config.actor_url, read_token(token) if token else None)


COMMAND = resume
