"""What may start when: phases, so that whatever a service needs stands in an earlier one, and as few of them as that allows."""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def circle(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return a way by which something needs itself, its first and last name the same; nothing where there is none."""
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        # It goes from what is needed to what needs it; people read it the other way round.
        return tuple(reversed(error.args[1]))
    return ()


def phases(needs: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the names by phases; within one nothing needs another, so they may start side by side. Raises CycleError."""
    sorter, found = graphlib.TopologicalSorter(needs), []
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(tuple(sorted(ready)))
        sorter.done(*ready)
    return tuple(found)
