"""Whether what was backed up can be read, by the program that a backup names: run seldom, for it takes its time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from exporter.observation import Metric, Observer, Sight, Trouble
from homeostat import shell
from homeostat.units.owned import see_that_owned
from homeostat.units.places import Unreachable

if TYPE_CHECKING:
    from exporter.observation import Looking
    from homeostat.config.backups import Integrity

_HELP = {
    "backup_integrity_ok": "Whether the last check of a backup succeeded.",
    "backup_integrity_check_timestamp_seconds": "When a backup was last checked.",
}
_MOST_LETTERS = 200
# The program may fail for another reason than the backup.
_CONFIDENCE = 0.85


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """How one check went: when (Unix seconds), by which program, and in words what was wrong."""

    at: float
    argv: tuple[str, ...]
    fault: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The last check of each backup that names a program, by its name."""

    checked: dict[str, Checked]


def _integrities(looking: Looking) -> dict[str, Integrity]:
    return {name: backup.integrity for name, backup in looking.config.backups.items() if backup.integrity is not None and backup.integrity.command is not None}


def _kept(looking: Looking) -> Facts | None:
    """Return the last checks where all were made a moment ago, by an exporter that has been restarted since; None where one is due."""
    known = looking.memory.checked if looking.memory is not None else {}
    # Half of the time: a look that comes a second early is to run it.
    fresh_seconds = looking.config.exporter.observers.backup_integrity.every / 2
    found = {}
    for name, integrity in _integrities(looking).items():
        last = known.get(name)
        if last is None or last.argv != integrity.command or not 0 <= looking.now - last.at < fresh_seconds:
            return None
        found[name] = last
    return Facts(checked=found)


def _gather(looking: Looking) -> Facts:
    """Run the program of each backup, all at once: root's door is not open long enough for one after the other."""
    integrities = _integrities(looking)
    with ThreadPoolExecutor(max(1, len(integrities))) as pool:
        checked = list(pool.map(lambda integrity: _check(integrity, looking.now), integrities.values()))
    return Facts(checked=dict(zip(integrities, checked, strict=True)))


def _check(integrity: Integrity, now: float) -> Checked:
    """Run the program."""
    assert integrity.command is not None
    try:
        # Of the program alone: the repository that it is given may be anybody's.
        see_that_owned(integrity.command[:1])
    except Unreachable as why:
        return Checked(at=now, argv=integrity.command, fault=str(why))
    ended = shell.run(integrity.command, integrity.deadline)
    said = " ".join(ended.output.split())[-_MOST_LETTERS:]
    fault = None if ended.ok else f"{ended.cut or f'exit {ended.status}'}: {said or 'no output'}"
    return Checked(at=now, argv=integrity.command, fault=fault)


def _read(facts: Facts, looking: Looking) -> Sight:
    del looking
    metrics = [
        metric
        for name, checked in facts.checked.items()
        for metric in (
            Metric("backup_integrity_ok", float(checked.fault is None), {"backup": name}),
            Metric("backup_integrity_check_timestamp_seconds", checked.at, {"backup": name}),
        )
    ]
    troubles = [
        Trouble("backup_stale", name, "integrity", _CONFIDENCE, "critical", f"{checked.argv[0]} finds backup {name} not sound: {checked.fault}")
        for name, checked in facts.checked.items()
        if checked.fault is not None
    ]
    return Sight(metrics=tuple(metrics), troubles=tuple(troubles), memory=facts)


OBSERVER = Observer(help=_HELP, facts=Facts, gather=_gather, read=_read, memory=Facts, needs_root=True, kept=_kept)
