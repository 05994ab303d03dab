"""`homeostat decisions`: what was decided, what became of it, and why."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.completing import actions, targets
from homeostat.cli.desk import DurationParameter, with_doors
from homeostat.cli.moments import Moment, moment
from homeostat.cli.said import as_text
from homeostat.cli.showing import When, table
from homeostat.config import Duration
from homeostat.config.section import DAY
from homeostat.words import DECISIONS, Outcome

if TYPE_CHECKING:
    from homeostat.doors import Doors

_MOST = 1000
_USUAL = Duration(7 * DAY)


@click.command()
@click.option("--last", type=DurationParameter(), help="How far back; 7d unless --since is given.")
@click.option("--since", type=Moment(), help="From this time on: 22:30, or a date with time as in 2026-01-31T22:30.")
@click.option("--until", type=Moment(), help="What began before this time.")
@click.option("--target", shell_complete=targets, help="Only this target.")
@click.option("--problem", help="Only this problem.")
@click.option("--action", shell_complete=actions, help="Only this action.")
@click.option("--decision", type=click.Choice(DECISIONS), help="Only this decision.")
@click.option("--outcome", type=click.Choice(typing.get_args(Outcome)), help="Only what ended so.")
@click.option("--pending", is_flag=True, help="Only what is on its way.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def decisions(doors: Doors, as_json: bool, **asked: Any) -> None:
    """List what was decided, newest first."""
    if asked["last"] is not None and asked["since"] is not None:
        raise click.UsageError("--last and --since are two beginnings; say one")
    found: list[dict[str, Any]] = doors.actor.get("decisions", **_query(asked, doors.clock.now()))
    if as_json:
        click.echo(as_text(found))
        return
    if not found:
        click.echo(_none(asked))
        return
    now = doors.clock.now()
    table(("when", "id", "problem", "target", "action", "decision", ">sure", "became", "~why"), (_row(incident, now) for incident in found))
    if len(found) == _MOST:
        click.echo(f"These are the {_MOST} that were touched last; --until and the other options lead to the rest.")


def _query(asked: dict[str, Any], now: float) -> dict[str, str | float]:
    """Return what the actor is asked for: only what was said."""
    times = {name: _past(asked[name], now) for name in ("since", "until") if asked[name] is not None}
    said = {name: asked[name] for name in ("target", "problem", "action", "decision", "outcome") if asked[name] is not None}
    begin = {} if "since" in times else {"last": float(asked["last"] or _USUAL)}
    return {**begin, **times, **said, **({"pending": "true"} if asked["pending"] else {})}


def _past(text: str, now: float) -> float:
    """Read a time that lies behind: 22:30 is the last one."""
    then = moment(text, now)
    return then - DAY if ":" in text and "T" not in text and then > now else then


def _none(asked: dict[str, Any]) -> str:
    narrowed = any(asked[name] for name in ("target", "problem", "action", "decision", "outcome", "pending"))
    when = f"since {asked['since']}" if asked["since"] else f"in the last {asked['last'] or _USUAL}"
    when += f" until {asked['until']}" if asked["until"] else ""
    return f"No such decision {when}." if narrowed else f"Nothing was decided {when}."


def _row(incident: dict[str, Any], now: float) -> tuple[object, ...]:
    became = incident["outcome"] or incident["state"]
    names = (incident[name] for name in ("id", "problem", "target", "action", "decision"))
    sure = "" if incident["confidence"] is None else f"{incident['confidence']:.3f}"
    return (When(incident["opened_at"], now), *names, sure, became, incident["reason"])


COMMAND = decisions
