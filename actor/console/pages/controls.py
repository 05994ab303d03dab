"""`/controls`: what holds now and how to end it, and the forms to pause, to stop everything, and to resume."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import flask

from actor.console.held import Held, held_by_silences, judged_silences
from actor.console.page import Page, see_other, show, visit
from actor.console.visits import Message
from actor.journal import JournalError, controls, ledger
from actor.person import no
from actor.person.controls import INSTEAD, Who, end_silence, note_closed, pause, resume, stop
from homeostat.config import Duration
from homeostat.config.section import DAY
from homeostat.holds import breaker_hold, stop_hold
from homeostat.pausing import Pause
from homeostat.stopping import written_in
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from actor.person import Reply
    from actor.service import Service
    from actor.world import World
    from homeostat.silences import Judged

    Word = Callable[[World, Who, Mapping[str, str]], Reply]

LENGTHS = ("30m", "1h", "2h", "8h", "1d", "3d", "7d")
_LAST = 20
_LONGEST_SECONDS = 366 * DAY
_MOST_LETTERS = 1000
_PATIENCE_SECONDS = 0.5


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/controls", endpoint="controls")
    def look() -> flask.Response:
        world = service.world
        judged = judged_silences(world)
        said = _or_none(lambda: controls.latest(world.journal, _LAST))
        return show(
            "controls",
            stopped=world.stop.reason(),
            lifts_here=not any(written_in(path) for path in world.stop.paths if path != world.stop.own),
            silences_known=world.silences is not None,
            heard_at=world.silences.answered_at if world.silences is not None else None,
            held=_held(world, judged),
            warnings=[warning for one in judged for warning in one.warnings()],
            services=sorted(world.config.services),
            filesystems=sorted(world.config.filesystems),
            actions=sorted(name for name in world.playbooks if name != SELFTEST),
            lengths=LENGTHS,
            said=said,
        )

    _add_words(console, service)


def _add_words(console: flask.Blueprint, service: Service) -> None:
    asking = threading.Lock()
    words: dict[str, Word] = {
        "pause": _one_at_a_time(asking, _pause),
        "end": _one_at_a_time(asking, lambda world, who, form: end_silence(world, who, form.get("silence", ""), sure=bool(form.get("sure")))),
        "close": lambda world, who, _: note_closed(world, who),
        "stop": lambda world, who, form: stop(world, who) if form.get("sure") else no("nothing is stopped: tick the box too, which says that you are sure"),
        "resume": _one_at_a_time(
            asking,
            lambda world, who, form: resume(world, who) if form.get("sure") else no("nothing is resumed: tick the box too, which says that you are sure"),
            # At once or not at all: one that waited could lift a stop that was pulled after it was said.
            patience_seconds=0.0,
        ),
    }

    @console.post(f"/controls/<any({', '.join(words)}):word>")
    def control(word: str) -> flask.Response:
        form = flask.request.form
        who = Who(visit().author, " ".join(form.get("reason", "").split())[:_MOST_LETTERS])
        reply = words[word](service.world, who, form)
        service.bell.set()
        visit().message = Message(reply.taken, reply.reason)
        return see_other("controls")


def _one_at_a_time(asking: threading.Lock, word: Word, patience_seconds: float = _PATIENCE_SECONDS) -> Word:
    """Say a word that asks Alertmanager after the one before it: two presses of one button are one pause, for the second sees what the first has made.

    Each holds a thread of the web server; while Alertmanager hangs, whoever presses again must leave one to the stop and to what is delivered.
    """

    def say(world: World, who: Who, form: Mapping[str, str]) -> Reply:
        if not asking.acquire(timeout=patience_seconds):
            return no(f"Alertmanager has not answered what was said before; say it again in a moment. {INSTEAD}")
        try:
            return word(world, who, form)
        finally:
            asking.release()

    return say


def _pause(world: World, who: Who, form: Mapping[str, str]) -> Reply:
    try:
        wanted = _wanted(form, who.reason)
    except (ValueError, OverflowError) as error:
        return no(f"nothing is paused: {error}")
    return pause(world, who, wanted)


def _wanted(form: Mapping[str, str], reason: str) -> Pause:
    """Read what is to be paused. Raises ValueError with what does not fit."""
    kind, _, name = form.get("scope", "").partition(":")
    if kind not in {"", "service", "filesystem"}:
        raise ValueError(f"{kind!r} is nothing that can be paused; choose everything, a service or a file system")
    seconds = Duration.parse(form.get("for", "").strip())
    if seconds > _LONGEST_SECONDS:
        raise ValueError("a pause lasts a year at most; what is never to be done belongs into the configuration")
    narrowed: dict[str, Any] = {kind: name} if kind else {}
    return Pause(seconds=seconds, reason=reason, action=form.get("action") or None, **narrowed)


def _held(world: World, judged: list[Judged]) -> list[Held]:
    return [*_stops(world), *_breakers(world), *held_by_silences(world, judged)]


def _stops(world: World) -> Iterator[Held]:
    stopped = world.stop.reason()
    if stopped is not None:
        yield Held(stop_hold(stopped))


def _breakers(world: World) -> Iterator[Held]:
    now = world.clock.now()
    for breaker in _or_none(lambda: ledger.breakers(world.journal)) or ():
        standing = breaker.standing(now)
        if standing != "closed":
            described = {"scope": breaker.scope, "failures": breaker.failures, "open_until": breaker.open_until, "probe": breaker.probe, "standing": standing}
            yield Held(breaker_hold(described))


def _or_none(read: Callable[[], Any]) -> Any:
    """Read from the journal; what stops everything must be at hand while that cannot be read."""
    try:
        return read()
    except JournalError:
        return None


PAGE = Page(add=_add, title="Controls", order=50)
