"""Error patterns in the journal (SPEC 3.5): how many of each at each component, how unusual that is, and where it comes from."""

from __future__ import annotations

import collections
import itertools
from typing import TYPE_CHECKING

import msgspec

from exporter.logbook.causes import causes_of
from exporter.logbook.components import component_of, places
from exporter.logbook.journal import Line, Place, read_on
from exporter.logbook.patterns import Pattern, found_in, known_patterns
from exporter.logbook.tally import OTHER, Cell, Hit, counted
from exporter.observation import Happened, Looking, Metric, Observer, Sight, Trouble
from homeostat.config.section import DAY, MINUTE
from homeostat.words import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exporter.logbook.causes import Cause
    from homeostat.config import Config

_HELP = {
    "log_errors_total": "Lines that held a pattern of an error, by pattern and component.",
    "log_risk_ratio": "How far the last hour of a pattern at a component is from its own week, 0..1; none where the hour had none.",
    "log_lines_total": "Lines of the journal that were read.",
    "log_lines_unread_total": "Lines of the journal that were too long or too broken to be read.",
    "log_skipped_seconds_total": "How much of the journal was skipped because the reading was too far behind.",
}
_MOST_BEHIND_SECONDS = 15 * MINUTE
_MOST_COMPONENTS = 60
_MOST_BURSTS = 50
_MOST_TOLD = 3


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """Errors that were many: since when, until when (Unix seconds, None while it lasts), and what was said of them."""

    pattern: str
    component: str
    began_at: float
    words: str
    ended_at: float | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the journal, and where that ended."""

    lines: tuple[Line, ...] = ()
    cursor: str | None = None
    unread: int = 0
    more: bool = False
    skipped_seconds: float = 0.0


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Where the journal was read to, since when it is watched, and what was counted."""

    watched_since: float
    read_to: float
    cursor: str | None = None
    lines: int = 0
    unread: int = 0
    skipped_seconds: float = 0.0
    cells: tuple[Cell, ...] = ()
    bursts: tuple[Burst, ...] = ()


def _gather(looking: Looking) -> Facts:
    """Read on from the last look; the first begins near now, and what is too far behind is skipped. Raises NotSeen."""
    settings, memory = looking.config.exporter.observers.logs, looking.memory
    earliest = looking.now - max(_MOST_BEHIND_SECONDS, 2 * settings.every)
    if memory is None:
        place, skipped_seconds = Place(None, looking.now - settings.every), 0.0
    elif memory.read_to < earliest:
        # Where all was read to its end, nothing but silence is skipped, unless nobody looked for as long.
        place, skipped_seconds = Place(None, earliest), earliest - memory.read_to
    else:
        place, skipped_seconds = Place(memory.cursor, memory.read_to), 0.0
    page = read_on(place, settings.most_lines)
    return Facts(lines=page.lines, cursor=page.cursor, unread=page.unread, more=page.more, skipped_seconds=skipped_seconds)


def _read(facts: Facts, looking: Looking) -> Sight:
    now, settings = looking.now, looking.config.exporter.observers.logs
    before: Memory = looking.memory or Memory(watched_since=now, read_to=now)
    patterns = known_patterns(settings.patterns)
    cells = counted(before.cells, _hits(facts.lines, looking.config, (patterns, before.cells)), now)
    causes = causes_of(cells)
    watched_since = min(before.watched_since, now)
    watched_seconds = now - watched_since
    cells = tuple(_stirred(cell, patterns, looking, watched_seconds) for cell in cells)
    memory = Memory(
        watched_since=watched_since,
        # While it is behind, it has read to its last line; at its end, to now.
        read_to=min(facts.lines[-1].at, now) if facts.more and facts.lines else now,
        cursor=facts.cursor or before.cursor,
        lines=before.lines + len(facts.lines),
        unread=before.unread + facts.unread,
        skipped_seconds=before.skipped_seconds + facts.skipped_seconds,
        cells=cells,
        bursts=_bursts(before.bursts, cells, (causes, watched_seconds), now),
    )
    events = tuple(Happened(burst.began_at, target_of(burst.component, looking.config), "errors", burst.words) for burst in memory.bursts)
    return Sight(tuple(_metrics(memory, watched_seconds)), _troubles(cells, looking, (causes, watched_seconds)), events, memory)


def target_of(component: str, config: Config) -> str:
    """Return the target that a component's errors are a problem of: a service of the catalogue, else the host."""
    return component if component in config.services else config.host


