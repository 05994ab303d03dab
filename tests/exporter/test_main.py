"""The command: bad input ends in one line and exit 1, a bad reload changes nothing."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import flask
import pytest
from click.testing import CliRunner

from exporter import cycle
from exporter.__main__ import main
from exporter.load import Loads
from exporter.scores import Scores
from exporter.selftest_web import selftest_routes
from exporter.service import Service, set_up
from exporter.web import make_app
from homeostat.clock import SystemClock
from tests.integration.stack import ROOT
from tests.support import secret

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result

TOKEN = "3f9c1e0b7a5d4286b1f0c9e8"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("exporter: {cycle: [", "no valid YAML"),
        ("exporter: {cycel: 5s}", "did you mean 'cycle'?"),
        ("exporter: {cycle: 5}", "5 is no duration"),
        ("exporter: {cycle: 0s}", "must be more than 0s"),
        ("exporter: {horizons: []}", "at least one horizon"),
        ("exporter: {window: 1m, step: 15s}", "fewer than minimum_samples 20"),
        ("exporter: {cycle: 5s}\nexporter: {}", "stands here twice"),
        ("exporter: {targets: {service_memory: {limit_bytes: 0B}}}", "more than 0"),
        ("exporter: {targets: {custom: [{name: a, query: b, limit: 1, problem: c, resource: d}]}}", "target_label"),
        ("prometheus: {bearer_token_file: /nonexistent/token}", "cannot be read"),
        ("exporter: {state_directory: here}", "must be an absolute path"),
    ],
)
def test_a_bad_configuration_is_one_clear_line_and_exit_1(tmp_path: pathlib.Path, text: str, complaint: str) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text(text)
    for check in ([], ["--config.check"]):
        done = invoke(f"--config.file={config_file}", *check)
        assert done.exit_code == 1
        assert complaint in done.output
        assert len(done.output.splitlines()) == 1


def test_two_custom_targets_of_one_name_are_refused(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    entry = "{name: a, query: b, limit: 1, problem: c, resource: d, target: e}"
    config_file.write_text(f"exporter: {{targets: {{custom: [{entry}, {entry}]}}}}")
    assert "a name of its own" in invoke(f"--config.file={config_file}").output


def test_a_good_configuration_is_told_so(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text("host: box")
    done = invoke(f"--config.file={config_file}", "--config.check")
    assert (done.exit_code, done.output) == (0, f"{config_file} is valid.\n")


def test_checking_a_configuration_makes_no_state(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text(f"exporter: {{state_directory: {tmp_path / 'state'}}}")
    assert invoke(f"--config.file={config_file}", "--config.check").exit_code == 0
    assert not (tmp_path / "state").exists()


def test_a_missing_file_is_one_clear_line() -> None:
    done = invoke("--config.file=/nonexistent/homeostat.yml")
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)


def test_an_occupied_port_is_one_clear_line(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text("host: box")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        argv = [sys.executable, "-m", "exporter", f"--config.file={config_file}", f"--web.listen-address={address}"]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"cannot listen on {address}" in done.stderr


def test_an_address_without_a_port_is_one_clear_line(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text("host: box")
    done = invoke(f"--config.file={config_file}", "--web.listen-address=localhost")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "HOST:PORT" in done.output


@pytest.fixture
def config_file(tmp_path: pathlib.Path) -> pathlib.Path:
    secret(tmp_path / "operator", TOKEN)
    file = tmp_path / "homeostat.yml"
    file.write_text(f"host: box\nsecurity: {{operator_token_files: [{tmp_path / 'operator'}]}}")
    return file


@pytest.fixture
def service(config_file: pathlib.Path) -> Service:
    return Service(config_file, set_up(config_file, SystemClock(), loopback=False))


def test_a_bad_file_keeps_the_old_configuration_and_says_so(service: Service, config_file: pathlib.Path) -> None:
    good = config_file.read_text()
    config_file.write_text("hosts: other")
    assert "did you mean 'host'?" in service.reload()
    assert (service.state().reloaded, service.state().host) == (False, "box")
    config_file.write_text(good.replace("box", "other"))
    assert service.reload() is None
    assert (service.state().reloaded, service.state().host) == (True, "other")


def test_what_is_valid_but_surely_not_meant_is_logged_at_a_reload(service: Service, config_file: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    config_file.write_text(config_file.read_text() + "\nwindows: [{days_of_month: [30], months: [february]}]\n")
    assert service.reload() is None
    assert "windows: none opens within ten years, so nothing could ever be executed" in caplog.text


def test_windows_that_alertmanager_has_are_read_anew_at_a_reload(service: Service, config_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "alertmanager.yml"
    config_file.write_text(f"{config_file.read_text()}\nalertmanager: {{config_file: {theirs}, time_intervals: [it]}}\n")
    for day in ("sunday", "monday"):
        theirs.write_text(f"time_intervals: [{{name: it, time_intervals: [{{weekdays: [{day}]}}]}}]")
        assert service.reload() is None
        assert [interval.weekdays for interval in service._setup.world.config.windows] == [(day,)]
    theirs.write_text("time_intervals: [{name: it, time_intervals: [{weekdays: [someday]}]}]")
    assert service.reload() == f"{theirs}:1: time_intervals[0].time_intervals[0]: 'someday' is no weekday; write it like sunday"
    assert [interval.weekdays for interval in service._setup.world.config.windows] == [("monday",)]


def test_the_kept_forecasts_stay_through_a_reload_and_do_not_move(service: Service, config_file: pathlib.Path) -> None:
    good, keeper = config_file.read_text(), service._setup.world.scorekeeper
    assert service.reload() is None
    assert service._setup.world.scorekeeper is keeper
    config_file.write_text(good + "\nexporter: {state_directory: /elsewhere}")
    assert "exporter.state_directory: the kept forecasts are where they were; this needs a restart" in service.reload()
    assert service._setup.world.scorekeeper is keeper


def test_without_a_state_directory_forecasts_are_not_scored(config_file: pathlib.Path) -> None:
    config_file.write_text("host: box\nexporter: {state_directory: null}")
    assert set_up(config_file, SystemClock(), loopback=True).world.scorekeeper is None


def test_a_reload_keeps_the_series_in_memory_unless_prometheus_is_another(service: Service, config_file: pathlib.Path) -> None:
    memory = service._setup.world.memory
    config_file.write_text(f"{config_file.read_text()}\nexporter: {{cycle: 30s}}")
    assert service.reload() is None
    assert service._setup.world.memory is memory
    config_file.write_text(f"{config_file.read_text()}\nprometheus: {{url: http://127.0.0.1:9}}")
    assert service.reload() is None
    assert service._setup.world.memory is not memory


def test_a_reload_over_http_from_elsewhere_needs_the_operator_s_token(service: Service, config_file: pathlib.Path) -> None:
    assert service.may_reload(f"Bearer {TOKEN}")
    assert not service.may_reload(None)
    assert not service.may_reload("Bearer something-else-entirely")
    config_file.write_text("host: box")
    service.reload()
    assert not service.may_reload(f"Bearer {TOKEN}")


def test_metrics_need_their_token_where_one_is_named_and_a_reload_takes_another_over(service: Service, config_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert service.may_scrape(None)
    for name, token in (("old", "b1946ac92492d2347c6235b4"), ("new", "591785b794601e212b260e25")):
        secret(tmp_path / name, token)
        config_file.write_text(f"host: box\nsecurity: {{metrics_token_files: [{tmp_path / name}]}}")
        assert service.reload() is None
        assert service.may_scrape(f"Bearer {token}")
        client = make_app(service.state, service.clock, service.may_scrape).test_client()
        assert [client.get("/metrics", headers=headers).status_code for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {token}"})] == [401, 401, 200]
    assert not service.may_scrape("Bearer b1946ac92492d2347c6235b4")


def test_on_loopback_anyone_may_reload_and_the_operator_s_token_is_not_even_read(config_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "operator").unlink()
    assert Service(config_file, set_up(config_file, SystemClock(), loopback=True)).may_reload(None)


def test_a_score_does_not_outlive_a_prometheus_that_answers_no_more(config_file: pathlib.Path) -> None:
    config_file.write_text("host: box\nprometheus: {url: 'http://127.0.0.1:9', timeout: 1s}\nexporter: {state_directory: null}")
    service = Service(config_file, set_up(config_file, SystemClock(), loopback=True))
    service._scores = Scores({"box": {}}, {"box": {"checks": 30.0}})
    assert service.state().scores.penalties == {"box": {}}
    service.start()
    ends = SystemClock().monotonic() + 20
    while not service.state().page.result.errors["recall"] or service.state().scores != Scores():
        assert SystemClock().monotonic() < ends
        SystemClock().sleep(0.02)
    service.close()


def test_before_the_first_success_it_is_not_ready_and_says_whom_it_asks(service: Service) -> None:
    assert "http://127.0.0.1:9090" in service.unready()


def test_not_ready_names_what_was_not_read_where_prometheus_answers(service: Service) -> None:
    service._page = dataclasses.replace(service._page, result=cycle.Result(prometheus_up=True, unread=("filesystem", "custom pool")))
    assert service.unready() == "no cycle has succeeded yet; not read, see the log: filesystem, custom pool"


def test_traffic_that_is_slow_to_read_holds_up_no_cycle(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, cycles = threading.Event(), threading.Event()
    monkeypatch.setattr("exporter.service.refresh", lambda *_: slow.wait(10) and Loads())
    monkeypatch.setattr("exporter.service.run", lambda world, last: cycles.set() or last)
    service.start()
    try:
        assert cycles.wait(5)
        cycles.clear()
        assert service.reload() is None
        assert cycles.wait(5)
    finally:
        slow.set()
        service.close()


def test_a_selftest_is_begun_by_whoever_may_reload_and_by_nobody_else(tmp_path: pathlib.Path) -> None:
    config_file = tmp_path / "homeostat.yml"
    config_file.write_text(f"host: own\nexporter: {{state_directory: null}}\nsecurity: {{operator_token_files: [{secret(tmp_path / 'operator', TOKEN)}]}}")
    service = Service(config_file, set_up(config_file, SystemClock(), loopback=False))
    app = flask.Flask("test")
    selftest_routes(app, service)
    web = app.test_client()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert web.post("/api/v1/selftest", json={"host": "own"}).status_code == 401
    assert web.post("/api/v1/selftest", data='{"host": "own"}', headers=bearer).status_code == 400
    assert web.post("/api/v1/selftest", json={"hots": "own"}, headers=bearer).status_code == 400
    assert web.post("/api/v1/selftest", json={"host": "other"}, headers=bearer).status_code == 400
    assert web.post("/api/v1/selftest", json={"host": "own"}, headers={**bearer, "Origin": "http://rebound.example:9921"}).status_code == 400
    assert web.post("/api/v1/selftest", json={"host": "own"}, headers=bearer).json == {"host": "own"}
    assert "under way" in web.post("/api/v1/selftest", json={"host": "own"}, headers=bearer).json["error"]
    assert web.post("/api/v1/selftest/end", json={"host": "own"}).status_code == 401
    assert web.post("/api/v1/selftest/end", json={"host": "own"}, headers=bearer).status_code == 200
    assert service._selftests.current(service.clock.monotonic()) is None
