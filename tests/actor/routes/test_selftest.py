"""What a person's selftest leaves with the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import selftests
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import DAY, HOUR

if TYPE_CHECKING:
    from tests.support import Actor

STEP = {"hop": "actor", "seconds": 0.5, "words": "ready"}


def report(**changes: Any) -> dict[str, Any]:
    return {"verdict": "passed", "words": "it works", "failed_at": "", "ended_at": 1.0, "steps": [STEP], **changes}


@pytest.mark.parametrize("ahead_seconds", [-HOUR, 300 * DAY])
def test_it_ended_when_the_actor_heard_so_whatever_the_persons_clock_says(actor: Actor, ahead_seconds: float) -> None:
    told = report(ended_at=actor.clock.now() + ahead_seconds)
    assert pages_of(actor).client.post("/api/v1/selftest", json=told, headers=AS_OPERATOR).status_code == 200
    assert selftests.last_proof(actor.journal) == actor.clock.now()


@pytest.mark.parametrize("changes", [{"steps": [STEP, STEP]}, {"steps": [{**STEP, "hop": "nowhere"}]}, {"failed_at": "nowhere"}, {"verdict": "well"}])
def test_a_report_that_no_selftest_makes_is_refused(actor: Actor, changes: dict[str, Any]) -> None:
    assert pages_of(actor).client.post("/api/v1/selftest", json=report(**changes), headers=AS_OPERATOR).status_code == 400
    assert selftests.last(actor.journal) is None


def test_only_the_operator_may_say_how_one_ended(actor: Actor) -> None:
    assert pages_of(actor).client.post("/api/v1/selftest", json=report()).status_code == 401
    assert selftests.last(actor.journal) is None
