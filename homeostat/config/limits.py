"""How much may happen, how often and where: the bounds that hold whatever the confidence (SPEC 5.3)."""

from __future__ import annotations

from typing import Literal

from homeostat.config.section import DAY, HOUR, MINUTE, Positive, Ratio, Section, lasting
from homeostat.config.units import Duration


class Window(Section, frozen=True, kw_only=True):
    """At most `count` in any stretch of `within`."""

    count: Positive
    within: Duration

    def __post_init__(self) -> None:
        """Refuse a stretch that holds nothing."""
        lasting("within", self.within)


class Breaker(Section, frozen=True, kw_only=True):
    """When acting stops by itself (SPEC 6)."""

    failures: Positive = 3
    pair_failures: Positive = 2
    pair_open: Duration = Duration(HOUR)
    pair_open_most: Duration = Duration(DAY)
    reset_after: Duration = Duration(DAY)


class Cooldowns(Section, frozen=True, kw_only=True):
    """How long an action of each class rests on a target after it ran there, where its playbook says nothing."""

    restart: Duration = Duration(5 * MINUTE)
    cleanup: Duration = Duration(HOUR)
    config: Duration = Duration(15 * MINUTE)
    deploy: Duration = Duration(15 * MINUTE)
    read: Duration = Duration(5 * MINUTE)


class BlastRadius(Section, frozen=True, kw_only=True):
    """On how many of this host's targets may be acted within a time: a share of them, or `of_few` where there are fewer than `few`."""

    ratio: Ratio = 0.20
    within: Duration = Duration(HOUR)
    few: Positive = 5
    of_few: Positive = 2
    per_target: Window = Window(count=3, within=Duration(DAY))

    def __post_init__(self) -> None:
        """Refuse a time that holds nothing."""
        lasting("within", self.within)


class Correlated(Section, frozen=True, kw_only=True):
    """How many must have one problem at once for it to be no matter of any one of them: at least `least`, and this share."""

    least: Positive = 3
    ratio: Ratio = 0.40


class Limits(Section, frozen=True, kw_only=True):
    """Bounds over all playbooks; a problem of severity critical may pass the gates that `critical_passes` names."""

    restarts: tuple[Window, ...] = (Window(count=6, within=Duration(HOUR)),)
    cooldowns: Cooldowns = Cooldowns()
    blast_radius: BlastRadius = BlastRadius()
    correlated: Correlated = Correlated()
    critical_passes: tuple[Literal["window", "quiet-time"], ...] = ()
    age: Duration = Duration(15 * MINUTE)
    silence_answer_age: Duration = Duration(MINUTE)
    episode_quiet: Duration = Duration(10 * MINUTE)
    breaker: Breaker = Breaker()
