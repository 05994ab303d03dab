"""Makes an answer of what other forecasters give: a series that rises to its limit, and chances of being past it at times ahead."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer = dict[str, Any]
HOUR_SECONDS = 3600


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Rising:
    """A request turned so that it rises towards `limit`; `ahead` (seconds) is at most 0, `horizon` in seconds."""

    ahead: np.ndarray
    levels: np.ndarray
    limit: float
    horizon: float

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Rising:
        """Turn a request of the scorer."""
        sign = -1.0 if request["direction"] == "down" else 1.0
        limit = np.inf if request["threshold"] is None else sign * request["threshold"]
        return cls(request["ts"] - request["now"], sign * request["values"], limit, float(request["horizon"]))

    def last(self, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Return times ahead and levels of the last `seconds`, as a range selector of Prometheus does."""
        chosen = self.ahead > -seconds
        return self.ahead[chosen], self.levels[chosen]

    def hourly(self, most: int) -> np.ndarray:
        """Return the means of at most `most` hours up to now; an hour without samples lies on the line between its neighbours."""
        hours = np.ceil(self.ahead / HOUR_SECONDS).astype(int)
        hours, cell = np.unique(hours, return_inverse=True)
        means = np.bincount(cell, self.levels) / np.bincount(cell)
        return np.interp(np.arange(max(hours[0], 1 - most), 1), hours, means)


def answer_of(seconds: np.ndarray, chances: np.ndarray, horizon: float) -> Answer:
    """Answer by the chances of being past the limit at `seconds` ahead (ascending).

    A marginal forecast does not tell whether the limit was touched before; the most that it says about that is the
    greatest chance so far, and so that is what is taken for the chance to have reached the limit by then.
    """
    reached = np.maximum.accumulate(chances)
    low, middle, high = (_first(seconds, reached, share) for share in (0.05, 0.5, 0.95))
    return {"prob": float(np.interp(horizon, seconds, reached)), "ttc": middle, "lo": low, "hi": high}


def _first(seconds: np.ndarray, reached: np.ndarray, share: float) -> float | None:
    at = int(np.searchsorted(reached, share))
    return float(seconds[at]) if at < reached.size else None
