"""Whatever stands in labels, annotations, reasons and results is text on a page, never a part of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from homeostat.printable import printable
from tests.actor.console.visitor import Visitor, read, visiting
from tests.hostile import BY_KIND
from tests.support import WEB

if TYPE_CHECKING:
    from tests.support import Actor

MARKUP = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "</textarea></form><form action=//evil.example>",
    "<svg/onload=alert(1)>", "javascript:alert(1)", "{{ 7 * 7 }}", "{% raw %}", "&lt;b&gt;", "<!--", "]]>", "\x00<b>", "\u2028<i>", "<b>" * 70, "w" * 200, "%3Cscript%3E",
    "</title><script>alert(1)</script>", "<style>*{display:none}</style>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>", "\u202eevil", "\ud7ff\ufffe",
]  # fmt: skip
COLUMNS = {
    "incidents": ("problem", "target", "resource", "action", "risk", "severity", "reason"),
    "words": ("author", "reason"),
    "verdicts": ("gate", "reason"),
    "phases": ("failure",),
    "proposals": ("approved_by",),
}


def encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.fixture
def told(actor: Actor) -> Visitor:
    """Log in at a console with a story that has a part of every kind."""
    actor.decide(WEB, "service-restart", "propose", 0.95)
    actor.turn()
    visitor = visiting(actor)
    visitor.log_in()
    visitor.say(actor.incident().id, "approve", reason="why not")
    actor.turn()
    return visitor


def rewrite(actor: Actor, text: str) -> None:
    """Put a text wherever the journal keeps what came from outside."""
    check = {"name": text, "status": text, "detail": text}
    command = {"summary": text, "expected": text, "irreversible": True}
    plan = {"commands": [command], "left": [text], "undo": text, "confidence": 0.9, "duration_seconds": 60}
    with actor.journal.transaction() as db:
        for table, columns in COLUMNS.items():
            db.execute(f"UPDATE {table} SET {', '.join(f'{column} = :text' for column in columns)}", {"text": text})
        db.execute("UPDATE incidents SET alert_labels = ?", (json.dumps({"a": text}),))
        db.execute("UPDATE verdicts SET inputs = ?", (json.dumps({"seen": text, text: [text], "more": {text: text}}),))
        db.execute("UPDATE phases SET intent = ?, result = ?, failure = NULL", (json.dumps({"summary": text}), json.dumps({"finding": text, "checks": [check], text: text})))
        db.execute("UPDATE phases SET result = ? WHERE phase = 'plan'", (json.dumps(plan),))
        db.execute("UPDATE proposals SET plan = ?, approved_at = 1.0", (json.dumps(plan),))
        db.execute("UPDATE undo_records SET action = :text, target = :text, pruned_why = :text, pruned_at = 1.0", {"text": text})


def shape(visitor: Visitor, address: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return every element of a page with the names of its attributes."""
    answer = visitor.client.get(address)
    assert answer.status_code == 200, answer.text
    return [(tag, tuple(attributes)) for tag, attributes in read(answer).elements]


@pytest.mark.parametrize("kind", ["pages", *BY_KIND])
def test_a_text_never_changes_what_a_page_is_made_of(actor: Actor, told: Visitor, kind: str) -> None:
    incident_id = actor.incident().id
    pages = (f"/incidents/{incident_id}", *(("/", "/decisions", "/proposals", "/playbooks", "/playbooks/service-restart") if kind == "pages" else ()))
    rewrite(actor, "harmless")
    made_of = {page: shape(told, page) for page in pages}
    for text in filter(encodable, MARKUP if kind == "pages" else BY_KIND[kind]):
        rewrite(actor, text)
        for page in pages:
            assert shape(told, page) == made_of[page], text
        if text.strip() and len(text) < 200:
            words = [element for element in read(told.client.get(f"/incidents/{incident_id}")).text if printable(text) in element]
            assert words, text


def test_an_address_from_outside_is_only_ever_an_incident_of_ours(actor: Actor, told: Visitor) -> None:
    rewrite(actor, "javascript:alert(1)")
    elements: list[tuple[str, dict[str, Any]]] = []
    for page in ("/", "/decisions", "/proposals", f"/incidents/{actor.incident().id}"):
        elements += read(told.client.get(page)).elements
    links = {attributes[name] for _, attributes in elements for name in ("href", "src", "action") if name in attributes}
    assert links
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)


def test_what_a_person_says_is_text_too(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "propose", 0.95)
    actor.turn()
    visitor = visiting(actor)
    visitor.log_in(name="<b>ada</b>")
    page = visitor.say(actor.incident().id, "deny", reason="<script>alert(1)</script>\x1b[2J")
    assert ["<script" in page.text, "<b>" in page.text, "\x1b" in page.text, "\\x1b[2J" in page.text] == [False, False, False, True]
