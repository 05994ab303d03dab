"""Who paused and who stopped is written down once, wherever it was said: on the command line, in Alertmanager, on the host or in the console."""

from __future__ import annotations

import pathlib

import msgspec
import pytest

from actor.journal import JournalError, controls, held
from actor.journal.controls import Control
from actor.journal.held import Seen
from actor.noticed import note_stops
from actor.situation import ask_silences
from actor.world import StopSwitch
from homeostat import stopping
from homeostat.alertmanager import Matcher, Silence, SilenceStatus
from homeostat.clock import rfc3339
from homeostat.silences import pause_matchers
from tests.actor.console.visitor import Visitor, visiting
from tests.support import HOST, HOUR, NOW, Actor, Host

Line = tuple[str, str, str, str]


@pytest.fixture
def actor(tmp_path: pathlib.Path) -> Actor:
    return Actor(Host(tmp_path))


def silence(name: str, *matchers: Matcher) -> Silence:
    return Silence(name, matchers, "bob@nas", "a film", rfc3339(NOW), rfc3339(NOW + HOUR), SilenceStatus("active"))


def pause(name: str = "s1") -> Silence:
    return silence(name, *pause_matchers(HOST))


def heard(actor: Actor) -> list[Line]:
    """Look at what holds, as the loop and the reconciling do, and return what was said, the first said first."""
    actor.world.silences = ask_silences(actor.world)
    note_stops(actor.world)
    return [(one.word, one.scope, one.author, one.reason) for one in controls.latest(actor.journal, 100)[::-1]]


def pull(actor: Actor, author: str = "root@nas") -> None:
    stopping.pull(actor.world.stop.paths[0], stopping.told_by(author, actor.clock.now(), "smoke"), pathlib.Path("/nowhere"))


BEGAN = ("paused", "everything", "bob@nas", "a film")


def test_a_pause_that_the_command_line_made_is_noted_once_with_who_why_and_until(actor: Actor) -> None:
    actor.alertmanager.active = [pause()]
    assert heard(actor) == [BEGAN]
    assert controls.latest(actor.journal, 1)[0].until == NOW + HOUR
    back = actor.restarted()
    assert heard(back) == [BEGAN]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        pytest.param(HOUR, ("over", "everything", "", "its time had come"), id="its time has come"),
        pytest.param(HOUR / 2, ("ended", "everything", "not known", "Alertmanager does not tell who ended it"), id="somebody ended it"),
    ],
)
def test_that_it_is_over_is_noted_too(actor: Actor, after: float, told: Line) -> None:
    actor.alertmanager.active = [pause()]
    heard(actor)
    actor.clock.advance(after)
    actor.alertmanager.active = []
    assert heard(actor) == [BEGAN, told]
    assert controls.latest(actor.journal, 1)[0].said_at == NOW + after
    assert heard(actor) == [BEGAN, told]


def test_one_whose_end_is_moved_is_over_at_its_new_end(actor: Actor) -> None:
    actor.alertmanager.active = [pause()]
    heard(actor)
    actor.alertmanager.active = [msgspec.structs.replace(pause(), ends_at=rfc3339(NOW + 2 * HOUR))]
    heard(actor)
    actor.clock.advance(HOUR)
    actor.alertmanager.active = []
    assert [word for word, *_ in heard(actor)] == ["paused", "ended"]


def test_one_that_takes_the_place_of_another_is_the_last_word(actor: Actor) -> None:
    actor.alertmanager.active = [pause("s1")]
    heard(actor)
    actor.alertmanager.active = [pause("s2")]
    assert [word for word, *_ in heard(actor)] == ["paused", "ended", "paused"]


def test_only_what_holds_something_back_here_is_noted_and_by_what_it_holds(actor: Actor) -> None:
    actor.alertmanager.active = [silence("s1", Matcher("target", "web")), silence("s2", Matcher("alertname", "SomebodyElses")), silence("s3", Matcher("host", "another"))]
    assert heard(actor) == [("paused", "target web", "bob@nas", "a film")]


def test_one_that_alertmanager_loses_is_over_when_its_time_comes(actor: Actor) -> None:
    actor.alertmanager.active = [pause()]
    heard(actor)
    actor.alertmanager.crash()
    assert heard(actor) == [BEGAN]
    actor.clock.advance(HOUR + 1)
    assert heard(actor) == [BEGAN, ("over", "everything", "", "its time had come")]


def test_an_older_answer_that_comes_late_begins_nothing_a_second_time(actor: Actor) -> None:
    actor.alertmanager.active = [pause()]
    heard(actor)
    actor.alertmanager.active = []
    heard(actor)
    actor.alertmanager.active = [pause()]
    heard(actor)
    actor.alertmanager.active = []
    assert [word for word, *_ in heard(actor)] == ["paused", "ended"]


