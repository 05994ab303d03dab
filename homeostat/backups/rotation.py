"""Which snapshots of one source stay and which are redundant, and why: a pure function of their times, the rule and the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from homeostat.backups.names import place_of
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homeostat.backups.snapshots import Snapshot
    from homeostat.config.backups import Backup


class Judged(NamedTuple):
    """A snapshot, whether it stays, why in words, and whether the rule alone says so."""

    snapshot: Snapshot
    stays: bool
    why: str
    by_rule: bool = False


def judge(backup: Backup, snapshots: Sequence[Snapshot], now: float, needed: Mapping[int, str]) -> list[Judged]:
    """Judge the snapshots of one source, the oldest first; `needed` says of some, by their number, why they stay whatever the rule.

    Everything that is younger than `keep.all` stays, then the first of each day, each week and each month until their ages,
    the newest `least_count` in any case, and what is not complete. So what stays of an older day was there when it was
    younger: nothing that was deleted is missed later.
    """
    complete = [snapshot for snapshot in sorted(snapshots, key=_order) if snapshot.complete]
    past = [snapshot for snapshot in complete if snapshot.at <= now]
    counted_to = reference([snapshot.at for snapshot in past], now, backup)
    reasons = dict(_by_rule(backup, past, counted_to))
    return [_judged(backup, snapshot, (now, counted_to), (reasons, needed)) for snapshot in sorted(snapshots, key=_order)]


def _order(snapshot: Snapshot) -> tuple[float, int]:
    return snapshot.at, snapshot.number


def _judged(backup: Backup, snapshot: Snapshot, when: tuple[float, float], known: tuple[Mapping[int, str], Mapping[int, str]]) -> Judged:
    (now, counted_to), (reasons, needed) = when, known
    held = snapshot.held or ("it holds subvolumes of its own" if snapshot.nested else None) or needed.get(snapshot.number)
    if held is not None:
        return Judged(snapshot, True, held)
    if not snapshot.complete:
        return Judged(snapshot, True, "it can be written: it is being received, or somebody works in it")
    if snapshot.at > now:
        return Judged(snapshot, True, "its time has not come: somebody's clock was, or is, wrong")
    if snapshot.number in reasons:
        return Judged(snapshot, True, reasons[snapshot.number], by_rule=True)
    return Judged(snapshot, False, _redundant(backup, counted_to - snapshot.at), by_rule=True)


def _redundant(backup: Backup, age_seconds: float) -> str:
    keep = backup.keep
    if keep.monthlies is not None and age_seconds >= keep.monthlies:
        return f"it is older than {keep.monthlies}"
    unit = next((unit for unit, until in (("day", keep.dailies), ("week", keep.weeklies)) if age_seconds < until), "month")
    return f"it is {Duration(age_seconds // 86400 * 86400)} old, and an earlier one of its {unit} stays"


def _by_rule(backup: Backup, past: Sequence[Snapshot], counted_to: float) -> Iterator[tuple[int, str]]:
    """Yield the number of each snapshot that the rule keeps with the reason; the last reason is the strongest."""
    keep = backup.keep
    places = {snapshot.number: place_of(snapshot.at, backup.timezone) for snapshot in past}
    forever = float("inf") if keep.monthlies is None else keep.monthlies
    for unit, until in (("month", forever), ("week", keep.weeklies), ("day", keep.dailies)):
        firsts: dict[tuple[int, ...], Snapshot] = {}
        for snapshot in past:
            firsts.setdefault(getattr(places[snapshot.number], unit), snapshot)
        for first in firsts.values():
            if counted_to - first.at < until:
                yield first.number, f"it is the first of its {unit}"
    for snapshot in past:
        if counted_to - snapshot.at < keep.all:
            yield snapshot.number, f"it is younger than {keep.all}"
    for snapshot in past[-backup.least_count :]:
        yield snapshot.number, f"it is one of the newest {backup.least_count}"
    for snapshot in past[-1:]:
        yield snapshot.number, "it is the newest"


def reference(times: Sequence[float], now: float, backup: Backup) -> float:
    """Return the moment to which ages are counted, of the ascending times of snapshots: now, while they come as they should.

    After a hole longer than `keep.all` (or two `max_age`) ages stand still at the last snapshot before it, until the
    series has gone on for `keep.all` with at least `least_count` of them: neither a clock that jumped nor backups that stopped
    may make everything old.
    """
    hole_seconds = max(backup.keep.all, 2 * backup.max_age)
    run: list[float] = []
    end = now
    for at in reversed(times):
        if (run[-1] if run else end) - at > hole_seconds:
            if len(run) >= backup.least_count and end - run[-1] >= backup.keep.all:
                break
            run, end = [], at
        run.append(at)
    return end
