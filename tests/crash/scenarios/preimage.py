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
_WORDS = b"the user's own words\n"


def _prepare(host: Host) -> dict[str, Any]:
    (host.service / "kept").mkdir()
    for name, content in _BEFORE.items():
        (host.service / name).write_bytes(content)
    spoils = executable(host.service / "spoils", _SPOILS.format(folder=host.service))
    files = [str(host.service / name) for name in ("settings", "kept")]
    return {"services": {"web": {"files": files, "commands": {"restart": [str(spoils)]}}}}


def _edit(host: Host) -> Mapping[pathlib.Path, bytes]:
    return {host.service / name: _WORDS for name in ("settings", "kept/notes")}


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts() > 1:
        yield "the service was restarted twice"
    row = seen.incidents[0]
    for path, content in {seen.host.service / name: content for name, content in _BEFORE.items()}.items():
        written = any(event["path"] == str(path) for event in seen.of("edited"))
        as_it_was = path.exists() and path.read_bytes() in {content, _WORDS if written else content}
        if not as_it_was and row["outcome"] in {"rolled_back", "succeeded"}:
            yield f"{path.name} is not as it was, and it ended as {row['outcome']}: {row['reason']}"
        if not as_it_was and row["outcome"] == "rollback_conflict" and path.name not in row["reason"]:
            yield f"{path.name} was left spoilt, and the reason does not name it: {row['reason']}"
    if row["outcome"] == "failed" and seen.host.restarts():
        yield f"it was restarted, and it ended as failed: {row['reason']}"
    made = seen.host.service / "kept" / "made"
    if made.exists() and row["outcome"] == "rolled_back":
        yield "what the action made was left, and it ended as rolled_back"


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"rolled_back", "rollback_conflict", "interrupted", "failed"}),
    # A service writes its files while it runs: between the copy and the seal nobody can tell a user's write from its own.
    ambiguous=frozenset({"protect", "recheck", "execute", "seal"}),
    prepare=_prepare,
    edit=_edit,
    edits_anywhere=True,
    check=_check,
)
