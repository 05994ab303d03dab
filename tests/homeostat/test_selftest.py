"""How a selftest walks: what it bears, what ends it, and that it always takes its problem back."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import pytest

from homeostat import selftest
from homeostat.alertmanager import Alert, AlertStatus, Receiver
from homeostat.config import Config
from homeostat.daemon_client import DaemonError, DaemonRefused
from homeostat.doors import Doors
from homeostat.hops import HOP_NAMES
from homeostat.prometheus import PrometheusError, Sample
from homeostat.walk import Standing
from tests.support import FakeAlertmanager, JumpingClock

if TYPE_CHECKING:
    from collections.abc import Callable

WENT_WELL = Standing(
    ready=True, mode="active", unauthenticated=0, incident="new", open=True, sources=("reconcile", "webhook"), gates_asked=24, outcome="succeeded",
    reason="well", phases=("baseline", "execute", "verify"),
)  # fmt: skip


@dataclasses.dataclass
class Exporter:
    """Takes a selftest and asserts it, unless it is `busy`."""

    busy: bool = False
    serves: bool = False
    url: str = "http://exporter.invalid"
    posted: list[str] = dataclasses.field(default_factory=list)

    def post(self, path: str, body: Any) -> Any:
        self.posted.append(path)
        if self.busy:
            raise DaemonRefused("a selftest of other is under way")
        return body

    def get(self, path: str, **asked: Any) -> Any:
        if not self.posted and not self.serves:
            raise DaemonRefused("no target 'selftest' is forecast now")
        return {"forecasts": [{"asserted": True, "resource": "selftest-7", "usage_ratio": 0.8, "reason": None}]}


class Prometheus:
    """Answers every question with one sample, and none while it is `down`."""

    url = "http://prometheus.invalid"

    def __init__(self) -> None:
        self.down: Callable[[], bool] = lambda: False

    def query(self, promql: str) -> list[Sample]:
        if self.down():
            raise PrometheusError("Prometheus gave no answer")
        return [Sample({"decision": "auto-execute", "action": "selftest", "alertname": "HomeostatAutoExecute"}, 0, 0.99)]


class Alertmanager(FakeAlertmanager):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, ...]] = []

    def all_alerts(self, *matchers: str) -> list[Alert]:
        self.asked.append(matchers)
        return self.alerts(*matchers)


@dataclasses.dataclass
class Chain:
    """All that a selftest meets, and what it told."""

    clock: JumpingClock = dataclasses.field(default_factory=JumpingClock)
    exporter: Exporter = dataclasses.field(default_factory=Exporter)
    prometheus: Prometheus = dataclasses.field(default_factory=Prometheus)
    alertmanager: Alertmanager = dataclasses.field(default_factory=Alertmanager)
    actor: Callable[[], Standing] | None = None
    told: list[str] = dataclasses.field(default_factory=list)

    def run(self, seconds: float = math.inf) -> selftest.Report:
        if not self.alertmanager.firing:
            self.alertmanager.firing = [Alert("f1", {}, {}, "", "", AlertStatus(), (Receiver("homeostat-actor"),))]
        doors = Doors(Config(host="h1"), self.prometheus, self.alertmanager, None, self.exporter, self.clock)  # type: ignore[arg-type]
        return selftest.run(doors, self.actor or self._actor, lambda step: self.told.append(step.hop), seconds)

    def _actor(self) -> Standing:
        known = "exporter" in self.told
        return WENT_WELL if known else Standing(ready=True, mode="active", unauthenticated=0)

    def answers(self, **changes: Any) -> None:
        """Let the actor's incident be as told, once the exporter has the problem."""
        self.actor = lambda: stands_so(changes) if "exporter" in self.told else Standing(ready=True, mode="active", unauthenticated=0)


def stands_so(changes: dict[str, Any]) -> Standing:
    said = {"ready": True, "mode": "active", "unauthenticated": 0, "incident": "new", "open": True, "sources": ("webhook",), "gates_asked": 24}
    return Standing(**{**said, **changes})


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_every_hop_is_told_as_it_is_made(chain: Chain) -> None:
    report = chain.run()
    assert (report.verdict, chain.told) == ("passed", list(HOP_NAMES))
    assert report.proves
    assert chain.exporter.posted == ["selftest", "selftest/end"]


def test_a_hop_that_never_comes_is_named_and_the_problem_is_taken_back(chain: Chain) -> None:
    chain.answers(sources=("reconcile",))
    report = chain.run()
    assert (report.verdict, report.failed_at) == ("failed", "delivery")
    assert "homeostat-actor and does not call this actor's webhook" in report.words
    assert "only because it asked Alertmanager itself" in report.words
    assert chain.exporter.posted[-1] == "selftest/end"


def test_a_hop_for_which_little_time_was_left_is_not_blamed_as_if_it_had_had_all_of_its_own(chain: Chain) -> None:
    chain.answers(sources=("reconcile",))
    assert chain.run(seconds=3).words.endswith("; this was waited for 3 s, and may take 160 s")
    chain.told.clear()
    assert "may take" not in chain.run().words


def test_deliveries_without_a_valid_token_are_told_from_none(chain: Chain) -> None:
    chain.answers(incident="", sources=(), unauthenticated=3)
    report = chain.run()
    assert (report.verdict, report.failed_at) == ("failed", "delivery")
    assert "the actor answered 3 of them with 401" in report.words


