"""What a configuration says that is valid but surely not meant, one sentence each, beginning with the key's path."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, NamedTuple

from homeostat.config.autonomy import InForce, in_force
from homeostat.config.backups import holders
from homeostat.config.section import DAY, HOUR
from homeostat.config.shared_windows import SharedInterval
from homeostat.config.thresholds import NEVER
from homeostat.config.vital import is_vital, names_of
from homeostat.time_intervals import YEAR_DAYS, active, changes, local_time, next_opening, stretches
from homeostat.words import EXECUTING, RISKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config.autonomy import Autonomy, Entry
    from homeostat.config.types import Config

log = logging.getLogger(__name__)

_TEN_YEARS_DAYS = 10 * YEAR_DAYS
_MOSTLY = 0.5


def advise(config: Config, now: float) -> list[str]:
    """Return what is surely not meant in a valid configuration, as it is from `now` (Unix seconds) on."""
    return [*_on_windows(config, now), *_on_traffic(config, now), *_on_levels(config.autonomy), *_on_schedule(config, now), *_on_backups(config), *_on_services(config)]


def shut_for_ever(config: Config, now: float) -> bool:
    """Say whether no maintenance window ever opens again, as far as ten years can tell: nothing could ever be executed."""
    return bool(config.windows) and next_opening(config.windows, now, _TEN_YEARS_DAYS) is None


def log_advice(config: Config, now: float) -> None:
    """Log as warnings what is surely not meant."""
    for sentence in advise(config, now):
        log.warning("%s", sentence)


def _on_windows(config: Config, now: float) -> Iterator[str]:
    if not config.windows:
        return
    if shut_for_ever(config, now):
        yield "windows: none opens within ten years, so nothing could ever be executed"
        return
    opens_at = next_opening(config.windows, now)
    if opens_at is None:
        yield f"windows: none opens before {_moment(next_opening(config.windows, now, _TEN_YEARS_DAYS) or now, config.windows[0].location)}, so nothing is executed within a year"
        return
    for place, interval in enumerate(config.windows):
        if next_opening([interval], now, _TEN_YEARS_DAYS) is None:
            yield f"{'alertmanager.time_intervals: one of them' if isinstance(interval, SharedInterval) else f'windows[{place}]'} never opens within ten years"


def _on_traffic(config: Config, now: float) -> Iterator[str]:
    if not config.windows or not config.exporter.traffic:
        return
    longest = max((end - start for start, end in stretches(config.windows, now, now + YEAR_DAYS * DAY)), default=0.0)
    for place, traffic in enumerate(config.exporter.traffic):
        if traffic.length > longest:
            yield f"exporter.traffic[{place}].length: no maintenance window is as long as {traffic.length}, so {traffic.service} never has a quiet window"


def _on_levels(autonomy: Autonomy) -> Iterator[str]:
    """Yield each level that leaves nothing to be executed unasked, where neither the mode nor the ceiling says that this is meant."""
    if autonomy.mode == "interactive" or autonomy.ceiling not in EXECUTING:
        return
    for place, entry in enumerate((None, *autonomy.schedule)):
        standing, path = InForce(autonomy, entry), f"autonomy.schedule[{place - 1}] ({entry.name})" if entry is not None else "autonomy.level"
        if all(standing.threshold(risk, decision) >= NEVER for risk in RISKS for decision in EXECUTING):
            yield f"{path}: level {standing.level} under ceiling {autonomy.ceiling} leaves nothing that is executed unasked; ceiling propose says that more plainly"


def _on_schedule(config: Config, now: float) -> Iterator[str]:
    autonomy = config.autonomy
    if not autonomy.schedule:
        return
    if autonomy.mode == "interactive" or autonomy.ceiling not in EXECUTING:
        because = "mode is interactive" if autonomy.mode == "interactive" else f"ceiling is {autonomy.ceiling}"
        yield f"autonomy.schedule: its levels change nothing while autonomy.{because}, by which nothing is executed unasked"
    year = list(_pieces(config, now, now + YEAR_DAYS * DAY))
    for place, entry in enumerate(autonomy.schedule):
        told = _on_entry(config, year, place)
        if next_opening(entry.when, now, _TEN_YEARS_DAYS) is None:
            told = "never holds within ten years"
        if told is not None:
            yield f"autonomy.schedule[{place}] ({entry.name}): {told}"
    hole = _first_hole(year)
    # With one entry it is meant that something else holds outside it, but hardly for the last minute of the day.
    if hole is not None and (len(autonomy.schedule) > 1 or hole[1] - hole[0] < HOUR):
        zone, outside = autonomy.schedule[0].when[0].location, InForce(autonomy, None)
        yield (
            f"autonomy.schedule: no entry holds from {_moment(hole[0], zone)} to {_moment(hole[1], zone)}; "
            f"then it is level {outside.level} with at most {outside.max_actions_per_day} actions a day"
        )


class _Piece(NamedTuple):
    """A stretch in which nothing changes: from when until when, which entry holds, whose time it is, whether a window is open."""

    start: float
    end: float
    holding: Entry | None
    due: tuple[str, ...]
    is_open: bool


def _pieces(config: Config, start: float, end: float) -> Iterator[_Piece]:
    schedule = config.autonomy.schedule
    times = [*config.windows, *(interval for entry in schedule for interval in entry.when)]
    for opened, closed in itertools.pairwise([start, *changes(times, start, end), end]):
        due = tuple(entry.name for entry in schedule if active(entry.when, opened))
        is_open = not config.windows or "window" in config.limits.critical_passes or active(config.windows, opened)
        yield _Piece(opened, closed, in_force(config.autonomy, opened).entry, due, is_open)


def _on_entry(config: Config, year: list[_Piece], place: int) -> str | None:
    """Return what of an entry's own time comes to nothing in a year, None if it is as it should be."""
    entry = config.autonomy.schedule[place]
    due = [piece for piece in year if entry.name in piece.due]
    held = [piece for piece in due if piece.holding is entry]
    beaten = sum(piece.end - piece.start for piece in due if piece.holding is not None and piece.holding.level != entry.level)
    share = beaten / (sum(piece.end - piece.start for piece in due) or 1)
    if due and not held:
        return "never comes into force, for whenever it is its time an entry before it holds"
    if held and not any(piece.is_open for piece in held):
        return "no maintenance window is open while it holds, so nothing is executed under it"
    if share > _MOSTLY:
        return f"{share:.0%} of its time an entry before it holds, with another level; the first whose time it is wins"
    return None


