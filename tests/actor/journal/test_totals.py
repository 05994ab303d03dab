"""Totals: cumulative over restarts, and they never fall."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from actor.journal import Journal, totals
from homeostat.config import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDS = (1.0, 5.0, 60.0)
AMOUNTS = st.floats(min_value=0, max_value=100)
EVENTS = st.lists(st.tuples(st.sampled_from(["adds", "fails", "restarts"]), AMOUNTS), max_size=12)


@contextlib.contextmanager
def opened(folder: str) -> Iterator[Journal]:
    journal = Journal(pathlib.Path(folder), Size(4096))
    try:
        yield journal
    finally:
        journal.close()


@given(EVENTS)
@settings(max_examples=15, deadline=None)
def test_a_counter_holds_what_was_committed_and_never_falls(events: list[tuple[str, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        journal, expected = stack.enter_context(opened(folder)), 0.0
        for what, amount in events:
            if what == "restarts":
                journal.close()
                journal = stack.enter_context(opened(folder))
                continue
            with contextlib.suppress(ArithmeticError), journal.transaction() as db:
                totals.add(db, "a_total", {"x": "y"}, amount)
                if what == "fails":
                    raise ArithmeticError
            expected += amount if what == "adds" else 0
            assert sum(value for _, value in totals.read(journal).get("a_total", [])) == expected


@given(st.lists(st.floats(min_value=0, max_value=1000), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_a_histograms_buckets_are_cumulative(values: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder, opened(folder) as journal:
        with journal.transaction() as db:
            for value in values:
                totals.observe(db, "h", {"host": "h1"}, value, BOUNDS)
        read = totals.read(journal)
        buckets = {labels["le"]: count for labels, count in read["h_bucket"]}
        assert buckets == {**{str(bound): sum(value <= bound for value in values) for bound in BOUNDS}, "+Inf": len(values)}
        assert read["h_sum"][0][1] == sum(values)


def test_labels_are_told_apart_whatever_they_hold() -> None:
    with tempfile.TemporaryDirectory() as folder, opened(folder) as journal:
        with journal.transaction() as db:
            for value in ("a", "a\0", "a\n", '"a"', ""):
                totals.add(db, "a_total", {"x": value})
        assert {labels["x"]: count for labels, count in totals.read(journal)["a_total"]} == dict.fromkeys(["a", "a\0", "a\n", '"a"', ""], 1)
