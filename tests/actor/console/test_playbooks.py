"""The pages of playbooks: what each means in words, how far it is trusted now, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from homeostat.words import SELFTEST
from tests.actor.console.visitor import Visitor, message, text, visiting
from tests.support import WEB, Actor

if TYPE_CHECKING:
    from tests.support import Host


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def at_most(host: Host, name: str = "service-restart", **autonomy: Any) -> str:
    """Return what the list says that a playbook may do at most, under that configuration."""
    actor = Actor(host, autonomy=autonomy)
    visitor = visiting(actor)
    visitor.log_in()
    row = visitor.client.get("/playbooks").text.split(f"/playbooks/{name}")[1].split('data-column="At most"')[1].split("</td>")[0]
    actor.journal.close()
    return " ".join(row.partition("<div>")[2].replace('<span class="small">', "").replace("</span>", "").replace("</div>", "").split())


def test_every_playbook_is_listed_and_has_a_page_that_says_what_it_means(actor: Actor, ada: Visitor) -> None:
    listed = ada.client.get("/playbooks")
    for name, playbook in actor.world.playbooks.items():
        assert (f"/playbooks/{name}" in listed.text) == (name != SELFTEST)
        told = text(ada.client.get(f"/playbooks/{name}"))
        assert all(word in told for word in (*playbook.file.answers, *(planned.kind for planned in playbook.steps), playbook.file.verify.measure))


def test_a_playbook_that_is_not_there_is_404_and_the_others_are_named(ada: Visitor) -> None:
    answer = ada.client.get("/playbooks/rm-rf")
    assert (answer.status_code, "there is no playbook of that name; known: backup-rotation" in message(answer)) == (404, True)


def test_its_record_grows_with_what_came_of_it(actor: Actor, ada: Visitor) -> None:
    assert "It never ran here." in text(ada.client.get("/playbooks/service-restart"))
    actor.decide(WEB, "service-restart")
    actor.turn()
    told = text(ada.client.get("/playbooks/service-restart"))
    assert "1 of 1 counts as 0.75, learned +0.050" in told
    assert "web 1 1 0.75 0" in told
    assert "memory_leak at web" in told
    assert "succeeded web" in text(ada.client.get("/playbooks"))


def test_its_last_run_is_found_behind_many_decisions_that_did_nothing(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    for number in range(40):
        actor.decide(WEB._replace(target=f"gone-{number}"), "service-restart", "alert-only")
    actor.turn()
    assert "succeeded web" in text(ada.client.get("/playbooks"))
    assert "It never ran here." not in text(ada.client.get("/playbooks/service-restart"))


@pytest.mark.parametrize(
    ("name", "autonomy", "said"),
    [
        ("service-restart", {"mode": "active"}, "auto-execute"),
        ("service-restart", {"mode": "active", "level": "conservative"}, "auto-execute"),
        ("drift-reconciliation", {"mode": "active"}, "notify-execute"),
        ("deployment-rollback", {"mode": "active"}, "propose"),
        ("service-restart", {"mode": "active", "ceiling": "notify-execute"}, "notify-execute autonomy.ceiling is notify-execute"),
        ("service-restart", {"mode": "active", "require_approval_for": ["service-restart"]}, "propose you are asked each time"),
        ("service-restart", {"mode": "active", "actions": {"service-restart": {"requires_confirmation": True}}}, "propose you are asked each time"),
        ("service-restart", {"mode": "interactive"}, "propose mode is interactive: you are asked about everything"),
        ("service-restart", {"mode": "shadow"}, "auto-execute mode is shadow: it is decided and recorded, and nothing is done"),
        (
            "service-restart",
            {"mode": "active", "actions": {"service-restart": {"min_confidence": 0.97}}},
            "auto-execute executing needs a confidence above 0.97, by your own word",
        ),
    ],
)
def test_the_list_says_how_much_is_done_unasked_now_and_what_narrows_it(host: Host, name: str, autonomy: dict[str, Any], said: str) -> None:
    assert at_most(host, name, **autonomy) == said


def test_a_threshold_of_the_owner_s_stands_in_the_table(host: Host) -> None:
    actor = Actor(host, autonomy={"mode": "active", "thresholds": {"low": {"auto-execute": 0.93}}})
    visitor = visiting(actor)
    visitor.log_in()
    assert "low above 0.93 above 0.75 above 0.70" in text(visitor.client.get("/playbooks/service-restart"))
    actor.journal.close()
