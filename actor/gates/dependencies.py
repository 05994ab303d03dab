"""What it needs comes first: while that has a plan of its own on the way, this waits for how it ends."""

from __future__ import annotations

from actor.agenda import needed_targets
from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.words import STATES

_ASK_AGAIN_SECONDS = 30


def _ask(situation: Situation) -> Verdict:
    incident = situation.incident
    needed = needed_targets(situation.config, incident.target) if situation.service is not None else set()
    seen = {"needs": sorted(needed)}
    for errand in situation.agenda.errands:
        if errand.target in needed and errand.incident != incident.id and errand.state in STATES:
            reason = f"{errand.target}, which it needs, has {errand.problem}, and {errand.action} is {errand.state} there"
            wakes_at = errand.wake_at if errand.state == "deferred" else None
            until = max(situation.now + _ASK_AGAIN_SECONDS, wakes_at or 0.0)
            return Verdict("defer", reason, {**seen, "incident": errand.incident}, until)
    return Verdict("allow", "nothing that it needs has a plan of its own", seen)


GATE = Gate(order=160, ask=_ask)
