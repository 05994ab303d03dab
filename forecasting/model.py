"""The words of a forecast: what is asked (Question: Series, Limit, Terms) and what is answered (Forecast and its parts)."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
# Arithmetic on mixed widths has no useful static type; shapes and units stand in the docstrings.
Array32: TypeAlias = np.ndarray[Any, Any]
Direction = Literal["up", "down"]
Reason = Literal["not_enough_data", "stale", "flat", "out_of_domain"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Measurements: `timestamps` in Unix seconds and `values`, float64 arrays of one length, in any order."""

    timestamps: Array
    values: Array

    def __post_init__(self) -> None:
        """Refuse arrays that cannot belong together; whatever numbers they hold is the forecast's business."""
        if self.timestamps.ndim != 1 or self.timestamps.shape != self.values.shape:
            raise ValueError(f"not vectors of one length: {self.timestamps.shape} times, {self.values.shape} values")


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """The value that must not be reached, and whether it is reached going `up` or `down`."""

    value: float
    direction: Direction = "up"


@dataclasses.dataclass(frozen=True, slots=True)
class Terms:
    """What the caller knows beside the numbers.

    `now` is the time of asking and `since` when the present regime began, as after an action (Unix seconds).
    Fewer than `minimum_samples` in the regime, or none newer than `stale_after_seconds`, give no forecast.
    `recalibration` is added to the logit of every probability, as past forecasts of this kind taught.
    In which `unit` the explanation says its amounts: `bytes`, `ratio`, `seconds`; in any other they are plain numbers.
    """

    now: float
    since: float = -math.inf
    minimum_samples: int = 20
    stale_after_seconds: float = 6 * 3600.0
    recalibration: float = 0.0
    unit: str = ""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One series, the limit it is asked about (None: it has none), the horizons (seconds, > 0), and what else is known."""

    series: Series
    limit: Limit | None
    horizons: tuple[float, ...]
    terms: Terms


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """A 90 % interval with its middle: lower <= median <= upper; all NaN where there is no forecast."""

    lower: float = math.nan
    median: float = math.nan
    upper: float = math.nan


@dataclasses.dataclass(frozen=True, slots=True)
class Leak:
    """How sure it is that the series grows without end (0..1), and how fast, per second towards the limit."""

    confidence: float = math.nan
    slope_per_second: float = math.nan


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The expected course and its 90 % band in the series' own unit, `ahead_seconds` from now; lower <= median <= upper."""

    ahead_seconds: Array
    lower: Array
    median: Array
    upper: Array


EMPTY = np.empty(0)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What is to be expected of one series.

    With a `reason` there is no forecast: every number is NaN, `probabilities` and `curve` are empty.
    `time_to_limit_seconds` is infinite where the limit is not reached, and 0 once it is.
    `probabilities` maps each horizon (seconds) to the chance of reaching the limit within it; it never falls with the horizon.
    `slope_per_second` is positive towards the limit. `since` is when the present regime began (Unix seconds).
    """

    explanation: str
    reason: Reason | None = None
    since: float = math.nan
    time_to_limit_seconds: Bounds = Bounds()
    probabilities: Mapping[float, float] = dataclasses.field(default_factory=dict)
    slope_per_second: Bounds = Bounds()
    leak: Leak = Leak()
    curve: Curve = dataclasses.field(default_factory=lambda: Curve(EMPTY, EMPTY, EMPTY, EMPTY))
