"""`homeostat check-config`: what both daemons would say of a configuration, before they read it."""

from __future__ import annotations

import pathlib
import sys

import click

from homeostat import shell
from homeostat.config import Config, ConfigError, load

_DEADLINE_SECONDS = 30


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=pathlib.Path), required=False)
@click.pass_obj
def check_config(config_file: pathlib.Path, file: pathlib.Path | None) -> None:
    """Check FILE as both daemons do. It is the one in force when none is given."""
    path = file or config_file
    try:
        load(path, Config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    for daemon in ("exporter", "actor"):
        # Each daemon knows its own plug-ins; the CLI stands below both and asks them as a process.
        checked = shell.run((sys.executable, "-P", "-m", daemon, "--config.check", "--config.file", str(path)), _DEADLINE_SECONDS)
        if not checked.ok:
            raise click.ClickException(f"{daemon}: {checked.output.strip().removeprefix('error: ')}")
    click.echo(f"{path} is valid for the exporter and the actor")


COMMAND = check_config
