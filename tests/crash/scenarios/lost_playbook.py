"""The owner deletes the playbook while the actor is down: what was set aside goes back, and it counts as a failure."""

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


def _reconfigure(host: Host) -> dict[str, Any]:
    changes = owned(host, "set-aside")
    (host.folder / "playbooks" / "set-aside.yml").unlink()
    return changes


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=False)
    if seen.incidents and seen.incidents[0]["outcome"] in {"rolled_back", "interrupted"}:
        yield from files_kept.nothing_waits(seen)
        yield from files_kept.back_or_reported(seen)


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="set-aside"),),
    outcomes=frozenset({"succeeded", "rolled_back", "rollback_conflict", "interrupted", "refused"}),
    prepare=_prepare,
    edit=files_kept.edit,
    reconfigure=_reconfigure,
    check=_check,
)
