"""Deletes what this incident has quarantined, slice by slice: the declared point of no return."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor.disk import compression, extents, files, moves, quarantine, rule, space
from actor.disk.files import FoundFile
from actor.kinds import Step
from actor.model import Case, Command, Effect, Prediction
from homeostat.amounts import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.disk.extents import Occupied
    from actor.disk.rule import Question

    Named = tuple[int, Occupied]

MOST_TOLD = 100
InPlace = dict[str, list[FoundFile]]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose: only this incident's own quarantine is purged."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What one slice holds when all of it was moved, what that frees, and the files that may be deleted where they lie if nothing can be moved."""

    number: int
    files: int
    frees: Prediction
    in_place: InPlace = {}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whose quarantine, and the slices that are planned to be in it."""

    incident_id: str
    slices: tuple[Slice, ...]


def _gather(case: Case, options: Options) -> Facts:
    del options
    aside = [command for command in case.planned if command.slice and not command.irreversible]
    numbers = sorted({command.slice for command in aside})
    return Facts(incident_id=case.incident_id, slices=tuple(_slice(number, aside) for number in numbers))


def _slice(number: int, aside: list[Command]) -> Slice:
    mine = [command for command in aside if command.slice == number]
    frees = space.together(command.frees for command in mine if command.frees is not None)
    in_place = [command.arguments for command in mine if command.arguments["when_full"] == "delete"]
    return Slice(
        number=number,
        files=sum(len(command.arguments["files"]) for command in mine),
        frees=frees,
        in_place={each["rule"]: msgspec.convert(each["files"], list[FoundFile]) for each in in_place},
    )


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return tuple(
        Command(
            step="purge-quarantine",
            summary=f"delete slice {part.number} of what incident {facts.incident_id} has quarantined",
            arguments={"files": part.files, "in_place": msgspec.to_builtins(part.in_place)},
            expected=f"frees {amount(part.frees.least_bytes, 'bytes')}",
            oracle="the slice in the incident's quarantine: once it is gone it was deleted",
            irreversible=True,
            frees=part.frees,
            slice=part.number,
        )
        for part in facts.slices
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    """Ask every file once more whether it is to go, put back what is not, and delete the rest.

    Since the plan a file may have been opened or written, a snapshot taken, the rule changed by its owner.
    """
    in_place = msgspec.convert(command.arguments["in_place"], InPlace)
    if in_place and _waiting(case, command) == 0 and _is_too_full(case, command, in_place):
        return _delete_in_place(case, in_place)
    if _waiting(case, command) == 0:
        return {"purged": 0, "put_back": [], "predicted": msgspec.to_builtins(Prediction(least_bytes=0, most_bytes=0))}
    return _purge(case, command)


def _is_too_full(case: Case, command: Command, in_place: InPlace) -> bool:
    """Try once more to move the slice aside, and say whether not even its first file can be."""
    full = any(quarantine.move_aside(case, (command.slice, name), chosen)[1] for name, chosen in in_place.items())
    return full and _waiting(case, command) == 0


def _waiting(case: Case, command: Command) -> int:
    assert case.root is not None
    try:
        with quarantine.opened(case.root, quarantine.of_slice(case, command.slice)) as own:
            return files.count(own)[0]
    except FileNotFoundError:
        return 0


def _purge(case: Case, command: Command) -> dict[str, Any]:
    part, held = quarantine.of_slice(case, command.slice), files.open_inodes()
    assert case.root is not None
    with quarantine.opened(case.root, part.parent) as place:
        with files.opened_below(place, pathlib.PurePosixPath(part.name)) as own:
            questions = {name: quarantine.question(case, name, held) for name in sorted(os.listdir(own))}  # noqa: PTH208 - by descriptor
            going, predicted = _freeing(own, dict(_named(own, questions)))
            back, stays = _settle(own, questions, going)
        files.remove_folders(place, part.name)
        os.fsync(place)
    told = {"purged": len(going), "put_back": back[:MOST_TOLD], "predicted": msgspec.to_builtins(predicted)}
    return told | {"stays": stays[:MOST_TOLD]} if stays else told


def _delete_in_place(case: Case, in_place: InPlace) -> dict[str, Any]:
    """Delete what would have been moved aside first, had there been room for as much as a name."""
    held, purged = files.open_inodes(), 0
    questions = {name: quarantine.question(case, name, held) for name in in_place}
    assert case.root is not None
    with files.opened(case.root) as root:
        going, predicted = _freeing(root, dict(_named_in_place(questions, in_place)))
    for name, chosen in in_place.items():
        for file in chosen:
            if pathlib.PurePosixPath(name, file.path) in going:
                with _still_there(questions[name], file) as folder:
                    if folder is not None:
                        os.unlink(pathlib.PurePosixPath(file.path).name, dir_fd=folder)
                        purged += 1
    return {"purged": purged, "in_place": True, "put_back": [], "predicted": msgspec.to_builtins(predicted)}


@contextlib.contextmanager
def _still_there(question: Question, file: FoundFile) -> Iterator[int | None]:
    """Open the folder of a file that lies where it was found, on the same mount, and is still named by its rule; else yield None."""
    path = pathlib.PurePosixPath(file.path)
    with contextlib.ExitStack() as opening:
        try:
            top = opening.enter_context(files.opened(question.rule.directory))
            folder = opening.enter_context(files.opened_below(top, path.parent))
        except OSError:
            yield None
            return
        status = files.status_of(path.name, folder)
        same = files.same_mount(top, folder) and moves.is_still(file, path.name, folder)
        yield folder if same and status is not None and question.refusal(path.parent, path.name, status) is None else None


def _named_in_place(questions: dict[str, Question], in_place: InPlace) -> Iterator[tuple[pathlib.PurePosixPath, Named]]:
    for name, chosen in in_place.items():
        for file in chosen:
            with _still_there(questions[name], file) as folder:
                path = pathlib.PurePosixPath(file.path)
                status = files.status_of(path.name, folder) if folder is not None else None
                if folder is None or status is None:
                    continue
                occupied = rule.ask(path.name, folder, status, by_blocks=questions[name].by_blocks)
                if occupied is not None:
                    yield pathlib.PurePosixPath(name, file.path), (status.st_ino, occupied)


def _named(own: int, questions: dict[str, Question]) -> Iterator[tuple[pathlib.PurePosixPath, Named]]:
    """Yield the path in the slice of each file that its rule still names, with its inode and what it occupies."""
    for folder, descriptor, entries in files.walk(own):
        for name in entries if folder.parts else ():
            question, status = questions[folder.parts[0]], files.status_of(name, descriptor)
            if status is None or question.refusal(folder.relative_to(folder.parts[0]), name, status) is not None:
                continue
            occupied = rule.ask(name, descriptor, status, by_blocks=question.by_blocks)
            if occupied is not None:
                yield folder / name, (status.st_ino, occupied)


def _freeing(own: int, named: dict[pathlib.PurePosixPath, Named]) -> tuple[set[pathlib.PurePosixPath], Prediction]:
    """Return the files that would free something, and how much they free together."""
    together = extents.held_only_by(own, {inode: occupied.shared for inode, occupied in named.values()})
    going = {path: occupied for path, (_, occupied) in named.items() if occupied.own_bytes or any(extent in together for extent in occupied.shared)}
    released_bytes = sum(extent.disk_bytes for extent in together)
    least_bytes = sum(occupied.own_bytes for occupied in going.values()) + released_bytes
    return set(going), Prediction(least_bytes=least_bytes, most_bytes=least_bytes + sum(occupied.shared_bytes for occupied in going.values()))


def _settle(own: int, questions: dict[str, Question], going: set[pathlib.PurePosixPath]) -> tuple[list[str], list[str]]:
    """Delete what goes and put the rest back; return what was put back, and what stays in the quarantine for its place is taken."""
    back: list[str] = []
    stays: list[str] = []
    for folder, descriptor, entries in files.walk(own):
        for name in sorted(entries):
            if folder / name in going:
                os.unlink(name, dir_fd=descriptor)
            elif folder.parts:
                origin = pathlib.PurePosixPath(questions[folder.parts[0]].rule.directory)
                inner = folder.relative_to(folder.parts[0])
                with files.opened(str(origin)) as top:
                    went = moves.put_back(name, descriptor, (top, inner))
                    compression.withdraw_all(top, [inner / name] if went else [])
                (back if went else stays).append(str(origin / inner / name))
    return back, stays


def _oracle(case: Case, command: Command) -> Effect:
    left = _waiting(case, command) + _left_in_place(case, msgspec.convert(command.arguments["in_place"], InPlace))
    if left == 0:
        return "done"
    return "none" if left == command.arguments["files"] else "partial"


def _left_in_place(case: Case, in_place: InPlace) -> int:
    left = 0
    for name, chosen in in_place.items():
        question = quarantine.question(case, name, ())
        for file in chosen:
            with _still_there(question, file) as folder:
                left += folder is not None
    return left


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="rule-bound", acts_on=("filesystem",))
