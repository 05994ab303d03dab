"""What every playbook promises to undo can be undone now, at each target of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    known = told.health(subject.doors).protections
    if known is None:
        yield warned("the actor does not know yet, or not any more, what can be protected", "ask again in a minute; then see what the check executor says")
        return
    obstacles = [one for one in known if one.obstacle is not None]
    without = [one for one in obstacles if one.dispensable]
    for one in obstacles:
        if not one.dispensable:
            yield failed(f"{one.action} at {one.target} is refused, for what it does could not be undone: {one.obstacle}", "remove the obstacle (docs/undo.md), or take the target out of the catalogue")
    if len(without) == len(obstacles):
        said = f"; {len(without)} may run unprotected, as their playbook declares" if without else ""
        yield passed(f"{len(known) - len(obstacles)} of {len(known)} pairs of action and target can be protected{said}")


CHECK = Check(order=180, ask=_ask)
