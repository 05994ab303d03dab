"""What the doctor's checks are made of: who is examined, and what was found."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable

    from homeostat.doors import Doors

Result = Literal["passed", "warned", "failed"]
RESULTS: tuple[Result, ...] = ("passed", "warned", "failed")
_MOST_NAMED = 5


class Finding(msgspec.Struct, frozen=True):
    """What a check saw, and how to mend it: a command, or a key with its path."""

    result: Result
    seen: str
    fix: str = ""


def passed(seen: str) -> Finding:
    """Make the finding of a link that is well."""
    return Finding("passed", seen)


def warned(seen: str, fix: str) -> Finding:
    """Make the finding of what works and is surely not meant so."""
    return Finding("warned", seen, fix)


def failed(seen: str, fix: str) -> Finding:
    """Make the finding of a link that is broken."""
    return Finding("failed", seen, fix)


@dataclasses.dataclass(frozen=True)
class Subject:
    """Who is examined: the doors to every part, and the file that configures them."""

    doors: Doors
    config_file: pathlib.Path


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One link of the chain; `ask` finds at least one thing, and may raise what the doors raise."""

    order: int
    ask: Callable[[Subject], Iterable[Finding]]


class Checked(msgspec.Struct, frozen=True):
    """A check by its name, with what it found; its result is the worst of its findings."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def result(self) -> Result:
        """The worst of what was found."""
        return max((finding.result for finding in self.findings), key=RESULTS.index)


def named(names: Iterable[str]) -> str:
    """Write names for people: the first few, and how many more there are."""
    found = list(names)
    more = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
