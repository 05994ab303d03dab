"""What both kinds of learning need: folds of sources, cases drawn in parallel, and the trees of a model."""

from __future__ import annotations

import json
import multiprocessing
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.drawn import joined
from forecasting.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import catboost

    from bench.traces import Library

    Cases = list[dict[str, Any]]

FOLDS = 3
PARTS = 8
# A public case counts as so many drawn ones.
PUBLIC_WEIGHT = 8.0
BAGGED = {"bootstrap_type": "Bernoulli", "subsample": 0.6, "rsm": 0.5, "random_seed": 1, "verbose": 0, "allow_writing_files": False}


def folds_of(cases: Cases) -> list[list[str]]:
    """Cut the sources of cases into folds."""
    sources = sorted({case["source"] for case in cases})
    return [sources[fold::FOLDS] for fold in range(FOLDS)]


def of_sources(cases: Cases, sources: Collection[str]) -> np.ndarray:
    """Tell which cases are of `sources`."""
    return np.array([case["source"] in sources for case in cases])


def free_of(cases: Cases, sources: Collection[str]) -> np.ndarray:
    """Tell which cases have nothing of `sources` in them: some are made of two."""
    return np.array([case["source"] not in sources and case.get("second") not in sources for case in cases])


def drawn_cases(draw: Callable[..., Any], library: Library, size: int) -> Any:
    """Draw `size` cases as features in parallel, in parts with seeds of their own."""
    with multiprocessing.Pool() as pool:
        parts = pool.starmap(draw, [(library, size // PARTS, seed) for seed in range(PARTS)], chunksize=1)
    features, truths = zip(*parts, strict=True)
    return joined(features), np.concatenate(truths)


def trees_of(model: catboost.CatBoost, names: Sequence[str], prior: float = 0.0) -> Trees:
    """Take the trees out of a model and add `prior` to what they sum to; a shallower tree asks what is never true."""
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
    return Trees(features, borders, leaves, float(bias) + prior, tuple(names))
