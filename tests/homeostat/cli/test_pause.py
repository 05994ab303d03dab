"""`homeostat pause`, `resume` and `stop`."""

from __future__ import annotations

import datetime
import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from homeostat.cli.__main__ import main
from homeostat.cli.author import author
from tests.homeostat.cli.conftest import silence
from tests.support import HOST

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_a_pause_silences_the_executing_decisions_of_this_host_only(town: Town) -> None:
    result = town.run("pause", "--for", "24h", "--reason", "moving house")
    assert result.exit_code == 0
    assert "by silence new; end it with: homeostat resume" in result.output
    (asked,) = town.asked("POST")
    made = asked.json
    assert [(matcher["name"], matcher["value"], matcher["isRegex"]) for matcher in made["matchers"]] == [
        ("alertname", "HomeostatAutoExecute|HomeostatNotifyExecute", True), ("host", "h1", False),
    ]  # fmt: skip
    assert made["comment"] == "moving house"
    ends, starts = (datetime.datetime.fromisoformat(made[name]) for name in ("endsAt", "startsAt"))
    assert (ends - starts).total_seconds() == 86400


def test_a_pause_can_be_narrowed_to_a_service_or_an_action(town: Town) -> None:
    town.status["playbooks"] = ["disk-cleanup", "service-restart"]
    town.run("pause", "--service", "web", "--action", "service-restart", "--reason", "x")
    matchers = {matcher["name"]: matcher["value"] for matcher in town.asked("POST")[0].json["matchers"]}
    assert (matchers["target"], matchers["action"]) == ("web", "service-restart")


def test_a_service_that_nobody_knows_is_refused(town: Town) -> None:
    result = town.run("pause", "--service", "wbe", "--reason", "x")
    assert (result.exit_code, result.output) == (1, "Error: there is no service 'wbe' in the configuration; known: web\n")
    assert town.asked("POST") == []


def test_an_action_that_the_actor_does_not_have_is_refused(town: Town) -> None:
    result = town.run("pause", "--action", "disc-cleanup", "--reason", "x")
    assert (result.exit_code, result.output) == (1, "Error: the actor has no action 'disc-cleanup'; known: disk-cleanup\n")
    assert town.asked("POST") == []


def test_an_actor_that_does_not_answer_keeps_nobody_from_pausing_an_action(town: Town) -> None:
    town.configure(links={"console": "http://127.0.0.1:9"})
    assert town.run("pause", "--action", "disk-cleanup", "--reason", "x").exit_code == 0
    assert len(town.asked("POST")) == 1


def test_a_pause_of_no_time_is_refused(town: Town) -> None:
    result = town.run("pause", "--for", "0s", "--reason", "x")
    assert (result.exit_code, "--for says how long" in result.output) == (2, True)
    assert town.asked("POST") == []


def test_a_pause_needs_a_reason_and_a_length_that_is_one(town: Town) -> None:
    assert town.run("pause").exit_code == 2
    result = town.run("pause", "--for", "tomorrow", "--reason", "x")
    assert (result.exit_code, "is no duration; write it like 30s" in result.output) == (2, True)


def test_an_alertmanager_that_does_not_answer_is_one_line(town: Town) -> None:
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    result = town.run("pause", "--reason", "x")
    assert (result.exit_code, result.output) == (1, "Error: Alertmanager at http://127.0.0.1:9 gave no answer: ConnectionError\n")


def test_a_stop_is_a_file_with_author_time_and_reason_and_needs_nothing_else(town: Town) -> None:
    town.configure(alertmanager={"url": "http://127.0.0.1:9"}, prometheus={"url": "http://127.0.0.1:9"}, security={"operator_token_files": ["/nowhere"]})
    result = town.run("stop", "--reason", "smoke")
    assert result.exit_code == 0
    assert (town.folder / "state" / "stop").read_text().endswith(": smoke\n")
    assert "nothing is executed until: homeostat resume" in result.output


def test_a_stop_that_cannot_be_written_says_so(town: Town) -> None:
    (town.folder / "file").touch()
    town.configure(actor={"state_directory": str(town.folder / "file" / "state")})
    result = town.run("stop")
    assert (result.exit_code, result.output.startswith("Error: [Errno 20] Not a directory")) == (1, True)


@pytest.mark.parametrize(("keys", "place"), [("", "state"), ("executor_directory: {folder}/root, ", "root")])
def test_a_stop_lies_where_the_actor_looks_for_it_even_when_the_configuration_is_broken(town: Town, keys: str, place: str) -> None:
    actor = f"{{{keys}state_directory: {{folder}}/state}}"
    broken = f"exporter: {{state_directory: {town.folder}/other}}\nactor: {actor}\nfaulty: [\n"
    path = town.folder / "homeostat.yml"
    path.write_text(broken.replace("{folder}", str(town.folder)))
    result = CliRunner().invoke(main, ["--config.file", str(path), "stop"])
    assert result.exit_code == 0
    assert (town.folder / place / "stop").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without a name")
