"""An investigation finds what happened, since when, whether a deployment fits, and which known pattern it is; what does not answer is told."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from exporter.correlating import Correlated, refresh
from exporter.investigation import UnknownTarget, investigate
from exporter.investigation.known import known_patterns, recognised
from exporter.investigation.model import Asked
from exporter.investigation.words import as_json, markdown, words
from exporter.logbook.causes import known_rules
from exporter.logbook.tally import Cell
from exporter.observation import Happened, Sight, Trouble
from exporter.observers.logs import Memory
from homeostat.config import Config, loads
from homeostat.prometheus import PrometheusError, Sample, Series

NOW = 1_780_000_020.0
HOUR, DAY = 3600.0, 86400.0
CONFIG = loads(
    """
host: h1
services:
  web: {manager: systemd, unit: web.service, depends_on: [redis]}
  redis: {manager: systemd, unit: redis.service, depends_on: [/srv]}
filesystems: {/srv: {}}
exporter: {targets: {latency: {services: {web: p95}}}}
""",
    Config,
    "case.yml",
)
ROSE_AT = NOW - 3 * HOUR


class Fake:
    """A Prometheus in which the p95 of web rose three hours ago, and work waits as `pressure` says."""

    def __init__(self, problems: dict[str, str] | None = None, pressure: dict[str, float] | None = None, *, down: bool = False) -> None:
        self.problems, self.pressure, self.down, self.asked = problems or {}, pressure or {}, down, [""]

    def query(self, promql: str) -> list[Sample]:
        self._answer(promql)
        if promql.startswith("homeostat_problem_confidence_ratio"):
            return [Sample({"host": "h1", "target": target, "problem": problem}, NOW, 0.9) for target, problem in self.problems.items()]
        return [Sample({"instance": "h1:9100"}, NOW, value) for name, value in self.pressure.items() if name in promql and "offset" not in promql]

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        self._answer(promql)
        if promql != "p95":
            return []
        times = [start + step * number for number in range(int((end - start) / step) + 1)]
        return [Series({}, tuple(times), tuple(0.2 if time < ROSE_AT else 0.3 for time in times))]

    def _answer(self, promql: str) -> None:
        self.asked.append(promql)
        if self.down:
            raise PrometheusError("Prometheus is down")


def look(sights: dict[str, Sight] | None = None, prometheus: Fake | None = None, target: str = "web", since: float | None = None) -> Any:
    return investigate(Asked(CONFIG, target, NOW, since), sights or {}, prometheus or Fake())  # type: ignore[arg-type]


def deployed(target: str = "web", before: float = 5 * 60) -> dict[str, Sight]:
    return {"deployments": Sight(events=(Happened(ROSE_AT - before, target, "deployment", f"the image of {target} changed"),))}


def test_the_onset_is_found_to_the_minute_within_two_weeks() -> None:
    found = look()
    assert found.onset is not None
    assert abs(found.onset.at - ROSE_AT) < 8 * 60
    assert (round(found.onset.before, 2), round(found.onset.after, 2), found.onset.promql) == (0.2, 0.3, "p95")


def test_a_deployment_minutes_before_the_onset_is_the_likely_reason_and_calls_for_its_roll_back() -> None:
    found = look(deployed())
    assert found.correlation.deployment.words == "the image of web changed"
    assert found.correlation.confidence > 0.85
    assert (found.known.name, found.known.action) == ("deployment-regression", "deployment-rollback")
    assert "the image of web changed; by time order and distance alone that is" in " ".join(words(found))


@pytest.mark.parametrize(("target", "before", "least", "most"), [("web", 4 * HOUR, 0.40, 0.50), ("web", 23 * HOUR, 0, 0.02), ("redis", 300, 0.5, 0.6), ("web", -2 * HOUR, None, None)])
def test_a_deployment_is_the_less_likely_the_reason_the_longer_before_and_never_when_it_came_after(target: str, before: float, least: float | None, most: float) -> None:
    correlation = look(deployed(target, before)).correlation
    assert (correlation is None) if least is None else (least <= correlation.confidence <= most)


def test_a_deployment_of_what_the_target_does_not_need_says_nothing() -> None:
    assert look(deployed("other")).correlation is None


def test_a_sick_dependency_is_told_with_its_problem_also_one_that_is_needed_by_another() -> None:
    found = look(prometheus=Fake({"/srv": "disk_exhaustion"}))
    assert {each.name: each.standing for each in found.dependencies} == {"/srv": "sick", "redis": "unknown"}
    seen = look({"services": Sight(troubles=(Trouble("service_down", "redis", "service", 1.0, "critical", "redis is down"),))})
    assert {each.name: each.standing for each in seen.dependencies} == {"/srv": "well", "redis": "sick"}
    assert (seen.known.name, seen.known.action) == ("dependency-down", "service-cascade-restart")


def test_a_dependency_that_only_bears_another_label_is_well() -> None:
    seen = look({"drift": Sight(troubles=(Trouble("config_drift_minor", "redis", "service", 0.9, "info", "a label differs"),))})
    assert {each.name: each.standing for each in seen.dependencies} == {"/srv": "well", "redis": "well"}


def test_pressure_is_told_with_its_query_and_is_a_known_pattern_where_nothing_else_is() -> None:
    found = look(prometheus=Fake(pressure={"node_pressure_memory": 0.4}))
    assert [(point.value, "node_pressure_memory_waiting_seconds_total" in point.promql) for point in found.points] == [(0.4, True)]
    assert found.known.name == "memory-pressure"
    assert look(prometheus=Fake(pressure={"node_pressure_memory": 0.01})).known is None


def cells(*found: tuple[str, str]) -> dict[str, Sight]:
    minute = int(NOW // 60) - 3
    counted = tuple(Cell(pattern=pattern, component=component, total=9, minutes={minute: 9}, hours={minute // 60: 9}) for pattern, component in found)
    return {"logs": Sight(memory=Memory(watched_since=NOW - DAY, read_to=NOW, cells=counted))}


def test_errors_in_the_journal_are_told_with_their_cause_of_the_target_and_of_the_host_but_of_no_other_service() -> None:
    found = look(cells(("port-in-use", "web"), ("database-locked", "redis"), ("io-error", "kernel")))
    assert {(cause.component, cause.known) for cause in found.causes} == {("web", "port-conflict"), ("redis", "database-contention"), ("kernel", "disk-failing")}
    assert {cause.component for cause in look(cells(("port-in-use", "web")), target="redis").causes} == set()
    assert found.known.name == "disk-failing"


def test_the_crash_of_a_unit_that_the_target_does_not_need_is_told_and_is_no_pattern_of_the_targets() -> None:
    found = look(cells(("start-limit", "nginx.service")))
    assert ({cause.component for cause in found.causes}, found.known) == ({"nginx.service"}, None)
    assert look(cells(("start-limit", "nginx.service")), target=CONFIG.host).known.name == "crash-loop"
    assert look(cells(("start-limit", "redis"))).known.name == "crash-loop"


def test_what_an_observer_sees_at_the_target_is_told_in_its_words() -> None:
    found = look({"backups": Sight(troubles=(Trouble("service_down", "web", "service", 1.0, "critical", "web failed: exit-code"),))})
    assert "Seen now: web failed: exit-code." in list(words(found))


def test_what_does_not_answer_is_told_and_the_rest_is_found_all_the_same() -> None:
    found = look(cells(("port-in-use", "web")), Fake(down=True))
    assert found.known.name == "port-conflict"
    assert [what.partition(":")[0] for what in found.unseen] == ["which problems are asserted", "when it began", "processor, memory and disk"]
    assert "errors in the journal: the observer logs has seen nothing" in look().unseen


def test_only_what_the_configuration_names_is_looked_into() -> None:
    with pytest.raises(UnknownTarget, match=r"'nginx' is nothing that the configuration names; known: /srv, h1, redis, web"):
        look(target="nginx")


def test_it_is_json_and_markdown_with_every_query() -> None:
    found = look(deployed(), Fake(pressure={"node_pressure_io": 0.6}))
    told = json.loads(json.dumps(as_json(found)))
    assert told["markdown"] == markdown(found)
    assert told["words"][0].startswith("It looks like deployment-regression (80%)")
    for heading in ("# web on h1", "## What happened", "## What it needs", "## Numbers", "by `p95`", "node_pressure_io_waiting_seconds_total"):
        assert heading in told["markdown"]
    assert dataclasses.replace(found, known=None) != found


def test_every_cause_of_the_rules_is_a_sign_of_a_known_pattern() -> None:
    signs = {sign for pattern in known_patterns().values() for sign in (*pattern.signs, *pattern.one_of)}
    for name, rule in known_rules().items():
        assert f"cause:{rule.known}" in signs, name
    assert recognised({"nothing"}) is None


def test_the_correlation_is_asked_anew_after_five_minutes_and_forgotten_when_the_service_is_well() -> None:
    prometheus = Fake()
    first = refresh((CONFIG, prometheus, NOW), deployed(), {"web"}, {})  # type: ignore[arg-type]
    assert first["web"].ratio > 0.85
    assert refresh((CONFIG, prometheus, NOW + 60), {}, {"web"}, first) == first  # type: ignore[arg-type]
    assert refresh((CONFIG, prometheus, NOW + 301), {}, {"web"}, first) == {"web": Correlated(0.0, NOW + 301)}  # type: ignore[arg-type]
    assert refresh((CONFIG, prometheus, NOW), {}, set(), first) == {}  # type: ignore[arg-type]
    assert set(prometheus.asked) == {"", "p95"}


def test_a_correlation_that_was_found_stands_while_prometheus_does_not_answer() -> None:
    first = refresh((CONFIG, Fake(), NOW), deployed(), {"web"}, {})  # type: ignore[arg-type]
    down = (CONFIG, Fake(down=True), NOW + 301)
    assert refresh(down, deployed(), {"web"}, first) == first  # type: ignore[arg-type]
    assert refresh(down, deployed(), {"web"}, {}) == {}  # type: ignore[arg-type]


def test_in_the_first_minutes_there_is_too_little_history_and_no_exporter_is_missing() -> None:
    class JustStarted(Fake):
        def query(self, promql: str) -> list[Sample]:
            return [Sample({"instance": "h1:9100"}, NOW, 1e9)] if promql == "node_memory_MemAvailable_bytes" else super().query(promql)

    assert "processor, memory and disk: there is too little history yet, ask again in a few minutes" in look(prometheus=JustStarted()).unseen
    assert "processor, memory and disk: Prometheus has no series of node_exporter for this host" in look().unseen
