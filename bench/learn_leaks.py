"""Learns leaks and their slopes, and tells of sources that were left out how good that is: at the week's end, and at earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import catboost
import numpy as np

from bench import earlier, reruns
from bench.drawn import BATCH, Memory, drawn_leaks, hours_of, leak_growth
from bench.learning import BAGGED, PUBLIC_WEIGHT, drawn_cases, folds_of, free_of, of_sources, trees_of
from bench.traces import Library
from forecasting.__main__ import LEAK_CONFIDENCE
from forecasting.growth import WEEK_HOURS, growth_of
from forecasting.learned import lasting_odds
from forecasting.trees import probability

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bench.learning import Cases
    from forecasting.trees import Trees

SIZE = 65536
LEAK = {"iterations": 500, "depth": 6, "learning_rate": 0.08, "l2_leaf_reg": 8, "border_count": 64}
SLOPE = {"iterations": 200, "depth": 6, "learning_rate": 0.18, "loss_function": "MAE", "border_count": 128}
# Slopes are learned from leaks that are more than this share of the week's range.
LEAST_LEAK = 0.02
# A public case as it looked earlier counts as so many drawn ones; there are 49 of each.
EARLIER_WEIGHT = PUBLIC_WEIGHT / 8
# In training 37 of 100 looks show a leak. Confidence is told for hosts where fewer do: later flags, and fewer false ones.
PRIOR_LOG_ODDS = -1.05


class Leaks:
    """Learns from the public cases, these as they looked earlier, and drawn memories looked at `SIZE` times; `gauges` are traces of load."""

    def __init__(self, public: Cases, gauges: Cases) -> None:
        """Compute the features of the public cases."""
        self.public, self.gauges = public, gauges
        self.cases = [Memory(np.array(case["ts"], float), np.array(case["values"], float), case["now"], case["slope_per_h"]) for case in public]
        self.units = np.array([case.course.spread for case in self.cases])
        self.growth, self.slopes = leak_growth(self.cases)
        self.leaking = np.array([bool(case["label"]) for case in public])
        self.looks = [look for row, case in enumerate(public) for look in earlier.looks(row, case)]

    def left_out(self, scorer: Any) -> dict[str, Any]:
        """Score answers by trees that saw nothing of the case's source; `reruns` are those at earlier ends, by confidence."""
        answers: Cases = [{} for _ in self.public]
        sure = np.zeros((len(self.public), earlier.ENDS))
        for sources in folds_of(self.gauges):
            leak, slope = self.learn(sources)
            chosen = of_sources(self.public, sources)
            for row, found in zip(np.flatnonzero(chosen), _confidence(leak, [self.cases[row] for row in np.flatnonzero(chosen)]), strict=True):
                weekly = float(np.exp(slope.total(self.growth.features[row : row + 1].T))[0]) * self.growth.range[row] * self.units[row]
                answers[row] = {"leak": found >= LEAK_CONFIDENCE, "leak_score": found, "slope_per_h": weekly / WEEK_HOURS}
            looks = [look for look in self.looks if chosen[look.row]]
            sure[[look.row for look in looks], [look.end for look in looks]] = _confidence(leak, [look.memory for look in looks])
        return {**scorer.score_leak(self.public, answers), "reruns": self._reruns(sure)}

    def _reruns(self, sure: np.ndarray) -> list[dict[str, Any]]:
        onsets = np.array([case["onset"] if case["label"] else np.inf for case in self.public], float)
        nows = np.stack([earlier.ends(case) for case in self.public])
        return [{"confidence": least, **reruns.judged(onsets, nows, sure >= least)} for least in reruns.CONFIDENCES]

    def learn(self, without: Collection[str]) -> tuple[Trees, Trees]:
        """Learn leaks, and the log of their growth in a week, from all sources but those `without`."""
        drawn, slopes = drawn_cases(drawn_leaks, Library.of(self.gauges, without), SIZE)
        chosen = free_of(self.public, without)
        looks = [look for look in self.looks if chosen[look.row]]
        seen, seen_slopes = leak_growth([look.memory for look in looks])
        columns = np.concatenate([drawn.features, self.growth.features[chosen], seen.features])
        leaking = np.concatenate([slopes > 0, self.leaking[chosen], seen_slopes > 0])
        weights = np.repeat([1.0, PUBLIC_WEIGHT, EARLIER_WEIGHT], [slopes.size, chosen.sum(), len(looks)])
        leak = catboost.CatBoostClassifier(**LEAK, **BAGGED).fit(columns, leaking, sample_weight=weights)
        weekly = np.concatenate([slopes, self.slopes[chosen], seen_slopes]) * WEEK_HOURS
        told = leaking & (weekly > LEAST_LEAK)
        slope = catboost.CatBoostRegressor(**SLOPE, **BAGGED).fit(columns[told], np.log(weekly[told]), sample_weight=weights[told])
        return trees_of(leak, drawn.names, PRIOR_LOG_ODDS), trees_of(slope, drawn.names)


def _confidence(trees: Trees, memories: Sequence[Memory]) -> np.ndarray:
    """Say how surely memories leak, a batch at a time."""
    batches = (memories[start : start + BATCH] for start in range(0, len(memories), BATCH))
    return np.concatenate([probability(_odds(trees, batch)) for batch in batches])


def _odds(trees: Trees, memories: Sequence[Memory]) -> np.ndarray:
    hours = hours_of(memories)
    return lasting_odds(trees, hours, growth_of(hours))
