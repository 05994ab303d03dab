"""A restart that a person is asked about, who does not answer: nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.support import MINUTE, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    return {"autonomy": {"proposal_expiry": f"{4 * MINUTE:g}s"}}


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts() or seen.tables["executions"]:
        yield "it acted without the person's word"
    if not any(event["alertname"] == "HomeostatProposal" for event in seen.of("posted")):
        yield "nobody was asked"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart", decision="propose", confidence=0.8),),
    outcomes=frozenset({"expired", "cleared"}),
    prepare=_prepare,
    check=_check,
)
