"""The selftest through the whole real chain: it comes through, it says what holds it back, and it names each link that is broken."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from homeostat.hops import HOP_NAMES
from tests.actor.process import OPERATOR
from tests.integration import stack
from tests.integration.house import HOST, House, built

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with built(tmp_path_factory.mktemp("house"), "web") as house:
        yield house


@pytest.fixture(autouse=True)
def _at_rest(house: House) -> None:
    rest(house)


def rest(house: House) -> None:
    """Let the last selftest be over, on its way too: an exporter that is killed before leaves it standing for five minutes."""
    stack.wait_for("the exporter to have taken it back", lambda: _is_taken_back(house))
    taken_back_at = time.time()
    prometheus, scraped = house.url("prometheus"), 'timestamp(up{job="homeostat-exporter"})'
    stack.wait_for("a scrape since", lambda: [sample for sample in stack.promql(prometheus, scraped) if float(sample["value"][1]) > taken_back_at])
    decided = 'target:homeostat_problem:info{problem="selftest"}'
    stack.wait_for("the last one's end", lambda: not house.get("selftest")["open"] and not stack.promql(prometheus, decided))


def _is_taken_back(house: House) -> bool:
    # What it does not forecast it does not know; before its first cycle it says nothing of anything.
    return requests.get(f"{house.url('exporter')}/api/v1/forecast", params={"host": HOST, "target": "selftest"}, timeout=30).status_code == 404


def run_of(house: House, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a selftest, once the last one's rest is over, and return its exit code and its report."""
    done: list[subprocess.CompletedProcess[str]] = []

    def ran() -> bool:
        done.append(house.cli("selftest", "--json", *arguments))
        assert done[-1].stdout, done[-1].stderr
        return json.loads(done[-1].stdout)["verdict"] != "busy"

    stack.wait_for("a selftest that begins", ran)
    return done[-1].returncode, json.loads(done[-1].stdout)


def metric(house: House, name: str, **labels: str) -> float:
    """Return the actor's metric at this moment."""
    said = ",".join(f'{key}="{value}"' for key, value in sorted({"host": HOST, **labels}.items()))
    text = requests.get(f"{house.url('actor')}/metrics", timeout=30).text
    line = next(line for line in text.splitlines() if line.startswith(f"{name}{{{said}}} "))
    return float(line.rpartition(" ")[2])


def test_it_comes_through_hop_by_hop_and_leaves_nothing_behind(house: House) -> None:
    ran = stack.wait_for("a selftest that begins", lambda: _unless_busy(house.cli("selftest")))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    assert tuple(line.split()[0] for line in lines[:-1]) == HOP_NAMES
    assert "auto-execute selftest" in ran.stdout
    assert lines[-1].startswith("PASSED: the whole chain works")
    story = house.story("selftest")
    assert (story["outcome"], story["action"], story["decision"]) == ("succeeded", "selftest", "auto-execute")
    assert story["id"] in house.said("why", "selftest")
    assert metric(house, "homeostat_selftest_last_success_timestamp_seconds") > 0
    assert metric(house, "homeostat_selftest_duration_seconds", hop="verification") > 0
    stack.wait_for("the episode's end", lambda: house.story("selftest")["episode_ended_at"])
    # People heard of nothing, and no total counts it.
    assert [alert for asked in house.people.asked for alert in asked.json["alerts"] if alert["labels"].get("target") == "selftest"] == []
    counted = stack.promql(house.url("prometheus"), '{__name__=~"homeostat_(actions|gate_refusals)_total", action="selftest"}')
    assert counted == []


@contextlib.contextmanager
def configured(house: House, **changes: Any) -> Iterator[None]:
    """Let the daemons run with another configuration for a while."""
    before = dict(house.changes)
    house.configure(**changes)
    house.reload()
    try:
        yield
    finally:
        house.changes = before
        house.configure()
        house.reload()


