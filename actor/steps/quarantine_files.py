"""Moves old files that cleanup rules name into the quarantine of their own file system, in slices, until enough would be free."""

from __future__ import annotations

import itertools
import pathlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from actor.disk import bundles, extents, files, quarantine, rule, space
from actor.disk.bundles import Chosen
from actor.disk.files import FoundFile
from actor.kinds import Step
from actor.model import Case, Command, Prediction, StepFailed
from homeostat.amounts import amount
from homeostat.config.section import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actor.disk.rule import Survey

# The journal holds each name twice, in the plan and in the intent of its command.
MOST_PATH_BYTES = 2 * 1024 * 1024
SLICE_RATIO = 0.05
SLICE_FILES = 1000


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules (all that delete and whose folder lies on the target, when none is named), and the share of the size to free at most.

    Where the file system is too full even to move a file aside, `when_full: delete` lets the purge delete a slice's files
    where they lie; else the run fails there.
    """

    rules: tuple[str, ...] = ()
    at_most_ratio: Ratio = 0.25
    when_full: Literal["fail", "delete"] = "fail"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules find in the order it is to go, the bytes of the target and still wanted, and what stays, in words."""

    directories: dict[str, str]
    files: tuple[Chosen, ...]
    size_bytes: int
    wanted_bytes: int
    by_blocks: bool = False
    left: tuple[str, ...] = ()


def _gather(case: Case, options: Options) -> Facts:
    seen = space.look(case)
    rules = _rules(case, options)
    held = files.open_inodes()
    surveys = {name: rule.survey(name, quarantine.question(case, name, held)) for name in rules}
    candidates = [candidate for found in surveys.values() for candidate in found.candidates]
    assert case.root is not None
    with files.opened(case.root) as root:
        chosen = bundles.choose(candidates, extents.held_only_by(root, {each.file.inode: each.occupied.shared for each in candidates}))
    return Facts(
        directories={name: case.config.cleanup[name].directory for name in rules},
        files=tuple(_within_bounds(file for file in chosen if file.frees_bytes or file.bundle)),
        size_bytes=seen.size_bytes,
        wanted_bytes=space.wanted_bytes(case, seen),
        by_blocks=any(each.occupied.by_blocks for each in candidates),
        left=(
            *(words for name in rules for words in _left(name, surveys[name], [file for file in chosen if file.rule == name])),
            *_elsewhere(case, options, rules),
        ),
    )


def _rules(case: Case, options: Options) -> list[str]:
    names = options.rules or tuple(case.config.cleanup)
    unknown = [name for name in names if name not in case.config.cleanup]
    if unknown:
        raise StepFailed(f"there is no cleanup rule {unknown[0]!r} in the configuration")
    rules = {name: case.config.cleanup[name] for name in names}
    return [name for name, rule in rules.items() if rule.how == "delete" and quarantine.on_target(case, rule.directory)]


def _elsewhere(case: Case, options: Options, rules: list[str]) -> Iterator[str]:
    """Say of rules whose folder only seems to lie on the target that none of their files is touched."""
    assert case.root is not None
    for name in options.rules or tuple(case.config.cleanup):
        directory = case.config.cleanup[name].directory
        if name not in rules and pathlib.PurePosixPath(directory).is_relative_to(case.root):
            yield f"rule {name}: {directory} is not there, or is another file system or subvolume than {case.root}, and stays as it is"


def _within_bounds(chosen: Iterable[Chosen]) -> Iterator[Chosen]:
    """Yield whole bundles for as long as their number and the length of their paths are what a journal can hold."""
    files_left, bytes_left = rule.MOST_FILES, MOST_PATH_BYTES
    for bundle in _bundled(chosen):
        files_left -= len(bundle)
        bytes_left -= sum(len(file.path.encode()) for file in bundle)
        if files_left < 0 or bytes_left < 0:
            return
        yield from bundle


def _bundled(chosen: Iterable[Chosen]) -> Iterator[list[Chosen]]:
    for _, members in itertools.groupby(chosen, key=lambda file: (file.bundle, 0 if file.bundle else file.inode)):
        yield list(members)


