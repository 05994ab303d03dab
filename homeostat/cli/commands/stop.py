"""`homeostat stop`: the kill switch, a file that needs no daemon, no database and no network."""

from __future__ import annotations

import os
import pathlib

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
        path = pathlib.Path(load(config_file, Config).actor.state_directory, "stop")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(f"by {author()} at {rfc3339(SystemClock().now())}: {reason}\n")
            file.flush()
            os.fsync(file.fileno())
    except (ConfigError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"stopped: nothing is executed until: homeostat resume ({path})")


COMMAND = stop
