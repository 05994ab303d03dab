"""Calibration: how well the confidence of executed decisions foretold that they would be verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actor.journal.trials import Trial

BIN_BOUNDS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


class Bin(NamedTuple):
    """The trials whose confidence lies in one bin: how many, the successes expected (the sum of confidences), and those that came."""

    most: float
    trials: int
    expected: float
    observed: int


def brier_score(trials: Iterable[Trial]) -> float | None:
    """Return the mean of (confidence - success)², 0 at best (Brier 1950), over trials of known confidence; None without any."""
    errors = [(trial.confidence - trial.succeeded) ** 2 for trial in trials if trial.confidence is not None]
    return sum(errors) / len(errors) if errors else None


def reliability(trials: Iterable[Trial]) -> list[Bin]:
    """Return every bin of a reliability diagram; one reaches from the bound before, exclusive, to its own."""
    known = [(trial.confidence, trial.succeeded) for trial in trials if trial.confidence is not None]
    bins = []
    for least, most in zip((-1.0, *BIN_BOUNDS), BIN_BOUNDS, strict=False):
        inside = [(confidence, succeeded) for confidence, succeeded in known if least < confidence <= most]
        bins.append(Bin(most, len(inside), sum(confidence for confidence, _ in inside), sum(succeeded for _, succeeded in inside)))
    return bins