def _left(name: str, found: Survey, chosen: list[Chosen]) -> Iterator[str]:
    idle = [file for file in chosen if not (file.frees_bytes or file.bundle)]
    pinned = [file for file in idle if file.pinned_bytes]
    if pinned:
        held_bytes = amount(sum(file.pinned_bytes for file in pinned), "bytes")
        yield f"rule {name}: {_files(len(pinned))} would free nothing, for snapshots or copies hold the same {held_bytes}, and {_stay(len(pinned))}"
    if len(idle) > len(pinned):
        empty = len(idle) - len(pinned)
        yield f"rule {name}: {_files(empty)} would free nothing, for no block is theirs, and {_stay(empty)}"
    for why, count in sorted(found.left.items()):
        yield f"rule {name}: {_files(count)} {why} {_stay(count)}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    wanted_bytes = min(facts.wanted_bytes, options.at_most_ratio * facts.size_bytes)
    slices = enumerate(_slices(facts, wanted_bytes), start=1)
    commands = (_command(facts, number, name, chosen) for number, part in slices for name, chosen in _by_rule(facts, part))
    return tuple(msgspec.structs.replace(each, arguments={**each.arguments, "when_full": options.when_full}) for each in commands)


def _slices(facts: Facts, wanted_bytes: float) -> Iterator[list[Chosen]]:
    """Yield slices of at most a twentieth of the size and 1,000 files (or one bundle) until enough would be free."""
    part: list[Chosen] = []
    part_bytes = 0
    for bundle in _bundled(facts.files):
        if wanted_bytes <= 0:
            break
        bundle_bytes = sum(file.frees_bytes for file in bundle)
        if part and (part_bytes + bundle_bytes > SLICE_RATIO * facts.size_bytes or len(part) + len(bundle) > SLICE_FILES):
            yield part
            part, part_bytes = [], 0
        part, part_bytes, wanted_bytes = part + bundle, part_bytes + bundle_bytes, wanted_bytes - bundle_bytes
    if part:
        yield part


def _by_rule(facts: Facts, part: list[Chosen]) -> Iterator[tuple[str, list[Chosen]]]:
    for name in facts.directories:
        chosen = [file for file in part if file.rule == name]
        if chosen:
            yield name, chosen


def _command(facts: Facts, number: int, name: str, chosen: list[Chosen]) -> Command:
    least_bytes = sum(file.frees_bytes for file in chosen)
    frees = Prediction(least_bytes=least_bytes, most_bytes=least_bytes + sum(file.pinned_bytes for file in chosen))
    found = [FoundFile(path=file.path, inode=file.inode, modified_ns=file.modified_ns) for file in chosen]
    how = "by their blocks, for this file system does not tell extents" if facts.by_blocks else "by their extents"
    return Command(
        step="quarantine-files",
        summary=f"quarantine {_files(len(chosen))} of rule {name} below {facts.directories[name]}",
        arguments={"rule": name, "directory": facts.directories[name], "files": msgspec.to_builtins(found)},
        expected=f"the purge can free {amount(frees.least_bytes, 'bytes')} ({how})",
        oracle="the incident's quarantine: what lies there has been moved",
        frees=frees,
        slice=number,
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    named = case.config.cleanup.get(command.arguments["rule"])
    if named is None or named.directory != command.arguments["directory"]:
        raise StepFailed("the cleanup rule changed since the plan was made; nothing more was moved")
    chosen = msgspec.convert(command.arguments["files"], list[FoundFile])
    moved, full = quarantine.move_aside(case, (command.slice, command.arguments["rule"]), chosen)
    if full and command.arguments["when_full"] == "fail":
        raise StepFailed(f"files could not be moved into the quarantine: the file system is full, after {moved} of {len(chosen)}")
    return {"moved": moved, "left": len(chosen) - moved}


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=quarantine.moved, left=lambda facts: facts.left, acts_on=("filesystem",))
