"""Reconciling: what no webhook told is heard of, and an episode ends by our own query only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents
from actor.person import Spoken
from actor.person.deferral import defer
from actor.person.refusal import refuse
from actor.reconcile import reconcile
from homeostat.alertmanager import Alert
from homeostat.clock import rfc3339
from homeostat.config.section import HOUR
from tests.support import DISK, HOST, LAST_SUCCESS, WEB, Actor, labels_of

if TYPE_CHECKING:
    from actor.model import EpisodeKey


def fires(actor: Actor, key: EpisodeKey = WEB, action: str = "service-restart", decision: str = "auto-execute") -> None:
    """Let Alertmanager hold a decision alert that it never delivered."""
    actor.prometheus.decide(key, action, decision, 0.95)
    alert = Alert("f", labels_of(key, action, decision), {"confidence": "0.95"}, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")
    actor.alertmanager.firing.append(alert)


def deliveries(actor: Actor) -> int:
    return len(actor.journal.rows("SELECT id FROM deliveries"))


def test_an_alert_that_no_webhook_told_is_stored_and_acted_on(actor: Actor) -> None:
    fires(actor)
    reconcile(actor.world)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert actor.total("homeostat_deliveries_total", source="reconcile") == 1


def test_what_is_known_is_not_stored_again_however_often_it_is_seen(actor: Actor) -> None:
    fires(actor)
    for _ in range(3):
        reconcile(actor.world)
        actor.turn()
    assert deliveries(actor) == 1


@pytest.mark.parametrize("decision", ["auto-execute", "propose"])
def test_an_executed_incident_whose_decision_moves_on_is_not_stored_every_minute(actor: Actor, decision: str) -> None:
    fires(actor)
    reconcile(actor.world)
    actor.turn()
    actor.alertmanager.firing.clear()
    fires(actor, action="none", decision="alert-only" if decision == "auto-execute" else decision)
    for _ in range(3):
        reconcile(actor.world)
        actor.turn()
    assert deliveries(actor) == 1


def test_a_decision_that_changed_meanwhile_is_heard_of(actor: Actor) -> None:
    fires(actor, decision="propose")
    reconcile(actor.world)
    actor.turn()
    actor.alertmanager.firing.clear()
    fires(actor, decision="auto-execute")
    reconcile(actor.world)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)


def test_what_is_no_decision_is_not_stored(actor: Actor) -> None:
    alert = Alert("f", {"alertname": "HomeostatPropose"}, {}, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")
    actor.alertmanager.firing = [alert]
    reconcile(actor.world)
    assert deliveries(actor) == 0


@pytest.mark.parametrize("down", ["alertmanager", "prometheus"])
def test_whatever_does_not_answer_is_asked_again_next_time(actor: Actor, down: str) -> None:
    fires(actor)
    for is_down in (True, False):
        getattr(actor, down).down = is_down
        reconcile(actor.world)
        actor.turn()
    assert deliveries(actor) == 1


def live(actor: Actor, seconds: float) -> None:
    """Let time pass with a reconciliation every minute, as in life."""
    for _ in range(int(seconds // 60)):
        actor.clock.advance(60)
        reconcile(actor.world)


def opened(actor: Actor, decision: str = "propose") -> None:
    actor.decide(WEB, "service-restart", decision)
    actor.turn()


def test_an_episode_goes_on_while_prometheus_decides_it(actor: Actor) -> None:
    opened(actor)
    live(actor, 3600)
    assert actor.incident().episode_ended_at is None
    assert actor.incident().last_firing_at == actor.clock.now()


def test_it_ends_after_ten_minutes_without_a_decision_and_what_waited_is_cleared(actor: Actor) -> None:
    opened(actor)
    live(actor, 120)
    actor.prometheus.forget(WEB)
    live(actor, 600)
    assert actor.incident().episode_ended_at is None
    live(actor, 60)
    assert (actor.incident().outcome, actor.incident().reason) == ("cleared", "the problem went away")
    assert actor.incident().episode_ended_at == actor.clock.now()
    assert incidents.proposal_of(actor.journal, actor.incident().id) is None


def test_a_flap_within_ten_minutes_is_the_same_episode(actor: Actor) -> None:
    opened(actor)
    first = actor.incident().id
    for _ in range(3):
        actor.prometheus.forget(WEB)
        live(actor, 540)
        opened(actor)
    assert actor.incident().id == first
    assert len(incidents.recent(actor.journal, 0.0)) == 1


def test_a_resolved_message_alone_ends_nothing(actor: Actor) -> None:
    opened(actor)
    actor.hear(labels_of(WEB, "service-restart", "propose"), status="resolved")
    actor.turn()
    live(actor, 3600)
    assert actor.incident().episode_ended_at is None


@pytest.mark.parametrize("broken", ["prometheus is down", "the exporter is down"])
def test_silence_of_prometheus_or_the_exporter_is_no_end(actor: Actor, broken: str) -> None:
    opened(actor)
    actor.prometheus.forget(WEB)
    if broken == "prometheus is down":
        actor.prometheus.down = True
    else:
        actor.prometheus.drop(LAST_SUCCESS, host=HOST)
    live(actor, 7200)
    assert actor.incident().episode_ended_at is None


def test_a_prometheus_that_comes_back_after_long_ends_nothing_before_the_whole_chain_had_time_to_speak(actor: Actor) -> None:
    opened(actor)
    actor.prometheus.down = True
    live(actor, 3600)
    actor.prometheus.down = False
    actor.prometheus.forget(WEB)
    # The exporter goes round three times, everything is scraped and evaluated twice: 25 s here.
    for _ in range(5):
        reconcile(actor.world)
        assert actor.incident().episode_ended_at is None
        actor.clock.advance(5)
    actor.prometheus.decide(WEB, "service-restart", "propose", 0.85)
    live(actor, 3600)
    assert (actor.incident().state, actor.incident().episode_ended_at) == ("proposed", None)


def test_what_runs_is_not_ended_under_its_feet(actor: Actor) -> None:
    opened(actor)
    with actor.journal.transaction() as db:
        incidents.move(db, actor.incident(), "running", "go", None)
    actor.prometheus.forget(WEB)
    live(actor, 3600)
    assert actor.incident().episode_ended_at is None


def test_an_executed_episode_keeps_its_outcome_and_its_length_is_counted(actor: Actor) -> None:
    opened(actor, "auto-execute")
    live(actor, 300)
    actor.prometheus.forget(WEB)
    live(actor, 720)
    assert actor.incident().outcome == "succeeded"
    assert actor.total("homeostat_resolution_seconds_bucket", problem="memory_leak", le="+Inf") == 1


def test_a_problem_lasted_from_when_it_was_noticed_to_the_first_look_that_no_longer_saw_it(actor: Actor) -> None:
    opened(actor)
    noticed_at = actor.clock.now()
    live(actor, 240)
    actor.prometheus.forget(WEB)
    live(actor, 60)
    gone_at = actor.clock.now()
    live(actor, 780)
    assert actor.incident().episode_ended_at is not None
    assert actor.total("homeostat_resolution_seconds_sum", problem="memory_leak") == gone_at - noticed_at


def test_what_flaps_has_lasted_until_it_was_gone_for_good(actor: Actor) -> None:
    opened(actor)
    noticed_at = actor.clock.now()
    for _ in range(2):
        actor.prometheus.forget(WEB)
        live(actor, 540)
        opened(actor)
    actor.prometheus.forget(WEB)
    live(actor, 60)
    gone_at = actor.clock.now()
    live(actor, 780)
    assert actor.total("homeostat_resolution_seconds_sum", problem="memory_leak") == gone_at - noticed_at


def test_each_episode_ends_for_itself(actor: Actor) -> None:
    opened(actor)
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    actor.prometheus.forget(WEB)
    live(actor, 720)
    assert [incident.key for incident in incidents.open_episodes(actor.journal)] == [DISK]


def test_a_clock_that_was_set_back_does_not_keep_an_episode_open_for_ever(actor: Actor) -> None:
    opened(actor)
    actor.prometheus.forget(WEB)
    actor.clock.jump(-365 * 86400)
    actor.turn()
    live(actor, 720)
    assert actor.incident().episode_ended_at is not None


def announced(actor: Actor) -> set[str]:
    """Let Alertmanager hold every announcement that was posted, reconcile, and return the ends of those that are posted then."""
    held = [posted for posted in actor.alertmanager.posted if posted.labels.get("state") == "deferred"]
    actor.alertmanager.firing = [Alert("f", posted.labels, posted.annotations, posted.starts_at, posted.ends_at) for posted in held]
    actor.alertmanager.posted = []
    reconcile(actor.world)
    return {posted.ends_at for posted in actor.alertmanager.posted if posted.labels["alertname"] == "HomeostatAnnouncement"}


def put_off(actor: Actor) -> str:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    known = actor.incident().id
    assert defer(actor.world, Spoken(known, "ada@desk"), actor.clock.now() + 8 * HOUR).taken
    return known


def test_what_still_waits_stays_announced(actor: Actor) -> None:
    put_off(actor)
    assert announced(actor) == set()


def test_an_announcement_ends_with_a_veto(actor: Actor) -> None:
    assert refuse(actor.world, Spoken(put_off(actor), "ada@desk"), "vetoed").taken
    assert announced(actor) == {rfc3339(actor.clock.now())}


def test_an_announcement_ends_when_the_problem_goes_away(actor: Actor) -> None:
    incident_id = put_off(actor)
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    assert actor.incident().id == incident_id
    assert announced(actor) == {rfc3339(actor.clock.now())}


def test_what_is_being_announced_anew_after_a_refusal_is_not_taken_back(actor: Actor) -> None:
    put_off(actor)
    with actor.journal.transaction() as db:
        incidents.settle(db, actor.incident(), "refused", "breaker: open", (actor.clock.now(), None))
    assert announced(actor) == set()


def test_who_is_told_that_it_begins_is_not_told_any_longer_that_it_waits(actor: Actor) -> None:
    put_off(actor)
    with actor.journal.transaction() as db:
        incidents.told_deferral(db, actor.incident().id, None)
    assert announced(actor) == {rfc3339(actor.clock.now())}
