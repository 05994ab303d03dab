"""`homeostat report`: what was done, what was foreseen, what comes next and what to do, for a day, a week or a month."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING

import click
import msgspec
import rich.console
import rich.markdown

from homeostat.cli.desk import with_doors
from homeostat.cli.showing import waiting
from homeostat.config import Duration
from homeostat.reports.folder import write_file
from homeostat.reports.gathering import asked_for, gather, sources_of
from homeostat.reports.markdown import markdown
from homeostat.reports.page import page
from homeostat.reports.telling import tell

if TYPE_CHECKING:
    from homeostat.doors import Doors
    from homeostat.reports.model import Report

_PERIODS = ("24h", "7d", "30d")
_FORMATS = ("markdown", "html")


@click.command()
@click.option("--period", type=click.Choice(_PERIODS), default="24h", show_default=True, help="How far back: the day, the week or the month.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="markdown", show_default=True, help="HTML has pictures, and needs no other file.")
@click.option("--output", type=click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True), default="-", help="A file to write in place of the terminal.")
@click.option("--json", "as_json", is_flag=True, help="All that the report is made of, as one JSON object.")
@with_doors
def report(doors: Doors, period: str, form: str, output: pathlib.Path, as_json: bool) -> None:
    """Report on the time up to now. What cannot be learned is named, and the rest is told all the same."""
    now = doors.clock.now()
    with waiting("gathering what happened"):
        made = gather(sources_of(doors), asked_for(doors.config, Duration.parse(period), now), now)
    if str(output) != "-":
        write_file(output, _written(made, form, as_json=as_json).encode())
        click.echo(f"{output} is written.")
    elif form == "markdown" and not as_json and sys.stdout.isatty():
        rich.console.Console().print(rich.markdown.Markdown(markdown(tell(made))))
    else:
        click.echo(_written(made, form, as_json=as_json), nl=False)


def _written(made: Report, form: str, *, as_json: bool) -> str:
    if as_json:
        return f"{msgspec.json.encode(made).decode()}\n"
    return page(tell(made)) if form == "html" else markdown(tell(made))


COMMAND = report
