"""A stranger's configuration of Prometheus gets our rules and jobs, and keeps its own."""

from __future__ import annotations

import pathlib
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from homeostat.config import Config, loads
from homeostat.generate.marks import MergeError, without_ours
from homeostat.generate.prometheus import has_other_alertmanagers, merged, standalone
from tests.httpd import Reply, serving
from tests.integration.stack import free_port, promql, start, wait_for
from tests.support import secret

if TYPE_CHECKING:
    from tests.httpd import Asked

THEIRS = """\
# the house
global:
  scrape_interval: 30s   # enough
  external_labels: {site: home}

rule_files:
- rules/*.yml

scrape_configs:

# everything that runs node_exporter
- job_name: node
  static_configs:
  - targets: &all [nas:9100, pi:9100]
- job_name: blackbox
  metrics_path: /probe
  static_configs:
  - targets: *all
  relabel_configs:
  - source_labels: [__address__]
    regex: (.*):9100
    target_label: __param_target
"""


def config(**changes: Any) -> Config:
    return loads(yaml.safe_dump({"host": "nas", **changes}), Config, "homeostat.yml")


def promtool_accepts(file: pathlib.Path, text: str) -> bool:
    file.write_text(text)
    return subprocess.run(["promtool", "check", "config", "--syntax-only", file], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "theirs",
    [THEIRS, "", "# nothing yet\n", "scrape_configs: [{job_name: node, static_configs: [{targets: ['nas:9100']}]}]\n", "alerting: {}\nrule_files: []\n", "---\nglobal:\n...\n"],
)
def test_ours_is_added_and_theirs_stays(theirs: str, tmp_path: pathlib.Path) -> None:
    result = merged(theirs, config())
    assert promtool_accepts(tmp_path / "prometheus.yml", result)
    was, now = yaml.safe_load(theirs) or {}, yaml.safe_load(result)
    assert now["rule_files"] == ["/etc/prometheus/homeostat/*.rules.yml", *(was.get("rule_files") or [])]
    assert [job["job_name"] for job in now["scrape_configs"][:2]] == ["homeostat-exporter-nas", "homeostat-actor-nas"]
    assert now["scrape_configs"][2:] == (was.get("scrape_configs") or [])
    assert now["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]
    assert without_ours(result)[0] == theirs
    assert merged(result, config()) == result


def test_addresses_prefixes_and_tokens_are_those_of_the_configuration(tmp_path: pathlib.Path) -> None:
    settings = {
        "links": {"console": "https://nas.lan/homeostat/"}, "exporter": {"url": "http://nas.lan:9921"}, "alertmanager": {"url": "https://nas.lan/am"},
        "security": {"metrics_token_files": ["/etc/homeostat/metrics.token"]},
    }  # fmt: skip
    result = merged(THEIRS, config(**settings))
    assert promtool_accepts(tmp_path / "prometheus.yml", result)
    exporter, actor = yaml.safe_load(result)["scrape_configs"][:2]
    assert (actor["scheme"], actor["metrics_path"], actor["static_configs"]) == ("https", "/homeostat/metrics", [{"targets": ["nas.lan"]}])
    assert exporter["static_configs"] == [{"targets": ["nas.lan:9921"]}]
    assert actor["authorization"] == exporter["authorization"] == {"credentials_file": "/etc/homeostat/metrics.token"}
    assert yaml.safe_load(result)["alerting"]["alertmanagers"] == [{"scheme": "https", "static_configs": [{"targets": ["nas.lan"]}], "path_prefix": "/am"}]
    copied = yaml.safe_load(merged(result, config(**settings), "/etc/prometheus/homeostat.token", "/rules/*.yml"))
    assert copied["scrape_configs"][1]["authorization"] == {"credentials_file": "/etc/prometheus/homeostat.token"}
    assert copied["rule_files"] == ["/rules/*.yml", "rules/*.yml"]


def test_another_hosts_actor_joins_and_an_exporter_that_is_scraped_already_does_not() -> None:
    both = merged(merged(THEIRS, config()), config(host="pi", links={"console": "http://pi:9922"}))
    assert [job["job_name"] for job in yaml.safe_load(both)["scrape_configs"][:3]] == ["homeostat-exporter-nas", "homeostat-actor-nas", "homeostat-actor-pi"]
    assert merged(both, config()) == both
    own = merged(both, config(host="pi", links={"console": "http://pi:9922"}, exporter={"url": "http://pi:9921"}))
    assert "homeostat-exporter-pi" in own


def test_where_alertmanagers_are_named_already_none_is_added_and_a_strange_one_is_noticed() -> None:
    theirs = "alerting:\n  alertmanagers:\n    - static_configs: [{targets: ['127.0.0.1:9093']}]\n"
    assert yaml.safe_load(merged(theirs, config()))["alerting"] == yaml.safe_load(theirs)["alerting"]
    assert not has_other_alertmanagers(merged(theirs, config()), config())
    elsewhere = "alerting: {alertmanagers: [{dns_sd_configs: [{names: [am.lan]}]}]}\n"
    assert yaml.safe_load(merged(elsewhere, config()))["alerting"] == yaml.safe_load(elsewhere)["alerting"]
    assert has_other_alertmanagers(merged(elsewhere, config()), config())
    assert not has_other_alertmanagers(merged("", config()), config())


def test_rules_that_are_read_already_are_not_read_twice() -> None:
    theirs = "rule_files:\n  - /etc/prometheus/homeostat/*.rules.yml\n"
    assert yaml.safe_load(merged(theirs, config()))["rule_files"] == ["/etc/prometheus/homeostat/*.rules.yml"]


@pytest.mark.parametrize(
    ("text", "changes", "told"),
    [
        ("- x\n", {}, "this is no configuration of Prometheus'"),
        ("scrape_configs: [{job_name: homeostat-actor}]\n", {}, "there is a scrape job homeostat-actor that bears no marks"),
        ("scrape_configs: [{job_name: homeostat-exporter-nas}]\n", {}, "there is a scrape job homeostat-exporter-nas that bears no marks"),
        (merged("", config()), {"host": "pi"}, "http://127.0.0.1:9922 is the actor of another host too"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(text: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(MergeError, match=told) as error:
        merged(text, config(**changes))
    assert "\n" not in str(error.value)


def test_the_example_is_what_is_printed() -> None:
    example = pathlib.Path(__file__).parents[3] / "deploy/prometheus.yml"
    assert example.read_text() == standalone(config())


@pytest.mark.integration
def test_a_running_prometheus_scrapes_both_with_the_token_under_the_names_that_the_rules_know(tmp_path: pathlib.Path) -> None:
    token = secret(tmp_path / "metrics.token", "d3a1f0c4b5e697886950413223140516")

    def served(asked: Asked) -> Reply:
        assert asked.headers["Authorization"] == f"Bearer {token.read_text()}"
        return Reply(b'homeostat_mode{host="nas",mode="active"} 1\n', headers={"Content-Type": "text/plain; version=0.0.4"})

    with serving(served) as exporter, serving(served) as actor:
        settings = config(links={"console": actor.url}, exporter={"url": exporter.url}, security={"metrics_token_files": [str(token)]})
        file = tmp_path / "prometheus.yml"
        file.write_text(merged("global: {scrape_interval: 1s}\n", settings))
        port = free_port()
        argv = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
        with start(argv, f"http://127.0.0.1:{port}", tmp_path / "prometheus.log") as running:
            up = wait_for("both to be up", lambda: (found := promql(running.url, "up == 1")) and len(found) == 2 and found)
            assert {sample["metric"]["job"] for sample in up} == {"homeostat-exporter", "homeostat-actor"}
            assert {sample["metric"]["host"] for sample in promql(running.url, "homeostat_mode")} == {"nas"}
