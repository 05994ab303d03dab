"""A stranger's configuration of Alertmanager gets our routes and behaves as before for everything that is not ours."""

from __future__ import annotations

import pathlib
import random
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from homeostat.config import Config, loads
from homeostat.generate.alertmanager import merged, standalone
from homeostat.generate.marks import MergeError, without_ours
from homeostat.routing import parse_routes
from tests.httpd import Reply, serving
from tests.integration.stack import free_port, start, wait_for
from tests.support import secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.routing import Route

FIXTURES = sorted(pathlib.Path(__file__).parent.joinpath("alertmanager").glob("*.yml"))
STRANGERS = pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
DECISIONS = ["HomeostatAutoExecute", "HomeostatNotifyExecute", "HomeostatPropose", "HomeostatAlertOnly"]
MANY, SOME = 400, 25


def config(**changes: Any) -> Config:
    return loads(yaml.safe_dump({"host": "nas", "security": {"intake_token_files": ["/etc/homeostat/intake.token"]}, **changes}), Config, "homeostat.yml")


def told_to(name: str) -> Config:
    """Return a configuration that sends every kind of news to one receiver."""
    return config(notifications=dict.fromkeys(("before", "after", "failures", "summary", "critical", "problems", "watchdog"), name))


def written(file: pathlib.Path) -> str:
    return file.read_bytes().decode()


def of_all(route: Route) -> Iterator[Route]:
    yield route
    for child in route.routes:
        yield from of_all(child)


def foreign_labels(text: str, number: int) -> Iterator[dict[str, str]]:
    """Yield labels made of what a file's matchers speak of, so that every one of its routes is met and missed."""
    chance = random.Random(5)
    values: dict[str, set[str]] = {"alertname": {"Other", "DiskFull"}, "severity": {"critical", "warning", "info"}, "host": {"nas", "pi"}}
    for matcher in (matcher for route in of_all(parse_routes(text).root) for matcher in route.matchers):
        plain = re.sub(r"\.[*+]", "x", re.sub(r"\\d\+?", "7", matcher.value.replace("(?i)", "").strip("^$()")))
        values.setdefault(matcher.name, {"else"}).update({plain, *plain.split("|")})
    for _ in range(number):
        labels = {name: chance.choice(sorted(given)) for name, given in values.items() if chance.random() < 0.7}
        yield {name: value for name, value in labels.items() if value and not value.startswith("Homeostat")}


def amtool_receivers(file: pathlib.Path, labels: dict[str, str]) -> str:
    argv = ["amtool", "config", "routes", "test", f"--config.file={file}", *(f'{name}="{value}"' for name, value in labels.items())]
    tested = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return tested.stdout.strip()


