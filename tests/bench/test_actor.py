"""docs/actor-load.md tells what docs/bench/actor.json holds, and the client that measures counts what is answered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from actor.journal import audit, incidents
from bench import actor as bench
from bench import deliveries, long_journal
from tests.actor.web import INTAKE, pages_of, served
from tests.support import HOST, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def actor(tmp_path: pathlib.Path) -> Iterator[Actor]:
    running = Actor(Host(tmp_path))
    yield running
    running.journal.close()


@pytest.mark.parametrize("name", ["facts", "intake", "idle", "storm", "long"])
def test_the_pages_tables_are_those_of_the_measurements(name: str) -> None:
    between = re.search(rf"<!-- table {name} -->\n(.*?)<!-- end -->", bench.PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None
    assert between[1] == bench.tables(json.loads(bench.DATA.read_text(encoding="utf-8")))[name], "make them anew with python -m bench.actor"


def test_what_was_measured_lost_nothing_and_did_nothing_twice() -> None:
    storm = json.loads(bench.DATA.read_text(encoding="utf-8"))["storm"]
    assert (storm["posted"], storm["stored"], storm["refused"], storm["undecided"], storm["faults"]) == (10_000, 10_000, 0, 0, 0)
    assert storm["begun_a_second_after_the_stop"] == 0
    assert (storm["incidents"], storm["most_restarts_of_one"], storm["restarts"]) == (100, 1, storm["executions"])


def test_every_delivery_is_posted_once_and_its_answer_timed(actor: Actor) -> None:
    bodies = [deliveries.body([deliveries.labels(HOST, f"web{number}")] * 3) for number in range(20)]
    with served(pages_of(actor).app) as (_, port):
        answered = deliveries.post(port, INTAKE[0], bodies, 3)
        refused = deliveries.post(port, "another", bodies[:4], 2)
    assert (len(answered.latencies), answered.refused, refused.refused) == (20, [], [401] * 4)
    assert sorted(row["body"] for row in actor.journal.rows("SELECT body FROM deliveries")) == sorted(bodies)
    assert answered.quantile(0.0) <= answered.quantile(0.5) <= answered.quantile(1.0) <= answered.seconds


def test_a_long_journal_is_one_that_agrees_with_itself_but_for_its_totals(actor: Actor) -> None:
    long_journal.fill(actor.journal, 600, 7)
    assert {fault.split()[0] for fault in audit.faults(actor.journal)} <= {
        "homeostat_deliveries_total", "homeostat_alerts_received_total", "homeostat_alerts_decided_total",
    }  # fmt: skip
    assert len(incidents.recent(actor.journal, 0.0)) == 600
