"""`python -m actor`: a bad start is one line and exit code 1; a good one reloads, answers and ends cleanly."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.actor.process import INTAKE, OPERATOR, dumped, serving, start
from tests.actor.web import payload
from tests.integration.stack import wait_for
from tests.support import secret

if TYPE_CHECKING:
    import pathlib

def refused(folder: pathlib.Path, text: str, *flags: str) -> str:
    """Start, and return the one line that is said before exit code 1."""
    process = start(folder, text, *flags)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (1, "")
    lines = errors.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


def test_broken_yaml(tmp_path: pathlib.Path) -> None:
    assert refused(tmp_path, "host: [h1\n").startswith(f"{tmp_path}/homeostat.yml:2: no valid YAML: ")


def test_an_unknown_key(tmp_path: pathlib.Path) -> None:
    told = refused(tmp_path, "autonomi: {}\n")
    assert told == f"{tmp_path}/homeostat.yml:1: autonomi: unknown key; did you mean 'autonomy'?"


def test_a_wrong_type(tmp_path: pathlib.Path) -> None:
    told = refused(tmp_path, "host: h1\nautonomy:\n  max_actions_per_day: many\n")
    assert told.startswith(f"{tmp_path}/homeostat.yml:3: autonomy.max_actions_per_day: Expected `int`, got `str`")


def test_a_key_twice(tmp_path: pathlib.Path) -> None:
    assert refused(tmp_path, "host: a\nhost: b\n") == f"{tmp_path}/homeostat.yml:2: host: this key stands here twice; keep one"


def test_no_configuration(tmp_path: pathlib.Path) -> None:
    told = refused(tmp_path, "", "--config.file", str(tmp_path / "missing.yml"))
    assert told.startswith(f"{tmp_path}/missing.yml: cannot be read: ")


def test_an_action_that_no_playbook_has(tmp_path: pathlib.Path) -> None:
    told = refused(tmp_path, dumped(tmp_path, autonomy={"actions": {"disk-clean": {}}}))
    assert ":9: autonomy.actions.disk-clean: no playbook has the name 'disk-clean'; known: " in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root acts on what root owns")
def test_rules_that_somebody_else_may_write(tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o777)
    told = refused(tmp_path, dumped(tmp_path))
    assert told == f"{tmp_path}/homeostat.yml: {tmp_path} must belong to root and be writable by nobody else, for root acts on what it says"


def test_a_missing_token(tmp_path: pathlib.Path) -> None:
    assert "cannot be read" in refused(tmp_path, dumped(tmp_path, security={"operator_token_files": [str(tmp_path / "nowhere")]}))


def test_no_token_at_all_outside_shadow(tmp_path: pathlib.Path) -> None:
    told = refused(tmp_path, dumped(tmp_path, autonomy={"mode": "active"}, security={"intake_token_files": [], "operator_token_files": []}))
    assert "without them the actor starts only in mode shadow on loopback" in told


@pytest.mark.parametrize("name", ["placeholder", "empty"])
def test_a_placeholder_token(tmp_path: pathlib.Path, name: str) -> None:
    told = refused(tmp_path, dumped(tmp_path, security={"operator_token_files": [str(tmp_path / name)]}))
    assert told.startswith(f"{tmp_path}/{name}: ")
    assert "openssl rand -hex 32" in told


def test_an_occupied_port(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = refused(tmp_path, dumped(tmp_path), "--web.listen-address", address)
    assert told == f"cannot listen on {address}: Address already in use; is another process using it?"


@pytest.mark.parametrize("address", ["9922", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999"])
def test_an_address_that_is_none(tmp_path: pathlib.Path, address: str) -> None:
    assert refused(tmp_path, dumped(tmp_path), "--web.listen-address", address) == f"listen address '{address}' is not HOST:PORT, as in 127.0.0.1:9921"


def test_an_unreadable_journal(tmp_path: pathlib.Path) -> None:
    text = dumped(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.db").write_bytes(b"no database at all, but long enough " * 100)
    assert refused(tmp_path, text).startswith(f"{tmp_path}/state/journal.db: the journal cannot be read: file is not a database; move it aside")


def test_a_state_directory_that_cannot_be_made(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    assert "File exists" in refused(tmp_path, dumped(tmp_path, actor={"state_directory": str(tmp_path / "file" / "state")}))


def test_a_second_actor_on_the_same_journal(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path):
        assert "another actor has this journal open" in refused(tmp_path, dumped(tmp_path))


def test_a_check_says_nothing_of_a_good_file_and_opens_no_journal(tmp_path: pathlib.Path) -> None:
    process = start(tmp_path, dumped(tmp_path), "--config.check")
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0
    assert not (tmp_path / "state").exists()


def test_the_version(tmp_path: pathlib.Path) -> None:
    process = start(tmp_path, "", "--version")
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, "version" in output) == (0, True)


def test_it_answers_and_ends_cleanly(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        assert running.get("/-/healthy").text == "Healthy.\n"
        assert running.post("/webhook", INTAKE, payload()).status_code == 202
        assert running.post("/webhook", OPERATOR, payload()).status_code == 401
        assert running.get("/-/ready").status_code in {200, 503}
        status, seconds = running.end()
    assert (status, seconds < 5) == (0, True)
    assert not [line for line in running.lines if "Traceback" in line]


def test_it_starts_and_hears_without_prometheus_and_alertmanager(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        running.wait_for("cannot reconcile: Alertmanager at http://127.0.0.1:9 gave no answer")
        assert running.post("/webhook", INTAKE, payload()).status_code == 202
        assert not [line for line in running.lines if "Traceback" in line]


def test_kill_9_loses_no_acknowledged_delivery(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        for _ in range(5):
            assert running.post("/webhook", INTAKE, payload()).status_code == 202
        running.process.kill()
        running.process.wait()
    with serving(tmp_path) as running:
        assert running.metric('homeostat_alerts_received_total{host="h1",source="webhook"}') == "5.0"


def test_a_reload_takes_a_good_file_over(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path, autonomy={"mode": "active"}) as running:
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, autonomy={"mode": "interactive"}))
        assert running.post("/-/reload").text == "Reloaded.\n"
        assert running.metric('homeostat_mode{host="h1",mode="interactive"}') == "1.0"


def test_what_can_be_made_good_of_a_new_service_is_known_at_once_after_a_reload(tmp_path: pathlib.Path) -> None:
    feasible = 'homeostat_action_rollback_feasibility_ratio{action="service-restart",host="h1"}'
    with serving(tmp_path) as running:
        wait_for("it to be asked", lambda: f"{feasible} 0.0" in running.get("/metrics").text)
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, services={"web": {"manager": "systemd", "unit": "web.service"}}))
        assert running.post("/-/reload").status_code == 200
        wait_for("it to be asked again", lambda: f"{feasible} 0.8" in running.get("/metrics").text, 10)


def test_a_reload_of_a_bad_file_keeps_the_old_one_and_says_so(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path, autonomy={"mode": "active"}) as running:
        (tmp_path / "homeostat.yml").write_text("autonomi: {}\n")
        answer = running.post("/-/reload")
        assert (answer.status_code, "did you mean 'autonomy'?" in answer.text) == (500, True)
        assert running.metric('homeostat_config_last_reload_successful{daemon="actor",host="h1"}') == "0.0"
        assert running.metric('homeostat_mode{host="h1",mode="active"}') == "1.0"


def test_a_hang_up_reloads_too(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        (tmp_path / "homeostat.yml").write_text("broken: [\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("the configuration was not taken over")
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path))
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("reload succeeded")


NEVER = {"days_of_month": [30], "months": ["february"]}


def test_what_is_valid_but_surely_not_meant_is_logged_at_the_start_and_at_a_reload(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path, autonomy={"schedule": [{"name": "x", "when": [NEVER], "level": "moderate"}]}) as running:
        running.wait_for("autonomy.schedule[0] (x): never holds within ten years")
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, windows=[NEVER]))
        assert running.post("/-/reload").status_code == 200
        running.wait_for("windows: none opens within ten years, so nothing could ever be executed")


def test_nobody_but_the_operator_reloads(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        assert running.post("/-/reload", INTAKE).status_code == 401


def test_a_reload_never_lets_it_act_without_credentials(tmp_path: pathlib.Path) -> None:
    open_to_all = {"intake_token_files": [], "operator_token_files": []}
    with serving(tmp_path, security=open_to_all) as running:
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, autonomy={"mode": "active"}, security=open_to_all))
        answer = running.post("/-/reload")
        assert (answer.status_code, "must be set" in answer.text) == (500, True)
        assert running.metric('homeostat_mode{host="h1",mode="active"}') == "0.0"


def test_a_reload_takes_rotated_tokens_over(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        secret(tmp_path / "rotated", "7c211433f02071597741e6ff5a8ea34d")
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, security={"intake_token_files": [str(tmp_path / "rotated")]}))
        assert running.post("/-/reload").status_code == 200
        assert running.post("/webhook", "7c211433f02071597741e6ff5a8ea34d", payload()).status_code == 202
        assert running.post("/webhook", INTAKE, payload()).status_code == 401


def test_a_reload_that_would_move_the_state_is_refused_for_the_stop_would_be_looked_for_elsewhere(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path) as running:
        (tmp_path / "homeostat.yml").write_text(dumped(tmp_path, actor={"state_directory": str(tmp_path / "elsewhere")}))
        answer = running.post("/-/reload")
        assert (answer.status_code, "needs a restart" in answer.text) == (500, True)


