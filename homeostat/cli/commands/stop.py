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

_PATH = r"{}_directory[\"']?:\s*[\"']?(/[^\s\"',}}]*)"


@click.command()
@click.option("--reason", default="no reason was given", help="Why; everyone who looks will read it.")
@click.pass_obj
def stop(config_file: pathlib.Path, reason: str) -> None:
    """Stop everything now, until `homeostat resume`."""
    try:
        path = pathlib.Path(_root_directory(config_file), "stop")
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(f"by {author()} at {rfc3339(SystemClock().now())}: {reason}\n")
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"stopped: nothing is executed until: homeostat resume ({path})")


def _root_directory(config_file: pathlib.Path) -> str:
    """Return where the stop lies, also when the configuration has been broken since the actor read it."""
    try:
        return load(config_file, Config).actor.root_directory
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
    with contextlib.suppress(OSError):
        # The exporter has a state of its own: only the actor's counts.
        text = re.split(r"^actor:", config_file.read_text(encoding="utf-8", errors="replace"), maxsplit=1, flags=re.MULTILINE)[-1]
        said = re.search(_PATH.format("executor"), text) or re.search(_PATH.format("state"), text)
        if said is not None:
            return said.group(1)
    return Config().actor.root_directory


COMMAND = stop
