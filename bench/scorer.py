"""The public cases scored by their own `score.py`: in all, by horizon, and by family."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

Cases = list[dict[str, Any]]
REQUEST = ("id", "ts", "values", "threshold", "direction", "horizon", "now")
BINS = 10


def scorer_of(folder: pathlib.Path) -> Any:
    """Load `score.py` of the folder of cases; raises FileNotFoundError where there is none."""
    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requests_of(cases: Cases) -> Cases:
    """Return what a forecaster may see of cases: arrays, and a day's horizon where the case asks for a leak."""
    requests = [{key: case.get(key) for key in REQUEST} for case in cases]
    for request in requests:
        request |= {"ts": np.asarray(request["ts"], float), "values": np.asarray(request["values"], float)}
        request["horizon"] = request["horizon"] or 86400
    return requests


def scored(scorer: Any, cases: Cases, answers: Cases) -> dict[str, Any]:
    """Score answers in all and, under `by`, for each horizon and family; `reliability` are the bins of `reliability`."""
    report = {**scorer.score_exhaustion(cases, answers), "by": {}}
    for key in ("hname", "family"):
        for value in sorted({case[key] for case in cases}):
            chosen = [row for row, case in enumerate(cases) if case[key] == value]
            report["by"][value] = scorer.score_exhaustion([cases[row] for row in chosen], [answers[row] for row in chosen])
    pairs = zip(answers, cases, strict=True)
    report["reliability"] = reliability([(answer["prob"], case["truth_s"] is not None) for answer, case in pairs])
    return report


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[list[float]]:
    """Bin pairs of probability and outcome by tenths: mean probability, share that crossed and count of each that is not empty."""
    chances, crossed = (np.array(column, float) for column in zip(*pairs, strict=True))
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    chosen = [bins == number for number in range(BINS)]
    return [[float(chances[own].mean()), float(crossed[own].mean()), int(own.sum())] for own in chosen if own.any()]
