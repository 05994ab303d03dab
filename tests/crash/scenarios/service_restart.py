"""A leaking service is restarted, and is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.scenario import Decide, Scenario
from tests.support import WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence


def check(seen: Evidence) -> Iterable[str]:
    restarts, outcome = seen.host.restarts(), seen.incidents[0]["outcome"] if seen.incidents else None
    if restarts > 1:
        yield f"the service was restarted {restarts} times"
    if outcome == "succeeded" and restarts != 1:
        yield "a success without a restart"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    check=check,
)
