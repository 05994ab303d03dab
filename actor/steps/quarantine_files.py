"""Moves old files that a cleanup rule names into the quarantine of their own file system, oldest first, up to a share of its size."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import msgspec

from actor import files, quarantine
from actor.files import FoundFile
from actor.model import Case, Command, Effect, Step, StepFailed
from homeostat.config.section import Ratio

MOST_FILES = 10_000


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules (all whose folder lies on the target, when none is named), and the share of the size to free at most."""

    rules: tuple[str, ...] = ()
    at_most_ratio: Ratio = 0.25


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule finds."""

    rule: str
    directory: str
    files: tuple[FoundFile, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules find on the target, and its size in bytes."""

    found: tuple[RuleFacts, ...]
    size_bytes: int


def _gather(case: Case, options: Options) -> Facts:
    held = files.open_inodes()
    names = options.rules or tuple(case.config.cleanup)
    unknown = [name for name in names if name not in case.config.cleanup]
    if unknown:
        raise StepFailed(f"there is no cleanup rule {unknown[0]!r} in the configuration")
    found = []
    for name in names:
        rule = case.config.cleanup[name]
        if not quarantine.on_target(case, rule.directory):
            continue
        own_device = files.device(rule.directory)
        matching = files.find(rule.directory, rule.pattern, case.now - rule.older_than)
        free = tuple(file for file in matching if (own_device, file.inode) not in held and not _ours(rule.directory, file, case))
        found.append(RuleFacts(rule=name, directory=rule.directory, files=free))
    return Facts(found=tuple(found), size_bytes=quarantine.size_bytes(case))


def _ours(directory: str, file: FoundFile, case: Case) -> bool:
    place = pathlib.PurePosixPath(directory, file.path)
    state = pathlib.PurePosixPath(case.config.actor.state_directory)
    return quarantine.FOLDER in place.parts or place.is_relative_to(state)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    wanted_bytes = options.at_most_ratio * facts.size_bytes
    commands = []
    for rule in facts.found:
        chosen: list[FoundFile] = []
        for file in rule.files[:MOST_FILES]:
            if wanted_bytes <= 0:
                break
            chosen.append(file)
            wanted_bytes -= file.disk_bytes
        if chosen:
            commands.append(_command(rule, chosen))
    return tuple(commands)


def _command(rule: RuleFacts, chosen: list[FoundFile]) -> Command:
    total = sum(file.disk_bytes for file in chosen)
    return Command(
        step="quarantine-files",
        summary=f"quarantine {len(chosen)} files of rule {rule.rule} below {rule.directory}",
        arguments={"rule": rule.rule, "directory": rule.directory, "files": msgspec.to_builtins(chosen)},
        expected=f"{total} bytes can be freed by the purge",
        oracle="the incident's quarantine: what lies there has been moved",
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    rule = case.config.cleanup.get(command.arguments["rule"])
    if rule is None or rule.directory != command.arguments["directory"]:
        raise StepFailed("the cleanup rule changed since the plan was made; nothing more was moved")
    chosen = msgspec.convert(command.arguments["files"], list[FoundFile])
    moved = moved_bytes = 0
    assert case.root is not None
    part = quarantine.part(case) / command.arguments["rule"]
    with files.opened(case.root) as root, files.opened_below(root, part, make=True) as place, files.opened(rule.directory) as source:
        for file in chosen:
            if case.stopped():
                raise StepFailed(f"stopped after {moved} of {len(chosen)} files")
            if files.move(source, place, file):
                moved, moved_bytes = moved + 1, moved_bytes + file.disk_bytes
        os.fsync(place)
    return {"moved": moved, "moved_bytes": moved_bytes, "left": len(chosen) - moved}


def _oracle(case: Case, command: Command) -> Effect:
    chosen = msgspec.convert(command.arguments["files"], list[FoundFile])
    assert case.root is not None
    part = quarantine.part(case) / command.arguments["rule"]
    try:
        with files.opened(case.root) as root, files.opened_below(root, part) as place:
            waiting, _ = files.count(place)
    except FileNotFoundError:
        return "none"
    if waiting == 0:
        return "none"
    return "done" if waiting == len(chosen) else "partial"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle)
