"""When many have one problem at once its cause lies elsewhere: healing each would spread the harm, so a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.config.catalogue import needs

if TYPE_CHECKING:
    from actor.model import Spread


def _ask(situation: Situation) -> Verdict:
    problem, spread = situation.incident.problem, situation.surroundings.spread
    if situation.incident.is_selftest:
        return Verdict("allow", "the problem is synthetic: nobody is sick", {})
    if spread is None:
        return Verdict("refuse", "Prometheus does not say where else this problem is", {})
    hosts = {host for host, _ in spread.sick} | {situation.incident.host}
    all_hosts = spread.hosts | hosts
    seen = {"sick_hosts": sorted(hosts), "hosts": len(all_hosts)}
    if _many(situation, len(hosts), len(all_hosts)):
        return Verdict("refuse", f"{problem} is on many hosts at once: none is acted on, a person must look", seen, tell=True)
    group = situation.service.group if situation.service is not None else None
    if group is None:
        return Verdict("allow", f"{problem} is on few hosts", seen)
    members = _members(situation, group)
    causes = _causes(situation, spread, members)
    seen |= {"group": group, "members": len(members), "causes": sorted("/".join(cause) for cause in causes)}
    if len(causes) == len(members) == 2 or (len(members) > 2 and _many(situation, len(causes), len(members))):
        return Verdict("refuse", f"{problem} is on many members of group {group} at once: none is acted on, a person must look", seen, tell=True)
    return Verdict("allow", f"{problem} is on few hosts, and on few members of group {group}", seen)


def _many(situation: Situation, count: int, total: int) -> bool:
    bounds = situation.config.limits.correlated
    # A hair less than the product: 40 % of 35 is 14, whatever the floats say.
    return count >= max(bounds.least, bounds.ratio * total - 1e-9)


def _members(situation: Situation, group: str) -> set[tuple[str, str]]:
    config = situation.config
    here = {(config.host, name) for name, service in config.services.items() if service.group == group}
    elsewhere = (member.partition("/") for member in config.groups[group].elsewhere)
    return here | {(host, service) for host, _, service in elsewhere}


def _causes(situation: Situation, spread: Spread, members: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the members that are sick, those whom one sick dependency explains as that one."""
    own = (situation.config.host, situation.incident.target)
    return {_cause(situation, member) for member in members & (spread.sick | {own})}


def _cause(situation: Situation, member: tuple[str, str]) -> tuple[str, str]:
    host, name = member
    services = situation.config.services
    if host != situation.config.host:
        return member
    sick = needs(services, name) & situation.surroundings.ailing
    roots = [needed for needed in sick if not needs(services, needed) & sick]
    return (host, min(roots)) if roots else member


GATE = Gate(order=115, ask=_ask)
