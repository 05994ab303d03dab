"""What an answer is made of: parts with sentences, a table, and what was asked of whom for it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeostat.config.questions import Unit


# The most that the actor's API lists at once.
MOST_ENTRIES = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Heading:
    """A column's name, and how its values are written."""

    name: str
    unit: Unit = "text"


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Sentences, below a title, with a table; a cell is a number in the heading's unit, a text, or None where nothing is known.

    `asked` are the queries in PromQL, or addresses of our own API; `silent` says that whoever was asked gave no answer.
    `when` is the time that it tells of, in words; empty where it is as it is now.
    """

    title: str
    lines: tuple[str, ...]
    headings: tuple[Heading, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    asked: tuple[str, ...] = ()
    more: int = 0
    silent: bool = False
    when: str = ""

    @property
    def used(self) -> list[tuple[int, Heading]]:
        """The columns in which any row has something: where each stands in a row, and its heading."""
        return [(place, heading) for place, heading in enumerate(self.headings) if any(row[place] not in {None, ""} for row in self.rows)]


def cut_short(entries: Sequence[Any]) -> tuple[str, ...]:
    """Say that the journal tells no more than so many of its incidents at once; nothing where it told them all."""
    return (f"The journal tells the {MOST_ENTRIES} that were touched last: there may be more.",) if len(entries) >= MOST_ENTRIES else ()


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """An answer: what the question was taken for, by which words and names; remarks on what was not understood; and the parts."""

    question: str
    name: str
    because: tuple[str, ...]
    names: Mapping[str, str]
    remarks: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def is_silent(self) -> bool:
        """Whether nobody who was asked gave an answer."""
        return all(part.silent for part in self.parts)


class NotUnderstood(Exception):  # noqa: N818 - a past tense like every outcome
    """No known kind of question is meant: why, which names are near to what was said, and what can be asked here."""

    def __init__(self, why: str, can_be_asked: tuple[str, ...]) -> None:
        """Say `why`, with examples that fit this host."""
        super().__init__(why)
        self.can_be_asked = can_be_asked
