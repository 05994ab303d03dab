"""`homeostat forecast`: what runs out first, and why it is thought so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.desk import printable, table, with_doors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.doors import Doors

_COLUMNS = ("target", "resource", "host", "problem", "used", "time to limit", "90 % interval", "probability", "growth a day")
_BARS = "▁▂▃▄▅▆▇█"
_SPANS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_DAY_SECONDS = 86400
_POWERS = ("", "k", "M", "G", "T", "P")


@click.command()
@click.argument("target", required=False)
@click.option("--host", help="Only this host's.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many, the soonest first.")
@click.option("--explain", is_flag=True, help="Say of TARGET why, and draw it.")
@click.option("--json", "as_json", is_flag=True, help="What the exporter's API answers.")
@with_doors
def forecast(doors: Doors, target: str | None, host: str | None, limit: int, explain: bool, as_json: bool) -> None:  # noqa: PLR0913, PLR0917 - one per flag
    """List what runs out first. With TARGET, all that is forecast of it."""
    if explain and target is None:
        raise click.ClickException("name the TARGET that is to be explained; without --explain, homeostat forecast lists them")
    asked: dict[str, str | float] = {"host": host} if host else {}
    asked |= {"target": target} if target else {"limit": limit}
    answer = doors.exporter.get("forecast", **asked)
    if as_json:
        click.echo(json.dumps(answer))
    elif explain:
        for line in _told(answer["forecasts"]):
            click.echo(printable(line))
    else:
        _list(answer)


def _list(answer: dict[str, Any]) -> None:
    found = answer["forecasts"]
    if not found:
        click.echo("Nothing is forecast: are targets configured, and are their series in Prometheus?")
        return
    table(_COLUMNS, map(_row, found))
    more = answer.get("total", len(found)) - len(found)
    if more > 0:
        click.echo(f"and {more} more; --limit says how many are shown")


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    names = (entry["target"], entry["resource"], entry["host"], entry["problem"], _ratio(entry["usage_ratio"]))
    if entry["reason"]:
        return (*names, f"no forecast: {entry['reason']}", "", "", "")
    bounds = entry["time_to_limit_seconds"]
    interval = f"{_span(bounds['lower'])} to {_span(bounds['upper'])}"
    return (*names, _span(bounds["median"]), interval, _chance(entry), _growth(entry))


def _chance(entry: dict[str, Any]) -> str:
    """Return the probability within the action horizon, which decides."""
    label = next((label for label in entry["probabilities"] if _seconds(label) == entry["action_horizon_seconds"]), None)
    return f"{entry['probabilities'][label]:.0%} in {label}" if label else ""


def _growth(entry: dict[str, Any]) -> str:
    slope = entry["slope_per_second"]["median"]
    return "" if slope is None else _amount(slope * _DAY_SECONDS, entry["unit"], sign="+")


def _told(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield f"{entry['problem']} {entry['resource']} {entry['target']} on {entry['host']}"
        yield f"  {entry['explanation']}"
        yield f"  {_asserted(entry)}"
        yield from (f"  {line}" for line in _evidence(entry))


def _asserted(entry: dict[str, Any]) -> str:
    if entry["assertion"] is None:
        return f"no problem is asserted: {entry['why_not']}"
    return f"the problem is asserted with {entry['assertion']['confidence']:.0%} confidence, {entry['assertion']['severity']}"


def _evidence(entry: dict[str, Any]) -> Iterator[str]:
    unit = entry["unit"]
    limit = "" if entry["limit"] is None else f", limit {_amount(entry['limit'], unit)} going {entry['direction']}"
    yield f"now {_amount(entry['value'], unit)}{limit}, {_ratio(entry['usage_ratio']) or 'unknown'} used, seen {_span(entry['age_seconds'])} ago"
    if entry["reason"]:
        return
    bounds = entry["time_to_limit_seconds"]
    yield f"time to limit {_span(bounds['median'])}, 90 % interval {_span(bounds['lower'])} to {_span(bounds['upper'])}"
    yield "reached within " + ", ".join(f"{label} {chance:.0%}" for label, chance in entry["probabilities"].items())
    slope = {name: _amount((value or 0.0) * _DAY_SECONDS, unit, sign="+") for name, value in entry["slope_per_second"].items()}
    yield f"growth a day {slope['median']}, 90 % interval {slope['lower']} to {slope['upper']}"
    if entry["leak"] and entry["leak"]["confidence"]:
        yield f"a leak with {entry['leak']['confidence']:.0%} confidence"
    yield from _fan(entry["curve"], unit)


def _fan(curve: dict[str, list[float]], unit: str) -> Iterator[str]:
    """Draw the expected course and its band, each in a line of bars on one scale."""
    if not curve["median"]:
        return
    least, most = min(curve["lower"]), max(curve["upper"])
    ahead = _span(curve["ahead_seconds"][-1])
    yield f"the next {ahead}, from {_amount(least, unit)} (lowest bar) to {_amount(most, unit)} (highest):"
    for name in ("upper", "median", "lower"):
        bars = "".join(_BARS[int((value - least) / ((most - least) or 1.0) * (len(_BARS) - 1))] for value in curve[name])
        yield f"  {name:>6} {bars} {_amount(curve[name][-1], unit)}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _amount(value: float, unit: str, sign: str = "") -> str:
    if unit == "ratio":
        return f"{value:{sign}.2%}"
    power = 0
    # What would be rounded to a thousand is one of the next.
    while abs(value) >= 999.5 and power < len(_POWERS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:{sign}.3g} {_POWERS[power]}{'B' if unit == 'bytes' else 's' if unit == 'seconds' else ''}".rstrip()


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    unit, length = next(((unit, length) for unit, length in _SPANS if seconds >= length), ("s", 1))
    return f"{seconds / length:.3g} {unit}"


def _seconds(label: str) -> float:
    lengths = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return float(label[:-1]) * lengths[label[-1]]


COMMAND = forecast