def _unless_busy(ran: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str] | None:
    return None if "BUSY" in ran.stdout else ran


@pytest.mark.parametrize(
    ("autonomy", "held_by"),
    [
        ({"mode": "shadow"}, "stopped: mode is shadow"),
        ({"mode": "interactive"}, "confirmation: the decision is propose"),
        ({"ceiling": "propose"}, "confirmation: the decision is propose"),
        ({"require_approval_for": ["selftest"]}, "confirmation: action selftest stands in require_approval_for"),
    ],
)
def test_a_persons_word_holds_it_back_and_the_chain_is_proved_all_the_same(house: House, autonomy: dict[str, Any], held_by: str) -> None:
    with configured(house, autonomy=autonomy):
        code, report = run_of(house)
    assert (code, report["verdict"]) == (0, "held"), report
    assert held_by in report["words"]
    assert [step["hop"] for step in report["steps"]][-1] == "delivery"
    assert house.get("proposals") == []
    assert metric(house, "homeostat_selftest_failed", hop="gates") == 0


@pytest.mark.parametrize("level", ["conservative", "aggressive"])
def test_it_is_executed_at_every_level(house: House, level: str) -> None:
    with configured(house, autonomy={"level": level}):
        code, report = run_of(house)
    assert (code, report["verdict"]) == (0, "passed"), report


def test_it_waits_for_no_window_for_it_only_reads(house: House) -> None:
    with configured(house, windows=[{"years": ["2099"]}]):
        code, report = run_of(house)
    assert (code, report["verdict"]) == (0, "passed"), report


def test_a_stop_holds_it_back(house: House) -> None:
    house.said("stop", "--reason", "a test stops")
    try:
        code, report = run_of(house)
    finally:
        house.said("resume")
    # Who hears first of the stop: the actor's gate, or Alertmanager, which mutes decisions while it lasts.
    assert (code, report["verdict"]) in {(0, "held"), (2, "muted")}, report
    assert "a test stops" in report["words"] or "inhibited by HomeostatStopped" in report["words"]


def test_a_pause_proves_nothing_and_says_whose_it_is(house: House) -> None:
    proved = metric(house, "homeostat_selftest_last_success_timestamp_seconds")
    house.said("pause", "--for", "10m", "--reason", "a test pauses")
    try:
        code, report = run_of(house)
    finally:
        house.said("resume")
    assert (code, report["verdict"]) == (2, "muted"), report
    assert "silenced by" in report["words"]
    assert "a test pauses" in report["words"]
    assert metric(house, "homeostat_selftest_last_success_timestamp_seconds") == proved


def test_a_second_one_at_once_is_told_that_it_has_to_wait(house: House) -> None:
    stack.wait_for("a selftest that is taken", lambda: _begun(house).status_code == 200)
    ran = house.cli("selftest")
    requests.post(f"{house.url('exporter')}/api/v1/selftest/end", json={"host": HOST}, timeout=30)
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1].startswith("BUSY: a selftest of house is under way")


def _begun(house: House) -> requests.Response:
    return requests.post(f"{house.url('exporter')}/api/v1/selftest", json={"host": HOST}, headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30)


def broken(house: House, hop: str, words: str, *arguments: str) -> None:
    """Run a selftest that must end at `hop`, and see that its metric and its words say so."""
    code, report = run_of(house, *arguments)
    assert (code, report["verdict"], report["failed_at"]) == (1, "failed", hop), report
    assert words in report["words"], report


def test_an_exporter_that_is_down_is_named(house: House) -> None:
    house.kill("exporter")
    try:
        broken(house, "exporter", "gave no answer", "--timeout", "30s")
        assert metric(house, "homeostat_selftest_failed", hop="exporter") == 1
    finally:
        house.start("exporter")
    assert run_of(house)[1]["verdict"] == "passed"
    assert metric(house, "homeostat_selftest_failed", hop="exporter") == 0


