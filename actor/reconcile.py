"""Once a minute: decisions that Alertmanager never told us of or told us and lost, and episodes that are over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from actor import notify
from actor.absorb import changes, read_decision
from actor.journal import incidents, intake, news
from actor.journal.intake import ReceivedAlert
from actor.learn import Seen, follow_trials
from actor.model import EpisodeKey, Plan
from actor.situation import DECISION_SERIES, ask_silences
from homeostat.alertmanager import AlertmanagerError
from homeostat.config.section import DAY
from homeostat.prometheus import PrometheusError, quoted, selector
from homeostat.words import DECISION_ALERTS, EXECUTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actor.model import Incident
    from actor.world import World
    from homeostat.alertmanager import Alert
    from homeostat.prometheus import Sample

log = logging.getLogger(__name__)

UNAVAILABLE = "homeostat_forecast_unavailable"
# What an exporter asserts fades within minutes of its death; one that is later than this may be dead.
_FRESH_CYCLES = 3
_JUST_ENDED_SECONDS = 30


def reconcile(world: World) -> bool:
    """Catch up with Alertmanager and Prometheus; True when both answered, else they are asked again next time. Raises JournalError."""
    world.silences = ask_silences(world)
    answered = all((_catch_up(world), _follow_episodes(world)))
    for incident, expires_at in incidents.waiting_proposals(world.journal):
        proposal = incidents.proposal_of(world.journal, incident.id)
        if proposal is not None:
            notify.propose(world, incident, msgspec.convert(proposal["plan"], Plan), expires_at)
    _tell_what_is_owed(world)
    _take_back_announcements(world)
    return answered


def _tell_what_is_owed(world: World) -> None:
    """Tell people how an incident ended when Alertmanager did not take it then; after a day the summary has told it."""
    now = world.clock.now()
    for incident_id, ended_at in news.owed(world.journal):
        if 0 <= now - ended_at < _JUST_ENDED_SECONDS:
            # Whoever ended it is telling.
            continue
        incident = incidents.find(world.journal, incident_id)
        told = incident.outcome if incident is not None and now - ended_at < DAY and incident.outcome in EXECUTED else None
        if incident is not None and told is not None and not notify.tell_outcome(world, incident, told, incident.reason):
            return
        with world.journal.transaction() as db:
            news.settle(db, incident_id)


def _take_back_announcements(world: World) -> None:
    """End what Alertmanager still says will begin and nobody waits for any more: it would be told again and again until its time has come."""
    try:
        announced = world.alertmanager.all_alerts('alertname="HomeostatAnnouncement"', f"host={quoted(world.config.host)}")
    except AlertmanagerError as error:
        log.warning("cannot take back what was announced: %s", error)
        return
    for alert in announced:
        incident = incidents.find(world.journal, alert.labels.get("incident", ""))
        if incident is not None and (_is_settled(incident) or (alert.labels.get("state") == "deferred" and _is_announced(incident))):
            notify.take_back(world, alert)


def _is_settled(incident: Incident) -> bool:
    """Say whether nothing announces this any more; what is only refused or shadowed may be being announced at this moment."""
    is_over = incident.outcome is not None and incident.outcome not in {"refused", "shadowed"}
    return is_over or incident.episode_ended_at is not None or incident.state in {"proposed", "running"}


def _is_announced(incident: Incident) -> bool:
    """Say whether people were told last that it begins, not that a person put it off."""
    return incident.state == "announced" and incident.told_gate is None


def _catch_up(world: World) -> bool:
    names = f'alertname=~"{"|".join(DECISION_ALERTS)}"'
    try:
        alerts = world.alertmanager.alerts(names, f"host={quoted(world.config.host)}")
    except AlertmanagerError as error:
        log.warning("cannot reconcile: %s", error)
        return False
    unheard = [alert for alert in alerts if _is_unheard(world, alert)]
    if unheard:
        received = [
            ReceivedAlert(status="firing", labels=alert.labels, annotations=alert.annotations, starts_at=alert.starts_at, fingerprint=alert.fingerprint)
            for alert in unheard
        ]
        intake.store(world.journal, "reconcile", world.clock.now(), (msgspec.json.encode(received), 0), received)
        log.info("reconciled %d alerts that no webhook had told", len(unheard))
    return True


def _is_unheard(world: World, alert: Alert) -> bool:
    decided = read_decision(alert.labels, alert.annotations)
    if isinstance(decided, str):
        return False
    incident = incidents.of_open_episode(world.journal, decided.key)
    return incident is None or changes(incident, decided)


def _follow_episodes(world: World) -> bool:
    """Note which episodes Prometheus still decides; end those it has not decided for ten minutes though it could see."""
    host, now = world.config.host, world.clock.now()
    try:
        active = _keys(world.prometheus.query(selector(DECISION_SERIES, host=host)))
        # Where there is no forecast, no decision means nothing: after an action, or when a series is stale.
        unseen = _keys(sample for sample in world.prometheus.query(selector(UNAVAILABLE, host=host)) if sample.labels.get("reason") != "flat")
        successes = world.prometheus.query(selector("homeostat_exporter_last_success_timestamp_seconds", host=host))
    except PrometheusError as error:
        log.warning("cannot follow episodes: %s", error)
        world.sees_since = None
        return False
    ages_seconds = [now - success.value for success in successes]
    fresh = any(age_seconds < _FRESH_CYCLES * world.config.exporter.cycle for age_seconds in ages_seconds)
    quiet = world.config.limits.episode_quiet
    sees = _has_seen_for_a_while(world, sees_now=any(age_seconds < quiet for age_seconds in ages_seconds))
    with world.journal.transaction() as db:
        returned = follow_trials(db, world.journal, world.config, Seen(active, unseen, fresh, now))
    for trial in returned:
        log.warning("incident %s: %s is back at %s; %s counts as failed there", trial.incident_id, trial.problem, trial.target, trial.action)
    for key in [incident.key for incident in incidents.open_episodes(world.journal)]:
        with world.journal.transaction() as db:
            incident = incidents.of_open_episode(world.journal, key)
            if incident is None:
                continue
            if key in active:
                incidents.still_firing(db, incident.id, now)
            elif sees and key not in unseen:
                incidents.seen_gone(db, incident.id, now)
                if incident.state != "running" and now - incident.last_firing_at > (0 if incident.is_selftest else quiet):
                    incidents.end_episode(db, incident, now)
    return True


def _has_seen_for_a_while(world: World, *, sees_now: bool) -> bool:
    """Say whether Prometheus saw, without a break, for as long as the chain takes to speak again.

    One that has just come back has to scrape, the exporter to go round until it asserts, and the rules to decide.
    """
    exporter, now = world.config.exporter, world.clock.monotonic()
    enough_seconds = (exporter.assertion.cycles + 1) * exporter.cycle + 2 * (exporter.scrape_interval + world.config.prometheus.evaluation_interval)
    if not sees_now:
        world.sees_since = None
    elif world.sees_since is None:
        world.sees_since = now
    return world.sees_since is not None and now - world.sees_since >= enough_seconds


def _keys(samples: Iterable[Sample]) -> set[EpisodeKey]:
    return {EpisodeKey(*(sample.labels.get(name, "") for name in EpisodeKey._fields)) for sample in samples}
