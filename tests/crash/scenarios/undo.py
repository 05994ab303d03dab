"""A person takes back a cleanup that went well, and says it again when a kill hid the answer: everything goes back, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.actor.playbooks import owned
from tests.crash import files_kept
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host


def _prepare(host: Host) -> dict[str, Any]:
    files_kept.fill(host)
    return owned(host, "set-aside")


def _undo(life: Life) -> bool:
    incident = life.actor.incident()
    answer = life.desk.post("/api/v1/undo", json={"author": "ada@h1", "incident_id": incident.id})
    # What was undone already, or never came to stand, is no undo's business.
    return answer.status_code == 200 or incident.outcome != "succeeded"


def _check(seen: Evidence) -> Iterable[str]:
    yield from files_kept.conserved(seen, purges=False)
    yield from files_kept.back_or_reported(seen)
    if not seen.edits:
        yield from files_kept.nothing_waits(seen)


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="set-aside"),),
    outcomes=frozenset({"succeeded", "rolled_back", "rollback_conflict", "failed", "interrupted"}),
    prepare=_prepare,
    edit=files_kept.edit,
    moments={5 * MINUTE: _undo},
    check=_check,
)
