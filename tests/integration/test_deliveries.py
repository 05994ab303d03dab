"""A real Alertmanager delivers to a real intake, or does not: what it never tells is found by asking, and nothing counts twice."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import incidents
from actor.reconcile import reconcile
from homeostat.alertmanager import Alertmanager, Matcher, PostedAlert
from homeostat.clock import rfc3339
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from homeostat.words import DECISION_ALERTS
from tests.actor.web import INTAKE, pages_of, served
from tests.integration import proxy, stack
from tests.support import DISK, HOST, MINUTE, WEB, Actor, Host, labels_of

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from actor.model import EpisodeKey
    from actor.service import Service
    from tests.integration.proxy import Handler, Proxy

pytestmark = pytest.mark.integration

GROUP_INTERVAL_SECONDS = 1


@dataclasses.dataclass
class Town:
    """An actor whose time jumps, a real Alertmanager before it, and a proxy between them."""

    actor: Actor
    service: Service
    alertmanager: Alertmanager
    between: Proxy
    healthy: str

    def fire(self, key: EpisodeKey = WEB, decision: str = "propose", action: str = "service-restart") -> None:
        self._post(labels_of(key, action, decision), 3600)

    def resolve(self, key: EpisodeKey = WEB, decision: str = "propose", action: str = "service-restart") -> None:
        self._post(labels_of(key, action, decision), -1)

    def _post(self, labels: dict[str, str], ends_in_seconds: float) -> None:
        now = time.time()
        self.alertmanager.post([PostedAlert(labels=labels, annotations={"confidence": "0.85"}, starts_at=rfc3339(now - 2), ends_at=rfc3339(now + ends_in_seconds))])

    def delivered(self, source: str = "webhook") -> float:
        return self.actor.total("homeostat_deliveries_total", source=source)

    def dispositions(self) -> collections.Counter[str]:
        self.actor.turn()
        rows = self.actor.journal.rows("SELECT disposition FROM alerts")
        return collections.Counter(row["disposition"] for row in rows)

    def targets(self) -> list[str]:
        self.actor.turn()
        return sorted(found.target for found in incidents.recent(self.actor.journal, 0.0))

    def await_deliveries(self, most: float) -> None:
        stack.wait_for(f"delivery {most}", lambda: self.delivered() >= most)

    def rest(self, flushes: int = 3) -> None:
        """Let Alertmanager flush its groups so often: that nothing came is known only by then."""
        time.sleep(flushes * GROUP_INTERVAL_SECONDS)

    def end_episode(self, key: EpisodeKey = WEB) -> None:
        self.actor.prometheus.forget(key)
        for _ in range(12):
            self.actor.clock.advance(MINUTE)
            reconcile(self.actor.world)


def config(url: str, **changes: Any) -> dict[str, Any]:
    receiver = {"url": f"{url}/webhook", "send_resolved": True, "http_config": {"authorization": {"credentials": INTAKE[0]}}, **changes}
    times = {"group_wait": "0s", "group_interval": f"{GROUP_INTERVAL_SECONDS}s", "repeat_interval": "4h"}
    # What the actor itself posts goes to people.
    decisions = {"receiver": "actor", "group_by": ["host"], "matchers": [f'alertname=~"{"|".join(DECISION_ALERTS)}"'], **times}
    return {"route": {"receiver": "people", "routes": [decisions]}, "receivers": [{"name": "people"}, {"name": "actor", "webhook_configs": [receiver]}]}


@contextlib.contextmanager
def town_of(folder: pathlib.Path, **changes: Any) -> Iterator[Town]:
    with contextlib.ExitStack() as open_until_the_end:
        actor = Actor(Host(folder / "host"))
        pages = pages_of(actor)
        host, port = open_until_the_end.enter_context(served(pages.app))
        between = open_until_the_end.enter_context(proxy.before(f"http://{host}:{port}"))
        running = open_until_the_end.enter_context(stack.start_alertmanager(folder / "alertmanager", config(between.url, **changes)))
        actor.world.alertmanager = Alertmanager(AlertmanagerConfig(url=running.url))
        yield Town(actor, pages.service, actor.world.alertmanager, between, f"http://{host}:{port}/-/healthy")
        actor.journal.close()


@pytest.fixture
def town(tmp_path: pathlib.Path) -> Iterator[Town]:
    with town_of(tmp_path) as built:
        yield built


def test_the_worst_trap_a_problem_that_comes_back_after_a_silence_is_never_told_and_found_all_the_same(town: Town) -> None:
    town.fire()
    town.await_deliveries(1)
    assert town.targets() == ["web"]
    now = time.time()
    silence = town.alertmanager.silence([Matcher("host", HOST)], (now, now + 3600), "ada", "maintenance")
    town.rest()
    town.resolve()
    town.rest()
    town.alertmanager.expire(silence)
    town.end_episode()
    told = town.delivered()
    town.fire()
    town.rest()
    assert town.delivered() == told, "Alertmanager told of it: the trap is no longer what it was"
    town.actor.prometheus.decide(WEB, "service-restart", "propose", 0.85)
    reconcile(town.actor.world)
    assert town.targets() == ["web", "web"]
    reconcile(town.actor.world)
    assert (town.delivered("reconcile"), town.targets()) == (1, ["web", "web"])


def test_a_groups_old_alerts_come_again_beside_a_new_one_and_count_once(town: Town) -> None:
    town.fire()
    town.await_deliveries(1)
    town.resolve()
    town.fire(DISK, action="disk-cleanup")
    stack.wait_for("both", lambda: town.targets() == ["disk", "web"])
    stack.wait_for("the end of the first", lambda: town.dispositions()["resolved"] >= 1)
    assert town.dispositions()["opened"] == 2


def test_tiers_that_flap_are_one_episode_whatever_comes_beside_what(town: Town) -> None:
    for number in range(4):
        decision, before = ("propose", "alert-only") if number % 2 == 0 else ("alert-only", "propose")
        town.resolve(decision=before)
        town.fire(decision=decision)
        town.await_deliveries(number + 1)
        assert town.targets() == ["web"]
    assert town.dispositions()["opened"] == 1
    assert town.actor.incident().decision in {"propose", "alert-only"}


def test_what_alertmanager_cuts_away_is_asked_for(tmp_path: pathlib.Path) -> None:
    with town_of(tmp_path, max_alerts=1) as town:
        keys = [WEB._replace(target=target) for target in ("cache", "db", "web")]
        for key in keys:
            town.fire(key)
        stack.wait_for("a delivery with something cut away", town.service.incomplete.is_set)
        town.rest()
        assert len(town.targets()) < 3
        reconcile(town.actor.world)
        assert town.targets() == ["cache", "db", "web"]


def test_an_alertmanager_that_is_killed_tells_again_and_nothing_counts_twice(tmp_path: pathlib.Path) -> None:
    port = stack.free_port()
    with contextlib.ExitStack() as running:
        actor = Actor(Host(tmp_path / "host"))
        pages = pages_of(actor)
        address = running.enter_context(served(pages.app))
        told = config(f"http://{address[0]}:{address[1]}")
        first = stack.start_alertmanager(tmp_path / "alertmanager", told, port)
        actor.world.alertmanager = door = Alertmanager(AlertmanagerConfig(url=first.url))
        town = Town(actor, pages.service, door, proxy.Proxy(""), "")
        town.between.server_close()
        town.fire()
        town.await_deliveries(1)
        assert town.targets() == ["web"]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        running.enter_context(stack.start_alertmanager(tmp_path / "alertmanager", told, port))
        town.fire()
        town.await_deliveries(2)
        assert town.targets() == ["web"]
        assert town.dispositions() == {"opened": 1, "repeated": 1}
        actor.journal.close()


def replies(code: int) -> Callable[[Town], Callable[[Handler, str, bytes], bool]]:
    def of(town: Town) -> Callable[[Handler, str, bytes], bool]:
        def fault(handler: Handler, path: str, body: bytes) -> bool:
            handler.send_response(code)
            if code == 302:
                handler.send_header("Location", town.healthy)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return True

        return fault

    return of


def hangs(town: Town) -> Callable[[Handler, str, bytes], bool]:
    def fault(handler: Handler, path: str, body: bytes) -> bool:
        time.sleep(2)
        handler.close_connection = True
        return True

    return fault


# How often Alertmanager 0.25 tries again within some flushes: it takes a redirect for delivered, and gives up on nothing else.
FAULTS = [(replies(code), code != 302) for code in (400, 401, 413, 429, 500, 503, 302)] + [(hangs, True)]


@pytest.mark.parametrize(("fault", "tries_again"), FAULTS, ids=["400", "401", "413", "429", "500", "503", "redirect", "hang"])
def test_whatever_a_receiver_answers_the_alert_is_found_by_asking(town: Town, fault: Any, tries_again: bool) -> None:
    tried: list[float] = []
    befallen = fault(town)
    town.between.fault = lambda handler, path, body: (tried.append(time.monotonic()), befallen(handler, path, body))[1]
    town.fire()
    stack.wait_for("an attempt", lambda: tried)
    town.rest()
    if tries_again:
        stack.wait_for("another attempt", lambda: len(tried) > 1)
    else:
        assert len(tried) == 1
    assert town.delivered() == 0
    reconcile(town.actor.world)
    assert (town.targets(), town.delivered("reconcile")) == (["web"], 1)
    town.between.fault = proxy.obedient
    if tries_again:
        town.await_deliveries(1)
        assert town.targets() == ["web"]
