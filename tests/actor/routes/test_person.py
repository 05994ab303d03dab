"""A person's word over HTTP: strict bodies, plain refusals, and a GET that never acts."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from actor.journal import incidents, words
from homeostat.prometheus import PrometheusError
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, Pages, alert, pages_of, payload, served
from tests.support import DISK, HOUR, WEB, labels_of
from tests.unreal import Hanging

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.support import Actor, FakePrometheus

ADA = "ada@desk"
WORDS = ("approve", "deny", "veto", "again", "defer")


@pytest.fixture
def pages(actor: Actor) -> Pages:
    return pages_of(actor)


def say(pages: Pages, incident_id: str, word: str, **said: Any) -> TestResponse:
    return pages.client.post(f"/api/v1/incidents/{incident_id}/{word}", json={"author": ADA, **said}, headers=AS_OPERATOR)


def proposed(actor: Actor, decision: str = "propose") -> str:
    actor.decide(WEB, "service-restart", decision, 0.85)
    actor.turn()
    return actor.incident().id


def test_a_proposal_is_seen_approved_and_run(actor: Actor, pages: Pages) -> None:
    incident_id = proposed(actor)
    (seen,) = pages.client.get("/api/v1/proposals", headers=AS_OPERATOR).json
    assert (seen["id"], seen["proposal"]["approved_by"]) == (incident_id, None)
    answer = say(pages, incident_id, "approve", plan_hash=seen["proposal"]["plan_hash"], reason="fine")
    assert answer.json == {"taken": True, "reason": "approved; every gate agrees, so it begins"}
    assert pages.service.bell.is_set()
    (seen,) = pages.client.get("/api/v1/proposals", headers=AS_OPERATOR).json
    assert seen["proposal"]["approved_by"] == ADA
    actor.turn()
    story = pages.client.get(f"/api/v1/incidents/{incident_id}", headers=AS_OPERATOR).json
    assert [(said["word"], said["author"], said["reason"]) for said in story["words"]] == [("approved", ADA, "fine")]
    assert pages.client.get("/api/v1/proposals", headers=AS_OPERATOR).json == []


def test_what_is_scheduled_is_seen_and_moved(actor: Actor, pages: Pages) -> None:
    incident_id = proposed(actor, "notify-execute")
    assert [seen["id"] for seen in pages.client.get("/api/v1/scheduled", headers=AS_OPERATOR).json] == [incident_id]
    assert say(pages, incident_id, "defer", until=actor.clock.now() + HOUR).status_code == 200
    (seen,) = pages.client.get("/api/v1/scheduled", headers=AS_OPERATOR).json
    assert seen["wake_at"] == actor.clock.now() + HOUR
    assert say(pages, incident_id, "veto").status_code == 200
    assert pages.client.get("/api/v1/scheduled", headers=AS_OPERATOR).json == []


@pytest.mark.parametrize(("word", "said"), [("approve", {"plan_hash": "x"}), ("deny", {}), ("veto", {}), ("again", {}), ("defer", {"until": None})])
def test_a_refusal_is_409_and_an_unknown_incident_404(actor: Actor, pages: Pages, word: str, said: dict[str, Any]) -> None:
    actor.decide(WEB, "service-restart", "alert-only", 0.4)
    actor.turn()
    answer = say(pages, actor.incident().id, word, **said)
    assert (answer.status_code, "it is alerted" in answer.json["error"]) == (409, True)
    answer = say(pages, "nowhere", word, **said)
    assert (answer.status_code, answer.json) == (404, {"error": "there is no incident of that id; see: homeostat decisions"})


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"author": ""}', b'{"author": 5}', b'{"author": "a", "by": "b"}', b'{"author": "' + b"a" * 201 + b'"}', b"\xff", b"[" * 100_000,
     b'{"author": "a", "reason": "' + b"r" * 1001 + b'"}', b'{"author": "a", "until": "soon", "plan_hash": 5}', b'{"author": "a", "until": -1, "plan_hash": null}',
     b'{"author": "a", "until": 1e300, "plan_hash": []}'],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_400_in_words_and_changes_nothing(actor: Actor, pages: Pages, word: str, body: bytes) -> None:
    incident_id = proposed(actor, "notify-execute" if word in {"veto", "defer"} else "propose")
    before = actor.incident()
    answer = pages.client.post(f"/api/v1/incidents/{incident_id}/{word}", data=body, headers=AS_OPERATOR)
    assert (answer.status_code, answer.json["error"].startswith("the request's body does not fit: ")) == (400, True)
    assert (actor.incident(), words.said_of(actor.journal, incident_id)) == (before, ())


def test_a_body_that_is_too_large_is_413_in_json(actor: Actor, pages: Pages) -> None:
    answer = pages.client.post(f"/api/v1/incidents/{proposed(actor)}/deny", data=b"x" * (1024**2 + 1), headers=AS_OPERATOR)
    assert (answer.status_code, "error" in answer.json) == (413, True)


@pytest.mark.parametrize("word", WORDS)
def test_a_get_never_says_a_word(actor: Actor, pages: Pages, word: str) -> None:
    incident_id = proposed(actor)
    answer = pages.client.get(f"/api/v1/incidents/{incident_id}/{word}?author=ada&plan_hash=x", headers=AS_OPERATOR)
    assert (answer.status_code, "error" in answer.json) == (405, True)
    assert actor.incident().state == "proposed"


def test_a_name_and_a_reason_are_kept_as_they_are(actor: Actor, pages: Pages) -> None:
    incident_id = proposed(actor)
    hostile = "$(reboot)\u202e\x1b[2J'; DROP TABLE words; --"
    assert pages.client.post(f"/api/v1/incidents/{incident_id}/deny", json={"author": hostile, "reason": hostile}, headers=AS_OPERATOR).status_code == 200
    (said,) = words.said_of(actor.journal, incident_id)
    assert (said.author, said.reason) == (hostile, hostile)


def simulated(pages: Pages, body: Any) -> TestResponse:
    return pages.client.post("/api/v1/simulate", json=body, headers=AS_OPERATOR)


def test_a_payload_a_single_alert_and_one_of_the_api_are_simulated_alike(actor: Actor, pages: Pages) -> None:
    actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    one = alert()
    bodies = [{"version": "4", "alerts": [one]}, one, {"labels": one["labels"]}, {"labels": one["labels"], "annotations": {}, "status": {"state": "active"}}]
    answers = [simulated(pages, body) for body in bodies]
    assert [answer.json[0]["would"] for answer in answers] == ["it is executed: every gate agrees"] * 4
    assert incidents.recent(actor.journal, 0.0) == []


def test_a_payload_of_several_tells_of_each(actor: Actor, pages: Pages) -> None:
    watchdog = alert(labels={"alertname": "Watchdog"})
    foreseen = simulated(pages, {"alerts": [alert(), watchdog, alert(labels=labels_of(DISK, "disk-cleanup", "alert-only"))]}).json
    assert (foreseen[1], foreseen[2]["incident"]["target"]) == ("alert 'Watchdog' is no decision", "disk")


@pytest.mark.parametrize("body", [{}, [], None, 5, "alert", {"alerts": []}, {"alerts": {}}, {"labels": []}, {"labels": {"a": 1}}, {"alerts": [{"annotations": {}}]}, {"alerts": [alert()] * 101}])
def test_what_is_no_alert_is_400_in_words(pages: Pages, body: Any) -> None:
    answer = simulated(pages, body)
    assert (answer.status_code, len(answer.json["error"].splitlines())) == (400, 1)


@pytest.mark.parametrize("asked", ["approve", "simulate"])
def test_many_who_have_every_gate_asked_of_a_prometheus_that_hangs_leave_room_for_a_no_and_for_deliveries(actor: Actor, pages: Pages, asked: str) -> None:
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    proposed, hanging = actor.incident().id, Hanging(PrometheusError)
    told = {"author": ADA, "plan_hash": incidents.proposal_of(actor.journal, proposed)["plan_hash"]} if asked == "approve" else alert()
    path = f"incidents/{proposed}/approve" if asked == "approve" else "simulate"
    actor.world.prometheus = cast("FakePrometheus", hanging)
    with served(pages.app) as (host, port), concurrent.futures.ThreadPoolExecutor(10) as hands:

        def post(path: str, said: Any) -> requests.Response:
            return requests.post(f"http://{host}:{port}{path}", json=said, headers=AS_OPERATOR, timeout=120)

        asking = [hands.submit(post, f"/api/v1/{path}", told) for _ in range(10)]
        try:
            others = concurrent.futures.as_completed(asking, 15)
            assert {next(others).result().status_code for _ in asking[4:]} == {503}
            assert requests.post(f"http://{host}:{port}/webhook", payload(), headers=AS_ALERTMANAGER, timeout=120).status_code == 202
            assert post(f"/api/v1/incidents/{proposed}/deny", {"author": ADA}).status_code == 200
            assert not hanging.over.is_set()
        finally:
            hanging.over.set()
