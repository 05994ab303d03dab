"""Whatever persons, tiers, silences, stops and crashes do in whatever order: no run without leave, and one run for one yes."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actor.journal import incidents, words
from actor.person import Spoken
from actor.person.again import ask_again
from actor.person.approval import approve
from actor.person.deferral import defer
from actor.person.refusal import refuse
from homeostat.alertmanager import Matcher
from tests.crash import Killed, Reaper, reaping
from tests.support import HOUR, MINUTE, WEB, Actor, Host, silence

if TYPE_CHECKING:
    import pytest

TIERS = ("auto-execute", "notify-execute", "propose")
EVENTS = [
    ("advance", 1.0), ("advance", 11 * MINUTE), ("advance", 2 * HOUR), ("defer", None), ("defer", HOUR), ("stop", None), ("lift", None), ("silence", None),
    ("unsilence", None), ("restart", None), ("by hand", None),
]  # fmt: skip
# A tier is heard, a person says something, the world moves on: rounds of these meet one another more often than single moves would.
ROUNDS = st.lists(st.tuples(st.sampled_from(TIERS), st.sampled_from(["approve", "deny", "veto", "again"]), st.sampled_from(EVENTS)), min_size=2, max_size=5)


@dataclasses.dataclass
class Play:
    """An actor, and what it may do by what was said: how many runs, and whether one may begin now."""

    actor: Actor
    asked: int = 0
    runs: int = 0

    def turn(self) -> None:
        """Let the actor do what is due, and see that nothing began without leave."""
        held = self.actor.world.stop.reason() is not None or bool(self.actor.alertmanager.active)
        known = incidents.recent(self.actor.journal, 0.0)
        refused = bool(known) and known[0].outcome in {"denied", "vetoed"}
        before = len(self.actor.journal.rows("SELECT 1 FROM executions"))
        self.actor.turn()
        begun = len(self.actor.journal.rows("SELECT 1 FROM executions")) - before
        self.runs += begun
        assert begun == 0 or not (held or refused)
        assert self.runs <= 1 + self.asked, "a second run that nobody asked for"

    def move(self, name: str, value: Any) -> None:
        if name == "decide":
            self.actor.decide(WEB, "service-restart", value, 0.99)
        elif name == "advance":
            self.actor.clock.advance(value)
            for incident in incidents.open_episodes(self.actor.journal):
                with self.actor.journal.transaction() as db:
                    incidents.still_firing(db, incident.id, self.actor.clock.now())
        elif name in {"stop", "lift"}:
            self.actor.stop() if name == "stop" else self.actor.world.stop.path.unlink(missing_ok=True)
        elif name in {"silence", "unsilence"}:
            self.actor.alertmanager.active = [silence(Matcher("target", "web"))] if name == "silence" else []
        elif name == "restart":
            self.actor = self.actor.restarted()
        elif name == "by hand":
            (self.actor.host.service / "invocation").write_text(str(self.actor.host.restarts() + 2))
        else:
            self.say(name, value, Spoken(self.actor.incident().id, "ada@desk"))

    def say(self, name: str, value: float | None, spoken: Spoken) -> None:
        world = self.actor.world
        proposal = incidents.proposal_of(self.actor.journal, spoken.incident_id)
        if name == "approve":
            approve(world, spoken, proposal["plan_hash"] if proposal else "x")
        elif name == "again":
            again = ask_again(world, spoken)
            said = [word.word for word in words.said_of(self.actor.journal, spoken.incident_id)]
            self.asked = said.count("again")
            assert again.taken or self.actor.incident().outcome not in {"denied", "vetoed"} or self.actor.incident().episode_ended_at is not None
        elif name == "defer":
            defer(world, spoken, None if value is None else world.clock.now() + value)
        else:
            refuse(world, spoken, "denied" if name == "deny" else "vetoed")


@given(rounds=ROUNDS)
@settings(max_examples=60, deadline=None)
def test_no_run_without_leave_and_one_run_for_one_yes(rounds: list[tuple[str, str, tuple[str, Any]]]) -> None:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="homeostat-play-"))
    play = Play(Actor(Host(folder)))
    try:
        for tier, word, event in rounds:
            for name, value in (("decide", tier), (word, None), event):
                play.move(name, value)
                play.turn()
    finally:
        play.actor.journal.close()
        shutil.rmtree(folder)


def test_killed_anywhere_between_the_yes_and_the_end_it_runs_once_and_the_yes_is_used_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = 0
    for number in range(200):
        actor = Actor(Host(tmp_path / str(number)))
        actor.decide(WEB, "service-restart", "propose", 0.99)
        actor.turn()
        proposal = incidents.proposal_of(actor.journal, actor.incident().id)
        assert proposal is not None
        reaper = Reaper(number)
        died = False
        with reaping(monkeypatch, reaper):
            try:
                approve(actor.world, Spoken(actor.incident().id, "ada@desk"), proposal["plan_hash"])
                actor.turn()
            except Killed:
                died = True
        following = actor.restarted()
        approved = bool(words.said_of(following.journal, following.incident().id))
        for _ in range(4):
            following.turn()
            following.clock.advance(61)
            following.prometheus.decide(WEB, "service-restart", "propose", 0.99)
        assert following.host.restarts() == int(approved) or following.incident().outcome == "interrupted", (number, reaper.seen)
        assert following.host.restarts() <= 1
        assert words.approval_of(following.journal, following.incident().id, following.clock.now()) is None
        assert following.incident().state == (None if approved else "proposed")
        following.journal.close()
        points += died
        if not died:
            break
    assert points > 10
