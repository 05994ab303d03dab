"""The catalogue's services as their managers tell: state, restarts, memory and health; and how many units of this host failed (SPEC 3.5)."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import msgspec

from exporter.observation import Happened, Looking, Metric, NotSeen, Observer, Sight, Trouble
from homeostat.config.catalogue import needs
from homeostat.config.section import DAY, HOUR
from homeostat.units import states
from homeostat.units.asking import Ended
from homeostat.units.places import Unreachable
from homeostat.units.states import State, States

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homeostat.config.observers import ServicesObserver

_HELP = {
    "service_observed": "Whether its manager told how a service of the catalogue is.",
    "service_up": "Whether a service of the catalogue runs.",
    "service_state": "Which state a service of the catalogue is in, as systemd calls it; masked and missing beside them.",
    "service_state_timestamp_seconds": "Since when a service of the catalogue is in its state.",
    "service_restarts_total": "How often a service was started again by its manager since somebody started it.",
    "service_unplanned_downtime_seconds_total": "How long a service of the catalogue was seen down that nobody had stopped.",
    "service_memory_bytes": "How much memory a service of the catalogue uses.",
    "service_healthy": "Whether the health check of a service's container passes; none where it has no such check, or has not been asked yet.",
    "failed_units": "How many units of this host failed, those of the catalogue's users among them.",
}
_UP = frozenset({"active", "reloading"})
_STATES = ("active", "reloading", "activating", "deactivating", "inactive", "failed", "masked", "missing")
_TOLD_SECONDS = DAY
_MOST_TOLD = 200
# What was stopped so long before something that it needs failed did not stop because of that.
_TOGETHER_SECONDS = HOUR


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was last seen of a service (`seen_at`, Unix seconds): its invocation and how that ended, how often it was started again, when of late, and whether it had failed.

    `down` says that it did not run although nobody had stopped it; `down_seconds` adds up for how long that was ever so.
    """

    invocation: str
    restarts: int = 0
    failed: bool = False
    restarted_at: tuple[float, ...] = ()
    ended: Ended = ""
    seen_at: float = 0.0
    down: bool = False
    down_seconds: float = 0.0


