"""The API: what the operator may ask, what only the operator may do, and that a GET never acts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import Journal, JournalError, controls, ledger
from actor.model import Breaker
from actor.situation import GATES
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, Pages, pages_of
from tests.support import DISK, HOUR, WEB, Actor, Host

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

PATHS = ["/api/v1/status", "/api/v1/decisions", "/api/v1/incidents/x", "/api/v1/plan"]


@pytest.fixture
def pages(actor: Actor) -> Pages:
    return pages_of(actor)


def get(pages: Pages, path: str) -> TestResponse:
    return pages.client.get(f"/api/v1/{path}", headers=AS_OPERATOR)


def read(pages: Pages, path: str) -> Any:
    answer = get(pages, path)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, AS_ALERTMANAGER, {"Authorization": "Bearer x"}])
def test_the_intakes_credential_is_not_the_operators(pages: Pages, path: str, headers: dict[str, str]) -> None:
    answer = pages.client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json == {"error": "the operator's token is needed, as bearer or basic; see security.operator_token_files"}


METRICS = "metrics-3e1f0a9c8b7d6e5f"


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, 401), (AS_OPERATOR, 401), (AS_ALERTMANAGER, 401), ({"Authorization": f"Bearer {METRICS}"}, 200), ({"Authorization": "Basic " + base64.b64encode(f"prometheus:{METRICS}".encode()).decode()}, 200)],
)
def test_metrics_need_their_own_token_where_one_is_named(pages: Pages, headers: dict[str, str], code: int) -> None:
    assert pages.client.get("/metrics").status_code == 200
    pages.service.metrics_tokens = (METRICS,)
    assert pages.client.get("/metrics", headers=headers).status_code == code


def test_nobody_else_resets_the_breakers(actor: Actor, pages: Pages) -> None:
    opened(actor)
    for headers in ({}, AS_ALERTMANAGER):
        assert pages.client.post("/api/v1/breakers/reset", headers=headers).status_code == 401
    assert len(ledger.breakers(actor.journal)) == 1


def test_without_tokens_everybody_on_loopback_may_look(actor: Actor) -> None:
    assert pages_of(actor, (), ()).client.get("/api/v1/status").status_code == 200


def opened(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=actor.clock.now() + HOUR, openings=1))


def test_the_status_says_what_holds_everything_back(actor: Actor, pages: Pages) -> None:
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    actor.stop()
    opened(actor)
    status = read(pages, "status")
    assert (status["mode"], status["level"], status["ready"], status["stopped"]) == ("active", "aggressive", False, "by ada: enough")
    assert [breaker["scope"] for breaker in status["open_breakers"]] == ["global"]
    assert status["incidents"] == {"proposed": 1}
    assert (status["host"], status["silences_known"]) == ("h1", True)


def test_the_status_says_what_the_schedule_has_put_in_force_and_until_when(host: Host) -> None:
    # It is 22:13:20 UTC on a Tuesday.
    evening = {"name": "evening", "when": [{"times": [{"start_time": "20:00", "end_time": "24:00"}]}], "level": "conservative", "max_actions_per_day": 3}
    actor = Actor(host, autonomy={"level": "aggressive", "schedule": [evening]})
    status = read(pages_of(actor), "status")
    assert {key: status[key] for key in ("level", "max_actions_per_day", "schedule")} == {"level": "conservative", "max_actions_per_day": 3, "schedule": "evening"}
    assert status["in_force_until"] == actor.clock.now() + 6400
    actor.clock.advance(6400)
    status = read(pages_of(actor), "status")
    assert {key: status[key] for key in ("level", "max_actions_per_day", "schedule")} == {"level": "aggressive", "max_actions_per_day": 10, "schedule": None}
    actor.journal.close()


def test_decisions_are_the_latest_first_and_as_far_back_as_asked(actor: Actor, pages: Pages) -> None:
    for number in range(3):
        actor.decide(WEB._replace(target=f"t{number}"), "service-restart", "alert-only")
        actor.turn()
        actor.clock.advance(HOUR)
    assert [incident["target"] for incident in read(pages, "decisions")] == ["t2", "t1", "t0"]
    assert [incident["target"] for incident in read(pages, "decisions?last=7000")] == ["t2"]


def test_an_incidents_story_has_verdicts_and_phases(actor: Actor, pages: Pages) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    story = read(pages, f"incidents/{actor.incident().id}")
    assert story["outcome"] == "succeeded"
    assert len(story["verdicts"]) == len(GATES)
    assert [phase["phase"] for phase in story["phases"]][:3] == ["baseline", "plan", "protect"]


def test_a_proposals_plan_is_part_of_its_story(actor: Actor, pages: Pages) -> None:
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    assert read(pages, f"incidents/{actor.incident().id}")["proposal"]["plan"]["action"] == "service-restart"


@pytest.mark.parametrize("incident_id", ["x", "..", "%2e%2e%2f", "'%20OR%201=1", "%00"])
def test_an_unknown_incident_is_404(pages: Pages, incident_id: str) -> None:
    assert get(pages, f"incidents/{incident_id}").status_code == 404


def test_resetting_closes_every_breaker_and_looks_again(actor: Actor, pages: Pages) -> None:
    opened(actor)
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "refused"
    assert pages.client.post("/api/v1/breakers/reset", headers=AS_OPERATOR).json == {"reset": True}
    assert controls.latest(actor.journal, 1) == []
    assert pages.client.post("/api/v1/breakers/reset", headers=AS_OPERATOR, json={"author": "ada@nas", "reason": "homeostat resume"}).json == {"reset": True}
    assert [(one.word, one.author, one.reason) for one in controls.latest(actor.journal, 9)] == [("closed", "ada@nas", "homeostat resume")]
    assert pages.client.post("/api/v1/breakers/reset", headers=AS_OPERATOR, json={"author": ""}).status_code == 400
    assert pages.service.bell.is_set()
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)


def test_a_get_never_acts(actor: Actor, pages: Pages) -> None:
    opened(actor)
    assert pages.client.get("/api/v1/breakers/reset", headers=AS_OPERATOR).status_code == 405
    assert len(ledger.breakers(actor.journal)) == 1


def test_a_journal_that_does_not_answer_is_told_in_json(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise JournalError("journal.db: not read: disk I/O error")

    monkeypatch.setattr(Journal, "rows", broken)
    monkeypatch.setattr(Journal, "transaction", broken)
    for answer in (get(pages, "status"), pages.client.post("/api/v1/breakers/reset", headers=AS_OPERATOR)):
        assert (answer.status_code, answer.json) == (503, {"error": "journal.db: not read: disk I/O error"})


def test_the_plan_is_all_open_problems_in_order_and_what_they_are_over_all(actor: Actor, pages: Pages) -> None:
    actor.decide(WEB, "service-restart", "propose", confidence=0.85)
    actor.clock.advance(1)
    actor.decide(DISK, "disk-cleanup", "propose", confidence=0.92)
    actor.turn()
    told = read(pages, "plan")
    assert [(errand["target"], errand["state"]) for errand in told["errands"]] == [("disk", "proposed"), ("web", "proposed")]
    assert (round(told["confidence"], 2), told["risk"], told["decision"], told["duration_seconds"]) == (0.88, "low", "propose", 180.0)


def test_where_nothing_is_open_the_plan_is_empty(pages: Pages) -> None:
    assert read(pages, "plan") == {"errands": [], "confidence": None, "risk": None, "decision": None, "duration_seconds": 0.0}
