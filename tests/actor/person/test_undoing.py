"""A person's undo: what goes back, what says before that it never will, and what is left to somebody else's edit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.journal import incidents, undo_records, words
from actor.model import Plan, Undoing
from actor.person import Spoken
from actor.person.undoing import Undone, undo
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, pages_of
from tests.crash import Killed, Reaper, reaping
from tests.support import DAY, DISK, HOUR, WEB, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from actor.model import Case, Restored


@pytest.fixture
def data(host: Host) -> pathlib.Path:
    """Make a file that the service's restart writes."""
    path = host.service / "data"
    path.write_text("before")
    (host.service / "writes").touch()
    return path


@pytest.fixture
def actor(host: Host, data: pathlib.Path) -> Iterator[Actor]:
    running = Actor(host, services={"web": {"files": [str(data)]}})
    yield running
    running.journal.close()


def restarted(actor: Actor) -> str:
    """Let a restart run, then take the service down, for nothing goes back under a running one."""
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    (actor.host.service / "down").touch()
    return actor.incident().id


def undone(actor: Actor, incident_id: str = "", *, dry_run: bool = False) -> Undone:
    return undo(actor.world, Spoken(incident_id, "ada@desk", "it was right before"), dry_run=dry_run)


def test_the_last_action_is_none_that_only_read(actor: Actor) -> None:
    incident_id = restarted(actor)
    found = undo_records.last(actor.journal)
    assert found is not None
    assert found.incident_id == incident_id
    assert undo_records.last(actor.journal, None, ["service-restart"]) is None
    assert undo_records.last(actor.journal, incident_id, ["service-restart"]) == found


def record(actor: Actor) -> undo_records.UndoRecord:
    found = undo_records.last(actor.journal)
    assert found is not None
    return found


def test_what_the_last_action_changed_goes_back_and_its_story_says_who_took_it_back(actor: Actor, data: pathlib.Path) -> None:
    incident_id = restarted(actor)
    assert data.read_text() == "by the restart\n"
    done = undone(actor)
    assert (done.taken, done.incident_id, done.restored, done.paths, done.conflicts) == (True, incident_id, 1, (str(data),), ())
    assert data.read_text() == "before"
    assert (record(actor).outcome, record(actor).restored) == ("rolled_back", 1)
    assert actor.phases()[-1] == "undo"
    (said,) = words.said_of(actor.journal, incident_id)
    assert (said.word, said.author, said.reason) == ("undone", "ada@desk", "it was right before")
    assert actor.incident().outcome == "succeeded"


