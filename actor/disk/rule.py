"""Which files a cleanup rule names now, and what each would free: asked by descriptor, when planning and again before deleting."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
import heapq
import os
import pathlib
import stat
from typing import TYPE_CHECKING

from actor.disk import files
from actor.disk.extents import Occupied, occupied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from homeostat.config.catalogue import CleanupRule

# The oldest are kept of those that are their own and of those that share; the journal holds each name twice.
MOST_FILES = 10_000
# Quarantines and snapshots, also those of other targets.
OWN_PREFIX = ".homeostat-"
NOT_NAMED = "not named by the rule"
OPEN = "in use"
OTHER_NAME = "known by a second name"
UNREADABLE_NAME = "of a name that is no UTF-8"
UNASKABLE = "not to be opened"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A rule at a moment (Unix seconds): what it names, seen with the (device, inode) of what was in use; folders in `apart` are not its business."""

    rule: CleanupRule
    now: float
    held: Collection[tuple[int, int]]
    apart: tuple[str, ...] = ()
    by_blocks: bool = False

    def refusal(self, folder: pathlib.PurePosixPath, name: str, status: os.stat_result) -> str | None:
        """Say why an entry below the rule's directory is not to go, or None when the rule names it and nothing speaks against it."""
        path = pathlib.PurePosixPath(self.rule.directory, folder, name)
        old_enough = status.st_mtime < self.now - self.rule.older_than
        if not (fnmatch.fnmatchcase(name, self.rule.pattern) and stat.S_ISREG(status.st_mode) and old_enough):
            return NOT_NAMED
        if any(part.startswith(OWN_PREFIX) for part in path.parts) or any(path.is_relative_to(place) for place in self.apart):
            return NOT_NAMED
        if status.st_nlink != 1:
            return OTHER_NAME
        if (status.st_dev, status.st_ino) in self.held:
            return OPEN
        return None if files.is_utf8(str(path)) else UNREADABLE_NAME


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A file that a rule names, and what it occupies."""

    rule: str
    file: files.FoundFile
    occupied: Occupied


@dataclasses.dataclass(slots=True)
class Survey:
    """What a rule finds: the oldest files that may free something, and how many others stay, by why."""

    candidates: list[Candidate] = dataclasses.field(default_factory=list)
    left: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def take(self, candidate: Candidate) -> None:
        """Add a candidate; no more are ever held than twice those that are kept."""
        self.candidates.append(candidate)
        if len(self.candidates) >= 4 * MOST_FILES:
            self.candidates = self.oldest()

    def oldest(self) -> list[Candidate]:
        """Return the oldest candidates that free bytes of their own and the oldest that only share theirs, oldest first."""
        own = (candidate for candidate in self.candidates if candidate.occupied.own_bytes)
        sharing = (candidate for candidate in self.candidates if not candidate.occupied.own_bytes)
        return sorted([*heapq.nsmallest(MOST_FILES, own, _age), *heapq.nsmallest(MOST_FILES, sharing, _age)], key=_age)


def _age(candidate: Candidate) -> tuple[int, str]:
    return candidate.file.modified_ns, candidate.file.path


def survey(name: str, question: Question) -> Survey:
    """Look at everything below the directory of the rule `name`. Raises OSError."""
    found = Survey()
    with files.opened(question.rule.directory) as top:
        for folder, descriptor, entries in files.walk(top):
            for entry, status in _named(question, folder, (descriptor, entries), found.left):
                path = str(folder / entry)
                file = files.FoundFile(path=path, inode=status.st_ino, modified_ns=status.st_mtime_ns)
                asked = ask(entry, descriptor, status, by_blocks=question.by_blocks)
                if asked is None:
                    found.left[UNASKABLE] += 1
                else:
                    found.take(Candidate(name, file, asked))
    found.candidates = found.oldest()
    return found


def _named(
    question: Question, folder: pathlib.PurePosixPath, at: tuple[int, list[str]], left: collections.Counter[str]
) -> Iterator[tuple[str, os.stat_result]]:
    descriptor, entries = at
    for entry in entries:
        status = files.status_of(entry, descriptor)
        refusal = question.refusal(folder, entry, status) if status is not None else NOT_NAMED
        if refusal is None:
            assert status is not None
            yield entry, status
        elif refusal != NOT_NAMED:
            left[refusal] += 1


def ask(name: str, folder: int, status: os.stat_result, *, by_blocks: bool) -> Occupied | None:
    """Return what the file `name` of an open folder occupies, or None when it is another by now or may not be opened.

    `by_blocks` asks for its bytes on disk, whoever else holds them: so the allowance of a directory is counted.
    """
    if by_blocks:
        return Occupied(status.st_blocks * 512)
    try:
        with files.opened_file(name, folder) as descriptor:
            found = os.fstat(descriptor)
            return occupied(descriptor) if (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino) else None
    except OSError:
        return None
