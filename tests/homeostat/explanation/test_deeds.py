"""An incident's story in words, and the one sentence that says it all."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.explanation.deeds import deed_parts, outcome_sentence
from tests.homeostat.cli.conftest import incident

VERDICTS = [
    {"asked_at": 1.0, "gate": "known", "answer": "allow", "reason": "old news", "inputs": {}},
    {"asked_at": 2.0, "gate": "known", "answer": "allow", "reason": "it is known", "inputs": {}},
    {"asked_at": 2.0, "gate": "age", "answer": "refuse", "reason": "too old", "inputs": {"age_seconds": 1200.0, "seen_at": 60.0, "names": ["a", "b"], "more": {"deep": 1}, "group": None, "count": 3}},
]
PHASES = [
    {"phase": "plan", "intent": None, "intended_at": 1.0, "finished_at": 2.0, "result": {"commands": [{"summary": "restart web"}], "left": [], "undo": "nothing to put back"}, "failure": None},
    {"phase": "execute", "intent": {"summary": "restart web"}, "intended_at": 2.0, "finished_at": 3.0, "result": {"status": 0, "output": "x", "left": []}, "failure": None},
    {"phase": "verify", "intent": None, "intended_at": 3.0, "finished_at": 4.0, "result": {"finding": "verified", "checks": [{"name": "measure", "status": "passed", "detail": "fell"}]}, "failure": None},
    {"phase": "keep", "intent": None, "intended_at": 4.0, "finished_at": 5.0, "result": None, "failure": "it broke"},
    {"phase": "recover", "intent": None, "intended_at": 5.0, "finished_at": None, "result": None, "failure": None},
]
WORDS = [
    {"word": "approved", "author": "ada@desk", "said_at": 0.0, "until": None, "reason": ""},
    {"word": "deferred", "author": "bob@desk", "said_at": 0.0, "until": 60.0, "reason": "a film"},
    {"word": "again", "author": "eve@desk", "said_at": 0.0, "until": None, "reason": ""},
]


def story(**changes: Any) -> dict[str, Any]:
    return {**incident(), "verdicts": VERDICTS, "phases": PHASES, "proposal": None, "words": WORDS, "undo": ["a snapshot is kept"]} | changes


def lines(heading: str, **changes: Any) -> tuple[str, ...]:
    return next(part.lines for part in deed_parts(story(**changes)) if part.heading == heading)


def test_the_story_is_told_in_order() -> None:
    assert [part.heading for part in deed_parts(story())] == ["Incident", "Gates", "Plan", "What was done", "Investigation", "Persons' words", "Undo", "What comes next"]


def test_only_the_last_asking_is_told_with_what_each_gate_saw() -> None:
    assert lines("Gates") == (
        "Asked at 1970-01-01T00:00:02Z:", "known: allow: it is known", "age: refuse: too old (saw age 20m, seen 1970-01-01T00:01:00Z, names a, b, count 3)",
    )  # fmt: skip


def test_each_phase_says_what_came_of_it() -> None:
    assert lines("What was done") == (
        "1970-01-01T00:00:01Z plan: done", "1970-01-01T00:00:02Z execute (restart web): status 0", "1970-01-01T00:00:03Z verify: verified (measure passed: fell)",
        "1970-01-01T00:00:04Z keep: failed: it broke", "1970-01-01T00:00:05Z recover: never reported back",
    )  # fmt: skip
    assert lines("What was done", state="running", outcome=None)[-1] == "1970-01-01T00:00:05Z recover: under way"


def test_the_plan_is_the_one_that_ran_or_the_one_that_is_proposed() -> None:
    assert lines("Plan") == ("1. restart web", "To undo it: nothing to put back.")
    proposal = {"plan": {"commands": [{"summary": "remove logs"}], "left": ["two files stay"], "undo": "they are moved back"}}
    assert lines("Plan", phases=[], proposal=proposal) == ("1. remove logs", "two files stay", "To undo it: they are moved back.")
    assert lines("Plan", phases=[]) == ()


def test_persons_are_quoted_with_their_names() -> None:
    assert lines("Persons' words") == (
        "1970-01-01T00:00:00Z approved by ada@desk", "1970-01-01T00:00:00Z deferred until 1970-01-01T00:01:00Z by bob@desk: a film",
        "1970-01-01T00:00:00Z another try asked for by eve@desk",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "service-restart was run at web at 2023-11-14T22:13:30Z; it is verified: memory fell."),
        ({"outcome": "rolled_back", "reason": "it fell ill"}, "service-restart was run at web at 2023-11-14T22:13:30Z; it failed and was rolled back: it fell ill."),
        ({"outcome": "refused", "reason": "cooldown: too soon"}, "Nothing happened because cooldown: too soon."),
        ({"outcome": None, "state": "deferred", "reason": "window: none is open"}, "Nothing has happened yet because window: none is open."),
        ({"outcome": None, "state": "proposed", "reason": "confirmation: it is a proposal"}, "Nothing has happened yet because it waits for a person's yes: confirmation: it is a proposal."),
        ({"outcome": None, "state": "running"}, "service-restart runs at web since 2023-11-14T22:13:30Z."),
        ({"outcome": "alerted"}, "Nothing happened because 0.62 is not above propose (0.70)."),
        ({"outcome": "denied", "reason": "by ada: no"}, "Nothing happened because it was denied: by ada: no."),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value)) or "succeeded",
)
def test_one_sentence_says_it_all(changes: dict[str, Any], said: str) -> None:
    assert outcome_sentence(story(**changes), "0.62 is not above propose (0.70)") == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "The episode goes on, and an action runs once in an episode unless a person asks: homeostat again 0a1b2c3d"),
        ({"episode_ended_at": 60.0}, "Nothing: the problem was gone, and its episode ended at 1970-01-01T00:01:00Z."),
        ({"outcome": None, "state": "proposed", "wake_at": 60.0}, "It waits for a person until 1970-01-01T00:01:00Z: homeostat approve 0a1b2c3d, or homeostat deny 0a1b2c3d."),
        ({"outcome": None, "state": "announced", "wake_at": 60.0}, "At 1970-01-01T00:01:00Z every gate is asked again, and it runs if all agree; homeostat veto 0a1b2c3d prevents it."),
        ({"outcome": "refused", "wake_at": 60.0}, "At 1970-01-01T00:01:00Z every gate is asked again, as long as the problem lasts."),
        ({"outcome": "refused"}, "Nothing, until the decision, the configuration or a person says otherwise."),
        ({"outcome": "expired"}, "Nothing, until the decision, the configuration or a person says otherwise."),
    ],
)
def test_what_comes_next_is_told_with_its_time(changes: dict[str, Any], said: str) -> None:
    assert lines("What comes next", **changes) == (said,)
