"""Root causes: rules over which patterns came together, evaluated without asking anybody."""

from __future__ import annotations

import collections
import dataclasses
import functools
import pathlib
import string
from typing import TYPE_CHECKING

from homeostat.config import Duration, load
from homeostat.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from exporter.logbook.tally import Cell

BUILT_IN = pathlib.Path(__file__).with_name("causes.yml")


class Rule(Section, frozen=True, kw_only=True):
    """Which patterns speak of one cause: `together` all of them and `one_of` at one component, `beside` one anywhere, and `problems` one on the host."""

    sentence: str
    within: Duration
    known: str
    otherwise: str | None = None
    together: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule that asks nothing of the component that it speaks of."""
        if not (self.together or self.one_of):
            raise ValueError("a rule names at least one pattern as together or one_of")

    @property
    def conditions(self) -> int:
        """How much it asks: what asks more says more."""
        return len(self.together) + sum(map(bool, (self.one_of, self.beside, self.problems)))


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """A root cause that fits: the rule's name, the component, the sentence, the known pattern that it is a case of, and since when (Unix seconds)."""

    name: str
    component: str
    sentence: str
    known: str
    since: float


@functools.cache
def known_rules() -> dict[str, Rule]:
    """Return the built-in rules by name."""
    return load(BUILT_IN, dict[str, Rule])


def causes_of(cells: Iterable[Cell], problems: Collection[str] = (), rules: Mapping[str, Rule] | None = None) -> tuple[Cause, ...]:
    """Return every cause that fits what was seen in the last hour, at each component, those that ask the most first."""
    seen = [cell for cell in cells if cell.minutes]
    by_component: dict[str, dict[str, Cell]] = collections.defaultdict(dict)
    for cell in seen:
        by_component[cell.component][cell.pattern] = cell
    rules = known_rules() if rules is None else rules
    found = [(rule, _fits(name, rule, own, seen)) for name, rule in rules.items() for own in by_component.values() if _has_one(rule.problems, problems)]
    found.sort(key=lambda pair: -pair[0].conditions)
    return tuple(cause for _, cause in found if cause is not None)


def _has_one(wanted: Sequence[str], there: Collection[str]) -> bool:
    return not wanted or any(each in there for each in wanted)


def _fits(name: str, rule: Rule, own: Mapping[str, Cell], seen: Sequence[Cell]) -> Cause | None:
    chosen = [own[pattern] for pattern in rule.together if pattern in own]
    if len(chosen) < len(rule.together):
        return None
    component = next(iter(own.values())).component
    for group, places in ((rule.one_of, tuple(own.values())), (rule.beside, [cell for cell in seen if cell.component != component])):
        if not group:
            continue
        near = next((cell for cell in places if cell.pattern in group and _near(cell, chosen, rule.within)), None)
        if near is None:
            return None
        chosen.append(near)
    if not _all_near(chosen, rule.within):
        return None
    details = {key: value for cell in chosen for key, value in cell.details.items()}
    since = min(cell.first_at for cell in chosen)
    return Cause(name, component, _filled(rule, {**details, "component": component}), rule.known, since)


def _near(cell: Cell, others: Sequence[Cell], within: float) -> bool:
    return all(cell.first_at - other.last_at <= within and other.first_at - cell.last_at <= within for other in others)


def _all_near(cells: Sequence[Cell], within: float) -> bool:
    return all(_near(cell, cells, within) for cell in cells)


def _filled(rule: Rule, values: Mapping[str, str]) -> str:
    """Fill in what the matches took in; where they took in too little, say it without."""
    sentence = rule.sentence if rule.otherwise is None or names_in(rule.sentence) <= values.keys() else rule.otherwise
    return sentence.format_map(values)


def names_in(sentence: str) -> set[str]:
    """Return what a sentence wants filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
