"""The learned numbers: one file of trees beside this module, made by `python -m bench.train`; docs/forecasting.md tells how.

`learned.npz` holds for each of `crossing`, `leak` and `leak_slope` the arrays of `Trees`, and `later`, the calibration of
the long rungs. Without the file every series is forecast by the unlearned law.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.features import LADDER_HOURS
from forecasting.growth import growth_of
from forecasting.trees import Trees, probability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecasting.features import Features
    from forecasting.grids import Grid
    from forecasting.growth import Growth
    from forecasting.model import Array

FILE = "learned.npz"
_DAY_HOURS = 24.0
LONGEST_CALIBRATED_HOURS = 336.0
# A leak lasts: what speaks for one is asked again of the week that ended so long ago. Of what was seen for less than a day by then
# these log-odds are the answer: at first a cache that fills, and load without a yesterday, look like leaks.
ASKED_AGAIN_HOURS = 12
_UNSEEN_LOG_ODDS = -2.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned: trees for the log-odds of a crossing, of a leak, and for the log of a leak's weekly growth.

    `later` is added to the log-odds of a crossing for each e-fold of the horizon beyond a day: calibration, fitted on
    cases that the trees had not seen.
    """

    crossing: Trees
    leak: Trees
    leak_slope: Trees
    later: float

    def crossings(self, features: Features) -> Array:
        """Log-odds of a crossing within each rung of the ladder [n, ladder]; raises ValueError for unknown features."""
        columns = ladder_columns(features)
        logits = _fitting(self.crossing, features.names).total(columns).reshape(-1, len(LADDER_HOURS))
        return logits + self.later * beyond_a_day()

    def leaks(self, hours: Grid, growth: Growth) -> tuple[Array, Array]:
        """Probability of a leak [n], and a leak's growth per hour in units of the grid [n]; raises as `crossings` does.

        `growth` is that of the grid's last week.
        """
        weekly = np.exp(np.clip(_of_growth(self.leak_slope, growth), -10, 5))
        return probability(lasting_odds(self.leak, hours, growth)), weekly / (7 * _DAY_HOURS) * growth.range


def lasting_odds(trees: Trees, hours: Grid, growth: Growth) -> Array:
    """Log-odds of a leak [n]: where they speak for one, no higher than the mean of what is told now and was told half a day ago."""
    odds = _of_growth(trees, growth)
    likely = np.flatnonzero(odds >= 0)
    if likely.size:
        seen = hours.first[likely] <= hours.level.shape[1] - ASKED_AGAIN_HOURS - _DAY_HOURS
        earlier = np.where(seen, _of_growth(trees, growth_of(hours.of(likely), ASKED_AGAIN_HOURS)), _UNSEEN_LOG_ODDS)
        odds[likely] = np.minimum(odds[likely], (odds[likely] + earlier) / 2)
    return odds


def _of_growth(trees: Trees, growth: Growth) -> Array:
    return _fitting(trees, growth.names).total(np.ascontiguousarray(growth.features.T))


def beyond_a_day() -> Array:
    """E-folds of each rung beyond a day [ladder], up to the longest horizon that could be calibrated."""
    return np.log(np.clip(np.array(LADDER_HOURS), _DAY_HOURS, LONGEST_CALIBRATED_HOURS) / _DAY_HOURS)


def ladder_columns(features: Features) -> Array:
    """Lay features out for the trees: [names, n * ladder], the rungs of one course beside one another."""
    rungs = len(LADDER_HOURS)
    fixed = np.repeat(np.ascontiguousarray(features.fixed.T), rungs, axis=1)
    rung = features.rung.transpose(2, 0, 1).reshape(features.rung.shape[2], -1)
    return np.concatenate([fixed, rung])


@functools.cache
def learned() -> Learned | None:
    """Read the learned numbers once; None where the file is not there."""
    source = importlib.resources.files(__package__) / FILE
    if not source.is_file():
        return None
    with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as stored:
        return from_arrays(stored)


def from_arrays(stored: Mapping[str, Any]) -> Learned:
    """Put together what `to_arrays` took apart."""
    trees = {
        name: Trees(
            stored[f"{name}.features"],
            stored[f"{name}.borders"],
            stored[f"{name}.leaves"],
            float(stored[f"{name}.bias"]),
            tuple(stored[f"{name}.names"].tolist()),
        )
        for name in ("crossing", "leak", "leak_slope")
    }
    return Learned(**trees, later=float(stored["later"]))


def to_arrays(numbers: Learned) -> dict[str, Any]:
    """Take learned numbers apart into arrays for the file."""
    arrays: dict[str, Any] = {"later": np.float64(numbers.later)}
    for name in ("crossing", "leak", "leak_slope"):
        for field in dataclasses.fields(Trees):
            arrays[f"{name}.{field.name}"] = np.asarray(getattr(getattr(numbers, name), field.name))
    return arrays


def _fitting(trees: Trees, names: tuple[str, ...]) -> Trees:
    if trees.names != names:
        raise ValueError(f"{FILE} was learned from other features; make it anew with python -m bench.train")
    return trees
