"""Prometheus for whoever is asked in free words: the fake selects series and does not reckon, and of what is reckoned it holds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser

if TYPE_CHECKING:
    from tests.support import FakePrometheus


def hear_all(prometheus: FakePrometheus) -> FakePrometheus:
    """Have the fake answer also what it cannot reckon, with nothing."""
    strictly = prometheus.query
    prometheus.query = lambda promql: strictly(promql) if _selects(promql) else []  # type: ignore[method-assign]
    return prometheus


def _selects(promql: str) -> bool:
    tree = promql_parser.parse(promql)
    innermost = tree.expr if isinstance(tree, promql_parser.AggregateExpr) else tree
    return isinstance(innermost, promql_parser.VectorSelector | promql_parser.Call)
