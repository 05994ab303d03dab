"""A silence that Alertmanager loses holds until its end, over restarts of both; one that a person ends is over at once."""

from __future__ import annotations

import pathlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.journal.silences import forget, remember
from actor.reconcile import reconcile
from actor.situation import ask_silences
from homeostat.alertmanager import Matcher, Silence, SilenceStatus
from homeostat.clock import rfc3339
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import HOUR, MINUTE, NOW, WEB, Actor, Host


def silence(name: str, starts: float, ends: float, state: str = "active") -> Silence:
    return Silence(name, (Matcher("target", "web"),), "ada", "a film", rfc3339(starts), rfc3339(ends), SilenceStatus(state))


@pytest.fixture
def actor(tmp_path: pathlib.Path) -> Actor:
    return Actor(Host(tmp_path))


def muted(actor: Actor) -> list[str]:
    """Return the ids of the silences that hold now."""
    found = ask_silences(actor.world)
    assert found is not None
    return sorted(each.id for each in found.active)


def test_what_a_crash_of_alertmanager_loses_holds_until_its_end(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", NOW, NOW + HOUR)]
    assert muted(actor) == ["s1"]
    actor.alertmanager.crash()
    assert muted(actor) == ["s1"]
    actor = actor.restarted()
    assert muted(actor) == ["s1"]
    actor.clock.advance(HOUR + 1)
    assert muted(actor) == []


def test_what_a_person_ends_is_over_at_once(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", NOW, NOW + HOUR)]
    assert muted(actor) == ["s1"]
    actor.alertmanager.active = []
    assert muted(actor) == []
    actor.alertmanager.crash()
    assert muted(actor) == []


def test_what_was_to_begin_later_begins_although_it_was_lost(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", NOW + HOUR, NOW + 2 * HOUR, "pending")]
    told = ask_silences(actor.world)
    assert told is not None
    assert told.active == ()
    actor.alertmanager.crash()
    assert muted(actor) == []
    actor.clock.advance(HOUR)
    assert muted(actor) == ["s1"]


def test_nothing_is_executed_under_a_lost_silence_and_its_reason_says_how_to_end_it(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", NOW, NOW + HOUR)]
    reconcile(actor.world)
    actor.alertmanager.crash()
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().reason.endswith("a film (Alertmanager has lost it, but it is not over: homeostat resume ends it)")
    assert actor.host.restarts() == 0
    pages = pages_of(actor)
    assert [lost["id"] for lost in pages.client.get("/api/v1/status", headers=AS_OPERATOR).get_json()["lost_silences"]] == ["s1"]
    assert pages.client.post("/api/v1/silences/forget", headers=AS_OPERATOR).get_json() == {"forgotten": 1}
    actor.turn()
    assert actor.host.restarts() == 1


def test_what_alertmanager_has_is_not_forgotten(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", NOW, NOW + HOUR)]
    assert muted(actor) == ["s1"]
    assert forget(actor.journal, actor.alertmanager.every_silence()) == 0
    actor.alertmanager.crash()
    assert muted(actor) == ["s1"]


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("made"), st.sampled_from("abc"), st.integers(-30, 30), st.integers(1, 60)),
        st.tuples(st.just("ended"), st.sampled_from("abc")),
        st.tuples(st.just("crash")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("passes"), st.integers(1, 40)),
    ),
    max_size=12,
)


@given(EVENTS)
def test_a_silence_holds_from_its_start_to_its_end_unless_a_person_ended_it(events: list[tuple[object, ...]]) -> None:
    """Against the plain statement: what was made and not ended by a person holds for its time, whatever crashes."""
    with tempfile.TemporaryDirectory() as folder:
        _holds(Actor(Host(pathlib.Path(folder))), events)


def _holds(actor: Actor, events: list[tuple[object, ...]]) -> None:
    made: dict[str, tuple[float, float]] = {}
    at_alertmanager: dict[str, Silence] = {}
    for number, event in enumerate(events):
        now = actor.clock.now()
        if event[0] == "made":
            starts, ends = now + float(event[2]) * MINUTE, now + 30 * MINUTE + float(event[3]) * MINUTE  # type: ignore[arg-type]
            name = f"{event[1]}{number}"
            made[name] = (starts, ends)
            at_alertmanager[name] = silence(name, starts, ends)
        elif event[0] == "ended":
            for name in [each for each in at_alertmanager if each.startswith(str(event[1]))]:
                known = at_alertmanager[name]
                at_alertmanager[name] = silence(name, made[name][0], min(now, made[name][1]), "expired") if known.status.state != "expired" else known
                made.pop(name, None)
        elif event[0] == "crash":
            at_alertmanager = {}
        elif event[0] == "restart":
            actor = actor.restarted()
        else:
            actor.clock.advance(float(event[1]) * MINUTE)  # type: ignore[arg-type]
        now = actor.clock.now()
        told = []
        for name, each in at_alertmanager.items():
            if name in made:
                starts, ends = made[name]
                state = "pending" if now < starts else "active" if now < ends else "expired"
                told.append(silence(name, starts, ends, state))
            else:
                told.append(each)
        lost = remember(actor.journal, told, now)
        holds = {each.id for each in told if each.status.state == "active"} | {each.id for each in lost}
        assert holds == {name for name, (starts, ends) in made.items() if starts <= now < ends}
    actor.journal.close()
