"""Keeps the exporter's forecasts and scores them when their time has come; without its file they go unscored, and nothing else fails."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from exporter.book import HOUR, Book, Turn, forget_after, goes_on, is_due, turn_page
from exporter.kept import KeptError, KeptForecasts
from exporter.recalibration import shift
from exporter.scoring import SUSTAINED_SAMPLES, VOIDS
from exporter.tally import Score, Tally, score

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from exporter.scoring import Void

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Pending:
    """How many forecasts of one horizon wait to be scored, and when the oldest was made (Unix seconds)."""

    count: int
    oldest: float


@dataclasses.dataclass(frozen=True, slots=True)
class Recalibration:
    """What is added to the logit of every probability of one problem, the independent evidence behind it, and what was acted on beside."""

    shift: float
    evidence: float
    acted: float


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """How good the forecasts were: by horizon (seconds), by problem, and how many were void by reason."""

    scores: Mapping[float, Score] = dataclasses.field(default_factory=dict)
    pending: Mapping[float, Pending] = dataclasses.field(default_factory=dict)
    recalibrations: Mapping[str, Recalibration] = dataclasses.field(default_factory=dict)
    voids: Mapping[Void, int] = dataclasses.field(default_factory=dict)

    def shift(self, problem: str) -> float:
        """Return the recalibration of one problem."""
        found = self.recalibrations.get(problem)
        return found.shift if found else 0.0


class Scorekeeper:
    """Keeps the book of one exporter in `directory`."""

    def __init__(self, directory: pathlib.Path) -> None:
        """Touch nothing yet: that is `open`'s."""
        self.directory = directory
        self.report = Report()
        self._kept: KeptForecasts | None = None
        self._book = Book()
        self._tried_at = self._book.turned_at
        self._jumped_to: float | None = None
        self._failures = 0

    def open(self, now: float) -> None:
        """Take the file and read what it remembers; where that fails, log why and try again at a later turn."""
        try:
            self._kept = KeptForecasts(self.directory)
            self._remember(self._kept.book())
        except KeptError as error:
            self._give_up(error, now)

    def follow(self, turn: Turn) -> int:
        """Turn the page when it is time, else do nothing; return how many failures there were since this was last asked.

        A turn that failed left nothing behind, neither on disk nor in memory.
        """
        if is_due(self._tried_at, turn.now, turn.horizons):
            if self._kept is None:
                self.open(turn.now)
            if self._kept is not None and self._believes(turn.now):
                self._turn(self._kept, turn)
        failures, self._failures = self._failures, 0
        return failures

    def _believes(self, now: float) -> bool:
        """Say whether the clock is to be believed: one that jumped is, once it has gone on for an hour from there."""
        if goes_on(self._book.turned_at, now):
            self._jumped_to = None
            return True
        if self._jumped_to is None or not goes_on(self._jumped_to, now):
            self._jumped_to = now
            log.warning("the clock went back, or on by more than a week: forecasts are scored again once it has gone on for an hour")
        return now - self._jumped_to >= HOUR

    def close(self) -> None:
        """Let the file go."""
        if self._kept is not None:
            self._kept.close()

    def _turn(self, kept: KeptForecasts, turn: Turn) -> None:
        # At once, so that not even a fault of our own is repeated before the next hour.
        self._tried_at = turn.now
        try:
            with kept.transaction():
                kept.drop_after(forget_after(self._book, turn.now, turn.horizons))
                # A crossing at the horizon's end is known once it is sustained.
                due = kept.take_due(turn.now - SUSTAINED_SAMPLES * turn.step)
                book, batches = turn_page(self._book, turn, due)
                kept.write(book, batches)
            self._remember(book)
        except KeptError as error:
            self._give_up(error, turn.now)

    def _remember(self, book: Book) -> None:
        assert self._kept is not None
        self._book, self._tried_at = book, book.turned_at
        self.report = _report(book, self._kept.pending())

    def _give_up(self, error: KeptError, now: float) -> None:
        log.warning("forecasts are not scored for now: %s", error)
        self.close()
        self._kept, self._tried_at = None, now
        self._failures += 1


def _report(book: Book, pending: Mapping[float, tuple[int, float]]) -> Report:
    return Report(
        {horizon: score(book.tallies.get(horizon, Tally())) for horizon in sorted({*book.tallies, *pending})},
        {horizon: Pending(*found) for horizon, found in pending.items()},
        {problem: Recalibration(shift(found), found.weight, found.acted) for problem, found in sorted(book.evidence.items())},
        {reason: book.voids.get(reason, 0) for reason in VOIDS},
    )
