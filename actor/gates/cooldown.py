"""An action rests on a target after it ran there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from actor.playbook import Playbook
    from homeostat.config import Config, Duration


def rest_of(config: Config, playbook: Playbook) -> Duration:
    """Return how long an action rests on a target: what the owner says of it, else its playbook, else what its class does."""
    override = config.autonomy.actions.get(playbook.name)
    rest = override.cooldown if override is not None and override.cooldown is not None else playbook.file.cooldown
    of_class: Duration = getattr(config.limits.cooldowns, playbook.file.action_class)
    return of_class if rest is None else rest


def _ask(situation: Situation) -> Verdict:
    incident, playbook = situation.incident, situation.playbook
    if playbook is None:
        return Verdict("refuse", "the cooldown of an unknown playbook is not known", {})
    rest = rest_of(situation.config, playbook)
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
