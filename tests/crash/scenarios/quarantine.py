"""Old logs are set aside and kept: the quarantine stays until its retention is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.actor.playbooks import owned
from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    files_kept.fill(host)
    return owned(host, "set-aside")


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=False)
    waiting = len(files_kept.quarantined(seen.host))
    outcome = seen.incidents[0]["outcome"] if seen.incidents else None
    if (outcome == "succeeded") != (waiting >= files_kept.FILES - 1):
        yield f"{waiting} files wait in quarantine, and it ended as {outcome}"
    if outcome == "rolled_back":
        yield from files_kept.nothing_waits(seen)


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="set-aside"),),
    outcomes=frozenset({"succeeded", "rolled_back", "rollback_conflict", "failed", "interrupted"}),
    prepare=_prepare,
    edit=files_kept.edit,
    edits_anywhere=True,
    check=_check,
)
