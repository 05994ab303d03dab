"""A read-only thin snapshot of the logical volume that holds a service's data; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor import unit
from actor.disk import files, mounts, shelf, three_way
from actor.disk.differences import differences
from actor.disk.three_way import Changes
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, Unprotectable
from homeostat import shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config

_TOOLS = "/usr/sbin"
TAG = "homeostat"
_FIELDS = "lv_name,segtype,origin,pool_lv,lv_tags,lv_time,data_percent,metadata_percent"
_IN_SECONDS = 'report { time_format="%s" }'
_DEADLINE_SECONDS = 30


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A logical volume as `lvs` reports it: times are Unix seconds, shares are percent and empty where they mean nothing."""

    lv_name: str
    segtype: str
    origin: str
    pool_lv: str
    lv_tags: str
    lv_time: str
    data_percent: str
    metadata_percent: str


class _Group(msgspec.Struct, frozen=True):
    lv: tuple[Volume, ...]


class _Report(msgspec.Struct, frozen=True):
    report: tuple[_Group, ...]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo needs: the volume as GROUP/NAME, where and as what it is mounted, its snapshot's name, and what the action left, once sealed."""

    volume: str
    place: str
    kind: str
    snapshot: str
    changed: Changes | None = None


def _volumes(volume: str) -> dict[str, Volume]:
    """Return what is in the group of a volume, by name. Raises OSError."""
    group = volume.partition("/")[0]
    argv = ("--reportformat", "json", "--nosuffix", "--config", _IN_SECONDS, "--options", _FIELDS, "--", group)
    told = _lvm("lvs", *argv)
    try:
        # Warnings may stand around the report.
        found = msgspec.json.decode(told[told.find("{") : told.rfind("}") + 1], type=_Report)
    except msgspec.DecodeError as error:
        raise OSError(f"lvs tells of {group} what is no report: {error}") from None
    return {each.lv_name: each for part in found.report for each in part.lv}


def _lvm(tool: str, *argv: str) -> str:
    done = shell.run((f"{_TOOLS}/{tool}", *argv), _DEADLINE_SECONDS)
    if not done.ok:
        raise OSError(str(done))
    return done.output


def _obstacle(case: Case) -> str | None:
    volume = case.service.volume if case.service is not None else None
    if volume is None:
        return f"{case.target} has no volume in the configuration"
    if not pathlib.Path(_TOOLS, "lvs").exists():
        return "the programs of LVM are not installed"
    try:
        volumes = _volumes(volume)
        own = volumes.get(volume.partition("/")[2])
        if own is None or own.segtype != "thin":
            return f"{volume} is no thin volume"
        return _full(case.config, volume, volumes[own.pool_lv]) or _unfit(case.config, volume)
    except OSError as error:
        return f"{volume} cannot be looked at: {error}"


def _full(config: Config, volume: str, pool: Volume) -> str | None:
    # A pool that runs out stops every volume in it, and a snapshot takes room with each later write.
    free_ratio = _free_ratio(pool)
    if free_ratio >= config.protections.keep_free:
        return None
    return f"the pool {pool.lv_name} of {volume} has {free_ratio:.0%} left, less than protections.keep_free {config.protections.keep_free:.0%}"


def _free_ratio(pool: Volume) -> float:
    """Return the free share (0..1) of a pool's data or metadata, whichever is less; what is not told counts as full."""
    return 1 - max(float(pool.data_percent or 100), float(pool.metadata_percent or 100)) / 100


def _unfit(config: Config, volume: str) -> str | None:
    mounted = _mounted(volume)
    if mounted is None:
        return f"{volume} is not mounted"
    if mounted.kind not in mounts.KINDS:
        return f"{volume} is {mounted.kind}; a thin snapshot is taken of {' or '.join(mounts.KINDS)}"
    with files.opened(mounted.place) as live:
        if os.fstatvfs(live).f_flag & os.ST_RDONLY:
            return f"{volume} is mounted read-only"
    return shelf.pinned(config, mounted.place)


def _mounted(volume: str) -> mounts.Mounted | None:
    return mounts.of_device(pathlib.Path("/dev", volume).stat().st_rdev)


def _protect(case: Case) -> dict[str, Any]:
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    assert case.service is not None
    assert case.service.volume is not None
    volume = case.service.volume
    mounted = _mounted(volume)
    assert mounted is not None
    try:
        name = shelf.new_name(case, _volumes(volume))
        _lvm("lvcreate", "--snapshot", "--permission", "r", "--setactivationskip", "y", "--addtag", TAG, "--name", name, "--", volume)
    except OSError as error:
        raise Unprotectable(f"no snapshot could be taken: {error}") from None
    return shelf.written(Record(volume=volume, place=mounted.place, kind=mounted.kind, snapshot=name))


