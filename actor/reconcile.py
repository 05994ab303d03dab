"""Once a minute: decisions that Alertmanager never told us of or told us and lost, and episodes that are over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from actor.absorb import ALERTNAMES, changes, read_decision
from actor.journal import incidents, intake
from actor.journal.intake import ReceivedAlert
from actor.model import EpisodeKey
from actor.situation import DECISION_SERIES
from homeostat.alertmanager import AlertmanagerError
from homeostat.prometheus import PrometheusError, quoted, selector

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.alertmanager import Alert

log = logging.getLogger(__name__)


def reconcile(world: World) -> None:
    """Catch up with Alertmanager and Prometheus; whatever does not answer is asked again next time. Raises JournalError."""
    _catch_up(world)
    _follow_episodes(world)


def _catch_up(world: World) -> None:
    names = f'alertname=~"{"|".join(ALERTNAMES)}"'
    try:
        alerts = world.alertmanager.alerts(names, f"host={quoted(world.config.host)}")
    except AlertmanagerError as error:
        log.warning("cannot reconcile: %s", error)
        return
    unheard = [alert for alert in alerts if _is_unheard(world, alert)]
    if unheard:
        received = [
            ReceivedAlert(status="firing", labels=alert.labels, annotations=alert.annotations, starts_at=alert.starts_at, fingerprint=alert.fingerprint)
            for alert in unheard
        ]
        intake.store(world.journal, "reconcile", world.clock.now(), (msgspec.json.encode(received), 0), received)
        log.info("reconciled %d alerts that no webhook had told", len(unheard))


def _is_unheard(world: World, alert: Alert) -> bool:
    decided = read_decision(alert.labels, alert.annotations)
    if isinstance(decided, str):
        return False
    incident = incidents.of_open_episode(world.journal, decided.key)
    return incident is None or changes(incident, decided)


def _follow_episodes(world: World) -> None:
    """Note which episodes Prometheus still decides; end those it has not decided for ten minutes."""
    try:
        samples = world.prometheus.query(selector(DECISION_SERIES, host=world.config.host))
        alive = bool(world.prometheus.query(selector("homeostat_exporter_last_success_timestamp_seconds", host=world.config.host)))
    except PrometheusError as error:
        log.warning("cannot follow episodes: %s", error)
        return
    now = world.clock.now()
    active = {EpisodeKey(*(sample.labels.get(name, "") for name in EpisodeKey._fields)) for sample in samples}
    for incident in incidents.open_episodes(world.journal):
        with world.journal.transaction() as db:
            if incident.key in active:
                incidents.still_firing(db, incident.id, now)
            elif alive and incident.state != "running" and now - incident.last_firing_at > world.config.limits.episode_quiet:
                incidents.end_episode(db, incident, now)
