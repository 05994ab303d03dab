"""A person's word by the CLI: what is sent, what is said, and what is refused in one line."""

from __future__ import annotations

import getpass
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeostat.cli.conftest import incident
from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

HASH = "c0ffee" + "0" * 58
AUTHOR = f"{getpass.getuser()}@{socket.gethostname()}"
PROPOSAL = {
    "incident_id": "0a1b2c3d", "plan_hash": HASH, "made_at": 1_700_000_000.0, "expires_at": 1_700_604_800.0, "approved_by": None, "approved_at": None,
    "plan": {"action": "service-restart", "target": "web", "commands": [{"step": "s", "summary": "restart web", "arguments": {}, "expected": "less memory", "irreversible": True}]},
}  # fmt: skip


def waiting(**changes: Any) -> dict[str, Any]:
    return {**incident(state="proposed", outcome=None, reason="confirmation: the decision is propose"), "proposal": {**PROPOSAL, **changes}}


def answers(town: Town, word: str, reason: str = "so it is") -> None:
    town.said[f"incidents/0a1b2c3d/{word}"] = Reply({"taken": True, "reason": reason})


def sent(town: Town) -> list[tuple[str, Any]]:
    return [(asked.path.removeprefix("/api/v1/incidents/0a1b2c3d/"), asked.json) for asked in town.asked("POST")]


def test_proposals_show_the_exact_plan_and_what_cannot_be_undone(town: Town) -> None:
    town.proposals = [waiting(), waiting(approved_by="bob@desk", approved_at=1_700_000_060.0)]
    lines = town.run("proposals").output.splitlines()
    assert lines[:3] == [
        "0a1b2c3d  service-restart at web, risk low, because of memory_leak at confidence 0.957",
        "  confirmation: the decision is propose; plan c0ffee000000, it expires 2023-11-21T22:13:20Z",
        "  1. restart web: less memory (cannot be undone)",
    ]
    assert "  approved by bob@desk at 2023-11-14T22:14:20Z; it begins as soon as every gate agrees" in lines


def test_proposals_are_json_for_scripts_and_words_when_there_are_none(town: Town) -> None:
    assert town.run("proposals").output == "Nothing waits for a person.\n"
    assert json.loads(town.run("proposals", "--json").output) == []


def test_a_yes_is_to_the_plan_that_was_shown_and_bears_a_name(town: Town) -> None:
    town.stories["0a1b2c3d"] = waiting()
    answers(town, "approve", "approved; every gate agrees, so it begins")
    result = town.run("approve", "0a1b2c3d", "--yes", "--reason", "fine")
    assert result.output.splitlines() == ["1. restart web (cannot be undone)", "approved; every gate agrees, so it begins"]
    assert sent(town) == [("approve", {"author": AUTHOR, "plan_hash": HASH, "reason": "fine"})]


def test_a_yes_is_asked_for_and_a_no_sends_nothing(town: Town) -> None:
    town.stories["0a1b2c3d"] = waiting()
    answers(town, "approve")
    assert town.run("approve", "0a1b2c3d").exit_code == 1
    assert sent(town) == []


@pytest.mark.parametrize(("plan", "code"), [("c0ffee", 0), (HASH, 0), ("beef", 1), ("", 1)])
def test_a_yes_to_a_named_plan_is_to_no_other(town: Town, plan: str, code: int) -> None:
    town.stories["0a1b2c3d"] = waiting()
    answers(town, "approve")
    result = town.run("approve", "0a1b2c3d", "--plan", plan)
    assert (result.exit_code, len(sent(town))) == (code, 1 - code)
    assert code == 0 or "the plan is now c0ffee000000, not" in result.output


def test_what_is_not_proposed_is_said_as_it_is(town: Town) -> None:
    town.stories["0a1b2c3d"] = {**incident(), "proposal": None}
    result = town.run("approve", "0a1b2c3d", "--yes")
    assert (result.exit_code, result.output) == (1, "Error: nothing is proposed in 0a1b2c3d: it is succeeded: memory fell\n")


@pytest.mark.parametrize("word", ["deny", "veto", "again"])
def test_each_word_goes_to_its_own_address(town: Town, word: str) -> None:
    answers(town, word, f"{word} it is")
    assert town.run(word, "0a1b2c3d", "--reason", "a film").output == f"{word} it is\n"
    assert sent(town) == [(word, {"author": AUTHOR, "reason": "a film"})]


@pytest.mark.parametrize("word", ["deny", "veto", "again"])
def test_a_no_to_a_persons_word_is_one_line_in_its_own_words(town: Town, word: str) -> None:
    town.said[f"incidents/0a1b2c3d/{word}"] = Reply({"error": "there is nothing to say no to"}, 409)
    result = town.run(word, "0a1b2c3d")
    assert (result.exit_code, result.output) == (1, "Error: there is nothing to say no to\n")


@pytest.mark.parametrize("word", ["approve", "deny", "veto", "again", "defer"])
@pytest.mark.parametrize("hostile", ["../breakers/reset", "x/../y", "$(reboot)", "a b", "?x=1", "ü", "\0", ""])
def test_an_id_that_is_none_is_a_usage_error_and_nothing_is_sent(town: Town, word: str, hostile: str) -> None:
    result = town.run(word, hostile)
    assert result.exit_code == 2
    assert "is no incident's id" in result.output
    assert town.site.asked == []


def test_scheduled_says_until_when_and_why(town: Town) -> None:
    town.scheduled = [incident(state="announced", outcome=None, wake_at=1_700_000_600.0, reason="announced; acts after a grace of 10m")]
    output = town.run("scheduled").output
    assert all(word in output for word in ("2023-11-14T22:23:20Z", "0a1b2c3d", "announced", "acts after a grace of 10m"))
    assert json.loads(town.run("scheduled", "--json").output)[0]["id"] == "0a1b2c3d"
    town.scheduled = []
    assert town.run("scheduled").output == "Nothing is deferred or announced.\n"


def test_defer_sends_a_moment_in_unix_seconds(town: Town) -> None:
    answers(town, "defer", "moved")
    assert town.run("defer", "0a1b2c3d", "--until", "2026-01-31T21:30:00Z").output == "moved\n"
    assert town.run("defer", "0a1b2c3d", "--until", "now").exit_code == 0
    assert [body["until"] for _, body in sent(town)] == [1_769_895_000.0, None]


@pytest.mark.parametrize("arguments", [(), ("--until", "now", "--for", "2h"), ("--until", "soon"), ("--until", "25:00"), ("--for", "x")])
def test_defer_wants_one_time_that_is_one(town: Town, arguments: tuple[str, ...]) -> None:
    result = town.run("defer", "0a1b2c3d", *arguments)
    assert (result.exit_code, sent(town)) == (2, [])
