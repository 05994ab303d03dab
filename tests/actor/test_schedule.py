"""Another level and budget from midnight on, for what waits as for what comes: by the real pipeline, in virtual time."""

from __future__ import annotations

import contextlib
import datetime
import zoneinfo
from typing import TYPE_CHECKING

import pytest

from tests.support import DISK, MINUTE, WEB, Actor, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONE = "Europe/Berlin"
WEEKEND = {"name": "weekend", "when": [{"weekdays": ["saturday", "sunday"], "location": ZONE}], "level": "aggressive", "max_actions_per_day": 20}
# The days on which a weekend begins and the one after it does: clocks go forward in the first, and back in the second.
WEEKENDS = [("2026-03-28", "2026-03-30"), ("2026-10-24", "2026-10-26")]


@contextlib.contextmanager
def before_midnight(host: Host, day: str) -> Iterator[tuple[Actor, float]]:
    """Yield an actor ten minutes before a day begins in Berlin, and when that is."""
    midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(ZONE)).timestamp()
    host.clock.jump(midnight - 10 * MINUTE - host.clock.now())
    actor = Actor(host, autonomy={"level": "conservative", "max_actions_per_day": 1, "schedule": [WEEKEND]})
    for number in range(6):
        host.log(f"app.log.{number}", 32)
    yield actor, midnight
    actor.journal.close()


def pass_until(actor: Actor, moment: float) -> None:
    actor.clock.advance(moment - actor.clock.now())


@pytest.mark.parametrize("day", [begins for begins, _ in WEEKENDS])
def test_what_the_weekdays_budget_holds_back_runs_when_the_weekend_begins(host: Host, day: str) -> None:
    with before_midnight(host, day) as (actor, midnight):
        actor.decide(DISK, "disk-cleanup", confidence=0.96)
        actor.turn()
        assert actor.incident().outcome == "succeeded"
        actor.decide(WEB, "service-restart", confidence=0.96)
        actor.turn()
        waiting = actor.incident()
        assert (waiting.state, waiting.reason, waiting.wake_at) == ("deferred", "budget: the budget of 1/1d actions is spent", midnight)
        pass_until(actor, midnight - 1)
        actor.turn()
        assert host.restarts() == 0
        pass_until(actor, midnight)
        actor.turn()
        assert (actor.incident().outcome, host.restarts()) == ("succeeded", 1)


@pytest.mark.parametrize("day", [begins for begins, _ in WEEKENDS])
def test_a_confidence_that_is_too_low_on_weekdays_is_enough_at_the_weekend(host: Host, day: str) -> None:
    with before_midnight(host, day) as (actor, midnight):
        actor.decide(WEB, "service-restart", confidence=0.8)
        actor.turn()
        assert (actor.incident().outcome, actor.incident().reason) == ("refused", "confidence: the confidence is now no longer above 0.95")
        pass_until(actor, midnight)
        actor.turn()
        assert (actor.incident().outcome, host.restarts()) == ("succeeded", 1)


@pytest.mark.parametrize("day", [ends for _, ends in WEEKENDS])
def test_what_was_announced_at_the_weekend_does_not_run_on_monday_where_nothing_is_executed_after_an_announcement(host: Host, day: str) -> None:
    with before_midnight(host, day) as (actor, midnight):
        pass_until(actor, midnight - 5 * MINUTE)
        actor.decide(WEB, "service-restart", "notify-execute", confidence=0.9)
        actor.turn()
        assert actor.incident().state == "announced"
        pass_until(actor, midnight + 5 * MINUTE)
        actor.turn()
        assert (actor.incident().outcome, host.restarts()) == ("refused", 0)
        assert actor.incident().reason == "confidence: notify-execute is never allowed to this now, whatever the confidence"


@pytest.mark.parametrize("day", [ends for _, ends in WEEKENDS])
def test_what_ran_at_the_weekend_has_spent_mondays_budget(host: Host, day: str) -> None:
    with before_midnight(host, day) as (actor, midnight):
        actor.decide(DISK, "disk-cleanup", confidence=0.8)
        actor.turn()
        assert actor.incident().outcome == "succeeded"
        began = actor.clock.now()
        pass_until(actor, midnight)
        actor.decide(WEB, "service-restart", confidence=0.96)
        actor.turn()
        waiting = actor.incident()
        assert (waiting.state, waiting.reason) == ("deferred", "budget: the budget of 1/1d actions is spent")
        assert waiting.wake_at is not None
        assert midnight + 23 * 3600 < waiting.wake_at <= began + 86400
