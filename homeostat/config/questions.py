"""Questions of people, as data: the words that tell one, what is asked for it, and how the answer reads."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Literal

from homeostat.config.section import DAY, Positive, Section
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable

Unit = Literal["number", "ratio", "bytes", "bytes_per_second", "seconds", "moment", "yes", "text"]
Journal = Literal["decisions", "proposals", "scheduled"]
Told = Literal["why", "advice", "windows"]
# What a program tells of somebody who has to be named.
_OF_SOMEBODY = {"why", "advice"}

NAMES = ("target", "service", "filesystem", "host")
# What stands in a query for what the question says; `of_` is the whole matcher, and nothing where the question names none.
PLACES = (*NAMES, "of_target", "of_host", "of_instance", "of_mountpoint", "window", "seconds", "count")
ASKED = (*NAMES, "seconds")
PLACE = re.compile(r"\$([a-z_]+)")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_SLOT = re.compile(r"\{(\w+)\}")


class Column(Section, frozen=True, kw_only=True):
    """One column: a query of its own, or a field of what the journal tells."""

    promql: str | None = None
    """The query whose value stands in the column, as in up{$of_instance}."""
    field: str | None = None
    """Where `journal` is asked: the field of an entry, as in reason or proposal.expires_at."""
    unit: Unit = "number"
    """How the value is written."""
    label: str | None = None
    """The label that is shown in place of the query's value."""

    def __post_init__(self) -> None:
        """Refuse a column that is asked of nobody, or of two, and a query with an unknown place in it."""
        if (self.promql is None) == (self.field is None):
            raise ValueError("a column has either promql or field")
        if self.label is not None and self.promql is None:
            raise ValueError("label belongs to promql, whose series bear it")
        if self.promql is not None:
            _places("promql", self.promql, PLACES)


class Answer(Section, frozen=True, kw_only=True):
    """One table with its sentence: a row for each series of the first column's query, or for each entry of the journal."""

    title: str
    """What stands above it."""
    columns: dict[str, Column]
    """What stands in it, by heading, after the rows' labels."""
    rows: tuple[str, ...] = ()
    """The labels that tell one row from the other; of `instance` the host's name is shown."""
    journal: Journal | None = None
    """Which list of the actor's is asked, in place of Prometheus."""
    asks: dict[str, str] = {}
    """With which parameters, as in {last: $seconds, target: $target}; one whose place the question does not fill is left out."""
    where: dict[str, tuple[str, ...]] = {}
    """Which entries are kept: those whose field is one of these words."""
    at: str | None = None
    """The field with the moment that has to lie in the time that is asked for, as in closed_at; without it all are kept that the list holds."""
    order: str | None = None
    """The heading by which rows are sorted, with a minus the highest first; without it as they come."""
    most: Positive = 20
    """At most so many rows."""
    says: tuple[str, ...] = ()
    """Sentences above the table, of its first row: headings and labels in braces, and {rows}, {window}, {target} and so on; one with an empty cell is left out."""
    none: str = "There is nothing."
    """The sentence where there is no row."""
    needs: dict[str, str] = {}
    """Metrics of which at least one must be there for an answer, and who brings each: said where none is."""

    def __post_init__(self) -> None:
        """Refuse a table that mixes what it asks, and a sentence with what no row has."""
        if not self.columns:
            raise ValueError("columns must name at least one")
        if any((column.field is not None) != (self.journal is not None) for column in self.columns.values()):
            raise ValueError("columns have promql, or field where journal is asked")
        if self.journal is None and (self.asks or self.where or self.at):
            raise ValueError("asks, where and at belong to journal")
        if self.journal is not None and (self.rows or self.needs):
            raise ValueError("rows and needs belong to promql")
        headings = [*self.rows, *self.columns]
        if self.order is not None and self.order.removeprefix("-") not in headings:
            raise ValueError(f"order {self.order!r} is no heading; there are {', '.join(headings)}")
        for value in self.asks.values():
            _places("asks", value, ASKED)
        filled = {*headings, "rows", "window", *NAMES}
        for sentence in self.says:
            _filled("says", sentence, filled)
        _filled("none", self.none, {"window", *NAMES})


