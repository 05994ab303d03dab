"""`homeostat windows`: when services are quiet enough to be worked on, the quietest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.completing import services
from homeostat.cli.desk import DurationParameter, with_doors
from homeostat.cli.showing import table
from homeostat.config import Duration
from homeostat.time_intervals import local_time

if TYPE_CHECKING:
    from homeostat.doors import Doors


@click.command()
@click.option("--next", "ahead", type=DurationParameter(), default=Duration(7 * 86400), show_default="7d", help="How far ahead.")
@click.option("--service", shell_complete=services, help="Only this service.")
@click.option("--length", type=DurationParameter(), help="How long a window must be; each service's own when not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_doors
def windows(doors: Doors, ahead: Duration, service: str | None, length: Duration | None, as_json: bool) -> None:
    """List the quietest window of each day. It lies inside a maintenance window, and the quietest comes first."""
    asked: dict[str, str | float] = {"next": float(ahead)}
    asked |= {"service": service} if service else {}
    asked |= {"length": float(length)} if length else {}
    found: list[dict[str, Any]] = doors.exporter.get("windows", **asked)["windows"]
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo("There is none: no maintenance window is long enough, or nothing is known of its hours.")
        return
    table(("service", "host", "from", "until", "time zone", "expected load"), map(_row, found))


def _row(window: dict[str, Any]) -> tuple[str, ...]:
    starts, ends = (local_time(window[edge], window["timezone"]) for edge in ("start", "end"))
    load = f"{window['load_ratio']:.0%} of the busiest hour"
    return window["target"], window["host"], f"{starts:%a %Y-%m-%d %H:%M}", f"{ends:%H:%M}", window["timezone"], load


COMMAND = windows
