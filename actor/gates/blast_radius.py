"""However many problems there are, only a few targets of a host are touched within an hour, and one target only so often a day."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Execution, Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    target, now, bounds = situation.incident.target, situation.now, situation.config.limits.blast_radius
    earlier = [run for run in situation.executions if run.incident_id != situation.incident.id or run.ended_at is not None]
    here = sorted(run.started_at for run in earlier if run.target == target and run.action_class != "read" and now - run.started_at < bounds.per_target.within)
    if situation.playbook is not None and situation.playbook.only_reads:
        return Verdict("allow", "it only reads: nothing is touched", {"runs_here": len(here)})
    # What limits a service for a while acts on the host; what restarts others counts each.
    touched, most = {target} | (situation.reached if situation.service is not None else set()), _most_targets(situation)
    others = _last_runs(situation, earlier, touched)
    seen = {"runs_here": len(here), "touched": sorted(touched), "other_targets": sorted(others), "most_targets": most}
    if len(here) >= bounds.per_target.count:
        until = here[-bounds.per_target.count] + bounds.per_target.within
        return Verdict("defer", f"{target} was acted on {bounds.per_target.count} times within {bounds.per_target.within}", seen, max(now, until))
    if len(touched) > max(1, most):
        return _beyond(situation, touched, seen)
    beyond = len(others) + len(touched) - most
    if beyond > 0:
        until = sorted(others.values())[beyond - 1] + bounds.within
        return Verdict("defer", f"of this host's targets only {most} may be acted on within {bounds.within}", seen, max(now, until))
    return Verdict("allow", "few enough targets were touched", seen)


def _beyond(situation: Situation, touched: set[str], seen: dict[str, object]) -> Verdict:
    """Leave it to a person where one action alone would touch more than may be: no waiting would change that."""
    if situation.approval is not None:
        return Verdict("allow", f"it touches {len(touched)} targets, as {situation.approval.author} approved", seen)
    most, within = _most_targets(situation), situation.config.limits.blast_radius.within
    return Verdict("confirm", f"it would touch {len(touched)} of this host's targets ({', '.join(sorted(touched))}), more than {most} within {within}", seen)


def _last_runs(situation: Situation, earlier: list[Execution], touched: set[str]) -> dict[str, float]:
    """Return when each other target was last acted on by a run before this one, of those within the time."""
    last: dict[str, float] = {}
    for run in earlier:
        if run.target not in touched and run.action_class != "read" and situation.now - run.started_at < situation.config.limits.blast_radius.within:
            last[run.target] = max(run.started_at, last.get(run.target, run.started_at))
    return last


def _most_targets(situation: Situation) -> int:
    bounds, config = situation.config.limits.blast_radius, situation.config
    targets = len(config.services) + len(config.filesystems)
    # The share is of whole targets: 20 % of 9 is 1. A hair more than the product keeps 20 % of 35 at 7.
    return bounds.of_few if targets < bounds.few else max(1, int(bounds.ratio * targets + 1e-9))


GATE = Gate(order=110, ask=_ask)