def test_a_user_without_a_name_may_stop_too(town: Town) -> None:
    town.run("status")
    (town.folder / "state").mkdir(mode=0o777)
    (town.folder / "state").chmod(0o777)
    for parent in (town.folder, *town.folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    argv = ["setpriv", "--reuid=54321", "--clear-groups", "--", sys.executable, "-m", "homeostat.cli", "--config.file", str(town.folder / "homeostat.yml"), "stop"]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (town.folder / "state" / "stop").read_text().startswith("by 54321 at ")


def test_resume_lifts_the_stop_ends_our_pauses_and_closes_the_breakers(town: Town) -> None:
    town.run("stop")
    narrowed = silence(id="s2", matchers=[*silence()["matchers"], {"name": "target", "value": "web", "isRegex": False, "isEqual": True}])
    town.silences = [silence(), narrowed]
    result = town.run("resume")
    assert result.exit_code == 0
    assert not (town.folder / "state" / "stop").exists()
    assert [asked.path for asked in town.asked("DELETE")] == ["/api/v2/silence/s1", "/api/v2/silence/s2"]
    assert [asked.path for asked in town.asked("POST")] == ["/api/v1/silences/forget", "/api/v1/breakers/reset"]
    assert town.asked("POST")[-1].json == {"author": author(), "reason": "homeostat resume"}
    assert result.output.splitlines() == ["the stop is lifted", "the pause of ada is over: maintenance", "the pause of ada is over: maintenance", "every breaker is closed"]


def test_resume_without_anything_to_resume_is_no_error(town: Town) -> None:
    assert town.run("resume").output == "every breaker is closed\n"


def test_what_cannot_be_done_is_told_and_the_rest_is_done_all_the_same(town: Town) -> None:
    town.run("stop")
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    result = town.run("resume")
    assert result.exit_code == 1
    assert not (town.folder / "state" / "stop").exists()
    assert result.output.splitlines() == [
        "the stop is lifted",
        "NOT DONE: the pauses: Alertmanager at http://127.0.0.1:9 gave no answer: ConnectionError",
        "every breaker is closed",
    ]


def test_an_actor_that_does_not_answer_keeps_no_pause_from_ending(town: Town) -> None:
    town.silences = [silence()]
    town.configure(links={"console": "http://127.0.0.1:9"})
    result = town.run("resume")
    assert result.exit_code == 1
    assert [asked.path for asked in town.asked("DELETE")] == ["/api/v2/silence/s1"]
    assert [line.split(": ")[1] for line in result.output.splitlines() if line.startswith("NOT DONE")] == ["what Alertmanager has lost", "the breakers"]


def test_a_token_that_cannot_be_read_keeps_no_stop_from_being_lifted(town: Town) -> None:
    town.run("stop")
    town.configure(security={"operator_token_files": ["/nowhere"]})
    result = town.run("resume")
    assert (result.exit_code, "the stop is lifted" in result.output) == (1, True)
    assert "NOT DONE: the breakers: /nowhere: the token file cannot be read" in result.output


def test_resume_ends_a_pause_that_is_yet_to_begin(town: Town) -> None:
    town.silences = [silence(status={"state": "pending"}), silence(id="s0", status={"state": "expired"})]
    assert town.run("resume").exit_code == 0
    assert [asked.path for asked in town.asked("DELETE")] == ["/api/v2/silence/s1"]


def test_resume_leaves_what_other_people_silenced_and_names_it(town: Town) -> None:
    everybodys = silence(id="s3", matchers=silence()["matchers"][:1], createdBy="bob", comment="a film")
    town.silences = [everybodys, silence(id="s4", matchers=[{"name": "alertname", "value": "HostDown", "isRegex": False, "isEqual": True}])]
    result = town.run("resume")
    assert town.asked("DELETE") == []
    assert result.output.splitlines()[0] == "still silenced (everything) by bob until 2026-01-01T01:00:00Z: a film; to end it: amtool silence expire s3"
    assert len(result.output.splitlines()) == 2


def test_a_pause_can_be_narrowed_to_a_file_system(town: Town) -> None:
    town.configure(filesystems={"/srv": {}})
    assert town.run("pause", "--filesystem", "/srv", "--reason", "x").exit_code == 0
    assert {matcher["name"]: matcher["value"] for matcher in town.asked("POST")[0].json["matchers"]}["target"] == "/srv"
    assert "there is no file system '/srvv' in the configuration; known: /srv" in town.run("pause", "--filesystem", "/srvv", "--reason", "x").output
    assert town.run("pause", "--filesystem", "/srv", "--service", "web", "--reason", "x").exit_code == 2


@pytest.mark.parametrize(
    "understood",
    [[{"name": "host", "value": HOST, "isRegex": False, "isEqual": False}], silence()["matchers"][:1], [*silence()["matchers"], {"name": "target", "value": "web", "isRegex": False, "isEqual": True}]],
)
def test_a_silence_that_reads_back_as_another_is_ended_again(town: Town, understood: list[dict[str, object]]) -> None:
    town.understood = {"matchers": understood}
    result = town.run("pause", "--reason", "x")
    assert result.exit_code == 1
    assert "Alertmanager understood something else" in result.output
    assert [asked.path for asked in town.asked("DELETE")] == ["/api/v2/silence/new"]


def test_a_pause_that_begins_later_by_alertmanagers_clock_says_so(town: Town) -> None:
    town.understood = {"status": {"state": "pending"}}
    result = town.run("pause", "--reason", "x")
    assert (result.exit_code, "by Alertmanager's clock, which is behind this host's" in result.output) == (0, True)


@pytest.mark.parametrize("arguments", [("--reason", " "), ("--reason", "x", "--action", "")])
def test_a_pause_for_nothing_is_refused(town: Town, arguments: tuple[str, ...]) -> None:
    assert town.run("pause", *arguments).exit_code == 2
    assert town.asked("POST") == []
