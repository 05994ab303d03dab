"""With --json every command prints one line that a program can read, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeostat.cli.conftest import incident
from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

ID = "0a1b2c3d"


@pytest.fixture
def town(town: Town) -> Town:
    plan = {"commands": [{"summary": "restart web", "expected": "less memory", "irreversible": False}]}
    proposal = {"plan": plan, "plan_hash": "c0ffee" + "0" * 58, "expires_at": 2e9, "approved_by": None, "approved_at": None}
    town.stories = {ID: {**incident(), "proposal": proposal}}
    for word in ("approve", "deny", "veto", "again", "defer", "unnecessary"):
        town.said[f"incidents/{ID}/{word}"] = Reply({"taken": True, "reason": "so it is"})
    town.said["undo"] = Reply({"reason": "taken back", "paths": ["/etc/a"], "conflicts": []})
    town.said["insights"] = Reply(["disk-cleanup always works"])
    town.windows = Reply({"windows": []})
    town.exporter["observations"] = Reply({"observers": {}})
    town.exporter["investigation"] = Reply({"words": ["x"], "markdown": "x"})
    town.exporter["accuracy"] = Reply({"horizons": {}, "voids": {}, "problems": {}})
    return town


def read(town: Town, *arguments: str) -> Any:
    result = town.run(*arguments, "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    (line,) = result.output.splitlines()
    return json.loads(line)


@pytest.mark.parametrize("word", ["deny", "veto", "again"])
def test_a_persons_word_is_answered_with_what_came_of_it(town: Town, word: str) -> None:
    assert read(town, word, ID) == {"words": "so it is", "incident": ID, "taken": True}


def test_words_that_say_more_are_answered_alike(town: Town) -> None:
    for arguments in (("defer", ID, "--for", "1h"), ("feedback", ID, "unnecessary"), ("approve", ID, "--yes")):
        assert read(town, *arguments)["words"] == "so it is"


def test_an_approval_as_json_asks_nobody(town: Town) -> None:
    result = town.run("approve", ID, "--json")
    assert result.exit_code == 2
    assert "--json asks nothing: say --yes, or which --plan" in result.output


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        (("undo",), "paths"),
        (("pause", "--reason", "a film"), "silence"),
        (("stop", "--reason", "enough"), "path"),
        (("resume",), "done"),
        (("status",), "parts"),
        (("config", "show"), "exporter"),
        (("investigate", "web"), "words"),
        (("validate-predictions",), "horizons"),
        (("playbooks", "show", "disk-cleanup"), "text"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_object_holds_what_the_command_is_about(town: Town, command: tuple[str, ...], holds: str) -> None:
    assert holds in read(town, *command)


@pytest.mark.parametrize("command", ["decisions", "proposals", "scheduled", "insights", "windows"])
def test_a_list_is_an_array_also_when_it_is_empty(town: Town, command: str) -> None:
    assert isinstance(read(town, command), list)


def test_playbooks_are_an_array_of_objects(town: Town) -> None:
    assert {"name", "answers", "acts_on", "risk"} <= read(town, "playbooks", "list")[0].keys()


def test_what_was_not_done_is_told_beside_what_was(town: Town) -> None:
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    told = read(town, "resume")
    assert told["done"] == ["every breaker is closed"]
    assert told["not_done"] == ["the pauses: Alertmanager at http://127.0.0.1:9 gave no answer: ConnectionError"]
