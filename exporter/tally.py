"""How good the forecasts of one horizon were: running sums that fade, so that their size never grows; pure."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from exporter.scoring import Held
    from forecasting.model import Array

# What was scored 30 days ago counts half. By time, not by number: a fleet's hour would else push out all that was before,
# and a single host would still be judged by the forecasts of years ago.
HALF_LIFE_SECONDS = 30 * 86400
# The classes of the median time error, 5 % wide; below is as good as exact, above as good as never.
ERROR_EDGES = np.geomspace(0.01, 100, 190)
LEAST_CROSSING_SECONDS = 1.0


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """Sums over scored forecasts, of which the older count less; `scored` alone never fades."""

    scored: int = 0
    weight: float = 0.0
    squared_error: float = 0.0
    expected: float = 0.0
    crossed: float = 0.0
    covered: float = 0.0
    errors: tuple[float, ...] = (0.0,) * (ERROR_EDGES.size + 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What a tally says: how many were ever scored, and ratios that are NaN while there is nothing to tell.

    `time_error` is the median of |forecast median - crossing| / crossing among those that crossed.
    """

    scored: int
    brier: float
    expected: float
    crossed: float
    coverage: float
    time_error: float


def fade(tally: Tally, seconds: float) -> Tally:
    """Return the tally after `seconds`."""
    factor = 0.5 ** (max(0.0, seconds) / HALF_LIFE_SECONDS)
    sums = {name: factor * getattr(tally, name) for name in ("weight", "squared_error", "expected", "crossed", "covered")}
    return msgspec.structs.replace(tally, errors=tuple(factor * count for count in tally.errors), **sums)


def add(tally: Tally, held: Held, horizon: float) -> Tally:
    """Return the tally with a batch of `horizon` seconds added.

    An interval covers a crossing that it holds; where nothing crossed, it must reach beyond the horizon.
    """
    rows, crossed, seconds = held.rows, held.crossed, held.crossing_seconds
    probability = rows["probability"].astype(float)
    inside = (rows["lower"] <= seconds) & (seconds <= rows["upper"])
    return Tally(
        scored=tally.scored + len(rows),
        weight=tally.weight + len(rows),
        squared_error=tally.squared_error + float(((probability - crossed) ** 2).sum()),
        expected=tally.expected + float(probability.sum()),
        crossed=tally.crossed + float(crossed.sum()),
        covered=tally.covered + float(np.where(crossed, inside, rows["upper"] > horizon).sum()),
        errors=tuple((np.array(tally.errors) + _errors(rows["median"][crossed], seconds[crossed])).tolist()),
    )


def score(tally: Tally) -> Score:
    """Return what the tally says."""
    if tally.weight <= 0:
        return Score(tally.scored, math.nan, math.nan, math.nan, math.nan, math.nan)
    return Score(
        scored=tally.scored,
        brier=tally.squared_error / tally.weight,
        expected=tally.expected / tally.weight,
        crossed=tally.crossed / tally.weight,
        coverage=tally.covered / tally.weight,
        time_error=_median_error(np.array(tally.errors)),
    )


def _errors(median: Array, seconds: Array) -> Array:
    seconds = np.maximum(seconds, LEAST_CROSSING_SECONDS)
    classes = np.searchsorted(ERROR_EDGES, np.abs(median - seconds) / seconds)
    return np.bincount(classes, minlength=ERROR_EDGES.size + 1).astype(float)


def _median_error(counts: Array) -> float:
    """Return the middle of the class that holds the median; infinite where most were as good as never."""
    if counts.sum() <= 0:
        return math.nan
    middle = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    edges = [0.0, *ERROR_EDGES, math.inf]
    return math.sqrt(edges[middle] * edges[middle + 1]) if middle else 0.0
