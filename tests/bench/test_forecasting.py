"""Measurements on a handful of cases, without the libraries: the scorer is asked, and what it says is kept."""

from __future__ import annotations

import functools
import gzip
import json
import typing

import numpy as np
import pytest

from bench import forecasting, straight
from bench.scorer import reliability
from forecasting.__main__ import answers

if typing.TYPE_CHECKING:
    import pathlib

# Stands in for the score.py that comes with the public cases.
SCORER = """
def score_exhaustion(cases, answers):
    truth = [case["truth_s"] is not None for case in cases]
    return {"n": len(cases), "brier": sum((answer["prob"] - crossed) ** 2 for answer, crossed in zip(answers, truth)) / len(cases)}

def score_leak(cases, answers):
    return {"n": len(cases), "right": sum(answer["leak"] == bool(case["label"]) for case, answer in zip(cases, answers))}
"""
TIMES = np.arange(1 - 4 * 288, 1) * 300.0


def case(slope_per_day: float, truth: float | None) -> dict:
    values = 50 + slope_per_day * TIMES / 86400 + 0.1 * np.random.default_rng(2).normal(size=TIMES.size)
    common = {"id": "1", "ts": TIMES.tolist(), "values": values.tolist(), "now": 0, "source": "a", "series": "a"}
    limited = {"threshold": 60.0, "direction": "up", "horizon": 7 * 86400, "truth_s": truth}
    return {**common, **limited, "family": "real", "hname": "7d", "label": slope_per_day > 0, "slope_per_h": slope_per_day / 24}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "score.py").write_text(SCORER)
    for task in ("exhaustion", "fleet", "leak"):
        with gzip.open(tmp_path / f"{task}.jsonl.gz", "wt") as lines:
            lines.writelines(json.dumps(one) + "\n" for one in (case(5.0, 2 * 86400.0), case(-1.0, None)))
    return tmp_path


def test_forecasters_are_scored_in_all_and_by_horizon_and_family(folder: pathlib.Path) -> None:
    linear = functools.partial(forecasting._each, straight.FORECASTERS["predict_linear[7d]"])
    report = forecasting.compared(folder, {"linear": linear, "unlearned": forecasting.unlearned})
    for task in ("exhaustion", "fleet"):
        assert report[task]["linear"]["brier"] == 0.0
        assert report[task]["linear"]["by"]["7d"] == report[task]["linear"]["by"]["real"] == {"n": 2, "brier": 0.0}
        assert report[task]["linear"]["reliability"] == [[0.0, 0.0, 1], [1.0, 1.0, 1]]
        assert report[task]["unlearned"]["brier"] < 0.1
    assert report["series_per_second"]["linear"] > 0


def test_the_unlearned_law_is_asked_without_learned_numbers(folder: pathlib.Path) -> None:
    asked = forecasting.requests_of([case(5.0, None)])
    assert "replayed" not in forecasting.unlearned(asked)[0]["explanation"]
    assert "replayed" in answers(asked)[0]["explanation"]


def test_leak_rules_and_reruns_are_written_as_files(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    forecasting.leak(folder, tmp_path)
    assert json.loads((tmp_path / "leak.json").read_text())["`deriv[7d] > 10 %`"] == {"n": 2, "right": 2}
    forecasting.watch(folder, tmp_path, quiet=3, leaking=2)
    rows = json.loads((tmp_path / "reruns.json").read_text())["rows"]
    deriv = next(row for row in rows if row.get("rule") == "`deriv[1h] > 0`")
    assert deriv["quiet_ever_flagged"] == deriv["leaks_found"] == 1.0
    shares = [row["quiet_ever_flagged"] for row in rows if row.get("confidence") == 0.7]
    assert shares == sorted(shares, reverse=True)


def test_reliability_bins_by_tenths_and_keeps_one_with_the_last() -> None:
    assert reliability([(0.0, False), (0.0625, True), (0.9375, True), (1.0, True)]) == [[0.03125, 0.5, 2], [0.96875, 1.0, 2]]
