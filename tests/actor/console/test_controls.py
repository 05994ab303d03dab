"""The page of controls: pause, end what holds, stop and resume; each as the command line does it, and never by a GET."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import pathlib
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
import requests

from actor.journal import JournalError, controls, export, ledger
from actor.model import Breaker
from actor.situation import ask_silences
from homeostat.alertmanager import AlertmanagerError, Matcher
from homeostat.clock import rfc3339
from homeostat.silences import is_pause, pause_matchers
from tests.actor.console.visitor import Visitor, message, read, text, visiting
from tests.actor.web import AS_ALERTMANAGER, payload, served
from tests.support import HOST, HOUR, WEB, silence
from tests.unreal import Hanging

if TYPE_CHECKING:

    from werkzeug.test import TestResponse

    from tests.support import Actor, FakeAlertmanager

PAGE = "/controls"
PAUSE = {"for": "2h", "reason": "a  film\r\n tonight"}


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def say(ada: Visitor, word: str, **fields: str) -> TestResponse:
    return ada.send(ada.form(PAGE, f"{PAGE}/{word}"), **fields)


def said(actor: Actor) -> list[tuple[str, str, str, str]]:
    return [(one.word, one.scope, one.author, one.reason) for one in controls.latest(actor.journal, 100)]


def refused(actor: Actor) -> str:
    """Let a restart be decided, and return the gate's word on why nothing is done."""
    actor.decide(WEB, "service-restart", "auto-execute")
    actor.turn()
    assert actor.incident().outcome == "refused"
    return actor.incident().reason


def test_a_pause_is_the_silence_that_the_command_line_makes(actor: Actor, ada: Visitor) -> None:
    page = say(ada, "pause", **PAUSE)
    ends_at = rfc3339(actor.clock.now() + 2 * HOUR)
    assert message(page) == f"Heard: everything is paused until {ends_at}; people go on to hear of every problem"
    (made,) = actor.alertmanager.active
    assert (set(made.matchers), made.created_by, made.comment, made.ends_at) == (set(pause_matchers(HOST)), "ada@console", "a film tonight", ends_at)
    for told in (text(page), text(ada.client.get("/"))):
        assert f"everything pause ada@console {ends_at[:10]}" in told
    assert said(actor) == [("paused", "everything", "ada@console", "a film tonight")]
    assert "a film tonight" in refused(actor)


@pytest.mark.parametrize(
    ("fields", "narrowed", "scope"),
    [
        ({"scope": "service:web"}, {"target": "web"}, "target web"),
        ({"scope": "filesystem:disk", "action": "disk-cleanup"}, {"target": "disk", "action": "disk-cleanup"}, "target disk, action disk-cleanup"),
        ({"action": "service-restart"}, {"action": "service-restart"}, "action service-restart"),
    ],
)
def test_a_pause_is_narrowed_to_what_was_chosen(actor: Actor, ada: Visitor, fields: dict[str, str], narrowed: dict[str, str], scope: str) -> None:
    assert message(say(ada, "pause", **PAUSE, **fields)).startswith(f"Heard: {scope} is paused until ")
    matchers = actor.alertmanager.active[0].matchers
    assert {matcher.name: matcher.value for matcher in matchers if matcher.name in {"target", "action"}} == narrowed
    assert is_pause(matchers, HOST)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"for": "soon"}, "'soon' is no duration"),
        ({"for": "0s"}, "0s is none"),
        ({"for": ""}, "is no duration"),
        ({"for": "9" * 400 + "d"}, "nothing is paused"),
        ({"for": "367d"}, "a year at most"),
        ({"reason": "  "}, "a pause has a reason"),
        ({"scope": "service:wbe"}, "there is no service 'wbe' in the configuration; known: web"),
        ({"scope": "host:h1"}, "'host' is nothing that can be paused"),
        ({"scope": "service:"}, "there is no service ''"),
        ({"action": "rm -rf"}, "the actor has no action 'rm -rf'"),
    ],
)
def test_a_pause_that_does_not_fit_is_not_made(actor: Actor, ada: Visitor, fields: dict[str, str], why: str) -> None:
    told = message(say(ada, "pause", **{**PAUSE, **fields}))
    assert (told.startswith("Not done: "), why in told, actor.alertmanager.active, said(actor)) == (True, True, [], [])


