"""Sums of oblivious decision trees: every node of one depth asks the same question, so a tree is a table looked up by bits."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecasting.model import Array, Array32

# So many leaves are looked up together: few calls for few rows, and what is in work stays in the processor's cache.
AT_ONCE = 65536


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
        many = max(1, AT_ONCE // max(1, columns.shape[1]))
        for first in range(0, len(self.leaves), many):
            # One after another, so that no sum depends on how many rows there are.
            for gain in self._gains(columns, slice(first, first + many)):
                total += gain
        return total.astype(np.float64)

    def _gains(self, columns: Array32, part: slice) -> Array32:
        """Return what some trees add [trees, rows]."""
        features, borders, leaves = self.features[part], self.borders[part], self.leaves[part]
        leaf = np.zeros((features.shape[0], columns.shape[1]), np.uint8)
        for depth in range(features.shape[1]):
            above = columns[features[:, depth]] > borders[:, depth, None]
            leaf |= above.view(np.uint8) << np.uint8(depth)
        places = leaf + np.arange(0, leaves.size, leaves.shape[1])[:, None]
        # No place is out of range: clipping only spares the check of it.
        return leaves.ravel().take(places, mode="clip")


def probability(logits: Array) -> Array:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