def _hits(lines: Sequence[Line], config: Config, known: tuple[Mapping[str, Pattern], Sequence[Cell]]) -> Iterator[Hit]:
    patterns, cells = known
    own, components = places(config.services), {cell.component for cell in cells}
    for line in lines:
        component = component_of(line, own)
        if component is None:
            continue
        for pattern, details in found_in(line.message, patterns.values()):
            if component not in components and component not in config.services and len(components) >= _MOST_COMPONENTS:
                component = OTHER
            components.add(component)
            yield Hit(line.at, pattern.name, component, details)


def _stirred(cell: Cell, patterns: Mapping[str, Pattern], looking: Looking, watched_seconds: float) -> Cell:
    """Note since when there are enough of them and more than usual; what is of no more than informative severity never is."""
    settings, pattern = looking.config.exporter.observers.logs, patterns.get(cell.pattern)
    many = pattern is not None and pattern.severity != "info" and cell.in_hour >= (pattern.enough or settings.enough)
    if not many or watched_seconds < settings.learns or cell.risk(watched_seconds) < settings.risk:
        return msgspec.structs.replace(cell, burst_since=None)
    return msgspec.structs.replace(cell, burst_since=cell.burst_since or cell.first_at)


def _bursts(before: Sequence[Burst], cells: Sequence[Cell], judged: tuple[Sequence[Cause], float], now: float) -> tuple[Burst, ...]:
    """Return the bursts of the last day, those that last in their words of now."""
    burning = {(cell.pattern, cell.component): cell for cell in cells if cell.burst_since is not None}
    ended = [msgspec.structs.replace(burst, ended_at=burst.ended_at or now) for burst in before if _key(burst) not in burning or burst.ended_at is not None]
    recent = [burst for burst in ended if burst.ended_at is not None and burst.ended_at > now - DAY]
    lasting = [Burst(pattern=cell.pattern, component=cell.component, began_at=cell.burst_since or now, words=_words(cell, *judged)) for cell in burning.values()]
    return tuple(sorted((*recent, *lasting), key=lambda burst: burst.began_at)[-_MOST_BURSTS:])


def _key(burst: Burst) -> tuple[str, str]:
    return burst.pattern, burst.component


def _words(cell: Cell, causes: Sequence[Cause], watched_seconds: float) -> str:
    cause = next((cause.sentence for cause in causes if cause.component == cell.component), None)
    usual = cell.norm(watched_seconds)
    counted = f"{cell.in_hour} {cell.pattern} of {cell.component} in an hour, usually {usual:.3g}"
    return f"{counted}: {cause}" if cause is not None else counted


def _metrics(memory: Memory, watched_seconds: float) -> Iterator[Metric]:
    for cell in memory.cells:
        labels = {"pattern": cell.pattern, "component": cell.component}
        yield Metric("log_errors_total", cell.total, labels)
        if cell.minutes:
            yield Metric("log_risk_ratio", cell.risk(watched_seconds), labels)
    yield Metric("log_lines_total", memory.lines)
    yield Metric("log_lines_unread_total", memory.unread)
    yield Metric("log_skipped_seconds_total", memory.skipped_seconds)


def _troubles(cells: Sequence[Cell], looking: Looking, judged: tuple[Sequence[Cause], float]) -> tuple[Trouble, ...]:
    """Return one problem for each target that has error bursts, in the words of the most urgent of them."""
    patterns, config = known_patterns(looking.config.exporter.observers.logs.patterns), looking.config
    urgent = {name: SEVERITIES.index(pattern.severity) for name, pattern in patterns.items()}
    of_target: dict[str, list[Cell]] = collections.defaultdict(list)
    for cell in cells:
        if cell.burst_since is not None:
            of_target[target_of(cell.component, config)].append(cell)
    return tuple(_trouble(target, sorted(burning, key=lambda cell: (urgent[cell.pattern], -cell.in_hour)), patterns, judged) for target, burning in of_target.items())


def _trouble(target: str, burning: Sequence[Cell], patterns: Mapping[str, Pattern], judged: tuple[Sequence[Cause], float]) -> Trouble:
    causes, watched_seconds = judged
    told = [_words(cell, causes, watched_seconds) for cell in itertools.islice(burning, _MOST_TOLD)]
    more = f"; and {len(burning) - _MOST_TOLD} more" if len(burning) > _MOST_TOLD else ""
    confidence = max(cell.risk(watched_seconds) for cell in burning)
    return Trouble("log_errors", target, "log", confidence, patterns[burning[0].pattern].severity, "; ".join(told) + more)


OBSERVER = Observer(help=_HELP, facts=Facts, gather=_gather, read=_read, memory=Memory)
