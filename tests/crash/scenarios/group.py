"""Two problems come in one payload: each is acted on once, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import service_restart
from tests.support import DISK, WEB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    files_kept.fill(host)
    return {}


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=True)
    yield from files_kept.nothing_waits(seen)
    if seen.host.restarts() > 1:
        yield "the service was restarted twice"
    if len(seen.incidents) != 2:
        yield f"two episodes became {len(seen.incidents)} incidents"


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="disk-cleanup"), Decide(key=WEB, action="service-restart")),
    outcomes=service_restart.SCENARIO.outcomes | {"rolled_back", "rollback_conflict", "failed"},
    prepare=_prepare,
    edit=files_kept.edit,
    check=_check,
)
