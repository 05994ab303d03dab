"""Calibration: what confidence foretold against what came of it, durable and corrected; a person's marks; and insights in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from actor.calibration import BIN_BOUNDS, brier_score, reliability
from actor.insights import insights
from actor.journal import ledger, trials
from actor.journal.trials import Before, Trial
from actor.learn import learn
from actor.reconcile import reconcile
from homeostat.words import EXECUTED
from tests.actor.gates.situations import incident
from tests.actor.test_learn import ended
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import HOST, MINUTE, NOW, WEB, Actor

if TYPE_CHECKING:
    from homeostat.words import Outcome


def trial(confidence: float | None, outcome: Outcome = "succeeded", recurred_at: float | None = None) -> Trial:
    before = Before(offset=ledger.Offset(action="a", value=0.0, moved_at=0.0), breakers=(), failures_in_row=0)
    said = {"id": 1, "incident_id": "i1", **WEB._asdict(), "action": "a", "ended_at": NOW, "gone_at": None, "before": before}
    return Trial(**said, confidence=confidence, outcome=outcome, recurred_at=recurred_at)


TRIALS = st.lists(st.builds(trial, st.none() | st.floats(0, 1), st.sampled_from(EXECUTED), st.none() | st.just(NOW)), max_size=30)


@given(TRIALS)
def test_the_bins_hold_every_trial_of_known_confidence_once_and_the_score_is_the_mean_squared_error(tried: list[Trial]) -> None:
    known = [(trial.confidence, trial.outcome == "succeeded" and trial.recurred_at is None) for trial in tried if trial.confidence is not None]
    bins = reliability(tried)
    assert [found.most for found in bins] == list(BIN_BOUNDS)
    assert sum(found.trials for found in bins) == len(known)
    assert sum(found.observed for found in bins) == sum(came for _, came in known)
    assert sum(found.expected for found in bins) == pytest.approx(sum(confidence for confidence, _ in known))
    score = brier_score(tried)
    assert (score is None) == (not known)
    assert score is None or score == pytest.approx(sum((confidence - came) ** 2 for confidence, came in known) / len(known))


def test_a_trial_lies_in_the_bin_up_to_its_confidence() -> None:
    found = {each.most: each.trials for each in reliability([trial(0.0), trial(0.7), trial(0.71), trial(1.0)])}
    assert (found[0.7], found[0.75], found[1.0]) == (2, 1, 1)


def sampled(actor: Actor, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(pages_of(actor).collector)
    return registry.get_sample_value(name, {"host": HOST, **labels})


def test_metrics_tell_it_from_the_journal_and_take_back_what_did_not_last(actor: Actor) -> None:
    assert sampled(actor, "homeostat_decision_brier_score") is None
    actor.decide(WEB, "service-restart", confidence=0.9)
    actor.turn()
    actor = actor.restarted()
    assert sampled(actor, "homeostat_decision_brier_score") == pytest.approx(0.01)
    assert sampled(actor, "homeostat_decision_calibration_expected", most="0.9") == pytest.approx(0.9)
    assert sampled(actor, "homeostat_decision_calibration_observed", most="0.9") == 1
    for decided in (False, True):
        actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.9) if decided else actor.prometheus.forget(WEB)
        actor.clock.advance(MINUTE)
        reconcile(actor.world)
    assert sampled(actor, "homeostat_decision_brier_score") == pytest.approx(0.81)
    assert sampled(actor, "homeostat_decision_calibration_observed", most="0.9") == 0


def test_the_record_of_each_target_is_told_beside_that_of_the_action(actor: Actor) -> None:
    ended(actor, "succeeded", "web")
    ended(actor, "failed", "db")
    for target, ratio in (("web", 0.75), ("db", 0.25)):
        assert sampled(actor, "homeostat_action_target_success_ratio", action="service-restart", target=target) == ratio
        assert sampled(actor, "homeostat_action_target_trials", action="service-restart", target=target) == 1
    assert sampled(actor, "homeostat_action_trials", action="service-restart") == 2


def mark(actor: Actor, word: str, incident_id: str | None = None) -> dict[str, object]:
    path = f"/api/v1/incidents/{incident_id or actor.incident().id}/{word}"
    return pages_of(actor).client.post(path, json={"author": "ada@desk"}, headers=AS_OPERATOR).json


def false_positives(actor: Actor) -> float | None:
    return sampled(actor, "homeostat_feedback_incidents", action="service-restart", mark="unnecessary", executed="yes")


def test_a_person_counts_a_false_positive_once_and_may_take_it_back(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    reason = "marked unnecessary by ada@desk; it counts as a false positive"
    assert mark(actor, "unnecessary") == {"taken": True, "reason": reason}
    assert mark(actor, "unnecessary")["reason"] == "nothing changed: it is marked unnecessary already"
    actor = actor.restarted()
    assert false_positives(actor) == 1
    assert mark(actor, "necessary")["taken"] is True
    assert false_positives(actor) is None
    story = pages_of(actor).client.get(f"/api/v1/incidents/{actor.incident().id}", headers=AS_OPERATOR).json
    assert [said["word"] for said in story["words"]] == ["unnecessary", "necessary"]


def test_a_mark_needs_an_incident_a_known_word_and_the_operators_credential(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    client, path = pages_of(actor).client, f"/api/v1/incidents/{actor.incident().id}"
    assert client.post("/api/v1/incidents/0000/unnecessary", json={"author": "ada"}, headers=AS_OPERATOR).status_code == 404
    assert client.post(f"{path}/silly", json={"author": "ada"}, headers=AS_OPERATOR).status_code in {404, 405}
    assert client.post(f"{path}/unnecessary", json={"author": "ada"}).status_code == 401
    assert false_positives(actor) is None


def test_insights_say_what_works_what_never_does_and_what_does_not_last(actor: Actor) -> None:
    outcomes: dict[str, list[Outcome]] = {"web": ["succeeded"] * 3, "db": ["failed"] * 3, "cache": ["succeeded", "failed", "succeeded"], "new": ["succeeded"]}
    for target, runs in outcomes.items():
        for outcome in runs:
            ended(actor, outcome, target)
    for tried in trials.latest(actor.journal)[:2]:
        with actor.journal.transaction() as db:
            trials.note_recurred(db, tried, NOW)
    assert insights(actor.journal) == [
        "service-restart at cache works now and then: 2 of 3.",
        "service-restart at db has never worked: 0 of 3. Another action, or a person, should answer memory_leak.",
        "service-restart at db failed the last 2 times; where another action answers the problem, that one is tried next.",
        "service-restart at web works now and then: 1 of 3.",
        "service-restart at web does not last: 2 times memory_leak was back within an hour. It treats a symptom.",
    ]
    assert pages_of(actor).client.get("/api/v1/insights", headers=AS_OPERATOR).json == insights(actor.journal)


def test_a_trial_without_known_confidence_counts_for_the_record_only(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        learn(db, actor.journal, actor.config, incident(WEB, confidence=None), ("succeeded", NOW))
    assert sampled(actor, "homeostat_decision_brier_score") is None
