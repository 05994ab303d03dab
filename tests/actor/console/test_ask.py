"""A question in free words is answered on a page: from the same kinds as on the command line, from the actor's own journal."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

import pytest

from actor.console.asking import OwnLists
from homeostat.daemon_client import DaemonRefused
from tests.actor.console.visitor import Visitor, read, text, visiting
from tests.selecting import hear_all
from tests.support import WEB

if TYPE_CHECKING:
    from tests.support import Actor

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>`<b>'


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    hear_all(actor.prometheus)
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def page(visitor: Visitor, question: str) -> str:
    answer = visitor.client.get(f"/ask?{urllib.parse.urlencode({'question': question})}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_without_a_question_it_lists_what_can_be_asked(ada: Visitor) -> None:
    links = [attributes.get("href", "") for tag, attributes in read(ada.client.get("/ask")).elements if tag == "a"]
    assert "/ask?question=what+should+I+worry+about?" in links
    assert "/ask?question=is+web+running?" in links


def test_the_journal_answers_with_links_to_its_incidents(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart", "propose", 0.85)
    actor.turn()
    told = page(ada, "what waits for me?")
    assert f'href="/incidents/{actor.incident().id}"' in told
    assert f"<code>homeostat approve {actor.incident().id}</code>" in told
    assert "GET /api/v1/proposals of the actor" in told
    happened = page(ada, "what happened to web today")
    assert f'href="/incidents/{actor.incident().id}"' in happened
    assert "proposed" in happened


def test_why_is_told_of_the_last_run(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert "service-restart was run at web at" in page(ada, "why did you restart web?")


def test_what_nobody_understands_and_what_is_too_long_is_no_error(ada: Visitor) -> None:
    assert "That is no question that is known here." in page(ada, "bake a cake")
    assert "That is no question that is known here." in page(ada, "x" * 5000)


def test_markup_in_a_question_and_in_names_is_text(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart", "propose", 0.85)
    actor.turn()
    with actor.journal.transaction() as db:
        db.execute("UPDATE incidents SET target = ?, reason = ?", (MARKUP, MARKUP))
    for question in (MARKUP, f"what waits for me {MARKUP}", f"what was refused at {MARKUP}"):
        answer = page(ada, question)
        assert "<script" not in answer
        assert "<img" not in answer


def test_it_needs_a_login_and_changes_nothing(actor: Actor) -> None:
    stranger = visiting(actor)
    assert stranger.client.get("/ask?question=what+waits+for+me").status_code == 303
    assert stranger.client.post("/ask").status_code in {400, 405}


def test_what_the_journal_has_not_is_refused_in_words(actor: Actor) -> None:
    lists = OwnLists(visiting(actor).pages.service)
    for path, said in (("incidents/none", {}), ("nothing", {}), ("decisions", {"outcome": "nonsense"})):
        with pytest.raises(DaemonRefused):
            lists.get(path, **said)
    assert lists.get("scheduled") == []


def test_what_is_read_is_what_the_api_says(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    own = OwnLists(ada.pages.service).get("decisions", last="604800", target="web")
    assert [entry["id"] for entry in own] == [actor.incident().id]
    assert text(ada.client.get("/ask?question=what+did+you+do")).count("succeeded") >= 1
