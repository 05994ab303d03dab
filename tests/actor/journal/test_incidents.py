"""Incidents and their story: one per open episode, moved and settled in transactions, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, incidents, totals, verdicts
from actor.model import Command, Decided, EpisodeKey, Incident, Plan, Verdict
from homeostat.config import Duration, Size
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


ALLOW, REFUSE = Verdict("allow", "fine"), Verdict("refuse", "no")


def ask(journal: Journal, at: float, **said: Verdict) -> None:
    with journal.transaction() as db:
        verdicts.record(db, found(journal), said, at)


def test_the_same_verdicts_are_stored_once(journal: Journal) -> None:
    opened(journal)
    for number in range(3):
        ask(journal, NOW + number, known=ALLOW, age=REFUSE)
    assert len(verdicts.given_on(journal, "i1")) == 2
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_an_allowing_gate_that_words_it_differently_is_no_news(journal: Journal) -> None:
    opened(journal)
    for number in range(3):
        ask(journal, NOW + number, known=Verdict("allow", f"heard of {number} s ago"), age=REFUSE)
    assert len(verdicts.given_on(journal, "i1")) == 2


def test_another_verdict_is_stored_with_all_that_were_asked_beside_it(journal: Journal) -> None:
    opened(journal)
    ask(journal, NOW, known=ALLOW, age=REFUSE)
    ask(journal, NOW + 1, known=ALLOW, age=ALLOW)
    ask(journal, NOW + 2, known=ALLOW, age=REFUSE)
    assert [(said["gate"], said["answer"]) for said in verdicts.given_on(journal, "i1")] == [
        ("known", "allow"), ("age", "refuse"), ("known", "allow"), ("age", "allow"), ("known", "allow"), ("age", "refuse"),
    ]  # fmt: skip
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 2


def test_a_no_that_goes_on_keeps_its_first_and_its_latest_wording(journal: Journal) -> None:
    opened(journal)
    for number in range(300):
        ask(journal, NOW + 60 * number, known=ALLOW, age=Verdict("refuse", f"last confirmed {number} min ago"))
    told = [said["reason"] for said in verdicts.given_on(journal, "i1") if said["gate"] == "age"]
    assert told == ["last confirmed 0 min ago", "last confirmed 299 min ago"]
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_another_answer_of_the_same_gate_is_told_beside_the_first(journal: Journal) -> None:
    opened(journal)
    for number in range(6):
        ask(journal, NOW + number, age=Verdict("refuse" if number < 3 else "defer", f"no {number}"))
    assert [said["reason"] for said in verdicts.given_on(journal, "i1")] == ["no 0", "no 2", "no 3", "no 5"]


def test_gates_that_change_their_minds_for_ever_keep_the_first_asking_and_the_latest(journal: Journal) -> None:
    incident = opened(journal)
    with journal.transaction() as db:
        for number in range(1500):
            verdicts.record(db, incident, {"known": ALLOW, "age": REFUSE if number % 2 else ALLOW}, NOW + number)
    told = verdicts.given_on(journal, "i1")
    assert [said["asked_at"] - NOW for said in told[:2]] == [0, 0]
    assert [said["asked_at"] - NOW for said in told[2:]] == [number for number in range(1000, 1500) for _ in range(2)]
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 750


def test_a_clock_that_was_set_back_does_not_make_old_verdicts_the_latest(journal: Journal) -> None:
    opened(journal)
    ask(journal, NOW, known=ALLOW, age=ALLOW)
    for number in range(3):
        ask(journal, NOW - 5000 + number, known=ALLOW, age=REFUSE)
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_a_verdict_keeps_the_inputs_that_it_saw(journal: Journal) -> None:
    opened(journal)
    ask(journal, NOW, age=Verdict("refuse", "old", {"age_seconds": 1.5, "most": Duration(900), "names": ["a\0"]}))
    assert verdicts.given_on(journal, "i1")[0]["inputs"] == {"age_seconds": 1.5, "most": 900.0, "names": ["a\0"]}


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
