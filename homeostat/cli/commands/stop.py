"""`homeostat stop`: the kill switch, a file that needs no daemon, no database and no network."""

from __future__ import annotations

import contextlib
import pathlib
import re

import click
import msgspec

from homeostat import stopping
from homeostat.cli.author import author
from homeostat.cli.said import json_option, reply
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, load
from homeostat.config.types import Actor

_PATH = r"{}_directory[\"']?:\s*[\"']?(/[^\s\"',}}]*)"


@click.command()
@click.option("--reason", default="no reason was given", help="Why; everyone who looks will read it.")
@json_option()
@click.pass_obj
def stop(config_file: pathlib.Path, reason: str, as_json: bool) -> None:
    """Stop all acting now, until `homeostat resume`. What runs is ended, or rolled back; your services are left as they are."""
    actor = _actor(config_file)
    path = pathlib.Path(actor.root_directory, "stop")
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        said_why = stopping.pull(path, stopping.told_by(author(), SystemClock().now(), reason), pathlib.Path(actor.state_directory, "ballast"))
    except OSError as error:
        raise click.ClickException(str(error)) from None
    if not said_why:
        click.echo("warning: the reason could not be written; the stop holds", err=True)
    reply(f"stopped: nothing is executed until: homeostat resume ({path})", as_json=as_json, path=str(path))


def _actor(config_file: pathlib.Path) -> Actor:
    """Return the actor's places, also when the configuration has been broken since the actor read it."""
    try:
        return load(config_file, Config).actor
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
    text = ""
    with contextlib.suppress(OSError):
        # The exporter has a state of its own: only the actor's counts.
        text = re.split(r"^actor:", config_file.read_text(encoding="utf-8", errors="replace"), maxsplit=1, flags=re.MULTILINE)[-1]
    said = {f"{name}_directory": found[1] for name in ("executor", "state") if (found := re.search(_PATH.format(name), text)) is not None}
    with contextlib.suppress(msgspec.ValidationError):
        return msgspec.convert(said, Actor)
    return Actor(state_directory=said.get("executor_directory", said.get("state_directory", Actor().state_directory)))


COMMAND = stop
