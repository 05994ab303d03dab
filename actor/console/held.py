"""What the console shows of what holds something back: silences heard of last, what each does to this host, and how it is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from homeostat.holds import Hold, silence_holds
from homeostat.silences import is_pause, judge, known_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.world import World
    from homeostat.silences import Judged


class Held(NamedTuple):
    """One thing that holds, with how it is ended: a silence by its id, and whether a pause made it or Alertmanager has lost it."""

    hold: Hold
    silence: str = ""
    is_pause: bool = False
    is_lost: bool = False

    @property
    def by(self) -> str:
        """By what it is held, in the word for it: a pause is a silence of ours."""
        return "pause" if self.is_pause else self.hold.by


def judged_silences(world: World) -> list[Judged]:
    """Return the silences heard of last that concern this host, and what each does."""
    known = world.silences.active if world.silences is not None else ()
    return judge(known, known_names(world.config, world.playbooks))


def held_by_silences(world: World, judged: list[Judged]) -> Iterator[Held]:
    """Yield what silences hold back."""
    lost = world.silences.lost if world.silences is not None else ()
    for one in judged:
        for hold in silence_holds([one]):
            yield Held(hold, one.silence.id, is_pause(one.silence.matchers, world.config.host), one.silence in lost)
