"""Breakers as values: failures in a row open one, after its time one probe is let through, and what that brings closes it or opens it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.model import Breaker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeostat.config import Config

GLOBAL = "global"


def pair(action: str, target: str) -> str:
    """Return the scope of one action at one target."""
    return f"{action}/{target}"


def closed(scope: str) -> Breaker:
    """Return a breaker that has counted nothing."""
    return Breaker(scope=scope, failures=0, open_until=None, openings=0)


def concerned(breakers: Iterable[Breaker], action: str, target: str) -> tuple[Breaker, Breaker]:
    """Return the two breakers that an action at a target is subject to: that of everything, and its own."""
    known = {breaker.scope: breaker for breaker in breakers}
    own = pair(action, target)
    return known.get(GLOBAL, closed(GLOBAL)), known.get(own, closed(own))


def after(breaker: Breaker, config: Config, *, failed: bool, now: float) -> Breaker:
    """Return a breaker after one more outcome; after its time it lets one probe through, whose failure opens it again."""
    if not failed:
        return closed(breaker.scope)
    limits, failures = config.limits.breaker, breaker.failures + 1
    most = limits.failures if breaker.scope == GLOBAL else limits.pair_failures
    if failures < most and breaker.standing(now) != "half-open":
        return msgspec.structs.replace(breaker, failures=failures, probe=None)
    return tripped(msgspec.structs.replace(breaker, failures=failures), config, now)


def tripped(breaker: Breaker, config: Config, now: float) -> Breaker:
    """Return a breaker that opens now, however few failures it counted: a pair for twice as long each time, up to a day."""
    limits = config.limits.breaker
    doubled = float(limits.pair_open) * 2.0 ** min(breaker.openings, 60)
    stays_open = float(limits.reset_after) if breaker.scope == GLOBAL else min(doubled, float(limits.pair_open_most))
    return Breaker(scope=breaker.scope, failures=breaker.failures, open_until=now + stays_open, openings=breaker.openings + 1)


def stricter(one: Breaker, other: Breaker) -> Breaker:
    """Return what is left of two accounts of one breaker where the more careful counts; a probe of the first goes on."""
    until = [moment for moment in (one.open_until, other.open_until) if moment is not None]
    return Breaker(
        scope=one.scope,
        failures=max(one.failures, other.failures),
        open_until=max(until, default=None),
        openings=max(one.openings, other.openings),
        probe=one.probe,
    )
