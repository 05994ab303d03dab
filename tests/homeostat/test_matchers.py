"""Plain selectors, held against the parser of PromQL: what is taken for one is one, with those matchers."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.matchers import Matcher, exactly, plain

_OPERATORS = [
    (promql_parser.MatchOp.Equal, "="),
    (promql_parser.MatchOp.NotEqual, "!="),
    (promql_parser.MatchOp.Re, "=~"),
    (promql_parser.MatchOp.NotRe, "!~"),
]


@pytest.mark.parametrize(
    ("query", "matchers"),
    [
        ("up", []),
        (" up {} ", []),
        ('node:x_bytes{a="b"}', [Matcher("a", "=", "b")]),
        ('x{ a = "b" , c!="d", e=~"f|g.*", h!~"i{2},", }', [Matcher("a", "=", "b"), Matcher("c", "!=", "d"), Matcher("e", "=~", "f|g.*"), Matcher("h", "!~", "i{2},")]),
        ('x{a="",a!="ü"}', [Matcher("a", "=", ""), Matcher("a", "!=", "ü")]),
    ],
)  # fmt: skip
def test_a_plain_selector_gives_its_matchers(query: str, matchers: list[Matcher]) -> None:
    name = query.split("{", maxsplit=1)[0].strip()
    assert plain(query) == (Matcher("__name__", "=", name), *matchers)


@pytest.mark.parametrize(
    "query",
    ["", "{}", '{a="b"}', "x[5m]", "x offset 5m", "x @ 0", "sum(x)", "x + 1", "x or y", "-x", "1", "NaN", "inf", "Inf", 'x{a="\\"b"}', "x{a='b'}", 'x{a="b"', 'x{a="b" c="d"}', "x{,}", "x{a=b}", "x y", "x{}{}", 'x{a="b\n"}', 'x{a="b"} or y'],
)  # fmt: skip
def test_any_other_query_gives_none(query: str) -> None:
    assert plain(query) is None


letters = st.text("ab_:\"=~!{},|*\\ '\n1N", max_size=12)
quoted = letters.map('"{}"'.format)
conditions = st.lists(st.tuples(st.sampled_from(["a", "b_1"]), st.sampled_from(["=", "!=", "=~", "!~"]), quoted), max_size=3)
selectors = st.builds("{}{{{}}}".format, st.sampled_from(["x", "nan", "a:b"]), conditions.map(lambda found: ",".join(map("".join, found))))


@given(st.one_of(letters, selectors))
def test_what_is_taken_for_a_plain_selector_is_one(query: str) -> None:
    found = plain(query)
    if found is None:
        return
    try:
        tree = promql_parser.parse(query)
    except ValueError:
        # Prometheus refuses it too, as a bad pattern: it will say so when it is asked.
        return
    assert isinstance(tree, promql_parser.VectorSelector)
    assert (tree.offset, tree.at) == (None, None)
    told = [Matcher(each.name, sign, each.value) for each in tree.matchers.matchers for operator, sign in _OPERATORS if each.op == operator]
    assert found == (Matcher("__name__", "=", tree.name), *told)


def test_a_series_is_asked_for_by_all_its_labels() -> None:
    assert exactly({"__name__": "x", "a": 'b"'}) == (Matcher("__name__", "=", "x"), Matcher("a", "=", 'b"'))
