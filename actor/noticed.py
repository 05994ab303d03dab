"""Notes among what people said each silence and each stop that holds something back here, and its end, wherever it was made."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from actor.journal import JournalError, held
from actor.journal.controls import Control
from actor.journal.held import Seen
from homeostat.clock import unix_time
from homeostat.holds import silence_holds, stop_words
from homeostat.silences import judge, known_names
from homeostat.stopping import written_in

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from actor.model import Silences
    from actor.world import World
    from homeostat.alertmanager import Silence
    from homeostat.silences import Judged

log = logging.getLogger(__name__)

_SAME_SECONDS = 1
_NOBODY_KNOWS = "not known"


def source_of_silence(silence_id: str) -> str:
    """Return by what a silence is known again."""
    return f"silence {silence_id}"


def source_of_stop(path: pathlib.Path) -> str:
    """Return by what the stop of a file is known again: what it says holds who and when."""
    return f"stop {path} {written_in(path)}"


def note_silences(world: World, told: Sequence[Silence], now_in_force: Silences) -> None:
    """Note which silences begin or end to hold something back here, as Alertmanager has just told; a record that cannot be written holds nothing up."""
    judged = judge(now_in_force.active, known_names(world.config, world.playbooks))
    holding = {source_of_silence(one.silence.id): said for one in judged if (said := _paused(one, now_in_force.answered_at)) is not None}
    lost = {silence.id for silence in now_in_force.lost}
    there = {silence.id for silence in told if silence.status.state != "expired"} | lost
    ended = {source_of_silence(silence.id): _time(silence.ends_at, now_in_force.answered_at) for silence in told if silence.status.state == "expired"}
    seen = Seen(holding, set(map(source_of_silence, there)), set(map(source_of_silence, there | {silence.id for silence in told})))
    try:
        held.follow(world.journal, "silence", seen, functools.partial(_over, ended, now_in_force.answered_at))
    except JournalError as error:
        log.warning("which silences hold something is not written down: %s", error)


def _paused(judged: Judged, now: float) -> Control | None:
    holds = silence_holds([judged])
    if not holds:
        return None
    return Control(
        word="paused", scope=holds[0].scope, author=holds[0].author, said_at=_time(judged.silence.starts_at, now), until=holds[0].until, reason=holds[0].reason
    )


def _over(ended: Mapping[str, float], now: float, source: str, scope: str, until: float | None) -> Control:
    at = min(ended.get(source, now), now)
    if until is not None and at >= until - _SAME_SECONDS:
        return Control(word="over", scope=scope, author="", said_at=until, reason="its time had come")
    return Control(word="ended", scope=scope, author=_NOBODY_KNOWS, said_at=at, reason="Alertmanager does not tell who ended it")


def note_stops(world: World) -> None:
    """Note which stops were pulled or lifted since the last look; a record that cannot be written holds nothing up."""
    told = {path: text for path in world.stop.paths if (text := written_in(path)) is not None}
    if told == world.stops_noted:
        return
    now = world.clock.now()
    holding = {f"stop {path} {text}": _stopped(text, now) for path, text in told.items()}
    # Any one stops everything, so all is resumed once none is left, however many there were, one over the other too.
    farewells = iter(() if told else (_lifted(now),))
    try:
        held.follow(world.journal, "stop", Seen(holding, holding, holding), lambda *_: next(farewells, None))
    except JournalError as error:
        log.warning("which stops hold is not written down: %s", error)
    else:
        world.stops_noted = told


def _stopped(text: str, now: float) -> Control:
    author, at, reason = stop_words(text)
    return Control(word="stopped", scope="everything", author=author, said_at=now if at is None else _time(at, now), reason=reason)


def _lifted(now: float) -> Control:
    return Control(word="resumed", scope="everything", author=_NOBODY_KNOWS, said_at=now, reason="the stop was lifted on the host")


def _time(text: str, otherwise: float) -> float:
    try:
        return unix_time(text)
    except (ValueError, OverflowError):
        return otherwise
