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
        rows = columns.shape[1]
        total, gain = np.full(rows, self.bias, np.float32), np.empty(rows, np.float32)
        above, leaf = np.empty(rows, bool), np.empty(rows, np.uint8)
        bit = above.view(np.uint8)
        for features, borders, leaves in zip(self.features.tolist(), self.borders, self.leaves, strict=True):
            leaf.fill(0)
            for depth, feature in enumerate(features):
                np.greater(columns[feature], borders[depth], out=above)
                np.left_shift(bit, np.uint8(depth), out=bit)
                np.bitwise_or(leaf, bit, out=leaf)
            # No leaf's number is out of range: clipping only spares the check of it.
            total += leaves.take(leaf, out=gain, mode="clip")
        return total.astype(np.float64)


def probability(logits: Array) -> Array:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
