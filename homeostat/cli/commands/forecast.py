"""`homeostat forecast`: what runs out first and why it is thought so, or what becomes of any query of one's own."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import click

from homeostat.amounts import DAY_SECONDS, amount, chances, in_time, ratio
from homeostat.cli import queried
from homeostat.cli.completing import targets
from homeostat.cli.desk import with_doors
from homeostat.cli.plot import Fan
from homeostat.cli.showing import lines, picture, table
from homeostat.daemon_client import DaemonRefused
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.cli.plot import Points
    from homeostat.doors import Doors

_COLUMNS = ("target", "resource", "host", "problem", ">used", ">time to limit", "90 % interval", ">probability", ">growth a day")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# How much of what was is drawn before what is expected.
_PAST_SECONDS = 7 * DAY_SECONDS
_PAST_POINTS = 300


@click.command()
@click.argument("what", metavar="[TARGET|QUERY]", required=False, shell_complete=targets)
@click.option("--host", help="Only this host's.")
@click.option("--most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many, the soonest first.")
@click.option("--explain", is_flag=True, help="Say of TARGET why.")
@click.option("--limit", "limit", type=queried.LimitParameter(), help="What QUERY must not reach: 0.9, 90%, 250GB.")
@click.option("--direction", type=click.Choice(["up", "down"]), help="Whether QUERY reaches its limit going up or down; up unless said.")
@click.option("--json", "as_json", is_flag=True, help="What the exporter's API answers.")
@with_doors
def forecast(doors: Doors, what: str | None, **said: Any) -> None:
    """List what runs out first. With TARGET, all that is forecast of it, drawn. With QUERY, any PromQL of yours, forecast once.

    What is in trouble by a name of its own is a TARGET; what has braces or brackets, --limit or --direction, or is a metric's name, is a QUERY.
    """
    if said["explain"] and what is None:
        raise click.ClickException("name the TARGET that is to be explained; without --explain, homeostat forecast lists them")
    if said["direction"] is not None and said["limit"] is None:
        raise click.UsageError("--direction says how --limit is reached; say the limit too")
    if said["limit"] is not None and what is None:
        raise click.UsageError("--limit is what QUERY must not reach: write homeostat forecast QUERY --limit 90%; how many are listed says --most")
    answer = _asked(doors, what, said)
    if said["as_json"]:
        click.echo(json.dumps(answer))
    elif answer["forecasts"] and "labels" in answer["forecasts"][0]:
        queried.show(answer["forecasts"], str(what), doors.clock.now())
    elif said["explain"]:
        _explain(doors, answer["forecasts"])
    else:
        _list(answer)
        if what is not None:
            _draw(doors, answer["forecasts"])


def _asked(doors: Doors, what: str | None, said: dict[str, Any]) -> dict[str, Any]:
    """Ask for the list, a target, or a query: what may be both is a target first."""
    host: dict[str, str | float] = {"host": said["host"]} if said["host"] else {}
    if what is None:
        listed: dict[str, Any] = doors.exporter.get("forecast", limit=said["most"], **host)
        return listed
    limit: dict[str, str | float] = {} if said["limit"] is None else {"limit": said["limit"], "direction": said["direction"] or "up"}
    if limit or any(letter in what for letter in "({["):
        return queried.ask(doors, what, limit)
    try:
        found: dict[str, Any] = doors.exporter.get("forecast", target=what, **host)
    except DaemonRefused as unknown:
        if not _METRIC.fullmatch(what) or said["host"]:
            raise
        try:
            return queried.ask(doors, what, limit)
        except click.ClickException:
            raise unknown from None
    return found


def _list(answer: dict[str, Any]) -> None:
    found = answer["forecasts"]
    if not found:
        click.echo("Nothing is forecast: are targets configured, and are their series in Prometheus?")
        return
    table(_COLUMNS, map(_row, found))
    more = answer.get("total", len(found)) - len(found)
    if more > 0:
        click.echo(f"and {more} more; --most says how many are shown")


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    names = (entry["target"], entry["resource"], entry["host"], entry["problem"], ratio(entry["usage_ratio"]))
    if entry["reason"]:
        return (*names, f"no forecast: {entry['reason']}", "", "", "")
    bounds = entry["time_to_limit_seconds"]
    interval = f"{in_time(bounds['lower'])} to {in_time(bounds['upper'])}"
    return (*names, in_time(bounds["median"]), interval, _chance(entry), _growth(entry))


def _chance(entry: dict[str, Any]) -> str:
    """Return the probability within the action horizon, which decides."""
    label = next((label for label in entry["probabilities"] if _seconds(label) == entry["action_horizon_seconds"]), None)
    return f"{entry['probabilities'][label]:.0%} in {label}" if label else ""


def _growth(entry: dict[str, Any]) -> str:
    slope = entry["slope_per_second"]["median"]
    return "" if slope is None else amount(slope * DAY_SECONDS, entry["unit"], sign="+")


def _explain(doors: Doors, entries: Sequence[dict[str, Any]]) -> None:
    for entry in entries:
        lines([f"{entry['problem']} {entry['resource']} {entry['target']} on {entry['host']}"], "bold")
        lines(f"  {line}" for line in (entry["explanation"], _asserted(entry), *_evidence(entry)))
        _draw(doors, [entry])


def _asserted(entry: dict[str, Any]) -> str:
    if entry["assertion"] is None:
        return f"no problem is asserted: {entry['why_not']}"
    return f"the problem is asserted with {entry['assertion']['confidence']:.0%} confidence, {entry['assertion']['severity']}"


def _evidence(entry: dict[str, Any]) -> Iterator[str]:
    unit = entry["unit"]
    limit = "" if entry["limit"] is None else f", limit {amount(entry['limit'], unit)} going {entry['direction']}"
    yield f"now {amount(entry['value'], unit)}{limit}, {ratio(entry['usage_ratio']) or 'unknown'} used, seen {in_time(entry['age_seconds'])} ago"
    if entry["reason"]:
        return
    bounds = entry["time_to_limit_seconds"]
    yield f"time to limit {in_time(bounds['median'])}, 90 % interval {in_time(bounds['lower'])} to {in_time(bounds['upper'])}"
    yield chances(entry["probabilities"])
    slope = {name: amount((value or 0.0) * DAY_SECONDS, unit, sign="+") for name, value in entry["slope_per_second"].items()}
    yield f"growth a day {slope['median']}, 90 % interval {slope['lower']} to {slope['upper']}"
    if entry["leak"] and entry["leak"]["confidence"]:
        yield f"a leak with {entry['leak']['confidence']:.0%} confidence"


def _draw(doors: Doors, entries: Sequence[dict[str, Any]]) -> None:
    """Draw what was and what is expected of each, as shares of the limit; in its own unit, and without its past, where these are not known."""
    for entry in (entry for entry in entries if entry["curve"]["median"]):
        shares = entry.get("fan")
        curve = shares or entry["curve"]
        # There are no fewer bytes than none, wherever a straight line leads to.
        least = 0.0 if entry["unit"] == "bytes" and not shares else -math.inf
        edges = {name: [(at, max(least, value)) for at, value in _points(curve["ahead_seconds"], curve[name])] for name in ("lower", "median", "upper")}
        past = _past(doors, entry) if shares else ()
        limit = 1.0 if shares else entry["limit"]
        unit = entry["unit"]
        said = _share if shares else lambda value, unit=unit: amount(value, unit)
        fan = Fan(past, limit=limit, **edges)
        picture(fan, said, fan.caption(f"{entry['target']}, {entry['resource']}: ", said))


def _share(value: float) -> str:
    return f"{value * 100:.3g}%"


def _points(ahead: Sequence[float], values: Sequence[float | None]) -> Points:
    return [(at, value) for at, value in zip(ahead, values, strict=True) if value is not None]


def _past(doors: Doors, entry: dict[str, Any]) -> Points:
    """Return what Prometheus has of the share that was used; nothing where it does not tell, for that is no reason to draw nothing."""
    now = doors.clock.now()
    usage = selector("homeostat_usage_ratio", **{name: entry[name] for name in ("problem", "host", "target", "resource")})
    try:
        found = doors.prometheus.query_range(f"max({usage})", now - _PAST_SECONDS, now, _PAST_SECONDS / _PAST_POINTS)
    except PrometheusError:
        return ()
    return [(at - now, value) for series in found for at, value in zip(series.timestamps, series.values, strict=True)]


def _seconds(label: str) -> float:
    lengths = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return float(label[:-1]) * lengths[label[-1]]


COMMAND = forecast
