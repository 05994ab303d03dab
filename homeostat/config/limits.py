"""How much may happen, how often and where: the bounds that hold whatever the confidence (SPEC 5.3)."""

from __future__ import annotations

from typing import Literal

from homeostat.config.section import DAY, HOUR, MINUTE, Positive, Ratio, Section, lasting
from homeostat.config.units import Duration


class Window(Section, frozen=True, kw_only=True):
    """At most `count` in any stretch of `within`."""

    count: Positive
    """How often, at most."""
    within: Duration
    """In any stretch of this length."""

    def __post_init__(self) -> None:
        """Refuse a stretch that holds nothing."""
        lasting("within", self.within)

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `3/24h` as at most 3 in any 24 hours.

        Raises:
            ValueError: `text` is not COUNT/DURATION.

        """
        count, slash, within = text.partition("/")
        if not slash or not (count.isascii() and count.isdecimal()) or int(count) < 1:
            raise ValueError(f"{text!r} is no limit; write COUNT/DURATION, as in 3/24h")
        return cls(count=int(count), within=Duration.parse(within))


class Breaker(Section, frozen=True, kw_only=True):
    """When acting stops by itself (SPEC 6)."""

    failures: Positive = 3
    """After so many failures in a row, of whatever, nothing more is executed."""
    pair_failures: Positive = 2
    """After so many in a row of one action at one target, it is not tried there."""
    pair_open: Duration = Duration(HOUR)
    """For how long not, the first time; it doubles with each time."""
    pair_open_most: Duration = Duration(DAY)
    """For how long not, at most."""
    reset_after: Duration = Duration(DAY)
    """When the breaker for everything closes by itself."""


class Cooldowns(Section, frozen=True, kw_only=True):
    """How long an action of each class rests on a target after it ran there, where its playbook says nothing."""

    restart: Duration = Duration(5 * MINUTE)
    """Restarts of services."""
    cleanup: Duration = Duration(HOUR)
    """Whatever frees space."""
    config: Duration = Duration(15 * MINUTE)
    """Whatever brings what runs back to its configuration."""
    deploy: Duration = Duration(15 * MINUTE)
    """Whatever changes what is deployed."""
    read: Duration = Duration(5 * MINUTE)
    """Whatever only looks."""


class BlastRadius(Section, frozen=True, kw_only=True):
    """On how many of this host's targets may be acted within a time: a share of them, or `of_few` where there are fewer than `few`."""

    ratio: Ratio = 0.20
    """The share of this host's targets (services and filesystems), 0 to 1; at least one."""
    within: Duration = Duration(HOUR)
    """In any stretch of this length."""
    few: Positive = 5
    """With fewer targets than this a share says little."""
    of_few: Positive = 2
    """Then so many, in place of a share."""
    per_target: Window = Window(count=3, within=Duration(DAY))
    """How often one target may be acted on."""

    def __post_init__(self) -> None:
        """Refuse a time that holds nothing."""
        lasting("within", self.within)


class Correlated(Section, frozen=True, kw_only=True):
    """How many must have one problem at once for it to be no matter of any one of them: at least `least`, and this share."""

    least: Positive = 3
    """At least so many hosts, or members of a group."""
    ratio: Ratio = 0.40
    """And at least this share of them, 0 to 1."""


class Limits(Section, frozen=True, kw_only=True):
    """Bounds over all playbooks; a problem of severity critical may pass the gates that `critical_passes` names."""

    restarts: tuple[Window, ...] = (Window(count=6, within=Duration(HOUR)),)
    """How many units may be restarted, by whatever action; every entry holds."""
    cooldowns: Cooldowns = Cooldowns()
    """How long an action rests on a target after it ran there, where its playbook says nothing."""
    blast_radius: BlastRadius = BlastRadius()
    """On how many targets may be acted within a time."""
    correlated: Correlated = Correlated()
    """When many have one problem at once, none is acted on and a person is told."""
    critical_passes: tuple[Literal["window", "quiet-time"], ...] = ()
    """Which gates a critical problem may pass: window, quiet-time."""
    age: Duration = Duration(15 * MINUTE)
    """How long ago a problem may have been confirmed last to be acted on."""
    silence_answer_age: Duration = Duration(MINUTE)
    """How old Alertmanager's answer on silences may be."""
    episode_quiet: Duration = Duration(10 * MINUTE)
    """For how long a problem must be gone until it is over, and a new one is a new incident."""
    breaker: Breaker = Breaker()
    """When acting stops by itself."""