def test_what_an_earlier_selftest_left_is_not_taken_for_this_ones(chain: Chain) -> None:
    chain.actor = lambda: Standing(ready=True, mode="active", unauthenticated=0, incident="old", sources=("webhook",), outcome="succeeded", phases=("execute", "verify"))
    assert chain.run().failed_at == "delivery"


def test_alertmanager_is_asked_for_this_ones_problem_for_it_may_still_have_an_earlier_ones(chain: Chain) -> None:
    chain.run()
    about_it = [matchers for matchers in chain.alertmanager.asked if 'problem="selftest"' in matchers]
    assert about_it
    assert all('resource="selftest-7"' in matchers for matchers in about_it)


def test_an_episode_that_goes_on_is_waited_for_and_not_for_ever(chain: Chain) -> None:
    began = chain.clock.monotonic()
    chain.actor = lambda: Standing(ready=True, mode="active", unauthenticated=0, incident="old", open=chain.clock.monotonic() - began < 60)
    assert chain.run().failed_at == "delivery"
    chain.exporter.posted.clear()
    chain.actor = lambda: Standing(ready=True, mode="active", unauthenticated=0, incident="old", open=True)
    report = chain.run()
    assert (report.failed_at, "does not end" in report.words) == ("actor", True)


def test_a_prometheus_that_restarts_meanwhile_is_borne_and_one_that_stays_away_is_not(chain: Chain) -> None:
    began = chain.clock.monotonic()
    chain.prometheus.down = lambda: chain.clock.monotonic() - began < 15
    assert chain.run().verdict == "passed"
    chain.told.clear()
    chain.prometheus.down = lambda: True
    report = chain.run()
    assert (report.failed_at, report.words) == ("prometheus", "Prometheus gave no answer")


def test_one_that_is_busy_with_anothers_has_neither_failed_nor_begun(chain: Chain) -> None:
    chain.exporter.busy = True
    report = chain.run()
    assert (report.verdict, report.failed_at, report.words) == ("busy", "", "a selftest of other is under way")
    assert chain.exporter.posted == ["selftest"]


def test_one_that_is_on_its_way_is_told_of_instead_of_waited_for(chain: Chain) -> None:
    chain.exporter.serves = True
    chain.actor = lambda: Standing(ready=True, mode="active", unauthenticated=0, incident="other", open=True)
    report = chain.run()
    assert (report.verdict, report.failed_at, report.words) == ("busy", "", "a selftest of h1 is under way, incident other")
    assert chain.exporter.posted == []


@pytest.mark.parametrize(
    ("stands", "verdict", "words"),
    [
        ({"outcome": "shadowed", "gate": "stopped", "reason": "stopped: mode is shadow; it would: run"}, "held", "held back by: stopped: mode is shadow"),
        ({"state": "proposed", "gate": "confirmation", "reason": "confirmation: asked"}, "held", "held back by: confirmation: asked"),
        ({"state": "announced", "reason": "announced; acts after a grace of 10m"}, "held", "waits for a person's veto"),
        ({"state": "deferred", "gate": "postponed", "reason": "postponed: by anna"}, "held", "held back by: postponed: by anna"),
        ({"outcome": "refused", "gate": "stopped", "reason": "stopped: by ada"}, "held", "held back by: stopped: by ada"),
        ({"outcome": "refused", "gate": "silenced", "reason": "silenced: silenced by ada"}, "muted", "silenced by ada"),
        ({"outcome": "refused", "gate": "firing", "reason": "firing: stale"}, "failed", "the gates do not let it through: firing: stale"),
        ({"outcome": "alerted", "reason": "for eyes only"}, "failed", "told to do nothing"),
        ({"state": "accepted", "gates_asked": 0}, "failed", "does not get round to it"),
        ({"state": "deferred", "gate": "concurrency", "reason": "concurrency: another runs"}, "failed", "concurrency: another runs"),
    ],
)
def test_what_the_gates_say_decides_how_it_ends(chain: Chain, stands: dict[str, Any], verdict: str, words: str) -> None:
    chain.answers(**stands)
    report = chain.run()
    assert (report.verdict, report.failed_at) == (verdict, "gates" if verdict == "failed" else "")
    assert words in report.words


@pytest.mark.parametrize("outcome", ["failed", "warned", "interrupted", "stranded", "unverified"])
def test_an_outcome_that_is_no_success_is_a_failure(chain: Chain, outcome: str) -> None:
    chain.answers(outcome=outcome, reason="so it was", phases=("execute", "verify"))
    report = chain.run()
    assert (report.verdict, report.failed_at, report.words) == ("failed", "outcome", f"{outcome}: so it was")


def test_an_alert_that_another_inhibits_says_which(chain: Chain) -> None:
    chain.alertmanager.firing = [
        Alert("f1", {}, {}, "", "", AlertStatus((), ("f2",))),
        Alert("f2", {"alertname": "HomeostatBreakerOpen", "scope": "global"}, {}, "", "", AlertStatus((), ("f2",))),
    ]
    report = chain.run()
    assert (report.verdict, report.failed_at) == ("muted", "")
    assert "inhibited by HomeostatBreakerOpen global" in report.words
    assert not report.proves


def test_a_daemon_that_is_down_is_told_within_half_a_minute(chain: Chain) -> None:
    def down() -> Standing:
        raise DaemonError("the actor gave no answer")

    chain.actor, began = down, chain.clock.monotonic()
    report = chain.run()
    assert (report.failed_at, report.words) == ("actor", "the actor gave no answer")
    assert chain.clock.monotonic() - began <= 30
    assert chain.exporter.posted == []
