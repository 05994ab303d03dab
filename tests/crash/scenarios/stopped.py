"""Someone pulls the kill switch while the actor is down: the next process begins nothing, and brings back what it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.actor.playbooks import owned
from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Mapping

    from tests.crash.evidence import Evidence
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    files_kept.fill(host)
    return owned(host, "set-aside")


def _edit(host: Host) -> Mapping[pathlib.Path, bytes]:
    return {host.folder / "state" / "stop": b"by ada: enough", **files_kept.edit(host)}


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=False)
    stopped = [number for number, event in enumerate(seen.story) if event["kind"] == "edited" and event["path"].endswith("/stop")]
    moved = [event["name"] for event in seen.story[stopped[0] :] if event["kind"] == "point" and event["name"].startswith("rename ")] if stopped else []
    # The file at hand is moved to the end; the switch is looked at before each.
    if len(moved) > 1:
        yield f"{', '.join(moved)}: done although everything was stopped"


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="set-aside"),),
    outcomes=frozenset({"succeeded", "rolled_back", "rollback_conflict", "failed", "interrupted", "refused"}),
    prepare=_prepare,
    edit=_edit,
    check=_check,
)
