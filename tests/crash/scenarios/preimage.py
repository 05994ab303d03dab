"""A restart that spoils its service's files and leaves it down: the copies go back, but not over what a user wrote since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.support import WEB, executable

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Mapping

    from tests.crash.evidence import Evidence
    from tests.support import Host

_SPOILS = """#!/bin/sh
cd {folder} || exit 1
./control restart
echo spoilt >settings.new && mv settings.new settings
echo spoilt >>kept/state
rm kept/old
echo spoilt >kept/made
rm healthy
touch down
"""
_BEFORE = {"settings": b"as the owner wrote it\n", "kept/state": b"state\n", "kept/old": b"old\n"}


def _prepare(host: Host) -> dict[str, Any]:
    (host.service / "kept").mkdir()
    for name, content in _BEFORE.items():
        (host.service / name).write_bytes(content)
    spoils = executable(host.service / "spoils", _SPOILS.format(folder=host.service))
    files = [str(host.service / name) for name in ("settings", "kept")]
    return {"services": {"web": {"files": files, "commands": {"restart": [str(spoils)]}}}}


def _edit(host: Host) -> Mapping[pathlib.Path, bytes]:
    return {host.service / name: b"the user's own words\n" for name in ("settings", "kept/notes")}


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts() > 1:
        yield "the service was restarted twice"
    row = seen.incidents[0]
    before = {seen.host.service / name: content for name, content in _BEFORE.items()}
    for path, content in before.items():
        as_it_was = path.exists() and path.read_bytes() == content
        if not as_it_was and path not in seen.edits and row["outcome"] in {"rolled_back", "failed", "succeeded"}:
            yield f"{path.name} is not as it was, and it ended as {row['outcome']}: {row['reason']}"
        if not as_it_was and path not in seen.edits and row["outcome"] == "rollback_conflict" and path.name not in row["reason"]:
            yield f"{path.name} was left spoilt, and the reason does not name it: {row['reason']}"
    made = seen.host.service / "kept" / "made"
    if made.exists() and row["outcome"] == "rolled_back":
        yield "what the action made was left, and it ended as rolled_back"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"rolled_back", "rollback_conflict", "interrupted"}),
    prepare=_prepare,
    edit=_edit,
    check=_check,
)
