"""The form of a query is judged without Prometheus: what this refuses, PromQL's own grammar refuses too, and most of what that refuses."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.promql import fault
from tests.homeostat.questions.test_patterns import NOBODY, SPAN, filled, heard, queries

OURS = sorted({filled(promql, heard(name), NOBODY, SPAN) for promql in queries() for name in ("nas7",)})
PIECES = ["(", ")", "{", "}", "[", "]", "[5m]", ",", '"', " by ", " on ", " offset ", " and ", "+", "==", "=~", "1", "5m", "up", "rate(", "$x", "@", ":"]


def is_promql(text: str) -> bool:
    try:
        promql_parser.parse(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("promql", OURS)
def test_ours_have_its_form(promql: str) -> None:
    assert fault(promql) is None


@pytest.mark.parametrize(
    "promql",
    [
        "up", "{job='a'}", 'sum without (a) (rate(x{b!~"c",}[5m:1m] offset -1d))', "a * on (b) group_left (c) d", "-1 ^ 2", "1 > bool 2", "sum(x) by (a)", "x @ end()", "x @ 1.5", "time()", "count_values('a', b)", "0x1F + Inf + 1e3",
        "a # a remark", "by", "topk(5, a) or vector(0)", "x[1h30m]", "a:b:c{}", 'a{x="["} + b:c', "sum by () (x)",
    ],
)  # fmt: skip
def test_what_is_promql_is_taken(promql: str) -> None:
    assert is_promql(promql)
    assert fault(promql) is None


@pytest.mark.parametrize(
    ("promql", "words"),
    [
        ("rate(up[5m]", "')' has to stand at letter 12, where it ends|',' has to stand at letter 12, where it ends"), ('up{job="a}', "a quotation mark is open at letter 8"), ("up{job=a}", "a text in quotes has to stand at letter 8, not 'a'"), ("up[five]", "a duration, as 5m, has to stand at letter 4, not 'five'"),
        ("up +", "a metric, a number or a function has to stand at letter 5, where it ends"), ("up up", "an operator or the end has to stand at letter 4, not 'up'"), ("", "a metric, a number or a function has to stand at letter 1, where it ends"), ("up ! 1", "is nothing that PromQL knows, at letter 4"),
        ("sum by a (x)", "'(' has to stand at letter 8, not 'a'"), ("up{job:'a'}", "one of = != =~ !~ has to stand at letter 8"), ("up)", "an operator or the end has to stand at letter 3"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(promql: str, words: str) -> None:
    assert not is_promql(promql)
    told = fault(promql)
    assert told is not None
    assert any(each in told for each in words.split("|"))


@given(st.sampled_from(OURS), st.integers(0, 400), st.sampled_from(PIECES), st.integers(0, 3))
def test_nothing_that_the_grammar_takes_is_refused(promql: str, place: int, piece: str, cut: int) -> None:
    text = promql[: place % len(promql)] + piece + promql[place % len(promql) + cut :]
    if is_promql(text):
        assert fault(text) is None, text


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_any_text_is_judged_and_none_that_is_promql_refused(text: str) -> None:
    if is_promql(text):
        assert fault(text) is None, text
    fault(text)


def test_what_is_nested_without_end_is_no_query() -> None:
    assert fault("(" * 5000) is not None
