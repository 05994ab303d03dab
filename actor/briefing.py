"""What a summary says, in plain lines that read well in a chat and in mail."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from actor.holding import holds
from actor.journal import incidents, selftests
from actor.notify import page
from homeostat.config import Duration
from homeostat.config.section import DAY, HOUR
from homeostat.prometheus import PrometheusError, selector
from homeostat.time_intervals import local_time
from homeostat.words import EXECUTED, FAILURES, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actor.model import Incident
    from actor.world import World

_MOST = 5
_MOST_LETTERS = 160
_NOT_DONE = ("refused", "denied", "vetoed", "expired", "alerted", "cleared")


def tell(world: World, span: tuple[float, float]) -> tuple[str, str]:
    """Return one line and the whole of what happened on this host between two Unix times, and of how it stands now."""
    since, until = span
    touched = incidents.recent(world.journal, since)
    ended = [one for one in touched if one.outcome is not None and one.closed_at is not None and since <= one.closed_at < until and not one.is_selftest]
    failed = [one for one in ended if one.outcome in FAILURES]
    waiting = incidents.waiting_proposals(world.journal)
    done = sum(one.outcome in EXECUTED for one in ended)
    summary = f"Homeostat on {world.config.host}, the last {Duration(until - since)}: {done} done, {len(failed)} failed, {len(waiting)} waiting for you"
    parts = (_did(world, ended), _failures(world, failed), _waiting(world, waiting), _held_back(world), [_runs_out(world)], [_proof(world)], _where(world))
    return summary, "\n".join(line for part in parts for line in part)


def _did(world: World, ended: Sequence[Incident]) -> Iterator[str]:
    """Yield what was done, what would have been in shadow mode, and what was not done."""
    if world.config.autonomy.mode == "shadow":
        yield "Mode shadow: nothing is done, and what would be done is recorded."
    counted = collections.Counter((one.action, one.target, one.outcome) for one in ended if one.outcome in EXECUTED)
    done = [f"{action} at {target}: {str(outcome).replace('_', ' ')}{_times(count)}" for (action, target, outcome), count in counted.most_common()]
    yield f"Done: {'; '.join(_some(done))}." if done else "Nothing was done."
    shadowed = [f"- {one.action} at {one.target}: {_short(one.reason.partition('; it would: ')[2] or one.reason)}" for one in ended if one.outcome == "shadowed"]
    if shadowed:
        yield "It would have done:"
        yield from _some(shadowed)
    not_done = collections.Counter(one.outcome for one in ended if one.outcome in _NOT_DONE)
    if not_done:
        yield f"Not done: {', '.join(f'{count} {outcome}' for outcome, count in not_done.most_common())}."


def _failures(world: World, failed: Sequence[Incident]) -> Iterator[str]:
    if failed:
        yield "Failed:"
        told = (f"- {one.action} at {one.target}, {_when(world, one.closed_at)}: {str(one.outcome).replace('_', ' ')}, {_short(one.reason)} {page(world, one.id)}" for one in failed)
        yield from _some(told)


def _waiting(world: World, waiting: Sequence[tuple[Incident, float]]) -> Iterator[str]:
    if waiting:
        yield "Waiting for you:"
        soonest = sorted(waiting, key=lambda proposal: proposal[1])
        yield from _some(f"- {one.action} at {one.target} because of {one.problem}, until {_when(world, until)}: {page(world, one.id)}" for one, until in soonest)


def _held_back(world: World) -> Iterator[str]:
    found = holds(world)
    if found:
        yield "Held back:"
        until = [f"until {_when(world, hold.until)}" if hold.until is not None else "until somebody ends it" for hold in found]
        yield from _some(f"- {hold.scope}, by {hold.by} of {hold.author}, {ends}: {_short(hold.reason)}" for hold, ends in zip(found, until, strict=True))
    if world.silences is None:
        yield "Whether anything is silenced is not known: Alertmanager did not say."
    elif not found:
        yield "Nothing is stopped, paused or silenced."


def _runs_out(world: World) -> str:
    """Say what reaches its limit next, among what the exporter forecasts for this host."""
    try:
        found = world.prometheus.query(selector("homeostat_time_to_limit_seconds", bound="median", host=world.config.host))
    except PrometheusError:
        return "What runs out next is not known: Prometheus does not answer."
    real = [sample for sample in found if sample.labels.get("problem") != SELFTEST and 0 <= sample.value < float("inf")]
    soonest = sorted((sample.value, sample.labels.get("target", ""), sample.labels.get("problem", "")) for sample in real)
    if not soonest:
        return "Nothing is expected to run out." if found else "What runs out next is not known: Prometheus has no forecast of this host."
    return f"Runs out next: {', '.join(_some(f'{target} ({problem}) in {_roughly(seconds)}' for seconds, target, problem in soonest))}."


def _proof(world: World) -> str:
    proved_at = selftests.last_proof(world.journal)
    return f"The self-test last went through {_when(world, proved_at)}." if proved_at else "No self-test has gone through yet."


def _where(world: World) -> Iterator[str]:
    yield f"All of it: {world.config.links.console}"


def _some(told: Iterable[str]) -> list[str]:
    """Return the first of what is told, and how many more there are."""
    every = list(told)
    return every if len(every) <= _MOST else [*every[:_MOST], f"and {len(every) - _MOST} more"]


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 3]}..."


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _roughly(seconds: float) -> str:
    unit, name = (DAY, "day") if seconds >= 2 * DAY else (HOUR, "hour")
    count = max(1, round(seconds / unit))
    return f"{count} {name}{'s' if count > 1 else ''}"


def _when(world: World, timestamp: float | None) -> str:
    return local_time(timestamp or 0.0, world.config.notifications.location).strftime("%a %d %b %H:%M")
