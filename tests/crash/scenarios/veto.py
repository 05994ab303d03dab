"""A person says no to what was announced: it never begins, whatever is killed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.support import MINUTE, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    return {"autonomy": {"grace": f"{3 * MINUTE:g}s"}}


def _veto(life: Life) -> bool:
    waiting = life.desk.get("/api/v1/scheduled").get_json()
    answers = [life.desk.post(f"/api/v1/incidents/{one['id']}/veto", json={"author": "ada@h1", "reason": "not now"}) for one in waiting]
    return any(answer.status_code == 200 for answer in answers) or life.actor.incident().outcome == "vetoed"


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts() or seen.tables["executions"]:
        yield "it acted against a person's no"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart", decision="notify-execute"),),
    outcomes=frozenset({"vetoed"}),
    prepare=_prepare,
    moments={MINUTE: _veto},
    check=_check,
)
