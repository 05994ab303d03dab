"""A person's word on everything at once: pause, end a silence, stop, resume, close the breakers; as the CLI's, and written down."""

from __future__ import annotations

import contextlib
import logging
import pathlib
from typing import TYPE_CHECKING, NamedTuple

from actor import learn
from actor.journal import JournalError, controls, held, incidents, silences
from actor.journal.controls import Control
from actor.noticed import source_of_silence, source_of_stop
from actor.person import no, yes
from actor.situation import ask_silences
from homeostat import stopping
from homeostat.alertmanager import AlertmanagerError
from homeostat.clock import rfc3339, unix_time
from homeostat.pausing import PauseError, end_pauses, make_pause, see_that_it_fits
from homeostat.silences import ended_at, is_pause, judge, known_names, pause_matchers, pauses

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator

    from actor.person import Reply
    from actor.world import World
    from homeostat.alertmanager import Silence
    from homeostat.pausing import Pause
    from homeostat.words import ControlWord

log = logging.getLogger(__name__)

INSTEAD = "To have nothing done at all, stop: that needs no Alertmanager."
_SAME_SECONDS = 60


class Who(NamedTuple):
    """Who speaks, as user@host, and why."""

    author: str
    reason: str = ""


def pause(world: World, who: Who, wanted: Pause) -> Reply:
    """Have nothing of what is `wanted` executed for a while; the same said twice in a moment is one pause."""
    now = world.clock.now()
    scope = _scope(wanted)
    try:
        see_that_it_fits(wanted, world.config, sorted(world.playbooks))
        twin = _twin(world, who, wanted, now)
        if twin is not None:
            return yes(f"{scope} is paused already by {who.author} until {ended_at(twin)}")
        made = make_pause(world.alertmanager, world.config, wanted, (who.author, now))
    except PauseError as error:
        return no(str(error))
    except AlertmanagerError as error:
        return no(f"nothing is paused: {error}. {INSTEAD}")
    # That it holds is noted when it is heard of, as of every silence.
    note = _hear(world)
    return yes(f"{scope} is paused until {rfc3339(now + wanted.seconds)}; people go on to hear of every problem{_besides(made.note)}{note}")


def _scope(wanted: Pause) -> str:
    target = wanted.service if wanted.service is not None else wanted.filesystem
    narrowed = [words for words in (f"target {target}" if target else "", f"action {wanted.action}" if wanted.action else "") if words]
    return ", ".join(narrowed) or "everything"


def _twin(world: World, who: Who, wanted: Pause, now: float) -> Silence | None:
    """Return the pause that a double click has made already."""
    matchers = set(pause_matchers(world.config.host, wanted.service or wanted.filesystem, wanted.action))
    same = (silence for silence in world.alertmanager.silences() if set(silence.matchers) == matchers and silence.created_by == who.author)
    return next((silence for silence in same if abs(unix_time(silence.ends_at) - now - wanted.seconds) < _SAME_SECONDS), None)


def end_silence(world: World, who: Who, silence_id: str, *, sure: bool) -> Reply:
    """End a silence that holds something back here; one that is no pause may mute more than this host, so who ends it must be sure."""
    try:
        known = [silence for silence in world.alertmanager.every_silence() if silence.id == silence_id and silence.status.state != "expired"]
        judged = judge(known, known_names(world.config, world.playbooks))
        if not judged:
            return no("that silence is over, or holds nothing of this host back")
        if not is_pause(judged[0].silence.matchers, world.config.host) and not sure:
            return no("that silence was not made by a pause and may mute more than this host: say that you are sure")
        with _by_word(world, [source_of_silence(silence_id)]):
            world.alertmanager.expire(silence_id)
    except AlertmanagerError as error:
        return no(f"the silence still holds, or nobody knows: {error}")
    note = _note(world, ("ended", judged[0].scope or "nothing", who)) + _wake(world)
    _hear(world)
    return yes(f"the silence of {judged[0].silence.created_by} is over: {judged[0].silence.comment}{note}")


def stop(world: World, who: Who) -> Reply:
    """Pull the kill switch, before anything else and whatever the journal does."""
    told = stopping.told_by(who.author, world.clock.now(), who.reason or "no reason was given")
    try:
        stopping.pull(world.stop.own, told, pathlib.Path(world.config.actor.state_directory, "ballast"))
    except OSError as error:
        return no(f"NOTHING IS STOPPED: {error}. On the host itself: sudo homeostat stop")
    log.warning("everything is stopped %s", told.strip())
    note = _note(world, ("stopped", "everything", who), source_of_stop(world.stop.own))
    return yes(f"everything is stopped, until you resume; what ran is ended or rolled back{note}")


