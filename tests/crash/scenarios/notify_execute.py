"""A restart that people are told of before: it waits its grace, and never begins earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import service_restart
from tests.support import MINUTE, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host

GRACE_SECONDS = 2 * MINUTE


def _prepare(host: Host) -> dict[str, Any]:
    return {"autonomy": {"grace": f"{GRACE_SECONDS:g}s"}}


def _check(seen: Evidence) -> Iterable[str]:
    yield from service_restart.check(seen)
    announced = [event["at"] for event in seen.of("posted") if event["alertname"] == "HomeostatAnnouncement"]
    for run in seen.tables["executions"]:
        if not announced or run["started_at"] < min(announced) + GRACE_SECONDS:
            yield f"it began at {run['started_at']:g}; announced at {announced}, and people have {GRACE_SECONDS:g} s"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart", decision="notify-execute"),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    prepare=_prepare,
    check=_check,
)
