"""Prometheus for whoever is asked in free words: the fake selects series and does not reckon, and of what is reckoned it holds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser

from tests.support import FakePrometheus

if TYPE_CHECKING:
    from homeostat.prometheus import Sample


def selects(promql: str) -> bool:
    """Say whether a query is one that the fake can answer."""
    tree = promql_parser.parse(promql)
    innermost = tree.expr if isinstance(tree, promql_parser.AggregateExpr) else tree
    return isinstance(innermost, promql_parser.VectorSelector | promql_parser.Call)


class Selecting(FakePrometheus):
    """The fake, asked also what it cannot reckon."""

    def query(self, promql: str) -> list[Sample]:
        """Return what is selected."""
        return super().query(promql) if selects(promql) else []
