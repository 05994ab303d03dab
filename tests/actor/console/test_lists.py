"""The list of decisions is chosen from by the words of the command line, and stays quick and paged however long it is."""

from __future__ import annotations

import time
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents
from tests.actor.console.visitor import Visitor, message, read, text, visiting
from tests.support import MINUTE, WEB

if TYPE_CHECKING:
    from tests.support import Actor

MANY = 10_000
# Of the processor: how busy the machine is says nothing of us.
QUICK_SECONDS = 1.0


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def write(actor: Actor, number: int) -> None:
    """Write so many incidents like one that was decided: of ten targets, every third failed, a minute between two of them."""
    actor.decide(WEB, "service-restart", "alert-only", 0.4)
    actor.turn()
    row = dict(actor.journal.rows("SELECT * FROM incidents")[0])
    with actor.journal.transaction() as db:
        for n in range(number):
            opened_at = row["opened_at"] + MINUTE * (n + 1)
            values = {**row, "id": f"n{n}", "target": f"t{n % 10}", "opened_at": opened_at, "closed_at": opened_at + 1, "episode_ended_at": opened_at + 2}
            values |= {"outcome": "failed", "action": "disk-cleanup"} if n % 3 == 0 else {"outcome": "succeeded"}
            db.execute(f"INSERT INTO incidents ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))


def ids(ada: Visitor, address: str) -> list[str]:
    """Return the incidents that a page of the list shows, in its order."""
    links = [attributes.get("href", "") for tag, attributes in read(ada.client.get(address)).elements if tag == "a"]
    return [link.removeprefix("/incidents/") for link in links if link.startswith("/incidents/")]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("target=t3", [23, 13, 3]),
        ("outcome=failed&target=t1", [21]),
        ("action=disk-cleanup&outcome=succeeded", []),
        ("problem=memory_leak&target=t9", [29, 19, 9]),
        ("decision=propose", []),
        ("since=2023-11-14T22:41:00Z&until=2023-11-14T22:43:00Z", [28, 27]),
        ("outcome=&problem=&since=&until=&target=t3", [23, 13, 3]),
        ("target=%27%20OR%201%3D1%20--", []),
    ],
)
def test_what_is_chosen_is_shown_and_nothing_else(actor: Actor, ada: Visitor, asked: str, expected: list[int]) -> None:
    write(actor, 30)
    assert ids(ada, f"/decisions?{asked}") == [f"n{n}" for n in expected]
    if not expected:
        assert "No decision is so." in text(ada.client.get(f"/decisions?{asked}"))


def test_only_what_is_on_its_way(actor: Actor, ada: Visitor) -> None:
    write(actor, 3)
    assert ids(ada, "/decisions?pending=true") == []
    actor.decide(WEB._replace(target="web", problem="service_down"), "service-restart", "propose", 0.85)
    actor.turn()
    assert ids(ada, "/decisions?pending=true") == [incident.id for incident in incidents.recent(actor.journal, 0.0) if incident.state == "proposed"]


@pytest.mark.parametrize(
    ("asked", "why"), [("outcome=great", "Invalid enum value 'great'"), ("decision=x", "Invalid enum value"), ("since=tomorrow", "'tomorrow' is no time"), ("until=9999999999999", "no time")]
)
def test_what_cannot_be_asked_is_said_above_the_form(ada: Visitor, asked: str, why: str) -> None:
    answer = ada.client.get(f"/decisions?{asked}")
    assert (answer.status_code, why in message(answer)) == (400, True)
    assert '<form class="choose"' in answer.text


def test_ten_thousand_are_paged_quickly_and_every_link_keeps_what_was_chosen(actor: Actor, ada: Visitor) -> None:
    write(actor, MANY)
    seen: list[str] = []
    address = "/decisions?action=disk-cleanup&outcome=failed&until=2023-11-21T00%3A00Z"
    for page in range(3):
        began = time.process_time()
        answer = ada.client.get(address)
        assert time.process_time() - began < QUICK_SECONDS
        seen += ids(ada, address)
        assert (f"page {page + 1} of" in answer.text, answer.text.count('<tr role="row">')) == (True, 51)
        older = next(attributes["href"] for tag, attributes in read(answer).elements if attributes.get("rel") == "next")
        chosen = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(older).query))
        assert chosen == {"page": str(page + 2), "action": "disk-cleanup", "outcome": "failed", "until": "2023-11-21T00:00Z"}
        address = older
    assert len(set(seen)) == 150
    assert all(int(known[1:]) % 3 == 0 for known in seen)
    began = time.process_time()
    assert "page 200 of 201" in ada.client.get("/decisions?page=200").text
    assert time.process_time() - began < QUICK_SECONDS
