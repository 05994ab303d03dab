"""`homeostat check-config`: what every program would say of a configuration, before it reads it."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING

import click

from homeostat import shell
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, load
from homeostat.config.advice import advise, shut_for_ever

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEADLINE_SECONDS = 30


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=pathlib.Path), required=False)
@click.pass_obj
def check_config(config_file: pathlib.Path, file: pathlib.Path | None) -> None:
    """Check FILE as every program that reads it does. It is the one in force when none is given.

    What is valid but surely not meant is told as a warning; windows that never open again are an error.
    """
    path = file or config_file
    try:
        config = load(path, Config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    for name, program in _programs(config):
        # Each knows its own plug-ins; the CLI stands below them and asks them as a process.
        checked = shell.run((sys.executable, "-P", "-m", program, "--config.check", "--config.file", str(path)), _DEADLINE_SECONDS)
        if not checked.ok:
            raise click.ClickException(f"{name}: {checked.output.strip().removeprefix('error: ')}")
    now = SystemClock().now()
    for sentence in advise(config, now):
        click.echo(f"warning: {sentence}", err=True)
    if shut_for_ever(config, now):
        sys.exit(1)
    click.echo(f"{path} is valid for the {', the '.join(name for name, _ in _programs(config))} and the CLI")


def _programs(config: Config) -> Iterator[tuple[str, str]]:
    yield "exporter", "exporter"
    yield "actor", "actor"
    if config.actor.executor_directory is not None:
        yield "executor", "actor.executor"


COMMAND = check_config
