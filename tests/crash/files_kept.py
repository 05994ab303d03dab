"""What a cleanup's scenarios share: old logs, a user who writes where they were and beside, and the law that no byte is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import DAY

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Iterator, Mapping

    from tests.crash.evidence import Evidence
    from tests.support import Host

FILES = 4


def fill(host: Host) -> None:
    """Write old logs that a rule names, one in a folder of its own, and files that none does."""
    for number in range(FILES - 1):
        host.log(f"app.log.{number}", 16, age=DAY + number)
    host.log("deep/app.log.9", 16, age=DAY)
    host.log("app.log", 4, age=DAY)
    host.log("young.log.1", 4, age=60)


def edit(host: Host) -> Mapping[pathlib.Path, bytes]:
    """Be a user: add to a log that the action is about (or write it anew where it is gone), and write a note beside it."""
    written = {}
    for name in ("app.log.1", "notes.txt", "deep/mine.log.1"):
        path = host.logs / name
        written[path] = (path.read_bytes() if path.exists() else b"") + b"the user's own words\n"
    return written


def quarantined(host: Host) -> list[pathlib.Path]:
    return [path for path in (host.disk / ".homeostat-quarantine").rglob("*") if path.is_file()]


def conserved(seen: Evidence, *, purges: bool) -> Iterable[str]:
    """Every original is where it was (or was edited there), or waits in quarantine, or was purged under a purge's intent."""
    waiting = [path.read_bytes() for path in quarantined(seen.host)]
    purged = purges and any(phase["phase"] == "execute" and phase["intent"]["step"] == "purge-quarantine" for phase in _phases(seen))
    for path, content in seen.originals.items():
        live = path.exists() and path.read_bytes().startswith(content)
        if not live and content not in waiting and not purged:
            yield f"{path.name} is lost"
        if live and content in waiting and path not in seen.edits:
            yield f"{path.name} is there twice"
        if not _named_by_rule(path) and not live:
            yield f"{path.name}, which no rule names, was touched"


def nothing_waits(seen: Evidence) -> Iterable[str]:
    """When it is over nothing is left in quarantine, but for what a user's own file keeps from going back."""
    if any(row["outcome"] == "rollback_conflict" for row in seen.incidents):
        return
    for path in quarantined(seen.host):
        yield f"{path.name} was forgotten in the quarantine"


def back_or_reported(seen: Evidence) -> Iterable[str]:
    """After an undo each original is back, unless a user's own file stands there, which the outcome says."""
    incident = seen.incidents[0]
    for path, content in seen.originals.items():
        if path in seen.edits or (path.exists() and path.read_bytes() == content):
            continue
        yield f"{path.name} was not put back, and the incident ended as {incident['outcome']}"


def _phases(seen: Evidence) -> Iterator[dict[str, object]]:
    for incident in seen.incidents:
        yield from seen.phases(incident["id"])  # type: ignore[misc]


def _named_by_rule(path: pathlib.Path) -> bool:
    return path.match("*.log.*") and not path.name.startswith("young")

