"""Every query of docs/decision-history.md and docs/success.md, read out of the pages, is answered by a real Prometheus as they say."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

import pytest

from homeostat.clock import SystemClock
from tests.history.conftest import records
from tests.rules.test_rules import assert_known

if TYPE_CHECKING:
    from homeostat.prometheus import Prometheus

DOCS = pathlib.Path(__file__).parents[2] / "docs"
ENTRY = re.compile(r"^### (?P<question>.+)\n\n(?P<sentence>(?:.+\n)+)\n```promql( (?P<kind>graph))?\n(?P<query>(?:.+\n)+)```\n\n```text\n(?P<answer>(?:.+\n)+)```$", re.MULTILINE)
ROW = re.compile(r"^\{(?P<labels>.*)\} (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
HOUR, DAY = 3600, 86400


@dataclasses.dataclass(frozen=True)
class Entry:
    """A question of the page with its query and the answer that is shown: values by their labels."""

    question: str
    query: str
    graph: bool
    answer: dict[tuple[tuple[str, str], ...], float]


def entries(page: str) -> list[Entry]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = []
    for match in ENTRY.finditer(text):
        rows = {tuple(sorted(LABEL.findall(row["labels"]))): float(row["value"]) for row in ROW.finditer(match["answer"])}
        assert len(rows) == len(match["answer"].splitlines()), match["question"]
        found.append(Entry(match["question"], match["query"].strip(), match["kind"] == "graph", rows))
    assert len(found) == text.count("```promql"), "an entry of the page has not the shape of the others"
    return found


ENTRIES = [*entries("decision-history.md"), *entries("success.md")]


def answer(prometheus: Prometheus, entry: Entry) -> dict[tuple[tuple[str, str], ...], float]:
    """Ask as the page does; of a graph, over the last week, what each line ends with."""
    if not entry.graph:
        return {_labels(sample.labels): sample.value for sample in prometheus.query(entry.query)}
    now = SystemClock().now()
    return {_labels(series.labels): series.values[-1] for series in prometheus.query_range(entry.query, now - 7 * DAY, now, 0.25 * HOUR)}


def _labels(labels: object) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in dict(labels).items() if name != "__name__"))  # type: ignore[call-overload]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.question)
def test_a_query_is_answered_with_the_labels_and_values_that_the_page_shows(prometheus: Prometheus, entry: Entry) -> None:
    found = answer(prometheus, entry)
    assert set(found) == set(entry.answer)
    # Seconds pass between the fixture's last sample and the question.
    assert found == pytest.approx(entry.answer, rel=0.02)


def test_every_difference_that_the_rules_record_stands_in_the_page() -> None:
    assert len(ENTRIES) >= 20
    asked = " ".join(entry.query for entry in ENTRIES)
    read_by_rules = {name for name in records() if name.endswith((":sum", ":max")) or re.search("_(sum|count):", name)}
    assert sorted(name for name in records() - read_by_rules if name not in asked and "30d" not in name) == []


def test_no_query_asks_for_a_metric_or_label_that_nobody_serves() -> None:
    assert_known([entry.query for entry in ENTRIES])
