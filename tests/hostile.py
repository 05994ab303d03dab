"""The corpus of hostile labels, and what may be said of what is done with them."""

from __future__ import annotations

import json
import pathlib
import re
from typing import TYPE_CHECKING

import promql_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

_CORPUS = pathlib.Path(__file__).with_name("labels.jsonl")


def _entries() -> Iterator[tuple[str, str]]:
    for line in _CORPUS.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield entry["kind"], entry["text"] if "text" in entry else entry["repeat"] * entry["times"]


BY_KIND: dict[str, list[str]] = {}
for _kind, _text in _entries():
    BY_KIND.setdefault(_kind, []).append(_text)
METRICS = re.compile(r"[a-z0-9_:]+(\|[a-z0-9_:]+)*")
HOSTILE: list[str] = [text for texts in BY_KIND.values() for text in texts]


def selectors(promql: str) -> list[tuple[str | None, dict[str, str]]]:
    """Parse a query as Prometheus does, and return each selector's metric and its equalities; any other matcher is an error, but for one of several metrics."""
    found = []
    waiting = [promql_parser.parse(promql)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, promql_parser.VectorSelector):
            matchers = list(node.matchers.matchers)
            assert all(matcher.op == promql_parser.MatchOp.Equal or (matcher.name == "__name__" and METRICS.fullmatch(matcher.value)) for matcher in matchers), promql
            found.append((node.name, {matcher.name: matcher.value for matcher in matchers}))
        else:
            parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs")]
            waiting += [part for part in (*parts, *getattr(node, "args", ())) if part is not None]
    return found
