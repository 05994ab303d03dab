"""When a series got worse: the one place where its mean rose the most for good, if it did; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from exporter.investigation.model import Onset

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST = 3
_LEAST_RISE = 1.10
# So many standard errors apart are two means that chance does not explain, though the place was chosen.
_LEAST_APART = 5.0
_SURE_APART = 15.0


def onset(times: Sequence[float], values: Sequence[float], promql: str = "") -> Onset | None:
    """Return where a series of at least six values rose by at least a tenth for good, or None.

    The split that leaves the least sum of squares around two means (one change point by least squares); its means must lie
    so many standard errors apart that noise does not explain them.
    """
    pairs = [(time, value) for time, value in zip(times, values, strict=True) if math.isfinite(value)]
    if len(pairs) < 2 * _FEWEST:
        return None
    moments, course = np.array([time for time, _ in pairs]), np.array([value for _, value in pairs])
    place = _split(course)
    before, after = course[:place], course[place:]
    low, high = float(before.mean()), float(after.mean())
    spread = math.sqrt(float(before.var()) / len(before) + float(after.var()) / len(after))
    apart = (high - low) / max(spread, 1e-12)
    if high <= low or high < low * _LEAST_RISE or apart < _LEAST_APART:
        return None
    return Onset(float(moments[place]), low, high, round(min(0.95, apart / _SURE_APART * 0.95), 3), promql)


def _split(course: np.ndarray) -> int:
    """Return where the second of two means begins that fit best, each of at least three values."""
    count = np.arange(1, len(course))
    total, sums = float(course.sum()), np.cumsum(course)[:-1]
    # The least sum of squares within is the most between.
    between = sums**2 / count + (total - sums) ** 2 / (len(course) - count)
    inner = between[_FEWEST - 1 : len(course) - _FEWEST]
    return int(np.argmax(inner)) + _FEWEST
