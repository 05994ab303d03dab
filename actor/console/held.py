"""What the console shows of silences: those heard of last, and what each does to this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.silences import Judged


def judged_silences(world: World) -> list[Judged]:
    """Return the silences heard of last that concern this host, and what each does."""
    known = world.silences.active if world.silences is not None else ()
    return judge(known, known_names(world.config, world.playbooks))
