"""What may be said of targets and traffic: each fault is one line with its place, and the defaults are PromQL."""

from __future__ import annotations

import pathlib
import re

import promql_parser
import pytest

import exporter.targets
from exporter.model import Target
from homeostat.config import Config, ConfigError, loads
from homeostat.discovery import discover

DOCS = (pathlib.Path(__file__).parents[3] / "docs/targets.md").read_text(encoding="utf-8")
ALERT = "exporter:\n  targets:\n    alert:\n      - {%s}"
MEMORY = "exporter:\n  targets:\n    service_memory:\n      %s"
TRAFFIC = "exporter:\n  traffic:\n    - {%s}"
FAULTS = {
    "a target that is none": ("exporter:\n  targets:\n    inode: {}", "3: exporter.targets.inode: unknown key; did you mean 'inodes'?"),
    "a key of another target": ("exporter:\n  targets:\n    fds:\n      limit_free_ratio: 0.1", "4: exporter.targets.fds.limit_free_ratio: unknown key; did you mean 'limit_ratio'?"),
    "a share above one": ("exporter:\n  targets:\n    memory:\n      limit_free_ratio: 5", "4: exporter.targets.memory.limit_free_ratio: Expected `float` <= 1.0"),
    "a horizon of nothing": ("exporter:\n  targets:\n    swap: {action_horizon: 0s}", "3: exporter.targets.swap: action_horizon must be more than 0s"),
    "a horizon without a unit": ("exporter:\n  targets:\n    inodes: {action_horizon: 14}", "3: exporter.targets.inodes.action_horizon: 14 is no duration"),
    "no limit for file descriptors": ("exporter:\n  targets:\n    fds: {limit_ratio: 0}", "3: exporter.targets.fds.limit_ratio: Expected `float` > 0.0"),
    "certificates without a limit": ("exporter:\n  targets:\n    certificates: {limit: 0s}", "3: exporter.targets.certificates: limit must be more than 0s"),
    "a backup without its place": ("exporter:\n  targets:\n    backup:\n      filesystems:\n        - {host: nas}", "5: exporter.targets.backup.filesystems[0]: missing key 'mountpoint'"),
    "a backup as a word": ("exporter:\n  targets:\n    backup: {filesystems: [/srv]}", "3: exporter.targets.backup.filesystems[0]: expected a mapping"),
    "a latency without growth": ("exporter:\n  targets:\n    latency: {limit_growth_ratio: 0}", "3: exporter.targets.latency.limit_growth_ratio: Expected `float` > 0.0"),
    "a latency of a list": ("exporter:\n  targets:\n    latency: {services: [a]}", "3: exporter.targets.latency.services: expected a mapping of keys to values"),
    "a memory limit of nothing": (MEMORY % "limit_bytes: 0B", "4: exporter.targets.service_memory: limit_bytes must be more than 0, as in 1GiB"),
    "a share of no host": (MEMORY % "limit_host_ratio: 0.0", "4: exporter.targets.service_memory: limit_host_ratio must be more than 0, as in 0.8"),
    "a source's pattern without a name": (MEMORY % "sources: [{query: x, target_pattern: '.+'}]", "4: exporter.targets.service_memory.sources[0]: target_pattern '.+' must have one group"),
    "a source's pattern that is none": (MEMORY % "sources: [{query: x, target_pattern: '('}]", "4: exporter.targets.service_memory.sources[0]: target_pattern '(' is no regular expression: missing ), unterminated"),
    "limits that belong to nobody": (MEMORY % "sources: [{query: x, limit_query: y}]", "4: exporter.targets.service_memory.sources[0]: limit_query needs limit_labels"),
    "an alert of nobody": (ALERT % "alert: A, problem: p, resource: r, confidence: 0.9", "4: exporter.targets.alert[0]: give either target (one fixed name) or target_label"),
    "an alert without confidence": (ALERT % "alert: A, problem: p, resource: r, target: x", "4: exporter.targets.alert[0]: missing key 'confidence'"),
    "an alert that is never sure": (ALERT % "alert: A, problem: p, resource: r, target: x, confidence: 0.4", "2: exporter: alert 'A' would never be a problem: its confidence is below assertion.probability 0.5"),
    "an alert of a problem that nobody is told of": (ALERT % "alert: A, problem: selftest, resource: r, target: x, confidence: 1", "4: exporter.targets.alert[0]: problem 'selftest' is the synthetic one"),
    "a target of a problem that nobody is told of": ("exporter:\n  targets:\n    custom:\n      - {name: a, query: x, limit: 1, problem: selftest, resource: r, target: x}", "4: exporter.targets.custom[0]: problem 'selftest' is the synthetic one"),
    "an alert of our own": (ALERT % "alert: HomeostatProblem, problem: p, resource: r, target: x, confidence: 1", "4: exporter.targets.alert[0]: alert 'HomeostatProblem' is Homeostat's own: it would answer itself"),
    "a severity that is none": (ALERT % "alert: A, problem: p, resource: r, target: x, confidence: 1, severity: page", "4: exporter.targets.alert[0].severity: Invalid enum value 'page'; write one of info, warning, critical"),
    "an alert that is never evaluated": (ALERT % "alert: A, problem: p, resource: r, target: x, confidence: 1, evaluation_interval: 0s", "4: exporter.targets.alert[0]: evaluation_interval must be more than 0s"),
    "rules that are never evaluated": ("prometheus: {evaluation_interval: 0s}", "1: prometheus: evaluation_interval must be more than 0s"),
    "one horizon under two names": ("exporter: {horizons: [1d, 24h]}", "1: exporter: every horizon stands once in horizons; 24h and 1d are the same"),
    "one service's traffic twice": (TRAFFIC % "service: a, query: x" + "\n    - {service: a, query: y}", "2: exporter: every service of a host has one entry in traffic"),
    "traffic of nobody": (TRAFFIC % "query: x", "3: exporter.traffic[0]: missing key 'service'"),
    "traffic nowhere": (TRAFFIC % "service: a, query: x, timezone: Berlin", "3: exporter.traffic[0]: 'Berlin' is no time zone"),
    "a window of nothing": (TRAFFIC % "service: a, query: x, length: 0s", "3: exporter.traffic[0]: length must be more than 0s and at most 1d"),
    "a window of a week": (TRAFFIC % "service: a, query: x, length: 7d", "3: exporter.traffic[0]: length must be more than 0s and at most 1d"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_its_line_and_what_would_be_right(name: str) -> None:
    text, told = FAULTS[name]
    with pytest.raises(ConfigError) as error:
        loads(text, Config, "homeostat.yml")
    assert str(error.value).startswith(f"homeostat.yml:{told}")
    assert len(str(error.value).splitlines()) == 1


def test_every_query_that_is_asked_by_itself_is_promql() -> None:
    text = """
exporter:
  targets:
    backup: {filesystems: [{mountpoint: /srv}]}
    latency: {services: {immich: 'histogram_quantile(0.95, sum by (instance, le) (rate(x_bucket[5m])))'}}
    alert: [{alert: 'Down "now"', problem: p, resource: r, target: x, confidence: 1}]
"""
    config = loads(text, Config, "case.yml")
    targets = discover(exporter.targets, "TARGET", Target)
    watches = [watch for target in targets.values() for watch in target.watches(config)]
    assert {watch.name.split()[0] for watch in watches} == set(targets) - {"custom"}
    for query in (query for watch in watches for query in (watch.query, watch.size_query, watch.host_query) if query):
        promql_parser.parse(query)


def test_every_target_can_be_switched_off() -> None:
    switchable = ["filesystem", "inodes", "memory", "swap", "service_memory", "fds", "certificates", "backup", "latency"]
    config = loads("exporter: {targets: {" + ", ".join(f"{name}: {{enabled: false}}" for name in switchable) + "}}", Config, "case.yml")
    assert [watch for target in discover(exporter.targets, "TARGET", Target).values() for watch in target.watches(config)] == []


def test_the_page_about_targets_names_every_one_with_its_problem() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOCS, re.MULTILINE)
    assert sorted(name.replace("_", "-") for name in rows) == sorted(discover(exporter.targets, "TARGET", Target))


def test_every_example_on_the_page_about_targets_is_a_configuration() -> None:
    examples = re.findall(r"```yaml\n(.+?)```", DOCS, re.DOTALL)
    assert len(examples) == 5
    for example in examples:
        loads(example, Config, "targets.md")
