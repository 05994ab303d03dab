"""Checks of what the actor and Prometheus tell, each told as it is when something is wrong."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from homeostat.clock import SystemClock, rfc3339
from homeostat.config import Config, loads
from homeostat.doctor.examination import CHECKS, examine
from homeostat.doctor.model import Subject
from homeostat.doors import open_doors
from homeostat.rules import shipped
from tests.httpd import Asked, Reply, serving
from tests.support import merged

WELL: dict[str, Any] = {
    "host": "h1", "port": 9922, "version": "0", "now": 0.0, "ready": True, "journal_writable": True, "shortage": None, "state_directory": "/state", "protections": [],
}  # fmt: skip
AT_WORK = {"mode": "active", "level": "moderate", "stopped": None, "open_breakers": []}


def said(check: str, pages: dict[str, Any], **settings: Any) -> list[str]:
    """Ask one check about parts that answer these pages, with JSON of the actor's or data of Prometheus'."""

    def answer(asked: Asked) -> Reply:
        path = asked.path.removeprefix("/api/v1/")
        if path == "query":
            rows = next((rows for words, rows in pages.items() if words in asked.form["query"]), [])
            found = [{"metric": labels, "value": [SystemClock().now(), str(value)]} for labels, value in rows]
            return Reply({"status": "success", "data": {"resultType": "vector", "result": found}})
        if path in {"rules", "targets", "format_query"}:
            return Reply({"status": "success", "data": pages[path]}) if path in pages else Reply({}, 404)
        return Reply(pages[path]) if path in pages else Reply({"error": "no such address"}, 404)

    with serving(answer) as site:
        base = {"host": "h1", "prometheus": {"url": site.url}, "links": {"console": site.url}}
        config = loads(yaml.safe_dump(merged(base, settings)), Config, "homeostat.yml")
        (checked,) = examine(Subject(open_doors(config), pathlib.Path("homeostat.yml")), {check: CHECKS[check]})
    return [f"{finding.result}: {finding.seen}".replace(site.url, "URL") for finding in checked.findings]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "passed: the journal in /state can be written, and its ballast is laid"),
        ({"journal_writable": False}, "failed: the last commit did not reach the disk at /state"),
        ({"shortage": "the ballast was given up"}, "warned: the ballast was given up"),
    ],
)
def test_a_journal(changes: dict[str, Any], told: str) -> None:
    assert said("journal", {"health": WELL | changes}) == [told]


def protection(obstacle: str | None, *, dispensable: bool) -> dict[str, Any]:
    return {"action": "disk-cleanup", "target": "/", "obstacle": obstacle, "dispensable": dispensable}


@pytest.mark.parametrize(
    ("protections", "told"),
    [
        (None, "warned: the actor does not know yet, or not any more, what can be protected"),
        ([protection(None, dispensable=False)], "passed: 1 of 1 pairs of action and target can be protected"),
        ([protection("no room", dispensable=True)], "passed: 0 of 1 pairs of action and target can be protected; 1 may run unprotected, as their playbook declares"),
        ([protection("no room", dispensable=False)], "failed: disk-cleanup at / is refused, for what it does could not be undone: no room"),
    ],
)
def test_protections(protections: Any, told: str) -> None:
    assert said("protections", {"health": WELL | {"protections": protections}}) == [told]


@pytest.mark.parametrize(("silent", "told"), [(None, "passed: root's executor answers"), ("no answer within 5 s", "failed: root's executor does not answer: no answer within 5 s")])
def test_an_executor(silent: str | None, told: str) -> None:
    assert said("executor", {"health/host": {"services": {}, "executor": silent}}, actor={"executor_directory": "/var/lib/executor"}) == [told]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"stopped": "by ada at 2026-01-01T00:00:00Z: enough"}, ["warned: everything is held back by the stop of ada, until homeostat resume: enough (since 2026-01-01T00:00:00Z)"]),
        (
            {"open_breakers": [{"scope": "global", "failures": 3, "standing": "open", "open_until": 0.0, "probe": None}]},
            ["warned: everything is held back by the breaker of homeostat, until 1970-01-01T00:00:00Z: 3 failures in a row"],
        ),
    ],
)
def test_brakes(changes: dict[str, Any], told: list[str]) -> None:
    assert said("brakes", {"status": AT_WORK | changes}) == ["passed: mode active, level moderate: it acts", *told]


def test_an_actor_of_another_version_is_told_in_one_line() -> None:
    (told,) = said("journal", {"health": {"host": "h1"}})
    assert told.startswith("failed: URL tells of health in another shape: ")
    assert told.endswith("is it of this version?")


def target(job: str, instance: str, error: str = "") -> dict[str, Any]:
    return {"labels": {"job": job, "instance": instance}, "health": "down" if error else "up", "lastError": error}


class TestTargets:
    BOTH = (target("homeostat-exporter", "h1:9921"), target("homeostat-actor", "h1:9922"))

    def said(self, *targets: dict[str, Any], **pages: Any) -> list[str]:
        return said("targets", {"targets": {"activeTargets": list(targets)}, **pages})

    def test_both_are_up(self) -> None:
        assert self.said(*self.BOTH)[0].startswith("passed: ")

    def test_one_that_is_down_is_told_with_the_reason(self) -> None:
        (told,) = self.said(self.BOTH[0], target("homeostat-actor", "h1:9922", "server returned HTTP status 401"))
        assert told == "failed: homeostat-actor at h1:9922 cannot be scraped: server returned HTTP status 401"

    def test_the_daemons_of_another_host_are_its_own_doctors_matter(self) -> None:
        other = target("homeostat-actor", "h2:9922", "refused")
        assert self.said(*self.BOTH, other)[0].startswith("failed: ")
        assert self.said(*self.BOTH, other, last_over_time=[({"instance": "h2:9922"}, 1.0)])[0].startswith("passed: ")

    def test_where_no_targets_are_known_their_up_is_asked(self) -> None:
        rows = [({"job": f"homeostat-{daemon}", "instance": "x"}, value) for daemon, value in (("exporter", 1.0), ("actor", 0.0))]
        assert said("targets", {'up{job=~"homeostat-.+"}': rows}) == ["failed: homeostat-actor at x cannot be scraped"]


def group(name: str, expressions: dict[str, str], **changes: Any) -> dict[str, Any]:
    rules = [{"name": rule, "query": query, "health": "ok"} for rule, query in expressions.items()]
    base = {"name": name, "rules": rules, "interval": 60, "evaluationTime": 0.1, "lastEvaluation": rfc3339(SystemClock().now())}
    return base | changes


class TestRules:
    def said(self, *more: dict[str, Any], **changes: Any) -> list[str]:
        groups = [group(name, dict(rules), **(changes if name == "homeostat-decision" else {})) for name, rules in shipped().items()]
        return said("rules", {"rules": {"groups": [*groups, *more]}})

    def test_all_is_loaded_as_shipped(self) -> None:
        assert self.said(group("of-the-owner", {"x": "up"}, interval=900))[0].startswith("passed: ")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"interval": 300}, "failed: homeostat-decision is evaluated every 5m: what it records is gone in between"),
            ({"interval": 120}, "warned: homeostat-decision is evaluated every 2m, and prometheus.evaluation_interval says 1m: decisions count as stale too early"),
            ({"evaluationTime": 61.0}, "failed: homeostat-decision takes 61.0 s, longer than its interval of 1m"),
            ({"lastEvaluation": "2020-01-01T00:00:00.123456789Z"}, "failed: homeostat-decision was evaluated last at 2020-01-01T00:00:00Z, though it should be every 1m"),
        ],
    )
    def test_a_group_that_is_not_evaluated_as_it_should_be(self, changes: dict[str, Any], told: str) -> None:
        assert self.said(**changes) == [told]

    def test_a_group_that_is_loaded_twice(self) -> None:
        name, rules = next(iter(shipped().items()))
        assert self.said(group(name, dict(rules))) == [f"warned: {name} is loaded from two files: every decision is made twice"]

    def test_where_no_query_can_be_written_anew_a_difference_is_not_asserted(self) -> None:
        rules = {rule: f"{query} or up" for rule, query in shipped()["homeostat-decision"].items()}
        assert self.said(rules=group("", rules)["rules"])[0].startswith("passed: ")


class TestFreshness:
    AGE = "homeostat_exporter_last_success_timestamp_seconds"

    def test_forecasts_that_come(self) -> None:
        assert said("freshness", {self.AGE: [({}, 30.0)]}) == ["passed: the last forecast is 30 s old, and its data are fresh"]

    def test_forecasts_that_stopped_coming(self) -> None:
        assert said("freshness", {self.AGE: [({}, 200.0)]}) == ["failed: the last forecast is 3m20s old, though there should be one every 1m"]
        assert said("freshness", {}) == ["failed: Prometheus knows no forecast for host 'h1'"]

    def test_data_that_stopped_coming_and_errors(self) -> None:
        pages = {self.AGE: [({}, 30.0)], "series_age": [({"target": "/", "resource": "filesystem"}, 1000.0)], "errors_total": [({"stage": "read"}, 1.0)]}
        assert said("freshness", pages) == ["warned: no new data for 15m: / (filesystem)", "warned: the exporter met errors within 15 minutes: read"]
