"""Files are moved aside on their own file system before they are deleted: until the purge each can go back."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

from actor.disk import compression, files, moves, quarantine, shelf, space, three_way
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, Unprotectable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config


def _obstacle(case: Case) -> str | None:
    if case.root is None:
        return "the target is no file system"
    try:
        status = os.statvfs(case.root)
        with files.opened(case.root) as root:
            place = files.status_of(quarantine.FOLDER, root)
    except OSError as error:
        return f"{case.root} cannot be opened: {error.strerror}"
    if status.f_flag & os.ST_RDONLY:
        return f"{case.root} is read-only"
    if not os.access(case.root, os.W_OK):
        return f"{case.root} may not be written"
    if place is not None and not quarantine.is_ours(place):
        return f"{case.root}/{quarantine.FOLDER} is no folder of ours alone"
    return None


def _protect(case: Case) -> dict[str, Any]:
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    directories = {name: rule.directory for name, rule in case.config.cleanup.items()}
    return {"root": case.root, "part": str(quarantine.part(case)), "directories": directories}


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    del case
    return record


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case
    _remove_when_empty(record)


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    paths = _rehearse(case, record).paths
    restored, conflicts = 0, []
    if not _is_there(record):
        return Restored()
    with _opened(record) as part:
        for inner in _rules_in(part):
            directory = record["directories"][inner.name]
            with files.opened_below(part, inner) as source, files.opened(directory) as destination:
                waiting = [folder / name for folder, _, names in files.walk(source) for name in names]
                back, taken = moves.move_back(source, destination)
                compression.withdraw_all(destination, waiting)
            restored += back
            conflicts += [f"{directory}/{path}" for path in taken]
    _remove_when_empty(record)
    return Restored(restored=restored, conflicts=tuple(conflicts), paths=paths)


def _rules_in(part: int) -> list[pathlib.PurePosixPath]:
    """Return the folders of the rules in every slice below an incident's open part."""
    found = []
    for number in sorted(os.listdir(part)):
        with files.opened_below(part, pathlib.PurePosixPath(number)) as own:
            found += [pathlib.PurePosixPath(number, name) for name in sorted(os.listdir(own))]  # noqa: PTH208 - by descriptor
    return found


def _remove_when_empty(record: dict[str, Any]) -> None:
    part = pathlib.PurePosixPath(record["part"])
    with contextlib.suppress(FileNotFoundError), quarantine.opened(record["root"], part.parent) as place:
        files.remove_folders(place, part.name)


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    del case
    paths: list[str] = []
    conflicts: list[str] = []
    with contextlib.suppress(FileNotFoundError), _opened(record) as part:
        for folder, descriptor, names in files.walk(part):
            for name in names:
                place = pathlib.Path(record["directories"][folder.parts[1]], *folder.parts[2:], name)
                (conflicts if _is_taken(place, os.lstat(name, dir_fd=descriptor)) else paths).append(str(place))
    return Restored(restored=len(paths), conflicts=tuple(conflicts), paths=tuple(sorted(paths)[: three_way.MOST_TOLD]))


def _is_taken(place: pathlib.Path, waiting: os.stat_result) -> bool:
    """Say whether something else stands where a file would go back; an undo that was killed may have linked the file itself there."""
    try:
        with files.opened(str(place.parent)) as folder:
            status = files.status_of(place.name, folder)
    except FileNotFoundError:
        return False
    except OSError:
        # A link or a file has come into its way.
        return True
    return status is not None and not os.path.samestat(status, waiting)


def _is_there(record: dict[str, Any]) -> bool:
    with contextlib.suppress(FileNotFoundError), _opened(record):
        return True
    return False


@contextlib.contextmanager
def _opened(record: dict[str, Any]) -> Iterator[int]:
    with quarantine.opened(record["root"], pathlib.PurePosixPath(record["part"])) as part:
        yield part


def _kept(config: Config) -> tuple[Kept, ...]:
    found = []
    directories = {name: rule.directory for name, rule in config.cleanup.items()}
    for name, filesystem in sorted(config.filesystems.items()):
        root = filesystem.path or name
        with contextlib.suppress(OSError), quarantine.opened(root, pathlib.PurePosixPath(quarantine.FOLDER)) as folder:
            for part in sorted(filter(shelf.incident_of, os.listdir(folder))):  # noqa: PTH208 - by descriptor
                record = {"root": root, "part": f"{quarantine.FOLDER}/{part}", "directories": directories}
                found.append(Kept(name=part, place=root, made_at=os.lstat(part, dir_fd=folder).st_ctime, record=record))
    return tuple(found)


def _room(record: dict[str, Any]) -> float:
    return shelf.room_ratio(record["root"])


def _discard(record: dict[str, Any]) -> None:
    part = pathlib.PurePosixPath(record["part"])
    name = shelf.own(part.name)
    if part.parts[0] != quarantine.FOLDER:
        raise ValueError(f"{part} is no quarantine of ours, so it is not touched")
    with contextlib.suppress(FileNotFoundError), quarantine.opened(record["root"], part.parent) as place:
        files.remove_tree(place, name)
    space.sync(record["root"])


@contextlib.contextmanager
def _locate(record: dict[str, Any], path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    wanted = pathlib.PurePosixPath(path)
    # The folder of one rule may lie in another's.
    inner = [pathlib.PurePosixPath(rule, wanted.relative_to(place)) for rule, place in record["directories"].items() if wanted.is_relative_to(place)]
    if not inner:
        raise FileNotFoundError(f"{path} lies below no folder that files were moved from")
    with _opened(record) as part:
        slices = sorted(os.listdir(part))  # noqa: PTH208 - by descriptor
        places = [pathlib.PurePosixPath(number) / each for number in slices for each in inner]
        yield part, next((place for place in places if _holds(part, place)), inner[0])


def _holds(part: int, path: pathlib.PurePosixPath) -> bool:
    try:
        with files.opened_below(part, path.parent) as folder:
            return files.status_of(path.name, folder) is not None
    except (FileNotFoundError, NotADirectoryError):
        return False


PROTECTION = Protection(
    word="quarantine",
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