def test_a_journal_that_cannot_take_it_down_hides_no_silence_from_the_gates(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise JournalError("no room")

    monkeypatch.setattr("actor.journal.held.follow", broken)
    actor.alertmanager.active = [pause()]
    found = ask_silences(actor.world)
    assert found is not None
    assert [one.id for one in found.active] == ["s1"]
    monkeypatch.undo()
    assert heard(actor) == [BEGAN]


def test_a_stop_that_was_pulled_on_the_host_is_noted_and_that_it_was_lifted(actor: Actor) -> None:
    pull(actor)
    stopped = ("stopped", "everything", "root@nas", "smoke")
    assert heard(actor) == [stopped]
    back = actor.restarted()
    assert heard(back) == [stopped]
    stopping.lift(back.world.stop.paths)
    assert heard(back) == [stopped, ("resumed", "everything", "not known", "the stop was lifted on the host")]


def test_a_journal_that_cannot_take_a_stop_down_does_not_hold_the_loop_up(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise JournalError("no room")

    monkeypatch.setattr("actor.journal.held.follow", broken)
    pull(actor)
    note_stops(actor.world)
    monkeypatch.undo()
    assert heard(actor) == [("stopped", "everything", "root@nas", "smoke")]


def test_two_looks_at_once_note_an_end_once(actor: Actor) -> None:
    def ended(*_: object) -> Control:
        return Control(word="ended", scope="everything", author="not known", said_at=NOW)

    class SeenByAnotherMeanwhile(frozenset[str]):
        """What is there no more, of which another look notes the end after this one has read what was known."""

        def __contains__(self, source: object) -> bool:
            held.follow(actor.journal, "silence", Seen({}, (), ("silence s1",)), ended)
            return super().__contains__(source)

    actor.alertmanager.active = [pause()]
    heard(actor)
    held.follow(actor.journal, "silence", Seen({}, SeenByAnotherMeanwhile(), ("silence s1",)), ended)
    assert [one.word for one in controls.latest(actor.journal, 100)[::-1]] == ["paused", "ended"]


def test_a_second_stop_over_the_first_lifts_nothing(actor: Actor) -> None:
    pull(actor, "ada@console")
    heard(actor)
    pull(actor, "root@nas")
    assert [line[:3] for line in heard(actor)] == [("stopped", "everything", "ada@console"), ("stopped", "everything", "root@nas")]
    stopping.lift(actor.world.stop.paths)
    assert [line[0] for line in heard(actor)] == ["stopped", "stopped", "resumed"]


def test_of_two_stops_only_the_last_that_is_lifted_resumes(actor: Actor, tmp_path: pathlib.Path) -> None:
    actor.world.stop = StopSwitch(str(tmp_path), actor.config.actor.state_directory)
    for path in actor.world.stop.paths:
        stopping.pull(path, stopping.told_by("root@nas", NOW, path.parent.name), pathlib.Path("/nowhere"))
    assert [line[0] for line in heard(actor)] == ["stopped", "stopped"]
    stopping.lift(actor.world.stop.paths[:1])
    assert [line[0] for line in heard(actor)] == ["stopped", "stopped"]
    stopping.lift(actor.world.stop.paths)
    assert [line[0] for line in heard(actor)] == ["stopped", "stopped", "resumed"]


def test_two_stops_that_are_lifted_together_resume_once(actor: Actor, tmp_path: pathlib.Path) -> None:
    actor.world.stop = StopSwitch(str(tmp_path), actor.config.actor.state_directory)
    for path in actor.world.stop.paths:
        stopping.pull(path, stopping.told_by("root@nas", NOW, path.parent.name), pathlib.Path("/nowhere"))
    heard(actor)
    stopping.lift(actor.world.stop.paths)
    assert [line[0] for line in heard(actor)] == ["stopped", "stopped", "resumed"]


def test_a_file_that_says_nothing_of_ours_is_a_stop_all_the_same(actor: Actor) -> None:
    actor.world.stop.paths[0].write_text("because", encoding="utf-8")
    assert heard(actor) == [("stopped", "everything", "not known", "because")]


class TestInTheConsole:
    """What is said there is written down by who said it, and not a second time by who notices it."""

    @pytest.fixture
    def ada(self, actor: Actor) -> Visitor:
        visitor = visiting(actor)
        visitor.log_in()
        return visitor

    def say(self, ada: Visitor, word: str, **fields: str) -> None:
        ada.send(ada.form("/controls", f"/controls/{word}"), **fields)

    def test_a_pause_and_its_end(self, actor: Actor, ada: Visitor) -> None:
        self.say(ada, "pause", **{"for": "2h", "reason": "a film"})
        self.say(ada, "end")
        assert [line[:3] for line in heard(actor)] == [("paused", "everything", "ada@console"), ("ended", "everything", "ada@console")]

    def test_a_stop_and_the_resume(self, actor: Actor, ada: Visitor) -> None:
        self.say(ada, "stop")
        heard(actor)
        self.say(ada, "resume")
        assert [line[:3] for line in heard(actor)] == [("stopped", "everything", "ada@console"), ("resumed", "everything", "ada@console")]

    def test_a_resume_that_ends_another_s_pause(self, actor: Actor, ada: Visitor) -> None:
        actor.alertmanager.active = [pause()]
        heard(actor)
        self.say(ada, "resume", reason="done")
        assert heard(actor) == [BEGAN, ("resumed", "everything", "ada@console", "done")]

    def test_what_alertmanager_does_not_end_holds_on_and_its_end_is_noted_when_it_comes(self, actor: Actor, ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
        actor.alertmanager.active = [pause()]
        heard(actor)
        monkeypatch.setattr(actor.alertmanager, "expire", lambda silence_id: actor.alertmanager.silence_of("none"))
        self.say(ada, "end")
        actor.clock.advance(HOUR)
        actor.alertmanager.active = []
        assert heard(actor) == [BEGAN, ("over", "everything", "", "its time had come")]

    def test_the_page_tells_what_was_said_elsewhere(self, actor: Actor, ada: Visitor) -> None:
        actor.alertmanager.active = [pause()]
        heard(actor)
        said = ada.client.get("/controls").text.partition('id="said"')[2]
        assert ("bob@nas" in said, "a film" in said) == (True, True)
