"""Every page of the console is readable whatever is missing, silent, or no number."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import flask
import pytest

from tests.actor.console.visitor import Visitor, read, text, visiting
from tests.httpd import Reply, Site, serving
from tests.outlooks import A_FEW, Course, exporter
from tests.support import DISK, MINUTE, WEB, Actor, Host
from tests.unreal_past import Remembering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from homeostat.prometheus import Sample

# What was written once is shown as it is.
NO_PAGES = {"console.login", "console.style", "console.report", "console.report_file"}


@dataclasses.dataclass
class Console:
    """A console with everything that it asks, each of which may be away."""

    actor: Actor
    ada: Visitor
    town: Site

    def pages(self) -> dict[str, TestResponse]:
        """Return every page that there is, by its address."""
        return {address: self.ada.client.get(address) for address in self.addresses()}

    def addresses(self) -> Iterator[str]:
        app = self.ada.pages.app
        known: dict[str, list[dict[str, Any]]] = {
            "console.incident": [{"incident_id": row["id"]} for row in self.actor.journal.rows("SELECT id FROM incidents LIMIT 2")],
            "console.playbook": [{"name": "disk-cleanup"}],
            "console.forecast": [{"host": "h1", "target": "disk"}],
        }
        with app.test_request_context():
            for rule in app.url_map.iter_rules():
                if rule.endpoint.startswith("console.") and "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES:
                    yield from (flask.url_for(rule.endpoint, **values) for values in known.get(rule.endpoint, [{}]))


@pytest.fixture
def console(host: Host) -> Iterator[Console]:
    with serving(lambda asked: Reply({"forecasts": [], "total": 0})) as town:
        actor = Actor(host, exporter={"url": town.url})
        actor.prometheus = actor.world.prometheus = Remembering(actor.clock)  # type: ignore[assignment]
        ada = visiting(actor)
        ada.log_in()
        yield Console(actor, ada, town)
        actor.journal.close()


def lived(console: Console) -> None:
    """Let there be a proposal, an incident that is over, and forecasts."""
    actor = console.actor
    actor.host.log("one.log.1")
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.decide(WEB, "service-restart", "alert-only")
    actor.turn()
    console.town.answer = exporter([*A_FEW, Course("disk")], actor.clock)


def readable(pages: dict[str, TestResponse], unknown: str = "nowhere") -> None:
    for address, page in pages.items():
        assert page.status_code == (404 if address.startswith(unknown) else 200), (address, page.status_code, text(page)[:300])
        assert [tag for tag, _ in read(page).elements].count("h1") == 1, address
        drawn = " ".join(attributes.get(name, "") for _, attributes in read(page).elements for name in ("d", "x", "y", "x1", "y1", "width", "height"))
        assert "nan" not in drawn, address
        assert "inf" not in drawn, address


def test_before_anything_happened_every_page_is_there(console: Console) -> None:
    pages = console.pages()
    assert {"/", "/forecasts", "/decisions", "/proposals", "/playbooks", "/controls"} <= pages.keys()
    readable(pages, unknown="/forecasts/target")


@pytest.mark.parametrize("away", ["prometheus", "alertmanager", "exporter", "all"])
def test_whoever_is_away_every_page_is_there(console: Console, away: str) -> None:
    lived(console)
    actor = console.actor
    actor.prometheus.down = away in {"prometheus", "all"}
    actor.alertmanager.down = away in {"alertmanager", "all"}
    if away in {"exporter", "all"}:
        console.town.answer = lambda asked: Reply(b"<html>no</html>", 502)
    actor.clock.advance(2 * MINUTE)
    actor.turn()
    pages = console.pages()
    assert len(pages) >= 9
    readable(pages)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e308, -1.0])
def test_no_number_that_prometheus_may_hold_breaks_a_page(console: Console, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    lived(console)
    prometheus = console.actor.prometheus
    for metric in ("homeostat_time_to_limit_seconds", "homeostat_health_score", "homeostat_autonomy_score", "homeostat_forecast_usage_ratio"):
        prometheus.put(metric, 1.0, **DISK._asdict(), bound="median", ahead="24h")
    asked = prometheus.query

    def query(promql: str) -> list[Sample]:
        return [dataclasses.replace(sample, value=value) for sample in asked(promql)]

    monkeypatch.setattr(prometheus, "query", query)
    readable(console.pages())


@pytest.mark.parametrize("name", ["x" * 200, "\u202e" + "ы" * 199, "<b>" * 66, "a b " * 50, "/" * 200])
def test_a_long_name_is_only_a_long_name(console: Console, name: str) -> None:
    actor = console.actor
    actor.decide(DISK._replace(target=name, problem=name, resource=name), "disk-cleanup", "propose")
    actor.turn()
    console.town.answer = exporter([Course(name, problem=name, resource=name)], actor.clock)
    pages = console.pages()
    readable(pages, unknown="/forecasts/target")
    answer = console.ada.client.get("/forecasts/target", query_string={"host": "h1", "target": name})
    assert answer.status_code == 200
    assert len(read(console.ada.client.get("/forecasts")).forms) == len(read(console.ada.client.get("/forecasts?like=nothing")).forms)
