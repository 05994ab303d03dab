"""`homeostat doctor`: every link of the chain, and how to mend what is broken."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from homeostat.cli.desk import printable
from homeostat.cli.showing import table, waiting
from homeostat.config import Config, ConfigError, load
from homeostat.credentials import CredentialError, read_token
from homeostat.doctor.examination import counted, examine
from homeostat.doctor.model import Subject
from homeostat.doors import open_doors

if TYPE_CHECKING:
    import pathlib

    from homeostat.doctor.model import Checked


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Everything that was found, as JSON.")
@click.pass_obj
def doctor(config_file: pathlib.Path, as_json: bool) -> None:
    """Look at every link of the chain. What is wrong is told with what mends it, and the exit code is 1 when something failed."""
    try:
        config = load(config_file, Config)
    except ConfigError as error:
        raise click.ClickException(f"{error}; mend it first: homeostat check-config {config_file}") from None
    with waiting("looking at every link of the chain"):
        examined = examine(Subject(open_doors(config, _token), config_file))
    if as_json:
        told = {"host": config.host, "counts": counted(examined), "checks": [_described(checked) for checked in examined]}
        click.echo(msgspec.json.format(msgspec.json.encode(told)).decode())
    else:
        _show(examined)
    if counted(examined)["failed"]:
        sys.exit(1)


def _token(path: str) -> str | None:
    try:
        return read_token(path)
    except CredentialError:
        # That is a finding of its own, and hides no other.
        return None


def _described(checked: Checked) -> dict[str, object]:
    return {"check": checked.name, "result": checked.result, "findings": msgspec.to_builtins(checked.findings)}


def _show(examined: list[Checked]) -> None:
    table(("check", "result", "~seen"), [(checked.name, finding.result, finding.seen) for checked in examined for finding in checked.findings])
    counts = counted(examined)
    click.echo(f"\n{len(examined)} checks: {', '.join(f'{number} {result}' for result, number in counts.items())}")
    trouble = [(checked.name, finding) for result in ("failed", "warned") for checked in examined for finding in checked.findings if finding.result == result]
    if trouble:
        click.echo("\nWhat to do:")
    for name, finding in trouble:
        click.echo(f"  {name}: {printable(finding.fix)}")


COMMAND = doctor
