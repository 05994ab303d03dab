"""Old logs are set aside, then a service falls ill: everything goes back, but never over what a user wrote there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.actor.playbooks import owned
from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    files_kept.fill(host)
    return owned(host, "set-aside")


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=False)
    yield from files_kept.nothing_waits(seen)
    yield from files_kept.back_or_reported(seen)


def falls_ill_when_watched(life: Life) -> None:
    """Let the service fall ill in the settle window."""
    healthy = life.actor.host.service / "healthy"

    def at_sleep() -> None:
        with life.points.unwatched():
            healthy.unlink(missing_ok=True)

    life.clock.at_sleep = at_sleep


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="set-aside"),),
    outcomes=frozenset({"rolled_back", "rollback_conflict", "failed", "interrupted"}),
    prepare=_prepare,
    edit=files_kept.edit,
    edits_anywhere=True,
    begin=falls_ill_when_watched,
    check=_check,
)
