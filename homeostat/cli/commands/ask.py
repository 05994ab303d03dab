"""`homeostat ask`: a question in free words, answered from Prometheus and the journal, with what was asked of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat.cli.desk import printable, table, with_doors
from homeostat.questions.answering import answer
from homeostat.questions.model import NotUnderstood
from homeostat.questions.writing import written

if TYPE_CHECKING:
    from homeostat.doors import Doors
    from homeostat.questions.model import Part, Reply


@click.command()
@click.argument("words", nargs=-1, metavar="QUESTION...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_doors
def ask(doors: Doors, words: tuple[str, ...], as_json: bool) -> None:
    """Answer QUESTION in free words. What was asked of Prometheus and of the journal for it stands below.

    Without a question it lists what can be asked here.
    """
    question = " ".join(words)
    try:
        reply = answer(doors, question)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except NotUnderstood as error:
        _not_understood(error, as_json=as_json, asked=bool(question.strip()))
        return
    if as_json:
        click.echo(msgspec.json.encode(as_object(reply)))
    else:
        _tell(reply)
    if reply.is_silent:
        sys.exit(1)


def as_object(reply: Reply) -> dict[str, Any]:
    """Return an answer with plain numbers: rows as objects by heading, units beside them; what is infinite or no number is null."""
    parts = [{**msgspec.to_builtins(part), "rows": [dict(zip((heading.name for heading in part.headings), map(_plain, row), strict=True)) for row in part.rows]} for part in reply.parts]
    return {**msgspec.to_builtins(reply), "parts": parts}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def _not_understood(error: NotUnderstood, *, as_json: bool, asked: bool) -> None:
    """Say what can be asked; only who asked something has failed."""
    if as_json:
        click.echo(msgspec.json.encode({"error": str(error), "can_be_asked": error.can_be_asked}))
    else:
        if asked:
            click.echo(printable(str(error)), err=True)
        if error.can_be_asked:
            click.echo("What can be asked, in these or other words:", err=asked)
        for example in error.can_be_asked:
            click.echo(printable(f"  {example}"), err=asked)
    if asked:
        sys.exit(1)


def _tell(reply: Reply) -> None:
    for remark in reply.remarks:
        click.echo(printable(remark))
    for number, part in enumerate(reply.parts):
        if number or reply.remarks:
            click.echo()
        _tell_part(part)
    click.echo()
    click.secho(printable(f"Taken as {reply.name}, by: {', '.join(reply.because)}. Asked for it:"), dim=True)
    for asked in dict.fromkeys(asked for part in reply.parts for asked in part.asked):
        click.secho(printable(f"  {asked}"), dim=True)


def _tell_part(part: Part) -> None:
    click.secho(printable(f"{part.title}, {part.when}" if part.when else part.title), bold=True)
    for line in part.lines:
        click.echo(printable(f"  {line}"))
    if part.rows:
        table((heading.name for _, heading in part.used), ([written(row[place], heading.unit) for place, heading in part.used] for row in part.rows))
    if part.more:
        click.echo(f"  and {part.more} more")


COMMAND = ask
