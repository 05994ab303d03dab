"""Makes `forecasting/learned.npz`: `python -m bench.train --cases FOLDER`, about a quarter of an hour on two cores.

FOLDER holds the public cases (exhaustion, fleet and leak, as .jsonl.gz, with score.py). Courses are drawn from them and
from synthetic traces (bench.courses), gradient boosting (CatBoost, from the `bench` extra) learns oblivious trees that
are held to the directions of their features, and forecasts of sources that were left out tell how good that is and
calibrate the long horizons. Seeds are fixed; the same versions on the same machine give the same file.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Any

import catboost
import numpy as np

from bench.drawn import crossing_features, drawn_crossings, public_case
from bench.learn_leaks import Leaks
from bench.learning import BAGGED, PUBLIC_WEIGHT, drawn_cases, folds_of, free_of, of_sources, trees_of
from bench.scorer import scorer_of
from bench.traces import Library, public_cases
from forecasting.features import LADDER_HOURS
from forecasting.grids import HOUR_SECONDS
from forecasting.ladder import KNOTS_SECONDS, Laws
from forecasting.learned import Learned, beyond_a_day, ladder_columns, learned, to_arrays
from forecasting.trees import probability

OUT = pathlib.Path(__file__).parent.parent / "forecasting" / "learned.npz"
REPORT = pathlib.Path(__file__).parent.parent / "docs" / "bench" / "left-out.json"
PARTS = ("crossing", "leak")
CROSSING = {"iterations": 250, "depth": 6, "learning_rate": 0.2, "l2_leaf_reg": 10, "border_count": 64}
LADDER = np.array(LADDER_HOURS)

if TYPE_CHECKING:
    from collections.abc import Collection

    from bench.learning import Cases
    from forecasting.features import Features
    from forecasting.trees import Trees


def main() -> None:
    """Learn from all sources but some, three times, to tell how good it is; then from all, to write the file."""
    options = _options()
    public = {task: public_cases(options.cases, task) for task in ("exhaustion", "fleet", "leak")}
    scorer = scorer_of(options.cases)
    report = json.loads(options.report.read_text()) if options.part else {}
    known = learned() if options.part else None
    kept: dict[str, Any] = {field.name: getattr(known, field.name) for field in dataclasses.fields(Learned)} if known else {}
    gauges = public["exhaustion"] + public["fleet"]
    if "crossing" in (options.part or PARTS):
        crossing = _Crossing(gauges, options.size)
        later, scores = _left_out(crossing, scorer, public)
        report |= scores
        kept |= {"crossing": crossing.learn(()), "later": later}
    if "leak" in (options.part or PARTS):
        leaks = Leaks(public["leak"], gauges)
        report["leak"] = leaks.left_out(scorer)
        kept["leak"], kept["leak_slope"] = leaks.learn(())
    options.report.write_text(json.dumps(report, indent=1, default=float) + "\n")
    np.savez_compressed(options.out, **to_arrays(Learned(**kept)))
    print(json.dumps(report, indent=1, default=float))
    print(f"wrote {options.out.name}: {options.out.stat().st_size / 1024:.0f} KiB, later {kept['later']:.3f}")


def _left_out(crossing: _Crossing, scorer: Any, public: dict[str, Cases]) -> tuple[float, dict[str, Any]]:
    """Return the calibration of the long horizons, and the scores on sources that were left out."""
    unseen = crossing.left_out()
    later = _later(unseen, crossing)
    answers = _answers(probability(unseen + later * beyond_a_day()), crossing.public)
    count = len(public["exhaustion"])
    scores = {"exhaustion": _scores(scorer, public["exhaustion"], answers[:count]), "fleet": _scores(scorer, public["fleet"], answers[count:])}
    return later, scores


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=pathlib.Path, required=True, help="folder of the public cases and score.py")
    parser.add_argument("--part", choices=PARTS, action="append", help="learn only this anew; may be given again")
    parser.add_argument("--size", type=int, default=73728, help="how many courses that may cross are drawn")
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
        for sources in folds_of(self.public):
            chosen = of_sources(self.public, sources)
            trees = self.learn(sources)
            logits[chosen] = trees.total(ladder_columns(_chosen(self.features, chosen))).reshape(-1, LADDER.size)
        return logits

    def learn(self, without: Collection[str]) -> Trees:
        """Learn from all sources but those `without`."""
        drawn, truths = drawn_cases(drawn_crossings, Library.of(self.public, without), self.size)
        chosen = free_of(self.public, without)
        rows = [
            _rows(drawn, truths, np.full(truths.size, np.inf), 1.0),
            _rows(_chosen(self.features, chosen), self.truths[chosen], self.horizons[chosen], PUBLIC_WEIGHT),
        ]
        columns, crossed, weights = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        model = catboost.CatBoostClassifier(**CROSSING, **BAGGED, monotone_constraints=list(self.features.directions))
        model.fit(columns, crossed, sample_weight=weights)
        return trees_of(model, self.features.names)


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


if __name__ == "__main__":
    main()
