"""`homeostat config`: the configuration in force with its defaults filled in, and a sample of every key there is."""

from __future__ import annotations

import pathlib

import click

from homeostat.cli.said import as_text, json_option
from homeostat.config import Config, ConfigError, load
from homeostat.config.sample import sample
from homeostat.config.writing import as_yaml, written


@click.group()
def config() -> None:
    """Show what is configured, or what can be."""


@config.command()
@click.argument("file", type=click.Path(path_type=pathlib.Path), required=False)
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@json_option()
@click.pass_obj
def show(config_file: pathlib.Path, file: pathlib.Path | None, changed: bool, as_json: bool) -> None:
    """Print FILE as YAML with every default filled in. It is the one in force when none is given.

    Of secrets it shows the files' names, never what they hold.
    """
    try:
        loaded = load(file or config_file, Config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    said = written(loaded, changed_only=changed)
    click.echo(as_text(said) if as_json else as_yaml(said), nl=as_json)


@config.command(name="sample")
def show_sample() -> None:
    """Print a homeostat.yml with every key, explained and commented out."""
    click.echo(sample(), nl=False)


COMMAND = config
