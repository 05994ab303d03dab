"""A restart that the service refuses: it failed, is learned from, and is not tried again in this episode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.support import WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    (host.service / "refuses").touch()
    return {}


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts() != 0:
        yield "the service was restarted although it refuses"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"failed", "interrupted"}),
    prepare=_prepare,
    check=_check,
)
