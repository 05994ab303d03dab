"""The audit: a journal that agrees with itself has no faults, and every kind of disagreement is told in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import audit, incidents, retention
from homeostat.config.types import Retention
from tests.support import DAY, DISK, WEB

if TYPE_CHECKING:
    from tests.support import Actor


@pytest.fixture
def lived(actor: Actor) -> Actor:
    """Return an actor that has acted, proposed, refused, and heard what is none of its business."""
    for number in range(6):
        actor.host.log(f"app.log.{number}", 32)
    actor.decide(WEB, "service-restart")
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.decide(WEB._replace(target="nobody"), "service-restart")
    actor.hear({"alertname": "HostDown"})
    actor.turn()
    return actor


def told(actor: Actor) -> list[str]:
    return list(audit.faults(actor.journal))


def test_a_journal_that_was_lived_in_agrees_with_itself(lived: Actor) -> None:
    assert told(lived) == []
    assert {incident.outcome for incident in incidents.recent(lived.journal, 0.0)} == {"succeeded", "refused", None}


def test_what_is_undone_and_what_fails_agrees_too(actor: Actor) -> None:
    (actor.host.service / "falls-ill").touch()
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome not in {"succeeded", None}
    assert told(actor) == []


def test_an_alert_that_waits_is_no_fault(lived: Actor) -> None:
    lived.hear({"alertname": "HostDown"})
    assert told(lived) == []


def test_what_was_removed_after_its_time_is_counted_as_removed(lived: Actor) -> None:
    lived.clock.advance(31 * DAY)
    while retention.prune(lived.journal, Retention(), lived.clock.now()):
        pass
    assert lived.journal.rows("SELECT * FROM alerts") == []
    assert told(lived) == []


def test_in_the_middle_of_a_run_nothing_disagrees(actor: Actor) -> None:
    heard: list[list[str]] = []
    actor.clock.at_sleep = lambda: heard.append(told(actor))
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    assert heard
    assert not any(heard)


FAULTS: dict[str, tuple[str, str]] = {
    "an alert passed over": ("UPDATE alerts SET disposition = NULL WHERE id = 1", "alert 1 was passed over: a later one is decided and it is not"),
    "a decision without a reason": ("UPDATE alerts SET reason = NULL WHERE id = 1", "alert 1 bears a decision without its reason or time"),
    "an incident that is gone": ("UPDATE alerts SET incident_id = 'x' WHERE id = 1", "alert 1 tells of an incident that is not there"),
    "neither state nor outcome": ("UPDATE incidents SET outcome = NULL WHERE target = 'web'", "has not exactly one of a state and an outcome"),
    "over and waiting": ("UPDATE incidents SET episode_ended_at = 1, wake_at = 2 WHERE target = 'web'", "waits for a time though its episode is over"),
    "running without an execution": ("UPDATE incidents SET state = 'running', outcome = NULL WHERE target = 'web'", "is running and no execution of it is under way"),
    "an execution without its run": ("UPDATE executions SET ended_at = NULL", "is under way and it is not running"),
    "an execution that no gate allowed": ("UPDATE verdicts SET answer = 'refuse' WHERE gate = 'known'", "was executed and no asking is recorded in which every gate agreed"),
    "an outcome without its execution": ("DELETE FROM executions", "ended as executed and no execution of it has ended"),
    "verified without a verification": ("DELETE FROM phases WHERE phase = 'verify'", "ended as verified without the phases that lead there"),
    "verified though it failed": ("UPDATE phases SET failure = 'no' WHERE phase = 'protect'", "ended as verified without the phases that lead there"),
    "rolled back without a rollback": ("UPDATE incidents SET outcome = 'rolled_back' WHERE target = 'web'", "ended as rolled back and no rollback is recorded"),
    "proposed without a proposal": ("DELETE FROM proposals", "is proposed and its proposal is not there"),
    "more successes than trials": ("UPDATE records SET successes = trials + 1", "the record of service-restart at web counts more successes or failures than trials"),
    "a delivery lost": ("DELETE FROM totals WHERE name = 'homeostat_deliveries_total'", "homeostat_deliveries_total is 0, but 4 are there and 0 were removed"),
    "an alert counted twice": (
        "UPDATE totals SET value = value + 1 WHERE name = 'homeostat_alerts_received_total'",
        "homeostat_alerts_received_total is 5, but 4 are there and 0 were removed after their time",
    ),
    "a decision counted twice": (
        "UPDATE totals SET value = value + 1 WHERE name = 'homeostat_alerts_decided_total' AND labels LIKE '%ignored%'",
        "homeostat_alerts_decided_total is 5, but 4 are there",
    ),
    "a reference to nothing": ("UPDATE phases SET incident_id = 'x' WHERE id = 1", "row 1 of phases refers to one of incidents that is not there"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_disagreement_is_told(lived: Actor, fault: str) -> None:
    statement, sentence = FAULTS[fault]
    lived.journal._db.execute("PRAGMA foreign_keys = OFF")
    with lived.journal.transaction() as db:
        assert db.execute(statement).rowcount
    assert [line for line in told(lived) if sentence in line]


def test_every_check_has_a_fault_that_it_finds() -> None:
    found = [sentence for _, sentence in FAULTS.values()]
    untried = [check for check in audit.CHECKS if not any(max(check.split("{}"), key=len).strip() in sentence for sentence in found)]
    assert untried == []