class Event(msgspec.Struct, frozen=True):
    """Something that happened to a service."""

    at: float
    target: str
    kind: str
    words: str


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of each service, and what happened in the last day."""

    services: dict[str, Known] = {}
    events: tuple[Event, ...] = ()


def _gather(looking: Looking) -> States:
    """Ask every manager of the catalogue once. Raises NotSeen where there is none on this host."""
    try:
        return states.look(looking.config.services)
    except Unreachable as fault:
        raise NotSeen(str(fault)) from None


def _read(facts: States, looking: Looking) -> Sight:
    before: Memory = looking.memory or Memory()
    settings = looking.config.exporter.observers.services
    seen = {name: _remembering(state, before.services.get(name)) for name, state in facts.services.items()}
    known = {name: _known(state, before.services.get(name), looking.now, settings) for name, state in seen.items()}
    troubles = tuple(_troubles(seen, known, looking))
    down = {trouble.target for trouble in troubles if seen[trouble.target].state not in _UP}
    known = {name: _downtime(each, seen[name], before.services.get(name), down=name in down) for name, each in known.items()}
    # What could not be seen now is remembered as it was.
    unseen = {name: before.services[name] for name in facts.unseen if name in before.services}
    fresh = [event for name, state in seen.items() if name in before.services for event in _happened(name, state, before.services[name], looking.now)]
    events = tuple(event for event in (*before.events, *fresh) if event.at > looking.now - _TOLD_SECONDS)[-_MOST_TOLD:]
    return Sight(
        metrics=tuple(_metrics(facts, known)),
        troubles=troubles,
        events=tuple(Happened(event.at, event.target, event.kind, event.words) for event in events),
        memory=Memory(services=known | unseen, events=events),
    )


def _remembering(state: State, before: Known | None) -> State:
    """Return a state with how its run ended as that was seen once: the journal forgets it."""
    if state.ended or before is None or not state.invocation or before.invocation != state.invocation or state.state not in {"inactive", "failed"}:
        return state
    return msgspec.structs.replace(state, ended=before.ended)


def _known(state: State, before: Known | None, now: float, settings: ServicesObserver) -> Known:
    """Return what is to be remembered: a restart is one that its manager counted since the last look.

    Who starts it by hand has it counted anew. After a gap in which nobody looked they may lie far apart, and none counts.
    """
    counted_on = before is not None and before.restarts <= state.restarts
    earlier = before.restarted_at if before is not None and counted_on else ()
    fresh = 0
    if before is not None and now - before.seen_at <= settings.loop_within:
        fresh = state.restarts - (before.restarts if counted_on else 0)
    # A clock that was set back has left none in the future.
    restarted_at = (*(min(at, now) for at in earlier), *itertools.repeat(now, min(fresh, settings.loop_restarts)))
    within = tuple(at for at in restarted_at if at > now - settings.loop_within)
    failed = state.state == "failed"
    return Known(invocation=state.invocation, restarts=state.restarts, failed=failed, restarted_at=within, ended=state.ended, seen_at=now)


def _downtime(known: Known, state: State, before: Known | None, *, down: bool) -> Known:
    """Add up for how long a service has been down since it was last seen, as its manager dates its state: also while nobody looked."""
    if before is None:
        return msgspec.structs.replace(known, down=down)
    now, changed_at = known.seen_at, max(before.seen_at, min(state.since or before.seen_at, known.seen_at))
    fresh = now - changed_at if down else changed_at - before.seen_at if before.down else 0.0
    return msgspec.structs.replace(known, down=down, down_seconds=before.down_seconds + max(0.0, fresh))


def _happened(name: str, state: State, before: Known, now: float) -> Iterator[Event]:
    at = state.since if state.since is not None and state.since <= now else now
    if state.state == "failed" and state.ended != "stopped" and (not before.failed or state.invocation != before.invocation):
        yield Event(at, name, "failure", f"{name} failed: {state.result}")
    elif state.state == "active" and before.invocation not in {"", state.invocation}:
        counted = f", for the {state.restarts}. time by its manager" if state.restarts > before.restarts else ""
        yield Event(at, name, "restart", f"{name} was started again{counted}")


def _metrics(facts: States, known: Mapping[str, Known]) -> Iterator[Metric]:
    for name, state in facts.services.items():
        of = {"target": name}
        yield Metric("service_observed", 1.0, of)
        yield Metric("service_up", float(state.state in _UP), of)
        for word in _STATES:
            yield Metric("service_state", float(state.state == word), of | {"state": word})
        if state.since is not None:
            yield Metric("service_state_timestamp_seconds", state.since, of)
        yield Metric("service_restarts_total", float(state.restarts), of)
        yield Metric("service_unplanned_downtime_seconds_total", known[name].down_seconds, of)
        if state.memory_bytes is not None:
            yield Metric("service_memory_bytes", float(state.memory_bytes), of)
        if state.health in {"healthy", "unhealthy"}:
            yield Metric("service_healthy", float(state.health == "healthy"), of)
    yield from (Metric("service_observed", 0.0, {"target": name}) for name in facts.unseen)
    if facts.failed_units is not None:
        yield Metric("failed_units", float(facts.failed_units))


def _troubles(seen: Mapping[str, State], known: Mapping[str, Known], looking: Looking) -> Iterator[Trouble]:
    failed = {name for name, state in seen.items() if state.state == "failed" and state.ended != "stopped"}
    for name, state in seen.items():
        broken = {each for each in failed & needs(looking.config.services, name) if not _stopped_before(state, seen[each])}
        found = _down(state, broken) or _sick(state, known[name], looking.config.exporter.observers.services)
        if found is not None:
            yield dataclasses.replace(found, target=name)


def _stopped_before(state: State, needed: State) -> bool:
    """Say whether somebody stopped a service long before what it needs failed, and so for a reason of their own."""
    return state.ended == "stopped" and state.since is not None and needed.since is not None and state.since < needed.since - _TOGETHER_SECONDS


def _trouble(confidence: float, words: str) -> Trouble:
    return Trouble("service_down", "", "service", confidence, "critical" if confidence == 1.0 else "warning", words)


def _down(state: State, broken: set[str]) -> Trouble | None:
    """Say why a service is down that should run; one that somebody stopped is none, however it ended then."""
    if state.state == "failed" and state.ended != "stopped":
        return _trouble(1.0, f"it failed: {state.result}")
    if state.state not in {"inactive", "failed"} or not state.wanted:
        return None
    if broken:
        return _trouble(0.95, f"it does not run, and {min(broken)}, which it needs, failed")
    if state.ended == "itself":
        return _trouble(0.9, "it is enabled, and ended by itself without an error")
    if state.ended == "unstarted":
        return _trouble(0.95, "it is enabled, and could not be started because what its unit requires did not start")
    return None


def _sick(state: State, known: Known, settings: ServicesObserver) -> Trouble | None:
    # One that somebody stopped meanwhile loops no more.
    if state.state in {"active", "reloading", "activating"} and len(known.restarted_at) >= settings.loop_restarts:
        return _trouble(0.95, f"its manager started it again {len(known.restarted_at)} times within {settings.loop_within}")
    if state.state == "active" and state.health == "unhealthy":
        return _trouble(0.95, "it runs, and the health check of its container fails")
    return None


OBSERVER = Observer(help=_HELP, facts=States, gather=_gather, read=_read, memory=Memory, needs_root=True)
