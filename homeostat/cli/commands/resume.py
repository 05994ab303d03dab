"""`homeostat resume`: ends the stop and every pause of ours, and resets the breaker; what cannot be done keeps nothing else from being done."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from homeostat import stopping
from homeostat.alertmanager import Alertmanager, AlertmanagerError
from homeostat.cli.author import author
from homeostat.cli.desk import printable
from homeostat.cli.said import as_text, json_option
from homeostat.config import Config, ConfigError, load
from homeostat.credentials import CredentialError, read_token
from homeostat.daemon_client import DaemonClient, DaemonError
from homeostat.pausing import end_pauses
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


@click.command()
@json_option("One JSON object: what was done, and what was not.")
@click.pass_obj
def resume(config_file: pathlib.Path, as_json: bool) -> None:
    """Let things be executed again. This lifts the stop, ends every `homeostat pause` of this host, and closes every breaker.

    What cannot be done is told, the rest is done all the same, and the exit code is 1 then. Silences of other people stay, and are named.
    """
    try:
        config = load(config_file, Config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    told = _Told(as_json=as_json)
    steps: dict[str, Callable[[Config, _Told], None]] = {
        "the stop": _lift_stop,
        "the pauses": _end_pauses,
        "what Alertmanager has lost": _forget_lost,
        "the breakers": _close_breakers,
    }
    for name, step in steps.items():
        try:
            step(config, told)
        except (AlertmanagerError, CredentialError, DaemonError, OSError) as error:
            told.keeps(f"{name}: {error}")
    if as_json:
        click.echo(as_text({"done": told.done, "not_done": told.not_done}))
    if told.not_done:
        raise click.exceptions.Exit(1)


@dataclasses.dataclass
class _Told:
    """What was done, and what was not and why: said at once to a person, and to a program at the end."""

    as_json: bool
    done: list[str] = dataclasses.field(default_factory=list)
    not_done: list[str] = dataclasses.field(default_factory=list)

    def did(self, words: str) -> None:
        """Tell what was done."""
        self.done.append(words)
        if not self.as_json:
            click.echo(printable(words))

    def keeps(self, words: str) -> None:
        """Tell what was not done."""
        self.not_done.append(words)
        if not self.as_json:
            click.echo(printable(f"NOT DONE: {words}"), err=True)


def _lift_stop(config: Config, told: _Told) -> None:
    paths = stopping.places(config.actor.stop_directories)
    stopped = any(path.exists() for path in paths)
    stay = stopping.lift(paths)
    for why in stay:
        told.keeps(f"the stop: {why}")
    if stopped and not stay:
        told.did("the stop is lifted")


def _end_pauses(config: Config, told: _Told) -> None:
    """End our pauses, each by itself, and name what other people's silences still hold back."""
    token = config.alertmanager.bearer_token_file
    alertmanager = Alertmanager(config.alertmanager, read_token(token) if token else None)
    ended = end_pauses(alertmanager, config.host)
    for silence, why in ended.not_over:
        told.keeps(f"the pause of {silence.created_by}, silence {silence.id}: {why}")
    for silence in ended.over:
        told.did(f"the pause of {silence.created_by} is over: {silence.comment}")
    for other in judge(ended.others, known_names(config)):
        if other.executing != "none":
            told.did(f"still silenced ({other.scope}) {other.by_whom}; to end it: amtool silence expire {other.silence.id}")


def _forget_lost(config: Config, told: _Told) -> None:
    forgotten = _actor(config).post("silences/forget")["forgotten"]
    if forgotten:
        told.did(f"{forgotten} {'silence' if forgotten == 1 else 'silences'} that Alertmanager had lost {'is' if forgotten == 1 else 'are'} over")


def _close_breakers(config: Config, told: _Told) -> None:
    # Alertmanager does not tell who ended a pause, nor a file who lifted a stop: by this the journal has who resumed.
    _actor(config).post("breakers/reset", {"author": author(), "reason": "homeostat resume"})
    told.did("every breaker is closed")


def _actor(config: Config) -> DaemonClient:
    token = next(iter(config.security.operator_token_files), None)
    return DaemonClient(config.actor_url, read_token(token) if token else None)


COMMAND = resume
