"""What a deployment will do, as data: which files change and how, and which units start in which phase; pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from actor.stack.phases import phases
from actor.stack.record import Phase, Placed, UnitBefore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actor.stack.record import Deployed, Held
    from actor.stack.stackfile import Component
    from actor.stack.units import UnitNow


def plan(components: tuple[Component, ...], there: Mapping[str, Held | None], units: Mapping[str, UnitNow]) -> tuple[Phase, ...]:
    """Return the phases of a stack: of each the files that change, and the units to be started or restarted; what is as it should be is left out.

    `there` is what each file's place holds now, `units` how each unit is.
    """
    by_name = {component.name: component for component in components}
    found = []
    for names in phases({component.name: component.needs for component in components}):
        of_phase = [by_name[name] for name in names]
        changed = {component.name: _changed(component, there) for component in of_phase}
        going = [component for component in of_phase if changed[component.name] or not units[component.unit].active or units[component.unit].outdated]
        found.append(
            Phase(
                members=tuple(component.unit for component in of_phase),
                files=tuple(placed for component in of_phase for placed in changed[component.name]),
                units=tuple(_before(component.unit, units[component.unit]) for component in going),
            )
        )
    return tuple(found)


def _changed(component: Component, there: Mapping[str, Held | None]) -> tuple[Placed, ...]:
    placed = (Placed(path=wanted.path, content=wanted.content.encode(), before=there[wanted.path]) for wanted in component.files)
    return tuple(each for each in placed if each.before is None or each.before.content != each.content)


def _before(unit: str, now: UnitNow) -> UnitBefore:
    return UnitBefore(unit=unit, active=now.active, invocation=now.invocation, enabled=now.enabled)


def told_back(deployed: Deployed) -> Iterator[str]:
    """Yield in words what taking a deployment back would do, as far as nobody has touched it since."""
    for phase in reversed(deployed.phases[: deployed.begun]):
        yield from (f"{'restart as before' if before.active else 'stop'} {before.unit}" for before in reversed(phase.units))
        yield from (f"{'put back' if placed.before is not None else 'remove'} {placed.path}" for placed in reversed(phase.files))
    yield from (f"let {image.reference} mean {image.id[:12]} again" for image in deployed.images)


def told(planned: tuple[Phase, ...]) -> Iterator[str]:
    """Yield a plan in words, with each file's difference as lines of a unified diff."""
    for number, phase in enumerate(planned, start=1):
        words = [f"{'restart' if before.active else 'start'} {before.unit}" for before in phase.units]
        yield f"phase {number}: {', '.join(words) or 'nothing to start'}"
        for placed in phase.files:
            yield f"  {'change' if placed.before is not None else 'new'} {placed.path}"
            # Passwords belong on no screen.
            if not placed.path.endswith(".env"):
                yield from (f"    {line}" for line in _difference(placed))


def _difference(placed: Placed) -> Iterator[str]:
    before = placed.before.content.decode(errors="replace") if placed.before is not None else ""
    lines = difflib.unified_diff(before.splitlines(), placed.content.decode().splitlines(), "as it is", "as it will be", lineterm="", n=2)
    yield from lines
