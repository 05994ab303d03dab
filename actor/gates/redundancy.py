"""Of services that stand in for one another the last healthy one is left alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict

if TYPE_CHECKING:
    from actor.model import Members
    from homeostat.config.catalogue import Group


def _ask(situation: Situation) -> Verdict:
    name = situation.service.group if situation.service is not None else None
    group = situation.config.groups[name] if name is not None else None
    if group is None or not group.redundant:
        return Verdict("allow", "nothing is declared to stand in for it", {"group": name})
    members = situation.surroundings.members
    if members is None:
        return Verdict("refuse", f"how the members of group {name} are is not known", {"group": name})
    seen = {"group": name, "here": dict(members.here), "counted": members.counted}
    refusal = _refusal(situation.incident.target, members, group)
    if refusal is not None:
        return Verdict("refuse", f"{refusal} of group {name}", seen)
    return Verdict("allow", f"group {name} has another healthy member, or loses none", seen)


def _refusal(target: str, members: Members, group: Group) -> str | None:
    alone, is_well = len(members.here) + len(group.elsewhere) < 2, members.here.get(target, True)
    if alone or not is_well:
        return None
    if members.counted is None:
        another = any(well for member, well in members.here.items() if member != target)
    elif math.isnan(members.counted):
        return "Prometheus does not say how many are healthy"
    else:
        another = members.counted >= 2
    return None if another else f"{target} is the last healthy member"


GATE = Gate(order=120, ask=_ask)
