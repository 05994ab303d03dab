"""A query of one's own, forecast once: asked of the exporter, and told in words with a picture, or as a table where it has several series."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from homeostat.amounts import DAY_SECONDS, amount, chances, in_time
from homeostat.cli.plot import Fan
from homeostat.cli.showing import lines, picture, table, waiting
from homeostat.config import Size
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.doors import Doors

_COLUMNS = ("series", ">now", ">time to limit", "90 % interval", ">probability", ">change a day")
_COLUMNS_WITHOUT_LIMIT = ("series", ">now", ">change a day", ">in a week")


class LimitParameter(click.ParamType[float, float]):
    """What a query must not reach: a number, a share as `90%`, or a size as `250GB`."""

    name = "value"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Read it; anything else is a usage error."""
        if isinstance(value, float):
            return value
        try:
            number = float(value.removesuffix("%")) / 100 if value.endswith("%") else _number(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{value!r} is no limit; write a number, 90% or 250GB", parameter, context)
        return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float(Size.parse(text))


def ask(doors: Doors, query: str, limit: dict[str, str | float]) -> dict[str, Any]:
    """Have a query forecast.

    Raises:
        ClickException: it shows nothing now.
        DaemonError: the exporter or Prometheus gives no answer; bad PromQL in Prometheus' own words.

    """
    with waiting("reading and forecasting"):
        answer: dict[str, Any] = doors.exporter.get("forecast/query", query=query, **limit)
    if not answer["forecasts"]:
        raise click.ClickException(f"Prometheus has no series for {query!r} now")
    return answer


def show(forecasts: Sequence[dict[str, Any]], query: str, now: float) -> None:
    """Tell what is expected of one series with a picture, of several in a table."""
    if len(forecasts) > 1:
        _list(forecasts)
        return
    (told,) = forecasts
    lines([query], "bold")
    lines(f"  {line}" for line in _in_words(told))
    curve, history = told["curve"], told["history"]
    past = [(at - now, value) for at, value in zip(history["timestamps"], history["values"], strict=True) if value is not None]
    edges = {name: list(zip(curve["ahead_seconds"], curve[name], strict=True)) for name in ("lower", "median", "upper")}
    fan = Fan(past, limit=told["limit"], **edges)
    picture(fan, amount, fan.caption("", amount))


def _in_words(told: dict[str, Any]) -> Iterator[str]:
    limit = "" if told["limit"] is None else f", limit {amount(told['limit'])} going {told['direction']}"
    yield told["explanation"]
    yield f"now {_value(told['value'])}{limit}"
    if told["reason"]:
        return
    if told["time_to_limit_seconds"] is not None:
        bounds = told["time_to_limit_seconds"]
        yield f"time to limit {in_time(bounds['median'])}, 90 % interval {in_time(bounds['lower'])} to {in_time(bounds['upper'])}"
        yield chances(told["probabilities"])
    yield f"change a day {_change(told)}"


def _list(forecasts: Sequence[dict[str, Any]]) -> None:
    shared = set.intersection(*(set(told["labels"].items()) for told in forecasts))
    names = [_name(told["labels"], shared) for told in forecasts]
    if forecasts[0]["limit"] is None:
        table(_COLUMNS_WITHOUT_LIMIT, map(_course, names, forecasts))
    else:
        table(_COLUMNS, map(_row, names, forecasts))


def _name(labels: dict[str, str], shared: set[tuple[str, str]]) -> str:
    """Name a series by what it does not share with the others."""
    own = dict(set(labels.items()) - shared)
    return selector(own.pop("__name__", ""), **own)


def _row(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    if told["reason"]:
        return (name, _value(told["value"]), f"no forecast: {told['reason']}", "", "", "")
    bounds, label = told["time_to_limit_seconds"], next(reversed(told["probabilities"]))
    interval = f"{in_time(bounds['lower'])} to {in_time(bounds['upper'])}"
    return (name, _value(told["value"]), in_time(bounds["median"]), interval, f"{told['probabilities'][label]:.0%} in {label}", _change(told))


def _course(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    if told["reason"]:
        return (name, _value(told["value"]), f"no forecast: {told['reason']}", "")
    curve = told["curve"]
    week = next((value for at, value in zip(curve["ahead_seconds"], curve["median"], strict=True) if at >= 7 * DAY_SECONDS), None)
    return (name, _value(told["value"]), _change(told), "" if week is None else amount(week))


def _change(told: dict[str, Any]) -> str:
    """Return the median change a day of the value itself; the exporter counts what goes towards the limit."""
    slope = told["slope_per_second"]["median"]
    if slope is None:
        return ""
    return amount((-slope if told["direction"] == "down" else slope) * DAY_SECONDS, sign="+")


def _value(value: float | None) -> str:
    return "no number" if value is None else amount(value)
