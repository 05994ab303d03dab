"""Makes `forecasting/learned.npz`: `python -m bench.train --cases FOLDER`, about a quarter of an hour on two cores.

FOLDER holds the public cases (exhaustion, fleet and leak, as .jsonl.gz, with score.py). Courses are drawn from them and
from synthetic traces (bench.courses), gradient boosting (CatBoost, from the `bench` extra) learns oblivious trees that
are held to the directions of their features, and forecasts of sources that were left out tell how good that is and
calibrate the long horizons. Seeds are fixed; the same versions on the same machine give the same file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

import catboost
import numpy as np

from bench.drawn import Memory, crossing_features, drawn_crossings, drawn_leaks, joined, leak_growth, public_case
from bench.scorer import scorer_of
from bench.traces import Library, public_cases
from forecasting.__main__ import LEAK_CONFIDENCE
from forecasting.features import LADDER_HOURS
from forecasting.grids import HOUR_SECONDS
from forecasting.ladder import KNOTS_SECONDS, Laws
from forecasting.learned import Learned, beyond_a_day, ladder_columns, to_arrays
from forecasting.trees import Trees, probability

OUT = pathlib.Path(__file__).parent.parent / "forecasting" / "learned.npz"
REPORT = pathlib.Path(__file__).parent.parent / "docs" / "bench" / "left-out.json"
FOLDS = 3
PARTS = 8
# A public case counts as so many drawn ones.
PUBLIC_WEIGHT = 8.0
CROSSING = {"iterations": 250, "depth": 6, "learning_rate": 0.2, "l2_leaf_reg": 10, "border_count": 64}
LEAK = {"iterations": 250, "depth": 6, "learning_rate": 0.15, "l2_leaf_reg": 8, "border_count": 64}
SLOPE = {"iterations": 200, "depth": 6, "learning_rate": 0.18, "loss_function": "MAE", "border_count": 128}
BAGGED = {"bootstrap_type": "Bernoulli", "subsample": 0.6, "rsm": 0.5, "random_seed": 1, "verbose": 0, "allow_writing_files": False}
# Slopes are learned from leaks that are more than this share of the week's range.
LEAST_LEAK = 0.02
LADDER = np.array(LADDER_HOURS)
WEEK_HOURS = 168

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from forecasting.features import Features

    Cases = list[dict[str, Any]]


def main() -> None:
    """Learn from all sources but some, three times, to tell how good it is; then from all, to write the file."""
    options = _options()
    public = {task: public_cases(options.cases, task) for task in ("exhaustion", "fleet", "leak")}
    scorer = scorer_of(options.cases)
    crossing = _Crossing(public["exhaustion"] + public["fleet"], options.size)
    unseen = crossing.left_out()
    later = _later(unseen, crossing)
    probabilities = probability(unseen + later * beyond_a_day())
    answers = _answers(probabilities, crossing.public)
    count = len(public["exhaustion"])
    leaks = _Leaks(public["leak"], crossing.public, options.size)
    report = {
        "exhaustion": _scores(scorer, public["exhaustion"], answers[:count]),
        "fleet": _scores(scorer, public["fleet"], answers[count:]),
        "leak": scorer.score_leak(public["leak"], leaks.left_out()),
    }
    options.report.write_text(json.dumps(report, indent=1, default=float) + "\n")
    numbers = Learned(crossing.learn(()), *leaks.learn(()), later=later)
    np.savez_compressed(options.out, **to_arrays(numbers))
    print(json.dumps(report, indent=1, default=float))
    print(f"wrote {options.out.name}: {options.out.stat().st_size / 1024:.0f} KiB, later {later:.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=pathlib.Path, required=True, help="folder of the public cases and score.py")
    parser.add_argument("--size", type=int, default=73728, help="how many courses are drawn")
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    parser.add_argument("--report", type=pathlib.Path, default=REPORT, help="scores on sources that were left out, as JSON")
    return parser.parse_args()


def _scores(scorer: Any, cases: Cases, answers: Cases) -> dict[str, Any]:
    """Score all answers, and those of each horizon and family."""
    report = {**scorer.score_exhaustion(cases, answers), "by": {}, "probabilities": []}
    for key in ("hname", "family"):
        for value in sorted({case[key] for case in cases}):
            chosen = [row for row, case in enumerate(cases) if case[key] == value]
            report["by"][value] = scorer.score_exhaustion([cases[row] for row in chosen], [answers[row] for row in chosen])
    pairs = zip(cases, answers, strict=True)
    report["probabilities"] = [[round(float(answer["prob"]), 4), case["truth_s"] is not None] for case, answer in pairs]
    return report


def _folds(cases: Cases) -> list[list[str]]:
    sources = sorted({case["source"] for case in cases})
    return [sources[fold::FOLDS] for fold in range(FOLDS)]


def _of(cases: Cases, sources: Collection[str]) -> np.ndarray:
    return np.array([case["source"] in sources for case in cases])


def _free_of(cases: Cases, sources: Collection[str]) -> np.ndarray:
    """Tell which cases have nothing of `sources` in them: some are made of two."""
    return np.array([case["source"] not in sources and case.get("second") not in sources for case in cases])


class _Crossing:
    """Learns crossings from public cases and `size` drawn ones."""

    def __init__(self, public: Cases, size: int) -> None:
        self.public = public
        self.size = size
        self.cases = [public_case(case) for case in public]
        self.features = crossing_features(self.cases)
        self.horizons = np.array([case["horizon"] for case in public], float)
        self.truths = np.array([case.truth for case in self.cases])

    def left_out(self) -> np.ndarray:
        """Log-odds [cases, ladder] by trees that saw nothing of the case's source."""
        logits = np.zeros((len(self.cases), LADDER.size))
        for sources in _folds(self.public):
            chosen = _of(self.public, sources)
            trees = self.learn(sources)
            logits[chosen] = trees.total(ladder_columns(_chosen(self.features, chosen))).reshape(-1, LADDER.size)
        return logits

    def learn(self, without: Collection[str]) -> Trees:
        """Learn from all sources but those `without`."""
        drawn, truths = _drawn(drawn_crossings, Library.of(self.public, without), self.size)
        chosen = _free_of(self.public, without)
        rows = [
            _rows(drawn, truths, np.full(truths.size, np.inf), 1.0),
            _rows(_chosen(self.features, chosen), self.truths[chosen], self.horizons[chosen], PUBLIC_WEIGHT),
        ]
        columns, crossed, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        model = catboost.CatBoostClassifier(**CROSSING, **BAGGED, monotone_constraints=list(self.features.directions))
        model.fit(columns, crossed, sample_weight=weights)
        return _trees(model, self.features.names)


