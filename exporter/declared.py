"""How the observers of what is declared gather: one look at the units of every service of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.observation import NotSeen
from homeostat.units.look import look

if TYPE_CHECKING:
    from exporter.observation import Looking
    from homeostat.units.facts import Look


def gather_units(looking: Looking) -> Look:
    """Look at every service. Raises NotSeen where none could be seen."""
    seen = look(looking.config.services)
    if seen.unseen and not seen.units:
        raise NotSeen(next(iter(seen.unseen.values())))
    return seen