@STRANGERS
def test_a_stranger_is_accepted_by_amtool_before_and_after_and_every_line_is_still_there(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    theirs = written(file)
    result = merged(theirs, told_to(parse_routes(theirs).root.receiver), None)
    (tmp_path / "merged.yml").write_bytes(result.encode())
    for path in (file, tmp_path / "merged.yml"):
        checked = subprocess.run(["amtool", "check-config", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
    assert without_ours(result)[0] == theirs
    assert merged(result, told_to(parse_routes(theirs).root.receiver), None) == result


@STRANGERS
def test_what_is_not_ours_goes_where_it_went(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    theirs = written(file)
    after = tmp_path / "merged.yml"
    after.write_bytes(merged(merged(theirs, told_to(parse_routes(theirs).root.receiver)), config(host="pi", links={"console": "http://pi:9922"})).encode())
    was, now = parse_routes(theirs), parse_routes(written(after))
    corpus = list(foreign_labels(theirs, MANY))
    assert len({was.receivers(labels) for labels in corpus}) >= min(3, len(was.webhooks))
    for labels in corpus:
        assert was.receivers(labels) == now.receivers(labels)
        assert [str(route) for route in was.takers(labels)] == [str(route) for route in now.takers(labels)]
    for labels in corpus[:SOME]:
        assert amtool_receivers(file, labels) == amtool_receivers(after, labels) == ",".join(was.receivers(labels))


@STRANGERS
def test_a_decision_goes_to_its_hosts_actor_only_whatever_stands_in_the_file(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "merged.yml").write_bytes(merged(written(file), config()).encode())
    for alertname, severity in zip(DECISIONS, ("critical", "warning", "info", "critical"), strict=True):
        labels = {"alertname": alertname, "severity": severity, "host": "nas", "team": "storage", "service": "till", "tier": "gold"}
        assert amtool_receivers(tmp_path / "merged.yml", labels) == "homeostat-actor-nas"
        assert amtool_receivers(tmp_path / "merged.yml", labels | {"host": "elsewhere"}) == "homeostat-nobody"


PEOPLE = "route: {receiver: rest}\nreceivers: [{name: rest}, " + ", ".join(f"{{name: {kind}}}" for kind in ("b", "a", "f", "s", "c", "p", "w")) + "]\n"
NEWS = {"before": "b", "after": "a", "failures": "f", "summary": "s", "critical": "c", "problems": "p", "watchdog": "w"}


@pytest.mark.parametrize(
    ("labels", "named", "unnamed"),
    [
        ({"alertname": "HomeostatProposal", "severity": "warning"}, "b", "rest"),
        ({"alertname": "HomeostatAnnouncement", "severity": "info"}, "b", "rest"),
        ({"alertname": "HomeostatWithheld", "severity": "warning"}, "b", "rest"),
        ({"alertname": "HomeostatOutcome", "severity": "info", "outcome": "succeeded"}, "a", "rest"),
        ({"alertname": "HomeostatOutcome", "severity": "warning", "outcome": "failed"}, "f", "rest"),
        ({"alertname": "HomeostatOutcome", "severity": "critical", "outcome": "stranded"}, "c", "rest"),
        ({"alertname": "HomeostatSummary", "severity": "info"}, "s", "rest"),
        ({"alertname": "HomeostatProblem", "severity": "warning"}, "p", "rest"),
        ({"alertname": "HomeostatProblem", "severity": "critical"}, "c", "rest"),
        ({"alertname": "HomeostatActionFailed", "severity": "warning"}, "f", "rest"),
        ({"alertname": "HomeostatExporterDown", "severity": "critical", "host": ""}, "c", "rest"),
        ({"alertname": "HomeostatForecastStale", "severity": "warning", "host": ""}, "f", "rest"),
        ({"alertname": "HomeostatActionFailed", "severity": "warning", "host": "nas2"}, "rest", "rest"),
        ({"alertname": "HomeostatWatchdog", "severity": "none", "host": ""}, "w", "homeostat-nobody"),
        ({"alertname": "HomeostatStopped", "severity": "none"}, "homeostat-nobody", "homeostat-nobody"),
        ({"alertname": "NotHomeostatAtAll", "severity": "critical"}, "rest", "rest"),
    ],
)
def test_each_kind_of_news_goes_to_its_receiver_and_what_names_none_the_owners_way(labels: dict[str, str], named: str, unnamed: str) -> None:
    alert = {"host": "nas", **labels}
    assert parse_routes(merged(PEOPLE, config(notifications=NEWS))).receivers(alert) == (named,)
    assert parse_routes(merged(PEOPLE, config())).receivers(alert) == (unnamed,)


def test_a_kind_can_be_told_to_nobody() -> None:
    routing = parse_routes(merged(PEOPLE, config(notifications={"after": "homeostat-nobody"})))
    assert routing.receivers({"alertname": "HomeostatOutcome", "severity": "info", "host": "nas"}) == ("homeostat-nobody",)


def test_a_changed_configuration_replaces_ours_and_nothing_else() -> None:
    before = merged(PEOPLE, config())
    moved = config(links={"console": "https://nas.lan/homeostat/"}, security={"intake_token_files": ["/etc/other.token"]}, notifications={"after": "a"})
    after = merged(before, moved)
    assert without_ours(after)[0] == PEOPLE
    assert parse_routes(after).webhooks["homeostat-actor-nas"] == ("https://nas.lan/homeostat/webhook",)
    assert "/etc/other.token" in after
    assert "/etc/homeostat/intake.token" not in after
    assert "/etc/alertmanager/nas.token" in merged(before, moved, "/etc/alertmanager/nas.token")
    assert merged(after, config()) == before


@pytest.mark.parametrize("host", ["nas.lan", "a|b", 'quo"te', "back\\slash", "sp ace", "größe", "x: y", "# z"])
def test_hosts_of_every_name_have_their_own_route(host: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "merged.yml"
    file.write_text(merged(PEOPLE, config(host=host, notifications=NEWS)), encoding="utf-8")
    routing = parse_routes(file.read_text(encoding="utf-8"))
    assert routing.receivers({"alertname": "HomeostatPropose", "host": host}) == (f"homeostat-actor-{host}",)
    assert routing.receivers({"alertname": "HomeostatPropose", "host": f"{host}2"}) == ("homeostat-nobody",)
    assert routing.receivers({"alertname": "HomeostatProblem", "host": host}) == ("p",)
    assert routing.receivers({"alertname": "HomeostatProblem", "host": f"{host}2"}) == ("rest",)
    assert subprocess.run(["amtool", "check-config", file], capture_output=True, check=False).returncode == 0
    assert merged(file.read_text(encoding="utf-8"), config(host=host, notifications=NEWS)) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "changes", "told"),
    [
        ("", {}, "this holds no route"),
        ("receivers: []\n", {}, "this holds no route"),
        (PEOPLE, {"notifications": {"after": "peple"}}, "notifications.after names the receiver 'peple', which is not there; there are: rest, b,"),
        ("route: {receiver: x}\nreceivers: [{name: x}, {name: homeostat-actor-nas}]\n", {}, "a receiver homeostat-actor-nas that bears no marks"),
        ("route: {receiver: x}\nreceivers: [{name: x}, {name: homeostat-nobody}]\n", {}, "a receiver homeostat-nobody that bears no marks"),
        (merged(PEOPLE, config()), {"host": "pi"}, "is the actor of host nas too"),
        (PEOPLE, {"host": "a\nb"}, "host 'a\\\\nb'"),
    ],
)
def test_what_cannot_work_is_told_in_one_line(text: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(MergeError, match=told) as error:
        merged(text, config(**changes))
    assert "\n" not in str(error.value)


def test_the_example_is_what_is_printed() -> None:
    example = pathlib.Path(__file__).parents[3] / "deploy/alertmanager.yml"
    assert example.read_text() == standalone(config(notifications={"critical": "people-now"}))


STRANGERS_HOOKS = {
    "flow": ("receiver: mail, group_by", "receiver: mail, group_wait: 0s, group_by", {"alertname": "Foreign", "job": "other"}, "/mail"),
    "continue": ("receiver: archive\n", "receiver: archive\n          group_wait: 0s\n", {"alertname": "Foreign", "severity": "info"}, "/archive"),
}


@pytest.mark.integration
@pytest.mark.parametrize("name", STRANGERS_HOOKS)
def test_a_running_alertmanager_hands_a_decision_to_us_with_the_token_and_the_rest_to_them(name: str, tmp_path: pathlib.Path) -> None:
    slow, quick, foreign, path = STRANGERS_HOOKS[name]
    token = secret(tmp_path / "intake.token", "d3a1f0c4b5e697886950413223140516")
    decision = {"alertname": "HomeostatNotifyExecute", "severity": "critical", "host": "nas", "target": "jellyfin", "problem": "memory_leak"}
    with serving(lambda asked: Reply()) as ours, serving(lambda asked: Reply()) as stranger:
        theirs = written(FIXTURES[0].with_name(f"{name}.yml")).replace("http://127.0.0.1:1", stranger.url).replace(slow, quick)
        file = tmp_path / "alertmanager.yml"
        file.write_text(merged(theirs, config(links={"console": ours.url}), str(token)))
        port = free_port()
        argv = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
        with start([*argv, "--cluster.listen-address="], f"http://127.0.0.1:{port}", tmp_path / "alertmanager.log") as running:
            requests.post(f"{running.url}/api/v2/alerts", json=[{"labels": decision}, {"labels": foreign}], timeout=5).raise_for_status()
            wait_for("both", lambda: ours.asked and [asked for asked in stranger.asked if asked.path == path])
    assert [(asked.path, asked.headers["Authorization"]) for asked in ours.asked] == [("/webhook", f"Bearer {token.read_text()}")]
    assert [alert["labels"] for asked in ours.asked for alert in asked.json["alerts"]] == [decision]
    assert [alert["labels"] for asked in stranger.asked for alert in asked.json["alerts"]] == [foreign]