def _first_hole(year: list[_Piece]) -> tuple[float, float] | None:
    """Return from when until when no entry holds, the first time that this begins and ends within the year."""
    runs = [(is_hole, list(pieces)) for is_hole, pieces in itertools.groupby(year, lambda piece: piece.holding is None)]
    holes = [(pieces[0].start, pieces[-1].end) for is_hole, pieces in runs if is_hole]
    whole = [hole for hole in holes if hole[0] > year[0].start and hole[1] < year[-1].end]
    return next(iter([*whole, *holes]), None)


def _on_backups(config: Config) -> Iterator[str]:
    """Yield each file system of backups that nobody watches for their room, so that a rotation comes after a clean-up or never."""
    targets = config.exporter.targets
    marked = {mark.mountpoint for mark in targets.backup.filesystems if mark.host in {None, config.host}} if targets.backup.enabled else set()
    for name in holders(config.backups):
        place = config.filesystems[name].path or name
        if place not in marked:
            yield f"backups: nothing sees when the backups on {name} run out of room; name {{mountpoint: {place}}} in exporter.targets.backup.filesystems"


def _on_services(config: Config) -> Iterator[str]:
    """Yield each service that keeps the host alive, which no action may touch, unless the owner says that it is there to be watched only."""
    for name, service in config.services.items():
        touched = next((each for each in sorted({name, *names_of(service)}) if is_vital(each)), None)
        if touched is not None and service.auto_restart:
            yield f"services.{name}: {touched!r} is never touched, as it keeps the host reachable, watched or alive; say auto_restart: false where it is only to be watched"


def _moment(timestamp: float, zone: str) -> str:
    return f"{local_time(timestamp, zone):%A %Y-%m-%d %H:%M} ({zone})"
