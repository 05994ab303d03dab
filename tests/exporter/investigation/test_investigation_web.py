"""The page of an investigation says no where it is asked wrongly, or too often at once."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import flask

from exporter.cycle import World
from exporter.investigation_web import investigation_routes
from homeostat.config import Config
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.observation import Sight


class Exporter:
    """Stands for the running exporter; each look waits until it may go on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.may_go_on = threading.Event()

    def seen(self) -> tuple[World, Mapping[str, Sight]]:
        assert self.may_go_on.wait(10)
        return World(Config(host="nas"), FakePrometheus(), self.clock, {}), {}  # type: ignore[arg-type]


def asked(app: flask.Flask, **query: Any) -> int:
    return app.test_client().get("/api/v1/investigation", query_string=query).status_code


def test_whoever_asks_while_enough_others_wait_is_sent_away_and_served_later() -> None:
    exporter, app = Exporter(), flask.Flask("exporter")
    investigation_routes(app, exporter)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        askers = [pool.submit(asked, app, target="unknown") for _ in range(8)]
        sent_away, _ = wait(askers, timeout=5, return_when=FIRST_COMPLETED)
        exporter.may_go_on.set()
        assert {each.result() for each in sent_away} == {503}
        assert sorted(each.result() for each in askers)[:3] == [404, 404, 404]
    assert asked(app, target="unknown") == 404
    assert asked(app, target="unknown", since=NOW + 1) == 400
