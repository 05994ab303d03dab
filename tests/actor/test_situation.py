"""What the gates may see is gathered once, from the configuration, Prometheus, Alertmanager and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import ledger
from actor.model import DecisionNow
from actor.situation import DECISION_SERIES, observe
from homeostat.alertmanager import Matcher
from tests.actor.gates.situations import incident
from tests.support import DAY, DISK, WEB, Actor, playbook, silence

if TYPE_CHECKING:
    from actor.model import Situation


def seen(actor: Actor, **changes: object) -> Situation:
    return observe(actor.world, incident(WEB, **changes))


def test_the_decision_now_is_prometheus_own(actor: Actor) -> None:
    actor.prometheus.decide(WEB, "service-restart", "notify-execute", 0.83)
    actor.prometheus.evaluated_seconds_ago = 3
    assert seen(actor).decision_now == DecisionNow("service-restart", "notify-execute", 0.83, actor.clock.now() - 3)


def test_what_starts_services_afresh_is_known_by_its_steps_whatever_its_class(actor: Actor) -> None:
    assert seen(actor).restarting == {"service-restart", "service-cascade-restart", "drift-reconciliation", "deployment-rollback"}


def test_no_decision_is_told_from_no_answer(actor: Actor) -> None:
    assert seen(actor).decision_now == DecisionNow(None, None, None, None)
    actor.prometheus.down = True
    assert seen(actor).decision_now is None


def test_two_decisions_are_none(actor: Actor) -> None:
    actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.prometheus.put(DECISION_SERIES, 0.95, **WEB._asdict(), action="investigate", decision="auto-execute")
    assert seen(actor).decision_now == DecisionNow(None, None, None, None)


@pytest.mark.parametrize("hostile", ['web"} or vector(1) #', "web\n", "web\0", "web\\", "{{ x }}", "$(reboot)", "\u202e", "'"])
def test_a_hostile_label_asks_about_itself_and_nothing_else(actor: Actor, hostile: str) -> None:
    actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    assert seen(actor, target=hostile).decision_now == DecisionNow(None, None, None, None)
    actor.prometheus.decide(WEB._replace(target=hostile), "service-restart", "auto-execute", 0.95)
    assert seen(actor, target=hostile).decision_now.decision == "auto-execute"


def test_silences_are_asked_afresh_and_none_is_no_answer(actor: Actor) -> None:
    actor.alertmanager.active = [silence(Matcher("target", "web"))]
    silences = seen(actor).silences
    assert silences is not None
    assert (len(silences.active), silences.answered_at) == (1, actor.clock.now())
    actor.alertmanager.down = True
    assert seen(actor).silences is None
    assert actor.world.silences is None


def test_a_service_and_a_filesystem_of_one_name_are_told_apart_by_the_playbook(actor: Actor) -> None:
    about = seen(actor)
    assert (about.service is not None, about.filesystem) == (True, None)
    about = observe(actor.world, incident(DISK))
    assert (about.service, about.filesystem is not None) == (None, True)


def ran(actor: Actor, days_ago: float, incident_id: str = "i1") -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    with actor.journal.transaction() as db:
        db.execute("DELETE FROM executions")
        at = actor.clock.now() - days_ago * DAY
        ledger.begin(db, incident(WEB, id=actor.incident().id), playbook("service-restart"), at)
        ledger.end(db, actor.incident().id, "succeeded", at)


def test_a_run_of_the_same_episode_is_seen_however_long_ago_it_was(actor: Actor) -> None:
    ran(actor, days_ago=30)
    assert len(seen(actor, id=actor.incident().id).executions) == 1


def test_a_run_within_an_owners_long_cooldown_is_seen(actor: Actor) -> None:
    ran(actor, days_ago=20)
    assert len(seen(actor).executions) == 1


def test_what_cannot_be_protected_says_why_unless_doing_without_is_declared(actor: Actor) -> None:
    assert seen(actor).unprotectable is None
    actor.world.playbooks["service-restart"] = playbook("service-restart", unprotected_feasibility=None)
    assert seen(actor).unprotectable == "web has no volume in the configuration; web has no subvolume in the configuration; web declares no files in the configuration"
    assert seen(actor, action="none").unprotectable == "the playbook is unknown"
    assert seen(actor, target="db").unprotectable == "the target is unknown"