def test_many_presses_of_one_button_are_one_pause(actor: Actor, ada: Visitor) -> None:
    form = ada.form(PAGE, f"{PAGE}/pause")
    with served(ada.pages.app) as (host, port), concurrent.futures.ThreadPoolExecutor(6) as hands:
        pressed = [
            hands.submit(requests.post, f"http://{host}:{port}{form.action}", {**form.fields, **PAUSE}, cookies=dict([ada.cookie]), allow_redirects=False, timeout=20)
            for _ in range(6)
        ]
        assert {press.result().headers["Location"] for press in pressed} == {PAGE}
    assert (len(actor.alertmanager.active), len(said(actor))) == (1, 1)


def test_without_alertmanager_nothing_is_paused_and_the_page_says_that_a_stop_needs_none(actor: Actor, ada: Visitor) -> None:
    actor.alertmanager.down = True
    told = message(say(ada, "pause", **PAUSE))
    assert ("Not done: nothing is paused: Alertmanager at" in told, "stop: that needs no Alertmanager" in told, said(actor)) == (True, True, [])
    assert message(say(ada, "stop", reason="enough")).startswith("Heard: everything is stopped")


@pytest.mark.parametrize("word", ["pause", "resume", "end"])
def test_whoever_presses_again_and_again_while_alertmanager_hangs_leaves_a_thread_to_the_stop_and_to_deliveries(actor: Actor, ada: Visitor, word: str) -> None:
    form, stop, hanging = ada.form(PAGE, f"{PAGE}/{word if word != 'end' else 'pause'}"), ada.form(PAGE, f"{PAGE}/stop"), Hanging(AlertmanagerError)
    actor.world.alertmanager = cast("FakeAlertmanager", hanging)
    with served(ada.pages.app) as (host, port), concurrent.futures.ThreadPoolExecutor(10) as hands:

        def press(action: str, **fields: str) -> requests.Response:
            return requests.post(f"http://{host}:{port}{action}", {**form.fields, **fields}, cookies=dict([ada.cookie]), allow_redirects=False, timeout=120)

        pressed = [hands.submit(press, f"{PAGE}/{word}", **PAUSE, sure="1", silence="s1") for _ in range(10)]
        try:
            # The first holds a thread for as long as Alertmanager hangs.
            assert len(concurrent.futures.wait(pressed, 0.3).done) < len(pressed)
            assert press(stop.action, sure="1", reason="enough").status_code == 303
            delivered = requests.post(f"http://{host}:{port}/webhook", payload(), headers=AS_ALERTMANAGER, timeout=120)
            assert (delivered.status_code, hanging.over.is_set()) == (202, False)
            assert "by ada@console" in (actor.world.stop.reason() or "")
            others = concurrent.futures.as_completed(pressed, 15)
            assert {next(others).result().status_code for _ in pressed[1:]} == {303}
        finally:
            hanging.over.set()


def test_a_pause_is_ended_by_its_button(actor: Actor, ada: Visitor) -> None:
    say(ada, "pause", **PAUSE)
    refused(actor)
    assert message(say(ada, "end")) == "Heard: the silence of ada@console is over: a film tonight"
    assert (actor.alertmanager.active, said(actor)[0][:2]) == ([], ("ended", "everything"))
    actor.turn()
    assert actor.incident().outcome == "succeeded"


