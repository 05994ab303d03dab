"""Insights in words: which action works where, which does not, and what does not last."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from actor.journal import trials
from actor.learn import STEPS_BACK_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.journal import Journal
    from actor.journal.trials import Trial

_ENOUGH = 3


def insights(journal: Journal) -> list[str]:
    """Return one sentence for each action at each target that has been tried often enough to say something."""
    tried: dict[tuple[str, str], list[Trial]] = collections.defaultdict(list)
    for trial in trials.latest(journal):
        tried[trial.action, trial.target].append(trial)
    return [sentence for (action, target), runs in sorted(tried.items()) for sentence in _of(f"{action} at {target}", runs)]


def _of(what: str, runs: list[Trial]) -> Iterator[str]:
    succeeded, returned = sum(run.succeeded for run in runs), sum(run.recurred_at is not None for run in runs)
    of_all = f"{succeeded} of {len(runs)}"
    if len(runs) >= _ENOUGH and succeeded == len(runs):
        yield f"{what} has always worked: {of_all}."
    elif len(runs) >= _ENOUGH and succeeded == 0:
        yield f"{what} has never worked: {of_all}. Another action, or a person, should answer {runs[-1].problem}."
    elif len(runs) >= _ENOUGH:
        yield f"{what} works now and then: {of_all}."
    if len(runs) >= STEPS_BACK_AFTER and all(run.failed for run in runs[-STEPS_BACK_AFTER:]):
        yield f"{what} failed the last {STEPS_BACK_AFTER} times; where another action answers the problem, that one is tried next."
    if returned > 1:
        yield f"{what} does not last: {returned} times {runs[-1].problem} was back within an hour. It treats a symptom."
