"""Simulation: the very questions that a real alert is asked, and nothing is done or recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actor.foresight import Foresight, simulate
from actor.journal import verdicts
from actor.person import Spoken
from actor.person.refusal import refuse
from actor.situation import GATES
from homeostat.alertmanager import Matcher
from tests.support import DISK, WEB, Actor, Host, labels_of, silence

if TYPE_CHECKING:
    from actor.model import EpisodeKey

TABLES = ("deliveries", "alerts", "incidents", "verdicts", "phases", "proposals", "executions", "totals", "words")


def state(actor: Actor) -> dict[str, Any]:
    return {table: [tuple(row) for row in actor.journal.rows(f"SELECT * FROM {table}")] for table in TABLES}


def foresee(actor: Actor, key: EpisodeKey = WEB, action: str = "service-restart", decision: str = "auto-execute", confidence: float = 0.95) -> Foresight:
    actor.prometheus.decide(key, action, decision, confidence)
    before, restarts, told = state(actor), actor.host.restarts(), len(actor.alertmanager.posted)
    foreseen = simulate(actor.world, labels_of(key, action, decision), {"confidence": f"{confidence}"})
    assert (state(actor), actor.host.restarts(), len(actor.alertmanager.posted)) == (before, restarts, told)
    assert isinstance(foreseen, Foresight)
    return foreseen


def really(actor: Actor, key: EpisodeKey, action: str, decision: str) -> dict[str, tuple[str, str]]:
    actor.decide(key, action, decision, 0.95)
    actor.turn()
    return {verdict["gate"]: (verdict["answer"], verdict["reason"]) for verdict in verdicts.given_on(actor.journal, actor.incident().id)}


@pytest.mark.parametrize("decision", ["auto-execute", "notify-execute", "propose"])
@pytest.mark.parametrize(("key", "action"), [(WEB, "service-restart"), (DISK, "disk-cleanup"), (WEB._replace(target="nowhere"), "service-restart"), (WEB, "no-such-thing")])
def test_every_gate_says_what_it_would_say_in_reality(actor: Actor, decision: str, key: EpisodeKey, action: str) -> None:
    actor.host.log("old.log.1")
    foreseen = foresee(actor, key, action, decision)
    assert {asked.gate: (asked.answer, asked.reason) for asked in foreseen.gates} == really(actor, key, action, decision)
    assert [asked.gate for asked in foreseen.gates] == list(GATES)


def test_what_every_gate_saw_is_told(actor: Actor) -> None:
    known = next(asked for asked in foresee(actor).gates if asked.gate == "known")
    assert known.inputs == {"action": "service-restart", "target": "web", "problem": "memory_leak", "host": "h1"}


@pytest.mark.parametrize(
    ("decision", "would"),
    [
        ("auto-execute", "it is executed: every gate agrees"),
        ("notify-execute", "it is announced, and after the grace it is executed: every gate agrees"),
        ("propose", "it is proposed to a person, by confirmation: the decision is propose"),
        ("alert-only", "nothing is done: the decision is alert-only, which no gate is asked about"),
    ],
)
def test_what_would_come_of_it_is_one_sentence(actor: Actor, decision: str, would: str) -> None:
    assert foresee(actor, decision=decision).would == would


def test_the_plan_and_its_undo_are_told(actor: Actor) -> None:
    actor.host.log("old.log.1")
    foreseen = foresee(actor, DISK, "disk-cleanup")
    assert foreseen.plan is not None
    assert [command.step for command in foreseen.plan.commands] == ["quarantine-files", "purge-quarantine"]
    assert foreseen.undo.startswith("what it changes can be undone for 7d (protection quarantine); never to be undone once begun: ")
    undo = foresee(actor).undo
    assert (undo.startswith("it cannot be undone (web has no "), undo.endswith(": a service loses what it holds in memory, as in a crash")) == (True, True)


def test_a_silence_a_stop_and_shadow_hold_it_back_as_in_reality(actor: Actor, host: Host) -> None:
    actor.alertmanager.active = [silence(Matcher("target", "web"))]
    assert foresee(actor).would.startswith("it is refused, by silenced: silenced by ada")
    actor.stop()
    assert foresee(actor).would == "it is refused, by stopped: stopped: by ada: enough"
    actor.world.stop.path.unlink()
    actor.journal.close()
    shadow = Actor(host, autonomy={"mode": "shadow"})
    assert foresee(shadow).would.startswith("it is recorded only, by stopped: mode is shadow")
    shadow.journal.close()


def test_an_episode_that_goes_on_is_seen_as_it_is(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    assert foresee(actor, decision="propose").would.startswith(f"nothing new: its episode goes on as incident {actor.incident().id}, which is proposed")
    assert foresee(actor).would == "it is executed: every gate agrees"
    refuse(actor.world, Spoken(actor.incident().id, "ada@desk"), "denied")
    foreseen = foresee(actor)
    assert foreseen.would.endswith("which is denied: denied by ada@desk")
    assert [word.word for word in foreseen.words] == ["denied"]


def test_what_is_no_decision_is_said_in_words(actor: Actor) -> None:
    assert simulate(actor.world, {"alertname": "Watchdog"}, {}) == "alert 'Watchdog' is no decision"


def test_a_plan_that_cannot_be_made_is_told_with_its_reason(actor: Actor) -> None:
    actor.host.control.write_text("#!/bin/sh\nexit 1\n")
    foreseen = foresee(actor)
    assert (foreseen.obstacle or "").startswith("no plan can be made: ")
    assert foreseen.would.startswith("it is refused, by ")
