"""The built-in kinds of questions: each understands its own examples, and asks for nothing that is not there."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import promql_parser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeostat.config import load
from homeostat.config.questions import NAMES, Question
from homeostat.questions.filling import filled, parameters
from homeostat.questions.hearing import Heard
from homeostat.questions.names import QUERY, Names
from homeostat.questions.patterns import BUILT_IN, NOBODY, built_in, misunderstood, spoken
from homeostat.questions.spans import Span
from tests.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[3]
QUESTIONS = built_in()
OURS = {line.split()[1] for line in (ROOT / "tests/rules/metrics.txt").read_text().splitlines() if line[:1] not in {"#", ""}}
RECORDED = {rule["record"] for file in (ROOT / "alert-rules").glob("*.rules.yml") for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"] if "record" in rule}


def queries() -> Iterator[str]:
    return (column.promql for question in QUESTIONS.values() for answer in question.answers for column in answer.columns.values() if column.promql)


SPAN = Span(1_000_000.0 - 3 * 86400, None, 1_000_000.0)


def heard(name: str | None) -> Heard:
    return Heard("any", (), dict.fromkeys(NAMES, name) if name is not None else {}, 7)


def selectors(tree: object) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(tree, promql_parser.VectorSelector):
        yield tree
    for name in ("expr", "lhs", "rhs", "vector_selector", "args"):
        for part in (held if isinstance(held := getattr(tree, name, None), list) else [held]):
            if part is not None and not isinstance(part, str):
                yield from selectors(part)


def test_every_example_is_taken_for_its_own_kind() -> None:
    assert list(misunderstood(QUESTIONS, QUESTIONS)) == []


def test_they_stand_the_strict_reader_which_says_the_same() -> None:
    assert load(BUILT_IN, dict[str, Question]) == QUESTIONS


@pytest.mark.parametrize("promql", sorted(set(queries())))
def test_every_query_parses_with_names_and_without(promql: str) -> None:
    names = Names(NOBODY.kinds, {}, {"nas7": ("nas7:9100", "10.0.0.7:9100")})
    fillings = ["nas7", *HOSTILE] if "target=$" in promql or "=$" in promql else [None, "nas7", *HOSTILE]
    for name in fillings:
        text = filled(promql, heard(name), names, SPAN)
        promql_parser.parse(text)
        assert "$of_" not in re.sub(r'"(?:\\.|[^"\\])*"', "", text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_one_value_of_its_label(name: str) -> None:
    tree = promql_parser.parse(filled("sum(m{$of_host,$of_target,target=$target})", heard(name), NOBODY, SPAN))
    (selector,) = selectors(tree)
    assert [(matcher.name, matcher.value) for matcher in selector.matchers.matchers] == [("host", name), ("target", name), ("target", name)]


@given(st.text(max_size=60), st.sampled_from(sorted(set(queries()))))
def test_no_name_makes_a_query_that_is_none(name: str, promql: str) -> None:
    promql_parser.parse(filled(promql, heard(name), NOBODY, SPAN))


def test_a_matcher_of_what_was_not_said_leaves_nothing_behind() -> None:
    assert filled('a{$of_host} + b{x="1",$of_target,$of_host} + c{$of_host,y="{2,}"}[$window]', heard(None), NOBODY, SPAN) == 'a + b{x="1"} + c{y="{2,}"}[3d]'


def test_the_instances_of_a_host_are_exact() -> None:
    names = Names({}, {}, {"nas": ("10.0.0.7:9100", "a+b|c:1")})
    tree = promql_parser.parse(filled("m{$of_instance}", heard("nas"), names, SPAN))
    (selector,) = selectors(tree)
    (matcher,) = selector.matchers.matchers
    assert [text for text in ("10.0.0.7:9100", "a+b|c:1", "10x0.0.7:9100", "c:1") if re.fullmatch(matcher.value, text)] == ["10.0.0.7:9100", "a+b|c:1"]


def test_a_parameter_without_its_name_is_left_out() -> None:
    asks = {"last": "$seconds", "target": "$target", "outcome": "refused"}
    assert parameters(asks, heard(None), SPAN) == {"last": "259200", "outcome": "refused"}
    assert parameters(asks, heard("/srv"), SPAN) == {"last": "259200", "target": "/srv", "outcome": "refused"}


@pytest.mark.parametrize("promql", sorted({*queries(), QUERY}))
def test_every_metric_of_ours_that_is_asked_for_is_served_or_recorded(promql: str) -> None:
    named = set(re.findall(r"\b(?:[a-z_]+:)?homeostat_\w+(?::\w+)?\b", filled(promql, heard("nas7"), NOBODY, SPAN)))
    assert named - OURS - RECORDED == set()


def test_whoever_is_named_as_bringing_a_metric_brings_one_that_is_asked_for() -> None:
    for question in QUESTIONS.values():
        for answer in question.answers:
            for metric in answer.needs:
                assert re.fullmatch(r"[a-z][a-zA-Z0-9_]*", metric)
                assert metric in OURS or not metric.startswith("homeostat_")


def test_an_example_is_spoken_with_the_names_that_fit() -> None:
    assert spoken("is {service} on {host} up?", {"service": "immich"}) == "is immich on nas7 up?"
