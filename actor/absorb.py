"""Turns stored alerts into incidents: each alert is decided exactly once, and one episode is one incident."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from actor.journal import incidents, intake
from actor.model import Decided, EpisodeKey
from actor.timekeeper import was_set
from homeostat.words import DECISION_ALERTS, EXECUTED

if TYPE_CHECKING:
    import sqlite3

    from actor.journal.intake import StoredAlert
    from actor.model import Incident
    from actor.world import World

# One fsync for many, yet the journal is free again within milliseconds.
_TOGETHER = 50

# What was done, or refused by a person, stands for the whole episode.
_LASTING = {*EXECUTED, "denied", "vetoed"}


def absorb(world: World) -> int:
    """Decide the oldest stored alerts that nobody has decided yet, a few hundred at most; return how many. Raises JournalError."""
    waiting = intake.undecided(world.journal)
    decided = 0
    for start in range(0, len(waiting), _TOGETHER):
        with world.journal.transaction() as db:
            now = world.clock.now()
            if was_set(world):
                # These times would be moved with the clock although they are already told by it.
                break
            for alert in waiting[start : start + _TOGETHER]:
                disposition, reason, incident_id = _decide(world, db, alert, now)
                intake.decide(db, alert.id, disposition, reason, (incident_id, now))
                decided += 1
    return decided


def _decide(world: World, db: sqlite3.Connection, alert: StoredAlert, now: float) -> tuple[str, str, str | None]:
    decided = read_decision(alert.labels, alert.annotations)
    if isinstance(decided, str):
        return "ignored", decided, None
    incident = incidents.of_open_episode(world.journal, decided.key)
    if alert.status != "firing":
        # Resolved may mean a dead Prometheus as well: the episode ends by our own query only.
        return "resolved", "noted; an episode ends by our own query", incident.id if incident else None
    if decided.key.host != world.config.host:
        return "ignored", f"it is for host {decided.key.host!r}, this is {world.config.host!r}", None
    if incident is None:
        incident_id = secrets.token_hex(4)
        incidents.open_incident(db, incident_id, decided, (now, alert.received_at))
        return "opened", "a new episode", incident_id
    reopen = changes(incident, decided)
    incidents.update(db, incident, decided, (now, alert.received_at), reopen=reopen)
    return ("updated" if reopen else "repeated"), "the episode goes on", incident.id


def read_decision(labels: dict[str, str], annotations: dict[str, str]) -> Decided | str:
    """Return what a decision alert says, or in words why it is none."""
    decision = DECISION_ALERTS.get(labels.get("alertname", ""))
    if decision is None:
        return f"alert {labels.get('alertname', '')!r} is no decision"
    missing = [name for name in ("problem", "action", "host", "target", "resource") if not labels.get(name)]
    if missing:
        return f"the decision alert lacks the label {missing[0]}"
    if labels.get("decision", decision) != decision:
        return f"label decision {labels['decision']!r} contradicts the alert's name"
    said = {
        "key": tuple(labels[name] for name in EpisodeKey._fields),
        "action": labels["action"],
        "risk": labels.get("risk", "none"),
        "decision": decision,
        "severity": labels.get("severity", "warning"),
        "confidence": _confidence(annotations.get("confidence", "")),
        "labels": labels,
    }
    try:
        return msgspec.convert(said, Decided)
    except msgspec.ValidationError as error:
        return f"the decision alert bears a word that is none of ours: {error}"


def _confidence(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def changes(incident: Incident, decided: Decided) -> bool:
    """Say whether newer news asks for a fresh look: never while it runs, after it ran, or after a person's no."""
    if incident.state == "running" or incident.outcome in _LASTING:
        return False
    return (incident.action, incident.risk, incident.decision) != (decided.action, decided.risk, decided.decision)
