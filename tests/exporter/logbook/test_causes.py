"""Every root cause holds when its patterns came together, and not when one is missing or came too late."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from exporter.logbook.causes import Rule, causes_of, known_rules, names_in
from exporter.logbook.patterns import written
from exporter.logbook.tally import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = known_rules()
NOON = 29_000_000
DETAILS = {"port": "80", "module": "yaml", "command": "rsync", "library": "libx.so", "process": "java"}


def cell(pattern: str, component: str = "app", minute: int = NOON, **details: str) -> Cell:
    return Cell(pattern=pattern, component=component, total=1, minutes={minute: 1}, hours={minute // 60: 1}, details=details)


def scene(rule: Rule) -> tuple[list[Cell], list[str]]:
    """Return what just makes a rule hold: cells, and the problems of the host."""
    own = [cell(pattern, **DETAILS) for pattern in (*rule.together, *rule.one_of[:1])]
    return [*own, *(cell(pattern, "beside") for pattern in rule.beside[:1])], list(rule.problems[:1])


def names(cells: list[Cell], problems: list[str]) -> set[str]:
    return {cause.name for cause in causes_of(cells, problems) if cause.component == "app"}


def test_there_are_at_least_16_rules_over_patterns_that_there_are() -> None:
    assert len(RULES) >= 16
    for name, rule in RULES.items():
        assert {*rule.together, *rule.one_of, *rule.beside} <= set(written()), name


@pytest.mark.parametrize("name", RULES)
def test_a_cause_holds_when_all_that_it_asks_came_together_and_says_so_in_a_sentence(name: str) -> None:
    cells, problems = scene(RULES[name])
    cause = next(cause for cause in causes_of(cells, problems) if (cause.name, cause.component) == (name, "app"))
    assert cause.sentence
    assert "{" not in cause.sentence


def short() -> Iterator[tuple[str, list[Cell], list[str]]]:
    for name, rule in RULES.items():
        cells, problems = scene(rule)
        yield from ((name, list(fewer), problems) for fewer in itertools.combinations(cells, len(cells) - 1))
        if problems:
            yield name, cells, []


@pytest.mark.parametrize(("name", "cells", "problems"), list(short()))
def test_a_cause_does_not_hold_when_one_of_what_it_asks_is_missing(name: str, cells: list[Cell], problems: list[str]) -> None:
    assert name not in names(cells, problems)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if len(scene(rule)[0]) > 1])
def test_a_cause_does_not_hold_when_one_came_later_than_within(name: str) -> None:
    cells, problems = scene(RULES[name])
    *near, last = cells
    late = cell(last.pattern, last.component, NOON + int(RULES[name].within // 60) + 1)
    assert name not in names([*near, late], problems)


def test_what_asks_more_is_told_first() -> None:
    cells = [cell("start-limit"), cell("traceback")]
    assert [cause.name for cause in causes_of(cells)][:2] == ["crash-loop-by-code", "crash-loop"]


def test_what_a_match_took_in_is_filled_in_and_without_it_the_sentence_does_without() -> None:
    assert causes_of([cell("port-in-use", "nginx", port="80")])[0].sentence == "nginx cannot start because port 80 is taken by another process"
    assert causes_of([cell("port-in-use", "nginx")])[0].sentence == "nginx cannot start because its port is taken by another process"
    assert all(rule.otherwise is not None for rule in RULES.values() if names_in(rule.sentence) > {"component"})


def test_errors_of_two_components_are_not_one_cause_unless_the_rule_says_beside() -> None:
    apart = [cell("start-limit", "a"), cell("traceback", "b")]
    assert "crash-loop-by-code" not in {cause.name for cause in causes_of(apart)}
