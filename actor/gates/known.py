"""Only what the configuration names exactly: a playbook, a problem it answers, a target of the catalogue."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict
from actor.playbook import catalogue


def _ask(situation: Situation) -> Verdict:
    incident, playbook = situation.incident, situation.playbook
    seen = {"action": incident.action, "target": incident.target, "problem": incident.problem, "host": incident.host}
    if incident.host != situation.config.host:
        return Verdict("refuse", f"host {incident.host!r} is not this host, {situation.config.host!r}", seen)
    if playbook is None:
        return Verdict("refuse", f"no playbook is named {incident.action!r}", seen)
    if incident.problem not in playbook.file.answers:
        return Verdict("refuse", f"playbook {playbook.name} does not answer {incident.problem!r}", seen)
    if incident.target not in catalogue(situation.config, playbook.file.acts_on):
        where = "is nothing that the configuration names" if playbook.file.acts_on == "any" else f"is not in the catalogue of {playbook.file.acts_on}s"
        return Verdict("refuse", f"{incident.target!r} {where}", seen)
    return Verdict("allow", f"{playbook.name} may act on {'' if playbook.file.acts_on == 'any' else f'{playbook.file.acts_on} '}{incident.target}", seen)


GATE = Gate(order=10, ask=_ask)