def _chosen(features: Features, chosen: np.ndarray) -> Features:
    return type(features)(features.fixed[chosen], features.rung[chosen], features.names, features.directions)


def _rows(features: Features, truths: np.ndarray, seen: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row for each case and rung whose truth was seen: features, whether it had crossed by then, and the weight.

    Beyond the time seen a crossing is known and its absence is not, so rungs there would be all crossings: left out.
    """
    rungs = LADDER[None, :] * HOUR_SECONDS
    known = (rungs <= seen[:, None]).ravel()
    crossed = (truths[:, None] <= rungs).ravel()
    return ladder_columns(features).T[known], crossed[known], np.full(known.sum(), weight)


def _later(logits: np.ndarray, crossing: _Crossing) -> float:
    """Fit what each e-fold beyond a day takes from the log-odds, by log-loss on cases the trees had not seen (Newton's method)."""
    rungs = LADDER[None, :] * HOUR_SECONDS
    known = rungs <= crossing.horizons[:, None]
    crossed = (crossing.truths[:, None] <= rungs)[known]
    log_odds = logits[known]
    beyond = np.broadcast_to(beyond_a_day(), logits.shape)[known]
    weights = np.broadcast_to(1 / known.sum(axis=1)[:, None], logits.shape)[known]
    later = 0.0
    for _ in range(20):
        chance = probability(log_odds + later * beyond)
        slope = (weights * beyond * (crossed - chance)).sum()
        later += float(slope / (weights * beyond**2 * chance * (1 - chance)).sum())
    return later


def _answers(probabilities: np.ndarray, public: Cases) -> Cases:
    knots = np.concatenate([np.zeros((len(public), 1)), np.maximum.accumulate(probabilities, axis=1)], axis=1)
    laws = Laws(knots)
    low, middle, high = (np.minimum(laws.after(share), last) for share, last in ((0.05, KNOTS_SECONDS[-1]), (0.5, np.inf), (0.95, np.inf)))
    horizons = sorted({case["horizon"] for case in public})
    within = laws.within(tuple(horizons))
    return [
        {"prob": within[row, horizons.index(case["horizon"])], "ttc": middle[row], "lo": low[row], "hi": high[row]}
        for row, case in enumerate(public)
    ]


class _Leaks:
    """Learns leaks and their slopes from public cases and `size` drawn ones."""

    def __init__(self, public: Cases, gauges: Cases, size: int) -> None:
        self.public = public
        self.gauges = gauges
        self.size = size
        cases = [Memory(np.array(case["ts"], float), np.array(case["values"], float), case["now"], case["slope_per_h"]) for case in public]
        self.units = np.array([case.course.spread for case in cases])
        self.growth, self.slopes = leak_growth(cases)
        self.leaking = np.array([bool(case["label"]) for case in public])

    def left_out(self) -> Cases:
        """Answers by trees that saw nothing of the case's source."""
        answers: Cases = [{} for _ in self.public]
        for sources in _folds(self.gauges):
            sure, slope = self.learn(sources)
            for row in np.flatnonzero(_of(self.public, sources)):
                column = self.growth.features[row : row + 1].T
                found = float(probability(sure.total(column))[0])
                weekly = float(np.exp(slope.total(column))[0]) * self.growth.range[row] * self.units[row]
                answers[row] = {"leak": found >= LEAK_CONFIDENCE, "leak_score": found, "slope_per_h": weekly / WEEK_HOURS}
        return answers

    def learn(self, without: Collection[str]) -> tuple[Trees, Trees]:
        """Learn leaks, and the log of their growth in a week, from all sources but those `without`."""
        growth, slopes = _drawn(drawn_leaks, Library.of(self.gauges, without), self.size)
        chosen = _free_of(self.public, without)
        columns = np.concatenate([growth.features, self.growth.features[chosen]])
        leaking = np.concatenate([slopes > 0, self.leaking[chosen]])
        weekly = np.concatenate([slopes, self.slopes[chosen]]) * WEEK_HOURS
        weights = np.concatenate([np.ones(slopes.size), np.full(chosen.sum(), PUBLIC_WEIGHT)])
        sure = catboost.CatBoostClassifier(**LEAK, **BAGGED).fit(columns, leaking, sample_weight=weights)
        told = leaking & (weekly > LEAST_LEAK)
        slope = catboost.CatBoostRegressor(**SLOPE, **BAGGED).fit(columns[told], np.log(weekly[told]), sample_weight=weights[told])
        return _trees(sure, growth.names), _trees(slope, growth.names)


def _drawn(draw: Callable[..., Any], library: Library, size: int) -> Any:
    """Draw `size` cases as features in parallel, in parts with seeds of their own."""
    with multiprocessing.Pool() as pool:
        parts = pool.starmap(draw, [(library, size // PARTS, seed) for seed in range(PARTS)], chunksize=1)
    features, truths = zip(*parts, strict=True)
    return joined(features), np.concatenate(truths)


def _trees(model: catboost.CatBoost, names: Sequence[str]) -> Trees:
    """Take the trees out of a model; a shallower tree asks what is never true."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        stored = json.loads(path.read_text())
    scale, (bias,) = stored["scale_and_bias"]
    depth = max(len(tree["splits"]) for tree in stored["oblivious_trees"])
    features = np.zeros((len(stored["oblivious_trees"]), depth), np.int16)
    borders = np.full(features.shape, np.inf, np.float32)
    leaves = np.zeros((features.shape[0], 2**depth), np.float32)
    for row, tree in enumerate(stored["oblivious_trees"]):
        for bit, split in enumerate(tree["splits"]):
            features[row, bit], borders[row, bit] = split["float_feature_index"], split["border"]
        leaves[row, : len(tree["leaf_values"])] = scale * np.array(tree["leaf_values"])
    return Trees(features, borders, leaves, float(bias), tuple(names))


if __name__ == "__main__":
    main()
