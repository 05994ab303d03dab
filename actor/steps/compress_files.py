"""Compresses old files that cleanup rules name, where more room is wanted; the originals wait in the quarantine, and go with its purge."""

from __future__ import annotations

import errno
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor.disk import compression, files, moves, quarantine, rule, space
from actor.disk.files import FoundFile
from actor.kinds import Step
from actor.model import Case, Command, Prediction, StepFailed
from homeostat.amounts import amount
from homeostat.config.section import Ratio
from homeostat.config.units import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.disk.rule import Candidate, Question

# What logs are expected to save; the run is over as soon as enough is free, and what is free is measured.
_SAVED_RATIO = 0.75
_SLICE_RATIO = 0.05
_SLICE_FILES = 1000
_MOST_PATH_BYTES = 1024 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which share of the size is freed at most, and how large a file is to be worth it."""

    at_most_ratio: Ratio = 0.25
    larger_than: Size = Size(64 * 1024)


class Found(FoundFile, frozen=True, kw_only=True):
    """A file that a rule has compressed, and what its original frees."""

    rule: str
    frees_bytes: int
    shared_bytes: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules find, the oldest first; the bytes of the target, and those that are wanted beyond what is planned; the slices planned before."""

    directories: dict[str, str]
    files: tuple[Found, ...]
    size_bytes: int
    wanted_bytes: int
    slices_before: int = 0


def _gather(case: Case, options: Options) -> Facts:
    seen, held = space.look(case), files.open_inodes()
    rules = {name: each for name, each in case.config.cleanup.items() if each.how == "compress" and quarantine.on_target(case, each.directory)}
    surveys = {name: rule.survey(name, quarantine.question(case, name, held)) for name in rules}
    candidates = sorted((each for found in surveys.values() for each in found.candidates), key=lambda each: each.file.modified_ns)
    aside = [command for command in case.planned if command.slice and not command.irreversible and command.frees is not None]
    planned_bytes = sum(command.frees.least_bytes for command in aside if command.frees is not None)
    return Facts(
        directories={name: each.directory for name, each in rules.items()},
        files=tuple(_found(each) for each in candidates if each.occupied.own_bytes > options.larger_than and not each.file.path.endswith(compression.SUFFIX)),
        size_bytes=seen.size_bytes,
        wanted_bytes=space.wanted_bytes(case, seen) - planned_bytes,
        slices_before=max((command.slice for command in aside), default=0),
    )


def _found(candidate: Candidate) -> Found:
    file, held = candidate.file, candidate.occupied
    return Found(
        path=file.path, inode=file.inode, modified_ns=file.modified_ns, rule=candidate.rule, frees_bytes=held.own_bytes, shared_bytes=held.shared_bytes
    )


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    wanted_bytes = min(facts.wanted_bytes, options.at_most_ratio * facts.size_bytes)
    parts = (part for name in facts.directories for part in _parts(facts, name, wanted_bytes))
    return tuple(_command(facts, number, part) for number, part in enumerate(parts, start=facts.slices_before + 1))


def _parts(facts: Facts, name: str, wanted_bytes: float) -> Iterator[list[Found]]:
    """Yield parts of a rule's files, of at most a twentieth of the size and 1,000 each, from the oldest on until enough would be saved by all rules."""
    part, part_bytes, path_bytes = list[Found](), 0, 0
    for file in facts.files:
        path_bytes += len(file.path.encode())
        if wanted_bytes <= 0 or path_bytes > _MOST_PATH_BYTES:
            break
        wanted_bytes -= _SAVED_RATIO * file.frees_bytes
        if file.rule != name:
            continue
        if part and (part_bytes + file.frees_bytes > _SLICE_RATIO * facts.size_bytes or len(part) == _SLICE_FILES):
            yield part
            part, part_bytes = [], 0
        part, part_bytes = [*part, file], part_bytes + file.frees_bytes
    if part:
        yield part


def _command(facts: Facts, number: int, part: list[Found]) -> Command:
    name, least_bytes = part[0].rule, sum(file.frees_bytes for file in part)
    chosen = [FoundFile(path=file.path, inode=file.inode, modified_ns=file.modified_ns) for file in part]
    count = "1 file" if len(part) == 1 else f"{len(part)} files"
    return Command(
        step="compress-files",
        summary=f"compress {count} of rule {name} below {facts.directories[name]} (zstd -d gives them back)",
        arguments={"rule": name, "directory": facts.directories[name], "files": msgspec.to_builtins(chosen), "when_full": "fail"},
        expected=f"the purge can free {amount(least_bytes, 'bytes')}, of which what is compressed takes a part",
        oracle="the incident's quarantine: what lies there has been compressed",
        frees=Prediction(least_bytes=least_bytes, most_bytes=least_bytes + sum(file.shared_bytes for file in part)),
        slice=number,
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    named = case.config.cleanup.get(command.arguments["rule"])
    if named is None or named.directory != command.arguments["directory"] or named.how != "compress":
        raise StepFailed("the cleanup rule changed since the plan was made; nothing more was compressed")
    question = quarantine.question(case, command.arguments["rule"], files.open_inodes())
    chosen = msgspec.convert(command.arguments["files"], list[FoundFile])
    compressed = 0
    for file in chosen:
        if case.stopped():
            raise StepFailed(f"stopped after {compressed} of {len(chosen)} files")
        try:
            compressed += _compressed(case, command, question, file)
        except OSError as error:
            if error.errno in _NO_ROOM:
                return {"compressed": compressed, "left": len(chosen) - compressed, "full": True}
            if error.errno not in files.IN_THE_WAY:
                raise StepFailed(f"{file.path} could not be compressed: {error}") from error
    return {"compressed": compressed, "left": len(chosen) - compressed}


def _compressed(case: Case, command: Command, question: Question, file: FoundFile) -> bool:
    """Compress one file and move its original aside; where that does not go, what was compressed goes again. Raises OSError."""
    path = pathlib.PurePosixPath(file.path)
    with files.opened(question.rule.directory) as top, files.opened_below(top, path.parent) as folder:
        status = files.status_of(path.name, folder)
        same = files.same_mount(top, folder) and moves.is_still(file, path.name, folder)
        if not same or status is None or question.refusal(path.parent, path.name, status) is not None:
            return False
        inode = compression.compress(path.name, folder)
        if inode is None:
            return False
        moved, _ = quarantine.move_aside(case, (command.slice, command.arguments["rule"]), [file])
        if not moved:
            compression.discard(path.name, folder, inode)
            os.fsync(folder)
        return bool(moved)


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=quarantine.moved, acts_on=("filesystem",))
