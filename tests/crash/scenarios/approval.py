"""A person says yes to a proposal: it runs once, and not before; a yes whose answer a kill hid is said again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import service_restart
from tests.support import MINUTE, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life


def _approve(life: Life) -> bool:
    life.points.trace.write("spoke", at=life.clock.now())
    answers = [
        life.desk.post(f"/api/v1/incidents/{one['id']}/approve", json={"author": "ada@h1", "plan_hash": one["proposal"]["plan_hash"]})
        for one in life.desk.get("/api/v1/proposals").get_json()
    ]
    # Where nothing waits any more a kill had hidden that it was heard.
    return any(answer.status_code == 200 for answer in answers) or bool(life.actor.journal.rows("SELECT 1 FROM executions"))


def _check(seen: Evidence) -> Iterable[str]:
    yield from service_restart.check(seen)
    spoke = [event["at"] for event in seen.of("spoke")]
    for run in seen.tables["executions"]:
        if not spoke or run["started_at"] < min(spoke):
            yield f"it began at {run['started_at']:g}, before the person said yes"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart", decision="propose", confidence=0.8),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    moments={MINUTE: _approve},
    check=_check,
)
