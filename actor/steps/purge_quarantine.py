"""Deletes what this incident has quarantined, slice by slice: the declared point of no return."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor import extents, files, quarantine, rule, space
from actor.model import Case, Command, Effect, Prediction, Step
from actor.reckoning import size_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.extents import Occupied
    from actor.rule import Question

    Named = tuple[int, Occupied]

MOST_TOLD = 100


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose: only this incident's own quarantine is purged."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What one slice holds when all of it was moved, and what that frees."""

    number: int
    files: int
    frees: Prediction


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
    return Slice(number=number, files=sum(len(command.arguments["files"]) for command in mine), frees=frees)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return tuple(
        Command(
            step="purge-quarantine",
            summary=f"delete slice {part.number} of what incident {facts.incident_id} has quarantined",
            arguments={"files": part.files},
            expected=f"frees {size_in_words(part.frees.least_bytes)}",
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
    part, held = quarantine.of_slice(case, command.slice), files.open_inodes()
    assert case.root is not None
    with files.opened(case.root) as root, files.opened_below(root, part.parent) as place:
        with files.opened_below(place, pathlib.PurePosixPath(part.name)) as own:
            questions = {name: quarantine.question(case, name, held) for name in sorted(os.listdir(own))}  # noqa: PTH208 - by descriptor
            named = dict(_named(own, questions))
            going, predicted = _freeing(own, named)
            kept = _settle(own, questions, going)
        files.remove_folders(place, part.name)
        os.fsync(place)
    return {"purged": len(going), "put_back": kept[:MOST_TOLD], "predicted": msgspec.to_builtins(predicted)}


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
    shared = {extent for occupied in going.values() for extent in occupied.shared if extent not in together}
    return set(going), Prediction(least_bytes=least_bytes, most_bytes=least_bytes + sum(extent.disk_bytes for extent in shared))


def _settle(own: int, questions: dict[str, Question], going: set[pathlib.PurePosixPath]) -> list[str]:
    """Delete what goes and put the rest back, unless its place is taken; return the paths of what was not deleted."""
    kept = []
    for folder, descriptor, entries in files.walk(own):
        for name in sorted(entries):
            if folder / name in going:
                os.unlink(name, dir_fd=descriptor)
            elif folder.parts:
                origin = pathlib.PurePosixPath(questions[folder.parts[0]].rule.directory)
                inner = folder.relative_to(folder.parts[0])
                with files.opened(str(origin)) as top, files.opened_below(top, inner, make=True) as back:
                    files.put_back(name, descriptor, back)
                kept.append(str(origin / inner / name))
    return kept


def _oracle(case: Case, command: Command) -> Effect:
    assert case.root is not None
    try:
        with files.opened(case.root) as root, files.opened_below(root, quarantine.of_slice(case, command.slice)) as own:
            waiting, _ = files.count(own)
    except FileNotFoundError:
        return "done"
    if waiting == 0:
        return "done"
    return "none" if waiting == command.arguments["files"] else "partial"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="rule-bound")
