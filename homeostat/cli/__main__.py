"""`homeostat`: the operator's CLI."""

from __future__ import annotations

import importlib.metadata
import pathlib

import click

from homeostat import __version__
from homeostat.cli import commands
from homeostat.daemon import DEFAULT_CONFIG
from homeostat.discovery import discover


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=pathlib.Path),
    default=DEFAULT_CONFIG,
    envvar="HOMEOSTAT_CONFIG",
    show_default=True,
    help="The configuration that the daemons use.",
)
@click.version_option(__version__, "--version")
@click.pass_context
def main(context: click.Context, config_file: pathlib.Path) -> None:
    """See and steer what Homeostat does on this host."""
    context.obj = config_file


# The daemons' packages bring commands of their own, for what needs their code.
_PACKAGES = (commands, *(point.load() for point in importlib.metadata.entry_points(group="homeostat.commands")))
for _package in _PACKAGES:
    for _command in discover(_package, "COMMAND", click.Command).values():
        main.add_command(_command)


if __name__ == "__main__":
    main()
