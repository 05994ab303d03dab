"""Checks that need no other process, each when it is well and when it is not."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from homeostat import rules
from homeostat.clock import SystemClock
from homeostat.config import Config, loads
from homeostat.doctor import addressees
from homeostat.doctor.examination import CHECKS, examine
from homeostat.doctor.model import Subject, named
from homeostat.doors import open_doors
from tests.httpd import Asked, Reply, serving
from tests.support import merged, secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.doctor.model import Finding


def found(check: str, settings: dict[str, Any]) -> tuple[Finding, ...]:
    """Ask one check about a configuration."""
    config = loads(yaml.safe_dump(merged({"host": "h1"}, settings)), Config, "homeostat.yml")
    subject = Subject(open_doors(config, lambda path: None), pathlib.Path("homeostat.yml"))
    (checked,) = examine(subject, {check: CHECKS[check]})
    return checked.findings


def said(check: str, settings: dict[str, Any]) -> list[str]:
    return [f"{finding.result}: {finding.seen}" for finding in found(check, settings)]


def tokens(folder: pathlib.Path) -> dict[str, Any]:
    secret(folder / "intake", "b1946ac92492d2347c6235b4d2611184")
    secret(folder / "operator", "591785b794601e212b260e25925636fd")
    return {"autonomy": {"mode": "active"}, "security": {"intake_token_files": [str(folder / "intake")], "operator_token_files": [str(folder / "operator")]}}


class TestCredentials:
    def test_files_that_can_be_used(self, tmp_path: pathlib.Path) -> None:
        assert said("credentials", tokens(tmp_path)) == ["passed: 2 token files can be used"]

    def test_each_that_cannot_be_used_is_told(self, tmp_path: pathlib.Path) -> None:
        settings = tokens(tmp_path)
        secret(tmp_path / "intake", "change-me-change-me")
        (tmp_path / "operator").chmod(0o644)
        told = said("credentials", settings)
        assert [line.partition(": ")[0] for line in told] == ["failed", "failed"]
        assert "this token is a placeholder" in told[0]
        assert "others may read or change this token" in told[1]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file another's")
    @pytest.mark.parametrize("kind", ["intake", "operator"])
    def test_what_it_says_makes_a_file_that_can_be_used(self, tmp_path: pathlib.Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        # These users and groups are the install's; here root has to do.
        monkeypatch.setattr("homeostat.doctor.checks.credentials._READERS", dict.fromkeys(("intake", "operator", "metrics"), "-g root"))
        settings = tokens(tmp_path)
        (tmp_path / kind).unlink()
        (told,) = found("credentials", settings)
        command = told.fix.partition("else: ")[2].partition(", and")[0]
        subprocess.run(["/bin/sh", "-c", command], check=True)
        assert said("credentials", settings) == ["passed: 2 token files can be used"]

    def test_a_file_that_is_not_there(self, tmp_path: pathlib.Path) -> None:
        settings = merged(tokens(tmp_path), {"prometheus": {"bearer_token_file": str(tmp_path / "none")}})
        assert said("credentials", settings) == [f"failed: prometheus.bearer_token_file: {tmp_path}/none: the token file cannot be read: No such file or directory"]

    def test_one_token_for_two(self, tmp_path: pathlib.Path) -> None:
        settings = tokens(tmp_path)
        secret(tmp_path / "operator", "b1946ac92492d2347c6235b4d2611184")
        (told,) = [line for line in said("credentials", settings) if line.startswith("failed")]
        assert "security.intake_token_files and security.operator_token_files hold the same token" in told

    @pytest.mark.parametrize(("mode", "result"), [("shadow", "warned"), ("active", "failed")])
    def test_none_at_all(self, mode: str, result: str) -> None:
        told = found("credentials", {"autonomy": {"mode": mode}})
        assert [finding.result for finding in told] == [result, result, "passed"]

    def test_what_it_says_is_what_the_install_says(self) -> None:
        install = (pathlib.Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
        commands = [finding.fix.partition(", and name")[0] for finding in found("credentials", {})[:2]]
        assert all(command in install for command in commands), commands

    def test_no_finding_holds_a_secret(self, tmp_path: pathlib.Path) -> None:
        settings = tokens(tmp_path)
        secret(tmp_path / "operator", "b1946ac92492d2347c6235b4d2611184")
        assert not any("b1946ac9" in finding.seen + finding.fix for finding in found("credentials", settings))


class TestFolders:
    def settings(self, folder: pathlib.Path) -> dict[str, Any]:
        (folder / "logs").mkdir(exist_ok=True)
        rule = {"directory": str(folder / "logs"), "pattern": "*.gz", "older_than": "7d"}
        return {"filesystems": {"disk": {"path": str(folder)}}, "cleanup": {"old-logs": rule}}

    def test_folders_that_are_there(self, tmp_path: pathlib.Path) -> None:
        assert said("folders", self.settings(tmp_path)) == ["passed: 2 folders are there"]

    def test_a_folder_that_is_not_there(self, tmp_path: pathlib.Path) -> None:
        settings = self.settings(tmp_path)
        (tmp_path / "logs").rmdir()
        assert said("folders", settings) == [f"failed: cleanup.old-logs.directory: there is no folder {tmp_path}/logs on this host"]

    def test_a_rule_on_no_file_system_of_the_catalogue(self, tmp_path: pathlib.Path) -> None:
        settings = merged(self.settings(tmp_path), {"filesystems": {"disk": {"path": str(tmp_path / "elsewhere")}}})
        (tmp_path / "elsewhere").mkdir()
        (told, _) = said("folders", settings)
        assert told == f"warned: cleanup.old-logs: {tmp_path}/logs is on no file system of the catalogue, so the rule is never used"


class Server:
    """A Prometheus that answers as a test says."""

    def __init__(self, retention: str = "15d", version: str = "2.42.0+ds", took: bool = True) -> None:
        self.runtime = {"storageRetention": retention, "reloadConfigSuccess": took}
        self.version = version
        self.sync: float | None = None
        self.says_what_it_is = True

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/query":
            series = self.sync if "timex" in asked.form["query"] else 1.0
            rows = [] if series is None else [{"metric": {}, "value": [SystemClock().now(), str(series)]}]
            return Reply({"status": "success", "data": {"resultType": "vector", "result": rows}})
        if not self.says_what_it_is:
            return Reply({"status": "error"}, 404)
        data = {"/api/v1/status/buildinfo": {"version": self.version}, "/api/v1/status/runtimeinfo": self.runtime}.get(asked.path)
        return Reply({"status": "success", "data": data}) if data else Reply({}, 404)

    def said(self, check: str, **settings: Any) -> list[str]:
        with serving(self.answer) as site:
            nowhere = {"console": "http://127.0.0.1:9"}
            return [line.replace(site.url, "URL") for line in said(check, {"prometheus": {"url": site.url}, "links": nowhere, **settings})]


class TestPrometheus:
    def test_one_that_is_well(self) -> None:
        assert Server().said("prometheus") == ["passed: URL answers, version 2.42.0+ds, keeps 15d"]

    def test_one_that_is_too_old(self) -> None:
        assert Server(version="2.33.1").said("prometheus")[1:] == ["warned: version 2.33.1 is older than the 2.42 that the rules are tested on"]

    def test_one_that_refused_its_configuration(self) -> None:
        assert Server(took=False).said("prometheus")[1:] == ["failed: Prometheus refused its configuration at its last reload and keeps the one before"]

    @pytest.mark.parametrize(("retention", "told"), [("3d or 10GiB", ["warned: Prometheus keeps 3d, less than the window of 7d that forecasts read"]), ("10GiB", []), ("7d", [])])
    def test_one_that_forgets_too_soon(self, retention: str, told: list[str]) -> None:
        assert Server(retention).said("prometheus")[1:] == told

    def test_one_that_does_not_say_what_it_is_is_asked_all_the_same(self) -> None:
        server = Server()
        server.says_what_it_is = False
        (told,) = server.said("prometheus")
        assert told.startswith("passed: URL answers, and does not say what it is: ")


ALERTMANAGER = """
route: {{receiver: people, routes: [{{receiver: {name}, matchers: ['alertname=~"Homeostat.*"', 'host="h1"']}}, {{receiver: other, matchers: ['host="h2"']}}]}}
receivers: [{{name: people}}, {{name: other, webhook_configs: [{{url: "http://h2:9922/webhook"}}]}}, {{name: {name}, webhook_configs: [{{url: "{url}"}}]}}]
"""


class TestRoute:
    def said(self, url: str, name: str = "homeostat-actor", console: str = "http://127.0.0.1:9922", more: str = "") -> list[str]:
        status = {"config": {"original": ALERTMANAGER.format(url=url, name=name) + more}, "versionInfo": {"version": "0.25.0"}}
        with serving(lambda asked: Reply(status if asked.path == "/api/v2/status" else {}, 200 if asked.path == "/api/v2/status" else 404)) as site:
            return said("route", {"alertmanager": {"url": site.url}, "links": {"console": console}})

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9922/webhook", "http://localhost:9922/", "http://h1:9922/webhook", "http://homeostat.containers:9922/webhook"])
    def test_an_address_that_leads_here(self, url: str) -> None:
        assert self.said(url)[0].startswith("passed: every decision of h1 goes to the receiver homeostat-actor")

    def test_an_inhibit_rule_by_which_decisions_mute_one_another(self) -> None:
        rule = "inhibit_rules: [{source_matchers: ['severity=\"critical\"'], target_matchers: ['severity=\"warning\"'], equal: [alertname, instance]}]\n"
        told = self.said("http://127.0.0.1:9922/webhook", more=rule)
        assert told == ['warned: by the inhibit rule {severity="critical"} mutes {severity="warning"} one decision of Homeostat\'s mutes another']
        spared = rule.replace("['severity=\"critical\"']", "['severity=\"critical\"', 'alertname!~\"Homeostat.+\"']")
        assert self.said("http://127.0.0.1:9922/webhook", more=spared)[0].startswith("passed: ")

    def test_an_address_behind_the_consoles(self) -> None:
        assert self.said("https://home.example/webhook", console="https://home.example")[0].startswith("passed: ")

    def test_the_address_of_another_hosts_actor_does_not_count_where_one_is_surely_ours(self) -> None:
        told = self.said("http://127.0.0.1:9922/webhook")
        assert told == ["passed: every decision of h1 goes to the receiver homeostat-actor, and nothing shadows its route"]

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9923/webhook", "http://127.0.0.1:8080/hooks"])
    def test_an_address_that_leads_elsewhere(self, url: str) -> None:
        (told,) = self.said(url)
        # The port of the other host's actor is ours too, and its route does not take our decisions.
        assert told == "failed: HomeostatAutoExecute, HomeostatNotifyExecute, HomeostatPropose, HomeostatAlertOnly: no route leads it to other; it goes to homeostat-actor"

    @pytest.mark.parametrize(("name", "result"), [("homeostat-actor-h1", "passed"), ("pager", "failed")])
    def test_an_address_that_alertmanager_does_not_tell_is_known_by_the_receivers_name(self, name: str, result: str) -> None:
        (told,) = self.said("<secret>", name, console="http://127.0.0.1:9924")
        assert told.startswith(result)
        assert ("only homeostat selftest shows" in told) == (result == "passed")


class TestPeople:
    def said(self, of_critical: str, of_rest: str) -> list[str]:
        original = f"""
