"""The built-in cleanup: old logs are set aside, health is looked at, and only then they are purged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK

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


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="disk-cleanup"),),
    outcomes=frozenset({"succeeded", "rolled_back", "rollback_conflict", "failed", "interrupted"}),
    prepare=_prepare,
    edit=files_kept.edit,
    edits_anywhere=True,
    check=_check,
)