def _own(volume: str, name: str) -> Volume | None:
    """Return our snapshot of that volume, or None where nothing has its name. Raises OSError, and ValueError when it is not ours."""
    found = _volumes(volume).get(shelf.own(name))
    if found is not None and not _is_ours(volume, found):
        raise ValueError(f"{name} in the group of {volume} is no snapshot that we took of it, so it is not touched")
    return found


def _is_ours(volume: str, found: Volume) -> bool:
    is_snapshot = found.segtype == "thin" and found.origin == volume.partition("/")[2]
    return is_snapshot and TAG in found.lv_tags.split(",") and shelf.incident_of(found.lv_name) is not None


@contextlib.contextmanager
def _before(taken: Record) -> Iterator[int]:
    """Open the snapshot's root, for as long as it takes. Raises OSError."""
    snapshot = _path(taken)
    _lvm("lvchange", "--activate", "y", "--ignoreactivationskip", "--", snapshot)
    try:
        with mounts.opened(f"/dev/{snapshot}", taken.kind) as root:
            yield root
    finally:
        # Another undo may have it open; it lets it go then.
        with contextlib.suppress(OSError):
            _lvm("lvchange", "--activate", "n", "--", snapshot)


def _path(taken: Record) -> str:
    return f"{taken.volume.partition('/')[0]}/{taken.snapshot}"


@contextlib.contextmanager
def _live(taken: Record) -> Iterator[int]:
    """Open the volume where it was mounted when it was protected. Raises OSError when it no longer is."""
    with files.opened(taken.place) as root:
        if os.fstat(root).st_dev != pathlib.Path("/dev", taken.volume).stat().st_rdev:
            raise FileNotFoundError(f"{taken.volume} is no longer mounted at {taken.place}")
        yield root


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, so that an undo can tell later edits from its own."""
    del case
    taken = msgspec.convert(record, Record)
    return shelf.written(msgspec.structs.replace(taken, changed=_changes(taken)))


def _changes(taken: Record) -> Changes:
    with _before(taken) as before, _live(taken) as live:
        return differences(before, live)


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put each changed path back as the snapshot has it, but only where it still is what the action left."""
    return _undone(case, record, three_way.revert)


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    return _undone(case, record, three_way.rehearse)


def _undone(case: Case, record: dict[str, Any], how: three_way.Undo) -> Restored:
    taken = msgspec.convert(record, Record)
    if taken.changed is None:
        return _named(taken, three_way.unsealed(_changes(taken), _path(taken)))
    if not taken.changed:
        return Restored()
    if case.service is not None and unit.show(case.service).active:
        return Restored(conflicts=tuple(f"{taken.place}/{path} (in use; its old state is in {_path(taken)})" for path in sorted(taken.changed)))
    with _before(taken) as before, _live(taken) as live:
        return _named(taken, how(before, live, taken.changed))


def _named(taken: Record, undone: Restored) -> Restored:
    conflicts, paths = (tuple(f"{taken.place}/{path}" for path in of) for of in (undone.conflicts, undone.paths))
    return Restored(restored=undone.restored, conflicts=conflicts, paths=paths)


def _kept(config: Config) -> tuple[Kept, ...]:
    found = []
    for volume in sorted({service.volume for service in config.services.values() if service.volume is not None}):
        # Where LVM or the group is gone, nothing is kept.
        with contextlib.suppress(OSError):
            mounted = _mounted(volume) or mounts.Mounted("", "")
            for name, each in sorted(_volumes(volume).items()):
                if _is_ours(volume, each):
                    record = shelf.written(Record(volume=volume, place=mounted.place, kind=mounted.kind, snapshot=name))
                    found.append(Kept(name=name, place=volume, made_at=float(each.lv_time), record=record))
    return tuple(found)


def _room(record: dict[str, Any]) -> float:
    taken = msgspec.convert(record, Record)
    volumes = _volumes(taken.volume)
    return _free_ratio(volumes[volumes[taken.volume.partition("/")[2]].pool_lv])


def _discard(record: dict[str, Any]) -> None:
    taken = msgspec.convert(record, Record)
    if _own(taken.volume, taken.snapshot) is not None:
        _lvm("lvremove", "--yes", "--", _path(taken))


@contextlib.contextmanager
def _locate(record: dict[str, Any], path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    taken, wanted = msgspec.convert(record, Record), pathlib.PurePosixPath(path)
    if not wanted.is_relative_to(taken.place):
        raise FileNotFoundError(f"{path} does not lie below {taken.place}")
    with _before(taken) as before:
        yield before, wanted.relative_to(taken.place)


PROTECTION = Protection(
    word="snapshot",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
)
