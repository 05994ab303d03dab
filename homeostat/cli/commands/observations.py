"""`homeostat observations`: what the exporter's observers see of its host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.completing import observers
from homeostat.cli.desk import printable, with_doors
from homeostat.cli.showing import When, table
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.doors import Doors

_COLUMNS = ("observer", "sees", "looked at", ">problems", ">events", ">metrics")


@click.command()
@click.argument("observer", required=False, shell_complete=observers)
@click.option("--json", "as_json", is_flag=True, help="What the exporter's API answers.")
@with_doors
def observations(doors: Doors, observer: str | None, as_json: bool) -> None:
    """List the observers and how their last looks went. With OBSERVER, all that it sees."""
    seen: dict[str, Any] = doors.exporter.get("observations")["observers"]
    if observer is not None and observer not in seen:
        raise click.ClickException(f"{printable(observer)!r} is no observer that is switched on; there are: {', '.join(sorted(seen)) or 'none'}")
    if as_json:
        click.echo(json.dumps(seen if observer is None else seen[observer]))
    elif observer is None:
        now = doors.clock.now()
        table(_COLUMNS, (_row(name, look, now) for name, look in sorted(seen.items())))
    else:
        for line in _told(observer, seen[observer]):
            click.echo(printable(line))


def _row(name: str, look: dict[str, Any], now: float) -> tuple[object, ...]:
    looked_at = "never" if look["looked_at"] is None else When(look["looked_at"], now)
    return name, _standing(look), looked_at, len(look["troubles"]), len(look["events"]), len(look["metrics"])


def _standing(look: dict[str, Any]) -> str:
    return "yes" if look["up"] else f"no: {look['reason'] or 'its last look is too old'}"


def _moment(at: float | None) -> str:
    return "never" if at is None else rfc3339(at)


def _told(name: str, look: dict[str, Any]) -> Iterator[str]:
    yield f"{name} sees: {_standing(look)}; last looked at {_moment(look['looked_at'])}"
    yield from (f"  {each['problem']} at {each['target']} ({each['severity']}, {each['confidence']:.0%} sure): {each['words']}" for each in look["troubles"])
    yield from (f"  {rfc3339(each['at'])} {each['kind']} at {each['target']}: {each['words']}" for each in look["events"])
    yield from (f"  homeostat_{each['name']}{_labels(each['labels'])} {_value(each['name'], each['value'])}" for each in look["metrics"])


def _labels(labels: dict[str, str]) -> str:
    return f"{{{', '.join(f'{name}={value}' for name, value in labels.items())}}}" if labels else ""


def _value(name: str, value: float) -> str:
    return rfc3339(value) if name.endswith("_timestamp_seconds") else f"{value:.12g}"


COMMAND = observations
