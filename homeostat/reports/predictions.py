"""What became of the predictions of a period: which came true, were averted, or went away by themselves; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.reports.model import Foreseen, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from homeostat.reports.model import Acted, Asked, Became, Past


def judge(past: Past, acted: Sequence[Acted], asked: Asked) -> tuple[Prediction, ...]:
    """Return what became of each prediction in the period, the latest first; a limit that was reached unforeseen is among them."""
    found = (prediction for one in past.foreseen for prediction in _of(one, past.step, acted, asked))
    return tuple(sorted(found, key=lambda prediction: -prediction.at))


def stretches(times: Iterable[float], step: float) -> tuple[tuple[float, float], ...]:
    """Return the stretches of ascending Unix times that lie no further apart than two steps."""
    found: list[tuple[float, float]] = []
    for time in times:
        if found and time - found[-1][1] <= 2 * step:
            found[-1] = (found[-1][0], time)
        else:
            found.append((time, time))
    return tuple(found)


def _of(one: Foreseen, step: float, acted: Sequence[Acted], asked: Asked) -> Iterator[Prediction]:
    """Yield what became of one target's predictions; what was at its limit all along is no news."""
    for begins, ends in one.asserted:
        reached = next((first for first, _ in one.at_limit if begins < first <= ends + 2 * step), None)
        over = ends < asked.since or begins > asked.until or (reached is not None and reached < asked.since)
        # What was at its limit already was predicted no more.
        if not over and not any(first <= begins <= last for first, last in one.at_limit):
            yield _prediction(one, *_fate(one, (begins, ends), (reached, step), acted, asked), begins)
    for begins, _ in one.at_limit:
        foreseen = any(first < begins <= last + 2 * step for first, last in one.asserted)
        if asked.since + step < begins <= asked.until and not foreseen:
            yield _prediction(one, "unforeseen", begins, None)


def _fate(one: Foreseen, stretch: tuple[float, float], seen: tuple[float | None, float], acted: Sequence[Acted], asked: Asked) -> tuple[Became, float]:
    """Return how it ended and when: at its limit, by an action, by itself, or not yet."""
    (begins, ends), (reached, step) = stretch, seen
    if reached is not None:
        return "came true", reached
    if ends >= asked.until - 2 * step:
        return "open", ends
    by_us = any((deed.problem, deed.target) == (one.problem, one.target) and begins <= deed.at <= ends + 2 * step for deed in acted)
    return ("averted" if by_us else "gone"), ends


def _prediction(one: Foreseen, became: Became, at: float, made_at: float | None) -> Prediction:
    return Prediction(problem=one.problem, target=one.target, resource=one.resource, became=became, made_at=made_at, at=at)