def test_another_person_s_silence_is_ended_only_by_who_is_sure(actor: Actor, ada: Visitor) -> None:
    actor.alertmanager.active = [silence(Matcher("target", "web"), comment="mine")]
    actor.world.silences = ask_silences(actor.world)
    form = ada.form(PAGE, f"{PAGE}/end")
    assert "say that you are sure" in message(ada.send(form, sure=""))
    assert len(actor.alertmanager.active) == 1
    assert message(ada.send(form)) == "Heard: the silence of ada is over: mine"
    assert "is over, or holds nothing" in message(ada.send(form))


def test_a_silence_that_holds_nothing_here_is_not_ended_here(actor: Actor, ada: Visitor) -> None:
    say(ada, "pause", **PAUSE)
    form = ada.form(PAGE, f"{PAGE}/end")
    actor.alertmanager.active = [silence(Matcher("alertname", "SomebodyElses"), comment="not ours")]
    assert "holds nothing of this host back" in message(ada.send(form, silence="s1"))
    assert len(actor.alertmanager.active) == 1


def test_a_stop_needs_a_box_that_is_ticked_and_holds_until_somebody_resumes(actor: Actor, ada: Visitor) -> None:
    assert "tick the box too" in message(say(ada, "stop", sure="", reason="enough"))
    assert actor.world.stop.reason() is None
    page = say(ada, "stop", reason="enough")
    assert message(page) == "Heard: everything is stopped, until you resume; what ran is ended or rolled back"
    assert "everything stop ada@console a person resumes enough (since" in text(page)
    assert "stopped: by ada@console at" in refused(actor)
    assert "tick the box too" in message(say(ada, "resume", sure=""))
    assert message(say(ada, "resume")) == "Heard: the stop is lifted; every breaker is closed"
    assert [word for word, *_ in said(actor)] == ["resumed", "stopped"]
    actor.turn()
    assert actor.incident().outcome == "succeeded"


def test_a_stop_that_cannot_be_pulled_says_loudly_that_nothing_is_stopped(actor: Actor, ada: Visitor, tmp_path: pathlib.Path) -> None:
    actor.world.stop.paths = [tmp_path / "nowhere" / "stop"]
    assert "NOTHING IS STOPPED" in message(say(ada, "stop"))
    assert said(actor) == []


def test_a_stop_and_its_page_need_none_of_the_journal(actor: Actor, ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    form = ada.form(PAGE, f"{PAGE}/stop")

    def broken(*_: object) -> None:
        raise JournalError("the disk is gone")

    for method in ("rows", "transaction"):
        monkeypatch.setattr(actor.journal, method, broken)
    page = ada.send(form, reason="enough")
    assert page.status_code == 200
    assert message(page).startswith("Heard: everything is stopped")
    assert "the journal could not take it down" in message(page)
    assert "by ada@console" in (actor.world.stop.reason() or "")


def test_root_s_stop_is_not_lifted_here_and_the_page_says_where(actor: Actor, ada: Visitor, tmp_path: pathlib.Path) -> None:
    roots = tmp_path / "root" / "stop"
    roots.mkdir(parents=True)
    actor.world.stop.paths = [roots, *actor.world.stop.paths]
    assert "sudo homeostat resume" in text(ada.client.get(PAGE))
    say(ada, "stop")
    told = message(say(ada, "resume"))
    assert ("not all: the stop: it was pulled on the host" in told, "every breaker is closed" in told) == (True, True)
    assert not actor.world.stop.own.exists()


def test_a_folder_that_may_not_be_written_and_holds_no_stop_is_nothing_that_resume_failed_at(actor: Actor, ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlink(path: pathlib.Path, missing_ok: bool = False) -> None:
        if path == elsewhere:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        removed(path, missing_ok=missing_ok)

    removed = pathlib.Path.unlink
    elsewhere = pathlib.Path("/var/lib/homeostat-executor-of-nobody/stop")
    actor.world.stop.paths = [elsewhere, *actor.world.stop.paths]
    monkeypatch.setattr(pathlib.Path, "unlink", unlink)
    say(ada, "stop")
    assert message(say(ada, "resume")).startswith("Heard: the stop is lifted")


def test_resume_ends_pauses_closes_breakers_and_leaves_other_people_s_silences(actor: Actor, ada: Visitor) -> None:
    other = silence(Matcher("target", "web"), comment="mine")
    actor.alertmanager.active = [other]
    for scope in ("", "service:web"):
        say(ada, "pause", **PAUSE, scope=scope)
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=actor.clock.now() + HOUR, openings=1))
    assert "3 failures in a row" in text(ada.client.get(PAGE))
    assert message(say(ada, "resume", reason="done")) == "Heard: 2 pauses are over; every breaker is closed"
    assert (actor.alertmanager.active, ledger.breakers(actor.journal)) == ([other], ())
    assert said(actor)[0] == ("resumed", "everything", "ada@console", "done")