class Question(Section, frozen=True, kw_only=True):
    """One kind of question."""

    examples: tuple[str, ...]
    """Ways to ask it, with {target}, {service}, {filesystem} and {host} for names: told to who asks the unknown, and tried by check-config."""
    words: tuple[tuple[str, ...], ...]
    """What has to be in it: of each list one. An entry is a word, some words in a row, or {service} and the like for a known name."""
    also: tuple[str, ...] = ()
    """Words that speak for it and need not be there; of several kinds that fit, the one is meant that words speak for which few others have."""
    without: tuple[str, ...] = ()
    """Words that rule it out."""
    window: Duration = Duration(7 * DAY)
    """The time that is meant where none is said."""
    answers: tuple[Answer, ...] = ()
    """What is asked and told, in this order."""
    tells: Told | None = None
    """What only a program can tell, in place of answers: the chain of a decision (why), what to do about a target (advice), or when it may act (windows)."""

    def __post_init__(self) -> None:
        """Refuse a question that nothing tells from another, or that has no answer."""
        if not self.examples:
            raise ValueError("examples must hold at least one")
        if not self.words or not all(self.words):
            raise ValueError("words must hold at least one list, and none that is empty")
        if bool(self.answers) == (self.tells is not None):
            raise ValueError("a question has either answers or tells")
        for text in (*self.examples, *(word for group in self.words for word in group), *self.also, *self.without):
            unknown = [name for name in _SLOT.findall(text) if name not in NAMES]
            if unknown:
                raise ValueError(f"{{{unknown[0]}}} names nothing; write one of {', '.join(f'{{{name}}}' for name in NAMES)}")
        if self.tells in _OF_SOMEBODY and not self._needs(("target", "host")):
            raise ValueError(f"tells: {self.tells} needs a list of words that holds {{target}} or {{host}}")
        for answer in self.answers:
            for text in _asked(answer):
                self._fills(text)

    def _needs(self, names: Iterable[str]) -> bool:
        """Say whether the question surely names one of these: some list of words holds only such."""
        allowed = {f"{{{name}}}" for name in names}
        return any(set(group) <= allowed for group in self.words)

    def _fills(self, text: str) -> None:
        """See that what a query cannot do without is always said. Raises ValueError."""
        for name in PLACE.findall(text):
            if name in NAMES and not self._needs((name,)):
                raise ValueError(f"${name} needs a list of words that is just {{{name}}}, else nothing may fill it; $of_target and $of_host may stay empty")


def _asked(answer: Answer) -> list[str]:
    return [column.promql for column in answer.columns.values() if column.promql is not None]


def _places(name: str, text: str, known: tuple[str, ...]) -> None:
    """See that a text has no unknown place, and none inside quotes: what fills it brings its own. Raises ValueError."""
    unknown = [place for place in PLACE.findall(text) if place not in known]
    if unknown and not any(unknown[0] in quoted for quoted in _QUOTED.findall(text)):
        raise ValueError(f"{name}: ${unknown[0]} is nothing; write one of {', '.join(f'${place}' for place in known)}")
    within = [place for quoted in _QUOTED.findall(text) for place in PLACE.findall(quoted) if place in known]
    if within:
        raise ValueError(f"{name}: ${within[0]} stands in quotes, and brings its own; write it without")


def _filled(name: str, text: str, known: set[str]) -> None:
    """See that a sentence only has what a row has. Raises ValueError."""
    try:
        parts = [(field, spec, conversion) for _, field, spec, conversion in string.Formatter().parse(text) if field is not None]
    except ValueError as error:
        raise ValueError(f"{name} {text!r}: {error}; a brace by itself is written twice") from None
    wrong = [field for field, spec, conversion in parts if field not in known or spec or conversion]
    if wrong:
        raise ValueError(f"{name} has no {{{wrong[0]}}} to fill in; there are {', '.join(f'{{{each}}}' for each in sorted(known))}")
