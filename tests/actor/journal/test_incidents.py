"""Incidents and their story: one per open episode, moved and settled in transactions, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, incidents, totals
from actor.model import Command, Decided, EpisodeKey, Incident, Plan
from homeostat.config import Size
from tests.support import DISK, NOW, WEB

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Iterator[Journal]:
    opened = Journal(tmp_path, Size(4096))
    yield opened
    opened.close()


def decided(key: EpisodeKey = WEB, **changes: object) -> Decided:
    said = {"action": "service-restart", "risk": "low", "decision": "auto-execute", "severity": "warning", "confidence": 0.95}
    return Decided(key=key, **{**said, **changes})


def opened(journal: Journal, key: EpisodeKey = WEB, incident_id: str = "i1", at: float = NOW) -> Incident:
    with journal.transaction() as db:
        incidents.open_incident(db, incident_id, decided(key), (at, at))
    return found(journal, incident_id)


def found(journal: Journal, incident_id: str = "i1") -> Incident:
    incident = incidents.find(journal, incident_id)
    assert incident is not None
    return incident


def settled(journal: Journal, outcome: str, at: float = NOW) -> None:
    with journal.transaction() as db:
        incidents.settle(db, found(journal), outcome, "why", (at, None))


def count(journal: Journal, name: str, **labels: str) -> float:
    return sum(value for said, value in totals.read(journal).get(name, []) if labels.items() <= said.items())


def test_an_incident_begins_accepted_and_due(journal: Journal) -> None:
    incident = opened(journal)
    assert (incident.state, incident.outcome, incident.wake_at, incident.key) == ("accepted", None, NOW, WEB)
    assert incidents.due(journal, NOW) == [incident]
    assert incidents.due(journal, NOW - 1) == []


def test_there_is_one_incident_in_an_open_episode(journal: Journal) -> None:
    opened(journal)
    with pytest.raises(Exception, match="UNIQUE"):
        opened(journal, incident_id="i2")
    assert incidents.of_open_episode(journal, WEB) == found(journal)
    assert incidents.of_open_episode(journal, DISK) is None


def test_the_longest_waiting_comes_first(journal: Journal) -> None:
    opened(journal, WEB, "later", NOW)
    opened(journal, DISK, "sooner", NOW - 60)
    assert [incident.id for incident in incidents.due(journal, NOW)] == ["sooner", "later"]


def test_what_runs_is_not_due(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        incidents.move(db, incident, "running", "go", NOW)
    assert incidents.due(journal, NOW + 1) == []
    assert [incident.id for incident in incidents.running(journal)] == ["i1"]


def test_an_outcome_counts_once_however_often_it_is_settled(journal: Journal) -> None:
    opened(journal)
    for number in range(3):
        settled(journal, "refused", NOW + number)
    assert count(journal, "homeostat_actions_total", outcome="refused") == 1
    settled(journal, "shadowed")
    settled(journal, "refused")
    assert count(journal, "homeostat_actions_total") == 3


def test_a_settled_incident_has_an_outcome_and_no_state(journal: Journal) -> None:
    opened(journal)
    settled(journal, "refused")
    assert (found(journal).state, found(journal).outcome, found(journal).closed_at) == (None, "refused", NOW)


def test_the_time_of_an_execution_is_observed_and_of_a_refusal_not(journal: Journal) -> None:
    opened(journal)
    settled(journal, "refused")
    assert count(journal, "homeostat_action_duration_seconds_sum") == 0
    with journal.transaction() as db:
        db.execute("UPDATE incidents SET acted_at = ?", (NOW,))
    settled(journal, "succeeded", NOW + 7)
    assert count(journal, "homeostat_action_duration_seconds_sum", action="service-restart") == 7


def test_an_ended_episode_clears_what_still_waited_and_makes_room_for_the_next(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        incidents.end_episode(db, incident, NOW + 600)
    assert (found(journal).outcome, found(journal).episode_ended_at) == ("cleared", NOW + 600)
    assert count(journal, "homeostat_resolution_seconds_bucket", le="+Inf") == 1
    assert opened(journal, incident_id="i2").state == "accepted"


def test_an_ended_episode_keeps_the_outcome_that_it_had(journal: Journal) -> None:
    opened(journal)
    settled(journal, "succeeded")
    with journal.transaction() as db:
        incidents.end_episode(db, found(journal), NOW + 600)
    assert found(journal).outcome == "succeeded"


def test_a_reload_wakes_what_was_refused_shadowed_or_deferred_and_nothing_else(journal: Journal) -> None:
    for number, outcome in enumerate(("refused", "shadowed", "denied", "succeeded", "expired")):
        opened(journal, WEB._replace(target=outcome), f"i{number}")
        with journal.transaction() as db:
            incidents.settle(db, found(journal, f"i{number}"), outcome, "why", (NOW, None))
    for state in ("deferred", "proposed", "announced", "running"):
        opened(journal, WEB._replace(target=state), state)
        with journal.transaction() as db:
            incidents.move(db, found(journal, state), state, "why", NOW + 900)
    with journal.transaction() as db:
        incidents.wake_undecided(db, NOW + 1)
    assert {incident.target for incident in incidents.due(journal, NOW + 1)} == {"refused", "shadowed", "deferred"}


def test_what_waits_is_looked_at_again_when_it_grows_more_severe(journal: Journal) -> None:
    opened(journal)
    with journal.transaction() as db:
        incidents.move(db, found(journal), "deferred", "no maintenance window is open", NOW + 900)
        incidents.update(db, found(journal), decided(), (NOW + 1, NOW + 1), reopen=False)
    assert found(journal).wake_at == NOW + 900
    with journal.transaction() as db:
        incidents.update(db, found(journal), decided(severity="critical"), (NOW + 2, NOW + 2), reopen=False)
    assert found(journal).wake_at == NOW + 2


def test_a_phase_has_its_intent_before_its_result(journal: Journal) -> None:
    opened(journal)
    phase = incidents.intend(journal, "i1", "execute", {"what": "$(reboot)\0"}, NOW)
    (begun,) = incidents.phases_of(journal, "i1")
    assert (begun["intent"], begun["finished_at"], begun["result"]) == ({"what": "$(reboot)\0"}, None, None)
    with journal.transaction() as db:
        incidents.conclude(db, phase, {"moved": 3}, None, NOW + 1)
    (done,) = incidents.phases_of(journal, "i1")
    assert (done["result"], done["failure"], done["finished_at"]) == ({"moved": 3}, None, NOW + 1)


def plan(summary: str = "restart") -> Plan:
    command = Command(step="s", summary=summary, arguments={"b": 1, "a": 2}, expected="e", oracle="o")
    return Plan(action="a", target="t", commands=(command,), confidence=0.9, risk="low", duration_seconds=60.0)


def test_a_proposal_is_bound_to_its_plan(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        incidents.propose(db, incident, plan(), (NOW, NOW + 60))
        incidents.move(db, incident, "proposed", "why", NOW + 60)
    stored = incidents.proposal_of(journal, "i1")
    assert stored is not None
    assert stored["plan_hash"] == incidents.plan_hash(plan()) != incidents.plan_hash(plan("restart all"))
    assert [(waiting.id, expires) for waiting, expires in incidents.waiting_proposals(journal)] == [("i1", NOW + 60)]


def test_news_that_reopen_supersede_the_proposal(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        incidents.propose(db, incident, plan(), (NOW, NOW + 60))
        incidents.update(db, incident, decided(action="investigate"), (NOW + 5, NOW + 5), reopen=True)
    assert incidents.proposal_of(journal, "i1") is None
    assert (found(journal).action, found(journal).state, found(journal).wake_at) == ("investigate", "accepted", NOW + 5)


def test_news_that_do_not_reopen_leave_what_was_decided(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        incidents.update(db, incident, decided(action="none", decision="alert-only", severity="critical"), (NOW + 5, NOW + 5), reopen=False)
    after = found(journal)
    assert (after.action, after.decision, after.severity, after.last_firing_at) == ("service-restart", "auto-execute", "critical", NOW + 5)


def ended(journal: Journal, incident_id: str = "i1") -> list[dict[str, str]]:
    with journal.transaction() as db:
        incidents.end_episode(db, found(journal, incident_id), NOW + 600)
    return [labels for labels, _ in totals.read(journal)["homeostat_incidents_ended_total"]]


def did(journal: Journal, *phases: tuple[str, object], action_class: str = "restart") -> None:
    with journal.transaction() as db:
        db.execute(
            "INSERT INTO executions (incident_id, action, action_class, target, host, resource, started_at) VALUES ('i1', 'a', ?, 'web', 'nas', '', ?)",
            (action_class, NOW),
        )
    for name, result in phases:
        phase = incidents.intend(journal, "i1", name, None, NOW)
        with journal.transaction() as db:
            incidents.conclude(db, phase, result, None, NOW)


DEED = ("execute", {})


@pytest.mark.parametrize(
    ("phases", "acted"),
    [
        ((), "not"),
        ((("baseline", {"usage": 0.8}),), "not"),
        ((("baseline", {"usage": 0.8}), DEED, ("baseline", {"usage": 1.2}), DEED), "before"),
        ((("baseline", {"usage": 0.8}), ("baseline", {"usage": 1.0}), DEED), "after"),
        ((("baseline", {"usage": None}), DEED), "no_limit"),
    ],
    ids=["nobody acted", "nothing was begun", "the first deed counts", "from its own baseline", "what is only seen has none"],
)
def test_an_ended_episode_tells_whether_its_limit_was_still_ahead_when_something_was_done(
    journal: Journal, phases: tuple[tuple[str, object], ...], acted: str
) -> None:
    incident = opened(journal)
    did(journal, *phases)
    assert ended(journal) == [{"host": incident.host, "problem": incident.problem, "decision": "auto-execute", "acted": acted}]


def test_looking_into_it_is_not_acting_on_it(journal: Journal) -> None:
    opened(journal)
    did(journal, ("baseline", {"usage": 0.8}), DEED, action_class="read")
    assert [labels["acted"] for labels in ended(journal)] == ["only_read"]


def test_each_decision_counts_once_towards_its_actions_confidence_and_what_has_no_action_towards_none(journal: Journal) -> None:
    incident = opened(journal)
    for changed in (decided(confidence=0.5), decided(decision="propose", confidence=0.75), decided(action="none", confidence=0.0)):
        with journal.transaction() as db:
            incidents.update(db, incident, changed, (NOW, NOW), reopen=True)
        incident = found(journal)
    assert count(journal, "homeostat_action_confidence_ratio_bucket", action="service-restart") == 2
    assert count(journal, "homeostat_action_confidence_ratio_sum") == 0.95 + 0.75