def test_what_cannot_be_resumed_keeps_nothing_else_from_being_resumed(actor: Actor, ada: Visitor) -> None:
    say(ada, "stop")
    actor.alertmanager.down = True
    told = message(say(ada, "resume"))
    assert told.startswith("Not done: not all: the pauses: Alertmanager at")
    assert "Done: the stop is lifted; every breaker is closed" in told
    assert actor.world.stop.reason() is None


def test_what_alertmanager_has_lost_is_over_when_somebody_resumes(actor: Actor, ada: Visitor) -> None:
    say(ada, "pause", **PAUSE)
    refused(actor)
    actor.alertmanager.crash()
    actor.clock.advance(60)
    actor.world.silences = ask_silences(actor.world)
    assert "Alertmanager has lost it" in text(ada.client.get(PAGE))
    assert "1 lost silence is over" in message(say(ada, "resume"))
    assert "Alertmanager has lost it" not in text(ada.client.get(PAGE))


def test_every_breaker_is_closed_by_its_button(actor: Actor, ada: Visitor) -> None:
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="service-restart/web", failures=2, open_until=actor.clock.now() + HOUR, openings=1))
    assert message(say(ada, "close")) == "Heard: every breaker is closed"
    assert (ledger.breakers(actor.journal), said(actor)) == ((), [("closed", "breakers", "ada@console", "")])


def test_what_was_said_is_in_the_audit_trail_and_of_very_much_the_oldest_goes(actor: Actor, ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "_MOST", 2)
    for word in ("stop", "resume", "stop"):
        say(ada, word)
    assert [one.word for one in controls.latest(actor.journal, 10)] == ["stopped", "resumed"]
    assert [line for line in export.lines(actor.journal, 0.0) if b'"kind":"control"' in line]


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "w" * 200, "\x1b[2J\u202e", "</form><form action=//evil.example>"])
def test_what_a_silence_says_is_text_on_the_page(actor: Actor, ada: Visitor, words: str) -> None:
    def made_of() -> list[tuple[str, tuple[str, ...]]]:
        with actor.journal.transaction() as db:
            for table in ("controls", "held"):
                db.execute(f"DELETE FROM {table}")
        actor.world.silences = ask_silences(actor.world)
        return [(tag, tuple(attributes)) for page in (PAGE, "/") for tag, attributes in read(ada.client.get(page)).elements]

    said = silence(Matcher("target", "web"), comment="harmless")
    actor.alertmanager.active = [msgspec.structs.replace(said, created_by="ada", id="one")]
    harmless = made_of()
    actor.alertmanager.active = [msgspec.structs.replace(said, created_by=words, comment=words, id=words)]
    assert made_of() == harmless


def test_a_long_reason_is_cut_and_a_strange_one_is_text(actor: Actor, ada: Visitor) -> None:
    page = say(ada, "stop", reason="<script>alert(1)</script>" + "x" * 2000)
    assert "<script" not in page.text
    assert len(said(actor)[0][3]) == 1000
