"""News that arrive while the gates are asked are not written over; old news and dead exporters do not count as fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.reconcile import reconcile
from homeostat.alertmanager import Matcher
from tests.support import DISK, HOST, LAST_SUCCESS, MINUTE, PREDICTION, WEB, labels_of, silence

if TYPE_CHECKING:
    from tests.support import Actor


def while_the_gates_are_asked(actor: Actor, news: object) -> None:
    """Have `news()` arrive and be absorbed while Alertmanager is asked for silences, once."""
    ask = actor.alertmanager.every_silence

    def asked() -> object:
        actor.alertmanager.every_silence = ask  # type: ignore[method-assign]
        news()  # type: ignore[operator]
        return ask()

    actor.alertmanager.every_silence = asked  # type: ignore[assignment, method-assign]


def hear_and_absorb(actor: Actor, decision: str) -> None:
    from actor.absorb import absorb  # noqa: PLC0415 - beside its only use

    actor.hear(labels_of(WEB, "service-restart", decision))
    absorb(actor.world)


def test_a_tier_that_falls_meanwhile_is_not_executed(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "auto-execute")
    while_the_gates_are_asked(actor, lambda: hear_and_absorb(actor, "alert-only"))
    actor.turn()
    actor.turn()
    assert (actor.host.restarts(), actor.incident().outcome) == (0, "alerted")


def test_a_tier_that_rises_meanwhile_is_not_lost_to_a_proposal(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "propose")
    while_the_gates_are_asked(actor, lambda: (actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95), hear_and_absorb(actor, "auto-execute")))
    actor.turn()
    actor.turn()
    assert (actor.host.restarts(), actor.incident().outcome) == (1, "succeeded")


def test_a_silence_on_a_label_that_prometheus_added_is_a_pause(actor: Actor) -> None:
    actor.alertmanager.active = [silence(Matcher("site", "home"))]
    actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.hear(labels_of(WEB, "service-restart", "auto-execute", site="home"))
    actor.turn()
    assert (actor.host.restarts(), actor.incident().outcome) == (0, "refused")
    assert actor.incident().reason.startswith("silenced: silenced by ada")


def test_a_decision_that_outlives_the_exporters_own_series_is_not_acted_on(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.prometheus.drop(PREDICTION)
    actor.turn()
    assert (actor.host.restarts(), actor.incident().reason.split(":")[0]) == (0, "firing")


def test_a_delivery_that_waited_for_hours_is_old_news(actor: Actor) -> None:
    actor.decide(DISK, "disk-cleanup")
    actor.clock.advance(20 * MINUTE)
    actor.turn()
    assert actor.incident().reason.startswith("age: last heard of at ")


def test_an_episode_does_not_end_while_nothing_can_be_forecast_there(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "alert-only")
    actor.turn()
    actor.prometheus.forget(WEB)
    actor.prometheus.put("homeostat_forecast_unavailable", 1.0, **WEB._asdict(), reason="stale")
    actor.clock.advance(11 * MINUTE)
    assert reconcile(actor.world)
    assert actor.incident().episode_ended_at is None
    actor.prometheus.drop("homeostat_forecast_unavailable", **WEB._asdict())
    actor.clock.advance(10 * MINUTE)
    reconcile(actor.world)
    assert actor.incident().episode_ended_at is not None


@pytest.mark.parametrize("was_down", ["this process", "Prometheus", "the exporter"])
def test_an_episode_does_not_end_on_the_first_look_of_whatever_was_down(actor: Actor, was_down: str) -> None:
    actor.decide(WEB, "service-restart", "alert-only")
    actor.turn()
    reconcile(actor.world)
    actor.prometheus.forget(WEB)
    actor.prometheus.down = was_down == "Prometheus"
    if was_down == "the exporter":
        actor.prometheus.drop(LAST_SUCCESS)
    actor.clock.advance(30 * MINUTE)
    if was_down == "this process":
        actor = actor.restarted()
    else:
        reconcile(actor.world)
    actor.prometheus.down = False
    actor.prometheus.put(LAST_SUCCESS, 0.0, host=HOST)
    # The exporter is scraped again, and the rules are not evaluated yet.
    reconcile(actor.world)
    assert actor.incident().episode_ended_at is None
    actor.clock.advance(2 * MINUTE)
    reconcile(actor.world)
    assert actor.incident().episode_ended_at is not None


def test_an_episode_does_not_end_while_the_exporter_is_dead(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "alert-only")
    actor.turn()
    actor.prometheus.forget(WEB)
    actor.prometheus.drop(LAST_SUCCESS)
    actor.clock.advance(11 * MINUTE)
    reconcile(actor.world)
    assert actor.incident().episode_ended_at is None


def test_reconciling_is_complete_only_when_both_answered(actor: Actor) -> None:
    assert reconcile(actor.world)
    actor.alertmanager.down = True
    assert not reconcile(actor.world)
    actor.alertmanager.down, actor.prometheus.down = False, True
    assert not reconcile(actor.world)