def resume(world: World, who: Who) -> Reply:
    """Lift the stop, end every pause of this host, forget lost silences, close every breaker; what cannot be done keeps nothing else from being done."""
    steps: tuple[tuple[str, Callable[[World], str]], ...] = (
        ("the stop", _lift),
        ("the pauses", _end_pauses),
        ("what Alertmanager has lost", _forget),
        ("the breakers", _close),
    )
    done, failed = [], []
    for name, step in steps:
        try:
            done.append(step(world))
        except (AlertmanagerError, JournalError, OSError) as error:
            failed.append(f"{name}: {error}")
    note = _note(world, ("resumed", "everything", who))
    _hear(world)
    told = "; ".join(words for words in done if words) + note
    return yes(told) if not failed else no(f"not all: {'; '.join(failed)}. Done: {told}")


def _lift(world: World) -> str:
    """Lift the stops that may be lifted from here. Raises OSError with the others."""
    stopped = {path: source_of_stop(path) for path in world.stop.paths if stopping.written_in(path) is not None}
    _mark(world, held.settle, stopped.values())
    stay = stopping.lift(world.stop.paths)
    _mark(world, held.unsettle, [source for path, source in stopped.items() if stopping.written_in(path) is not None])
    if stay:
        raise OSError(f"it was pulled on the host, where root lifts it (sudo homeostat resume): {'; '.join(stay)}")
    return "the stop is lifted" if stopped else ""


def _end_pauses(world: World) -> str:
    """End this host's pauses. Raises AlertmanagerError where one stays."""
    ours = pauses(world.silences.active if world.silences is not None else (), world.config.host)
    with _by_word(world, [source_of_silence(silence.id) for silence in ours]):
        ended = end_pauses(world.alertmanager, world.config.host)
    if ended.not_over:
        _mark(world, held.unsettle, [source_of_silence(silence.id) for silence, _ in ended.not_over])
        raise AlertmanagerError("; ".join(f"that of {silence.created_by} stays: {why}" for silence, why in ended.not_over))
    return f"{len(ended.over)} {'pause is' if len(ended.over) == 1 else 'pauses are'} over" if ended.over else ""


def _forget(world: World) -> str:
    lost = world.silences.lost if world.silences is not None else ()
    with _by_word(world, [source_of_silence(silence.id) for silence in lost]):
        forgotten = forget_lost(world)
    return f"{forgotten} lost {'silence is' if forgotten == 1 else 'silences are'} over" if forgotten else ""


def _close(world: World) -> str:
    close_breakers(world)
    return "every breaker is closed"


def forget_lost(world: World) -> int:
    """Let the silences that Alertmanager has lost hold nothing any more; return how many there were. Raises AlertmanagerError and JournalError."""
    forgotten = silences.forget(world.journal, world.alertmanager.every_silence())
    with world.journal.transaction() as db:
        incidents.wake_undecided(db, world.clock.now())
    return forgotten


def close_breakers(world: World) -> None:
    """Close every breaker, and have what was refused looked at again. Raises JournalError."""
    with world.journal.transaction() as db:
        learn.reset_breakers(db)
        incidents.wake_undecided(db, world.clock.now())


def note_closed(world: World, who: Who) -> Reply:
    """Close every breaker on a person's word. Raises JournalError."""
    close_breakers(world)
    return yes(f"every breaker is closed{_note(world, ('closed', 'breakers', who))}")


@contextlib.contextmanager
def _by_word(world: World, sources: Collection[str]) -> Iterator[None]:
    """End silences by a person's word, which is noted as such; where Alertmanager does not end them they hold on."""
    _mark(world, held.settle, sources)
    try:
        yield
    except (AlertmanagerError, JournalError):
        _mark(world, held.unsettle, sources)
        raise


def _mark(world: World, mark: Callable[[sqlite3.Connection, Collection[str]], None], sources: Collection[str]) -> None:
    """Mark by whom these end; what cannot be written down ends all the same, and is noted as ended by nobody knows whom."""
    try:
        with world.journal.transaction() as db:
            mark(db, sources)
    except JournalError as error:
        log.warning("who ends %s is not written down: %s", ", ".join(sources), error)


def _note(world: World, said: tuple[ControlWord, str, Who], begins: str | None = None) -> str:
    """Write down what was done; return what is to be said where that was not possible, for it is done all the same.

    What `begins` to hold is noted once, whoever sees it first.
    """
    word, scope, who = said
    control = Control(word=word, scope=scope, author=who.author, said_at=world.clock.now(), reason=who.reason)
    try:
        with world.journal.transaction() as db:
            controls.say(db, control) if begins is None else held.begin(db, begins, control)
    except JournalError as error:
        return _not_taken_down(error)
    return ""


def _not_taken_down(error: JournalError) -> str:
    log.error("what was said is not written down: %s", error)
    return f"; the journal could not take it down: {error}"


def _wake(world: World) -> str:
    try:
        with world.journal.transaction() as db:
            incidents.wake_undecided(db, world.clock.now())
    except JournalError as error:
        return f"; what was refused is looked at again later: {error}"
    return ""


def _hear(world: World) -> str:
    """Know at once what holds now, as the next reconciling would; return what is to be said where that cannot be written down."""
    try:
        world.silences = ask_silences(world)
    except JournalError as error:
        return _not_taken_down(error)
    return ""


def _besides(note: str) -> str:
    return f"; {note}" if note else ""
