"""`homeostat`: the operator's CLI."""

from __future__ import annotations

import importlib.metadata
import pathlib
from typing import TYPE_CHECKING

import click

from homeostat import __version__
from homeostat.cli import commands
from homeostat.config import DEFAULT_CONFIG
from homeostat.discovery import ids, load_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


class Commands(click.Group):
    """Imports a command when it is asked for: `stop` must win within a second, and waits for nothing that it does not need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        """Return every command's name."""
        return sorted(name for package in _packages() for name in ids(package))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        """Return the command of that name, or None."""
        package = next((package for package in _packages() if cmd_name in ids(package)), None)
        return load_plugin(package, cmd_name, "COMMAND", click.Command) if package is not None else None


def _packages() -> Iterator[ModuleType]:
    yield commands
    # The daemons' packages bring commands of their own, for what needs their code.
    for point in importlib.metadata.entry_points(group="homeostat.commands"):
        yield point.load()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=pathlib.Path),
    default=DEFAULT_CONFIG,
    envvar="HOMEOSTAT_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration that the daemons use.",
)
@click.version_option(__version__, "--version")
@click.pass_context
def main(context: click.Context, config_file: pathlib.Path) -> None:
    """See and steer what Homeostat does on this host."""
    context.obj = config_file


if __name__ == "__main__":
    main()
