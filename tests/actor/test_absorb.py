"""Stored alerts become incidents: each is decided exactly once, and one episode is one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.absorb import absorb, read_decision
from actor.journal import Journal, JournalError, incidents, intake, ledger
from actor.model import Decided
from actor.timekeeper import follow_clock
from tests.support import DISK, WEB, labels_of

if TYPE_CHECKING:
    from actor.model import EpisodeKey
    from tests.support import Actor


def hear(actor: Actor, key: EpisodeKey = WEB, action: str = "service-restart", decision: str = "auto-execute", status: str = "firing") -> None:
    actor.hear(labels_of(key, action, decision), status)
    absorb(actor.world)


def dispositions(actor: Actor) -> list[tuple[str, str | None]]:
    return [tuple(row) for row in actor.journal.rows("SELECT disposition, incident_id FROM alerts ORDER BY id")]


def test_a_decision_alert_opens_an_incident_with_what_it_says(actor: Actor) -> None:
    hear(actor)
    incident = actor.incident()
    assert (incident.key, incident.action, incident.decision, incident.confidence, incident.state) == (WEB, "service-restart", "auto-execute", 0.95, "accepted")
    assert dispositions(actor) == [("opened", incident.id)]


def test_a_repeat_is_the_same_incident_heard_of_again(actor: Actor) -> None:
    hear(actor)
    actor.clock.advance(60)
    hear(actor)
    assert [said for said, _ in dispositions(actor)] == ["opened", "repeated"]
    assert actor.incident().last_firing_at == actor.clock.now()


def test_every_alert_is_decided_exactly_once_however_often_it_is_absorbed(actor: Actor) -> None:
    for _ in range(3):
        actor.hear(labels_of(WEB, "service-restart", "auto-execute"))
    assert (absorb(actor.world), absorb(actor.world)) == (3, 0)
    assert actor.total("homeostat_alerts_decided_total") == 3


def counted(patch: pytest.MonkeyPatch) -> list[Journal]:
    """Count the transactions from now on."""
    real, commits = Journal.transaction, []

    def transaction(journal: Journal) -> object:
        commits.append(journal)
        return real(journal)

    patch.setattr(Journal, "transaction", transaction)
    return commits


def test_many_alerts_are_decided_in_few_commits(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        actor.hear(labels_of(WEB._replace(target=f"web{number % 7}"), "service-restart", "auto-execute"))
    with monkeypatch.context() as patch:
        commits = counted(patch)
        assert absorb(actor.world) == 120
    assert len(commits) == 3
    assert len(incidents.open_episodes(actor.journal)) == 7


def test_a_batch_that_is_not_written_is_decided_again_as_a_whole(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        actor.hear(labels_of(WEB, "service-restart", "auto-execute"))
    real, decided = intake.decide, []

    def decide(*values: object) -> None:
        decided.append(values)
        if len(decided) == 3:
            raise JournalError("journal.db: not written: database or disk is full")
        real(*values)

    monkeypatch.setattr(intake, "decide", decide)
    with pytest.raises(JournalError):
        absorb(actor.world)
    assert dispositions(actor) == [(None, None)] * 3
    assert absorb(actor.world) == 3
    assert [said for said, _ in dispositions(actor)] == ["opened", "repeated", "repeated"]
    assert actor.total("homeostat_alerts_decided_total") == 3


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_nothing_is_decided_between_a_set_clock_and_its_being_followed(actor: Actor, step: float) -> None:
    follow_clock(actor.world)
    actor.clock.jump(step)
    actor.hear(labels_of(WEB, "service-restart", "auto-execute"))
    assert absorb(actor.world) == 0
    follow_clock(actor.world)
    assert absorb(actor.world) == 1
    assert actor.incident().wake_at == actor.clock.now()


def test_another_action_tier_or_risk_is_the_same_episode_looked_at_afresh(actor: Actor) -> None:
    hear(actor, decision="propose")
    first = actor.incident().id
    hear(actor, decision="auto-execute")
    hear(actor, action="none", decision="alert-only")
    assert [said for said, _ in dispositions(actor)] == ["opened", "updated", "updated"]
    assert (actor.incident().id, actor.incident().action, actor.incident().decision) == (first, "none", "alert-only")


def test_another_severity_or_fingerprint_is_no_reason_to_look_again(actor: Actor) -> None:
    hear(actor)
    actor.hear(labels_of(WEB, "service-restart", "auto-execute", severity="critical"))
    absorb(actor.world)
    assert dispositions(actor)[1][0] == "repeated"
    assert actor.incident().severity == "critical"


def test_each_host_problem_target_and_resource_is_an_episode_of_its_own(actor: Actor) -> None:
    for key in (WEB, DISK, WEB._replace(resource="fds"), WEB._replace(target="db")):
        hear(actor, key)
    assert len(incidents.open_episodes(actor.journal)) == 4


def test_resolved_is_noted_and_ends_nothing(actor: Actor) -> None:
    hear(actor)
    hear(actor, status="resolved")
    assert dispositions(actor)[1] == ("resolved", actor.incident().id)
    assert actor.incident().state == "accepted"


def test_resolved_of_what_nobody_knows_opens_nothing(actor: Actor) -> None:
    hear(actor, status="resolved")
    assert dispositions(actor) == [("resolved", None)]


@pytest.mark.parametrize("status", ["FIRING", "pending", "", "firing\0"])
def test_only_firing_opens(actor: Actor, status: str) -> None:
    hear(actor, status=status)
    assert dispositions(actor) == [("resolved", None)]


def test_another_hosts_alert_is_ignored(actor: Actor) -> None:
    hear(actor, WEB._replace(host="h2"))
    assert dispositions(actor) == [("ignored", None)]


def running(actor: Actor) -> None:
    hear(actor)
    incident = actor.incident()
    with actor.journal.transaction() as db:
        ledger.begin(db, incident, actor.world.playbooks["service-restart"], actor.clock.now())
        incidents.move(db, incident, "running", "go", None)


def test_news_do_not_disturb_what_runs_nor_change_what_it_is(actor: Actor) -> None:
    running(actor)
    hear(actor, action="none", decision="alert-only")
    assert (actor.incident().state, actor.incident().action, actor.incident().decision) == ("running", "service-restart", "auto-execute")


@pytest.mark.parametrize("outcome", ["denied", "vetoed", "succeeded", "failed", "stranded"])
def test_a_persons_no_and_an_execution_last_for_the_episode(actor: Actor, outcome: str) -> None:
    hear(actor)
    with actor.journal.transaction() as db:
        incidents.settle(db, actor.incident(), outcome, "why", (actor.clock.now(), None))
    hear(actor, decision="notify-execute")
    assert (actor.incident().outcome, actor.incident().wake_at, actor.incident().decision) == (outcome, None, "auto-execute")


@pytest.mark.parametrize("outcome", ["alerted", "refused", "shadowed", "expired"])
def test_what_was_not_done_is_looked_at_again_when_the_decision_changes(actor: Actor, outcome: str) -> None:
    hear(actor)
    with actor.journal.transaction() as db:
        incidents.settle(db, actor.incident(), outcome, "why", (actor.clock.now(), None))
    hear(actor, decision="notify-execute")
    assert (actor.incident().state, actor.incident().wake_at) == ("accepted", actor.clock.now())


def test_after_the_episode_the_same_trouble_is_a_new_incident(actor: Actor) -> None:
    hear(actor)
    first = actor.incident()
    with actor.journal.transaction() as db:
        incidents.end_episode(db, first, actor.clock.now())
    actor.clock.advance(1)
    hear(actor)
    assert actor.incident().id != first.id


GOOD = labels_of(WEB, "service-restart", "auto-execute")


def test_a_decision_is_read_with_its_confidence() -> None:
    decided = read_decision(GOOD, {"confidence": "0.957"})
    assert decided == Decided(key=WEB, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.957, labels=GOOD)


@pytest.mark.parametrize("text", ["", "high", "nan", "inf", "-0.1", "1.1", "0,9"])
def test_a_confidence_that_is_none_is_no_number_of_ours(text: str) -> None:
    decided = read_decision(GOOD, {"confidence": text})
    assert isinstance(decided, Decided)
    assert decided.confidence is None


def test_an_alert_that_is_no_decision_says_so() -> None:
    assert read_decision({"alertname": "HostDown"}, {}) == "alert 'HostDown' is no decision"
    assert read_decision({}, {}) == "alert '' is no decision"


@pytest.mark.parametrize("name", ["problem", "action", "host", "target", "resource"])
def test_a_missing_or_empty_label_is_named(name: str) -> None:
    for labels in ({**GOOD, name: ""}, {key: value for key, value in GOOD.items() if key != name}):
        assert read_decision(labels, {}) == f"the decision alert lacks the label {name}"


def test_a_decision_that_contradicts_its_alerts_name_is_none() -> None:
    assert read_decision({**GOOD, "decision": "propose"}, {}) == "label decision 'propose' contradicts the alert's name"


@pytest.mark.parametrize(("name", "value"), [("risk", "LOW"), ("severity", "page"), ("risk", "\0")])
def test_a_word_that_is_none_of_ours_is_told(name: str, value: str) -> None:
    assert str(read_decision({**GOOD, name: value}, {})).startswith("the decision alert bears a word that is none of ours")


@given(st.dictionaries(st.one_of(st.sampled_from([*GOOD]), st.text()), st.text()), st.dictionaries(st.just("confidence"), st.text()))
def test_whatever_an_alert_holds_it_is_read_or_told_in_words(labels: dict[str, str], annotations: dict[str, str]) -> None:
    assert isinstance(read_decision(GOOD | labels, annotations), Decided | str)


