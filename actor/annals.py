"""What the journal tells a step of its incident: what was found out, and what was done in cases like it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from actor.journal import incidents
from actor.model import Annals, Past
from homeostat.explanation.deeds import bears_report
from homeostat.words import EXECUTED

if TYPE_CHECKING:
    from actor.journal import Journal

_MOST_PAST = 5


def annals_of(journal: Journal, incident_id: str) -> Annals:
    """Return what is told of an incident; it is read when it is asked for."""
    return Annals(past=functools.partial(_past, journal, incident_id), reports=functools.partial(_reports, journal, incident_id))


def _past(journal: Journal, incident_id: str) -> tuple[Past, ...]:
    """Return the last incidents of the same problem in which something was done, those of the same target first."""
    own = incidents.find(journal, incident_id)
    if own is None:
        return ()
    found = incidents.alike(journal, own, (EXECUTED, _MOST_PAST))
    return tuple(Past(id=one.id, at=one.acted_at or one.opened_at, target=one.target, action=one.action, outcome=one.outcome or "", reason=one.reason) for one in found)


def _reports(journal: Journal, incident_id: str) -> int:
    return sum(map(bears_report, incidents.phases_of(journal, incident_id)))
