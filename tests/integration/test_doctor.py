"""`homeostat doctor` beside a whole real chain, of which one link after the other is broken."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from actor.__main__ import _doors, _world, make_app, read_configuration
from actor.doctor import Doctor
from actor.loop import Loop
from actor.metrics import Collector
from actor.service import Service, credentials
from homeostat.clock import SystemClock
from homeostat.config import Config, load
from homeostat.daemon import Server
from homeostat.doctor.examination import CHECKS, examine
from homeostat.doctor.model import Subject
from homeostat.doors import open_doors
from tests.actor.process import OPERATOR
from tests.integration import house as houses
from tests.integration import stack
from tests.support import secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from tests.integration.house import House

pytestmark = pytest.mark.integration


@dataclasses.dataclass
class Told:
    """What the doctor said: of each check its result and its findings, and the exit code."""

    results: dict[str, str]
    findings: dict[str, list[dict[str, str]]]
    exit_code: int

    def said(self, check: str) -> str:
        return "; ".join(f"{finding['result']}: {finding['seen']} -> {finding['fix']}" for finding in self.findings[check])

    def failed(self) -> set[str]:
        return {name for name, result in self.results.items() if result == "failed"}


def doctor(house: House) -> Told:
    done = house.cli("doctor", "--json")
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    return Told({one["check"]: one["result"] for one in told["checks"]}, {one["check"]: one["findings"] for one in told["checks"]}, done.returncode)


def until(house: House, check: str, words: str, seconds: float = stack.PATIENCE_SECONDS) -> Told:
    """Ask until a check says this: a scrape, an evaluation or a flush later."""
    ends = time.monotonic() + seconds
    told = doctor(house)
    while words not in told.said(check) and time.monotonic() < ends:
        time.sleep(0.5)
        told = doctor(house)
    assert words in told.said(check)
    return told


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with houses.built(tmp_path_factory.mktemp("house"), "web", "db") as built:
        stack.wait_for("a series that is watched", lambda: stack.promql(built.url("prometheus"), "homeostat_series_age_seconds"))
        stack.wait_for("the watchdog", lambda: built.alerts("HomeostatWatchdog"))
        stack.wait_for("an actor that is ready", lambda: requests.get(built.url("actor") + "/-/ready", timeout=2).status_code == 200)
        yield built


@contextlib.contextmanager
def edited(house: House, name: str, edit: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """Let a part run with another configuration of its own for a while."""
    path = house.folder / name / f"{name}.yml"
    before = path.read_text()
    config = yaml.safe_load(before)
    edit(config)
    try:
        _take(house, name, yaml.safe_dump(config))
        yield
    finally:
        _take(house, name, before)


def _take(house: House, name: str, text: str) -> None:
    (house.folder / name / f"{name}.yml").write_text(text)
    house.processes[name].process.send_signal(signal.SIGHUP)
    time.sleep(1)


@contextlib.contextmanager
def configured(house: House, **changes: Any) -> Iterator[None]:
    """Change homeostat.yml, as only the doctor reads it yet."""
    before, changed = house.config_file.read_text(), house.changes
    try:
        house.configure(**changes)
        yield
    finally:
        house.changes = changed
        house.config_file.write_text(before)


@contextlib.contextmanager
def without(house: House, name: str) -> Iterator[None]:
    house.kill(name)
    try:
        yield
    finally:
        house.start(name)


def test_a_sound_chain_passes_every_check_that_is_about_it(house: House) -> None:
    with contextlib.suppress(AssertionError):
        stack.wait_for("no fault", lambda: not doctor(house).failed())
    told = doctor(house)
    assert told.failed() == set(), told
    assert told.exit_code == 0
    assert list(told.results) == list(CHECKS)
    well = {"prometheus", "targets", "freshness", "exporter", "actor", "alertmanager", "route", "intake", "people", "silences", "journal", "units", "twins"}
    assert {name for name, result in told.results.items() if result == "passed"} >= well, told


def test_people_read_a_table_and_what_to_do(house: House) -> None:
    told = house.cli("doctor").stdout
    assert "homeostat-exporter and homeostat-actor are scraped, and their labels stay" in told
    assert "What to do:\n" in told
    assert "  selftest: homeostat selftest\n" in told


def test_rules_that_are_not_loaded(house: House) -> None:
    with edited(house, "prometheus", lambda config: config.update(rule_files=[])):
        told = until(house, "rules", "Prometheus has not loaded homeostat-decision")
    assert told.exit_code == 1
    assert "alert-rules/*.rules.yml" in told.said("rules")
    until(house, "alertmanager", "alerts of Prometheus arrive")


def changed_rules(house: House, of: str, **changes: str) -> Callable[[dict[str, Any]], None]:
    """Return an edit by which Prometheus loads ours with one rule changed."""
    folder = house.folder / "changed"
    folder.mkdir(exist_ok=True)
    for path in (stack.ROOT / "alert-rules").glob("*.rules.yml"):
        text = yaml.safe_load(path.read_text())
        for group in text["groups"]:
            for rule in group["rules"]:
                if of in {rule.get("alert"), rule.get("record")}:
                    rule.update(changes)
            if any(rule.get("expr") == "" for rule in group["rules"]):
                group["rules"] = [rule for rule in group["rules"] if rule["expr"]]
        (folder / path.name).write_text(yaml.safe_dump(text))

    def edit(config: dict[str, Any]) -> None:
        config["rule_files"] = [str(folder / "*.rules.yml"), *config["rule_files"][1:]]

    return edit


def test_a_rule_that_cannot_be_evaluated(house: House) -> None:
    with edited(house, "prometheus", changed_rules(house, "HomeostatWatchdog", expr="up * on () up")):
        told = until(house, "rules", "HomeostatWatchdog cannot be evaluated: ")
    assert "many-to-many" in told.said("rules")


def test_a_rule_that_is_not_as_shipped_and_one_that_is_missing(house: House) -> None:
    with edited(house, "prometheus", changed_rules(house, "HomeostatBreakerOpen", expr="max by (host, scope) (homeostat_breaker_open) == 2")):
        told = until(house, "rules", "not as this version ships it: HomeostatBreakerOpen")
    assert "rules" not in told.failed()
    with edited(house, "prometheus", changed_rules(house, "HomeostatBreakerOpen", expr="")):
        assert until(house, "rules", "Prometheus has not loaded HomeostatBreakerOpen").exit_code == 1


def jobs(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in config["scrape_configs"]}


def test_labels_that_prometheus_overwrites(house: House) -> None:
    def edit(config: dict[str, Any]) -> None:
        jobs(config)["homeostat-actor"].pop("honor_labels")
        jobs(config)["homeostat-actor"]["static_configs"][0]["labels"] = {"host": "other"}

    with edited(house, "prometheus", edit):
        told = until(house, "targets", "overwrites the label host of homeostat-actor")
    assert "set honor_labels: true in the job homeostat-actor" in told.said("targets")


def test_a_job_that_is_not_there(house: House) -> None:
    def edit(config: dict[str, Any]) -> None:
        jobs(config)["homeostat-actor"]["job_name"] = "actor"

    with edited(house, "prometheus", edit):
        until(house, "targets", "nothing is scraped under the job homeostat-actor")
    until(house, "targets", "are scraped")


def test_a_second_actor_of_the_host(house: House) -> None:
    def edit(config: dict[str, Any]) -> None:
        targets = jobs(config)["homeostat-actor"]["static_configs"][0]["targets"]
        targets.append(targets[0].replace("127.0.0.1", "localhost"))

    with edited(house, "prometheus", edit):
        until(house, "twins", "two actors act for house: ")


def test_alerts_that_go_to_no_alertmanager(house: House) -> None:
    with edited(house, "prometheus", lambda config: config.pop("alerting")):
        told = until(house, "alertmanager", "Prometheus sends its alerts to no Alertmanager")
    assert "alerting.alertmanagers" in told.said("alertmanager")
    until(house, "alertmanager", "the alerts of Prometheus arrive")


def test_alerts_that_go_to_another_alertmanager(house: House) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = ["127.0.0.1:9"]

    with edited(house, "prometheus", edit):
        until(house, "alertmanager", "Prometheus sends its alerts to http://127.0.0.1:9/api/v2/alerts, and none arrive")
    until(house, "alertmanager", "the alerts of Prometheus arrive")


def receiver(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in config["receivers"] if each["name"] == OURS)
    return found


OURS = "homeostat-actor-house"
ROUTES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no receiver": (lambda config: receiver(config).pop("webhook_configs"), "no receiver of Alertmanager has a webhook that leads to this actor"),
    "another receiver's address": (lambda config: receiver(config)["webhook_configs"][0].update(url="http://127.0.0.1:9/webhook"), "no receiver of Alertmanager has a webhook"),
    "no route": (lambda config: config["route"].update(routes=[route for route in config["route"]["routes"] if route["receiver"] != OURS]), "no route leads it to homeostat-actor-house; it goes to homeostat-nobody"),
    "a route before ours": (
        lambda config: config["route"]["routes"].insert(0, {"receiver": "people", "matchers": ['alertname=~"Homeostat.*"']}),
        'the route {alertname=~"Homeostat.*"} -> people takes it before ours',
    ),
    "no token": (lambda config: receiver(config)["webhook_configs"][0].pop("http_config"), "the receiver homeostat-actor-house sends no token"),
    "deliveries cut short": (lambda config: receiver(config)["webhook_configs"][0].update(max_alerts=5), "cuts deliveries short"),
}


@pytest.mark.parametrize("case", ROUTES)
def test_a_way_to_the_actor_that_is_none(house: House, case: str) -> None:
    edit, words = ROUTES[case]
    with edited(house, "alertmanager", edit):
        told = until(house, "route", words)
    assert "route" in told.failed()
    assert told.exit_code == 1


def test_a_receiver_that_does_not_tell_when_it_is_over(house: House) -> None:
    with edited(house, "alertmanager", lambda config: receiver(config)["webhook_configs"][0].update(send_resolved=False)):
        assert "route" not in until(house, "route", "set send_resolved: true in the receiver homeostat-actor-house").failed()


def test_a_receiver_that_tells_nobody(house: House) -> None:
    def edit(config: dict[str, Any]) -> None:
        for each in config["receivers"]:
            if each["name"].startswith("people"):
                each.pop("webhook_configs")

    with edited(house, "alertmanager", edit):
        assert until(house, "people", "nobody hears of HomeostatProblem (critical)").exit_code == 1


def test_a_silence_of_everything_by_a_lone_negative_matcher(house: House) -> None:
    body = {
        "matchers": [{"name": "team", "value": "x", "isRegex": False, "isEqual": False}], "createdBy": "ada", "comment": "oops",
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    made = requests.post(f"{house.url('alertmanager')}/api/v2/silences", json=body, timeout=30).json()["silenceID"]
    told = doctor(house)
    requests.delete(f"{house.url('alertmanager')}/api/v2/silence/{made}", timeout=30)
    assert told.results["silences"] == "warned"
    assert "mutes alerts of every name" in told.said("silences")
    assert f"amtool silence expire {made}" in told.said("silences")
    assert told.results["alertmanager"] == "passed"


def test_a_pause_is_told_and_is_no_trouble(house: House) -> None:
    house.said("pause", "--for", "10m", "--reason", "the doctor comes")
    told = doctor(house)
    house.said("resume")
    assert told.results["silences"] == "passed"
    assert "paused: everything, by " in told.said("silences")


def test_a_stop_is_told(house: House) -> None:
    house.said("stop", "--reason", "enough")
    told = doctor(house)
    house.said("resume")
    assert told.results["brakes"] == "warned"
    assert "everything is held back by the stop of " in told.said("brakes")


def test_an_exporter_that_is_gone(house: House) -> None:
    with without(house, "exporter"):
        told = until(house, "targets", "homeostat-exporter at ")
        assert "connection refused" in told.said("targets")
        assert {"exporter", "targets"} <= told.failed()
        assert "systemctl status homeostat-exporter" in told.said("exporter")
    until(house, "freshness", "and its data are fresh")


def test_an_exporter_that_is_another_hosts_and_watches_this_one_is_ours_to_look_at(house: House) -> None:
    house.kill("exporter")
    with configured(house, host="center", exporter={"hosts": {"127.0.0.1": houses.HOST}}):
        house.start("exporter")
        stack.wait_for("the other host's exporter", lambda: stack.promql(house.url("prometheus"), 'homeostat_exporter_build_info{host="center"}'))
        stack.wait_for("what it watches here", lambda: stack.promql(house.url("prometheus"), f'homeostat_exporter_last_success_timestamp_seconds{{host="{houses.HOST}"}}'))
    told = doctor(house)
    house.kill("exporter")
    house.start("exporter")
    assert told.results["targets"] == "passed", told.said("targets")
    until(house, "freshness", "and its data are fresh")


def test_an_actor_that_is_gone(house: House) -> None:
    with without(house, "actor"):
        told = doctor(house)
    assert {"actor", "journal", "protections", "units", "brakes"} <= told.failed()
    assert "systemctl status homeostat-actor" in told.said("actor")
    assert "see what the check actor says" in told.said("units")
    until(house, "actor", "and is ready")


def test_a_prometheus_that_is_gone_hides_nothing_else(house: House) -> None:
    with without(house, "prometheus"):
        told = doctor(house)
    assert {"prometheus", "rules", "targets", "series", "freshness", "twins"} <= told.failed()
    assert "mend prometheus.url" in told.said("prometheus")
    assert "see what the check prometheus says" in told.said("series")
    assert {told.results[name] for name in ("actor", "exporter", "route", "people", "silences", "journal", "units", "brakes")} == {"passed"}
    until(house, "targets", "are scraped")


def test_a_prometheus_that_hangs_holds_it_up_for_seconds_only(house: House) -> None:
    process = house.processes["prometheus"].process
    process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with configured(house, prometheus={"timeout": "1m"}):
            told = doctor(house)
    finally:
        process.send_signal(signal.SIGCONT)
    assert time.monotonic() - began < 40
    assert "no answer within 8 s" in told.said("prometheus")
    assert told.results["people"] == "passed"


def test_an_alertmanager_that_is_gone(house: House) -> None:
    with without(house, "alertmanager"):
        told = doctor(house)
    assert {"alertmanager", "route", "people", "silences"} <= told.failed()
    assert "mend alertmanager.url" in told.said("alertmanager")
    until(house, "alertmanager", "the alerts of Prometheus arrive")


def test_a_token_of_the_operator_that_the_actor_does_not_know(house: House) -> None:
    secret(house.folder / "other", "7c211433f02071597741e6ff5a8ea34d")
    with configured(house, security={"operator_token_files": [str(house.folder / "other")]}):
        told = doctor(house)
    assert "actor" in told.failed()
    assert "security.operator_token_files" in told.said("actor")


def test_a_placeholder_is_told_and_the_other_checks_are_asked_all_the_same(house: House) -> None:
    secret(house.folder / "placeholder", "<your-token-here-please>")
    with configured(house, security={"operator_token_files": [str(house.folder / "placeholder")]}):
        told = doctor(house)
    assert "this token is a placeholder" in told.said("credentials")
    assert told.exit_code == 1
    assert told.results["people"] == "passed"


def test_a_configuration_that_was_changed_and_not_reloaded(house: House) -> None:
    with configured(house, autonomy={"mode": "shadow"}):
        told = doctor(house)
    assert told.results["configuration"] == "warned"
    assert "systemctl reload homeostat-actor" in told.said("configuration")
    house.reload()
    until(house, "configuration", "in force in the actor and the exporter")


def test_a_configuration_that_a_daemon_refused(house: House) -> None:
    before = house.config_file.read_text()
    house.config_file.write_text("host: [\n")
    with pytest.raises(AssertionError):
        house.reload()
    told = house.cli("doctor")
    assert told.returncode == 1
    assert "mend it first: homeostat check-config" in told.stderr
    house.config_file.write_text(before)
    assert "keeps the one before" in until(house, "configuration", "the exporter refused the configuration").said("configuration")
    house.reload()
    until(house, "configuration", "in force in the actor and the exporter")


def test_a_service_that_nothing_runs(house: House) -> None:
    control = house.place("db") / "control"
    moved = control.rename(control.with_name("moved"))
    told = doctor(house)
    moved.rename(control)
    assert told.results["units"] == "failed"
    assert "control cannot be run" in told.said("units")
    assert "services.db (commands)" in told.said("units")


def test_a_query_that_yields_nothing(house: House) -> None:
    with configured(house, services={"web": {"sessions": "sum(nobody_knows)"}}, exporter={"targets": {"latency": {"services": {"web": "nothing_here"}}, "certificates": {"enabled": True, "query": "sum("}}}):
        told = doctor(house)
    assert "services.web.sessions: Prometheus has no series for it" in told.said("series")
    assert "exporter.targets.latency.services.web: Prometheus has no series" in told.said("series")
    assert "mend the query at exporter.targets.certificates.query" in told.said("series")


def test_an_alert_of_the_owners_that_no_rule_has(house: House) -> None:
    entry = {"alert": "Misspelt", "problem": "service_down", "resource": "service", "target": "web", "confidence": 0.9}
    with configured(house, exporter={"targets": {"alert": [entry]}}):
        assert "no rule of Prometheus is called 'Misspelt'" in doctor(house).said("series")


def test_a_host_of_another_name_is_watched_by_nobody(house: House) -> None:
    with configured(house, host="nobody"):
        told = doctor(house)
    assert {"series", "freshness", "twins", "actor"} <= told.failed()
    assert "watches nothing of host 'nobody', but of house" in told.said("series")
    assert "as in exporter.hosts: {'house': nobody}" in told.said("series")
    assert "is the actor of 'house', not of 'nobody'" in told.said("actor")


class Ahead(SystemClock):
    """A clock that somebody set."""

    def now(self) -> float:
        return super().now() + 60


def test_a_clock_that_somebody_set(house: House) -> None:
    doors = dataclasses.replace(open_doors(load(house.config_file, Config)), clock=Ahead())
    (checked,) = examine(Subject(doors, house.config_file), {"clock": CHECKS["clock"]})
    assert [finding.result for finding in checked.findings] == ["failed", "failed"]
    assert "the clock of Prometheus is 60 s behind this host's" in checked.findings[0].seen


def test_the_actor_looks_at_the_chain_itself_and_serves_what_it_found(house: House, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "homeostat.yml"
    settings = yaml.safe_load(house.config_file.read_text())
    settings["actor"]["state_directory"] = str(tmp_path / "state")
    # Where people open the console is no address that the actor needs.
    settings["links"]["console"] = "https://console.invalid"
    path.write_text(yaml.safe_dump(settings))
    config, playbooks = read_configuration(path)
    service = Service(_world(config, playbooks, _doors(config)), *credentials(config, "127.0.0.1:0"))
    server = Server(make_app(service, Collector(service, Loop(service)), lambda: None), "127.0.0.1:0")
    server.start()
    try:
        assert "homeostat_doctor" not in requests.get(f"{server.url}/metrics", timeout=30).text
        found = Doctor(service, path, server.url).look()
        text = requests.get(f"{server.url}/metrics", timeout=30).text
    finally:
        server.close()
        service.world.journal.close()
    results = {checked.name: checked.result for checked in found.checks}
    # This one never reconciled, and its port is another than the receiver's.
    assert (results["actor"], results["intake"], results["units"], results["exporter"]) == ("warned", "passed", "passed", "passed")
    assert f'homeostat_doctor_checks{{host="house",result="passed"}} {float(list(results.values()).count("passed"))}' in text
    assert 'homeostat_doctor_check_failed{check="route",host="house"} 1.0' in text
    assert 'homeostat_doctor_check_failed{check="units",host="house"} 0.0' in text
    assert "homeostat_doctor_last_run_timestamp_seconds" in text


def test_an_intake_token_that_the_actor_does_not_know(house: House) -> None:
    """Comes last: what was refused is told for an hour."""
    secret(house.folder / "stale", "0f1e2d3c4b5a69788796a5b4c3d2e1f0")
    with configured(house, security={"intake_token_files": [str(house.folder / "stale")]}):
        told = doctor(house)
    assert "the webhook refuses the token of " in told.said("intake")
    assert told.exit_code == 1
    header = {"Authorization": f"Bearer {OPERATOR}"}
    requests.post(f"{house.url('actor')}/webhook", headers=header, data=b"{}", timeout=30)
    until(house, "intake", "had no valid token")
