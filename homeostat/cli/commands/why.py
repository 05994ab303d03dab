"""`homeostat why`: from the series to the outcome, why something was done, or why nothing was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.completing import targets_and_incidents
from homeostat.cli.desk import printable, with_doors
from homeostat.cli.said import as_text
from homeostat.cli.showing import waiting
from homeostat.explanation.subject import meant_by
from homeostat.explanation.target import hear, nobody_knows, of_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.doors import Doors

_MOST_TARGETS = 5


@click.command()
@click.argument("subject", metavar="TARGET|ID|ALERT", shell_complete=targets_and_incidents)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_doors
def why(doors: Doors, subject: str, as_json: bool) -> None:
    """Say why something was done, or why nothing was.

    Of a TARGET the whole chain is told as it is now, with what was last done there. Of an incident's ID it is told with the terms as
    they were when it was decided. An ALERT is its name or its fingerprint in Alertmanager: one of ours, or one of yours that
    exporter.targets.alert maps. A TARGET that nobody knows, neither the configuration nor any part, is told of with exit code 1.
    """
    with waiting(f"asking about {subject}"):
        meant = meant_by(doors, subject)
        told = [_of_story(meant.story)] if meant.story else []
        heard = [hear(doors, target) for target in meant.targets[:_MOST_TARGETS]]
        told += [{"target": one.target, **problem} for one in heard for problem in of_target(one)]
    if as_json:
        click.echo(as_text({"subject": subject, "host": doors.config.host, "remarks": list(meant.remarks), "explained": told}))
    else:
        for line in _lines(meant.remarks, told):
            click.echo(printable(line))
    if not meant.story and heard and all(nobody_knows(one) and one.target not in doors.config.names for one in heard):
        sys.exit(1)


def _of_story(story: dict[str, Any]) -> dict[str, Any]:
    names = ("target", "problem", "resource", "explanation")
    return {**{name: story[name] for name in names}, "incident": story["id"]}


def _lines(remarks: Iterable[str], told: list[dict[str, Any]]) -> Iterator[str]:
    yield from remarks
    for number, one in enumerate(told):
        if number or remarks:
            yield ""
        short, *parts = one["explanation"]
        if one["problem"]:
            yield f"{one['problem']} at {one['target']} ({one['resource']})"
        yield from short["lines"]
        for part in parts:
            yield ""
            yield part["heading"]
            yield from (f"  {line}" for line in part["lines"])


COMMAND = why
