"""An action rests on a target after it ran there."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339


def _ask(situation: Situation) -> Verdict:
    incident, playbook = situation.incident, situation.playbook
    if playbook is None:
        return Verdict("refuse", "the cooldown of an unknown playbook is not known", {})
    override = situation.config.autonomy.actions.get(incident.action)
    rest = override.cooldown if override is not None and override.cooldown is not None else playbook.file.cooldown
    if rest is None:
        rest = getattr(situation.config.limits.cooldowns, playbook.file.action_class)
    runs = [run for run in situation.executions if (run.action, run.target, run.host) == (incident.action, incident.target, incident.host)]
    if not runs:
        return Verdict("allow", "it has not run here lately", {"cooldown_seconds": rest})
    ended_at = max(run.ended_at or run.started_at for run in runs)
    # A clock that was set back must not lengthen a rest for ever, nor shorten it.
    left = rest - max(0.0, situation.now - ended_at)
    seen = {"ended_at": ended_at, "cooldown_seconds": rest}
    if left > 0:
        return Verdict("defer", f"{incident.action} ran here and rests until {rfc3339(situation.now + left)}", seen, situation.now + left)
    return Verdict("allow", f"the cooldown of {rest} is over", seen)


GATE = Gate(order=90, ask=_ask)
