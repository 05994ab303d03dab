"""Sums of oblivious decision trees: every node of one depth asks the same question, so a tree is a table looked up by bits."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecasting.model import Array, Array32


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """`features` and `borders` [trees, depth]: bit d of a leaf's number says whether that feature exceeds that border.

    `leaves` [trees, 2 ** depth] holds what each leaf adds to `bias`. `names` tells the features in their order.
    """

    features: np.ndarray[tuple[int, int], np.dtype[np.int16]]
    borders: Array32
    leaves: Array32
    bias: float
    names: tuple[str, ...]

    def total(self, columns: Array32) -> Array:
        """Sum the trees over `columns` [features, rows], contiguous; returns [rows]."""
        total = np.full(columns.shape[1], self.bias, np.float32)
        for features, borders, leaves in zip(self.features.tolist(), self.borders, self.leaves, strict=True):
            leaf = np.zeros(columns.shape[1], np.uint8)
            for depth, feature in enumerate(features):
                leaf |= (columns[feature] > borders[depth]).view(np.uint8) << np.uint8(depth)
            total += leaves[leaf]
        return total.astype(np.float64)


def probability(logits: Array) -> Array:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
