"""`homeostat stop`: the kill switch, a file that needs no daemon, no database and no network."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re

import click

from homeostat.cli.desk import author
from homeostat.clock import SystemClock, rfc3339
from homeostat.config import Config, ConfigError, load


@click.command()
@click.option("--reason", default="no reason was given", help="Why; everyone who looks will read it.")
@click.pass_obj
def stop(config_file: pathlib.Path, reason: str) -> None:
    """Stop everything now, until `homeostat resume`."""
    try:
        path = pathlib.Path(_state_directory(config_file), "stop")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(f"by {author()} at {rfc3339(SystemClock().now())}: {reason}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"stopped: nothing is executed until: homeostat resume ({path})")


def _state_directory(config_file: pathlib.Path) -> str:
    """Return where the actor's state lies, also when the configuration has been broken since the actor read it."""
    try:
        return load(config_file, Config).actor.state_directory
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
    with contextlib.suppress(OSError):
        said = re.search(r"state_directory[\"']?:\s*[\"']?(/[^\s\"',}]*)", config_file.read_text(encoding="utf-8", errors="replace"))
        if said is not None:
            return said.group(1)
    return Config().actor.state_directory


COMMAND = stop