def test_an_actor_that_is_down_is_named(house: House) -> None:
    house.kill("actor")
    try:
        broken(house, "actor", "gave no answer", "--timeout", "10s")
    finally:
        house.start("actor")


def test_an_alertmanager_that_is_down_is_named(house: House) -> None:
    house.kill("alertmanager")
    try:
        broken(house, "alertmanager", "gave no answer")
    finally:
        house.start("alertmanager")


def edited(house: House, part: str, change: Any) -> None:
    """Change the configuration of Prometheus or Alertmanager and have it read."""
    config = yaml.safe_load((house.folder / part / f"{part}.yml").read_text())
    change(config)
    restored(house, part, yaml.safe_dump(config))


def restored(house: House, part: str, text: str) -> None:
    before = _read_at(house, part)
    (house.folder / part / f"{part}.yml").write_text(text)
    house.processes[part].process.send_signal(signal.SIGHUP)
    stack.wait_for(f"{part} to have read it", lambda: _read_at(house, part) > before)


def _read_at(house: House, part: str) -> float:
    """Return when Prometheus or Alertmanager has last read its configuration."""
    lines = requests.get(f"{house.url(part)}/metrics", timeout=30).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{part}_config_last_reload_success_timestamp_seconds "))


@pytest.fixture
def as_before(house: House) -> Iterator[None]:
    texts = {part: (house.folder / part / f"{part}.yml").read_text() for part in ("prometheus", "alertmanager")}
    yield
    for part, text in texts.items():
        restored(house, part, text)
    stack.wait_for("a decision to be possible", lambda: stack.promql(house.url("prometheus"), "risk:homeostat_policy:info"))


def _elsewhere(config: dict[str, Any], job: int) -> None:
    config["scrape_configs"][job]["static_configs"] = [{"targets": [f"127.0.0.1:{stack.free_port()}"]}]


def _wrong_token(config: dict[str, Any]) -> None:
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", ()):
            if "http_config" in webhook:
                webhook["http_config"]["authorization"] = {"type": "Bearer", "credentials": "another-token-altogether-0123456789"}


@pytest.mark.usefixtures("as_before")
def test_one_comes_through_though_alertmanager_has_not_told_the_end_of_the_one_before(house: House) -> None:
    edited(house, "alertmanager", lambda config: config["route"]["routes"][0].update(group_interval="1h"))
    assert run_of(house)[1]["verdict"] == "passed"
    rest(house)
    code, report = run_of(house, "--timeout", "45s")
    assert (code, report["verdict"]) == (0, "passed"), report


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize(
    ("part", "change", "hop", "words"),
    [
        pytest.param("prometheus", lambda config: config.update(rule_files=[]), "decision", "no rule decides it", id="rules"),
        pytest.param("prometheus", lambda config: _elsewhere(config, 1), "prometheus", "its job homeostat-exporter fails", id="exporters-job"),
        pytest.param("prometheus", lambda config: _elsewhere(config, 2), "decision", "its job homeostat-actor fails", id="actors-job"),
        pytest.param("prometheus", lambda config: config.pop("alerting"), "alertmanager", "see alerting:", id="alerting"),
        pytest.param("alertmanager", lambda config: config["route"]["routes"].pop(0), "delivery", "does not call this actor's webhook", id="route"),
        pytest.param("alertmanager", _wrong_token, "delivery", "no valid token", id="token"),
    ],
)
def test_a_broken_link_is_named(house: House, part: str, change: Any, hop: str, words: str) -> None:
    edited(house, part, change)
    if hop in {"prometheus", "decision"}:
        # What it does not scrape or record any more it forgets at the next scrape or evaluation.
        series = "homeostat_exporter_series" if hop == "prometheus" else "risk:homeostat_policy:info"
        stack.wait_for("what is broken to be seen", lambda: not stack.promql(house.url("prometheus"), series))
    broken(house, hop, words, "--timeout", "15s")