def test_a_second_undo_does_no_more_and_reaches_for_no_earlier_action(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    first = undone(actor)
    data.write_text("by a person, later")
    again = undone(actor)
    assert again.taken
    assert again.reason.startswith("undone at ")
    assert (first.restored, again.restored, data.read_text()) == (1, 0, "by a person, later")


def test_a_dry_run_tells_and_changes_nothing(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    phases = actor.phases()
    told = undone(actor, dry_run=True)
    assert (told.restored, told.paths) == (1, (str(data),))
    assert "1 would go back" in told.reason
    assert (data.read_text(), record(actor).undone_at, actor.phases()) == ("by the restart\n", None, phases)


def test_an_undo_that_finds_nothing_changed_says_so(actor: Actor, data: pathlib.Path) -> None:
    (data.parent / "writes").unlink()
    restarted(actor)
    assert undone(actor).reason.endswith("): 0 put back, for nothing that is protected has changed")


def test_what_somebody_touched_since_is_left_and_named_and_the_undo_may_be_repeated(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    data.write_text("by a person")
    done = undone(actor)
    assert (done.taken, done.restored, done.conflicts) == (True, 0, (str(data),))
    assert data.read_text() == "by a person"
    assert record(actor).outcome == "rollback_conflict"
    assert undone(actor).conflicts == (str(data),)


def test_nothing_goes_back_under_a_running_service(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    (actor.host.service / "down").unlink()
    (left,) = undone(actor).conflicts
    assert "in use; its old state is in" in left
    assert data.read_text() == "by the restart\n"


def test_where_nothing_ran_there_is_nothing_to_undo(actor: Actor) -> None:
    assert undone(actor) == Undone(taken=False, reason="no action has run yet, so there is nothing to undo")
    assert undone(actor, "0a1b2c3d").reason == "there is no incident of that id; see: homeostat decisions"
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    assert undone(actor, actor.incident().id).reason == "nothing was done in that incident, so there is nothing to undo"


def test_an_undo_waits_for_no_running_action_but_says_which_it_is(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    with actor.journal.transaction() as db:
        incidents.move(db, actor.incident(), "running", "as if it ran", None)
    assert undone(actor).reason == "service-restart on web is running; wait for its end, or: homeostat stop"
    assert data.read_text() == "by the restart\n"


def test_nothing_starts_while_an_undo_runs(actor: Actor) -> None:
    actor.world.undoing = (Undoing("0a1b", "web"),)
    actor.decide(DISK, "disk-cleanup")
    actor.host.log("a.log.1")
    actor.turn()
    assert (actor.incident().state, actor.incident().reason) == ("deferred", "concurrency: an undo on web is running")
    assert undone(actor).taken is False


def test_an_undo_has_the_host_for_itself_and_lets_it_go(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    seen: list[tuple[tuple[Undoing, ...], str]] = []
    real = actor.world.hands.undo

    def meanwhile(about: Case, held: dict[str, Any]) -> Restored:
        seen.append((actor.world.undoing, undone(actor).reason))
        return real(about, held)

    actor.world.hands = dataclasses.replace(actor.world.hands, undo=meanwhile)
    assert undone(actor).restored == 1
    assert seen == [((Undoing(actor.incident().id, "web"),), "an undo on web is running")]
    assert actor.world.undoing == ()


def test_what_was_pruned_says_so(actor: Actor) -> None:
    restarted(actor)
    with actor.journal.transaction() as db:
        undo_records.prune(db, record(actor).id, "kept for 7d", actor.clock.now())
    assert undone(actor).reason.startswith("it can no longer be undone: what that needs was deleted at ")


def test_an_action_without_protection_says_what_it_loses_before_and_after(host: Host) -> None:
    actor = Actor(host)
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    loss = "a service loses what it holds in memory, as in a crash"
    assert loss in actor.alertmanager.posted[-1].annotations["description"]
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert undone(actor).reason == f"service-restart on web cannot be undone: {loss}"
    actor.journal.close()


def test_the_plan_says_what_can_be_undone_and_what_never(actor: Actor) -> None:
    actor.host.log("a.log.1")
    for target, playbook in (("web", "service-restart"), ("disk", "disk-cleanup")):
        key = WEB if target == "web" else DISK
        actor.decide(key, playbook, "propose")
        actor.turn()
    plans = {incident.action: plan(actor, incident.id) for incident in incidents.recent(actor.journal, 0.0)}
    assert plans["service-restart"].undo == "what it changes can be undone for 7d (protection preimage); that puts its files back, and starts nothing that is down then"
    assert plans["disk-cleanup"].undo.startswith("what it changes can be undone for 7d (protection quarantine); never to be undone once begun: purge-quarantine")


def plan(actor: Actor, incident_id: str) -> Plan:
    proposal = incidents.proposal_of(actor.journal, incident_id)
    assert proposal is not None
    return msgspec.convert(proposal["plan"], Plan)


def test_a_second_run_in_one_incident_has_an_old_state_of_its_own(actor: Actor, data: pathlib.Path) -> None:
    restarted(actor)
    (actor.host.service / "down").unlink()
    data.write_text("by a person, between")
    with actor.journal.transaction() as db:
        actor.clock.advance(DAY)
        incidents.move(db, actor.incident(), "accepted", "as if a person asked again", actor.clock.now())
        db.execute("DELETE FROM executions")
    actor.decide(WEB, "service-restart")
    (actor.host.service / "memory").write_text(str(900 * 1024))
    actor.turn()
    (actor.host.service / "down").touch()
    assert len(undo_records.of_incident(actor.journal, actor.incident().id)) == 2
    undone(actor)
    assert data.read_text() == "by a person, between"


def test_what_a_failed_command_had_changed_goes_back_at_once(actor: Actor, data: pathlib.Path) -> None:
    (actor.host.service / "refuses").touch()
    (actor.host.service / "writes").unlink()
    control = actor.host.control.read_text().replace("echo 'the service refuses'; exit 3", "echo half >data; touch down; exit 3")
    actor.host.control.write_text(control)
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "rolled_back"
    assert data.read_text() == "before"
    assert record(actor).outcome == "rolled_back"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_undo_that_is_killed_anywhere_is_finished_by_the_next(actor: Actor, data: pathlib.Path, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    restarted(actor)
    for number in range(100):
        try:
            with reaping(monkeypatch, Reaper(number, after=after)):
                undone(actor)
        except Killed:
            actor.world.undoing = ()
            assert data.read_text() in {"by the restart\n", "before"}
            continue
        break
    else:
        pytest.fail("it never came to its end")
    assert data.read_text() == "before"
    assert record(actor).outcome == "rolled_back"


def test_only_the_operator_undoes(actor: Actor, data: pathlib.Path) -> None:
    incident_id = restarted(actor)
    client = pages_of(actor).client
    body: dict[str, Any] = {"author": "ada@desk", "incident_id": incident_id}
    for headers in ({}, AS_ALERTMANAGER):
        assert client.post("/api/v1/undo", headers=headers, json=body).status_code == 401
    assert data.read_text() == "by the restart\n"
    answer = client.post("/api/v1/undo", headers=AS_OPERATOR, json=body)
    assert (answer.status_code, answer.json["restored"], data.read_text()) == (200, 1, "before")
    assert client.post("/api/v1/undo", headers=AS_OPERATOR, json={**body, "incident_id": "../etc"}).status_code == 400
    assert client.post("/api/v1/undo", headers=AS_OPERATOR, json={**body, "incident_id": "ffff"}).status_code == 409


def test_the_story_says_what_can_be_undone_and_how(actor: Actor) -> None:
    incident_id = restarted(actor)
    client = pages_of(actor).client
    (told,) = client.get(f"/api/v1/incidents/{incident_id}", headers=AS_OPERATOR).json["undo"]
    assert told == f"it can be undone until 2023-11-21T22:13:20Z (protection preimage): homeostat undo {incident_id}"
    undone(actor)
    (told,) = client.get(f"/api/v1/incidents/{incident_id}", headers=AS_OPERATOR).json["undo"]
    assert told.startswith("undone at ")


def test_the_story_says_what_was_done_that_nothing_brings_back(actor: Actor) -> None:
    actor.host.log("a.log.1")
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    assert actor.incident().outcome in {"succeeded", "warned"}
    (told,) = pages_of(actor).client.get(f"/api/v1/incidents/{actor.incident().id}", headers=AS_OPERATOR).json["undo"]
    assert told.startswith("it can be undone until ")
    assert "; this cannot be undone: delete " in told
    assert "; this cannot be undone: delete " in undone(actor).reason


def test_a_clock_that_is_set_moves_the_time_of_expiry_with_it(actor: Actor) -> None:
    restarted(actor)
    actor.turn()
    before = record(actor)
    actor.clock.jump(HOUR)
    actor.turn()
    assert record(actor).expires_at == pytest.approx(before.expires_at + HOUR)