route: {{receiver: rest, routes: [{{receiver: critical, matchers: ['severity="critical"']}}]}}
receivers: [{{name: critical{of_critical}}}, {{name: rest{of_rest}}}]
"""
        status = {"config": {"original": original}, "versionInfo": {"version": "0.25.0"}}
        with serving(lambda asked: Reply(status)) as site:
            return said("people", {"alertmanager": {"url": site.url}})

    def test_receivers_that_tell_somebody(self) -> None:
        assert self.said(", email_configs: [{to: ada@example.org}]", ", webhook_configs: [{url: <secret>}]")[0].startswith("passed: ")

    def test_what_a_receiver_without_an_integration_keeps_from_people_is_named(self) -> None:
        (told,) = self.said("", ", webhook_configs: [{url: <secret>}]")
        assert told.startswith("failed: nobody hears of HomeostatProblem (critical), ")
        assert "(warning)" not in told
        assert told.endswith("the receiver critical has no integration")

    def test_two_of_them_are_two_findings(self) -> None:
        assert [line.rpartition(": ")[2] for line in self.said(", email_configs: []", "")] == [
            "the receiver critical has no integration", "the receiver rest has no integration"
        ]  # fmt: skip


def test_everything_urgent_is_for_people_and_a_heartbeat_is_not() -> None:
    told = {labels["alertname"] for labels in addressees.for_people("h1")}
    assert {"HomeostatStranded", "HomeostatActorDown", "HomeostatProposal", "HomeostatDoctorFailed"} <= told
    assert not {"HomeostatWatchdog", "HomeostatStopped", "HomeostatAutoExecute", "HomeostatPropose"} & told


class TestSelftest:
    def said(self, succeeded_seconds_ago: float | None, failed_at: str | None = None) -> list[str]:
        def answer(asked: Asked) -> Reply:
            rows: list[dict[str, Any]] = []
            if "selftest_failed" in asked.form["query"] and failed_at:
                rows = [{"metric": {"hop": failed_at}, "value": [0, "1"]}]
            elif "last_success" in asked.form["query"] and succeeded_seconds_ago is not None:
                rows = [{"metric": {}, "value": [0, str(succeeded_seconds_ago)]}]
            return Reply({"status": "success", "data": {"resultType": "vector", "result": rows}})

        with serving(answer) as site:
            return said("selftest", {"prometheus": {"url": site.url}})

    def test_one_that_succeeded_lately(self) -> None:
        assert self.said(3600.0) == ["passed: the last selftest succeeded 1h ago"]

    def test_one_that_is_long_ago_or_never_was_is_a_warning(self) -> None:
        assert self.said(200_000.0) == ["warned: the last selftest that succeeded is 2d7h33m20s ago"]
        assert self.said(None) == ["warned: no selftest has succeeded yet"]

    def test_one_that_failed_since(self) -> None:
        assert self.said(3600.0, "alertmanager") == ["failed: the last selftest failed at alertmanager"]


@pytest.mark.parametrize(
    ("sync", "told"),
    [
        (1.0, "passed: this host's clock agrees with that of Prometheus"),
        (None, "passed: this host's clock agrees with that of Prometheus; whether it is synchronised is not known"),
        (0.0, "warned: the kernel's clock is not synchronised"),
    ],
)
def test_a_clock_that_is_not_synchronised_is_a_warning_at_most(sync: float | None, told: str) -> None:
    server = Server()
    server.sync = sync
    assert server.said("clock")[0] == told


def test_an_executor_is_asked_for_only_where_there_is_one() -> None:
    assert said("executor", {}) == ["passed: actor.executor_directory is not set: the actor does the deeds itself"]


def test_the_rules_of_this_version_are_known() -> None:
    shipped = rules.shipped()
    assert {"homeostat-decision", "homeostat-meta", "homeostat-history"} <= set(shipped)
    assert "HomeostatAutoExecute" in shipped["homeostat-decision"]
    assert len(list(rules.FOLDER.glob("*.rules.yml"))) == len(shipped)


def test_many_names_are_told_in_short() -> None:
    assert named("abcde") == "a, b, c, d, e"
    assert named("abcdefg") == "a, b, c, d, e and 2 more"


def test_a_file_that_only_others_may_read_is_no_fault_of_the_file() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        settings = tokens(folder)
        (folder / "operator").chmod(0)
        with_other_eyes(lambda: found("credentials", settings)[0].fix, "run homeostat doctor as root", folder / "intake")


def with_other_eyes(look: Callable[[], str], wanted: str, own: pathlib.Path) -> None:
    """See that `look` answers `wanted` to a user who is not root, for whom every file is readable, and who owns only one file."""
    nobody = 65534
    if os.geteuid() == 0:
        os.chown(own, nobody, nobody)
    child = os.fork()
    if child == 0:
        told = False
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(nobody)
                os.setuid(nobody)
            told = look() == wanted
        finally:
            os._exit(not told)
    assert os.waitpid(child, 0)[1] == 0


def test_a_webhook_that_was_not_tried_is_not_well(tmp_path: pathlib.Path) -> None:
    settings = merged(tokens(tmp_path), {"security": {"intake_token_files": [str(tmp_path / "none")]}})
    assert Server().said("intake", **settings)[0] == "warned: the webhook was not tried, for its token cannot be read"


class TestObservers:
    def asked(self, observers: dict[str, Any]) -> list[str]:
        def answer(asked: Asked) -> Reply:
            return Reply({"observers": observers}) if asked.path == "/api/v1/observations" else Reply(status=404)

        with serving(answer) as site:
            return said("observers", {"exporter": {"url": site.url}})

    def test_those_that_see_are_named(self) -> None:
        seen = {"up": True, "reason": None, "every_seconds": 60}
        assert self.asked({"drift": seen, "services": seen}) == ["passed: the exporter's host is looked at: drift, services"]

    def test_one_that_does_not_see_says_why_and_one_that_hangs_that_it_does(self) -> None:
        told = self.asked({
            "logs": {"up": False, "reason": "journalctl: permission denied", "every_seconds": 60},
            "backups": {"up": False, "reason": None, "every_seconds": 600},
        })
        assert told == [
            "warned: the observer logs does not see: journalctl: permission denied",
            "warned: the observer backups does not see: its last look has not ended, which comes every 600 s",
        ]
